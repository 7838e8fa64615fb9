//! Plans, good and bad.

use engine::Work;
use protocol::{Effect, ErrorCode};
use serde_json::json;

use crate::tests::Folder;

#[tokio::test]
async fn a_plan_is_submitted() {
    let folder = Folder::new(&[]);
    let input = json!({"summary": "Rename it.", "steps": ["Rename", "Test"]});
    let call = folder.prepare("plan", input).await.unwrap();
    assert_eq!((call.title.as_str(), call.effects), ("Plan: Rename it.", vec![Effect::SubmitPlan]));
    let Work::SubmitPlan { summary, steps } = call.work else { panic!() };
    assert_eq!((summary.as_str(), steps), ("Rename it.", vec!["Rename".into(), "Test".into()]));
}

#[tokio::test]
async fn a_plan_without_steps_is_none() {
    let folder = Folder::new(&[]);
    for (input, named) in [
        (json!({"summary": "x", "steps": []}), "`steps`"),
        (json!({"summary": "x", "steps": ["a", " "]}), "`steps[1]`"),
        (json!({"summary": "", "steps": ["a"]}), "`summary`"),
    ] {
        let (code, message) = folder.refusal("plan", input).await;
        assert_eq!(code, ErrorCode::BadToolArguments);
        assert!(message.contains(named), "{message}");
    }
}
