//! `coworker checkpoints`, `coworker restore` and `coworker gc`.

use super::*;

#[test]
fn files_and_conversation_go_back_to_a_checkpoint_and_forth_again() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let model = place.script(EDITS);
    assert_eq!(place.said(&["--model", &model, "run", "--yes", "make it new"]).0, DONE);
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    let text = || fs::read_to_string(place.project().join("a.txt")).unwrap();
    let edited = text();
    assert_ne!(edited, "old\n");

    let (code, listed, told) = place.said(&["checkpoints", &id]);
    assert_eq!(code, DONE, "{told}");
    assert!(listed.ends_with("1 file  before make it new\n"), "{listed}");
    let lines = json_lines(&place.said(&["checkpoints", &id, "--json"]).1);
    assert_eq!((lines.len(), &lines[0]["files"]), (1, &1.into()));

    // Without a yes nothing happens, but it is shown what would.
    let (code, shown, told) = place.said(&["restore", &id, "1", "--files"]);
    assert_eq!(code, USAGE);
    assert!(shown.contains("+old\n") && told.contains("--yes"), "{shown}{told}");
    assert_eq!(text(), edited);

    let (code, said, told) = place.said(&["restore", &id, "1", "--yes"]);
    assert_eq!((code, text().as_str()), (DONE, "old\n"), "{said}{told}");
    assert!(!place.said(&["sessions", "show", &id]).1.contains("## You"));
    let undo = said.lines().find_map(|line| line.split('`').nth(1)).unwrap();
    let undo: Vec<&str> = undo.split(' ').skip(1).chain(["--yes"]).collect();
    let (code, _, told) = place.said(&undo);
    assert_eq!((code, text()), (DONE, edited), "{told}");
    assert!(place.said(&["sessions", "show", &id]).1.contains("## You"));

    let (code, freed, told) = place.said(&["gc"]);
    assert_eq!(code, DONE, "{told}");
    assert!(freed.starts_with("Freed "), "{freed}");
    let (code, _, told) = place.said(&["restore", &id, "9", "--yes"]);
    assert!(code != DONE && told.contains("coworker checkpoints"), "{told}");
}

#[cfg(unix)]
#[test]
fn what_is_saved_while_the_question_stands_is_shown_before_it_goes() {
    let (place, id) = with_a_session();
    let file = place.project().join("a.txt");
    let mut screen = terminal::Screen::start(place.command(&["restore", &id, "1", "--files"]));
    let shown = screen.until("[y/N]");
    assert!(shown.contains("-new\n+old\n") && !shown.contains("mine"), "{shown}");
    fs::write(&file, "new\nmine\n").unwrap();
    screen.reply(" ", "y");
    let shown = screen.reply("[y/N] ", "y");
    assert!(shown.contains("changed meanwhile") && shown.contains("-mine\n"), "{shown}");
    let (code, said) = screen.end();
    assert_eq!((code, fs::read_to_string(file).unwrap().as_str()), (DONE, "old\n"));
    assert!(said.contains("What somebody else changed since is gone from a.txt.\n"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_could_not_be_looked_at_is_not_said_to_be_as_it_was() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let model = place.script("turn\ncall bash {\"command\": \"echo new >a.txt\"}\n---\nsay \"x\"");
    // Without git nothing is kept of a folder.
    let programs = place.0.path().join("programs");
    fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink("/bin/bash", programs.join("bash")).unwrap();
    let mut run = place.command(&["--model", &model, "run", "--yes", "make it new"]);
    let (code, _, told) = said(run.env("PATH", programs));
    assert_eq!(code, DONE, "{told}");
    assert_eq!(fs::read_to_string(place.project().join("a.txt")).unwrap(), "new\n", "{told}");
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (code, said, _) = place.said(&["restore", &id, "1", "--files", "--yes"]);
    assert_eq!(code, FAILED, "{said}");
    assert!(said.contains("not restored: ") && !said.contains("as they were"), "{said}");
}
