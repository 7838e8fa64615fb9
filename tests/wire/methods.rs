//! The methods of the `coworker/` namespace and the notifications beside them, each with what it
//! is for and with parameters that do not fit.

use super::*;

/// The answer to a request.
fn ask(server: &mut Pipes, id: &str, method: &str, params: Value) -> Value {
    server.request(id, method, params);
    server.answer(id)
}

/// Fails unless each of these parameters is refused with words that name what does not fit.
fn refuses(server: &mut Pipes, method: &str, bad: &[(Value, &str)]) {
    for (at, (params, named)) in bad.iter().enumerate() {
        let answer = ask(server, &format!("bad {at}"), method, params.clone());
        let error = &answer["error"];
        assert_eq!(error["data"]["code"], "invalidParams", "{method} {params}: {answer}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(named), "{method} {params}: {message}");
    }
}

/// Whether the message is an item of this kind that has ended.
fn is_ended(message: &Value, kind: &str) -> bool {
    let update = &message["params"]["update"];
    update["kind"] == "itemEnded" && update["item"]["kind"] == kind
}

/// The request of the server that asks the user; its id and the approval's item.
fn asked(server: &mut Pipes) -> (Value, Value) {
    let it = server.find("a question", |it| it["method"] == "coworker/approval/request");
    (it["id"].clone(), it["params"].clone())
}

fn reply(server: &mut Pipes, id: &Value, result: Value) {
    server.write(&frame(&json!({"jsonrpc": "2.0", "id": id, "result": result})));
}

/// A server whose editor draws everything and does everything.
fn able(desk: &Desk) -> Pipes {
    let mut server = desk.server();
    let coworker = json!({
        "version": 1,
        "ui": {"chat": true, "approvals": true, "questions": true},
        "host": {"save": true, "diagnostics": true},
    });
    server.greet(desk.stage.root.as_str(), coworker);
    server
}

#[test]
fn a_prompt_steers_the_turn_that_runs() {
    let desk = Desk::new(
        "turn \"count\"\ncall bash {\"command\": \"true\"}\nturn \"in words\"\nsay \"One.\"",
    );
    let mut server = able(&desk);
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "count");
    let (question, _) = asked(&mut server);
    let params = json!({"sessionId": session, "text": "in words", "steer": true});
    let steered = ask(&mut server, "steer", "coworker/chat", params);
    assert_eq!(steered["result"]["queued"], true, "{steered}");
    reply(&mut server, &question, json!({"decision": "once"}));
    let end = server.find("the end", is_completed);
    assert_ne!(end["params"]["update"]["turnId"], steered["result"]["turnId"]);
    refuses(
        &mut server,
        "coworker/chat",
        &[
            (json!({"text": "x", "steer": "hard"}), "`steer`"),
            (
                json!({"text": "x", "context": [{"uri": "file:///a", "cursor": 3}]}),
                "`context[0].cursor`",
            ),
            (json!({"text": "x", "context": [{"uri": "mailto:ann"}]}), "mailto:ann"),
        ],
    );
}

#[test]
fn a_prompt_that_waits_is_edited_steered_and_removed() {
    let desk = Desk::new("turn\nsay \"busy\"\nwait");
    let mut server = able(&desk);
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    let turn = |server: &mut Pipes, id: &str, text: &str| {
        let params = json!({"sessionId": session, "text": text});
        ask(server, id, "coworker/chat", params)["result"]["turnId"].clone()
    };
    let (first, second) = (turn(&mut server, "1", "first"), turn(&mut server, "2", "second"));
    let change = |server: &mut Pipes, id: &str, turn: &Value, change: Value| {
        let params = json!({"sessionId": session, "turnId": turn, "change": change});
        ask(server, id, "coworker/chat/queue", params)
    };
    let edited = change(&mut server, "e", &first, json!({"op": "edit", "text": "other"}));
    assert_eq!(edited["result"], json!({}), "{edited}");
    change(&mut server, "r", &second, json!({"op": "remove"}));
    change(&mut server, "t", &first, json!({"op": "steer"}));
    let is_last = |message: &Value| {
        let prompts = &message["params"]["update"]["prompts"];
        prompts.as_array().is_some_and(|it| it.len() == 1) && prompts[0]["steer"] == true
    };
    let queue = server.find("the queue", is_last);
    assert_eq!(queue["params"]["update"]["prompts"][0]["message"]["text"], "other");
    let gone = change(&mut server, "g", &second, json!({"op": "steer"}));
    assert_eq!(gone["error"]["data"]["code"], "promptNotQueued");
    refuses(
        &mut server,
        "coworker/chat/queue",
        &[
            (json!({"sessionId": session, "turnId": first}), "change"),
            (json!({"sessionId": session, "turnId": first, "change": {"op": "burn"}}), "change"),
            (json!({"sessionId": session, "turnId": first, "change": {"op": "edit"}}), "text"),
            (json!({"sessionId": 7, "turnId": first, "change": {"op": "steer"}}), "`sessionId`"),
        ],
    );
}

