//! The engine's view of the client: it is told, and asked.

use std::sync::{Arc, Weak};

use agent_client_protocol_schema::v1::{
    self as acp, CreateElicitationRequest, CreateElicitationResponse, ElicitationAction,
    ElicitationFormMode, ElicitationSessionScope, PermissionOption, RequestPermissionOutcome,
    RequestPermissionRequest, RequestPermissionResponse, ToolCallContent, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields,
};
use async_trait::async_trait;
use engine::{ApplyRefused, BufferEdit, Editor};
use protocol::{
    Answer, Approval, ApprovalSubject, Decision, ItemId, Question, SessionId, SessionUpdate,
    ToolCall,
};

use super::{buffers, connection::Connection, question, tool_call};

/// Asks the user whether something may be done.
const PERMISSION: &str = "session/request_permission";
/// Asks the user to fill in a form.
const ELICITATION: &str = "elicitation/create";

/// Stands for an answer that is none of those offered.
const NOTHING: &str = "";

/// The other end of a connection, as sessions hold it.
pub(super) struct AcpEditor {
    // Sessions must not keep a connection alive.
    connection: Weak<Connection>,
}

/// What a question is asked about: a call that the client knows.
struct Subject {
    id: ItemId,
    call: Option<ToolCall>,
    contents: Vec<ToolCallContent>,
}

impl AcpEditor {
    pub(super) fn new(connection: Weak<Connection>) -> Self {
        Self { connection }
    }
}

#[async_trait]
impl Editor for AcpEditor {
    fn name(&self) -> String {
        let connection = self.connection.upgrade();
        connection.map_or_else(String::new, |connection| connection.profile().name.clone())
    }

    fn notify(&self, update: &SessionUpdate) {
        if let Some(connection) = self.connection.upgrade() {
            connection.notified(update);
        }
    }

    async fn ask(&self, session: &SessionId, id: &ItemId, approval: &Approval) -> Option<Answer> {
        let connection = self.connection.upgrade()?;
        let by = connection.profile().name.clone();
        // What the question is about has been told before.
        connection.is_caught_up(session).await;
        if let ApprovalSubject::Questions { item_id, questions } = &approval.subject {
            return ask_questions(&connection, session, item_id, questions, by).await;
        }
        let subject = subject(&connection, session, id, approval).await;
        let is_unknown = subject.call.is_none();
        if is_unknown {
            announce(&connection, session, id, approval);
        }
        let (options, title) = (question::options(approval), approval.title.clone());
        let said = permission(&connection, session, subject, title, options).await?;
        let decision = question::decision(approval, &said);
        if is_unknown {
            let status = match decision.allows() {
                true => ToolCallStatus::Completed,
                false => ToolCallStatus::Failed,
            };
            let fields = ToolCallUpdateFields::new().status(status);
            let update = ToolCallUpdate::new(id.as_str().to_owned(), fields);
            connection.tell(session, acp::SessionUpdate::ToolCallUpdate(update));
        }
        Some(Answer::new(decision, by))
    }

    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused> {
        match self.connection.upgrade() {
            Some(connection) => buffers::apply(&connection, edit).await,
            None => Err(ApplyRefused { reason: Some("the editor is gone".to_owned()) }),
        }
    }
}

/// What an approval is about.
async fn subject(
    connection: &Connection,
    session: &SessionId,
    id: &ItemId,
    approval: &Approval,
) -> Subject {
    let mut contents = Vec::new();
    let call = match &approval.subject {
        ApprovalSubject::ToolCall { item_id, .. } => Some(item_id.clone()),
        ApprovalSubject::Changes { item_id } => {
            if let Ok(proposals) = connection.sessions.proposal(session, item_id).await {
                contents = tool_call::differences(None, &proposals);
            }
            let calls = connection.views.look(session, |view| view.edits.get(item_id).cloned());
            calls.flatten().and_then(|calls| calls.first().cloned())
        }
        // The plan is an item of its own; the call that submitted it is open.
        ApprovalSubject::Plan { .. } => connection
            .views
            .look(session, |view| {
                let mut calls = view.calls.iter().rev();
                calls.find(|(_, call)| call.name == "plan").map(|(id, _)| id.clone())
            })
            .flatten(),
        ApprovalSubject::Questions { .. } | ApprovalSubject::Budget { .. } => None,
    };
    let known = call.and_then(|id| {
        let call = connection.views.look(session, |view| view.call(&id).cloned()).flatten()?;
        Some((id, call))
    });
    if let (ApprovalSubject::Plan { .. }, Some((_, call))) = (&approval.subject, &known) {
        contents.push(plan(call));
    }
    contents.extend(question::contents(approval));
    match known {
        Some((id, call)) => Subject { id, call: Some(call), contents },
        None => Subject { id: id.clone(), call: None, contents },
    }
}

