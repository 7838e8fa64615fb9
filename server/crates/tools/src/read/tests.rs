//! Reading real files and open buffers.

use protocol::{Effect, ErrorCode};
use serde_json::json;

use crate::tests::Folder;

/// A picture of 3 by 2 pixels, as far as its header.
const GIF: &[u8] = b"GIF89a\x03\0\x02\0\0\0\0";

#[tokio::test]
async fn lines_have_numbers() {
    let folder = Folder::new(&[("src/main.rs", "fn main() {\r\n}\n")]);
    let text = folder.run("read", json!({"path": "src/main.rs"})).await.unwrap();
    assert_eq!(text, "    1\tfn main() {\n    2\t}\n");
}

#[tokio::test]
async fn the_title_and_the_effect_name_the_resolved_file() {
    let folder = Folder::new(&[("a.txt", "a\n")]);
    std::os::unix::fs::symlink("a.txt", folder.on_disk("link.txt")).unwrap();
    let call = folder.prepare("read", json!({"path": "./x/../link.txt", "offset": 7})).await;
    let call = call.unwrap();
    assert_eq!(call.title, "Read a.txt from line 7");
    assert_eq!(call.effects, [Effect::Read { path: folder.path("a.txt") }]);
}

#[tokio::test]
async fn unsaved_text_is_what_is_read() {
    let folder = Folder::new(&[("a.txt", "saved\n")]);
    folder.open("a.txt", "typed\n");
    let text = folder.run("read", json!({"path": "a.txt"})).await.unwrap();
    assert_eq!(text, "(open in an editor; unsaved changes are included)\n    1\ttyped\n");
}

#[tokio::test]
async fn a_long_file_comes_in_parts() {
    let text: String = (1..=5_000).map(|n| format!("line {n}\n")).collect();
    let folder = Folder::new(&[("long.txt", &text)]);
    let first = folder.run("read", json!({"path": "long.txt"})).await.unwrap();
    assert!(first.ends_with(
        " 2000\tline 2000\n(lines 1 to 2000 of 5000; to go on, read with offset 2001)\n"
    ));
    let last = folder.run("read", json!({"path": "long.txt", "offset": 4999})).await.unwrap();
    assert_eq!(last, " 4999\tline 4999\n 5000\tline 5000\n");
    let some = json!({"path": "long.txt", "offset": 3, "limit": 1});
    assert!(folder.run("read", some).await.unwrap().starts_with("    3\tline 3\n(lines 3 to 3 of"));
}

#[tokio::test]
async fn wide_files_and_wide_lines_are_cut() {
    let wide = format!("{}\n", "x".repeat(999)).repeat(100);
    let folder = Folder::new(&[("wide.txt", &wide), ("one.txt", &"y".repeat(5_000))]);
    let text = folder.run("read", json!({"path": "wide.txt"})).await.unwrap();
    assert!(text.len() <= 51 * 1024 && text.contains("to go on, read with offset 51)"));
    let text = folder.run("read", json!({"path": "one.txt"})).await.unwrap();
    assert!(text.ends_with("y… (3000 more characters in this line)\n"), "{text}");
}

#[tokio::test]
async fn an_offset_behind_the_end_is_refused() {
    let folder = Folder::new(&[("a.txt", "1\n2\n")]);
    let (code, message) = folder.refusal("read", json!({"path": "a.txt", "offset": 3})).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert_eq!(message, "`offset` is 3, but `a.txt` has 2 lines");
}

#[tokio::test]
async fn an_empty_file_says_so() {
    let folder = Folder::new(&[("a.txt", "")]);
    let text = folder.run("read", json!({"path": "a.txt"})).await.unwrap();
    assert_eq!(text, "The file `a.txt` is empty.");
}

#[tokio::test]
async fn a_folder_is_listed() {
    let folder = Folder::new(&[("src/b.rs", ""), ("src/a/x.rs", ""), ("src/c.rs", "")]);
    let text = folder.run("read", json!({"path": "src"})).await.unwrap();
    assert_eq!(text, "The folder `src` has 3 entries:\na/\nb.rs\nc.rs\n");
    std::fs::create_dir(folder.on_disk("new")).unwrap();
    let text = folder.run("read", json!({"path": "new"})).await.unwrap();
    assert_eq!(text, "The folder `new` is empty.");
}

