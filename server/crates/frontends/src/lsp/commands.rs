//! `workspace/executeCommand`: what code actions lead to, and what can be bound to a key.
//!
//! A command is answered as soon as it is taken on; what goes wrong later is said in a message.

use std::sync::Arc;

use protocol::{
    Answer, ApprovalSubject, ContextPart, Decision, ErrorCode, ErrorInfo, ItemId, Mode, SessionId,
    UserMessage,
    methods::Prompt,
    wire::{self, PromptParams},
};
use serde::Deserialize;
use serde_json::Value;
use tower_lsp_server::{gen_lsp_types as lsp, jsonrpc};

use super::{
    Server, answers,
    connection::{Connection, detached, invalid, refused},
    hover,
    hunks::{self, Target as Hunks, Verb},
    pointed::{self, Pointed},
    view::Question,
};

pub(super) const ASK: &str = "coworker.ask";
pub(super) const EXPLAIN: &str = "coworker.explain";
pub(super) const FIX: &str = "coworker.fix";
pub(super) const SEND: &str = "coworker.send";
pub(super) const CHAT: &str = "coworker.chat";
pub(super) const APPROVE: &str = "coworker.approve";
pub(super) const REJECT: &str = "coworker.reject";
pub(super) const ANSWER: &str = "coworker.answer";
pub(super) const STOP: &str = "coworker.stop";
pub(super) const MODE: &str = "coworker.mode";
pub(super) const NEW: &str = "coworker.new";
pub(super) const REVIEW: &str = "coworker.review";
pub(super) const ACCEPT_HUNKS: &str = "coworker.hunks.accept";
pub(super) const REJECT_HUNKS: &str = "coworker.hunks.reject";
pub(super) const KEEP_HUNKS: &str = "coworker.hunks.keep";
pub(super) const UNDO_HUNKS: &str = "coworker.hunks.undo";
pub(super) const REDO_HUNKS: &str = "coworker.hunks.redo";
pub(super) const EXPLAIN_HUNKS: &str = "coworker.hunks.why";

/// Every command there is.
pub(super) const NAMES: [&str; 18] = [
    ASK,
    EXPLAIN,
    FIX,
    SEND,
    CHAT,
    APPROVE,
    REJECT,
    ANSWER,
    STOP,
    MODE,
    NEW,
    REVIEW,
    ACCEPT_HUNKS,
    REJECT_HUNKS,
    KEEP_HUNKS,
    UNDO_HUNKS,
    REDO_HUNKS,
    EXPLAIN_HUNKS,
];

/// What is asked when the user only says "explain".
const EXPLAIN_WORDS: &str = include_str!("../../../../../prompts/actions/explain.md");

/// What is asked when the user only says "fix".
const FIX_WORDS: &str = include_str!("../../../../../prompts/actions/fix.md");

/// A stretch of a document, with what is said about it.
#[derive(Deserialize)]
struct Target {
    uri: String,
    #[serde(default)]
    range: Option<wire::Range>,
    /// What to ask; the client that has no words leaves it out.
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    problems: Vec<String>,
}

/// The question that is decided; without it the only one that waits.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Decide {
    session_id: Option<SessionId>,
    approval_id: Option<ItemId>,
    /// How it is approved, where not only this once: `session`, `always` or `saveAndRun`.
    decision: Option<Decision>,
    /// What the user answers to the agent's questions, in words or numbers.
    text: Option<String>,
    /// What the user says about it; the model is told.
    reason: Option<String>,
    /// The reason or the answer stands in the chat document, as what would be the next prompt.
    from_chat: bool,
}

/// The change set to look at; without it the last one, or the last in which something waits.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Look {
    session_id: Option<SessionId>,
    change_set_id: Option<ItemId>,
}

#[derive(Deserialize)]
struct Choice {
    mode: Mode,
}

