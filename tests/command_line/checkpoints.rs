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
