//! `coworker sessions`: listed, shown, written out, forked, deleted.

use std::{
    io::{BufRead, BufReader},
    process::Child,
};

use super::*;

#[test]
fn a_session_is_shown_as_it_went() {
    let (place, id) = with_a_session();
    let (code, shown, told) = place.said(&["sessions", "show", &id[..8]]);
    assert_eq!(code, DONE, "{told}");
    let parts = [
        "# make it new\n",
        "## You, ",
        "## Coworker, ",
        "```diff\n",
        "+new\n",
        "--yes",
        "\ndone\n",
    ];
    for part in parts {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let painted = place.said(&["--color", "always", "sessions", "show", &id]).1;
    assert!(painted.contains("\x1b[1m# make it new\x1b[0m\n"), "{painted}");
}

#[test]
fn a_session_is_written_for_people_and_for_programs() {
    let (place, id) = with_a_session();
    let shown = place.said(&["sessions", "show", &id]).1;
    assert_eq!(place.said(&["sessions", "export", &id]).1, shown);
    let lines = json_lines(&place.said(&["sessions", "export", &id, "--format", "json"]).1);
    assert!(lines.iter().all(|line| line["sessionId"] == *id && line["seq"].is_u64()));
    let kinds: Vec<&str> = lines.iter().filter_map(|it| it["update"]["kind"].as_str()).collect();
    assert!(kinds.contains(&"config") && kinds.contains(&"itemEnded"), "{kinds:?}");

    let file = place.project().join("talk.md");
    let export = ["sessions", "export", &id, "--output", "talk.md"];
    assert_eq!(place.said(&export), (DONE, String::new(), String::new()));
    assert_eq!(fs::read_to_string(&file).unwrap(), shown);
    fs::write(&file, "mine").unwrap();
    let (code, _, told) = place.said(&export);
    assert_eq!(code, FAILED);
    assert!(told.contains("--force"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn that_a_folder_has_no_sessions_is_said_of_that_folder() {
    let (place, _) = with_a_session();
    place.write("other/a.txt", "");
    let root = place.project().with_file_name("other");
    let (code, out, _) = place.said(&["sessions", "list", "--root", root.to_str().unwrap()]);
    assert_eq!(code, DONE);
    assert!(out.starts_with(&format!("No sessions of {} yet.", root.display())), "{out}");
}

#[test]
fn an_id_must_be_clear() {
    let (place, id) = with_a_session();
    place.ask(&place.script(&says("x")), "second");
    let common = &id[..1];
    let (code, _, told) = place.said(&["sessions", "show", common]);
    assert_eq!(code, USAGE);
    assert!(told.contains("2 sessions begin with") && told.contains("(second)"), "{told}");
    assert_eq!(place.said(&["sessions", "show", ""]).0, USAGE);
}

#[test]
fn a_fork_ends_before_the_item_that_is_named() {
    let place = Place::new();
    let model = place.script(&format!("{}\n{}", says("one"), says("two")));
    place.ask(&model, "first");
    assert_eq!(place.said(&["run", "--continue", "second"]).0, DONE);
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    let lines = json_lines(&place.said(&["sessions", "export", &id, "--format", "json"]).1);
    let items = lines.iter().map(|line| &line["update"]["item"]);
    let second = items.clone().find(|item| item["text"] == "second").unwrap()["id"].clone();
    let fork = ["sessions", "fork", &id[..8], "--before", second.as_str().unwrap()];
    let (code, forked, told) = place.said(&fork);
    assert_eq!(code, DONE, "{told}");
    let shown = place.said(&["sessions", "show", forked.trim()]).1;
    assert!(shown.starts_with("# first (fork)\n"), "{shown}");
    assert!(shown.contains("one") && !shown.contains("second"), "{shown}");
    assert!(place.said(&["sessions", "show", &id]).1.contains("second"));

    let (code, _, told) = place.said(&["sessions", "fork", &id, "--before", "nothing"]);
    assert_eq!(code, FAILED);
    assert!(told.contains("no item `nothing`"), "{told}");
}

#[test]
fn deleting_is_asked_for_or_said_outright() {
    let (place, id) = with_a_session();
    let (code, _, told) = place.said(&["sessions", "delete", &id]);
    assert_eq!(code, USAGE);
    assert!(told.contains("--yes"), "{told}");
    assert_eq!(place.sessions().len(), 1);
    let (code, out, _) = place.said(&["sessions", "delete", "--yes", &id[..8], &id]);
    assert_eq!(code, DONE);
    assert_eq!(out, format!("Deleted {id} (make it new)\n"));
    assert_eq!(place.sessions().len(), 0);
}

/// A run that waits for an answer, and is ended with the test.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_session_can_be_looked_at_while_another_process_has_it() {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let mut command = place.command(&["--model", &place.script(EDITS), "run", "--json", "hi"]);
    let mut waiting =
        Waiting(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap());
    let updates = BufReader::new(waiting.0.stdout.take().unwrap()).lines();
    let mut updates = updates.map(|line| line.unwrap());
    assert!(updates.any(|line| line.contains("\"kind\":\"approval\"")));
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    let (code, shown, told) = place.said(&["sessions", "show", &id]);
    assert_eq!(code, DONE, "{told}");
    assert!(shown.contains("no answer yet"), "{shown}");
    let (code, listed, told) = place.said(&["checkpoints", &id]);
    assert_eq!(code, DONE, "{told}");
    assert!(listed.ends_with("before hi\n"), "{listed}");
    let (code, listed, told) = place.said(&["changes", &id]);
    assert_eq!(code, DONE, "{told}");
    assert!(listed.contains("1  a.txt  undecided\nIt is open in another Coworker"), "{listed}");
    let (code, _, told) = place.said(&["restore", "--yes", &id, "1"]);
    assert_eq!(code, FAILED);
    assert!(told.contains("restore it there, in Neovim by `:CoworkerCheckpoints`"), "{told}");
    let (code, _, told) = place.said(&["sessions", "delete", "--yes", &id]);
    assert_eq!(code, FAILED);
    assert!(told.contains("open in another Coworker"), "{told}");
}