impl Server {
    pub(super) async fn execute_command(
        &self,
        params: lsp::ExecuteCommandParams,
    ) -> jsonrpc::Result<Option<Value>> {
        let arguments = params.arguments.into_iter().flatten().next();
        let connection = &self.0;
        let done = match &*params.command {
            ASK => ask(connection, target(connection, arguments).map_err(refused)?).await,
            EXPLAIN => about(connection, arguments, EXPLAIN_WORDS).await,
            FIX => about(connection, arguments, FIX_WORDS).await,
            SEND => send(connection).await,
            CHAT => open_chat(connection),
            APPROVE => decide(connection, Decision::Once, arguments).await,
            REJECT => decide(connection, Decision::Reject, arguments).await,
            ANSWER => answer(connection, arguments).await,
            STOP => stop(connection).await,
            MODE => mode(connection, arguments).await,
            NEW => new(connection).await,
            REVIEW => review(connection, arguments),
            ACCEPT_HUNKS => on_hunks(connection, Verb::Accept, arguments),
            REJECT_HUNKS => on_hunks(connection, Verb::Reject, arguments),
            KEEP_HUNKS => on_hunks(connection, Verb::Keep, arguments),
            UNDO_HUNKS => on_hunks(connection, Verb::Undo, arguments),
            REDO_HUNKS => on_hunks(connection, Verb::Redo, arguments),
            EXPLAIN_HUNKS => explain_hunks(connection, arguments),
            name => Err(invalid(format!("there is no command `{name}`"))),
        };
        done.map(|()| None).map_err(refused)
    }
}

/// Whether there is a way to get words from the user.
pub(super) fn can_ask(connection: &Connection) -> bool {
    connection.profile().ui.prompt || !connection.draws_chat()
}

/// A target and the moment it was named.
struct Aim {
    pointed: Pointed,
    text: Option<String>,
    problems: Vec<String>,
}

fn target(connection: &Connection, arguments: Option<Value>) -> Result<Aim, ErrorInfo> {
    let Target { uri, range, text, problems } = read(arguments)?;
    let pointed = Pointed::new(connection, &uri, range)?;
    Ok(Aim { pointed, text: text.filter(|text| !text.trim().is_empty()), problems })
}

fn read<T: for<'de> Deserialize<'de>>(arguments: Option<Value>) -> Result<T, ErrorInfo> {
    let arguments = arguments.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    T::deserialize(arguments)
        .map_err(|error| invalid(format!("the command's argument does not fit: {error}")))
}

/// Asks what the user wants to know, where the client can; else makes room for it in the chat
/// document.
async fn ask(connection: &Arc<Connection>, aim: Aim) -> Result<(), ErrorInfo> {
    let Aim { pointed, text, .. } = aim;
    if let Some(text) = text {
        return start(connection, pointed, text, Vec::new()).await;
    }
    if connection.profile().ui.prompt {
        let asking = connection.clone();
        connection.spawn(async move { ask_for_words(&asking, pointed).await });
        return Ok(());
    }
    if !can_ask(connection) {
        return Err(invalid("say what to ask in `text`"));
    }
    let quoting = connection.clone();
    connection.spawn(async move {
        quoting.settle(Some(pointed.path())).await;
        match pointed.part(&quoting).await {
            Ok(part) => quoting.chat.quote(&quoting, part).await,
            Err(error) => quoting.say(lsp::MessageType::Error, error.message),
        }
    });
    Ok(())
}

async fn ask_for_words(connection: &Arc<Connection>, pointed: Pointed) {
    let symbol = pointed.clone().symbol(connection).await;
    let title = match symbol {
        Some(symbol) => format!("Ask Coworker about {symbol}"),
        None => "Ask Coworker".to_owned(),
    };
    let params = PromptParams { title, text: String::new() };
    let Ok(Some(text)) = connection.ask::<Prompt>(params).await else { return };
    if text.trim().is_empty() {
        return;
    }
    if let Err(error) = start(connection, pointed, text, Vec::new()).await {
        connection.say(lsp::MessageType::Error, error.message);
    }
}

/// Starts a turn with words of our own.
async fn about(
    connection: &Arc<Connection>,
    arguments: Option<Value>,
    words: &str,
) -> Result<(), ErrorInfo> {
    let Aim { pointed, text, problems } = target(connection, arguments)?;
    let text = text.unwrap_or_else(|| words.trim_end().to_owned());
    start(connection, pointed, text, problems).await
}

