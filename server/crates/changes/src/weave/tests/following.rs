//! Documents that change by something that does not tell how.

use super::Woven;
use crate::{Followed, diff};

mod places;
mod properties;

impl Woven {
    /// The document has another text.
    fn becomes(&mut self, after: &str) -> Followed {
        let followed = self.weave.follow(&self.text, after).unwrap();
        self.text = after.into();
        assert_eq!(self.weave.len(), after.len());
        followed
    }

    /// A hunk that makes the document another one.
    fn proposes(&mut self, goal: &str) -> usize {
        self.weave.propose(&diff(&self.text, goal), &[]).unwrap()
    }

    fn writes(&mut self, goal: &str) -> usize {
        let hunk = self.proposes(goal);
        assert_eq!(self.show(hunk), goal);
        hunk
    }

    fn is_lost(&mut self, hunk: usize, shown: bool) {
        let text = self.text.clone();
        assert_eq!(self.switch(&[hunk], shown).len(), 1);
        assert_eq!(self.text, text);
    }
}

fn followed(made: &[usize], taken_back: &[usize], lost: &[usize]) -> Followed {
    Followed { made: made.to_vec(), taken_back: taken_back.to_vec(), lost: lost.to_vec() }
}

const TEXT: &str = "\
fn first() {
    call(1);
    done();
}

fn second() {
    call(2);
    done();
}
";

#[test]
fn a_hunk_stays_where_the_document_changed_elsewhere() {
    let goal = TEXT.replace("call(2)", "call(22)");
    let after = TEXT.replace("fn first() {\n", "// Now with this.\nfn first(one: u8) {\n");
    let both = after.replace("call(2)", "call(22)");
    let mut it = Woven::new(TEXT);
    let hunk = it.proposes(&goal);
    assert_eq!(it.becomes(&after), Followed::default());
    assert_eq!(it.show(hunk), both);
    let mut it = Woven::new(TEXT);
    let hunk = it.writes(&goal);
    assert_eq!(it.becomes(&both), Followed::default());
    assert_eq!(it.hide(hunk), after);
}

#[test]
fn a_hunk_stays_between_changes_of_others() {
    let rest: String = (0..9).map(|n| format!("const NUMBER_{n}: u8 = {n};\n")).collect();
    let changed = |text: &str| text.replace("ER_1:", "ER_ONE:").replace("ER_8:", "ER_EIGHT:");
    let goal = rest.replace("const NUMBER_4: u8 = 4;\n", "const NUMBER_FOUR: u8 = 44;\nthere();\n");
    let mut it = Woven::new(&rest);
    let hunk = it.proposes(&goal);
    assert_eq!(it.becomes(&changed(&rest)), Followed::default());
    assert_eq!(it.show(hunk), changed(&goal));
    let mut it = Woven::new(&rest);
    let hunk = it.writes(&goal);
    assert_eq!(it.becomes(&changed(&goal)), Followed::default());
    assert_eq!(it.hide(hunk), changed(&rest));
}

#[test]
fn lines_equal_by_chance_are_in_the_way_of_hunks_beside_them_only() {
    let before = format!("{TEXT}\nfn third() {{\n    one(1);\n}}\nlet other = 1;\n");
    let after = format!("{TEXT}\nfn behind(it: u8) {{\n    two(2);\n}}\nlet more = 2;\n");
    let mut it = Woven::new(&before);
    let hunk = it.proposes(&before.replace("call(1)", "call(11)"));
    assert_eq!(it.becomes(&after), Followed::default());
    assert_eq!(it.show(hunk), after.replace("call(1)", "call(11)"));
}

#[test]
fn where_the_same_lines_changed_nothing_is_placed() {
    let goal = TEXT.replace("call(2)", "call(22)");
    let mut it = Woven::new(TEXT);
    let hunk = it.proposes(&goal);
    let after = TEXT.replace("call(2)", "call(3)");
    assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
    it.is_lost(hunk, true);
    let mut it = Woven::new(TEXT);
    let hunk = it.writes(&goal);
    assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
    it.is_lost(hunk, false);
}

