//! Which hunks are meant.

use protocol::{ChangeSet, FileChange, Item, Update, UserMessage};

use super::*;

/// A session with one hunk in each of its turns, in these states; that of the first turn belongs
/// to another session, and one that was kept moves its file.
fn changes(states: &[HunkState]) -> Changes {
    let mut updates = Vec::new();
    for (number, state) in (1..).zip(states) {
        let hunk = serde_json::json!({
            "id": format!("h{number}"), "itemId": "call", "replacements": [], "state": state,
        });
        let is_move = *state == HunkState::Kept;
        let file = FileChange {
            path: AbsPath::new("/w/a.txt").unwrap(),
            kind: if is_move { FileChangeKind::Move } else { FileChangeKind::Edit },
            to: is_move.then(|| AbsPath::new("/w/b/a.txt").unwrap()),
            base: None,
            hunks: vec![serde_json::from_value(hunk).unwrap()],
            diff: String::new(),
            syntax_errors: Vec::new(),
        };
        let session_id = (number == 1).then(|| "other".into());
        let set = ChangeSet { files: vec![file], model: String::new(), session_id };
        let prompt = UserMessage { text: format!("prompt {number}"), context: Vec::new() };
        let bodies = [ItemBody::UserMessage(prompt), ItemBody::ChangeSet(set)];
        updates.extend(bodies.into_iter().zip(["p", "c"]).map(|(body, kind)| Update::ItemEnded {
            item: Item {
                id: ItemId(format!("{kind}{number}")),
                turn_id: TurnId(format!("t{number}")),
                at: 0,
                aside: false,
                body,
            },
        }));
    }
    Changes::new(&SessionState::fold(&updates), &HashMap::new())
}

fn chosen(changes: &Changes, which: &Which, redo: bool) -> Vec<usize> {
    changes.chosen(which, redo).unwrap().iter().map(|change| change.number).collect()
}

#[test]
fn the_last_turn_is_the_last_one_of_which_something_can_be_switched() {
    use HunkState::{Applied, Kept, Rejected, Undone};
    let trials = [
        (vec![Applied, Applied, Kept, Rejected], vec![3], vec![]),
        (vec![Applied, Applied, Undone, Undone], vec![2], vec![3]),
        (vec![Applied, Undone, Undone, Rejected], vec![], vec![2]),
        // Nothing undone follows what stands.
        (vec![Applied, Undone, Undone, Applied], vec![4], vec![3]),
        // Text of another session is not meant unless it is named.
        (vec![Applied, Rejected], vec![], vec![]),
    ];
    for (states, undo, redo) in trials {
        let changes = changes(&states);
        assert_eq!(chosen(&changes, &Which::LastTurn, false), undo, "{states:?}");
        assert_eq!(chosen(&changes, &Which::LastTurn, true), redo, "{states:?}");
        assert_eq!(chosen(&changes, &Which::LastHunk, false), undo, "{states:?}");
    }
    let changes = changes(&[Applied]);
    assert_eq!(chosen(&changes, &Which::Hunks(vec![1]), false), [1]);
    assert_eq!(chosen(&changes, &Which::Turn(1), false), [1]);
}

#[test]
fn what_is_named_must_be_there() {
    let changes = changes(&[HunkState::Applied, HunkState::Rejected]);
    for which in [Which::Turn(0), Which::Turn(3), Which::Hunks(vec![1, 3]), Which::Hunks(vec![0])] {
        assert!(changes.chosen(&which, false).is_err(), "{which:?}");
    }
    let rejected = Which::Hunks(vec![2]);
    let said = changes.nothing(&rejected, true);
    assert_eq!(said, "Nothing to do again: hunk 2 is rejected.\n");
    assert_eq!(changes.ending(&rejected, true), Ending::Failed);
    assert_eq!(changes.ending(&rejected, false), Ending::Done);
}

#[test]
fn hunks_without_a_place_are_listed_too() {
    let reason = "it\u{1b} changed".to_owned();
    let conflict = HunkState::Conflicted { reason };
    let changes = changes(&[HunkState::Applied, conflict, HunkState::Kept]);
    let shown = changes.shown(Style::default(), &AbsPath::new("/w").unwrap());
    assert_eq!(
        shown,
        "Turn 1: prompt 1\n   1  a.txt  applied, in the session that this one was forked from\n\
         Turn 2: prompt 2\n   2  a.txt  not applied: it\\u{1b} changed\n\
         Turn 3: prompt 3\n   3  a.txt → b/a.txt  applied and kept\n"
    );
}