#[test]
fn what_can_be_typed_is_told_with_the_place_where_it_begins() {
    let desk = Desk::new("turn\nsay \"x\"");
    desk.stage.write("lantern.rs", b"fn light() {}\n").unwrap();
    let mut server = able(&desk);
    let complete = |server: &mut Pipes, id: &str, text: &str, session: Value| {
        let params = json!({"text": text, "sessionId": session});
        ask(server, id, "coworker/complete", params)["result"].clone()
    };
    // Before there is a session, and in one.
    let before = complete(&mut server, "1", "wär es @lant", Value::Null);
    assert_eq!((&before["start"], &before["items"][0]["text"]), (&json!(8), &json!("@lantern.rs")));
    let session = new_session(&mut server, "s");
    assert_eq!(complete(&mut server, "2", "wär es @lant", json!(session)), before);
    let commands = complete(&mut server, "3", "/rev", json!(session));
    assert_eq!(commands["items"][0]["text"], "/review");
    assert_eq!(complete(&mut server, "4", "nothing here", json!(session))["items"], json!([]));
    refuses(
        &mut server,
        "coworker/complete",
        &[(json!({}), "text"), (json!({"text": ["@"]}), "`text`")],
    );
    let nobody = json!({"text": "@", "sessionId": "nobody"});
    let nobody = ask(&mut server, "n", "coworker/complete", nobody);
    assert_eq!(nobody["error"]["data"]["code"], "sessionNotFound");
}

#[test]
fn the_parts_of_a_request_are_weighed_before_it_is_sent() {
    let desk = Desk::new("turn\nsay \"x\"");
    let mut server = able(&desk);
    let session = new_session(&mut server, "s");
    let weigh = |server: &mut Pipes, id: &str, text: &str| {
        let params = json!({"sessionId": session, "text": text});
        ask(server, id, "coworker/context/get", params)["result"].clone()
    };
    let empty = weigh(&mut server, "1", "");
    let parts = empty["parts"].as_array().unwrap();
    let sum: u64 = parts.iter().map(|part| part["tokens"].as_u64().unwrap()).sum();
    assert_eq!(empty["tokens"], sum);
    assert!(parts.iter().any(|part| part["kind"] == "tool" && part["name"] == "read"), "{empty}");
    let more = weigh(&mut server, "2", "a prompt of some words that is not sent");
    assert!(more["tokens"].as_u64() > empty["tokens"].as_u64(), "{more}");
    refuses(
        &mut server,
        "coworker/context/get",
        &[(json!({}), "sessionId"), (json!({"sessionId": session, "text": 1}), "`text`")],
    );
}

#[test]
fn every_mode_and_the_trust_in_the_folder_can_be_chosen() {
    let desk = Desk::new("turn\nsay \"x\"");
    let mut server = able(&desk);
    let session = new_session(&mut server, "s");
    let options = |answer: &Value| -> Vec<(String, String)> {
        let option = |it: &Value| (it["id"].to_string(), it["current"].to_string());
        answer["result"]["options"].as_array().unwrap().iter().map(option).collect()
    };
    let untrusted = ("\"trust\"".to_owned(), "\"false\"".to_owned());
    let of_new = ask(&mut server, "o", "coworker/config/options", json!({}));
    assert!(options(&of_new).contains(&untrusted), "{of_new}");
    for mode in ["plan", "fast", "edit", "auto", "ask"] {
        let params = json!({"sessionId": session, "mode": mode});
        let set = ask(&mut server, mode, "coworker/config/set", params);
        assert_eq!(set["result"]["options"][0]["current"], mode, "{set}");
    }
    let notice = server.find("the notice", |it| is_ended(it, "notice"));
    assert!(notice["params"]["update"]["item"]["text"].as_str().unwrap().contains("Auto mode"));
    for (at, trust) in [true, false].into_iter().enumerate() {
        let params = json!({"sessionId": session, "trust": trust});
        let set = ask(&mut server, &format!("t{at}"), "coworker/config/set", params);
        assert!(options(&set).contains(&("\"trust\"".to_owned(), format!("\"{trust}\""))), "{set}");
    }
    refuses(
        &mut server,
        "coworker/config/set",
        &[
            (json!({"sessionId": session, "mode": "yolo"}), "`mode`"),
            (json!({"sessionId": session, "trust": "yes"}), "`trust`"),
        ],
    );
}