#[test]
fn what_changed_elsewhere_in_a_line_goes_with_the_hunk() {
    let mut it = Woven::new("fn total(items: &[u8]) -> u8 {\n    sum(items)\n}\n");
    let hunk = it.proposes("fn total(items: &[u8]) -> u16 {\n    sum(items)\n}\n");
    it.becomes("pub fn total(items: &[u8]) -> u8 {\n    sum(items)\n}\n");
    assert_eq!(it.show(hunk), "pub fn total(items: &[u8]) -> u16 {\n    sum(items)\n}\n");
    // `1.5` is no new form of `1`.
    let mut it = Woven::new("limit = 1;\n");
    let hunk = it.proposes("limit = 2;\n");
    it.becomes("limit = 1.5;\n");
    it.is_lost(hunk, true);
}

#[test]
fn a_line_of_both_is_merged_among_lines_of_others() {
    let lines: Vec<String> = (0..200).map(|n| format!("let value_{n} = read({n});\n")).collect();
    // Runs that the lines which are looked at for the merge begin and end in, and one before.
    let mut others = lines.clone();
    others[3] = "one();\ntwo();\n".into();
    others[47..53].fill("other();\n".into());
    others[52] = "last_of_it();\n".into();
    others.splice(48..50, []);
    let end = others.len() - 48;
    others[end - 3..end + 3].fill("more();\nof_it();\n".into());
    for n in [70, 100, 190] {
        let (old, new) = (format!("read({n})"), format!("write({n})"));
        let changed = |lines: &[String]| lines.concat().replace(&old, &new);
        let typed =
            |text: String| text.replace(&format!("let value_{n} "), &format!("let it_{n} "));
        let mut it = Woven::new(&lines.concat());
        let hunk = it.proposes(&changed(&lines));
        assert_eq!(it.becomes(&typed(others.concat())), Followed::default());
        assert_eq!(it.show(hunk), typed(changed(&others)));
    }
}

#[test]
fn lines_of_others_in_what_a_hunk_wrote_stay() {
    let goal = TEXT.replace("call(2);\n", "call(2);\n    one_more();\n    two_more();\n");
    let typed = |text: &str, behind: &str| text.replace(behind, &format!("{behind}    typed();\n"));
    let mut it = Woven::new(TEXT);
    let hunk = it.writes(&goal);
    assert_eq!(it.becomes(&typed(&goal, "one_more();\n")), Followed::default());
    assert_eq!(it.hide(hunk), typed(TEXT, "call(2);\n"));
}

#[test]
fn an_emptied_document_has_no_place_for_a_hunk() {
    let mut it = Woven::new(TEXT);
    let hunk = it.proposes(&TEXT.replace("call(2)", "call(22)"));
    assert!(!it.weave.is_empty());
    assert_eq!(it.becomes(""), followed(&[], &[], &[hunk]));
    assert!(it.weave.is_empty());
    it.is_lost(hunk, true);
}

#[test]
fn a_place_within_the_slide_of_a_change_is_not_certain() {
    let before = "start of it\nrow\nrow\nrow\nend of it\n";
    for after in
        ["start of it\nrow\nrow\nend of it\n", "start of it\nrow\nrow\nrow\nrow\nend of it\n"]
    {
        let mut it = Woven::new(before);
        let hunk = it.proposes("start of it\nrow\nROW\nrow\nend of it\n");
        assert_eq!(it.becomes(after), followed(&[], &[], &[hunk]));
        it.is_lost(hunk, true);
    }
    // Which function is the new one? The hunk goes behind the first line of one.
    let one = "it(\"adds\", () => {\n  check(1);\n});\n\n";
    let before = format!("{one}// The end.\n");
    let mut it = Woven::new(&before);
    let hunk = it.proposes(&before.replace("{\n  check", "{\n  prepare();\n  check"));
    it.becomes(&format!("{one}{before}"));
    it.is_lost(hunk, true);
}

