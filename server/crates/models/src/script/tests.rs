//! The script as its users know it: a file and requests in, events and sentences out.

use engine::{AssistantPart, Model, Picture, ToolResult};
use protocol::Usage;

use super::*;
use crate::{ModelSettings, Models};

/// A script in a file of its own.
struct Played {
    models: Models,
    file: tempfile::NamedTempFile,
}

impl Played {
    /// The statements become the one block of the file; the first stands in line 2.
    fn new(statements: &str) -> Self {
        Self::markdown(&format!("```script\n{statements}\n```\n"))
    }

    fn markdown(text: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Self { models: Models::new(ModelSettings::default()), file }
    }

    async fn open(&self, messages: &[Message]) -> Result<ModelStream, ModelError> {
        let request = ModelRequest {
            model: format!("script:{}", self.file.path().display()),
            system: "You are in plan mode.".to_owned(),
            tools: Vec::new(),
            messages: messages.to_vec(),
            max_output_tokens: 1000,
            session: String::new(),
        };
        self.models.stream(request).await
    }

    async fn events(&self, messages: &[Message]) -> Vec<Result<ModelEvent, ModelError>> {
        self.open(messages).await.unwrap().collect().await
    }

    /// The text of the answer, which has to be whole.
    async fn text(&self, messages: &[Message]) -> String {
        let events = self.events(messages).await;
        assert!(matches!(events.last(), Some(Ok(ModelEvent::End(_)))), "{events:?}");
        let text = events.into_iter().filter_map(|event| match event {
            Ok(ModelEvent::Text(text)) => Some(text),
            _ => None,
        });
        text.collect()
    }

    async fn error(&self, messages: &[Message]) -> ModelError {
        self.open(messages).await.err().unwrap()
    }
}

fn user(text: &str) -> Message {
    Message::User { text: text.to_owned(), images: Vec::new() }
}

fn assistant(text: &str) -> Message {
    Message::Assistant { parts: vec![AssistantPart::Text { text: text.to_owned() }] }
}

fn tool(text: &str) -> Message {
    let text = text.to_owned();
    let (call_id, name) = ("call-1-1-1".to_owned(), "read".to_owned());
    let images = Vec::new();
    Message::Tool { results: vec![ToolResult { call_id, name, text, images, is_error: false }] }
}

fn say(text: &str) -> Result<ModelEvent, ModelError> {
    Ok(ModelEvent::Text(text.to_owned()))
}

fn call(id: &str, name: &str, arguments: &str) -> Result<ModelEvent, ModelError> {
    Ok(ModelEvent::ToolCall {
        call_id: id.to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        provider_data: None,
    })
}

const END: Result<ModelEvent, ModelError> = Ok(ModelEvent::End(StopCause::EndOfAnswer));
const CALLED: Result<ModelEvent, ModelError> = Ok(ModelEvent::End(StopCause::ToolCalls));

#[tokio::test]
async fn text_comes_word_by_word_and_nothing_is_lost() {
    let played = Played::new(
        r#"turn  # a comment
say " I will\n\n  read it. "
usage 100 20"#,
    );
    let usage = Usage { input_tokens: 100, output_tokens: 20, ..Usage::default() };
    let expected = [
        say(" "),
        say("I "),
        say("will\n\n  "),
        say("read "),
        say("it. "),
        Ok(ModelEvent::Usage(usage)),
        END,
    ];
    assert_eq!(played.events(&[user("hi")]).await, expected);
}

#[tokio::test]
async fn reasoning_is_one_whole() {
    let played = Played::new("turn\nreason \"Let me\"\nreason \"look.\"");
    let reason = |text: &str| Ok(ModelEvent::Reasoning(text.to_owned()));
    let whole = || Ok(ModelEvent::ReasoningEnd { provider_data: None });
    let expected = [reason("Let "), reason("me"), whole(), reason("look."), whole(), END];
    assert_eq!(played.events(&[user("hi")]).await, expected);
}

