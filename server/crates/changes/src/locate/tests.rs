//! What becomes of a text when what is quoted is not quite what stands there.

use std::ops::Range;

use proptest::prelude::*;

use super::*;

mod knowing;

fn wanted(old: &str, new: &str) -> Substitution {
    Substitution { old: old.to_owned(), new: new.to_owned(), replace_all: false }
}

fn placed(
    text: &str,
    edits: &[Substitution],
    seen: Option<&Seen>,
) -> Result<(String, Placed), Refusal> {
    let placed = place(text, edits, seen).map_err(|refused| refused.why)?;
    Ok((crate::apply(text, &placed.replacements).unwrap(), placed))
}

fn after(text: &str, old: &str, new: &str) -> String {
    match placed(text, &[wanted(old, new)], None) {
        Ok((text, _)) => text,
        Err(refusal) => panic!("{refusal:?}"),
    }
}

fn how(text: &str, old: &str, new: &str) -> Vec<Tolerance> {
    let (_, placed) = placed(text, &[wanted(old, new)], None).unwrap();
    placed.placements[0].tolerated.iter().copied().collect()
}

fn refusal(text: &str, old: &str, new: &str) -> Refusal {
    placed(text, &[wanted(old, new)], None).expect_err("it was placed")
}

fn ambiguous(text: &str, old: &str, new: &str) -> Vec<u32> {
    match refusal(text, old, new) {
        Refusal::Ambiguous(lines) => lines,
        other => panic!("{other:?}"),
    }
}

fn contradiction(text: &str, old: &str, new: &str) -> (u32, String) {
    match refusal(text, old, new) {
        Refusal::Contradicts { line, stands } => (line, stands),
        other => panic!("{other:?}"),
    }
}

/// Whether the text has the change already.
fn is_made(text: &str, old: &str, new: &str) -> bool {
    let (result, placed) = placed(text, &[wanted(old, new)], None).unwrap();
    assert_eq!(placed.placements[0].places == 0, result == text);
    result == text
}

fn read(seen: &str, shown: Range<u32>, now: &str, old: &str, new: &str) -> Result<String, Refusal> {
    let seen = Seen { text: seen, lines: std::slice::from_ref(&shown) };
    placed(now, &[wanted(old, new)], Some(&seen)).map(|(text, _)| text)
}

const CODE: &str = "\
fn first(items: &[u32]) -> u32 {
    let total = sum(items);
    total / 2
}

fn second(items: &[u32]) -> u32 {
    let most = max(items);
    most * 3
}
";

#[test]
fn an_exact_place_is_taken_and_only_what_differs_replaced() {
    let (_, placed) = placed(CODE, &[wanted("    most * 3\n}", "    most * 4\n}")], None).unwrap();
    let at = CODE.find("3\n").unwrap();
    assert_eq!(placed.replacements, [Replacement { start: at, end: at + 1, text: "4".to_owned() }]);
    let placement = Placement { line: 8, places: 1, tolerated: BTreeSet::new() };
    assert_eq!(placed.placements, [placement]);
    assert_eq!(after("größe = 1\n", "= 1", "= 2"), "größe = 2\n");
}

#[test]
fn what_says_nothing_is_refused() {
    assert_eq!(refusal(CODE, "", "x"), Refusal::Empty);
    assert_eq!(refusal(CODE, "total", "total"), Refusal::NothingChanges);
    assert_eq!(refusal("a\r\nb", "a\nb", "a\r\nb"), Refusal::NothingChanges);
    assert_eq!(refusal(CODE, "nothing of the kind", "x"), Refusal::NotFound);
    assert_eq!(refusal("", "a", "x"), Refusal::NotFound);
    assert_eq!(refusal("a\n\n\nb\n", "\n\n\n\n", "x"), Refusal::NotFound);
}

#[test]
fn several_exact_places_are_refused_with_their_lines() {
    assert_eq!(ambiguous("x\ny\r\nx x\rx", "x", "z"), [1, 3, 3, 4]);
    assert_eq!(ambiguous("äää", "ää", "ö"), [1, 1]);
    assert_eq!(ambiguous(&"a\n".repeat(100_000), "a", "b").len(), MAX_LINES);
    // The third is never taken because it differs.
    assert_eq!(ambiguous("\tx = 1\n  x = 1\ny\n\tx = 1\n", "\tx = 1", "\tx = 2"), [1, 4]);
}

