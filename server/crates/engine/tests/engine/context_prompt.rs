//! What a prompt refers to: what it mentions, its slash command, and what its client tells.

use std::os::unix::fs::symlink;

use engine::ConnectionId;
use protocol::{
    ContextPart, ErrorCode, ItemBody, Mode, QueueChange, SessionId, SessionState, UserMessage,
};
use serde_json::json;

use crate::{
    desk::Desk,
    script,
    stage::{Stage, calls, within},
};

/// The context of the last prompt.
fn context(state: &SessionState) -> Vec<ContextPart> {
    let messages = state.items.iter().rev().find_map(|item| match &item.body {
        ItemBody::UserMessage(message) => Some(message.context.clone()),
        _ => None,
    });
    messages.unwrap()
}

/// What the model was sent for a prompt, and its parts.
async fn say(stage: &Stage, id: &SessionId, text: &str) -> (String, Vec<ContextPart>) {
    let state = stage.complete(id, text).await;
    (script::prompt(stage.model.requests().last().unwrap()), context(&state))
}

async fn ask(stage: &Stage, text: &str) -> (String, Vec<ContextPart>) {
    say(stage, &stage.session().await, text).await
}

async fn pointing(
    stage: &Stage,
    id: &SessionId,
    text: &str,
    at: Vec<ContextPart>,
) -> Vec<ContextPart> {
    let message = UserMessage { text: text.to_owned(), context: at };
    let turn = within(stage.sessions.chat(id, message)).await.unwrap().turn_id;
    context(&stage.end(id, &turn).await.1)
}

fn reason(parts: &[ContextPart]) -> &str {
    match parts {
        [ContextPart::Unresolved { reason, .. }] => reason,
        parts => panic!("{parts:?}"),
    }
}

#[tokio::test]
async fn a_mentioned_file_is_sent_with_its_place() {
    let stage = Stage::new();
    stage.write("src/a.rs", "one\ntwo\nthree\nfour\n");
    let (sent, parts) = ask(&stage, "explain @src/a.rs:2-3, please").await;
    let [ContextPart::Text { mention, path, first_line, lines, text, symbol, .. }] = &parts[..]
    else {
        panic!("{parts:?}")
    };
    assert_eq!((mention.as_str(), path), ("@src/a.rs:2-3", &stage.path("src/a.rs")));
    assert_eq!((*first_line, text.as_str(), symbol), (2, "two\nthree\n", &None));
    assert_eq!(*lines, 4);
    assert!(sent.contains("lines 2 to 3 of") && sent.contains("````\ntwo\nthree\n````"), "{sent}");
    assert!(sent.ends_with("explain @src/a.rs:2-3, please"));
}

#[tokio::test]
async fn what_is_mentioned_is_what_the_editor_holds_and_counts_as_seen() {
    let stage = Stage::new();
    stage.write("a.rs", "saved\n");
    let id = stage.session().await;
    let desk = Desk::at(&stage, &id, Some(protocol::Decision::Once), false).await;
    desk.open(&stage.path("a.rs"), "unsaved\n");
    let (sent, _) = say(&stage, &id, "see @a.rs").await;
    assert!(sent.contains("unsaved") && !sent.contains("\nsaved"), "{sent}");
    // What was shown may be written anew without being read again.
    let input = serde_json::json!({"path": "a.rs", "content": "new\n"});
    stage.model.answer("now").calls("write", &input).ends();
    let state = stage.complete(&id, "now").await;
    assert!(crate::stage::calls(&state)[0].output.as_ref().unwrap().error.is_none(), "{state:?}");
    assert_eq!(desk.text(&stage.path("a.rs")), "new\n");
}

