//! Documents that change by something that does not tell how.

use proptest::prelude::*;

use super::{Woven, replace};
use crate::{Followed, diff};

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
        assert_eq!(self.turn(&[hunk], shown).len(), 1);
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
    assert_eq!((it.turn(&hunks, true), it.text.as_str()), (vec![], goal.as_str()));
    assert_eq!(it.becomes(TEXT), followed(&[], &hunks, &[]));
    assert_eq!(it.weave.written(), []);
    assert_eq!((it.turn(&hunks, false), it.text.as_str()), (vec![], TEXT));
    assert_eq!((it.turn(&hunks, true), it.text.as_str()), (vec![], goal.as_str()));
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

/// Lines as code has them: some are there often, the others once.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("}\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("    return value;\n".to_owned()),
        1 => Just("    row,\n".to_owned()),
        4 => (0..60_u8).prop_map(|n| format!("    let name_{n} = {n};\n")),
    ]
}

fn lines(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(line(), 0..most)
}

/// Runs of lines that others take the place of: how many lines to skip, to replace, and with what.
type Changes = Vec<(usize, usize, Vec<String>)>;

fn changes(most: usize) -> impl Strategy<Value = Changes> {
    prop::collection::vec((0..7_usize, 0..4_usize, lines(4)), 1..most)
}

/// The changes with at least one line between two of them, as lines from, to, and the new ones.
fn apart(length: usize, changes: Changes) -> Changes {
    let mut from = 0;
    let placed = changes.into_iter().map(|(skip, gone, new)| {
        let start = from + skip % 3;
        let end = (start + gone).min(length);
        from = end + 1;
        (start, end, new)
    });
    placed.take_while(|(start, ..)| *start <= length).collect()
}

fn changed(lines: &[String], changes: &[&(usize, usize, Vec<String>)]) -> String {
    let mut text = String::new();
    let mut from = 0;
    for (start, end, new) in changes {
        text.push_str(&(lines[from..*start].concat() + &new.concat()));
        from = *end;
    }
    text + &lines[from..].concat()
}

fn mixed() -> impl Strategy<Value = String> {
    let pieces = ["a", "}\n", "\n", "word ", "é", "😀", "e\u{301}", "\r\n", "one more line\n"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..25).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_may_follow_any_other(
        texts in prop::collection::vec(mixed(), 3..6),
        after in mixed(),
        shown in any::<u8>(),
    ) {
        let mut it = Woven::new(&texts[0]);
        for (number, goal) in texts[1..].iter().enumerate() {
            let hunk = it.proposes(goal);
            if shown & (1 << number) != 0 {
                it.turn(&[hunk], true);
            }
        }
        let same = it.weave.clone();
        let nothing = it.becomes(&it.text.clone());
        prop_assert_eq!((&it.weave, nothing), (&same, Followed::default()));
        let said = it.becomes(&after);
        for hunk in said.made.iter().chain(&said.taken_back) {
            prop_assert_ne!(it.weave.is_shown(*hunk), same.is_shown(*hunk));
        }
        for hunk in 0..it.weave.hunks() {
            it.turn(&[hunk], !it.weave.is_shown(hunk));
            prop_assert_eq!(it.weave.len(), it.text.len());
        }
    }

    // It is known what somebody changed, however often a line is there.
    #[test]
    fn no_hunk_is_ever_in_the_wrong_place(
        lines in prop::collection::vec(line(), 3..25),
        all in changes(5),
        which in 0..5_usize,
        shown in any::<bool>(),
    ) {
        let all = apart(lines.len(), all);
        let own = &all[which % all.len()];
        let others: Vec<_> = all.iter().filter(|other| *other != own).collect();
        let (with, without) = (changed(&lines, &all.iter().collect::<Vec<_>>()), changed(&lines, &others));
        if with == without {
            return Ok(());
        }
        let mut it = Woven::new(&lines.concat());
        // The way in which the hunk itself is taken is not a question here.
        let replaced = lines[..own.0].concat().len()..lines[..own.1].concat().len();
        let own = replace(replaced.start, replaced.end, &own.2.concat());
        let hunk = it.weave.propose(&[own], &[]).unwrap();
        let (now, goal) = if shown { (with, without) } else { (without, with) };
        if shown {
            it.show(hunk);
        }
        let said = it.becomes(&now);
        let is_turned = said.made.contains(&hunk) || said.taken_back.contains(&hunk);
        if it.turn(&[hunk], !shown).is_empty() && !is_turned {
            prop_assert_eq!(it.text, goal);
        }
    }

    #[test]
    fn a_change_elsewhere_is_in_no_hunks_way(
        length in 12..30_usize,
        own in (0..3_usize, 0..3_usize, lines(4)),
        other in (0..3_usize, 0..3_usize, lines(4)),
        is_first in any::<bool>(),
        shown in any::<bool>(),
    ) {
        let lines: Vec<String> = (0..length).map(|n| format!("the line {n} of it\n")).collect();
        let (first, second) = if is_first { (&own, &other) } else { (&other, &own) };
        let first = (first.0, first.0 + first.1, first.2.clone());
        let start = length - 4 + second.0.min(1);
        let second = (start, (start + second.1).min(length), second.2.clone());
        let (own, other) = if is_first { (&first, &second) } else { (&second, &first) };
        let (before, with) = (lines.concat(), changed(&lines, &[own]));
        let (after, both) = (changed(&lines, &[other]), changed(&lines, &[&first, &second]));
        if before == with {
            return Ok(());
        }
        let mut it = Woven::new(&before);
        let hunk = it.proposes(&with);
        if shown {
            it.show(hunk);
            prop_assert_eq!(it.becomes(&both), Followed::default());
            prop_assert_eq!(it.hide(hunk), after.as_str());
        } else {
            prop_assert_eq!(it.becomes(&after), Followed::default());
            prop_assert_eq!(it.show(hunk), both.as_str());
        }
    }
}
