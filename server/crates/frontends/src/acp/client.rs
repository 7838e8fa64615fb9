//! Requests to the client: each has a number, and waits for its answer or for nobody.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::oneshot;
use tower_lsp_server::jsonrpc::{Error, Id, Response, Result};

use super::connection::lock;
use crate::wire::outbox::Outbox;

/// Says that nobody waits for the answer to a request any more.
const CANCEL: &str = "$/cancel_request";

/// The client, as one asks it.
pub(super) struct Client {
    outbox: Outbox,
    next: AtomicI64,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    requests: HashMap<i64, oneshot::Sender<Result<Value>>>,
    // The client is gone.
    over: bool,
}

#[derive(Serialize)]
struct Request<'a, P> {
    jsonrpc: &'a str,
    id: i64,
    method: &'a str,
    params: P,
}

/// While it lives, somebody waits for the answer.
struct Asked<'a> {
    client: &'a Client,
    id: i64,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        // With an answer it is gone already.
        if lock(&self.client.waiting).requests.remove(&self.id).is_some() {
            let params = serde_json::json!({ "requestId": self.id });
            self.client.outbox.notify(CANCEL, params);
        }
    }
}

impl Client {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { outbox, next: AtomicI64::new(1), waiting: Arc::default() }
    }

    /// Asks, and waits for the answer. To give up the wait tells the client.
    ///
    /// # Errors
    /// The client answered with one, or with something that does not fit, or it is gone.
    pub(super) async fn ask<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<R> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        {
            let mut waiting = lock(&self.waiting);
            if waiting.over {
                return Err(gone());
            }
            waiting.requests.insert(id, answer);
        }
        let _asked = Asked { client: self, id };
        self.outbox.send(&Request { jsonrpc: "2.0", id, method, params });
        let answer = answered.await.map_err(|_| gone())??;
        serde_json::from_value(answer).map_err(|error| {
            tracing::warn!(method, %error, "the client's answer does not fit");
            Error::invalid_params(format!("the answer to `{method}` does not fit: {error}"))
        })
    }

    /// Takes an answer of the client. One that nobody waits for is passed over.
    pub(super) fn answered(&self, response: Response) {
        let (id, answer) = response.into_parts();
        let Id::Number(id) = id else { return };
        if let Some(waiting) = lock(&self.waiting).requests.remove(&id) {
            let _ = waiting.send(answer);
        }
    }

    /// Whether the client answers no more.
    pub(super) fn is_gone(&self) -> bool {
        lock(&self.waiting).over
    }

    /// The client answers no more.
    pub(super) fn give_up(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.over = true;
        waiting.requests.clear();
    }
}

fn gone() -> Error {
    Error { message: "the client is gone".into(), ..Error::internal_error() }
}
