//! Whatever an editor sends, the mirror has the editor's text.
//!
//! The other side is written from the words of the protocol alone: a text is a list of lines, and
//! a position is found by counting along one of them.

use changes::Encoding;
use proptest::prelude::*;

use super::{CODE, TextChange, VIM, opened, path, revision, text};

/// An editor's text: lines without their breaks, and the break after each but the last.
struct Lines {
    lines: Vec<String>,
    breaks: Vec<&'static str>,
}

impl Lines {
    fn new(text: &str) -> Self {
        let (mut lines, mut breaks) = (vec![String::new()], Vec::new());
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            let after = match char {
                '\n' => "\n",
                '\r' if chars.next_if_eq(&'\n').is_some() => "\r\n",
                '\r' => "\r",
                _ => {
                    lines.last_mut().unwrap().push(char);
                    continue;
                }
            };
            breaks.push(after);
            lines.push(String::new());
        }
        Self { lines, breaks }
    }

    /// The text before a position and the text after it.
    fn parted(&self, (line, character): (u32, u32), encoding: Encoding) -> (String, String) {
        let (mut before, mut after) = (String::new(), String::new());
        for (number, content) in self.lines.iter().enumerate() {
            let at = number as u64;
            let mut counted = 0;
            for char in content.chars() {
                counted += match encoding {
                    Encoding::Utf8 => char.len_utf8(),
                    Encoding::Utf16 => char.len_utf16(),
                    Encoding::Utf32 => 1,
                } as u64;
                // A position inside of a character is that before it.
                let is_before = at < u64::from(line)
                    || (at == u64::from(line) && counted <= u64::from(character));
                if is_before { &mut before } else { &mut after }.push(char);
            }
            if let Some(end) = self.breaks.get(number) {
                if at < u64::from(line) { &mut before } else { &mut after }.push_str(end);
            }
        }
        (before, after)
    }
}

/// A text after a change.
fn changed(text: &str, change: &TextChange, encoding: Encoding) -> String {
    let Some((one, other)) = change.range else { return change.text.clone() };
    let lines = Lines::new(text);
    let (before, _) = lines.parted(one.min(other), encoding);
    let (_, after) = lines.parted(one.max(other), encoding);
    before + &change.text + &after
}

fn piece() -> impl Strategy<Value = String> {
    // Of one to four bytes, of one and two units, letters of several characters, and all breaks
    // with what only looks like one.
    let pieces = [
        "a",
        "word ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "é",
        "e\u{301}",
        "日",
        "😀",
        "👩\u{200d}💻",
        "\u{2028}",
        "\u{85}",
        "\u{b}",
        "\u{feff}",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..10).prop_map(|it| it.concat())
}

fn position() -> impl Strategy<Value = (u32, u32)> {
    let far = || prop_oneof![12 => 0..14_u32, 1 => Just(u32::MAX), 1 => 100..1000_u32];
    (far(), far()).prop_map(|(line, character)| (if line > 9 { line } else { line % 5 }, character))
}

fn change() -> impl Strategy<Value = TextChange> {
    // In any order: a range may be the wrong way round.
    let range = prop_oneof![9 => (position(), position()).prop_map(Some), 1 => Just(None)];
    (range, piece()).prop_map(|(range, text)| TextChange { range, text })
}

fn changes() -> impl Strategy<Value = Vec<Vec<TextChange>>> {
    prop::collection::vec(prop::collection::vec(change(), 1..4), 1..8)
}

fn encoding() -> impl Strategy<Value = Encoding> {
    prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16, Encoding::Utf32])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_mirror_is_the_editors_text(
        first in piece(), notifications in changes(), encoding in encoding(),
    ) {
        let (mut buffers, name) = opened(&first);
        let mut editor = first;
        for (version, changes) in notifications.into_iter().enumerate() {
            for change in &changes {
                editor = changed(&editor, change, encoding);
            }
            buffers.change(VIM, &name, version as i32, changes, encoding).unwrap();
            prop_assert_eq!(&text(&buffers, &name), &editor);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_history_leads_from_each_text_to_each_later_one(
        first in piece(), notifications in changes(), encoding in encoding(),
    ) {
        let (mut buffers, name) = opened(&first);
        let mut texts = vec![(revision(&buffers, &name), first)];
        for (version, changes) in notifications.into_iter().enumerate() {
            if changes.iter().any(|change| change.range.is_none()) {
                texts.clear();
            }
            buffers.change(VIM, &name, version as i32, changes, encoding).unwrap();
            let (now, shown) = (revision(&buffers, &name), text(&buffers, &name));
            for (before, text) in &texts {
                let steps = buffers.edits_between(&name, *before, now).unwrap();
                let mut replayed = text.clone();
                for step in steps {
                    replayed = changes::apply(&replayed, &step).unwrap();
                }
                prop_assert_eq!(&replayed, &shown);
            }
            texts.push((now, shown));
        }
    }

    #[test]
    fn two_editors_on_one_file_do_not_mix(
        first in piece(),
        notifications in prop::collection::vec((any::<bool>(), change()), 1..12),
        // Each counts as it likes.
        encodings in [encoding(), encoding()],
    ) {
        let (mut buffers, name) = opened(&first);
        buffers.open(CODE, &name, path("/a.rs"), 1, &first);
        let mut editors = [first.clone(), first];
        for (version, (second, change)) in notifications.into_iter().enumerate() {
            let which = usize::from(second);
            let (connection, encoding) = ([VIM, CODE][which], encodings[which]);
            editors[which] = changed(&editors[which], &change, encoding);
            buffers.change(connection, &name, version as i32, vec![change], encoding).unwrap();
            prop_assert_eq!(&text(&buffers, &name), &editors[which]);
            for (connection, editor) in [VIM, CODE].into_iter().zip(&editors) {
                let replica = buffers.replica(connection, &name).unwrap();
                prop_assert_eq!(&replica.text.to_string(), editor);
            }
        }
    }
}
