//! What can be asked, and what not.

use engine::Work;
use protocol::{Choice, ErrorCode, Question};
use serde_json::{Value, json};

use crate::tests::Folder;

#[tokio::test]
async fn questions_reach_the_user_as_they_were_written() {
    let folder = Folder::new(&[]);
    let input = json!({"questions": [
        {"text": " Which store? ", "heading": "Store", "multiple": true, "choices": [
            {"label": "SQLite", "description": "one file"}, {"label": "none"},
        ]},
        {"text": "What is it called?", "multiple": true},
    ]});
    let call = folder.prepare("ask", input).await.unwrap();
    assert_eq!((call.title.as_str(), call.effects.len()), ("Ask 2 questions", 0));
    let Work::Ask(questions) = call.work else { panic!("nothing is asked") };
    let choice =
        |label: &str, about: &str| Choice { label: label.into(), description: about.into() };
    let which = Question {
        text: "Which store?".into(),
        heading: "Store".into(),
        choices: vec![choice("SQLite", "one file"), choice("none", "")],
        multiple: true,
    };
    let name = Question {
        text: "What is it called?".into(),
        heading: String::new(),
        choices: Vec::new(),
        multiple: false,
    };
    assert_eq!(questions, [which, name]);
}

#[tokio::test]
async fn what_nobody_could_answer_is_refused() {
    let folder = Folder::new(&[]);
    let choices = |labels: &[&str]| -> Value {
        let choices: Vec<Value> = labels.iter().map(|label| json!({"label": label})).collect();
        json!([{"text": "Which?", "choices": choices}])
    };
    let question = json!({"text": "Why?"});
    for (questions, named) in [
        (json!([]), "`questions` has 0 entries"),
        (json!([question, question, question, question, question]), "has 5 entries"),
        (json!([{"text": "  "}]), "`questions[0].text` is empty"),
        (choices(&["only"]), "`questions[0].choices` has 1 entries"),
        (choices(&["1", "2", "3", "4", "5", "6", "7"]), "has 7 entries"),
        (choices(&["same", "same "]), "differ"),
        (choices(&["a", ""]), "not empty"),
    ] {
        let error = folder.prepare("ask", json!({"questions": questions})).await.err().unwrap();
        assert_eq!(error.code, ErrorCode::BadToolArguments);
        assert!(error.message.contains(named), "{}", error.message);
    }
}