#[tokio::test]
async fn a_long_file_is_cut_and_what_comes_after_it_still_fits() {
    let stage = Stage::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        stage.write(&format!("{name}.txt"), &format!("{name} line\n").repeat(20_000));
    }
    let (sent, parts) =
        ask(&stage, "see @a.txt @b.txt @c.txt @d.txt @e.txt @f.txt @a.txt:19999").await;
    assert!(sent.len() < 150 * 1024, "{}", sent.len());
    assert!(sent.contains("which has 20000 lines; `read` shows the others"), "{}", &sent[..200]);
    assert!(matches!(&parts[0], ContextPart::Text { text, .. } if text.ends_with("a line\n")));
    assert_eq!(parts.len(), 7);
}

#[tokio::test]
async fn a_long_file_of_code_is_its_beginning_and_its_outline() {
    let stage = Stage::new();
    let body = "    run();\n".repeat(2000);
    stage.write("a.rs", &format!("impl Stack {{\nfn first() {{\n{body}}}\n}}\nfn last() {{}}\n"));
    let (sent, parts) = ask(&stage, "see @a.rs").await;
    let [ContextPart::Text { text, outline, .. }] = &parts[..] else { panic!("{parts:?}") };
    assert_eq!(text.lines().count(), 100);
    assert_eq!(outline, &["1-2004 impl Stack", "  2-2003 fn first", "2005-2005 fn last"]);
    assert!(
        sent.contains("lines 1 to 100 of ") && sent.contains("\n  2-2003 fn first\n"),
        "{sent}"
    );
    let (sent, _) = ask(&stage, "see @a.rs:2004-2005").await;
    assert!(sent.contains("fn last() {}") && !sent.contains("fn first"), "{sent}");
}

#[tokio::test]
async fn a_folder_is_listed() {
    let stage = Stage::new();
    stage.write("lib/a.rs", "");
    stage.write("lib/deep/b.rs", "");
    for prompt in ["in @lib/", "in @lib", "in @\"lib\""] {
        let (sent, parts) = ask(&stage, prompt).await;
        let [ContextPart::Folder { entries, .. }] = &parts[..] else { panic!("{parts:?}") };
        assert_eq!(entries, &["a.rs", "deep/"]);
        assert!(sent.contains("- a.rs\n- deep/\n"), "{sent}");
    }
}

#[tokio::test]
async fn a_name_with_spaces_stands_in_quotes() {
    let stage = Stage::new();
    stage.write("my notes.md", "buy milk");
    let (sent, _) = ask(&stage, "see @\"my notes.md\"").await;
    assert!(sent.contains("buy milk"), "{sent}");
}

#[tokio::test]
async fn words_that_only_look_like_mentions_stay_text() {
    let stage = Stage::new();
    stage.write("a.rs", "text");
    for prompt in [
        "mail ann@example.org about @param and @returns",
        "npm i @scope/package @types/node",
        "why `@a.rs`?",
        "```py\n@app.route\n@a.rs\n```",
        "@",
    ] {
        let (sent, parts) = ask(&stage, prompt).await;
        assert_eq!((sent.as_str(), parts), (prompt, Vec::new()));
    }
}

#[tokio::test]
async fn what_can_only_be_a_path_is_missed_aloud() {
    let stage = Stage::new();
    stage.write("src/deep/main.rs", "fn main() {}\n");
    stage.write("a/twice.rs", "");
    stage.write("b/twice.rs", "");
    stage.write("data.bin", "a\0b");
    let (sent, parts) = ask(&stage, "see @src/nope.rs").await;
    assert!(reason(&parts).contains("no file or folder `src/nope.rs`"), "{parts:?}");
    assert!(sent.contains("@src/nope.rs could not be looked up"), "{sent}");
    assert!(reason(&ask(&stage, "see @src/deep/main.rs:70").await.1).contains("no line 70"));
    assert!(reason(&ask(&stage, "see @data.bin").await.1).contains("not text"));
    assert!(reason(&ask(&stage, "see @twice.rs").await.1).contains("a/twice.rs"));
    let (sent, _) = ask(&stage, "see @main.rs").await;
    assert!(sent.contains("fn main() {}"), "{sent}");
}