#[test]
fn every_occurrence_is_replaced_but_those_that_are_made() {
    let all = |text: &str, old: &str, new: &str| {
        let edit = Substitution { replace_all: true, ..wanted(old, new) };
        let (text, placed) = placed(text, &[edit], None).unwrap();
        (text, placed.placements[0].places)
    };
    assert_eq!(all("a b a\r\na", "a", "c"), ("c b c\r\nc".to_owned(), 3));
    assert_eq!(all("fn a; pub fn b", "fn", "pub fn"), ("pub fn a; pub fn b".to_owned(), 1));
    assert_eq!(all("pub fn b", "fn", "pub fn").1, 0);
    assert_eq!(all("pub fn a; pub fn b", "fn", "pub fn").1, 0);
    assert_eq!(all("\ta\n", "  a\n", "  b\n"), ("\tb\n".to_owned(), 1));
}

#[test]
fn white_space_at_the_end_and_blank_lines_may_differ() {
    assert_eq!(after("a  \nb 1\t\nc\n", "a\nb 1\nc", "a\nb 2\nc"), "a  \nb 2\t\nc\n");
    assert_eq!(after("a\nb\nc\n", "a \nb  \nc", "a \nB\nc"), "a\nB\nc\n");
    assert_eq!(after("a\n\n\nb\n\nc\n", "a\n\nb\nc", "a\n\nx\nc"), "a\n\n\nx\n\nc\n");
    assert_eq!(after("a\nb\nc\n", "a\n\nb\nc", "a\n\nb\nx\nc"), "a\nb\nx\nc\n");
    assert_eq!(
        how("a \nb\n\nc\n", "a\n\nb\nc", "a\n\nx\nc"),
        [Tolerance::Spaces, Tolerance::BlankLines]
    );
}

#[test]
fn indentation_may_differ_and_new_lines_are_indented_as_the_text_is() {
    let tabs = "fn a() {\n\tif b {\n\t\tc();\n\t}\n}\n";
    let old = "    if b {\n        c();\n    }";
    let new = "    if b {\n        c();\n        if d {\n            e();\n        }\n    }";
    assert_eq!(
        after(tabs, old, new),
        "fn a() {\n\tif b {\n\t\tc();\n\t\tif d {\n\t\t\te();\n\t\t}\n\t}\n}\n"
    );
    assert_eq!(how(tabs, old, new), [Tolerance::Indentation]);
    let deep = "class A:\n    def b(self):\n        return 1\n";
    assert_eq!(
        after(
            deep,
            "def b(self):\n    return 1",
            "def b(self):\n    if x:\n        return 2\n    return 1"
        ),
        "class A:\n    def b(self):\n        if x:\n            return 2\n        return 1\n"
    );
    assert_eq!(
        after(deep, "return 1", "x = 2\nreturn x"),
        "class A:\n    def b(self):\n        x = 2\n        return x\n"
    );
}

#[test]
fn a_line_that_is_to_go_further_in_or_out_does() {
    let text = "\tif a {\n\t\tfirst(x);\n\t\tsecond(x);\n\t}\n";
    let old = "    if a {\n        first(x);\n        second(x);\n    }";
    let new = "    first(y);\n    if a {\n        second(x);\n    }";
    assert_eq!(after(text, old, new), "\tfirst(y);\n\tif a {\n\t\tsecond(x);\n\t}\n");
    let new = "    if a {\n        first(x);\n    second(y);\n    }";
    assert_eq!(after(text, old, new), "\tif a {\n\t\tfirst(x);\n\tsecond(y);\n\t}\n");
}

#[test]
fn a_line_that_stays_alike_is_indented_as_the_text_is() {
    let text = "interface A { // one\n    b: string;\n}\n";
    let old = "interface A { // one\n\tb: string;";
    let new = "interface A {\n\t// one\n\tb: string;";
    assert_eq!(after(text, old, new), "interface A {\n    // one\n    b: string;\n}\n");
    // The first line is quoted with less indentation than it has, and the others with all.
    let text = "def a():\n        raise B\n\n\nc = 1\n";
    let old = "    raise B\n\n\nc = 1";
    let new = "    raise B\n\n\nif d:\n  e()\n\n\nc = 1";
    let expected = "def a():\n        raise B\n\n\nif d:\n        e()\n\n\nc = 1\n";
    assert_eq!(after(text, old, new), expected);
}

#[test]
fn a_quote_may_begin_with_the_end_of_a_line() {
    let text = "title:\n\n- one\n- two\n";
    assert_eq!(after(text, "\n\n- one\n", "\n\n- 1\n"), "title:\n\n- 1\n- two\n");
}

#[test]
fn line_breaks_stay_what_they_are() {
    assert_eq!(after("a\r\nb\r\nc\r\n", "a\nb", "a\nx\ny"), "a\r\nx\r\ny\r\nc\r\n");
    assert_eq!(after("a\rb\rc", "b\nc", "b\nx\nc"), "a\rb\rx\rc");
    assert_eq!(after("a\nb\r\nc\n", "a\nb\nc", "A\nB\nC"), "A\nB\r\nC\n");
    assert_eq!(after("a\nb\n", "a\r\nb", "a\r\nx\r\nb"), "a\nx\nb\n");
    assert_eq!(ambiguous("x\ny\r\nx\r\ny\n", "x\ny", "z"), [1, 3]);
}