/// A plan as the model submitted it.
fn plan(call: &ToolCall) -> ToolCallContent {
    let summary = call.input.get("summary").and_then(|it| it.as_str()).unwrap_or_default();
    let steps = call.input.get("steps").and_then(|it| it.as_array());
    let steps = steps.into_iter().flatten().filter_map(|step| step.as_str());
    let steps: String =
        steps.enumerate().map(|(number, step)| format!("{}. {step}\n", number + 1)).collect();
    tool_call::text(format!("{summary}\n\n{steps}"))
}

/// Tells of a question that is about no call, for there must be one.
fn announce(connection: &Connection, session: &SessionId, id: &ItemId, approval: &Approval) {
    let call = acp::ToolCall::new(id.as_str().to_owned(), approval.title.clone());
    connection.tell(session, acp::SessionUpdate::ToolCall(call));
}

/// Asks for a permission; gives what was chosen, none if that is not to be known any more.
async fn permission(
    connection: &Connection,
    session: &SessionId,
    subject: Subject,
    title: String,
    options: Vec<PermissionOption>,
) -> Option<String> {
    let mut fields = ToolCallUpdateFields::new()
        .title(title)
        .status(ToolCallStatus::Pending)
        .content(subject.contents);
    if let Some(call) = &subject.call {
        fields = fields
            .name(call.name.clone())
            .kind(tool_call::kind(&call.name))
            .locations(tool_call::locations(call))
            .raw_input(call.input.clone());
    }
    let call = ToolCallUpdate::new(subject.id.0, fields);
    let of = session.clone();
    let request = RequestPermissionRequest::new(session.as_str().to_owned(), call, options);
    let asked = connection.views.look(&of, |view| view.running.clone()).flatten();
    let answer = connection.client.ask::<RequestPermissionResponse>(PERMISSION, request).await;
    match answer.map(|answer| answer.outcome) {
        Ok(RequestPermissionOutcome::Selected(selected)) => {
            Some(selected.option_id.0.as_ref().to_owned())
        }
        // A client says so when it has stopped the turn. One that only says so means the same.
        Ok(RequestPermissionOutcome::Cancelled) => {
            let now = connection.views.look(&of, |view| view.running.clone()).flatten();
            if now.is_some() && now == asked {
                let stopped = connection.sessions.cancel(&of).await;
                stopped.inspect_err(|error| tracing::debug!(%error, "not stopped")).ok();
            }
            None
        }
        _ if connection.client.is_gone() => None,
        // Nobody else can be asked, so the turn would wait for ever.
        answer => {
            tracing::warn!(?answer, "the client did not ask the user");
            Some(NOTHING.to_owned())
        }
    }
}

/// Asks the agent's questions: by a form, or one after the other by buttons where there are no
/// forms. What can be asked in neither way is not answered.
async fn ask_questions(
    connection: &Arc<Connection>,
    session: &SessionId,
    call: &ItemId,
    questions: &[Question],
    by: String,
) -> Option<Answer> {
    if connection.profile().forms {
        let scope = ElicitationSessionScope::new(session.as_str().to_owned())
            .tool_call_id(acp::ToolCallId::new(call.as_str()));
        let form = ElicitationFormMode::new(scope, question::form(questions));
        let message = questions.iter().map(|it| it.text.as_str()).collect::<Vec<_>>().join("\n");
        let request = CreateElicitationRequest::new(form, message);
        let asked = connection.client.ask::<CreateElicitationResponse>(ELICITATION, request);
        let answers = match asked.await.map(|answer| answer.action) {
            Ok(ElicitationAction::Accept(accepted)) => {
                question::filled_in(questions, accepted.content)
            }
            Err(_) if connection.client.is_gone() => return None,
            _ => None,
        };
        return Some(match answers {
            Some(answers) => Answer { answers, ..Answer::new(Decision::Once, by) },
            None => Answer::new(Decision::Reject, by),
        });
    }
    let mut answers = Vec::with_capacity(questions.len());
    for question in questions {
        if question.choices.is_empty() {
            return Some(Answer::new(Decision::Reject, by));
        }
        let known = connection.views.look(session, |view| view.call(call).cloned()).flatten();
        let subject = Subject { id: call.clone(), call: known, contents: Vec::new() };
        let (title, options) = (question.text.clone(), question::buttons(question));
        let chosen = permission(connection, session, subject, title, options).await?;
        match question::pressed(question, &chosen) {
            Some(answer) => answers.push(answer),
            None => return Some(Answer::new(Decision::Reject, by)),
        }
    }
    Some(Answer { answers, ..Answer::new(Decision::Once, by) })
}