#[tokio::test]
async fn what_the_user_names_may_be_read_but_not_what_a_link_hides() {
    let stage = Stage::new();
    let elsewhere = tempfile::TempDir::new().unwrap();
    let outside = elsewhere.path().canonicalize().unwrap().join("notes.md");
    let outside = outside.to_str().unwrap();
    std::fs::write(outside, "from outside").unwrap();
    stage.write(".env", "KEY=mine");
    stage.write("state/sessions.db", "everything");
    symlink(".env", stage.on_disk("notes.md")).unwrap();
    assert!(ask(&stage, &format!("see @{outside}")).await.0.contains("from outside"));
    assert!(ask(&stage, "see @.env").await.0.contains("KEY=mine"));
    let (sent, parts) = ask(&stage, "see @notes.md").await;
    assert!(!sent.contains("KEY") && reason(&parts).contains("It leads to"), "{sent}");
    for forbidden in ["see @state/sessions.db", "see @./state/", "see @/proc/self/environ"] {
        let (sent, parts) = ask(&stage, forbidden).await;
        assert!(!sent.contains("everything") && !reason(&parts).is_empty(), "{sent}");
    }
}

#[tokio::test]
async fn a_symbol_is_found_by_its_name() {
    let stage = Stage::new();
    stage.write(
        "src/stack.rs",
        "struct Stack;\n\nimpl Stack {\n    fn pop(&self) {\n        1;\n    }\n}\n",
    );
    stage.write("src/many.rs", "mod a { fn run() {} }\nmod b { fn run() {} }\nmod c { fn run() {} }\nmod d { fn run() {} }\n");
    for prompt in ["fix @pop", "fix @Stack.pop", "fix @Stack::pop!", "fix @sym:pop"] {
        let (sent, parts) = ask(&stage, prompt).await;
        let [ContextPart::Text { first_line: 4, text, symbol, .. }] = &parts[..] else {
            panic!("{prompt}: {parts:?}")
        };
        assert!(text.contains("1;") && symbol.as_deref().unwrap().contains("fn pop"), "{parts:?}");
        assert!(sent.contains("lines 4 to 6 of"), "{sent}");
    }
    assert!(reason(&ask(&stage, "fix @sym:push").await.1).contains("No symbol `push`"));
    assert!(ask(&stage, "fix @push").await.1.is_empty());
    assert!(reason(&ask(&stage, "fix @run").await.1).contains("several places"));
}

#[tokio::test]
async fn the_selection_and_the_problems_come_from_the_editor() {
    let stage = Stage::new();
    stage.write("a.rs", "fine\nwrong thing\n");
    let id = stage.session().await;
    assert!(reason(&say(&stage, &id, "why @selection").await.1).contains("Nothing is selected"));
    assert!(reason(&say(&stage, &id, "fix @problems").await.1).contains("No connected editor"));
    let desk = Desk::at(&stage, &id, None, false).await;
    let path = stage.path("a.rs");
    desk.open(&path, "fine\nwrong thing\n");
    let file = ContextPart::File { path: path.clone(), line: Some(1) };
    let parts = pointing(&stage, &id, "fix @problems", vec![file.clone()]).await;
    let lines = vec!["2:1 error: `wrong thing` is wrong (checker)".to_owned()];
    assert_eq!(parts, [file, ContextPart::Problems { path: path.clone(), lines }]);
    desk.open(&path, "fine\n");
    let parts = pointing(
        &stage,
        &id,
        "and @problems",
        vec![ContextPart::File { path: path.clone(), line: Some(1) }],
    )
    .await;
    assert_eq!(parts, [ContextPart::Problems { path: path.clone(), lines: Vec::new() }]);
    let selection = ContextPart::Selection {
        path,
        first_line: 1,
        last_line: 1,
        text: "fine".into(),
        symbol: None,
    };
    let parts = pointing(&stage, &id, "why @selection", vec![selection.clone()]).await;
    assert_eq!(parts, [selection]);
}