#[test]
fn the_mark_and_the_end_of_the_text_stay() {
    assert_eq!(after("\u{feff}a\nb", "a\nb\n", "x\nb\n"), "\u{feff}x\nb");
    assert_eq!(after("\u{feff}a\nb", "b", "c"), "\u{feff}a\nc");
    assert_eq!(after("a\nb", "b\n", "b\nc\n"), "a\nb\nc");
    assert_eq!(after("a\nb\n", "b\n", "c"), "a\nc\n");
    assert_eq!(after("a\nb", "b", "c\n"), "a\nc");
    assert_eq!(after("a\nb\nc", "b", ""), "a\nc");
    assert_eq!(after("a\nb", "b", ""), "a");
    assert_eq!(after("a", "a", ""), "");
    // A blank line that is quoted behind it is not there.
    assert_eq!(after("a \nb", "a\nb\n\n", "a\nb\nx"), "a \nb\nx");
}

#[test]
fn a_line_that_is_cut_is_not_preferred_to_one_that_is_whole() {
    let text = "  a(1)\n    b(2)\n\n a(1)\n  b(2) + 1\n";
    assert_eq!(ambiguous(text, "a(1)\n  b(2)", "a(1)\n  b(3)"), [1, 4]);
}

#[test]
fn new_lines_stay_on_their_side_of_blank_ones() {
    assert_eq!(after("a\n\n\nb\n", "a\n\nb", "a\n\nx\nb"), "a\n\n\nx\nb\n");
    assert_eq!(after("a\n\n\nb\n", "a\n\nb", "a\nx\n\nb"), "a\nx\n\n\nb\n");
    assert_eq!(after("a \n\nb\n", "a\nb", "a\nx\nb"), "a \nx\n\nb\n");
}

#[test]
fn blank_lines_alone_can_come_and_go() {
    assert_eq!(after("a\nb\n", "a\nb", "a\n\nb"), "a\n\nb\n");
    assert_eq!(after("a\n\nb\n", "a\n\nb", "a\nb"), "a\nb\n");
    assert_eq!(after("a \n\n\nb\n", "a\n\n\nb", "a\n\nb"), "a \n\nb\n");
    assert_eq!(after("a \nb\n\nc\n", "a\nb\n\n", "a\nb\n"), "a \nb\nc\n");
    assert_eq!(after("c\n\na \nb\n", "\na\nb", "a\nb"), "c\na \nb\n");
}

#[test]
fn new_lines_come_among_blank_ones_where_they_were_put() {
    let (old, new) = ("a\n\n\nb", "a\n\nx\n\nb");
    assert_eq!(after("a \n\n\nb\n", old, new), "a \n\nx\n\nb\n");
    assert_eq!(after("a \nb\n", old, new), "a \nx\nb\n");
    assert_eq!(after("a \nb\n", "a\n\nb", "a\nx\nb"), "a \nx\nb\n");
    let behind = after("a \nb\n\n\nc\n", "a\nb\n\n\n", "a\nb\n\n\nx\n");
    assert_eq!(behind, "a \nb\n\n\nx\nc\n");
    let before = after("c\n\n\na \nb\n", "\n\na\nb", "x\n\n\na\nb");
    assert_eq!(before, "c\nx\n\n\na \nb\n");
}

#[test]
fn white_space_within_lines_stays_and_can_be_what_changes() {
    let (text, old, new) = ("x  =  1\ny\n", "x = 1\ny", "x = 2\ny");
    assert_eq!(after(text, old, new), "x  =  2\ny\n");
    assert_eq!(how(text, old, new), [Tolerance::Spaces]);
    assert_eq!(after("a\tb\ny\n", "a b\ny", "a b\nz"), "a\tb\nz\n");
    assert_eq!(how("a\tb\ny\n", "a b\ny", "a b\nz"), [Tolerance::Spaces]);
    assert_eq!(after("a\n  x\nb\n", "a\n  x\nb", "a\n    x\nb"), "a\n    x\nb\n");
}

#[test]
fn a_quote_without_its_first_indentation_is_taken_by_the_letter() {
    let text = "def a():\n    foo()\n";
    assert_eq!(after(text, "foo()", "foo()\n    bar()"), "def a():\n    foo()\n    bar()\n");
}

