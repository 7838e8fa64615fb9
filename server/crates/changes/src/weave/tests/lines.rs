//! Typing in lines that hunks wrote, and what is left of it.

use super::Woven;

/// The agent added the line `added();` between two others.
fn added() -> (Woven, usize) {
    let mut it = Woven::new("one();\ntwo();\n");
    let hunk = it.write(7, 7, "added();\n");
    (it, hunk)
}

#[test]
fn what_is_typed_in_a_line_of_a_hunk_is_left_as_a_line() {
    for (at, left) in [(15, " // mine"), (7, "// "), (12, "more")] {
        let (mut it, hunk) = added();
        for (place, char) in (at..).zip(left.chars()) {
            it.types(place, place, &char.to_string());
        }
        let typed = it.text.clone();
        assert_eq!(it.hide(hunk), format!("one();\n{left}\ntwo();\n"));
        assert_eq!(it.show(hunk), typed);
    }
}

#[test]
fn what_is_typed_in_a_line_of_a_hunk_and_taken_back_leaves_nothing() {
    let (mut it, hunk) = added();
    it.types(15, 15, " // mine").types(15, 23, "");
    assert_eq!(it.hide(hunk), "one();\ntwo();\n");
}

#[test]
fn a_line_that_a_hunk_wrote_a_part_of_keeps_its_break() {
    let mut it = Woven::new("let one = two;\n");
    let hunk = it.write(10, 13, "three();\nmore()");
    it.types(18, 18, " // mine");
    assert_eq!(it.text, "let one = three(); // mine\nmore();\n");
    assert_eq!(it.hide(hunk), "let one = two // mine;\n");
}

#[test]
fn blanks_between_the_ink_of_a_hunk_go_with_it() {
    let mut it = Woven::new("if ready {\n}\n");
    let hunk = it.write(11, 11, "one(1);\ntwo(2);\n");
    it.types(23, 23, " ").types(19, 19, "    ").types(11, 11, "    ");
    assert_eq!(it.text, "if ready {\n    one(1);\n    two( 2);\n}\n");
    let formatted = it.text.clone();
    assert_eq!(it.hide(hunk), "if ready {\n}\n");
    assert_eq!(it.show(hunk), formatted);
}

#[test]
fn lines_before_one_of_a_hunk_and_letters_taken_out_of_it_leave_no_blank_line() {
    let (mut it, hunk) = added();
    it.types(7, 7, "mine();\n").types(17, 19, "");
    assert_eq!(it.hide(hunk), "one();\nmine();\ntwo();\n");
}

#[test]
fn a_break_behind_a_line_of_the_user_stays_the_hunks() {
    let mut it = Woven::new("one();\ntwo()");
    let hunk = it.write(12, 12, "\n");
    it.types(7, 7, "x = ");
    assert_eq!(it.hide(hunk), "one();\nx = two()");
}

#[test]
fn what_is_shown_around_a_line_of_a_hunk_says_whether_its_break_is_needed() {
    // Somebody types behind the line, and the hunk is taken back.
    let left = |it: &mut Woven| {
        let hunk = it.write(7, 7, "added();\n");
        it.types(15, 15, " // mine").hide(hunk).to_owned()
    };
    // Another hunk wrote the break before it.
    let mut it = Woven::new("one();two();\n");
    it.write(6, 6, "\n");
    assert_eq!(left(&mut it), "one();\n // mine\ntwo();\n");
    // A hidden hunk would write one behind it.
    let mut it = Woven::new("one();\ntwo();\n");
    it.propose(7, 7, "\n");
    assert_eq!(left(&mut it), "one();\n // mine\ntwo();\n");
    // The next line has one behind what another hunk wrote.
    let mut it = Woven::new("one();\ntwo();\n");
    it.write(13, 13, " // 2");
    assert_eq!(left(&mut it), "one();\n // mine\ntwo(); // 2\n");
    // That of a blank line will do.
    let mut it = Woven::new("one();\n\ntwo();\n");
    assert_eq!(left(&mut it), "one();\n // mine\ntwo();\n");
}