#[test]
fn a_session_has_the_folders_it_is_given() {
    let desk = Desk::new("turn\nsay \"x\"");
    for folder in ["app", "lib", "more"] {
        fs::create_dir(desk.stage.root.join(folder).unwrap().as_std_path()).unwrap();
    }
    let mut server = able(&desk);
    let at = |name: &str| desk.stage.root.join(name).unwrap().to_string();
    let params = json!({"root": at("app"), "folders": [desk.uri("lib"), at("more")]});
    let new = ask(&mut server, "1", "coworker/session/new", params);
    let session = &new["result"]["session"];
    assert_eq!(session["root"], at("app"));
    assert_eq!(session["folders"], json!([at("lib"), at("more")]));

    // Folders of the workspace reach a session that works in it, and no other.
    let added = json!({"added": [{"uri": format!("file://{}", desk.stage.home), "name": "home"}], "removed": []});
    let own = new_session(&mut server, "2");
    server.notify("workspace/didChangeWorkspaceFolders", json!({"event": added}));
    // What chooses something for a session waits for the folders that were named before it.
    ask(&mut server, "after", "coworker/config/set", json!({"sessionId": own, "mode": "ask"}));
    let list = ask(&mut server, "3", "coworker/session/list", json!({}));
    for listed in list["result"]["sessions"].as_array().unwrap() {
        let expected = if listed["id"] == json!(own) {
            json!([desk.stage.home])
        } else {
            json!([at("lib"), at("more")])
        };
        assert_eq!(listed["folders"], expected, "{list}");
    }
    refuses(
        &mut server,
        "coworker/session/new",
        &[
            (json!({"folders": "lib"}), "`folders`"),
            (json!({"folders": ["lib"]}), "`lib`"),
            (json!({"folders": [at("nowhere")]}), "nowhere"),
        ],
    );
}

#[test]
fn the_agents_questions_are_answered_each() {
    let desk = Desk::new(
        "turn \"begin\"\ncall ask {\"questions\": [{\"text\": \"Which?\", \"choices\": \
         [{\"label\": \"A\"}, {\"label\": \"B\"}]}, {\"text\": \"Name?\"}]}\n---\n\
         sees \"- B\"\nsees \"words: Vault\"\nsay \"Good.\"",
    );
    let mut server = able(&desk);
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "begin");
    let (question, params) = asked(&mut server);
    assert_eq!(params["approval"]["subject"]["questions"][1]["text"], "Name?");
    // Null is no answer; the question stays open.
    reply(&mut server, &question, Value::Null);
    let respond = |answer: Value| json!({"sessionId": session, "approvalId": params["approvalId"], "answer": answer});
    let saving = respond(json!({"decision": "saveAndRun"}));
    let saving = ask(&mut server, "1", "coworker/approval/respond", saving);
    assert_eq!(saving["error"]["data"]["code"], "invalidParams", "it was not offered");
    let bad = respond(json!({"decision": "once", "answers": [{"chosen": "A"}]}));
    refuses(&mut server, "coworker/approval/respond", &[(bad, "answers[0].chosen")]);
    let answers = json!([{"chosen": ["B"]}, {"text": "Vault"}]);
    let good = respond(json!({"decision": "once", "answers": answers}));
    assert_eq!(ask(&mut server, "2", "coworker/approval/respond", good)["result"], json!({}));
    server.find("the end", is_completed);
}