#[test]
fn a_part_of_a_line_is_not_preferred_to_a_line_that_was_quoted() {
    assert_eq!(ambiguous("x = foo;\n\tfoo;\n", " foo;", " bar;"), [1, 2]);
    // What does not look like a line is a part of one.
    assert_eq!(after("f(  a)\nx = f( a);\n", "f( a)", "f( b)"), "f(  a)\nx = f( b);\n");
    // A word that goes on is not the reason, if there are lines that fit.
    let lines = ambiguous("\tx = foo\n x = foo\n  x = foobar\n", "  x = foo", "  x = baz");
    assert_eq!(lines, [1, 2]);
}

#[test]
fn a_line_between_two_changes_may_be_gone() {
    let text = "one(a);\ntwo(b);\nfour(d);\nfive(e);\n";
    let old = "one(a);\ntwo(b);\nthree(c);\nfour(d);\nfive(e);";
    let new = old.replace("two", "2").replace("four", "4");
    assert_eq!(after(text, old, &new), "one(a);\n2(b);\n4(d);\nfive(e);\n");
    assert_eq!(how(text, old, &new), [Tolerance::StaleLines]);
    // Or be another one.
    let text = text.replace("four", "if other {\nfour");
    assert_eq!(how(&text, old, &old.replace("five", "5")), [Tolerance::StaleLines]);
}

#[test]
fn lines_that_are_added_at_the_end_of_a_quote_are_not_added_again() {
    let old = "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 2";
    let new = old.replace("/ 2", "/ 3\n    log(total);");
    let text = CODE.replace("first(items: &[u32])", "first(items: &[u64])");
    let text = text.replace("/ 2", "/ 3\n    log(total);");
    assert!(is_made(&text, old, &new));
    // What is to go and was never there is not made.
    assert_eq!(refusal("x = foo\n", "x = foo + bar * 3", "x = foo"), Refusal::NotFound);
}

#[test]
fn a_part_of_a_line_with_other_typography_ends_where_it_was_quoted() {
    let text = "say \u{201c}one\u{201d}, then\n";
    assert_eq!(after(text, "\"one\"", "\"one\"!"), "say \u{201c}one\u{201d}!, then\n");
}

#[test]
fn lines_are_stale_only_if_they_were_quoted() {
    let stale = |seen: &str, shown: Range<u32>, now: &str, old: &str, new: &str| {
        let seen = Seen { text: seen, lines: std::slice::from_ref(&shown) };
        let (_, placed) = placed(now, &[wanted(old, new)], Some(&seen)).unwrap();
        placed.placements[0].tolerated.contains(&Tolerance::StaleLines)
    };
    let now = CODE.replace("max(items)", "max(rows)");
    assert!(!stale(CODE, 0..9, &now, "    most * 3", "    most * 4"));
    // It stands elsewhere as it was quoted, but not where the change is made.
    let (old, new) = ("a\nb 1\nc", "a\nb 2\nc");
    let text = "title\na\nb 1\nc\n\na\nb 1\nc\n";
    assert!(stale(text, 0..4, &text.replacen("\na\n", "\nA\n", 1), old, new));
    assert!(stale(text, 4..8, &text.replace("\n\na\n", "\n\nA\n"), old, new));
}

#[test]
fn of_what_was_read_only_whole_quotes_count() {
    let expected = TWINS.replace("[backup]\nport = 80", "[backup]\nport = 81");
    assert_eq!(read(TWINS, 5..7, TWINS, "= 80", "= 81").unwrap(), expected);
    let text = "a 1\nb\nx\na 1\nb\n";
    let expected = "a 2\nb\nx\na 1\nb\n";
    assert_eq!(read(text, 0..4, text, " a 1\n b", " a 2\n b").unwrap(), expected);
}

#[test]
fn a_line_break_alone_can_go_or_come() {
    assert_eq!(after("f(\n)\n", "f(\n", "f("), "f()\n");
    assert_eq!(after("a\nb\n", "a", "a\n"), "a\n\nb\n");
}

