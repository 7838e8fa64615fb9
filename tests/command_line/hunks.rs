//! Deciding hunk by hunk on a terminal; `coworker changes`, `coworker undo` and `coworker redo`.

use super::{terminal::Screen, *};

const LINES: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n";

/// A model that changes two places of `a.txt` and one of `b.txt`.
fn three_hunks(sees: &str) -> String {
    format!(
        "turn\n\
         call edit {{\"path\": \"a.txt\", \"reason\": \"Words are clearer.\", \"edits\": [\
         {{\"old_text\": \"2\\n3\", \"new_text\": \"two\\n3\"}}, \
         {{\"old_text\": \"11\", \"new_text\": \"eleven\"}}]}}\n\
         call edit {{\"path\": \"b.txt\", \"old_text\": \"old\", \"new_text\": \"new\"}}\n\
         ---\n{sees}say \"done\""
    )
}

/// A place with the two files, where that model is asked on a terminal.
fn asked(sees: &str) -> (Place, Screen) {
    let place = Place::new();
    place.write("project/a.txt", LINES);
    place.write("project/b.txt", "old\n");
    let editor = place.write("editor", "#!/bin/sh\necho mine >\"$1\"\n");
    let mut command = place.command(&["--model", &place.script(&three_hunks(sees)), "run", "go"]);
    command.env_remove("VISUAL").env("EDITOR", format!("sh '{}'", editor.display()));
    let screen = Screen::start(command);
    (place, screen)
}

fn text(place: &Place, file: &str) -> String {
    fs::read_to_string(place.project().join(file)).unwrap()
}

#[test]
fn each_hunk_is_shown_and_decided_by_a_letter_and_all_is_sent_at_once() {
    let (place, mut screen) = asked("sees \"needs a test\"\nsees \"not that file\"\n");
    let shown = screen.reply("n. > ", "h");
    assert!(
        shown.contains("[h] Decide hunk by hunk") && shown.contains("Why: Words are"),
        "{shown}"
    );
    let shown = screen.reply("]? ", "c it needs a test");
    assert!(shown.contains("Hunk 1 of 3: a.txt:2\nWhy: Words are clearer.\n"), "{shown}");
    assert!(shown.contains(" 1\n-2\n+two\n 3\n") && !shown.contains("eleven"), "{shown}");
    let shown = screen.reply("]? ", "y");
    assert!(shown.contains("You say: it needs a test"), "{shown}");
    let shown = screen.reply("]? ", "?");
    assert!(shown.contains("Hunk 2 of 3: a.txt:11\n"), "{shown}");
    let shown = screen.reply("]? ", "maybe");
    assert!(shown.contains("change the proposed lines in your editor"), "{shown}");
    screen.reply("Please type one of these: y,n,e", "e");
    let shown = screen.reply("Hunk 3 of 3: b.txt:1", "n not that file");
    assert!(!shown.contains("cannot"), "{shown}");
    // Nothing is sent before all is decided, so nothing was written until now.
    let (code, shown) = screen.end();
    assert_eq!(code, DONE, "{shown}");
    assert!(shown.contains("→ 2 of 3 hunks accepted (1 of them edited), 1 rejected\n"), "{shown}");
    let expected = LINES.replace("2\n3", "two\n3").replace("11", "mine");
    assert_eq!(text(&place, "a.txt"), expected);
    assert_eq!(text(&place, "b.txt"), "old\n");
}

#[test]
fn who_stops_in_the_middle_is_asked_about_the_rest_as_a_whole() {
    let (place, mut screen) = asked("");
    screen.reply("n. > ", "h");
    screen.reply("]? ", "y");
    screen.reply("]? ", "q");
    let shown = screen.reply("n. > ", "n enough");
    assert!(shown.contains("1 of 3 hunks are decided; this is about the rest."), "{shown}");
    assert_eq!((text(&place, "a.txt").as_str(), text(&place, "b.txt").as_str()), (LINES, "old\n"));
    let (code, shown) = screen.end();
    assert_eq!(code, DONE, "{shown}");
    assert_eq!(text(&place, "a.txt"), LINES.replace("2\n3", "two\n3"));
    assert_eq!(text(&place, "b.txt"), "old\n");
}

#[test]
fn an_editor_that_fails_decides_nothing() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let mut command = place.command(&["--model", &place.script(EDITS), "run", "go"]);
    command.env_remove("VISUAL").env("EDITOR", "false");
    let mut screen = Screen::start(command);
    screen.reply("n. > ", "h");
    screen.reply("]? ", "e");
    let shown = screen.reply("]? ", "y");
    assert!(shown.contains("`false` ended with exit status: 1; nothing was changed."), "{shown}");
    let (code, shown) = screen.end();
    assert_eq!((code, text(&place, "a.txt").as_str()), (DONE, "new\n"), "{shown}");
}

/// A place where that model has changed both files, a prompt later `b.txt` again, and the id of
/// the session.
fn changed() -> (Place, String) {
    let place = Place::new();
    place.write("project/a.txt", LINES);
    place.write("project/b.txt", "old\n");
    let again = "turn\ncall edit {\"path\": \"b.txt\", \"old_text\": \"new\", \
                 \"new_text\": \"newer\"}\n---\nsay \"done\"";
    let model = place.script(&format!("{}\n{again}", three_hunks("")));
    assert_eq!(place.said(&["--model", &model, "run", "--yes", "go"]).0, DONE);
    assert_eq!(place.said(&["run", "--yes", "--continue", "go on"]).0, DONE);
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    (place, id)
}

