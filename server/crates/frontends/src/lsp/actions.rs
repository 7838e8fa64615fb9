//! Code actions: what can be done here and now, as commands. None carries an edit, because not
//! every client checks what an edit was made for; what is not possible is left out, because not
//! every client hides what is disabled.

use protocol::{
    Approval, ApprovalOption, ApprovalSubject, Choice, Decision, ItemId, Mode, SessionId, wire,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::{
    gen_lsp_types::{CodeAction, CodeActionKind, Command},
    jsonrpc,
};

use super::{
    Server, commands,
    connection::Connection,
    hunks::{self, Chosen, Here, Verb},
    offers::{self, Offer, Scope},
    pointed::Pointed,
    question::{self, printable},
    view::{Named, Question},
};

/// The most problems a command carries.
const PROBLEM_LIMIT: usize = 20;

/// The most answers to a question of the agent that are offered.
const CHOICE_LIMIT: usize = 6;

const SEND_TITLE: &str = "Send to Coworker";
const ASK_KIND: &str = "refactor.rewrite.coworker.ask";
const EXPLAIN_KIND: &str = "refactor.rewrite.coworker.explain";
const FIX_KIND: &str = "quickfix.coworker.fix";
const DECIDE_KIND: &str = "quickfix.coworker.decide";
const STOP_KIND: &str = "quickfix.coworker.stop";
const HUNKS_KIND: &str = "quickfix.coworker.hunks";
const CHAT_KIND: &str = "quickfix.coworker.chat";

/// The part of `CodeActionParams` that is of use; a diagnostic of a strange shape is no reason
/// to offer nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    text_document: Document,
    range: wire::Range,
    context: Context,
}

#[derive(Deserialize)]
struct Document {
    uri: String,
}