#[tokio::test]
async fn changes_are_sent_without_those_of_secrets() {
    let stage = Stage::new();
    assert!(reason(&ask(&stage, "see @diff").await.1).contains("no git repository"));
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = std::process::Command::new("git");
        git.current_dir(stage.root.as_std_path()).args(identity).args(arguments);
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    };
    stage.write("a.rs", "before\n");
    stage.write(".env", "KEY=old\n");
    git(&["init", "-q"]);
    git(&["add", "-f", "."]);
    git(&["commit", "-qm", "first"]);
    let (sent, _) = ask(&stage, "see @diff").await;
    assert!(sent.contains("nothing has changed"), "{sent}");
    stage.write("a.rs", "after\n");
    stage.write(".env", "KEY=new\n");
    let (sent, _) = ask(&stage, "see @diff").await;
    assert!(sent.contains("-before\n+after\n"), "{sent}");
    assert!(!sent.contains("KEY") && sent.contains(".env)"), "{sent}");
}

#[tokio::test]
async fn changes_of_secrets_are_left_out_whatever_git_makes_of_their_names() {
    let stage = Stage::new();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let mut git = std::process::Command::new("git");
        git.current_dir(stage.root.as_std_path()).args(identity).args(arguments);
        assert!(git.output().unwrap().status.success(), "{arguments:?}");
    };
    let secrets = ["clé/.env", "a\"b/.env", "tab\t/server.key"];
    for name in ["a.rs"].into_iter().chain(secrets) {
        stage.write(name, "before\n");
    }
    stage.write("typed/.env", "before\n");
    git(&["init", "-q"]);
    git(&["add", "-f", "."]);
    git(&["commit", "-qm", "first"]);
    stage.write("a.rs", "after\n");
    for name in secrets {
        stage.write(name, "KEY=new\n");
    }
    let unsaved = stage.path("typed/.env");
    stage.workspace.open(ConnectionId(9), &unsaved, 1, "KEY=typed\n");
    stage.write("z.new", "");
    let (sent, _) = ask(&stage, "see @diff").await;
    assert!(sent.contains("-before\n+after\n") && sent.contains("?? z.new"), "{sent}");
    assert!(!sent.contains("KEY"), "{sent}");
    assert_eq!(sent.matches("may hold secrets").count(), 4, "{sent}");
}

#[tokio::test]
async fn what_is_cut_off_or_only_weighed_was_not_shown() {
    let stage = Stage::new();
    stage.write("a.txt", "fine\n");
    stage.write("long.txt", &format!("{}the end\n", "x".repeat(40_000)));
    let id = stage.session_in(Mode::Edit).await;
    stage.sessions.context(&id, "see @a.txt").await.unwrap();
    let answer = stage.model.answer("see @long.txt");
    for path in ["a.txt", "long.txt"] {
        answer.calls("write", &json!({"path": path, "content": "new\n"}));
    }
    answer.ends();
    let state = stage.complete(&id, "see @long.txt").await;
    let refused = calls(&state).into_iter().map(|call| call.output.unwrap().error);
    assert_eq!(refused.collect::<Vec<_>>(), [Some(ErrorCode::EditUnread); 2]);
}

#[tokio::test]
async fn a_command_stands_for_its_text_and_the_prompt_stays_as_typed() {
    let stage = Stage::new();
    stage.write("src/a.rs", "fn a() {}\n");
    stage.write(
        "state/user/commands/fix/it.md",
        "---\ndescription: Fixes it\n---\nFix @$1 like this: $ARGUMENTS. First !`git status`.\n",
    );
    let id = stage.session().await;
    let (sent, parts) = say(&stage, &id, "/fix:it src/a.rs quickly").await;
    assert!(sent.ends_with("Fix @src/a.rs like this: src/a.rs quickly. First !`git status`."));
    assert!(sent.contains("fn a() {}") && sent.contains("was not run"), "{sent}");
    assert!(!sent.contains("Fixes it") && !sent.contains("\n/fix:it"), "{sent}");
    assert!(matches!(&parts[0], ContextPart::Command { name, .. } if name == "fix:it"));
    let state = stage.state(&id).await;
    assert!(state.items.iter().any(|item| matches!(&item.body,
        ItemBody::UserMessage(message) if message.text == "/fix:it src/a.rs quickly")));
}