/// What led from one text to the other, neither of them says: each has another history, in which
/// the hunk belongs elsewhere.
#[test]
fn lines_that_are_there_often_are_no_place() {
    let front = "}\n}\n}\n}\n}\n    let name = 0;\n\n";
    let cases = [
        // Two lines added at the end, or one before the hunk and one at the end.
        (format!("}}\n{front}}}\n[}}\n\n]}}\n"), format!("{front}}}\n}}\n}}\n\n")),
        // The second line gone, or one more line and one added at the end.
        ("}\nrow,\ndone;\ndone;\n[}\n}\n]done;\n}\n".into(), "}\ndone;\ndone;\ndone;\n}\n".into()),
        // One line gone, or three rewritten and one added behind the hunk.
        (
            "let name = 0;\ndone;\n\n}\n}\n[}\n}\n\n]}\nlet other = 1;\n".into(),
            "let name = 0;\n\n}\n}\n}\nlet other = 1;\n".into(),
        ),
        // Two lines gone, or two rewritten and one gone.
        (
            "}\nrow,\n}\n}\ndone;\n[row,\n]done;\ndone;\nrow,\nrow,\n".into(),
            "}\nrow,\ndone;\ndone;\ndone;\nrow,\nrow,\n".into(),
        ),
    ];
    for (before, after) in cases {
        let (front, rest) = before.split_once('[').unwrap();
        let (gone, rest) = rest.split_once(']').unwrap();
        let mut it = Woven::new(&format!("{front}{gone}{rest}"));
        let hunk = it.write(front.len(), front.len() + gone.len(), "");
        assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
        it.is_lost(hunk, false);
    }
}

#[test]
fn a_line_that_is_equal_by_chance_is_no_place() {
    let before = "fn before_it() {}\n\nfn first() {\n    one(1);\n}\n\nfn behind_it() {}\n";
    let after = "fn before_it() {}\n\nstruct Other {\n    field: u8,\n}\n\nfn behind_it() {}\n";
    let mut it = Woven::new(before);
    let hunk = it.proposes(&before.replace("    one(1);\n}", "    one(1);\n};"));
    it.becomes(after);
    it.is_lost(hunk, true);
}

#[test]
fn both_at_one_point_have_no_order() {
    let mut it = Woven::new(TEXT);
    let hunk = it.proposes(&TEXT.replace("fn second", "fn third() {}\n\nfn second"));
    it.becomes(&TEXT.replace("fn second", "fn other() -> u8 { 1 }\n\nfn second"));
    it.is_lost(hunk, true);
}

#[test]
fn what_a_checkout_took_back_is_nobodys() {
    let goal =
        TEXT.replace("    call(2);\n", "    call(22);\n    more();\n").replace("}\n\n", "}\n");
    let mut it = Woven::new(TEXT);
    let mut hunks = Vec::new();
    for hunk in crate::hunks(&TEXT.into(), &diff(TEXT, &goal)).unwrap() {
        hunks.push(it.weave.propose(&hunk, &hunks).unwrap());
    }
    assert_eq!((it.switch(&hunks, true), it.text.as_str()), (vec![], goal.as_str()));
    assert_eq!(it.becomes(TEXT), followed(&[], &hunks, &[]));
    assert_eq!(it.written(), []);
    assert_eq!((it.switch(&hunks, false), it.text.as_str()), (vec![], TEXT));
    assert_eq!((it.switch(&hunks, true), it.text.as_str()), (vec![], goal.as_str()));
}

#[test]
fn a_checkout_of_something_else_takes_back_what_it_has_not() {
    let other = TEXT.replace("fn first", "// Another branch.\nfn first");
    let mut it = Woven::new(TEXT);
    let built_on = it.writes(&TEXT.replace("call(2);\n", "call(2);\n    more();\n"));
    let second = it.writes(&it.text.replace("more()", "more_of_it()"));
    assert_eq!(it.weave.needs_of(second), [built_on]);
    let kept = it.writes(&it.text.replace("call(1)", "call(11)"));
    let after = other.replace("call(1)", "call(11)");
    assert_eq!(it.becomes(&after), followed(&[], &[built_on, second], &[]));
    assert_eq!(it.hide(kept), other);
}

