//! From the Markdown file to the script: fences, statements, and what is wrong with them.

use std::iter::Peekable;
use std::time::Duration;

use protocol::{ErrorCode, Usage};
use serde_json::{Deserializer, Value};

/// The most words of one `stream`: they are all made before the first is given.
const MOST_WORDS: u64 = 1_000_000;

/// A whole script.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Script {
    pub(super) turns: Vec<Turn>,
}

/// The answers to one prompt.
#[derive(Debug, PartialEq)]
pub(super) struct Turn {
    /// The line it begins in, the first being 1.
    pub(super) line: usize,
    /// What the prompt has to hold.
    pub(super) text: Option<String>,
    /// One for each request of the turn.
    pub(super) answers: Vec<Answer>,
}

impl Turn {
    /// Whether the conversation shows no sign of an answer after this turn.
    pub(super) fn leaves_nothing(&self) -> bool {
        self.answers.first().is_some_and(|answer| !answer.0.iter().any(Statement::leaves_something))
    }
}

/// The answer to one request.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer(pub(super) Vec<Statement>);

/// One statement.
#[derive(Debug, PartialEq)]
pub(super) struct Statement {
    /// The line it begins in, the first being 1.
    pub(super) line: usize,
    pub(super) verb: Verb,
}

impl Statement {
    fn leaves_something(&self) -> bool {
        match &self.verb {
            Verb::Say(text) => !text.is_empty(),
            Verb::Stream(words) => *words > 0,
            Verb::Call { .. } => true,
            _ => false,
        }
    }
}

/// What a statement does.
#[derive(Debug, PartialEq)]
pub(super) enum Verb {
    Sees { text: String, system: bool, absent: bool },
    Reason(String),
    Say(String),
    Call { name: String, arguments: String },
    Usage(Usage),
    Pause(Duration),
    Stream(u64),
    Wait,
    Waits(String),
    Restarts(String),
    Break,
    Fail { code: ErrorCode, text: String },
}

/// What is wrong with a script.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(super) struct Problem {
    /// The line, the first being 1.
    pub(super) line: usize,
    what: String,
}

/// The script in a Markdown text.
///
/// # Errors
/// There is none, or it does not keep to the language.
pub(super) fn script(markdown: &str) -> Result<Script, Problem> {
    let lines = fenced(markdown)?;
    if lines.is_empty() {
        let what = "no block of the file is fenced as `script`, or all are empty".to_owned();
        return Err(Problem { line: 1, what });
    }
    let mut script = Script::default();
    let mut lines = lines.into_iter().peekable();
    while let Some((line, text)) = lines.next() {
        statement(&mut script, line, text, &mut lines).map_err(|what| Problem { line, what })?;
    }
    Ok(script)
}

/// The lines inside of the blocks fenced as `script`, with their numbers.
fn fenced(markdown: &str) -> Result<Vec<(usize, &str)>, Problem> {
    let mut lines = Vec::new();
    let mut open: Option<(&str, usize, bool)> = None;
    for (number, line) in (1..).zip(markdown.lines()) {
        let fence = fence(line);
        match (open, fence) {
            (None, Some((marks, info))) => open = Some((marks, number, info == "script")),
            (Some((marks, ..)), Some((closing, ""))) if closing.starts_with(marks) => open = None,
            (Some((.., true)), _) => lines.push((number, line)),
            _ => {}
        }
    }
    match open {
        Some((_, line, true)) => Err(Problem { line, what: "the block is not closed".to_owned() }),
        _ => Ok(lines),
    }
}

/// The marks of a fence and the words behind them.
fn fence(line: &str) -> Option<(&str, &str)> {
    let text = line.trim_start_matches(' ');
    let mark = text.chars().next().filter(|mark| matches!(mark, '`' | '~'))?;
    let info = text.trim_start_matches(mark);
    let marks = &text[..text.len() - info.len()];
    let fenced = line.len() - text.len() <= 3 && marks.len() >= 3 && !info.contains('`');
    fenced.then_some((marks, info.trim()))
}

/// Reads the statement that begins with `text`; a call may take further lines.
fn statement<'a>(
    script: &mut Script,
    line: usize,
    text: &str,
    more: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Result<(), String> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word.is_empty() || word.starts_with('#') {
        return Ok(());
    }
    if word == "turn" {
        let text = match ended(rest) {
            Ok(()) => None,
            Err(_) => Some(only_text(rest)?),
        };
        if text.is_none() && script.turns.last().is_some_and(Turn::leaves_nothing) {
            return Err("the turn before leaves no answer behind, so this one needs a text to \
                        tell its prompt by"
                .to_owned());
        }
        script.turns.push(Turn { line, text, answers: Vec::new() });
        return Ok(());
    }
    let verb = if word == "---" { None } else { Some(verb(word, rest, more)?) };
    let Some(turn) = script.turns.last_mut() else {
        return Err(format!("`{word}` stands before the first `turn`"));
    };
    if turn.answers.is_empty() {
        turn.answers.push(Answer::default());
    }
    match (verb, turn.answers.last_mut()) {
        (Some(verb), Some(answer)) => add(answer, Statement { line, verb }),
        _ => {
            turn.answers.push(Answer::default());
            ended(rest)
        }
    }
}