#[test]
fn hunks_are_listed_with_where_they_stand_now() {
    let (place, id) = changed();
    // Somebody types above.
    let typed = format!("0\n{}", text(&place, "a.txt"));
    place.write("project/a.txt", &typed);
    let (code, shown, told) = place.said(&["changes", &id[..13]]);
    assert_eq!(code, DONE, "{told}");
    let expected = "Turn 1: go\n   \
        1  a.txt:3  applied\n      Why: Words are clearer.\n   \
        2  a.txt:12  applied\n      Why: Words are clearer.\n   \
        3  b.txt:1  applied\n\
        Turn 2: go on\n   \
        4  b.txt:1  applied\n";
    assert_eq!(shown, expected);
    let lines = json_lines(&place.said(&["changes", &id, "--json"]).1);
    assert_eq!((lines.len(), &lines[0]["line"], &lines[3]["turn"]), (4, &3.into(), &2.into()));
    assert_eq!(lines[3]["path"], place.project().join("b.txt").to_str().unwrap());
    assert_eq!(lines[1]["state"]["kind"], "applied");

    let shown = place.said(&["sessions", "show", &id]).1;
    assert!(shown.contains("Why: Words are clearer.\n\n```diff\n"), "{shown}");
}

#[test]
fn turns_are_taken_back_from_the_last_one_and_done_again_forwards() {
    let (place, id) = changed();
    let state = || (text(&place, "a.txt") == LINES, text(&place, "b.txt"));
    let turn = |does: &str| {
        let (code, shown, told) = place.said(&[does, &id, "--yes"]);
        assert_eq!(code, DONE, "{shown}{told}");
        shown
    };
    // Without a yes nothing happens, but it is shown what would.
    let (code, shown, told) = place.said(&["undo", &id]);
    assert_eq!((code, state().1.as_str()), (USAGE, "newer\n"));
    assert!(
        shown.contains("take back hunk 4 in b.txt:1\n@@ -1,1 +1,1 @@\n-newer\n+new\n"),
        "{shown}"
    );
    assert!(told.contains("--yes"), "{told}");

    assert!(turn("undo").ends_with("1 hunk taken back.\n"));
    assert_eq!(state(), (false, "new\n".to_owned()));
    assert!(turn("undo").ends_with("3 hunks taken back.\n"));
    assert_eq!(state(), (true, "old\n".to_owned()));
    assert_eq!(turn("undo"), "Nothing to take back in this session.\n");
    let (code, shown, told) = place.said(&["redo", &id, "--session", "--yes"]);
    assert!(code == DONE && shown.ends_with("4 hunks done again.\n"), "{shown}{told}");
    let (code, shown, told) = place.said(&["undo", &id, "--session", "--yes"]);
    assert!(code == DONE && shown.ends_with("4 hunks taken back.\n"), "{shown}{told}");
    assert_eq!(state(), (true, "old\n".to_owned()));
    assert!(turn("redo").ends_with("3 hunks done again.\n"));
    assert_eq!(state(), (false, "new\n".to_owned()));
    assert!(turn("redo").ends_with("1 hunk done again.\n"));
    assert_eq!(state(), (false, "newer\n".to_owned()));
    assert_eq!(turn("redo"), "Nothing to do again in this session.\n");
}

#[test]
fn what_cannot_be_taken_back_is_said_with_its_reason() {
    let (place, id) = changed();
    // The fourth hunk builds on the third.
    let (code, shown, _) = place.said(&["undo", &id, "--hunk", "3", "--hunk", "1", "--yes"]);
    assert_eq!(code, FAILED, "{shown}");
    assert!(shown.contains("not taken back: hunk 3 in b.txt:1: "), "{shown}");
    assert!(shown.ends_with("1 hunk taken back.\n"), "{shown}");
    assert_eq!(text(&place, "b.txt"), "newer\n");
    assert!(text(&place, "a.txt").starts_with("1\n2\n3\n"));

    let again = place.said(&["undo", &id, "--hunk", "1", "--yes"]);
    assert_eq!((again.0, again.1.as_str()), (DONE, "Nothing to take back: hunk 1 is undone.\n"));
    let (code, _, told) = place.said(&["undo", &id, "--hunk", "9", "--yes"]);
    assert_eq!(code, FAILED);
    assert!(told.contains("no hunk 9 in this session; `coworker changes`"), "{told}");
    assert_eq!(place.said(&["undo", &id, "--turn", "1", "--last"]).0, USAGE);
}

#[test]
fn on_a_terminal_taking_back_is_asked_for() {
    let (place, id) = changed();
    let mut screen = Screen::start(place.command(&["undo", &id, "--last"]));
    let shown = screen.reply("[y/N] ", "n");
    assert!(shown.contains("Take 1 hunk in 1 file back?"), "{shown}");
    assert_eq!(screen.end().0, Some(3));
    assert_eq!(text(&place, "b.txt"), "newer\n");
    let mut screen = Screen::start(place.command(&["undo", &id, "--turn", "2"]));
    screen.reply("[y/N] ", "y");
    assert_eq!(screen.end().0, DONE);
    assert_eq!(text(&place, "b.txt"), "new\n");
}