#[derive(Deserialize)]
struct Context {
    #[serde(default)]
    diagnostics: Vec<Value>,
    #[serde(default)]
    only: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Diagnostic {
    range: wire::Range,
    #[serde(default)]
    severity: Option<u32>,
    message: Value,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    code: Option<Value>,
}

impl Server {
    pub(super) async fn code_action(&self, params: Params) -> jsonrpc::Result<Vec<CodeAction>> {
        let connection = &self.0;
        let pointed = Pointed::new(connection, &params.text_document.uri, Some(params.range)).ok();
        let uri = &params.text_document.uri;
        let review = connection.review.pointed(connection, uri, params.range);
        // What is under the cursor comes first.
        let mut decided = Decided::default();
        let mut rest = Vec::new();
        if let Some((chosen, scope)) = review {
            decided = in_review(connection, &chosen, scope);
        } else if connection.chat.is_shown_as(connection, uri) {
            rest = in_chat(connection);
        } else if let Some(pointed) = pointed {
            decided = about_hunks(connection, &pointed, params.range).await;
            let symbol = pointed.symbol(connection).await;
            rest = about_selection(connection, &params, symbol.as_deref());
        }
        let mut actions: Vec<CodeAction> = decided.offers.iter().map(offered).collect();
        for question in connection.view.questions() {
            if !decided.answers(&question) {
                actions.extend(decisions(connection, &question));
            }
        }
        if !connection.view.running().is_empty() {
            actions.push(action(STOP_KIND, "Coworker: Stop", commands::STOP, json!({})));
        }
        actions.extend(rest);
        let wanted = |action: &CodeAction| is_wanted(action, params.context.only.as_deref());
        Ok(actions.into_iter().filter(wanted).collect())
    }
}

/// What can be decided about hunks.
#[derive(Default)]
struct Decided {
    offers: Vec<Offer>,
    /// The change sets of which everything can be decided by these offers.
    sets: Vec<ItemId>,
}

impl Decided {
    /// Whether a question need not be offered beside.
    fn answers(&self, question: &Question) -> bool {
        let subject = &question.approval.subject;
        matches!(subject, ApprovalSubject::Changes { item_id } if self.sets.contains(item_id))
    }
}

/// What can be decided about the hunks at a place of the review document.
fn in_review(connection: &Connection, chosen: &Chosen, scope: Scope) -> Decided {
    let Chosen { session, hunks, .. } = chosen;
    let Some(hunk) = hunks.first() else { return Decided::default() };
    let mut offers = offers::decisions(session, hunks, scope);
    if scope == Scope::Here {
        offers.extend(offers::why(session, hunks));
    }
    let set = of_set(connection, session, &hunk.set);
    if set.len() > hunks.len() {
        offers.extend(offers::decisions(session, &set, Scope::Set));
    }
    let offers = offers.into_iter().map(Offer::in_review).collect();
    Decided { offers, sets: vec![hunk.set.clone()] }
}

/// What can be decided about the hunks at a place of a document, or elsewhere in it if some of
/// them wait, and about the change sets they are in.
async fn about_hunks(connection: &Connection, pointed: &Pointed, range: wire::Range) -> Decided {
    let mut decided = Decided::default();
    if connection.profile().ui.hunks {
        return decided;
    }
    let found = hunks::in_document(connection, pointed.path()).await;
    for session in connection.view.touching(pointed.path()) {
        let of_session = || found.iter().filter(|here| here.session == session);
        let file: Vec<Named> = of_session().map(Here::named).collect();
        let here: Vec<Named> =
            of_session().filter(|here| here.touches(range)).map(Here::named).collect();
        let waiting = file.iter().rfind(|hunk| Verb::Accept.fits(&hunk.state));
        let Some(hunk) = here.last().or(waiting) else { continue };
        let set = of_set(connection, &session, &hunk.set);
        let is_in_file = set.iter().all(|hunk| file.iter().any(|it| it.id == hunk.id));
        // Of what is wider than a hunk only the widest: a menu is read from top to bottom.
        let wider = match (here.is_empty(), is_in_file) {
            (true, true) => vec![(&file, Scope::File)],
            (true, false) => vec![(&file, Scope::File), (&set, Scope::Set)],
            (false, true) if file.len() > here.len() => vec![(&file, Scope::File)],
            (false, true) => Vec::new(),
            (false, false) => vec![(&set, Scope::Set)],
        };
        let offers = &mut decided.offers;
        offers.extend(offers::decisions(&session, &here, Scope::Here));
        offers.extend(offers::why(&session, &here));
        let wider = wider.into_iter();
        offers.extend(wider.flat_map(|(hunks, scope)| offers::decisions(&session, hunks, scope)));
        offers.push(offers::review(&session, hunk));
        decided.sets.push(hunk.set.clone());
    }
    decided
}

/// The hunks of a change set.
fn of_set(connection: &Connection, session: &SessionId, set: &ItemId) -> Vec<Named> {
    let mut hunks = connection.view.hunks(session, None);
    hunks.retain(|hunk| hunk.set == *set);
    hunks
}

fn offered(offer: &Offer) -> CodeAction {
    CodeAction {
        title: offer.title.clone(),
        kind: Some(CodeActionKind::from(HUNKS_KIND)),
        command: Some(offer.command()),
        ..Default::default()
    }
}

/// What can be done with the chat as a whole, and with what the user has written there.
fn in_chat(connection: &Connection) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    if let Ok(written) = connection.chat.written(connection) {
        let questions = connection.view.questions();
        let asks = matches!(questions.as_slice(), [question] if asks(&question.approval));
        let title = if asks { "Coworker: Answer with what is written here" } else { SEND_TITLE };
        actions.push(action(CHAT_KIND, title, commands::SEND, json!({})));
        if let ([question], false) = (questions.as_slice(), asks) {
            let arguments = json!({ "sessionId": question.session, "approvalId": question.id,
                                    "reason": written, "fromChat": true });
            let title = "Coworker: Reject with what is written here";
            actions.push(action(DECIDE_KIND, title, commands::REJECT, arguments));
        }
    }
    let entry = |title: &str, command, arguments| action(CHAT_KIND, title, command, arguments);
    actions.push(entry("Coworker: New conversation", commands::NEW, json!({})));
    // Only here: in code they would crowd out what is asked about it.
    let now = connection.chat.mode(connection);
    for mode in Mode::ALL.into_iter().filter(|mode| *mode != now) {
        let title = format!("Coworker: Mode {} – {}", mode.as_str(), mode.description());
        actions.push(entry(&title, commands::MODE, json!({ "mode": mode })));
    }
    actions
}

/// Whether the agent asks something.
fn asks(approval: &Approval) -> bool {
    matches!(approval.subject, ApprovalSubject::Questions { .. })
}

fn about_selection(
    connection: &Connection,
    params: &Params,
    symbol: Option<&str>,
) -> Vec<CodeAction> {
    let target = json!({ "uri": params.text_document.uri, "range": params.range });
    let about = symbol.map(|symbol| format!(" about `{symbol}`")).unwrap_or_default();
    let this = symbol.map_or_else(|| "this".to_owned(), |symbol| format!("`{symbol}`"));
    let mut actions = Vec::new();
    let problems: Vec<String> = params.context.diagnostics.iter().filter_map(problem).collect();
    // Not every editor sends the problems it shows; the model sees the text all the same.
    if !problems.is_empty() || params.range.start != params.range.end {
        let mut target = target.clone();
        target["problems"] = problems.into_iter().take(PROBLEM_LIMIT).collect();
        actions.push(action(FIX_KIND, "Coworker: Fix this", commands::FIX, target));
    }
    if commands::can_ask(connection) {
        let title = format!("Ask Coworker{about}…");
        actions.push(action(ASK_KIND, &title, commands::ASK, target.clone()));
    }
    let title = format!("Coworker: Explain {this}");
    actions.push(action(EXPLAIN_KIND, &title, commands::EXPLAIN, target));
    actions
}

