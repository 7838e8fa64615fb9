//! A part of a document and the same part of a file that is none are the same.

use std::{fs, io::Write as _};

use engine::{DocumentError, Excerpt, Origin, Part, Snapshot};
use proptest::prelude::*;
use protocol::{AbsPath, Stamp};
use ropey::Rope;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{of_document, of_file};
use crate::encoding::Form;

fn file(bytes: &[u8]) -> (TempDir, AbsPath) {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap().join("f");
    fs::write(&path, bytes).unwrap();
    (folder, AbsPath::new(path.to_str().unwrap()).unwrap())
}

fn read(bytes: &[u8], part: Part) -> Excerpt {
    let (_guard, path) = file(bytes);
    of_file(&path, part, &CancellationToken::new()).unwrap()
}

fn document(text: &str, part: Part) -> Excerpt {
    let snapshot = Snapshot {
        path: AbsPath::new("/f").unwrap(),
        text: Rope::from_str(text),
        stamp: Stamp { revision: 1, hash: String::new() },
        origin: Origin::Disk,
    };
    of_document(snapshot, part, Form::NEW)
}

fn part(first_line: u64, lines: usize) -> Part {
    Part { first_line, lines, bytes: 1000 }
}

#[test]
fn lines_are_counted_from_one_and_keep_their_breaks() {
    let text = "one\ntwo\r\nthree\rfour\n";
    for (wanted, expected) in [
        (part(1, 1), "one\n"),
        (part(2, 2), "two\r\nthree\r"),
        (part(0, 1), "one\n"),
        (part(4, 9), "four\n"),
        (part(5, 9), ""),
        (part(u64::MAX, usize::MAX), ""),
    ] {
        for excerpt in [document(text, wanted), read(text.as_bytes(), wanted)] {
            assert_eq!(excerpt.text, expected);
            assert_eq!(
                excerpt.lines,
                expected.matches(['\n', '\r']).count() as u64
                    - u64::from(expected.contains("\r\n"))
            );
        }
    }
    let whole = read(text.as_bytes(), part(1, 9));
    assert_eq!((whole.total_lines, whole.total_bytes), (Some(4), text.len() as u64));
    assert_eq!(read(text.as_bytes(), part(9, 1)).total_lines, Some(4));
    assert_eq!(read(text.as_bytes(), part(1, 2)).total_lines, None);
}

#[test]
fn a_line_that_is_too_long_is_cut() {
    let text = format!("short\n{}\nafter\n", "ä".repeat(500));
    let wanted = Part { first_line: 1, lines: 9, bytes: 11 };
    for excerpt in [document(&text, wanted), read(text.as_bytes(), wanted)] {
        assert_eq!((excerpt.text.as_str(), excerpt.lines), ("short\nää", 2));
    }
    let nothing = Part { bytes: 0, ..wanted };
    assert_eq!(read(text.as_bytes(), nothing).text, "");
}

#[test]
fn other_encodings_are_read_as_text() {
    let text = "Die Größe 😀\r\nder Übung\n".repeat(10_000);
    let wide: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let excerpt = read(&wide, part(20_000, 5));
    assert_eq!((excerpt.text.as_str(), excerpt.encoding), ("der Übung\n", "UTF-16LE"));
    let latin = b"Die Gr\xf6\xdfe der \xdcbung\n".repeat(10_000);
    let excerpt = read(&latin, part(10_000, 5));
    assert_eq!(
        (excerpt.text.as_str(), excerpt.encoding),
        ("Die Größe der Übung\n", "windows-1252")
    );
    let marked = format!("\u{feff}{text}");
    assert!(read(marked.as_bytes(), part(1, 1)).text.starts_with("Die"));
}

#[test]
fn bytes_that_are_no_text_are_refused_at_the_start_and_shown_as_such_later() {
    let (_guard, path) = file(b"\0\x01binary");
    let refused = of_file(&path, part(1, 1), &CancellationToken::new());
    assert!(matches!(refused, Err(DocumentError::NotUtf8(_))));
    let mut log = b"line\n".repeat(50_000);
    log.extend(b"br\xffken\n");
    assert_eq!(read(&log, part(50_001, 1)).text, "br\u{fffd}ken\n");
}

#[test]
fn of_a_file_that_has_no_end_no_more_is_read_than_is_wanted() {
    let (_guard, path) = file(b"");
    let mut file = fs::File::create(path.as_std_path()).unwrap();
    file.write_all(b"first\nsecond\n").unwrap();
    // Mostly a hole: reading all of it would take minutes.
    file.set_len(1 << 40).unwrap();
    let refused = of_file(&path, part(1, 1), &CancellationToken::new());
    assert!(matches!(refused, Err(DocumentError::NotUtf8(_))));
    let text = "x".repeat(9000);
    fs::write(path.as_std_path(), &text).unwrap();
    fs::File::options().write(true).open(path.as_std_path()).unwrap().set_len(1 << 40).unwrap();
    let excerpt =
        of_file(&path, Part { first_line: 1, lines: 5, bytes: 100 }, &CancellationToken::new());
    let excerpt = excerpt.unwrap();
    assert_eq!((excerpt.text.as_str(), excerpt.total_bytes), (&text[..100], 1 << 40));
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert!(of_file(&path, part(2, 1), &stopped).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_file_and_a_document_have_the_same_lines(
        lines in prop::collection::vec(
            prop::sample::select(vec!["a", "é", "😀", "\n", "\r\n", "\r", "word "]), 0..60,
        ),
        // Breaks and characters across the pieces that a file is read in.
        padding in 65_500_usize..65_540,
        first_line in 0_u64..30, count in 0_usize..10, bytes in 0_usize..40,
    ) {
        let text = lines.concat();
        for (text, lines_before) in [
            (text.clone(), 0),
            (format!("{}\n{text}", "x".repeat(padding)), 1),
        ] {
            let first_line = first_line + lines_before;
            let wanted = Part { first_line, lines: count, bytes };
            let (one, other) = (document(&text, wanted), read(text.as_bytes(), wanted));
            prop_assert_eq!(&one.text, &other.text);
            prop_assert_eq!(one.lines, other.lines);
            prop_assert!(other.total_lines.is_none_or(|total| Some(total) == one.total_lines));
            let all: Vec<String> = Rope::from_str(&text).lines().map(|line| line.to_string()).collect();
            let first = (first_line.max(1) - 1) as usize;
            let expected: String = all.into_iter().skip(first).take(count).collect();
            prop_assert_eq!(&one.text, &expected[..expected.floor_char_boundary(bytes)]);
        }
    }
}
