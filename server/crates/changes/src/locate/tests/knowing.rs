//! What was read before, what is made already, and what earlier edits of the same call did.

use super::*;

#[test]
fn what_was_read_tells_which_is_meant() {
    let edit = ("port = 80", "port = 81");
    let second = TWINS.replace("[backup]\nport = 80", "[backup]\nport = 81");
    assert_eq!(read(TWINS, 5..9, TWINS, edit.0, edit.1).unwrap(), second);
    assert_eq!(read(TWINS, 0..9, TWINS, edit.0, edit.1), Err(Refusal::Ambiguous(vec![2, 7])));
    let typed = TWINS.replace("[server]\n", "# mine\n[server]\nuser = me\n");
    let after = second.replace("[server]\n", "# mine\n[server]\nuser = me\n");
    assert_eq!(read(TWINS, 5..9, &typed, edit.0, edit.1).unwrap(), after);
    let stale = ("port = 80\nhost = other\nlog = true", "port = 81\nhost = other\nlog = true");
    assert_eq!(read(TWINS, 5..9, TWINS, stale.0, stale.1).unwrap(), second);
    // Of two that were read, one that is nearly as it was is not guessed for the other one is gone.
    let block = "port = 80\nhost = here\nlog = true\n";
    let (text, now) = (format!("{block}\n{block}"), block.replace("here", "there"));
    let refused = read(&text, 0..7, &now, block, &block.replace("80", "81"));
    assert_eq!(refused, Err(Refusal::NotFound));
    // The line behind what was read was not read.
    let first = TWINS.replacen("port = 80", "port = 81", 1);
    assert_eq!(read(TWINS, 0..6, TWINS, stale.0, stale.1).unwrap(), first);
}

#[test]
fn what_was_read_and_then_changed_elsewhere_in_the_line_gets_both_changes() {
    let now = format!("// typed\n{}", CODE.replace("most * 3", "most * 3 // three"));
    let (old, new) =
        ("    let most = max(items);\n    most * 3", "    let most = max(items);\n    most - 3");
    let after = now.replace("most * 3", "most - 3");
    assert_eq!(read(CODE, 0..9, &now, old, new).unwrap(), after);
    // So it does beside another line that was changed.
    let now = now.replace("max(items)", "max(rows)");
    let after = after.replace("max(items)", "max(rows)");
    assert_eq!(read(CODE, 0..9, &now, old, new).unwrap(), after);
}

#[test]
fn what_was_read_and_is_gone_is_not_found_elsewhere() {
    let gone = TWINS.replace("[server]\nport = 80\n", "[server]\n");
    let refused = read(TWINS, 0..4, &gone, "port = 80", "port = 81").unwrap_err();
    assert_eq!(refused, Refusal::Contradicts { line: 2, stands: "host = localhost".to_owned() });
    let changed = TWINS.replace("[server]\nport = 80\n", "[server]\nport = 8080\n");
    let refused = read(TWINS, 0..4, &changed, "port = 80", "port = 81").unwrap_err();
    assert_eq!(refused, Refusal::Contradicts { line: 2, stands: "port = 8080".to_owned() });
    // Nor in a line that says the same and was there all along.
    for text in ["\tx = 1\n    x = 1\ny = 2\n", "\tx = 1\ny = 2\n    x = 1\n"] {
        let gone = text.replace("\tx = 1\n", "") + "z = 3\n";
        read(text, 0..3, &gone, "\tx = 1", "\tx = 2").expect_err("it is another line");
    }
}

#[test]
fn what_was_read_is_found_where_it_was_moved() {
    let moved = TWINS.replace("host = elsewhere\n", "") + "host = elsewhere\n";
    let after = moved.replace("elsewhere", "nowhere");
    assert_eq!(read(TWINS, 5..9, &moved, "host = elsewhere", "host = nowhere").unwrap(), after);
    // Or where it was indented otherwise.
    let now = "one(a);\n\t\ty = 1;\n";
    let result = read("one(a);\n  y = 1;\n", 0..2, now, "  y = 1;", "  return;");
    assert_eq!(result.unwrap(), "one(a);\n\t\treturn;\n");
}

#[test]
fn what_was_made_already_is_not_made_again() {
    assert!(is_made("a();\nb();\n", "a();\n", "a();\nb();\n"));
    assert!(is_made("a();\n    b();\nc();\n", "a();\nc();", "a();\n    b();\nc();"));
    assert!(is_made("x = foo.bar\n", "foo", "foo.bar"));
    assert!(is_made(&CODE.replace("/ 2", "/ 3"), "    total / 2\n}", "    total / 3\n}"));
    assert!(is_made(
        &CODE.replace("    total / 2\n", ""),
        "(items);\n    total / 2\n}\n\nfn second",
        "(items);\n}\n\nfn second"
    ));
    // The line before is other than quoted, and still it is this change.
    let text = CODE.replace("sum(items)", "sum(rows)").replace("/ 2", "/ 3");
    assert!(is_made(
        &text,
        "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 2\n}",
        "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 3\n}"
    ));
    // One line alone is, if it is like the one that was quoted.
    assert!(is_made("let total = 3;\n", "let total = 2;", "let total = 3;"));
    assert_eq!(refusal("return x;\n", "call(a, b);", "return x;"), Refusal::NotFound);
    // A bracket more is a bracket more.
    assert!(!is_made("a {\n}\n}\n", "a {\n}\n", "a {\n}\n}\n"));
}

