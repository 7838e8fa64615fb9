//! What a request weighs, and what can be typed into a prompt.

use engine::NewSession;
use protocol::{ContextReport, ErrorCode};

use crate::stage::{Stage, within};

fn kinds(report: &ContextReport) -> Vec<&str> {
    let mut kinds: Vec<&str> = report.parts.iter().map(|part| part.kind.as_str()).collect();
    kinds.dedup();
    kinds
}

fn bytes(report: &ContextReport, kind: &str) -> u64 {
    report.parts.iter().filter(|part| part.kind == kind).map(|part| part.bytes).sum()
}

fn new(stage: &Stage) -> NewSession {
    NewSession { root: stage.root.clone(), folders: Vec::new(), mode: None, model: None }
}

#[tokio::test]
async fn a_report_weighs_what_is_sent() {
    let stage = Stage::new();
    stage.write("AGENTS.md", "Be kind.");
    stage.write("a.rs", "fn a() {}\n");
    let id = stage.session().await;
    stage.complete(&id, "hello").await;
    let report = stage.sessions.context(&id, "see @a.rs").await.unwrap();
    assert_eq!(
        kinds(&report),
        ["instructions", "rules", "skills", "tool", "conversation", "mention"]
    );
    assert_eq!(report.tokens, report.parts.iter().map(|part| part.tokens).sum::<u64>());
    assert_eq!(report.parts.last().unwrap().name, "@a.rs");
    stage.complete(&id, "see @a.rs").await;
    let request = stage.model.requests().last().unwrap().clone();
    let system =
        bytes(&report, "instructions") + bytes(&report, "rules") + bytes(&report, "skills");
    assert_eq!(system, request.system.len() as u64);
    let tools: usize =
        request.tools.iter().map(|tool| serde_json::to_string(tool).unwrap().len()).sum();
    assert_eq!(bytes(&report, "tool"), tools as u64);
    let sent = crate::script::prompt(&request).len() as u64;
    assert!(bytes(&report, "mention") + "see @a.rs".len() as u64 == sent, "{report:?}");
}

#[tokio::test]
async fn a_report_is_there_before_the_session_and_sends_nothing() {
    let stage = Stage::new();
    let report = stage.sessions.context_of(new(&stage), "").await.unwrap();
    assert_eq!(kinds(&report), ["instructions", "skills", "tool"]);
    assert!(report.parts.iter().any(|part| part.kind == "tool" && part.name == "read"));
    let refused = stage.sessions.context_of(new(&stage), "/nope").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UnknownCommand);
    assert!(stage.model.requests().is_empty());
    assert!(stage.sessions.list(None).await.unwrap().is_empty());
}

/// Where the completed word begins, and what it can be.
async fn typed(stage: &Stage, text: &str) -> (usize, Vec<String>) {
    let completions = within(stage.sessions.complete_of(new(stage), text)).await.unwrap();
    (completions.start, completions.items.into_iter().map(|item| item.text).collect())
}

#[tokio::test]
async fn commands_are_offered_at_the_beginning() {
    let stage = Stage::new();
    stage.write(
        "state/user/commands/group/revise.md",
        "---\nargument-hint: [file]\n---\n# Revise it\n",
    );
    assert_eq!(
        typed(&stage, "/").await,
        (0, ["/commit", "/group:revise", "/init", "/review"].map(String::from).to_vec())
    );
    assert_eq!(typed(&stage, "/re").await.1, ["/review"]);
    assert!(
        typed(&stage, "/review ").await.1.is_empty() && typed(&stage, "a /re").await.1.is_empty()
    );
    let completions = stage.sessions.complete_of(new(&stage), "/g").await.unwrap();
    assert_eq!(completions.items[0].detail, "[file]: Revise it");
}

#[tokio::test]
async fn what_can_be_mentioned_is_offered_after_an_at_sign() {
    let stage = Stage::new();
    stage.write("src/stack.rs", "struct Stack;\nimpl Stack { fn popular(&self) {} }\n");
    stage.write("my notes.md", "");
    for at in 0..80 {
        stage.write(&format!("many/file{at}.txt"), "");
    }
    let (start, all) = typed(&stage, "see @").await;
    assert_eq!(start, 4);
    assert_eq!(all[..3], ["@selection", "@problems", "@diff"]);
    assert_eq!(all.len(), 50);
    assert!(typed(&stage, "@stack").await.1.contains(&"@src/stack.rs".to_owned()));
    assert!(typed(&stage, "@src").await.1.contains(&"@src/".to_owned()));
    assert!(typed(&stage, "@my no").await.1.is_empty());
    assert!(typed(&stage, "@\"my no").await.1.contains(&"@\"my notes.md\"".to_owned()));
    assert!(typed(&stage, "@popular").await.1.contains(&"@popular".to_owned()));
    assert_eq!(typed(&stage, "@sym:popular").await.1, ["@sym:popular"]);
    assert!(typed(&stage, "`@pop").await.1.is_empty());
}
