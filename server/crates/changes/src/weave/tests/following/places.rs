//! Where hunks are in small documents that others changed, each for one reason.

use super::{TEXT, followed};
use crate::Followed;
use crate::weave::tests::{Woven, replace};

/// A document with a hunk, of which `[old|new]` marks what it takes away and puts in.
fn marked(text: &str, shown: bool) -> (Woven, usize) {
    let mut parts = text.split('[');
    let mut before = parts.next().unwrap().to_owned();
    let mut hunk = Vec::new();
    for part in parts {
        let (own, rest) = part.split_once(']').unwrap();
        let (old, new) = own.split_once('|').unwrap();
        hunk.push(replace(before.len(), before.len() + old.len(), new));
        before.push_str(&(old.to_owned() + rest));
    }
    let mut it = Woven::new(&before);
    let hunk = it.weave.propose(&hunk, &[]).unwrap();
    if shown {
        it.show(hunk);
    }
    (it, hunk)
}

fn stays(text: &str, shown: bool, after: &str, goal: &str) {
    let (mut it, hunk) = marked(text, shown);
    assert_eq!(it.becomes(after), Followed::default(), "{text}");
    assert_eq!(it.switch(&[hunk], !shown), [], "{text}");
    assert_eq!(it.text, goal);
}

fn is_lost(text: &str, shown: bool, after: &str) {
    let (mut it, hunk) = marked(text, shown);
    assert_eq!(it.becomes(after), followed(&[], &[], &[hunk]), "{text}");
    it.is_lost(hunk, !shown);
}

#[test]
fn a_place_among_lines_that_came_again_is_not_certain() {
    is_lost("x\n[|x\n]", true, "x\nx\n}\n");
    is_lost("x\na b\n[|done;\nrow,\n]row,\n}\n}\n", false, "x\na b\nrow,\n}\n}\nrow,\nx\na b\nx\n");
    is_lost(
        "}\nrow,\nx[\n}\n|BAC]done;\n}\nrow,\nrow,\n",
        true,
        "}\n}\nrow,\n\nrow,\nxBACdone;\n}\nrow,\nrow,",
    );
    is_lost("[do| A]ne;\n", true, " Ane;\nrow, x\n}\n");
}

#[test]
fn a_line_that_others_joined_or_exchanged_is_no_place() {
    is_lost("l[et|C] one = call(6);\nrow,\n", false, "let one = call(6);");
    is_lost("}[\nx|C]\ndone;\n", true, "x\n}\n");
}

#[test]
fn the_ends_of_what_a_hunk_wrote_say_where_it_is() {
    is_lost(
        "[|done();\nlet one = call(7);\n]let two = call(8);\nlet three = call(6);\n[let four = 4;\n|]}\n",
        true,
        "let one = call(7);\nlet other = call(1);\nlet three = call(6);\n}\n",
    );
    is_lost("[}\n|let one = 1;\n\nlet two = 2;\n]", true, "let one = 1;\n");
    stays(
        "zero();\n[|one();\ntwo();\nthree();\n]four();\n",
        true,
        "zero();\none();\nthree();\nfour();\n",
        "zero();\nfour();\n",
    );
}

#[test]
fn hunks_stay_beside_each_other_where_other_lines_changed() {
    let mut it = Woven::new("let name21 = call(4);\n");
    it.propose(0, 22, "");
    let parts = [replace(11, 13, ""), replace(16, 19, "B")];
    let other = it.weave.propose(&parts, &[]).unwrap();
    it.show(other);
    let after = "\nlet one = call(1);\nrow,\nlet name21 calB);\nlet two = call(0);\n";
    assert_eq!(it.becomes(after), Followed::default());
    let (mut it, _) = marked("let one = 7;\ndone();\n[}|A]\n[let n|]ame20 = call(1);\n", true);
    it.propose(21, 21, "\n");
    let after = it.text.trim_end().to_owned();
    assert_eq!(it.becomes(&after), Followed::default());
}

#[test]
fn a_hunk_stays_beside_what_others_changed() {
    stays("[let one = call(8);\n|]\n", false, "let one = call(8);\n // typed", " // typed");
    let after = "x\nrow,\n}\n}\nrow,\n}\nrow,\na b\n}\n}\n}\n}\nx\n";
    stays("[|}\n]x\nrow,\n}\n}\nrow,\n}\nrow,\n}\n}\nx\n", false, after, &format!("}}\n{after}"));
    stays(
        "}\n\n}\n}\n[|row,\n]a b\nx\nx\nrow,\ndone;\n",
        false,
        "}\nrow,\n\n}\n}\na b\nx\nx\nrow,\ndone;\n",
        "}\nrow,\n\n}\n}\nrow,\na b\nx\nx\nrow,\ndone;\n",
    );
    stays("a [b|A]\nrow,\nx\n", false, "x\ndone;\na b\nrow,\nx\n", "x\ndone;\na A\nrow,\nx\n");
    // The second line above that is there once among those around is certain.
    stays(
        "first_of(1);\n[row|ROW],\nx\nend(2);\nrow,\nx\n",
        false,
        "first_of(1);\nrow,\nx\nnew();\nend(2);\nrow,\nx\n",
        "first_of(1);\nROW,\nx\nnew();\nend(2);\nrow,\nx\n",
    );
    stays(
        "done;[\nd|B]one;\n\n}\nx\nrow,\ndone;\ndone;\n",
        true,
        "done;Bone;\n\n}\nrow,\ndone;\ndone;\n",
        "done;\ndone;\n\n}\nrow,\ndone;\ndone;\n",
    );
}