#[test]
fn typography_may_differ() {
    let curly = "say \u{201c}one\u{201d} \u{2013} don\u{2019}t\nnext\n";
    assert_eq!(
        after(curly, "say \"one\" - don't\nnext", "say \"two\" - don't\nnext"),
        "say \u{201c}two\u{201d} \u{2013} don\u{2019}t\nnext\n"
    );
    assert_eq!(after(curly, "\"one\" -", "\"two\" -"), curly.replace("one", "two"));
    let plain = "say(\"one\")\nnext()\n";
    assert_eq!(
        after(
            plain,
            "say(\u{201c}one\u{201d})",
            "say(\u{201c}one\u{201d})\nsay(\u{201c}two\u{201d})"
        ),
        "say(\"one\")\nsay(\"two\")\nnext()\n"
    );
    let (old, new) = ("(\u{201c}one\u{201d}", "(\u{201c}one\u{201d}, \u{201c}two\u{201d}");
    assert_eq!(after(plain, old, new), "say(\"one\", \"two\")\nnext()\n");
    let lines = "say(\"one\")\nif a:\n";
    let old = "say(\u{201c}one\u{201d})\nif a:";
    let new = "say(\u{201c}one\u{201d})\nif a and b == \u{2019}c\u{2019}:";
    assert_eq!(after(lines, old, new), "say(\"one\")\nif a and b == 'c':\n");
    assert_eq!(after("a\u{a0}b = 1\n", "a b = 1", "a b = 2"), "a\u{a0}b = 2\n");
    assert_eq!(how(plain, "say(\u{201c}one\u{201d})", "x"), [Tolerance::Typography]);
    assert_eq!(ambiguous("\u{2019}a\u{2019} \u{2018}a\u{2018}\n", "'a'", "b"), [1, 1]);
}

#[test]
fn typographic_signs_that_are_wanted_come_in() {
    let curly = "say \u{201c}one\u{201d}\nnext\n";
    assert_eq!(after("say one\nnext\n", "say one\nnext", curly.trim_end()), curly);
    assert_eq!(
        after("\tsay one\n\tnext\n", "say one\nnext", curly.trim_end()),
        "\tsay \u{201c}one\u{201d}\n\tnext\n"
    );
}

