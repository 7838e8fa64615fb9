//! Which prompt a turn is the answer to: the client's request stays open until its turn ends.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use agent_client_protocol_schema::v1::{PromptResponse, StopReason};
use protocol::{ErrorCode, ErrorInfo, SessionId, TurnId};
use tokio::sync::Notify;
use tower_lsp_server::jsonrpc::{Error, Id, Response};

use super::connection::refused;

/// How a turn ended.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Stopped(StopReason),
    Failed(ErrorInfo),
}

/// The prompts that wait for the ends of their turns.
#[derive(Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    answered: Notify,
}

#[derive(Default)]
struct State {
    waiting: HashMap<TurnId, Waiting>,
    // Prompts on their way to the engine. Turns may end before their names are known here.
    starting: usize,
    ended: HashMap<TurnId, Outcome>,
    // Sessions of which something must be told before a turn of theirs ends.
    held: HashMap<SessionId, usize>,
}

struct Waiting {
    session: SessionId,
    request: Id,
    // It has ended, and is only held back.
    outcome: Option<Outcome>,
}

impl Turns {
    /// A prompt is on its way to the engine.
    pub(super) fn starting(&self) {
        self.state().starting += 1;
    }

    /// It has become a turn, or nothing. Gives the answer if that turn has ended already.
    pub(super) fn started(
        &self,
        session: &SessionId,
        turn: Option<(TurnId, Id)>,
    ) -> Option<Response> {
        let mut state = self.state();
        state.starting -= 1;
        let mut answer = None;
        if let Some((turn, request)) = turn {
            let outcome = state.ended.remove(&turn);
            let session = session.clone();
            let is_held = state.held.contains_key(&session);
            match outcome {
                Some(outcome) if !is_held => answer = Some(response(request, outcome)),
                outcome => {
                    state.waiting.insert(turn, Waiting { session, request, outcome });
                }
            }
        }
        if state.starting == 0 {
            state.ended.clear();
        }
        drop(state);
        self.answered.notify_waiters();
        answer
    }

    /// A turn has ended. Gives the answer to its prompt, if that is to be told now.
    pub(super) fn end(
        &self,
        session: &SessionId,
        turn: &TurnId,
        outcome: Outcome,
    ) -> Option<Response> {
        let mut state = self.state();
        if state.held.contains_key(session)
            && let Some(waiting) = state.waiting.get_mut(turn)
        {
            waiting.outcome = Some(outcome);
            return None;
        }
        let answer = match state.waiting.remove(turn) {
            Some(waiting) => Some(response(waiting.request, outcome)),
            None => {
                if state.starting > 0 {
                    state.ended.insert(turn.clone(), outcome);
                }
                None
            }
        };
        drop(state);
        self.answered.notify_waiters();
        answer
    }

    /// Whether a prompt waits for this turn.
    pub(super) fn is_waiting(&self, turn: &TurnId) -> bool {
        self.state().waiting.contains_key(turn)
    }

    /// The session and the turn that this request waits for.
    pub(super) fn session_of(&self, request: &Id) -> Option<SessionId> {
        let state = self.state();
        let found = state.waiting.values().find(|waiting| waiting.request == *request);
        found.map(|waiting| waiting.session.clone())
    }

    /// No turn of the session is told to have ended until [`Turns::release`].
    pub(super) fn hold(&self, session: &SessionId) {
        *self.state().held.entry(session.clone()).or_default() += 1;
    }

    /// Gives the answers that were held back for this.
    pub(super) fn release(&self, session: &SessionId) -> Vec<Response> {
        let mut state = self.state();
        if let Some(count) = state.held.get_mut(session) {
            *count -= 1;
            if *count > 0 {
                return Vec::new();
            }
            state.held.remove(session);
        }
        let is_over = |_: &TurnId, it: &mut Waiting| it.session == *session && it.outcome.is_some();
        let over: Vec<Waiting> = state.waiting.extract_if(is_over).map(|(_, it)| it).collect();
        drop(state);
        self.answered.notify_waiters();
        let answers = over.into_iter().filter_map(|it| Some(response(it.request, it.outcome?)));
        answers.collect()
    }

    /// Waits until no prompt of the session waits.
    pub(super) async fn none_waits(&self, session: &SessionId) {
        loop {
            let answered = self.answered.notified();
            tokio::pin!(answered);
            answered.as_mut().enable();
            {
                let state = self.state();
                let mut waiting = state.waiting.values();
                if state.starting == 0 && !waiting.any(|it| it.session == *session) {
                    return;
                }
            }
            answered.await;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer to a prompt. That nothing more may be asked of the model is an end like others;
/// what failed is an error.
fn response(request: Id, outcome: Outcome) -> Response {
    let reason = match outcome {
        Outcome::Stopped(reason) => reason,
        Outcome::Failed(error) if error.code == ErrorCode::TurnTooLong => {
            StopReason::MaxTurnRequests
        }
        Outcome::Failed(error) => return Response::from_error(request, refused(error)),
    };
    match serde_json::to_value(PromptResponse::new(reason)) {
        Ok(answer) => Response::from_ok(request, answer),
        Err(_) => Response::from_error(request, Error::internal_error()),
    }
}
