//! Loading what the engine lists. Which places count when, its own tests show.

use protocol::ErrorCode;
use serde_json::json;

use crate::tests::Folder;

#[tokio::test]
async fn a_built_in_skill_is_its_text_and_nothing_else() {
    let folder = Folder::new(&[]);
    let call = folder.prepare("skill", json!({"name": "commit"})).await.unwrap();
    assert_eq!((call.title.as_str(), call.effects.len()), ("Load skill commit", 0));
    let text = folder.run("skill", json!({"name": "commit"})).await.unwrap();
    assert!(text.starts_with("# Commit\n") && text.contains("--no-verify"), "{text}");
    assert!(!text.contains("description:"), "{text}");
}

#[tokio::test]
async fn an_unknown_name_is_answered_with_those_there_are() {
    let folder = Folder::new(&[]);
    let (code, message) = folder.refusal("skill", json!({"name": "comit"})).await;
    assert_eq!(code, ErrorCode::SkillNotFound);
    assert_eq!(message, "there is no skill `comit`; there are: `code-review`, `commit`");
}