#[test]
fn artefacts_are_undone() {
    assert_eq!(after("a\nb\nc\n", r"a\r\nb", r"a\r\nx"), "a\nx\nc\n");
    assert_eq!(after("a(\"x\")\nb\n", r#"a(\"x\")"#, r#"a(\"y\")"#), "a(\"y\")\nb\n");
    assert_eq!(after("a\n\tb\nc\n", r"a\n\tb", r"a\n\tx\n\tb"), "a\n\tx\n\tb\nc\n");
    assert_eq!(
        after("if a < b && c {\n", "if a &lt; b &amp;&amp; c {", "if a &gt; b {"),
        "if a > b {\n"
    );
    let numbered = "    7\tfn a() {\n    8\t    1\n    9\t}";
    assert_eq!(
        after("fn a() {\n    1\n}\n", numbered, "fn a() {\n    2\n}"),
        "fn a() {\n    2\n}\n"
    );
    assert_eq!(how("fn a() {\n    1\n}\n", numbered, "x"), [Tolerance::LineNumbers]);
    let shown = 0..3;
    let seen = Seen { text: "fn a() {\n    1\n}\n", lines: std::slice::from_ref(&shown) };
    let edit = wanted(numbered, "fn a() {\n    2\n}");
    let (_, carried) = placed("b\nfn a() {\n    1\n}\n", &[edit], Some(&seen)).unwrap();
    assert_eq!(carried.placements[0].tolerated, BTreeSet::from([Tolerance::LineNumbers]));
    // What the text says itself is no artefact.
    assert_eq!(after(r#"print("a\n")"#, r#"print("a\n")"#, r#"print("b\n")"#), r#"print("b\n")"#);
}

#[test]
fn neighbours_that_read_otherwise_stay_as_they_are() {
    let text = CODE.replace("fn first(items: &[u32])", "pub fn first(items: &[u64])");
    let old = "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 2\n";
    let new = old.replace("/ 2", "/ 3");
    assert_eq!(after(&text, old, &new), text.replace("/ 2", "/ 3"));
    assert_eq!(how(&text, old, &new), [Tolerance::StaleLines]);
    let without = CODE.replace("    let most = max(items);\n", "");
    let old = "fn second(items: &[u32]) -> u32 {\n    let most = max(items);\n    most * 3\n}";
    assert_eq!(after(&without, old, &old.replace("* 3", "* 4")), without.replace("* 3", "* 4"));
    let more = CODE.replace("    total / 2\n", "    // halved\n    total / 2\n");
    let old = "    let total = sum(items);\n    total / 2\n}";
    assert_eq!(after(&more, old, &old.replace("/ 2", "/ 3")), more.replace("/ 2", "/ 3"));
}

#[test]
fn a_moved_block_is_found_where_it_is() {
    let (first, second) = CODE.split_at(CODE.find("\nfn second").unwrap() + 1);
    let moved = format!("{second}\n{first}");
    assert_eq!(
        after(&moved, first.trim_end(), &first.trim_end().replace("/ 2", "/ 3")),
        moved.replace("/ 2", "/ 3")
    );
}

#[test]
fn a_line_that_somebody_changed_elsewhere_gets_both_changes() {
    let text = CODE.replace("sum(items);", "sum(items); // all of them");
    let old = "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 2";
    let new = old.replace("let total", "let mut total");
    assert_eq!(after(&text, old, &new), text.replace("let total", "let mut total"));
    assert_eq!(how(&text, old, &new), [Tolerance::Merged]);
    // A line that has nothing of it left is not a new form of it.
    let other = old.replace("let total = sum(items);", "bar()");
    assert_eq!(contradiction(&text, old, &other).0, 2);
    // It stays with its own line, if another one comes before it.
    let new = old.replace("    let total", "    let most = max(items);\n    let mut total");
    let expected = text.replace("    let total", "    let most = max(items);\n    let mut total");
    assert_eq!(after(&text, old, &new), expected);
}

#[test]
fn a_line_that_somebody_changed_in_the_same_place_is_not_written_over() {
    let text = CODE.replace("sum(items)", "count(items)");
    let old = "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);\n    total / 2";
    let new = old.replace("sum(items)", "mean(items)");
    assert_eq!(contradiction(&text, old, &new), (2, "    let total = count(items);".to_owned()));
    // Nor is a line that somebody put between those that are to go.
    let text = CODE.replace("    total / 2", "    log(total);\n    total / 2");
    let old = "    let total = sum(items);\n    total / 2\n}";
    assert_eq!(contradiction(&text, old, "    sum(items) / 2\n}").1, "    log(total);");
    // Nor a longer word.
    assert_eq!(refusal("x = foobar\n", "x = foo", "x = baz"), Refusal::CutsWord(1));
}

#[test]
fn a_quote_may_begin_and_end_within_a_line() {
    let text = "crème brûlée 5 €, or tea\ncafé 3 €, or tea\n";
    let after_ = after(text, "5 €, or tea\ncafé 3 €", "6 €, or tea\ncafé 4 €");
    assert_eq!(after_, "crème brûlée 6 €, or tea\ncafé 4 €, or tea\n");
    assert_eq!(after("f(a,\n  b);\n", "f(a,\n  b", "f(a,\n  c"), "f(a,\n  c);\n");
    assert_eq!(after("x = f(a,\n  b);\n", "f(a,\n", "g(a,\n"), "x = g(a,\n  b);\n");
    // What is changed in it is not a word that goes on.
    assert_eq!(after("one\nx = foobar\n", "one\nx = foo", "1\nx = foo"), "1\nx = foobar\n");
    assert_eq!(refusal("y\nx = foobar\n", "y\nx = foo", "y\nx = b"), Refusal::CutsWord(1));
    assert_eq!(refusal("barfoo\ny\n", "foo\ny", "b\ny"), Refusal::CutsWord(1));
    // One who has read it and quotes a part of it means that part, wherever it is now.
    let read_ = read(text, 0..2, &format!("tea\n{text}"), "€, or tea\ncafé 3", "$, or tea\ncafé 4");
    assert_eq!(read_.unwrap(), "tea\ncrème brûlée 5 $, or tea\ncafé 4 €, or tea\n");
    // What somebody went on writing there since is not taken for a part of it.
    let contradicts = Refusal::Contradicts { line: 2, stands: "x = 1.5".to_owned() };
    for (old, new) in [("y\nx = 1", "y\nx = 2"), ("x = 1", "x = 2")] {
        let refused = read("y\nx = 1\n", 0..2, "y\nx = 1.5\n", old, new);
        assert_eq!(refused, Err(contradicts.clone()));
    }
}

#[test]
fn a_line_that_is_gone_is_refused_with_what_stands_where_it_was() {
    let text = CODE.replace("    most * 3\n", "");
    let old = "fn second(items: &[u32]) -> u32 {\n    let most = max(items);\n    most * 3\n}";
    assert_eq!(contradiction(&text, old, &old.replace("* 3", "* 4")), (8, "}".to_owned()));
}

#[test]
fn new_lines_do_not_come_between_lines_that_are_new_too() {
    let text = CODE.replace("    total / 2", "    log(total);\n    total / 2");
    let old = "    let total = sum(items);\n    total / 2\n}";
    let new = "    let total = sum(items);\n    check(total);\n    total / 2\n}";
    assert_eq!(contradiction(&text, old, new), (3, "    log(total);".to_owned()));
    // Nor behind a line that was changed, where nothing tells what follows it.
    let text = CODE.replace("sum(items)", "sum(rows)");
    let old = "fn first(items: &[u32]) -> u32 {\n    let total = sum(items);";
    let new = format!("{old}\n    check(total);");
    assert_eq!(contradiction(&text, old, &new), (2, "    let total = sum(rows);".to_owned()));
    // Nor before one, where nothing tells what comes before it.
    let text = CODE.replace("/ 2", "/ 2 + 1");
    let old = "    total / 2\n}\n\nfn second(items: &[u32]) -> u32 {";
    let new = format!("    check(total);\n{old}");
    assert_eq!(contradiction(&text, old, &new), (3, "    total / 2 + 1".to_owned()));
}

#[test]
fn a_change_whose_lines_are_gone_is_not_made_beside_them() {
    // Blank lines in the new text part one change, they do not make two of it.
    let text = "config2 = config2 || {};\n\nfunction merged() {\n    return config2;\n}\n";
    let old = "config2 = config2 || {};\nconst config = {};\n\nfunction merged() {";
    let new = "config2 = config2 || {};\n\n// Without a prototype.\nconst config = create(null);\n\nfunction merged() {";
    assert_eq!(contradiction(text, old, new).0, 2);
    // The line stands elsewhere; around it nothing is as quoted, and all that is quoted is here.
    let text = "[one]\nopen = true\nname = one\n\n[two]\nname = two\nsize = large\n";
    let old = "[two]\nopen = true\nname = two\nsize = large";
    let new = "[two]\nopen = false\nname = two\nsize = large";
    assert_eq!(ambiguous(text, old, new), [2, 5]);
    // One line does not stand for two that are alike.
    for (second, tail) in [("b", ""), ("b", "tail(y);\n"), ("a", "tail(y);\n")] {
        let text = format!("head(x);\ncall(a);\nother(things);\n{tail}");
        let quoted = |second| format!("head(x);\ncall(a);\ncall({second});\n{tail}");
        assert_eq!(contradiction(&text, &quoted(second), &quoted("c")).0, 3);
    }
    // Nor does a bracket make the lines around it those that are quoted.
    let text = "    }\n    #[cfg(std)]\n    one(a);\n    two(a);\n    three(a);\n    four(a);\n    }\n}\n\nimpl Default for Chain {\n";
    let old = "    }\n}\n\n#[cfg(std)]\nimpl Default for Chain {";
    assert_eq!(refusal(text, old, &old.replace("std", "any(std)")), Refusal::NotFound);
}

#[test]
fn a_place_with_more_of_what_is_around_the_change_is_another_one() {
    let old = "[two]\nopen = true, and shown to everyone\nname = b\nsize = c\n";
    let new = old.replace("true", "false");
    let far: String = (0..9).map(|line| format!("{line}\n")).collect();
    let gone = "[two]\nname = b\nsize = c\n";
    let text = format!("{}{far}{gone}", old.replace("size = c", "size = d"));
    assert_eq!(ambiguous(&text, old, &new), [2, 14]);
    // As much is not more.
    let text = format!("{}{far}{gone}", old.replace("name", "more = yes\nname"));
    assert_eq!(after(&text, old, &new), text.replace("true", "false"));
}

#[test]
fn a_long_quote_is_not_looked_for_by_nearness() {
    let lines = |count: u32| (0..count).map(|line| format!("line {line}\n")).collect::<String>();
    let (text, old) = (lines(300).replace("line 7\n", "line seven\n"), lines(200));
    let wanted = |old: &str| old.replace("line 100\n", "line C\n");
    assert_eq!(after(&text, &old, &wanted(&old)), wanted(&text));
    let old = lines(201);
    assert_eq!(refusal(&text, &old, &wanted(&old)), Refusal::NotFound);
}

#[test]
fn a_changed_line_is_recognised_between_its_neighbours_only() {
    let text = "@overload\ndef get(silent: Literal[False] = False) -> Context:\n    ...\n\n@overload\n\ndef get(silent: bool = False):\n";
    let old = "@overload\ndef get(silent: bool = ...) -> Context:\n    ...\n\ndef get(silent: bool = False):";
    let new =
        "@overload\ndef get(silent: bool = ...) -> Context: ...\n\ndef get(silent: bool = False):";
    placed(text, &[wanted(old, new)], None).expect_err("it is not that line");
}

const TWINS: &str = "\
[server]
port = 80
host = localhost
log = true

[backup]
port = 80
host = elsewhere
log = true
";

#[test]
fn of_two_that_are_nearly_the_same_none_is_guessed() {
    assert_eq!(
        ambiguous(
            TWINS,
            "port = 80\nhost = other\nlog = true",
            "port = 81\nhost = other\nlog = true"
        ),
        [2, 7]
    );
    assert_eq!(ambiguous(TWINS, " log = true", " log = false"), [4, 9]);
    assert_eq!(
        after(TWINS, "host = elsewhere\nlog = true", "host = elsewhere\nlog = no"),
        TWINS.replace("elsewhere\nlog = true", "elsewhere\nlog = no")
    );
}

#[test]
fn hostile_texts_are_answered_soon() {
    let same = "a b\n".repeat(200_000);
    assert_eq!(refusal(&same, &("a b\n".repeat(50) + "c"), "x"), Refusal::NotFound);
    assert_eq!(ambiguous(&same, &" a  b\n".repeat(199), "x").len(), MAX_LINES);
    let lines: String =
        (0..100_000).map(|line| format!("line {} of many\n", line % 1_000)).collect();
    let old: String = (0..150)
        .map(|line| format!("line {} of many, but other\nline {line} of many\n", line % 1_000))
        .collect();
    assert_eq!(refusal(&lines, &old, "x"), Refusal::NotFound);
}

#[test]
fn runs_are_found_where_they_begin_anew_within_themselves() {
    assert_eq!(lines::runs(&[1, 2, 1, 2, 3], &[1, 2, 1, 2, 1, 2, 3], 9), [2]);
    assert_eq!(lines::runs(&[1, 2, 1, 2, 3], &[1, 2, 1, 2, 3, 1, 2, 3], 9), [0]);
    assert_eq!(lines::runs(&[1, 1], &[1, 1, 1, 0, 1, 1], 9), [0, 1, 4]);
    assert_eq!(lines::runs(&[1, 1, 2], &[1, 1, 1, 2, 1, 1, 2], 1), [1]);
}

#[test]
fn lines_become_those_that_are_most_alike_in_sum() {
    let pairs = |alike: &[&[f32]]| {
        let others = alike.first().map_or(0, |row| row.len());
        fit::best_pairs(alike.len(), others, |one, other| alike[one][other])
    };
    let crossing: [&[f32]; 3] = [&[0.0, 0.0, 0.9], &[0.5, 0.0, 0.0], &[0.0, 0.8, 0.0]];
    assert_eq!(pairs(&crossing), [(1, 0), (2, 1)]);
    assert_eq!(pairs(&[&[0.5, 0.0, 0.9]]), [(0, 2)]);
    assert_eq!(pairs(&[&[0.5], &[0.39], &[0.9]]), [(2, 0)]);
    assert_eq!(pairs(&[&[0.39, 0.39], &[0.39, 0.39]]), []);
    assert_eq!(pairs(&[&[0.9, 0.8], &[0.75, 0.7]]), [(0, 0), (1, 1)]);
}

#[test]
fn blank_lines_quoted_behind_a_last_line_without_a_break_change_nothing_else() {
    assert!(is_made("a\nb", "a\nb\n\n", "a\nb\n"));
    assert!(is_made("a\nendß", "a\nendß\n\n", "a\nendß\n"));
}

fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[ \t]{0,3}[abc]{0,2}[ \u{2019}';]{0,2}", 0..12)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn bytes_outside_of_the_change_never_change(
        text in words(), old in words(), new in words(), crlf: bool, mark: bool,
    ) {
        let mut text = if crlf { text.replace('\n', "\r\n") } else { text };
        if mark {
            text.insert(0, '\u{feff}');
        }
        if let Ok((result, placed)) = placed(&text, &[wanted(&old, &new)], None) {
            prop_assert_eq!(result.starts_with('\u{feff}'), mark || new.starts_with('\u{feff}'));
            // A text in one line does not say which line breaks it has.
            if crlf && text.contains('\n') {
                prop_assert_eq!(result.matches('\n').count(), result.matches("\r\n").count());
            }
            // No replacement replaces a text by itself, or more than the letters that differ.
            for change in &placed.replacements {
                prop_assert_ne!(&text[change.start..change.end], &change.text);
            }
        }
    }

    #[test]
    fn a_line_that_stands_once_is_found_however_it_is_indented(
        before in 0..5_usize, after in 0..5_usize, indent in "[ \t]{0,6}", other in "[ \t]{0,6}",
    ) {
        let text = |line: &str| "x = 1;\n".repeat(before) + line + &"\n\ty = 2;".repeat(after);
        let old = format!("{other}let unique = 3;");
        let now = text(&format!("{indent}let unique = 3;"));
        let (result, _) = placed(&now, &[wanted(&old, &old.replace('3', "4"))], None).unwrap();
        prop_assert_eq!(result, text(&format!("{indent}let unique = 4;")));
    }

    #[test]
    fn what_was_read_is_carried_through_lines_typed_elsewhere(
        lines in proptest::collection::vec("[ab]{0,2}", 3..9), at in 0..100_usize, typed in 0..100_usize,
    ) {
        let at = at % lines.len();
        let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let mut marked = lines.clone();
        marked[at] = "the line".to_owned();
        let mut now = marked.clone();
        now.insert(typed % (lines.len() + 1), "typed".to_owned());
        let expected = text(&now).replace("the line", "a line");
        let seen = u32::try_from(lines.len()).unwrap();
        prop_assert_eq!(read(&text(&marked), 0..seen, &text(&now), "the line", "a line").unwrap(), expected);
    }
}