#[tokio::test]
async fn a_large_folder_is_cut() {
    let folder = Folder::new(&[]);
    for n in 0..510 {
        std::fs::write(folder.on_disk(&format!("{n:03}")), "").unwrap();
    }
    let text = folder.run("read", json!({"path": "."})).await.unwrap();
    assert!(text.ends_with("499\n(10 more are left out; narrow it with `glob`)\n"), "{text}");
}

#[tokio::test]
async fn a_missing_file_is_answered_with_names_near_it() {
    let folder = Folder::new(&[("src/Stack.rs", ""), ("src/other.txt", "")]);
    let (code, message) = folder.refusal("read", json!({"path": "src/stacks.rs"})).await;
    assert_eq!(code, ErrorCode::DocumentNotFound);
    assert!(message.ends_with("; did you mean `src/Stack.rs`?"), "{message}");
    let (_, message) = folder.refusal("read", json!({"path": "nowhere/at/all"})).await;
    assert!(message.contains("look for it with `glob`"), "{message}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_with_a_way_out() {
    let folder = Folder::new(&[]);
    std::fs::write(folder.on_disk("program"), b"\x7fELF\0\xff\xfe").unwrap();
    let (code, message) = folder.refusal("read", json!({"path": "program"})).await;
    assert_eq!(code, ErrorCode::NotUtf8);
    assert!(message.contains("use `bash`"), "{message}");
}

#[tokio::test]
async fn a_picture_is_shown_whatever_it_is_called() {
    let folder = Folder::new(&[]);
    for name in ["dot.png", "dot"] {
        std::fs::write(folder.on_disk(name), GIF).unwrap();
        let output = folder.output("read", json!({"path": name})).await.unwrap();
        assert_eq!(output.text, format!("`{name}`: image/gif, 3 x 2 pixels, 13 bytes"));
        assert_eq!(output.pictures[0].picture.bytes.as_ref(), GIF);
        assert_eq!(output.pictures[0].path, folder.path(name));
    }
}

#[tokio::test]
async fn a_text_that_is_called_like_a_picture_is_read() {
    let folder = Folder::new(&[("notes.png", "text\n")]);
    let text = folder.run("read", json!({"path": "notes.png"})).await.unwrap();
    assert_eq!(text, "    1\ttext\n");
    folder.open("new.gif", "typed\n");
    let text = folder.run("read", json!({"path": "new.gif"})).await.unwrap();
    assert!(text.ends_with("    1\ttyped\n"), "{text}");
}

#[tokio::test]
async fn other_encodings_are_named() {
    let folder = Folder::new(&[]);
    let bytes: Vec<u8> = "\u{feff}grüße\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(folder.on_disk("a.txt"), bytes).unwrap();
    let text = folder.run("read", json!({"path": "a.txt"})).await.unwrap();
    assert_eq!(text, "(encoded in UTF-16LE; it stays so when it is edited)\n    1\tgrüße\n");
}

#[tokio::test]
async fn what_was_shown_whole_is_remembered() {
    let text = format!("1\n2\n{}\n4\n5\n", "x".repeat(3_000));
    let folder = Folder::new(&[("a.txt", &text)]);
    folder.run("read", json!({"path": "a.txt", "limit": 4})).await.unwrap();
    let seen = folder.context.seen(&folder.path("a.txt")).unwrap();
    assert_eq!((seen.text.to_string(), seen.lines), (text, vec![0..2, 3..4]));
}

#[tokio::test]
async fn a_file_too_big_for_a_document_is_read_in_part() {
    let folder = Folder::new(&[]);
    let line = format!("{}\n", "x".repeat(99));
    std::fs::write(folder.on_disk("big.log"), line.repeat(200_000)).unwrap();
    let input = json!({"path": "big.log", "offset": 150_000, "limit": 2});
    let text = folder.run("read", input).await.unwrap();
    assert!(text.starts_with("150000\txxx"), "{text}");
    assert!(text.contains("lines 150000 to 150001 of") && text.contains("offset 150002"), "{text}");
    assert!(folder.context.seen(&folder.path("big.log")).is_none());
    let beyond = json!({"path": "big.log", "offset": 200_001});
    assert_eq!(folder.refusal("read", beyond).await.0, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn one_endless_line_is_shown_in_part() {
    let folder = Folder::new(&[]);
    std::fs::write(folder.on_disk("big.json"), "x".repeat(20_000_000)).unwrap();
    let text = folder.run("read", json!({"path": "big.json"})).await.unwrap();
    assert!(text.len() < 3_000 && text.contains("the line goes on"), "{} bytes", text.len());
}