#[test]
fn what_somebody_else_made_counts_as_shown() {
    let goal = TEXT.replace("    done();\n}\n\n", "}\n\n").replace("call(2)", "call(22)");
    let mut it = Woven::new(TEXT);
    let gone = it.proposes(&TEXT.replace("    done();\n}\n\n", "}\n\n"));
    let changed = it.proposes(&TEXT.replace("call(2)", "call(22)"));
    assert_eq!(it.becomes(&goal), followed(&[gone, changed], &[], &[]));
    assert!(it.weave.is_shown(gone) && it.weave.is_shown(changed));
    assert_eq!(it.hide(changed), TEXT.replace("    done();\n}\n\n", "}\n\n"));
    assert_eq!(it.hide(gone), TEXT);
}

#[test]
fn a_hunk_goes_with_its_block() {
    let block = "/// Reads and writes.\nfn moved() {\n    let value = read();\n    check(value);\n"
        .to_owned()
        + "    write(value);\n}\n\n";
    let rest: String = (0..12).map(|n| format!("const NUMBER_{n}: u8 = {n};\n")).collect();
    let top = format!("// The top.\n{block}{rest}");
    let bottom = format!("// The top.\n{rest}{block}");
    let changed = |text: &str| text.replace("check(value)", "check(&value)");
    let mut it = Woven::new(&top);
    let hunk = it.proposes(&changed(&top));
    assert_eq!(it.becomes(&bottom), Followed::default());
    assert_eq!(it.show(hunk), changed(&bottom));
    assert_eq!(it.hide(hunk), bottom);
    let mut it = Woven::new(&top);
    let hunk = it.writes(&changed(&top));
    assert_eq!(it.becomes(&changed(&bottom)), Followed::default());
    assert_eq!(it.hide(hunk), bottom);
    assert_eq!(it.show(hunk), changed(&bottom));
    // Twice there, it is nowhere.
    let mut it = Woven::new(&top);
    let hunk = it.proposes(&changed(&top));
    it.becomes(&format!("{bottom}{block}"));
    it.is_lost(hunk, true);
    // And so it is where something came in its place.
    let mut it = Woven::new(&top);
    let hunk = it.proposes(&changed(&top));
    it.becomes(&bottom.replacen("// The top.\n", "// The top.\nfn moved_it_is() {}\n", 1));
    it.is_lost(hunk, true);
}

#[test]
fn a_move_of_one_hunk_leaves_the_others_what_they_are() {
    let block =
        "/// Reads.\nfn moved() {\n    let value = read();\n    check(value);\n    close();\n";
    let rest: String = (0..12).map(|n| format!("const NUMBER_{n}: u8 = {n};\n")).collect();
    let (top, bottom) = (
        format!("// The top.\n{block}}}\n\n{rest}// The end.\n"),
        format!("// The top.\n{rest}{block}}}\n\n// The end.\n"),
    );
    let elsewhere = |text: &str| text.replace("NUMBER_6: u8 = 6", "NUMBER_SIX: u8 = 6");
    let changed = |text: &str| text.replace("check(value)", "check(&value)");
    let mut it = Woven::new(&top);
    let (hunk, other) = (it.proposes(&changed(&top)), it.proposes(&elsewhere(&top)));
    assert_eq!(it.becomes(&bottom), Followed::default());
    assert_eq!(it.show(other), elsewhere(&bottom));
    assert_eq!(it.show(hunk), changed(&elsewhere(&bottom)));
    assert_eq!(it.hide(other), changed(&bottom));
    // What it replaced goes with it.
    let replaced = |text: &str| text.replace("check(value)", "verify(&value)");
    let mut it = Woven::new(&top);
    let hunk = it.writes(&replaced(&top));
    assert_eq!(it.becomes(&replaced(&bottom)), Followed::default());
    assert_eq!(it.hide(hunk), bottom);
    // Those that build on each other do not go.
    let mut it = Woven::new(&top);
    let first = it.writes(&changed(&top));
    let second = it.writes(&top.replace("check(value)", "check(&mut value)"));
    assert_eq!(it.weave.needs_of(second), [first]);
    let moved = bottom.replace("check(value)", "check(&mut value)");
    assert_eq!(it.becomes(&moved), followed(&[], &[], &[first, second]));
}

