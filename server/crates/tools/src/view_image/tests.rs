//! Pictures as they are on disk.

use protocol::{Effect, ErrorCode};
use serde_json::json;

use crate::tests::Folder;

/// The header of a PNG with these sides.
fn png(width: u32, height: u32) -> Vec<u8> {
    let sides = [width.to_be_bytes(), height.to_be_bytes()].concat();
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &sides, b"\x08\x02\0\0\0"].concat()
}

#[tokio::test]
async fn kind_and_size_are_said() {
    let folder = Folder::new(&[]);
    std::fs::write(folder.on_disk("plot.png"), png(640, 480)).unwrap();
    let call = folder.prepare("viewImage", json!({"path": "plot.png"})).await.unwrap();
    assert_eq!(call.title, "Look at plot.png");
    assert_eq!(call.effects, [Effect::Read { path: folder.path("plot.png") }]);
    let output = folder.output("viewImage", json!({"path": "plot.png"})).await.unwrap();
    assert_eq!(output.text, "`plot.png`: image/png, 640 x 480 pixels, 29 bytes");
    assert_eq!(output.pictures[0].picture.media_type, "image/png");
    assert_eq!(output.pictures[0].picture.bytes.as_ref(), png(640, 480));
}

#[tokio::test]
async fn what_is_too_big_is_refused() {
    let folder = Folder::new(&[]);
    std::fs::write(folder.on_disk("wide.png"), png(8_001, 1)).unwrap();
    let mut heavy = png(10, 10);
    heavy.resize(4_000_000, 0);
    std::fs::write(folder.on_disk("heavy.png"), heavy).unwrap();
    for (path, named) in [("wide.png", "8001 x 1 pixels"), ("heavy.png", "4000000 bytes")] {
        let (code, message) = folder.refusal("viewImage", json!({"path": path})).await;
        assert_eq!(code, ErrorCode::DocumentTooBig);
        assert!(message.contains(named) && message.contains("smaller copy"), "{message}");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let folder = Folder::new(&[("a.svg", "<svg/>\n"), ("shot.png", "no picture\n")]);
    std::fs::write(folder.on_disk("cut.png"), &png(1, 1)[..12]).unwrap();
    for (path, code, named) in [
        ("a.svg", ErrorCode::NotAFile, "is for `read`"),
        ("shot.png", ErrorCode::NotAFile, "no PNG"),
        ("cut.png", ErrorCode::ToolFailed, "damaged"),
        ("shots.png", ErrorCode::DocumentNotFound, "did you mean `shot.png`"),
        (".", ErrorCode::NotAFile, "not a file"),
    ] {
        let (refused, message) = folder.refusal("viewImage", json!({"path": path})).await;
        assert_eq!(refused, code, "{message}");
        assert!(message.contains(named), "{message}");
    }
}
