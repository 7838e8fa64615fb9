//! What is made of what an editor says. That it is asked, the scenarios show.

use engine::Diagnostics as Said;
use protocol::{AbsPath, Diagnostic, ErrorCode, Severity};
use serde_json::json;

use super::report;
use crate::tests::Folder;

fn root() -> AbsPath {
    AbsPath::new("/p").unwrap()
}

fn problem(path: &str, line: u32, severity: Severity) -> Diagnostic {
    Diagnostic {
        path: root().join(path).unwrap(),
        line,
        column: 5,
        severity,
        message: "not\n so".into(),
        source: "ts".into(),
        code: "2322".into(),
    }
}

#[test]
fn the_worst_comes_first_one_a_line() {
    let items = vec![
        problem("b.ts", 1, Severity::Warning),
        problem("b.ts", 9, Severity::Error),
        problem("a.ts", 3, Severity::Warning),
        problem("b.ts", 2, Severity::Error),
    ];
    let said = Said { items, fresh: true, servers: vec!["ts".into()] };
    assert_eq!(
        report(said, None, &root()),
        "b.ts:2:5 error: not so (ts 2322)\nb.ts:9:5 error: not so (ts 2322)\n\
         a.ts:3:5 warning: not so (ts 2322)\nb.ts:1:5 warning: not so (ts 2322)\n"
    );
}

#[test]
fn no_problems_and_no_answer_in_time_are_told_apart() {
    let servers = vec!["ts".to_owned(), "eslint".to_owned()];
    let said = Said { items: Vec::new(), fresh: true, servers };
    assert_eq!(report(said, Some("a.ts"), &root()), "No problems in `a.ts`, says ts, eslint.\n");
    let late = report(Said::default(), Some("a.ts"), &root());
    assert!(late.starts_with("(the language servers had not finished"), "{late}");
}

#[test]
fn what_is_too_much_is_counted() {
    let mut items: Vec<_> = (1..=120).map(|line| problem("a.ts", line, Severity::Error)).collect();
    items.push(problem("a.ts", 1, Severity::Hint));
    let said = Said { items, fresh: true, servers: Vec::new() };
    let text = report(said, None, &root());
    assert!(
        text.ends_with(
            "a.ts:100:5 error: not so (ts 2322)\n(21 more left out, 20 of them errors)\n"
        )
    );
}

#[tokio::test]
async fn without_an_editor_the_way_out_is_named() {
    let folder = Folder::new(&[("a.rs", "")]);
    for input in [json!({}), json!({"path": "a.rs"})] {
        let (code, message) = folder.refusal("diagnostics", input).await;
        assert_eq!(code, ErrorCode::NoEditor);
        assert!(message.contains("with `bash` instead"), "{message}");
    }
    let (code, _) = folder.refusal("diagnostics", json!({"path": "b.rs"})).await;
    assert_eq!(code, ErrorCode::DocumentNotFound);
}