#[tokio::test]
async fn calls_come_as_they_are_written() {
    let played = Played::new(
        r#"turn
call read {"path": "a.rs"}  # a comment
call edit {
  "path": "a.rs",
  "old": "x # no comment"
}
call bash raw "not { json""#,
    );
    let expected = [
        call("call-1-1-1", "read", r#"{"path": "a.rs"}"#),
        call("call-1-1-2", "edit", "{\n  \"path\": \"a.rs\",\n  \"old\": \"x # no comment\"\n}"),
        call("call-1-1-3", "bash", "not { json"),
        CALLED,
    ];
    assert_eq!(played.events(&[user("hi")]).await, expected);
}

#[tokio::test]
async fn stream_gives_so_many_words() {
    let played = Played::new("turn\nstream 2000");
    let events = played.events(&[user("hi")]).await;
    assert_eq!(events.len(), 2001);
    assert_eq!(events[1999], say("word2000 "));
}

#[tokio::test(start_paused = true)]
async fn pause_stands_between_words() {
    let played = Played::new("turn\nsay \"at once \"\npause 1000\nsay \"and slowly now\"");
    let begin = tokio::time::Instant::now();
    assert_eq!(played.text(&[user("hi")]).await, "at once and slowly now");
    assert_eq!(begin.elapsed(), Duration::from_secs(3));
}

#[tokio::test]
async fn wait_never_goes_on() {
    let played = Played::new("turn\nsay \"so\"\nwait");
    let mut answer = played.open(&[user("hi")]).await.unwrap();
    assert_eq!(answer.next().await, Some(say("so")));
    assert!(futures::poll!(answer.next()).is_pending());
}

#[tokio::test]
async fn break_ends_the_stream_in_the_middle() {
    for statement in ["break", "break call read {\"path\": \"sr"] {
        let played = Played::new(&format!("turn\nsay \"so\"\n{statement}"));
        let events = played.events(&[user("hi")]).await;
        assert_eq!(events[0], say("so"));
        let error = events[1].clone().unwrap_err();
        assert_eq!(error.code, ErrorCode::ModelBrokeOff);
        assert!(error.message.contains("broke off"), "{}", error.message);
        assert_eq!(events.len(), 2);
    }
}

#[tokio::test]
async fn a_request_fails_before_the_first_event() {
    let refused = Played::new("turn\nrefuse \"not this\"").error(&[user("hi")]).await;
    assert_eq!(refused, ModelError::new(ErrorCode::ModelRefused, "not this"));
    let failed = Played::new("turn\nfail modelOverloaded \"busy\"").error(&[user("hi")]).await;
    assert_eq!(failed, ModelError::new(ErrorCode::ModelOverloaded, "busy"));
}

#[tokio::test]
async fn sees_looks_at_what_came_since_the_last_answer() {
    let played = Played::new(
        r#"turn
sees "fn main"
sees not "secret"
sees system "plan mode"
sees not system "ask mode"
say "seen""#,
    );
    assert_eq!(played.text(&[user("a fn main() {}")]).await, "seen");

    let error = played.error(&[user("nothing")]).await;
    assert_eq!(error.code, ErrorCode::ModelRefused);
    for part in ["with \"fn main\"", "line 3", "nothing"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let error = played.error(&[user("fn main secret")]).await;
    assert!(error.message.contains("without \"secret\" (line 4)"), "{}", error.message);
}

#[tokio::test]
async fn sees_finds_pictures_by_what_they_are() {
    let sees = |what: &str| format!("turn\ncall read {{}}\n---\nsees \"{what}\"\nsay \"seen\"");
    let mut results = tool("a.png");
    if let Message::Tool { results } = &mut results {
        let picture = |media_type: &str, bytes: usize| Picture {
            media_type: media_type.to_owned(),
            bytes: vec![0; bytes].into(),
        };
        results[0].images = vec![picture("image/png", 68), picture("image/jpeg", 7)];
    }
    let messages = [user("hi"), assistant("a"), results];
    let told = "a.png\\n[image image/png 68 bytes]\\n[image image/jpeg 7 bytes]";
    assert_eq!(Played::new(&sees(told)).text(&messages).await, "seen");
    let error = Played::new(&sees("[image image/png 69 bytes]")).error(&messages).await;
    assert!(error.message.contains("[image image/png 68 bytes]"), "{}", error.message);
}

#[tokio::test]
async fn sees_finds_results_but_no_older_messages() {
    let played = Played::new(
        "turn\ncall read {}\n---\nsees \"file text\"\nsees not \"prompt\"\nsay \"seen\"",
    );
    let conversation = [user("prompt"), assistant("reading"), tool("the file text")];
    assert_eq!(played.text(&conversation).await, "seen");
}

#[tokio::test]
async fn a_prompt_that_is_not_the_turns_is_told() {
    let played = Played::new("turn \"make this shorter\"\nsay \"done\"");
    assert_eq!(played.text(&[user("please make this shorter: fn main")]).await, "done");
    let error = played.error(&[user("explain this")]).await;
    assert_eq!(error.code, ErrorCode::ModelRefused);
    for part in ["make this shorter", "line 2", "explain this"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[tokio::test]
async fn the_place_is_read_off_the_conversation() {
    let played = Played::new("turn\nsay \"1.1\"\n---\nsay \"1.2\"\nturn\nsay \"2.1\"\n---");
    let conversation = [user("a"), assistant("1.1"), tool("x"), assistant("1.2"), user("b")];
    assert_eq!(played.text(&conversation[..1]).await, "1.1");
    assert_eq!(played.text(&conversation[..3]).await, "1.2");
    assert_eq!(played.text(&conversation).await, "2.1");
    // From the start again, as a second session would.
    assert_eq!(played.text(&conversation[..1]).await, "1.1");
}

#[tokio::test]
async fn prompts_without_an_answer_share_a_message() {
    let played = Played::new(
        "turn \"a\"\nrefuse \"no\"\nturn \"b\"\nwait\nturn \"c\"\nsay \"3\"\nturn\nsay \"4\"",
    );
    assert_eq!(played.error(&[user("a")]).await.message, "no");
    let mut waits = played.open(&[user("a\n\nb")]).await.unwrap();
    assert!(futures::poll!(waits.next()).is_pending());
    let conversation = [user("a\n\nb\n\nc"), assistant("3"), user("d")];
    assert_eq!(played.text(&conversation[..1]).await, "3");
    assert_eq!(played.text(&conversation).await, "4");
}

#[tokio::test]
async fn a_script_that_has_run_out_says_so() {
    let played = Played::new("turn\ncall read {}");
    let file = played.file.path().display().to_string();
    let expected = format!("The script {file} has no more answers.");
    assert_eq!(played.text(&[user("a"), assistant("x"), tool("y")]).await, expected);
    assert_eq!(played.text(&[user("a"), assistant("x"), user("b")]).await, expected);

    let empty = Played::new("turn\nturn\nsay \"2\"");
    assert!(empty.text(&[user("a")]).await.contains("no more answers"));
    assert_eq!(empty.text(&[user("a"), assistant("x"), user("b")]).await, "2");
}

#[tokio::test]
async fn only_blocks_fenced_as_script_count() {
    let played = Played::markdown(
        "# A scenario\n\n```rust\nfn main() {}\n```\n````md\n```script\nturn \"no\"\n```\n````\n\
         ~~~script\nturn\nsay \"one \"\n~~~\nturn \"no\"\n\n  ```script\n  say \"two\"\n  ```\n",
    );
    assert_eq!(played.text(&[user("hi")]).await, "one two");
}

#[tokio::test]
async fn a_file_is_read_once() {
    let played = Played::new("turn\nsay \"before\"");
    assert_eq!(played.text(&[user("hi")]).await, "before");
    std::fs::write(played.file.path(), "nothing").unwrap();
    assert_eq!(played.text(&[user("hi")]).await, "before");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told() {
    let models = Models::new(ModelSettings::default());
    let request = ModelRequest {
        model: "script:/nowhere/demo.md".to_owned(),
        system: String::new(),
        tools: Vec::new(),
        messages: vec![user("hi")],
        max_output_tokens: 1000,
        session: String::new(),
    };
    let error = models.stream(request).await.err().unwrap();
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    assert!(error.message.contains("/nowhere/demo.md cannot be read"), "{}", error.message);
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_line() {
    for (statements, line, what) in [
        ("turn\nsing \"la\"", 3, "`sing` is no statement"),
        ("say \"early\"", 2, "before the first `turn`"),
        ("turn\n\n# fine\nsay unquoted", 5, "double quotes"),
        ("turn\nsay \"a\" \"b\"", 3, "is too much"),
        ("turn\nsay", 3, "double quotes"),
        ("turn\ncall", 3, "needs the name of a tool"),
        ("turn\ncall read {\"path\": \nsay \"so\"", 3, "not whole"),
        ("turn\ncall read {path}", 3, "no JSON"),
        ("turn\nusage 1", 3, "whole number"),
        ("turn\nstream 1000001", 3, "at most 1000000 words"),
        ("turn\npause soon", 3, "whole number"),
        ("turn\nwait 3", 3, "is too much"),
        ("turn\nbreak call", 3, "needs the name of a tool"),
        ("turn\nbreak off", 3, "is too much"),
        ("turn\nfail badly \"x\"", 3, "`badly` is no error code"),
        ("turn\nwait\nsay \"x\"", 4, "has ended above"),
        ("turn\nsay \"x\"\nrefuse \"no\"", 4, "before it is answered"),
        ("turn\ncall read {}\nsay \"x\"", 4, "calls at its end"),
        ("turn\nrefuse \"no\"\nturn", 4, "needs a text"),
    ] {
        let played = Played::new(statements);
        let error = played.error(&[user("hi")]).await;
        assert_eq!(error.code, ErrorCode::ModelUnavailable);
        let file = played.file.path().display().to_string();
        for part in [file, format!("line {line}: "), what.to_owned()] {
            assert!(error.message.contains(&part), "{part} in {}", error.message);
        }
    }
    for (markdown, what) in [
        ("# No script\n", "no block of the file is fenced"),
        ("```script\nturn\n", "line 1: the block is not closed"),
    ] {
        let error = Played::markdown(markdown).error(&[user("hi")]).await;
        assert!(error.message.contains(what), "{}", error.message);
    }
}