#[test]
fn the_editor_is_asked_to_save_and_for_diagnostics_in_its_own_words() {
    let desk = Desk::new(
        "turn \"go\"\ncall edit {\"path\": \"a.sh\", \"old_text\": \"one\", \"new_text\": \"two\"}\n\
         ---\nsees \"a.sh:1:8 error: no such word\"\ncall bash {\"command\": \"sh a.sh\"}\n---\n\
         sees \"🦀 two\"\nsay \"Saved.\"",
    );
    desk.stage.write("a.sh", "echo 🦀 one\n".as_bytes()).unwrap();
    let mut server = able(&desk);
    server.write(&frame(&desk.did_open("a.sh", "echo 🦀 one\n")));
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    let (question, _) = asked(&mut server);
    reply(&mut server, &question, json!({"decision": "once"}));

    let is_about = |it: &Value| it["method"] == "coworker/editor/diagnostics";
    for what in ["the baseline when it was asked", "and when it was answered"] {
        let baseline = server.find(what, is_about);
        assert_eq!(baseline["params"]["uri"], desk.uri("a.sh"));
        assert!(baseline["params"]["minVersion"].is_null());
        reply(&mut server, &baseline["id"], json!({"items": [], "fresh": true, "servers": ["sh"]}));
    }
    let edit = server.find("the edit", |it| it["method"] == "workspace/applyEdit");
    reply(&mut server, &edit["id"], json!({"applied": true}));
    let at = |character: u32| json!({"line": 0, "character": character});
    let change = json!([{"range": {"start": at(8), "end": at(11)}, "text": "two"}]);
    server.write(&frame(&desk.did_change("a.sh", 1, change)));
    let after = server.find("what it broke", is_about);
    assert_eq!(after["params"]["minVersion"], 1);
    let item = json!({"uri": desk.uri("a.sh"), "range": {"start": at(8), "end": at(11)},
        "severity": "error", "message": "no such word"});
    let said = json!({"items": [item], "version": 1, "fresh": true, "servers": ["sh"]});
    reply(&mut server, &after["id"], said);

    let (question, params) = asked(&mut server);
    assert_eq!(
        params["approval"]["subject"]["unsaved"],
        json!([desk.stage.root.join("a.sh").unwrap()])
    );
    reply(&mut server, &question, json!({"decision": "saveAndRun"}));
    let save = server.find("the saving", |it| it["method"] == "coworker/documents/save");
    assert_eq!(save["params"]["uris"], json!([desk.uri("a.sh")]));
    desk.stage.write("a.sh", "echo 🦀 two\n".as_bytes()).unwrap();
    server.notify("textDocument/didSave", json!({"textDocument": {"uri": desk.uri("a.sh")}}));
    reply(&mut server, &save["id"], json!({}));
    server.find("the end", is_completed);
}

#[test]
fn notifications_that_make_no_sense_do_no_harm() {
    let desk = Desk::new("turn\nsay \"x\"");
    desk.stage.write("alive.txt", b"yes").unwrap();
    let mut server = able(&desk);
    for method in [
        "textDocument/didSave",
        "workspace/didChangeWatchedFiles",
        "workspace/didCreateFiles",
        "workspace/didDeleteFiles",
        "workspace/didRenameFiles",
        "workspace/didChangeWorkspaceFolders",
    ] {
        for params in [
            json!({}),
            json!([]),
            json!({"changes": 1, "files": 1, "event": 1, "textDocument": 1}),
            json!({"changes": [{"uri": "x"}], "files": [{"uri": "x", "oldUri": "y", "newUri": 7}],
                "event": {"added": [{"uri": "mailto:ann"}], "removed": []},
                "textDocument": {"uri": "coworker:/chat"}}),
        ] {
            server.notify(method, params);
        }
    }
    ensure_alive(&mut server, &desk, "alive");
}

#[test]
fn a_document_without_a_file_goes_by_the_uri_its_editor_gave_it() {
    let desk = Desk::new(
        "turn \"go\"\ncall edit {\"path\": \"/untitled:/new one\", \"old_text\": \"a\", \
         \"new_text\": \"b\"}\n---\nsay \"Done.\"",
    );
    let mut server = able(&desk);
    let uri = "untitled:new%20%6Fne";
    let document = json!({"uri": uri, "languageId": "plaintext", "version": 1, "text": "a"});
    server.notify("textDocument/didOpen", json!({"textDocument": document}));
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    let (question, _) = asked(&mut server);
    reply(&mut server, &question, json!({"decision": "once"}));
    let edit = server.find("the edit", |it| it["method"] == "workspace/applyEdit");
    let changed = &edit["params"]["edit"]["documentChanges"][0]["textDocument"];
    assert_eq!(changed, &json!({"uri": uri, "version": 1}));
}