#[test]
fn a_block_says_where_it_is_by_three_lines_with_words() {
    let rest: String = (0..12).map(|n| format!("const NUMBER_{n}: u8 = {n};\n")).collect();
    for (block, is_telling) in [
        ("{{{\n((\n[[\none(1);\n]]\n))\nlast_of_it();\n", false),
        ("{{{\n((\n[[\none(1);\n]]\nbut_one();\nlast_of_it();\n", true),
    ] {
        let (top, bottom) = (
            format!("// The top.\n{block}{rest}// The end.\n"),
            format!("// The top.\n{rest}{block}// The end.\n"),
        );
        let mut it = Woven::new(&top);
        let hunk = it.proposes(&top.replace("one(1)", "one(2)"));
        let lost = if is_telling { vec![] } else { vec![hunk] };
        assert_eq!(it.becomes(&bottom), followed(&[], &[], &lost));
    }
}

#[test]
fn a_hunk_is_not_told_from_another_by_blank_lines() {
    let goal = TEXT.replace("fn second", "const ONE: u8 = 1;\n\nfn second");
    let mut it = Woven::new(TEXT);
    let hunk = it.writes(&goal);
    it.becomes(&goal.replace("1;\n\n", "1;\n// Somebody's.\n"));
    it.is_lost(hunk, false);
    // The last line of the hunk ends with what was there before.
    let before = "let value = first(1);\nother();\n";
    let goal = "let value = all(\n    first(1);\n);\nother();\n";
    let mut it = Woven::new(before);
    let hunk = it.writes(goal);
    it.becomes(&goal.replace("\n);\n", "\n// Somebody's.\n"));
    it.is_lost(hunk, false);
}

#[test]
fn what_stands_there_otherwise_was_not_taken_back() {
    let before = "fn first() {\n    one(1);\n}\n\n\nconst LAST: u8 = 1;\n";
    let goal = before.replace("const", "if checking {\n    import(it);\n}\n\n\nconst");
    let mut it = Woven::new(before);
    let hunk = it.writes(&goal);
    let after = goal.replace("    ", "  ").replace("}\n\n\nif", "} // first\n\n\nif");
    assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
    it.is_lost(hunk, false);
    // Its line may have gone one up or down, and be another now.
    let before = "let the_first = 1;\nlet the_second = 2;\nlet the_third = 3;\nlet the_last = 4;\n";
    let own = |place: &str, line: &str| before.replace(place, &format!("{line}\n{place}"));
    for place in ["let the_second", "let the_last"] {
        let mut it = Woven::new(before);
        let hunk = it.writes(&own("let the_third", "let own = 5;"));
        assert_eq!(it.becomes(&own(place, "let my_own = 55;")), followed(&[], &[], &[hunk]));
    }
}

#[test]
fn a_formatter_of_the_whole_file_does_no_damage() {
    let goal = TEXT.replace("    call(2);\n", "    call(22);\n    more();\n");
    for after in
        [TEXT.replace('\n', "\r\n"), TEXT.replace("    ", "\t"), TEXT.replace('\n', "\n\n")]
    {
        let mut it = Woven::new(TEXT);
        let hunk = it.proposes(&goal);
        assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
        it.is_lost(hunk, true);
        let mut it = Woven::new(&goal);
        let hunk = it.writes(TEXT);
        it.becomes(&after);
        it.is_lost(hunk, false);
    }
}

