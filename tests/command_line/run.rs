//! `coworker run`: where the prompt comes from, what is shown where, how it ends.

use super::*;

#[test]
fn a_prompt_without_a_model_leaves_no_session_behind() {
    let place = Place::new();
    for arguments in [&["run", "hi"][..], &["run", "--json", "hi"], &["--model", "x", "run", "hi"]]
    {
        let (code, _, told) = place.said(arguments);
        assert_eq!(code, NO_MODEL, "{told}");
        assert!(!told.contains("--session"), "{told}");
        assert!(arguments.contains(&"--json") || told.contains("ANTHROPIC_API_KEY"), "{told}");
    }
    assert_eq!(place.sessions(), [Value::Null; 0]);
}

#[test]
fn a_session_that_is_gone_on_with_stays_although_there_is_no_model() {
    let place = Place::new();
    place.ask(&place.script(&says("one")), "hi");
    let before = place.sessions();
    fs::remove_file(place.0.path().join("script.md")).unwrap();
    let id = before[0]["id"].as_str().unwrap();
    let (code, _, told) = place.said(&["run", "--session", id, "again"]);
    assert_eq!(code, NO_MODEL, "{told}");
    assert_eq!(place.sessions()[0]["id"], id);
}

#[test]
fn the_prompt_may_be_typed_piped_or_both() {
    let place = Place::new();
    let trials: [(&[&str], &str, &str); 5] = [
        (&["explain this"], "", "explain this"),
        (&["explain", "this"], "", "explain this"),
        (&[], "from a pipe\n", "from a pipe"),
        (&["-"], "from a pipe\n", "from a pipe"),
        (&["review:", "-"], "a\nb\n", "review:\\n\\na\\nb"),
    ];
    for (words, piped, expected) in trials {
        let model = place.script(&format!("turn\nsees \"{expected}\"\nsay \"seen\""));
        let mut arguments = vec!["--model", &model, "run"];
        arguments.extend(words);
        let (code, out, told) = said(place.command(&arguments).stdin(typed(&place, piped)));
        assert_eq!((code, out.as_str()), (DONE, "seen\n"), "{words:?}: {told}");
    }
}

#[test]
fn a_prompt_that_asks_nothing_is_wrong_usage() {
    let place = Place::new();
    for words in [&["run", ""][..], &["run", " \n"], &["run"], &["run", "-"]] {
        let (code, _, told) = place.said(words);
        assert_eq!(code, USAGE, "{words:?}");
        assert!(told.contains("nothing to ask"), "{told}");
    }
}

#[test]
fn the_last_session_of_the_folder_goes_on() {
    let place = Place::new();
    let model = place.script(&format!("{}\n{}", says("one"), says("two")));
    place.ask(&model, "first");
    let (code, out, told) = place.said(&["run", "--continue", "second"]);
    assert_eq!((code, out.as_str()), (DONE, "two\n"), "{told}");
    let sessions = place.sessions();
    assert_eq!(sessions.len(), 1);
    let shown = place.said(&["sessions", "show", &id(&sessions[0])[..13]]).1;
    assert!(shown.contains("first") && shown.contains("second"), "{shown}");
}

#[test]
fn what_nobody_could_be_asked_about_shows_in_the_exit_code() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let model = place.script(EDITS);
    let (code, out, told) = place.said(&["--model", &model, "run", "hi"]);
    assert_eq!(code, UNANSWERED, "{told}");
    assert!(
        out.contains("-old\n") && out.contains("+new\n") && out.contains("no terminal"),
        "{out}"
    );
    let (code, ..) = place.said(&["--model", &model, "run", "--yes", "hi"]);
    assert_eq!(code, DONE);
    assert_eq!(fs::read_to_string(place.project().join("a.txt")).unwrap(), "new\n");
}

#[test]
fn what_only_words_can_answer_is_not_answered_by_yes() {
    let place = Place::new();
    let asks = "turn\ncall ask {\"questions\": [{\"text\": \"Which?\"}]}\n---\nsay \"done\"";
    let (code, out, _) = place.said(&["--model", &place.script(asks), "run", "--yes", "hi"]);
    assert_eq!(code, UNANSWERED);
    assert!(out.contains("no terminal to ask on.") && !out.contains("--yes"), "{out}");
}

#[test]
fn a_line_that_is_no_answer_is_told_with_everything_in_it_to_be_seen() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let mut command = place.command(&["--model", &place.script(EDITS), "run", "--json", "hi"]);
    let (code, updates, told) = said(command.stdin(typed(&place, b"\x1b[2K\xff\n")));
    assert_eq!(code, UNANSWERED, "{told}");
    assert!(told.contains("no answer") && told.ends_with(": \\u{1b}[2K\u{fffd}\n"), "{told:?}");
    assert!(updates.contains("Nobody could be asked"), "{updates}");
}

#[test]
fn pipes_get_no_colours_and_no_progress_unless_they_are_forced() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let model = place.script(EDITS);
    let (_, out, told) = place.said(&["--model", &model, "run", "hi"]);
    assert!(!out.contains('\x1b') && !told.contains(['\x1b', '\r']), "{out}{told}");
    let green = "\x1b[32m+new\x1b[0m";
    let always = place.said(&["--color", "always", "--model", &model, "run", "hi"]).1;
    assert!(always.contains(green), "{always}");
    let arguments = ["--model", &model, "run", "hi"];
    let forced = said(place.command(&arguments).env("CLICOLOR_FORCE", "1")).1;
    assert!(forced.contains(green), "{forced}");
    let never =
        said(place.command(&arguments).envs([("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")])).1;
    assert!(!never.contains('\x1b'), "{never}");
}

#[test]
fn what_is_not_as_usual_is_said_beside_the_answer() {
    let place = Place::new();
    let model = place.script(&says("hello"));
    let (_, out, told) = place.said(&["--model", &model, "--mode", "auto", "run", "hi"]);
    assert_eq!(out, "hello\n");
    assert!(told.contains("from a script, not from a model"), "{told}");
    assert_eq!(told.matches("Mode auto: ").count(), 1, "{told}");
    let (_, updates, told) =
        place.said(&["--model", &model, "--mode", "auto", "run", "--json", "hi"]);
    assert!(json_lines(&updates).len() > 2 && told.contains("Mode auto: "), "{told}");
}

#[test]
fn the_help_has_every_exit_code() {
    let help = Place::new().said(&["run", "--help"]).1;
    for code in
        ["0  done", "1  failed", "2  wrong usage", "3  stopped", "4  done, but", "5  no model"]
    {
        assert!(help.contains(code), "{code}: {help}");
    }
}

fn id(session: &Value) -> String {
    session["id"].as_str().unwrap().to_owned()
}