#[tokio::test]
async fn a_command_is_no_consent_to_read_what_asks() {
    let stage = Stage::new();
    stage.write(".env", "KEY=mine");
    stage.write("state/user/commands/leak.md", "Look at @.env closely: $ARGUMENTS");
    let (sent, parts) = ask(&stage, "/leak").await;
    assert!(!sent.contains("KEY") && matches!(parts[1], ContextPart::Unresolved { .. }), "{sent}");
    assert!(ask(&stage, "/leak @.env").await.0.contains("KEY=mine"));
}

#[tokio::test]
async fn commands_of_a_project_count_once_it_is_trusted() {
    let stage = Stage::new();
    stage.write(".claude/commands/ship.md", "Ship it.");
    stage.write(".coworker/commands/review.md", "Review as we do.");
    let id = stage.session().await;
    let refused = stage.try_chat(&id, "/ship").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnknownCommand);
    assert!(refused.message.contains("coworker trust"), "{refused}");
    assert!(say(&stage, &id, "/review").await.0.contains("skill `code-review`"));
    stage.sessions.set_trusted(&stage.root, true).unwrap();
    assert!(say(&stage, &id, "/ship").await.0.ends_with("Ship it."));
    assert!(say(&stage, &id, "/review").await.0.ends_with("Review as we do."));
}

#[tokio::test]
async fn an_unknown_command_begins_nothing_and_a_path_is_text() {
    let stage = Stage::new();
    let id = stage.session().await;
    let refused = stage.try_chat(&id, "/reviw now").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnknownCommand);
    assert!(refused.message.contains("`/review`"), "{refused}");
    assert!(stage.state(&id).await.items.is_empty());
    for text in ["/etc/hosts is odd", "/ what", "a /reviw"] {
        assert_eq!(say(&stage, &id, text).await.0, text);
    }
}

#[tokio::test]
async fn what_was_said_before_is_not_said_again() {
    let stage = Stage::new();
    let id = stage.session().await;
    let file = |name: &str, line| ContextPart::File { path: stage.path(name), line: Some(line) };
    let open = |names: &[&str]| ContextPart::OpenDocuments {
        paths: names.iter().map(|name| stage.path(name)).collect(),
    };
    let both = vec![file("a.rs", 3), open(&["b.rs"])];
    assert_eq!(pointing(&stage, &id, "one", both.clone()).await, both);
    assert_eq!(pointing(&stage, &id, "two", both.clone()).await, []);
    let moved = vec![file("a.rs", 4), open(&["b.rs"])];
    assert_eq!(pointing(&stage, &id, "three", moved).await, [file("a.rs", 4)]);
    let more = vec![file("a.rs", 4), open(&["b.rs", "c.rs"])];
    assert_eq!(pointing(&stage, &id, "four", more.clone()).await, [more[1].clone()]);
    assert_eq!(pointing(&stage, &id, "five", both.clone()).await, [file("a.rs", 3)]);
    let sent = script::prompt(&stage.model.requests()[0]);
    assert!(sent.contains("a.rs, line 3.\n\nAlso open in the editor: "), "{sent}");
}

#[tokio::test]
async fn a_changed_prompt_in_the_queue_is_looked_up_again() {
    let stage = Stage::new();
    stage.write("a.rs", "text of a\n");
    stage.write("b.rs", "text of b\n");
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let second = stage.chat(&id, "see @a.rs").await;
    let edit = QueueChange::Edit { text: "see @b.rs".into() };
    stage.sessions.requeue(&id, &second.turn_id, edit).await.unwrap();
    let wrong = QueueChange::Edit { text: "/reviw".into() };
    let refused = stage.sessions.requeue(&id, &second.turn_id, wrong).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnknownCommand);
    answer.says("One.").ends();
    stage.end(&id, &second.turn_id).await;
    let sent = script::prompt(stage.model.requests().last().unwrap());
    assert!(sent.contains("text of b") && !sent.contains("text of a"), "{sent}");
}