/// A question, as far as this client does not draw it itself.
fn decisions(connection: &Connection, question: &Question) -> Vec<CodeAction> {
    let title = question::title(&question.approval);
    let arguments = json!({ "sessionId": question.session, "approvalId": question.id });
    let entry = |verb: &str, command| {
        action(DECIDE_KIND, &format!("Coworker: {verb} – {title}"), command, arguments.clone())
    };
    let mut actions = match &question.approval.subject {
        ApprovalSubject::Questions { questions, .. } => {
            let mut actions = choices(questions, &arguments);
            actions.push(entry("Do not answer", commands::REJECT));
            actions
        }
        _ => {
            let yes = question.approval.label(Decision::Once).unwrap_or("Allow");
            vec![entry(yes, commands::APPROVE), entry("Reject", commands::REJECT)]
        }
    };
    let offered = |it: &ApprovalOption| it.decision == Decision::SaveAndRun;
    if question.approval.options.iter().any(offered) {
        let mut arguments = arguments.clone();
        arguments["decision"] = json!(Decision::SaveAndRun);
        let title = format!("Coworker: Save and run – {title}");
        actions.insert(1, action(DECIDE_KIND, &title, commands::APPROVE, arguments));
    }
    let shown = |verb: &str, command, arguments| {
        action(DECIDE_KIND, &format!("Coworker: {verb} – {title}"), command, arguments)
    };
    match &question.approval.subject {
        ApprovalSubject::Changes { item_id } if !connection.profile().ui.hunks => {
            let set = json!({ "sessionId": question.session, "changeSetId": item_id });
            actions.push(shown("Review", commands::REVIEW, set));
        }
        _ if !connection.draws_chat() => actions.push(shown("Show", commands::CHAT, json!({}))),
        _ => {}
    }
    actions
}

/// The answers that one question of the agent offers; several are answered in words.
fn choices(questions: &[protocol::Question], arguments: &Value) -> Vec<CodeAction> {
    let [question] = questions else { return Vec::new() };
    let entry = |(number, choice): (usize, &Choice)| {
        let mut arguments = arguments.clone();
        arguments["text"] = number.to_string().into();
        let (label, asked) = (printable(&choice.label), printable(&question.text));
        action(
            DECIDE_KIND,
            &format!("Coworker: Answer {label} – {asked}"),
            commands::ANSWER,
            arguments,
        )
    };
    (1..).zip(&question.choices).take(CHOICE_LIMIT).map(entry).collect()
}

fn action(kind: &'static str, title: &str, command: &str, arguments: Value) -> CodeAction {
    let command = Command {
        title: title.to_owned(),
        command: command.to_owned(),
        arguments: Some(vec![arguments]),
        ..Default::default()
    };
    CodeAction {
        title: title.to_owned(),
        kind: Some(CodeActionKind::from(kind)),
        command: Some(command),
        ..Default::default()
    }
}

/// Whether the client asked for this kind, or one above it.
fn is_wanted(action: &CodeAction, only: Option<&[String]>) -> bool {
    let (Some(only), Some(kind)) = (only, &action.kind) else { return true };
    let kind = kind.to_string();
    only.iter().any(|wanted| {
        kind.strip_prefix(wanted.as_str())
            .is_some_and(|rest| wanted.is_empty() || rest.is_empty() || rest.starts_with('.'))
    })
}

/// A diagnostic in one line.
fn problem(diagnostic: &Value) -> Option<String> {
    let Diagnostic { range, severity, message, source, code } =
        Diagnostic::deserialize(diagnostic).ok()?;
    // Since LSP 3.18 a message may be an object with its text in `value`.
    let message = message.as_str().or_else(|| message.get("value")?.as_str())?.to_owned();
    let severity = match severity {
        Some(2) => "warning",
        Some(3) => "information",
        Some(4) => "hint",
        _ => "error",
    };
    let code = code.and_then(|code| match code {
        Value::String(code) => Some(code),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    });
    let origin: Vec<String> = source.into_iter().chain(code).collect();
    let origin = if origin.is_empty() { String::new() } else { format!(" ({})", origin.join(" ")) };
    let wire::Position { line, character } = range.start;
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("{}:{} {severity}: {message}{origin}", line + 1, character + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_is_one_line_whatever_shape_it_has() {
        let range =
            json!({"start": {"line": 11, "character": 4}, "end": {"line": 11, "character": 9}});
        let full = json!({"range": range, "severity": 2, "message": "unused\n  variable",
            "source": "rustc", "code": "unused_variables", "data": {"x": 1}});
        let line = problem(&full).unwrap();
        assert_eq!(line, "12:5 warning: unused variable (rustc unused_variables)");
        let marked_up = json!({"range": range, "message": {"kind": "markdown", "value": "no"}});
        assert_eq!(problem(&marked_up).unwrap(), "12:5 error: no");
        assert_eq!(problem(&json!({"message": "nowhere"})), None);
    }

    #[test]
    fn a_kind_is_wanted_with_those_above_it() {
        let explain = action(EXPLAIN_KIND, "", "", Value::Null);
        let wanted = |only: &str| is_wanted(&explain, Some(&[only.to_owned()]));
        assert!(wanted("") && wanted("refactor.rewrite") && wanted(EXPLAIN_KIND));
        assert!(!wanted("quickfix") && !wanted("refactor.re"));
        assert!(is_wanted(&explain, None));
    }
}