async fn start(
    connection: &Arc<Connection>,
    pointed: Pointed,
    text: String,
    problems: Vec<String>,
) -> Result<(), ErrorInfo> {
    let open = pointed::others(connection, std::slice::from_ref(&pointed));
    let mut own = connection.own().await;
    let connection = connection.clone();
    detached(async move {
        connection.settle(Some(pointed.path())).await;
        let part = pointed.part(&connection).await?;
        let problems = match &part {
            ContextPart::Selection { path, .. } | ContextPart::File { path, .. }
                if !problems.is_empty() =>
            {
                Some(ContextPart::Problems { path: path.clone(), lines: problems })
            }
            _ => None,
        };
        let context = [part].into_iter().chain(problems).chain(open).collect();
        connection.chat.resume(&connection, &mut own).await;
        connection.prompt(&mut own, UserMessage { text, context }).await?;
        drop(own);
        if !connection.draws_chat() {
            let shown = connection.clone();
            connection.spawn(async move { shown.chat.show(&shown, false).await });
        }
        Ok(())
    })
    .await
}

/// Sends what the user wrote in the chat document. While the agent asks something, it is the
/// answer.
async fn send(connection: &Arc<Connection>) -> Result<(), ErrorInfo> {
    if let [Question { session, id, approval }] = connection.view.questions().as_slice()
        && matches!(approval.subject, ApprovalSubject::Questions { .. })
    {
        let text = connection.chat.written(connection)?;
        let arguments = serde_json::json!({ "sessionId": session, "approvalId": id,
                                            "text": text, "fromChat": true });
        return answer(connection, Some(arguments)).await;
    }
    let sending = connection.chat.send(connection)?;
    let open = pointed::others(connection, &[]);
    let mut own = connection.own().await;
    let connection = connection.clone();
    detached(async move {
        connection.settle(None).await;
        let message = UserMessage { text: sending.text(), context: open.into_iter().collect() };
        connection.chat.resume(&connection, &mut own).await;
        connection.prompt(&mut own, message).await?;
        sending.taken();
        Ok(())
    })
    .await
}

fn open_chat(connection: &Arc<Connection>) -> Result<(), ErrorInfo> {
    if connection.draws_chat() {
        return Err(invalid("this editor draws the chat itself"));
    }
    let shown = connection.clone();
    connection.spawn(async move {
        shown.settle(None).await;
        shown.chat.show(&shown, true).await;
    });
    Ok(())
}

async fn decide(
    connection: &Arc<Connection>,
    usual: Decision,
    arguments: Option<Value>,
) -> Result<(), ErrorInfo> {
    let decide: Decide = read(arguments)?;
    let question = decide.question(connection)?;
    let asks = matches!(question.approval.subject, ApprovalSubject::Questions { .. });
    let decision = match usual {
        Decision::Once if asks => {
            return Err(invalid("the agent asks something: answer it with `coworker.answer`"));
        }
        Decision::Once => decide.decision.unwrap_or(usual),
        usual => usual,
    };
    let answer = Answer {
        reason: decide.reason.clone(),
        ..Answer::new(decision, connection.profile().name.clone())
    };
    connection.sessions.respond(&question.session, &question.id, answer).await?;
    if let Some(words) = decide.reason.filter(|_| decide.from_chat) {
        connection.chat.used(connection, words);
    }
    Ok(())
}

/// Answers the agent's questions.
async fn answer(connection: &Arc<Connection>, arguments: Option<Value>) -> Result<(), ErrorInfo> {
    let decide: Decide = read(arguments)?;
    let question = decide.question(connection)?;
    let Some(text) = decide.text.filter(|text| !text.trim().is_empty()) else {
        return Err(invalid("say the answer in `text`"));
    };
    let ApprovalSubject::Questions { questions, .. } = &question.approval.subject else {
        return Err(invalid("that question is not the agent's: approve or reject it"));
    };
    let answer = Answer {
        answers: answers::read(questions, &text),
        ..Answer::new(Decision::Once, connection.profile().name.clone())
    };
    connection.sessions.respond(&question.session, &question.id, answer).await?;
    if decide.from_chat {
        connection.chat.used(connection, text);
    }
    Ok(())
}