/// Adds a statement where it can take effect.
fn add(answer: &mut Answer, statement: Statement) -> Result<(), String> {
    let last = answer.0.last().map(|statement| &statement.verb);
    if matches!(last, Some(Verb::Wait | Verb::Break | Verb::Fail { .. })) {
        return Err("the answer has ended above; begin another with `---` or `turn`".to_owned());
    }
    let speaks = matches!(statement.verb, Verb::Say(_) | Verb::Reason(_) | Verb::Stream(_));
    if speaks && answer.0.iter().any(|statement| matches!(statement.verb, Verb::Call { .. })) {
        return Err("an answer has its calls at its end, after its words".to_owned());
    }
    let begun = answer.0.iter().any(|statement| !matches!(statement.verb, Verb::Sees { .. }));
    if begun && matches!(statement.verb, Verb::Fail { .. }) {
        return Err("a request is refused before it is answered; use `break` here".to_owned());
    }
    answer.0.push(statement);
    Ok(())
}

fn verb<'a>(
    word: &str,
    rest: &str,
    more: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Result<Verb, String> {
    match word {
        "sees" => sees(rest),
        "reason" => Ok(Verb::Reason(only_text(rest)?)),
        "say" => Ok(Verb::Say(only_text(rest)?)),
        "call" => call(rest, more),
        "usage" => usage(rest),
        "pause" => Ok(Verb::Pause(Duration::from_millis(only_number(rest)?))),
        "stream" => match only_number(rest)? {
            words @ ..=MOST_WORDS => Ok(Verb::Stream(words)),
            _ => Err(format!("`stream` gives at most {MOST_WORDS} words")),
        },
        "wait" => ended(rest).map(|()| Verb::Wait),
        "break" => broken(rest),
        "waits" => Ok(Verb::Waits(only_text(rest)?)),
        "restarts" => Ok(Verb::Restarts(only_text(rest)?)),
        "refuse" => Ok(Verb::Fail { code: ErrorCode::ModelRefused, text: only_text(rest)? }),
        "fail" => fail(rest),
        _ => Err(format!("`{word}` is no statement of a script")),
    }
}

fn sees(rest: &str) -> Result<Verb, String> {
    let (absent, rest) = skip(rest, "not");
    let (system, rest) = skip(rest, "system");
    Ok(Verb::Sees { text: only_text(rest)?, system, absent })
}

fn call<'a>(
    rest: &str,
    more: &mut Peekable<impl Iterator<Item = (usize, &'a str)>>,
) -> Result<Verb, String> {
    let (name, rest) = word(rest).ok_or("`call` needs the name of a tool")?;
    let name = name.to_owned();
    if let (true, raw) = skip(rest, "raw") {
        return Ok(Verb::Call { name, arguments: only_text(raw)? });
    }
    let mut text = rest.to_owned();
    loop {
        let mut values = Deserializer::from_str(&text).into_iter::<Value>();
        match values.next() {
            Some(Ok(_)) => {
                let (arguments, rest) = text.split_at(values.byte_offset());
                ended(rest)?;
                return Ok(Verb::Call { name, arguments: arguments.trim().to_owned() });
            }
            Some(Err(error)) if !error.is_eof() => {
                return Err(format!(
                    "the arguments of `{name}` are no JSON ({error}); `call {name} raw \"…\"` \
                     sends such"
                ));
            }
            _ => {}
        }
        match more.next_if(|(_, line)| goes_on(line)) {
            Some((_, line)) => {
                text.push('\n');
                text.push_str(line);
            }
            None => return Err(format!("the arguments of `{name}` are not whole")),
        }
    }
}

/// Whether a line belongs to the JSON above it.
fn goes_on(line: &str) -> bool {
    line.starts_with([' ', '\t', '}', ']'])
}

fn usage(rest: &str) -> Result<Verb, String> {
    let (input, rest) = number(rest)?;
    let output = only_number(rest)?;
    Ok(Verb::Usage(Usage { input_tokens: input, output_tokens: output, ..Usage::default() }))
}

/// A half call is never told to anyone: its text says what was cut off, and has no effect.
fn broken(rest: &str) -> Result<Verb, String> {
    match skip(rest, "call") {
        (true, call) if word(call).is_some() => {}
        (true, _) => return Err("`break call` needs the name of a tool".to_owned()),
        (false, rest) => ended(rest)?,
    }
    Ok(Verb::Break)
}

fn fail(rest: &str) -> Result<Verb, String> {
    let (name, rest) = word(rest).ok_or("`fail` needs an error code, such as modelOverloaded")?;
    let code = serde_json::from_value(Value::String(name.to_owned()))
        .map_err(|_| format!("`{name}` is no error code"))?;
    Ok(Verb::Fail { code, text: only_text(rest)? })
}

/// The first word and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Whether `text` begins with this word, and what follows it.
fn skip<'a>(text: &'a str, expected: &str) -> (bool, &'a str) {
    match word(text) {
        Some((word, rest)) if word == expected => (true, rest),
        _ => (false, text),
    }
}

/// A text, and nothing but a comment behind it.
fn only_text(rest: &str) -> Result<String, String> {
    let mut texts = Deserializer::from_str(rest).into_iter::<String>();
    match texts.next() {
        Some(Ok(text)) => ended(&rest[texts.byte_offset()..]).map(|()| text),
        _ => Err("a text in double quotes is missing, written as in JSON".to_owned()),
    }
}

fn only_number(rest: &str) -> Result<u64, String> {
    let (number, rest) = number(rest)?;
    ended(rest).map(|()| number)
}

fn number(rest: &str) -> Result<(u64, &str), String> {
    let parsed = word(rest).and_then(|(word, rest)| Some((word.parse().ok()?, rest)));
    parsed.ok_or_else(|| "a whole number is missing".to_owned())
}

/// Nothing but a comment is left.
fn ended(rest: &str) -> Result<(), String> {
    let rest = rest.trim();
    if rest.is_empty() || rest.starts_with('#') {
        return Ok(());
    }
    Err(format!("`{rest}` is too much"))
}