#[test]
fn another_text_than_that_of_the_weave_is_an_error() {
    let mut it = Woven::new(TEXT);
    let weave = it.weave.clone();
    assert!(it.weave.follow("other", TEXT).is_err());
    assert_eq!(it.weave, weave);
}

#[test]
fn a_document_that_became_another_one_altogether_keeps_no_hunk() {
    let lines = |word: &str| (0..15_000).map(|line| format!("{word} {line}\n")).collect::<String>();
    let before = lines("line") + "the line of the hunk\n";
    let after = lines("row") + "the line of the hunk\nand one more\n";
    let mut it = Woven::new(&before);
    let hunk = it.proposes(&before.replace("of the hunk", "that was changed"));
    assert_eq!(it.becomes(&after), followed(&[], &[], &[hunk]));
    it.is_lost(hunk, true);
}

#[test]
fn what_two_hunks_take_away_is_gone_only_if_it_is_gone() {
    let goal = TEXT.replace("    call(2);\n    done();\n", "");
    let after = TEXT.replace("call(2)", "call(3)");
    for shown in [false, true] {
        let mut it = Woven::new(TEXT);
        let hunks = [it.proposes(&goal), it.proposes(&goal)];
        if shown {
            assert_eq!(it.switch(&hunks, true), []);
        }
        assert_eq!(it.becomes(&after), followed(&[], &[], &hunks));
        hunks.into_iter().for_each(|hunk| it.is_lost(hunk, !shown));
    }
    let mut it = Woven::new(TEXT);
    let hunks = [it.proposes(&goal), it.proposes(&goal)];
    assert_eq!(it.becomes(&goal), followed(&hunks, &[], &[]));
    assert_eq!(it.becomes(TEXT), followed(&[], &hunks, &[]));
}

#[test]
fn what_was_typed_behind_a_line_changes_nothing_of_it() {
    let typed = |text: &str, line: &str| text.replace(line, &format!("{line} // typed"));
    let text = "fn first() {\n    let a = call(1);\n    let total = 0;\n    done();\n}\n";
    for (old, new, line) in [
        ("let total = 0;", "let total = 22;", "let total = 22;"),
        ("let total = 0;", "return sum(a)", "return sum(a)"),
        ("    let total = 0;\n", "", "let a = call(1);"),
    ] {
        let mut it = Woven::new(text);
        let hunk = it.writes(&text.replace(old, new));
        let after = typed(&it.text, line);
        assert_eq!(it.becomes(&after), Followed::default());
        assert_eq!(it.hide(hunk), typed(text, if new.is_empty() { line } else { old }));
    }
    let mut it = Woven::new(text);
    let hunk = it.proposes(&text.replace("call(1)", "call(2)"));
    let after = typed(text, "call(1);");
    assert_eq!(it.becomes(&after), Followed::default());
    assert_eq!(it.show(hunk), after.replace("call(1)", "call(2)"));
}

#[test]
fn a_line_that_goes_on_without_a_space_is_another_one() {
    let mut it = Woven::new("limit = 0\nend()\n");
    let hunk = it.writes("limit = 1\nend()\n");
    assert_eq!(it.becomes("limit = 1.5\nend()\n"), followed(&[], &[], &[hunk]));
    // Nor does it say which of two lines went on.
    let mut it = Woven::new("one(1)\nbetween()\nthree(3)\n");
    let hunk = it.writes("one(1)\nmore(2)\nbetween()\nthree(3)\n");
    let both = "one(1)\nmore(2) # a\nbetween()\nthree(3)\nmore(2) # b\n";
    assert_eq!(it.becomes(both), followed(&[], &[], &[hunk]));
}