impl Decide {
    /// The question that is meant.
    fn question(&self, connection: &Connection) -> Result<Question, ErrorInfo> {
        let open = connection.view.questions();
        let named = self.session_id.as_ref().zip(self.approval_id.as_ref());
        let Some((session, id)) = named else {
            return match <[Question; 1]>::try_from(open) {
                Ok([question]) => Ok(question),
                Err(none) if none.is_empty() => Err(invalid("no question waits for an answer")),
                Err(_) => Err(invalid("several questions wait; choose one by its code action")),
            };
        };
        let meant = |it: &Question| it.session == *session && it.id == *id;
        open.into_iter().find(meant).ok_or_else(|| {
            let text = "That question is not open; it may have been answered elsewhere.";
            ErrorInfo::new(ErrorCode::ApprovalNotFound, text)
        })
    }
}

async fn stop(connection: &Arc<Connection>) -> Result<(), ErrorInfo> {
    for session in connection.view.running() {
        connection.sessions.cancel(&session).await?;
    }
    Ok(())
}

async fn mode(connection: &Arc<Connection>, arguments: Option<Value>) -> Result<(), ErrorInfo> {
    let Choice { mode } = match arguments {
        Some(Value::String(mode)) => read(Some(serde_json::json!({ "mode": mode })))?,
        arguments => read(arguments)?,
    };
    let mut own = connection.own().await;
    let connection = connection.clone();
    detached(async move {
        connection.settle(None).await;
        connection.chat.resume(&connection, &mut own).await;
        let session = connection.own_session(&mut own).await?;
        connection.sessions.configure(&session, Some(mode), None).await
    })
    .await
}

/// Starts another session: what was said before is not part of it.
async fn new(connection: &Arc<Connection>) -> Result<(), ErrorInfo> {
    let mut own = connection.own().await;
    let connection = connection.clone();
    detached(async move {
        connection.settle(None).await;
        connection.begin(&mut own, connection.new_session()).await?;
        if !connection.draws_chat() {
            connection.chat.begin(&connection);
        }
        Ok(())
    })
    .await
}

/// Opens the review document.
fn review(connection: &Arc<Connection>, arguments: Option<Value>) -> Result<(), ErrorInfo> {
    let Look { session_id, change_set_id } = read(arguments)?;
    let subject = session_id.zip(change_set_id).or_else(|| connection.view.last_set());
    let Some((session, set)) = subject else {
        return Err(invalid("Coworker has not changed anything here yet"));
    };
    let shown = connection.clone();
    connection.spawn(async move {
        shown.review.open(&shown, session, set, true).await;
    });
    Ok(())
}

/// Does something with hunks. The answer does not wait for it: an editor that does might not show
/// an edit before it has the answer.
fn on_hunks(
    connection: &Arc<Connection>,
    verb: Verb,
    arguments: Option<Value>,
) -> Result<(), ErrorInfo> {
    let target: Hunks = read(arguments)?;
    let working = connection.clone();
    connection.spawn(async move {
        if let Err(error) = hunks::run(&working, verb, target).await {
            working.say(lsp::MessageType::Error, error.message);
        }
    });
    Ok(())
}

/// Says why hunks are there.
fn explain_hunks(connection: &Arc<Connection>, arguments: Option<Value>) -> Result<(), ErrorInfo> {
    let target: Hunks = read(arguments)?;
    let asked = connection.clone();
    connection.spawn(async move {
        match target.chosen(&asked).await {
            Ok(chosen) => hover::say(&asked, &chosen),
            Err(error) => asked.say(lsp::MessageType::Error, error.message),
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_about_editors_without_a_plugin_has_every_command() {
        let page = include_str!("../../../../../docs/plain-mode.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
        let written: BTreeSet<&str> =
            rows.flat_map(|row| row.split('`')).filter(|it| it.starts_with("coworker.")).collect();
        assert_eq!(written, BTreeSet::from(NAMES));
    }
}
