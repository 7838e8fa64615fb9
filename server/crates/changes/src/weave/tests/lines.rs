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