#[test]
fn what_is_gone_was_not_taken_back() {
    let mut it = Woven::new("one two\n");
    let (gone, other) = (it.propose(4, 7, "2"), it.propose(4, 7, "second"));
    assert_eq!(it.show(gone), "one 2\n");
    it.types(4, 5, "");
    assert_eq!(it.becomes("one second\n"), followed(&[other], &[], &[]));
    assert_eq!(it.switch(&[gone], false), [(gone, crate::Obstacle::Gone)]);
    assert_eq!(it.hide(other), "one \n");
    assert_eq!(it.show(other), "one second\n");
}

/// A hunk, and one that replaced a line of its text and was typed away then.
fn typed_away() -> (Woven, usize, usize) {
    let mut it = Woven::new("one();\nend();\n");
    let first = it.write(7, 7, "fn x() {\n  thing();\n}\n");
    let gone = it.write(16, 27, "  item();\n");
    assert_eq!(it.weave.needs_of(gone), [first]);
    it.types(16, 26, "");
    (it, first, gone)
}

#[test]
fn nothing_builds_on_a_hunk_with_what_is_gone() {
    let (mut it, first, gone) = typed_away();
    let written = it.text.clone();
    assert_eq!(it.hide(first), "one();\nend();\n");
    assert_eq!(it.switch(&[gone], false), [(gone, crate::Obstacle::Gone)]);
    assert_eq!(it.show(first), written);
    assert_eq!(it.switch(&[first, gone], false), [(gone, crate::Obstacle::Gone)]);
    assert_eq!(it.text, "one();\nend();\n");
    let (mut it, first, _) = typed_away();
    assert_eq!(it.becomes("one();\nend();\n"), followed(&[], &[first], &[]));
    assert_eq!(it.show(first), written);
}

#[test]
fn what_builds_on_something_gone_builds_on_what_that_was_built_on() {
    let mut it = Woven::new("one();\nend();\n");
    let first = it.write(7, 7, "fn x() {\n  thing();\n}\n");
    let gone = it.write(16, 27, "  item();\n  more();\n");
    let last = it.write(26, 26, "  inside();\n");
    assert_eq!(it.weave.needs_of(last), [gone]);
    it.types(38, 48, "").types(16, 26, "");
    assert_eq!(it.text, "one();\nfn x() {\n  inside();\n}\nend();\n");
    assert_eq!(it.switch(&[first], false), [(first, crate::Obstacle::NeededBy(last))]);
    let mut other = it.clone();
    assert_eq!(it.switch(&[first, last], false), []);
    assert_eq!(it.text, "one();\nend();\n");
    assert_eq!(other.becomes("one();\nend();\n"), followed(&[], &[first, last], &[]));
}

#[test]
fn what_is_gone_does_not_come_back_without_what_it_was_built_on() {
    let mut it = Woven::new("one two three four five six\n");
    let first = it.write(0, 3, "first thing");
    let both = [super::replace(5, 11, ""), super::replace(32, 35, "SIX")];
    let gone = it.weave.propose(&both, &[]).unwrap();
    assert_eq!(it.show(gone), "first two three four five SIX\n");
    it.types(26, 29, "");
    assert_eq!(it.hide(first), "one two three four five \n");
    it.types(24, 24, "SIX");
    assert_eq!(it.switch(&[gone], false), [(gone, crate::Obstacle::Gone)]);
    assert_eq!(it.text, "one two three four five SIX\n");
}

#[test]
fn what_a_checkout_took_back_may_have_hidden_hunks_on_it() {
    let before = "one();\nend();\n";
    let mut it = Woven::new(before);
    let first = it.write(7, 7, "fn x() {\n  thing();\n}\n");
    let pending = it.propose(16, 27, "  item();\n");
    let mut other = it.clone();
    assert_eq!(it.becomes(before), followed(&[], &[first], &[]));
    assert_eq!(it.switch(&[first, pending], true), []);
    let goal = "one();\nfn x() {\n  item();\n}\nend();\n";
    assert_eq!(it.text, goal);
    // Others may as well have made the hidden one.
    assert_eq!(other.becomes(goal), followed(&[pending], &[], &[]));
}
