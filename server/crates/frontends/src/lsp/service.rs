//! The loop between the wire and the language server library.
//!
//! Messages are called in wire order and each handler is polled once right here, so what a
//! handler does before its first `.await` happens in that order too; the rest of it runs on its
//! own. What the protocol says of the time before `initialize` and after `shutdown` is held here
//! for every method, known or not.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::Poll,
};

use futures::{
    FutureExt, SinkExt, StreamExt,
    future::{self, BoxFuture, poll_fn},
};
use protocol::ErrorInfo;
use tokio::{io::AsyncRead, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower::Service;
use tower_lsp_server::{
    ClientSocket, ExitedError, LanguageServer, LspService,
    jsonrpc::{Error, ErrorCode, Id, Request, Response},
};

use super::{
    Ended,
    connection::refused,
    trace::{Handling, Trace},
};
use crate::wire::{
    frames::{FrameError, Frames},
    message::{self, Incoming},
    outbox::Outbox,
};

/// Where in its life a connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    Ready,
    ShutDown,
}

type Call = BoxFuture<'static, Result<Option<Response>, ExitedError>>;

/// `ServerNotInitialized` of the Language Server Protocol.
const NOT_INITIALIZED: ErrorCode = ErrorCode::ServerError(-32002);

/// Serves until the client says `exit`, the input ends or `stop` is cancelled.
pub(super) async fn run<S: LanguageServer>(
    input: impl AsyncRead + Unpin,
    (service, socket): (LspService<S>, ClientSocket),
    outbox: Outbox,
    trace: Trace,
    stop: &CancellationToken,
) -> Ended {
    let (mut requests, mut responses) = socket.split();
    let mut frames = Frames::new(input);
    let mut calls = Calls {
        service,
        outbox: outbox.clone(),
        trace,
        phase: Phase::New,
        pending: JoinSet::new(),
    };
    let mut stopped = pin!(stop.cancelled());
    loop {
        let next = async {
            outbox.room().await;
            frames.next().await
        };
        let frame = tokio::select! {
            biased;
            () = &mut stopped => return Ended::Otherwise,
            Some(request) = requests.next() => {
                outbox.send(&request);
                continue;
            }
            frame = next => match frame {
                Some(frame) => frame,
                None => return Ended::Otherwise,
            },
        };
        let body = match frame {
            Ok(body) => body,
            Err(error) => {
                outbox.send(&misframed(&error));
                continue;
            }
        };
        match message::decode(&body) {
            Incoming::Request(request) if request.method() == "exit" => {
                let orderly = calls.phase == Phase::ShutDown;
                calls.call(request).await;
                return if orderly { Ended::AfterShutdown } else { Ended::Otherwise };
            }
            Incoming::Request(request) => calls.call(request).await,
            Incoming::Response(response) => {
                // It only fails after `exit`.
                let _ = responses.send(response).await;
            }
            Incoming::Refused { answer, rest } => {
                outbox.send(&answer);
                if let Some(rest) = rest {
                    frames.put_back(&body[rest..]);
                }
            }
        }
    }
}

/// The calls of the client.
struct Calls<S> {
    service: LspService<S>,
    outbox: Outbox,
    trace: Trace,
    phase: Phase,
    // Handlers that wait for something. They end with the connection.
    pending: JoinSet<()>,
}

impl<S: LanguageServer> Calls<S> {
    async fn call(&mut self, request: Request) {
        while self.pending.try_join_next().is_some() {}
        let (method, id) = (request.method().to_owned(), request.id().cloned());
        if let Some(refusal) = self.refusal(&method) {
            if let Some(id) = id {
                self.outbox.send(&Response::from_error(id, refusal));
            }
            return;
        }
        let handling = self.trace.begin(&method, id.as_ref());
        let answer = answered(method.clone(), id, self.begin(request).await);
        let mut answer = Box::pin(answer);
        match &*method {
            // Nothing may be handled before this is.
            "initialize" => {
                let response = answer.await;
                if response.as_ref().is_some_and(Response::is_ok) {
                    self.phase = Phase::Ready;
                }
                reply(&self.outbox, handling, response.as_ref());
                return;
            }
            "shutdown" => self.phase = Phase::ShutDown,
            _ => {}
        }
        match futures::poll!(&mut answer) {
            Poll::Ready(response) => reply(&self.outbox, handling, response.as_ref()),
            Poll::Pending => {
                let outbox = self.outbox.clone();
                self.pending.spawn(async move {
                    let response = answer.await;
                    reply(&outbox, handling, response.as_ref());
                });
            }
        }
    }

    /// What to say to a message that comes too early or too late.
    fn refusal(&self, method: &str) -> Option<Error> {
        match (self.phase, method) {
            (Phase::Ready, _) | (_, "exit") | (Phase::New, "initialize") => None,
            (Phase::New, _) => Some(error(NOT_INITIALIZED, "the first request is `initialize`")),
            (Phase::ShutDown, _) => {
                Some(error(ErrorCode::InvalidRequest, "only `exit` comes after `shutdown`"))
            }
        }
    }

    /// Hands a call to the library: its handler, not polled yet.
    async fn begin(&mut self, request: Request) -> Call {
        if let Err(exited) = poll_fn(|context| self.service.poll_ready(context)).await {
            return future::err(exited).boxed();
        }
        // Some clients send parameters that `shutdown` does not have.
        let request = match (request.method(), request.id()) {
            ("shutdown", Some(id)) => Request::build("shutdown").id(id.clone()).finish(),
            _ => request,
        };
        match catch_unwind(AssertUnwindSafe(|| self.service.call(request))) {
            Ok(call) => call,
            Err(panic) => async { resume_unwind(panic) }.boxed(),
        }
    }
}

/// Sends an answer, and then tells of it who wants to hear.
fn reply(outbox: &Outbox, handling: Option<Handling>, response: Option<&Response>) {
    if let Some(response) = response {
        outbox.answer(response);
    }
    if let Some(handling) = handling {
        handling.end(response);
    }
}

/// What a call comes to. A panic is the handler's alone: it is logged and answered.
async fn answered(method: String, id: Option<Id>, call: Call) -> Option<Response> {
    match AssertUnwindSafe(call).catch_unwind().await {
        Ok(Ok(Some(response))) => Some(with_data(response)),
        // The library leaves requests of unknown `$/` methods without an answer.
        Ok(_) => Some(Response::from_error(id?, Error::method_not_found())),
        Err(_) => {
            tracing::error!(method, "a handler panicked");
            let reason = "a fault in Coworker; the log has the details";
            Some(Response::from_error(id?, error(ErrorCode::InternalError, reason)))
        }
    }
}

/// Says in our own words too that parameters do not fit, where the library found it out.
fn with_data(response: Response) -> Response {
    match response.into_parts() {
        (id, Err(error)) if error.code == ErrorCode::InvalidParams && error.data.is_none() => {
            let message = error.message.into_owned();
            Response::from_error(
                id,
                refused(ErrorInfo::new(protocol::ErrorCode::InvalidParams, message)),
            )
        }
        (id, body) => Response::from_parts(id, body),
    }
}

fn misframed(problem: &FrameError) -> Response {
    match problem {
        FrameError::TooLong(_) => {
            let error = Error { message: problem.to_string().into(), ..Error::invalid_request() };
            Response::from_error(Id::Null, error)
        }
        FrameError::NoHeader | FrameError::CutShort => message::undecodable(problem.to_string()),
    }
}

fn error(code: ErrorCode, message: &'static str) -> Error {
    Error { code, message: message.into(), data: None }
}

#[cfg(test)]
mod tests;