#[test]
fn a_hunk_stays_where_lines_came_that_can_be_said_to_be_others() {
    stays("x\nx[|AA]\ndone;\n[|A]", true, "x\nx\na b\n\nxAA\ndone;\nA", "x\nx\na b\n\nx\ndone;\n");
    stays(
        "row,\nx\n}\na b\nrow,\n[|  ]\nrow,\n",
        false,
        "row,\nx\nrow,\nx\n}\na b\nrow,\n\nrow,\n",
        "row,\nx\nrow,\nx\n}\na b\nrow,\n  \nrow,\n",
    );
    assert_eq!(Woven::new("").becomes("\n"), Followed::default());
}

#[test]
fn the_last_line_may_lose_its_break() {
    stays("le[t n|BA]ame = call(7);\n", true, "leBAame = call(7);", "let name = call(7);");
    stays(
        "let nam[e16 =|D] call(3);\nlet name11[ = ca|\nC]ll(0);\n",
        true,
        "let namD call(3);\nlet name11\nCll(0);",
        "let name16 = call(3);\nlet name11 = call(0);",
    );
}

#[test]
fn what_others_made_or_took_back_is_known_two_lines_from_what_else_they_changed() {
    let lines: Vec<String> = (0..9).map(|n| format!("const NUMBER_{n}: u8 = {n};\n")).collect();
    let goal = lines.concat().replace("u8 = 4", "u8 = 44");
    for (line, is_known) in [(1, true), (2, false), (6, false), (7, true)] {
        let mut it = Woven::new(&lines.concat());
        let hunk = it.proposes(&goal);
        let said = it.becomes(&goal.replace(&format!("u8 = {line}"), "i8 = 5"));
        let (made, lost) = if is_known { (vec![hunk], vec![]) } else { (vec![], vec![hunk]) };
        assert_eq!(said, followed(&made, &[], &lost), "{line}");
    }
    let (mut it, hunk) = marked("x\n[row,\n|]}\n", true);
    assert_eq!(it.becomes("x\nrow,\n}\n"), followed(&[], &[hunk], &[]));
    let (mut it, hunk) = marked("\n}\nlet one = call(7);[| x]\nrow,\n}\n", false);
    let after = "let other = call(6);\n\n}\nlet one = call(7); x\nrow,\n}\n";
    assert_eq!(it.becomes(after), followed(&[hunk], &[], &[]));
}

#[test]
fn what_a_hunk_would_make_was_not_typed_behind_a_line() {
    is_lost(
        "}\n\n}\nrow, # b[| x]\ndone();\n}\n}\n\n}\n",
        false,
        "\n}\nrow, # b x\ndone();\n}\n}\n\n}\n",
    );
    // Nor does what was typed behind another line tell that it was made.
    is_lost("a b\n}\n[|B]", false, "a b x\n}\nB");
}

#[test]
fn a_hunk_is_lost_only_once() {
    let (mut it, hunk) = marked("call([2|22]);\n", false);
    assert_eq!(it.becomes("call(3);\n"), followed(&[], &[], &[hunk]));
    assert_eq!(it.becomes(TEXT), Followed::default());
}

#[test]
fn a_line_of_both_is_merged_in_a_long_document() {
    let lines: String = (0..1_500).map(|n| format!("let value_{n} = read({n});\n")).collect();
    for n in [60, 1_400] {
        let goal = |text: &str| text.replace(&format!("read({n})"), &format!("write({n})"));
        let typed = lines.replace(&format!("value_{n} "), &format!("it_{n} "));
        let elsewhere = |n: usize| typed.replace(&format!("read({n})"), "last()");
        let at = |n: usize| typed.find(&format!("let value_{n} ")).unwrap();
        let shorter = typed[..at(100)].to_owned() + &typed[at(300)..];
        for after in [typed.clone(), elsewhere(1_499), elsewhere(300), shorter] {
            let mut it = Woven::new(&lines);
            let hunk = it.proposes(&goal(&lines));
            assert_eq!(it.becomes(&after), Followed::default());
            assert_eq!(it.show(hunk), goal(&after));
        }
    }
}