#[test]
fn what_was_made_already_is_shown_where_it_is() {
    let made = CODE.replace("sum(items)", "sum(rows)").replace("/ 2", "/ 3");
    let old = CODE.split("\n\n").next().unwrap();
    let (_, placed) = placed(&made, &[wanted(old, &old.replace("/ 2", "/ 3"))], None).unwrap();
    assert_eq!((placed.placements[0].places, placed.placements[0].line), (0, 3));
    let made = CODE.replace("most * 3", "most * 4");
    let shown = 0..9;
    let seen = Seen { text: CODE, lines: std::slice::from_ref(&shown) };
    let edits = [wanted("    most * 3\n}", "    most * 4\n}")];
    let placed = place(&made, &edits, Some(&seen)).unwrap();
    assert_eq!((placed.placements[0].places, placed.placements[0].line), (0, 8));
}

#[test]
fn what_was_made_since_it_was_read_is_not_made_again() {
    let text = "var a = 1;\nvar http = require('http');\nvar b = 2;\nvar c = 3;\n";
    let new = "var http = require('node:http');\nvar methods = require('methods');";
    let made = text.replace("var http = require('http');", new);
    let edit = (
        "var a = 1;\nvar http = require('http');\nvar b = 2;",
        format!("var a = 1;\n{new}\nvar b = 2;"),
    );
    assert_eq!(read(text, 0..4, &made, edit.0, &edit.1).unwrap(), made);
    // One of two equal lines; it cannot be told which of them became the new one.
    let text = "first\nsponsor\nsponsor\nlast\n";
    let made = "first\nother\nsponsor\nlast\n";
    let (old, new) = ("first\nsponsor\nsponsor\nlast", "first\nother\nsponsor\nlast");
    assert_eq!(read(text, 0..4, made, old, new).unwrap(), made);
    // Nor is a second one of two that say the same taken away.
    let text = "one\n    x = 1\n  x = 1\nlast\n";
    let made = "one\n  x = 1\nlast\n";
    assert_eq!(read(text, 0..4, made, "    x = 1\n  x = 1\n", "    x = 1\n").unwrap(), made);
    // Gone from where it was read because it was moved, not because that is what is wanted.
    let text = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n";
    let moved = "four\nfive\nsix\nseven\none\ntwo\nthree\n";
    let edit = ("one\ntwo\nthree", "one\nthree");
    assert_eq!(read(text, 0..7, moved, edit.0, edit.1).unwrap(), moved.replace("two\n", ""));
}

#[test]
fn one_who_knows_the_lines_may_repeat_them() {
    let text = "a();\nb();\nc();\n";
    assert_eq!(
        read(text, 0..3, text, "a();\n", "a();\nb();\n").unwrap(),
        "a();\nb();\nb();\nc();\n"
    );
    // They came after it was read.
    assert_eq!(read("a();\nc();\n", 0..2, text, "a();\n", "a();\nb();\n").unwrap(), text);
}

#[test]
fn several_are_placed_one_after_the_other_or_none() {
    let edits = [
        wanted("sum(items)", "mean(items)"),
        wanted("mean(items);\n    total / 2", "mean(items);\n    total"),
    ];
    let (text, placed_) = placed(CODE, &edits, None).unwrap();
    assert_eq!(text, CODE.replace("sum(", "mean(").replace("total / 2", "total"));
    assert_eq!(placed_.placements.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3]);
    let edits =
        [wanted("fn first", "\n\nfn 1st"), wanted("let", "LET"), wanted("most * 3", "most")];
    let refused = place(CODE, &edits, None).unwrap_err();
    assert_eq!(refused, Refused { index: 1, why: Refusal::Ambiguous(vec![2, 7]) });
}

#[test]
fn each_is_told_by_its_line_before_all_of_them() {
    let edits = [
        wanted("    total / 2\n", "    log();\n    note();\n    total / 2\n"),
        wanted("note();", "warn();"),
        wanted("    let total = sum(items);\n", ""),
        wanted("most * 3", "most * 4"),
        wanted("most * 5\n}", "most * 4\n}"),
    ];
    let (_, placed_) = placed(CODE, &edits, None).unwrap();
    assert_eq!(placed_.placements.iter().map(|it| it.line).collect::<Vec<_>>(), [3, 3, 2, 8, 8]);
    assert_eq!(placed_.placements[4].places, 0);
    // The line behind one that is gone.
    let edits = [wanted("    let total = sum(items);\n", ""), wanted("total / 2", "total / 3")];
    let (_, placed_) = placed(CODE, &edits, None).unwrap();
    assert_eq!(placed_.placements.iter().map(|it| it.line).collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn later_ones_know_what_earlier_ones_did() {
    let shown = 5..9;
    let seen = Seen { text: TWINS, lines: std::slice::from_ref(&shown) };
    let edits = [
        wanted("[backup]", "[backup]\nuser = me\ngroup = us"),
        wanted("port = 80", "port = 81"),
        wanted("log = true", "log = no"),
    ];
    let now = format!("# mine\n{TWINS}");
    let (text, _) = placed(&now, &edits, Some(&seen)).unwrap();
    let expected = now.replace(
        "[backup]\nport = 80\nhost = elsewhere\nlog = true",
        "[backup]\nuser = me\ngroup = us\nport = 81\nhost = elsewhere\nlog = no",
    );
    assert_eq!(text, expected);
    // What the first one wrote is told from what was there, from the first line that was read.
    let edits = [
        wanted("[backup]", "host = localhost\n[backup]"),
        wanted("host = localhost", "host = nowhere"),
    ];
    let (text, _) = placed(TWINS, &edits, Some(&seen)).unwrap();
    assert_eq!(text, TWINS.replace("[backup]", "host = nowhere\n[backup]"));
}
