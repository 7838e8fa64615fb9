//! The loop between the wire and what a client can ask.
//!
//! Messages are taken in wire order and each handler is polled once right here, so the place that
//! it takes in a line is that order; the rest of it runs on its own. No handler is awaited here,
//! so one that waits for the client gets its answer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{io::AsyncRead, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower_lsp_server::jsonrpc::{Error, Id, Request, Response};

use super::{
    connection::Connection,
    methods::{self, Answer},
};
use crate::wire::{
    frames::FrameError,
    lines::Lines,
    message::{self, Incoming},
};

/// Serves until the input ends or `stop` is cancelled.
pub(super) async fn run(
    input: impl AsyncRead + Unpin,
    connection: &Arc<Connection>,
    stop: &CancellationToken,
) {
    let mut lines = Lines::new(input);
    let mut calls = Calls { connection, pending: JoinSet::new() };
    let mut stopped = pin!(stop.cancelled());
    loop {
        let next = async {
            connection.outbox.room().await;
            lines.next().await
        };
        let line = tokio::select! {
            biased;
            () = &mut stopped => return,
            line = next => match line {
                Some(line) => line,
                None => return,
            },
        };
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                connection.outbox.send(&too_long(&error));
                continue;
            }
        };
        match message::decode(&line) {
            Incoming::Request(request) => calls.call(request),
            Incoming::Response(response) => connection.client.answered(response),
            Incoming::Refused { answer, .. } => connection.outbox.send(&answer),
        }
    }
}

/// The calls of the client.
struct Calls<'a> {
    connection: &'a Arc<Connection>,
    // Handlers that wait for something. They end with the connection.
    pending: JoinSet<()>,
}

impl Calls<'_> {
    fn call(&mut self, request: Request) {
        while self.pending.try_join_next().is_some() {}
        let (method, id, params) = request.into_parts();
        let params = params.unwrap_or_default();
        let connection = self.connection.clone();
        let Some(id) = id else {
            let begin = || methods::notified(&connection, &method, params);
            match catch_unwind(AssertUnwindSafe(begin)) {
                Ok(work) => self.begin(work),
                Err(_) => tracing::error!(%method, "a handler panicked"),
            }
            return;
        };
        if let Some(refusal) = refusal(&connection, &method) {
            connection.outbox.answer(&Response::from_error(id, refusal));
            return;
        }
        let begin = || methods::asked(&connection, &method, id.clone(), params);
        match catch_unwind(AssertUnwindSafe(begin)) {
            Ok(work) => {
                let answering = connection.clone();
                self.begin(Box::pin(async move {
                    let answer = AssertUnwindSafe(work).catch_unwind().await;
                    let answer = answer.unwrap_or_else(|_| {
                        tracing::error!(%method, "a handler panicked");
                        Err(fault())
                    });
                    reply(&answering, id, answer);
                }));
            }
            Err(_) => connection.outbox.answer(&Response::from_error(id, fault())),
        }
    }

    /// Polls work once, here; what is left of it goes on by itself.
    fn begin(&mut self, mut work: BoxFuture<'static, ()>) {
        let waker = futures::task::noop_waker();
        let mut context = std::task::Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(())) => {}
            // It is polled again at once, with a waker that wakes.
            Ok(Poll::Pending) => {
                self.pending.spawn(work);
            }
            Err(_) => tracing::error!("a handler panicked"),
        }
    }
}

/// What to say to a request that comes too early or too late.
fn refusal(connection: &Connection, method: &str) -> Option<Error> {
    let reason = match (connection.is_introduced(), method) {
        (false, "initialize") => return None,
        (true, method) if method != "initialize" => return None,
        (false, _) => "the first request is `initialize`",
        (true, _) => "`initialize` comes once",
    };
    Some(Error { message: reason.into(), ..Error::invalid_request() })
}

/// Sends an answer, and then does what is to be done after it.
fn reply(connection: &Arc<Connection>, id: Id, answer: Result<Answer, Error>) {
    match answer {
        Ok(Answer::Now(value)) => connection.outbox.answer(&Response::from_ok(id, value)),
        Ok(Answer::NowAndThen(value, then)) => {
            connection.outbox.answer(&Response::from_ok(id, value));
            then();
        }
        Ok(Answer::Later) => {}
        Err(error) => connection.outbox.answer(&Response::from_error(id, error)),
    }
}

fn fault() -> Error {
    let message = "a fault in Coworker; the log has the details".into();
    Error { message, ..Error::internal_error() }
}

fn too_long(problem: &FrameError) -> Response {
    let error = Error { message: problem.to_string().into(), ..Error::invalid_request() };
    Response::from_error(Id::Null, error)
}