#[test]
fn of_two_names_for_one_file_the_one_last_used_gets_the_edits() {
    let desk = Desk::new(
        "turn \"go\"\ncall edit {\"path\": \"a.txt\", \"old_text\": \"a\", \"new_text\": \"b\"}\n\
         ---\nsay \"Done.\"",
    );
    desk.stage.write("a.txt", b"a\n").unwrap();
    let mut server = able(&desk);
    let link = desk.stage.root.join("link.txt").unwrap();
    std::os::unix::fs::symlink("a.txt", link.as_std_path()).unwrap();
    let names = [desk.uri("a.txt"), desk.uri("link.txt")];
    for uri in &names {
        let document = json!({"uri": uri, "languageId": "plaintext", "version": 1, "text": "a\n"});
        server.notify("textDocument/didOpen", json!({"textDocument": document}));
    }
    let session = new_session(&mut server, "s");
    let params = json!({"sessionId": session, "text": "go", "context": [{"uri": names[0]}]});
    assert!(ask(&mut server, "c", "coworker/chat", params)["result"].is_object());
    let (question, _) = asked(&mut server);
    reply(&mut server, &question, json!({"decision": "once"}));
    let edit = server.find("the edit", |it| it["method"] == "workspace/applyEdit");
    let changed = &edit["params"]["edit"]["documentChanges"][0]["textDocument"];
    assert_eq!(changed["uri"], json!(names[0]));
}

#[test]
fn a_review_document_that_is_typed_in_while_it_is_written_is_written_once_more() {
    let desk = Desk::new(
        "turn \"go\"\ncall edit {\"path\": \"a.txt\", \"old_text\": \"b\", \"new_text\": \"c\"}\n\
         ---\nsay \"Done.\"",
    );
    desk.stage.write("a.txt", b"a\nb\n").unwrap();
    let mut server = desk.server();
    let coworker = json!({"version": 1, "ui": {"chat": true, "approvals": true}});
    let mut greeting = hello(desk.stage.root.as_str(), coworker);
    greeting["capabilities"]["window"] = json!({"showDocument": {"support": true}});
    assert!(ask(&mut server, "hello", "initialize", greeting)["result"].is_object());
    server.notify("initialized", json!({}));
    server.write(&frame(&desk.did_open("a.txt", "a\nb\n")));
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    asked(&mut server);
    server.request("r", "workspace/executeCommand", json!({"command": "coworker.review"}));
    let show = server.find("the document", |it| it["method"] == "window/showDocument");
    reply(&mut server, &show["id"], json!({"success": true}));
    let review = ".coworker/review.diff";
    let file = desk.stage.root.join(review).unwrap();
    let text = fs::read_to_string(file.as_std_path()).unwrap();
    server.write(&frame(&desk.did_open(review, &text)));

    // The lines around the change are others, and the user types where the editor is to write.
    let at = |line: u32| {
        let place = json!({"line": line, "character": 0});
        json!([{"range": {"start": place, "end": place}, "text": "x"}])
    };
    server.write(&frame(&desk.did_change("a.txt", 1, at(0))));
    let edit = server.find("an edit", |it| it["method"] == "workspace/applyEdit");
    server.write(&frame(&desk.did_change(review, 1, at(5))));
    reply(&mut server, &edit["id"], json!({"applied": false}));
    let edit = server.find("another edit", |it| it["method"] == "workspace/applyEdit");
    let document = &edit["params"]["edit"]["documentChanges"][0]["textDocument"];
    assert_eq!(document, &json!({"uri": desk.uri(review), "version": 1}));
}

#[test]
fn the_progress_of_a_turn_says_what_the_session_has_used() {
    let desk = Desk::new("turn \"go\"\nusage 1200 34\ncall bash {\"command\": \"true\"}");
    let mut server = desk.server();
    let mut hello = hello(desk.stage.root.as_str(), json!({"version": 1}));
    hello["capabilities"]["window"] = json!({"workDoneProgress": true});
    server.request("hello", "initialize", hello);
    server.answer("hello");
    server.notify("initialized", json!({}));
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    let asked = server.find("the progress", |it| it["method"] == "window/workDoneProgress/create");
    reply(&mut server, &asked["id"], Value::Null);
    server.find("what was used", |it| {
        let message = it["params"]["value"]["message"].as_str();
        it["method"] == "$/progress" && message.is_some_and(|it| it.ends_with("1.2k tokens"))
    });
}
