//! The connection to one provider: TLS by rustls with ring, no redirects, patience with limits.
//!
//! It sends a body and gives the frames of the answer, or says why there are none. Made when the
//! first prompt needs it; it knows no wire.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, Proxy, Url, redirect};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use crate::failure::{Failure, Failures, root_cause};
use crate::frames::Frames;
use crate::provider::ProviderSettings;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a provider may be silent, before its answer and in the middle of it. Providers send
/// a sign of life every few seconds.
const IDLE_TIMEOUT: Duration = Duration::from_secs(180);
/// How long an answer may go on without a word of it, whatever signs of life come. Models that
/// reason at a provider may take twenty minutes to their first word. A model on the user's own
/// machine is loaded before it, reads a long conversation at some fifty tokens a second, and its
/// server sends nothing meanwhile, nor while it gathers a tool call; but it closes the connection
/// if it dies. So this is how long such a server may be silent, too.
pub(crate) const WORDLESS_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// How much of an answer that is a refusal is read, in bytes, and how long that may take.
const MOST_OF_A_REFUSAL: usize = 64 << 10;
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Where requests go, and by what. `Debug` shows nothing of it: all may hold secrets.
pub(crate) struct Connection {
    client: Client,
    base: Url,
    headers: HeaderMap,
    patience: Duration,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Makes the client of a provider. No connection is opened yet.
    ///
    /// # Errors
    /// The settings are not such that a connection could be made; in a sentence.
    pub(crate) async fn make(settings: &ProviderSettings) -> Result<Self, String> {
        let base = settings.address()?;
        if let Some(key) = settings.key.clone() {
            let found = tokio::task::spawn_blocking(move || key.find()).await;
            found.map_err(|error| format!("The key could not be looked for: {error}."))??;
        }
        let headers = headers(settings)?;
        let proxy = settings.proxy.clone();
        let ca_file = settings.ca_file.clone();
        let to = base.clone();
        let made =
            tokio::task::spawn_blocking(move || client(&to, proxy.as_deref(), ca_file.as_deref()));
        let client = made.await.map_err(|error| format!("The HTTP client failed: {error}."))??;
        let patience = if settings.is_own() { WORDLESS_TIMEOUT } else { IDLE_TIMEOUT };
        Ok(Self { client, base, headers, patience })
    }

    /// How long the server may be silent.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Sends a request and waits for the beginning of the answer.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        is_lines: bool,
        failures: &Failures,
    ) -> Result<Frames, Failure> {
        let url = self.base.join(path).map_err(|error| failures.unusable(&error.to_string()))?;
        let request = self.client.post(url).headers(self.headers.clone()).json(body);
        // The client logs what it sends and receives, in which a server may have echoed the key.
        let sent = request.send().with_subscriber(NoSubscriber::default());
        let response = timeout(self.patience, sent)
            .await
            .map_err(|_| failures.silent(self.patience))?
            .map_err(|error| failures.unreachable(&root_cause(&error)))?;
        let status = response.status();
        if !status.is_success() {
            let headers = response.headers().clone();
            let body = refusal(response).await;
            return Err(failures.refused(status.as_u16(), &body, &headers));
        }
        let bytes = response.bytes_stream().map_err(io::Error::other);
        Ok(Frames::new(bytes, is_lines))
    }

    /// Gets a small JSON document.
    ///
    /// # Errors
    /// It does not come within `patience`, or is none.
    pub(crate) async fn get(&self, path: &str, patience: Duration) -> Result<Value, String> {
        let url = self.base.join(path).map_err(|error| error.to_string())?;
        let request = self.client.get(url).headers(self.headers.clone()).timeout(patience);
        let sent = request.send().with_subscriber(NoSubscriber::default()).await;
        let response = sent.map_err(|error| root_cause(&error))?;
        match response.status() {
            status if status.is_success() => {
                response.json().await.map_err(|error| root_cause(&error))
            }
            status => Err(format!("status {}", status.as_u16())),
        }
    }
}

/// The beginning of a refusal's text.
async fn refusal(mut response: reqwest::Response) -> Value {
    let mut text = Vec::new();
    let until = Instant::now() + REFUSAL_TIMEOUT;
    while text.len() < MOST_OF_A_REFUSAL {
        match timeout_at(until, response.chunk()).await {
            Ok(Ok(Some(more))) => text.extend_from_slice(&more),
            _ => break,
        }
    }
    // LiteLLM refuses a request for events in an event.
    let event = || text.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:"));
    serde_json::from_slice(&text)
        .or_else(|_| serde_json::from_slice(event().unwrap_or_default()))
        .unwrap_or_default()
}

fn headers(settings: &ProviderSettings) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in settings.wire.headers() {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if let Some(key) = &settings.key {
        let (name, before) = settings.wire.key_header();
        let value =
            key.header().and_then(|key| HeaderValue::try_from(format!("{before}{key}")).ok());
        let mut value = value.ok_or_else(|| {
            format!(
                "The key in {} holds characters that no key has. Copy it again{}.",
                settings.key_source,
                settings.key_page().map(|page| format!(" from {page}")).unwrap_or_default()
            )
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    for (name, value) in &settings.headers {
        let header = HeaderName::try_from(name).ok().zip(HeaderValue::try_from(value.value()).ok());
        let (name, mut value) = header.ok_or_else(|| {
            format!("The header `{name}` of provider `{}` is none.", settings.name)
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

/// A client for the server at `base`. Reads the system's certificates: work for a thread that
/// may block.
fn client(base: &Url, proxy: Option<&str>, ca_file: Option<&Path>) -> Result<Client, String> {
    // An error means that one is installed already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the key to a host that nobody named.
        .redirect(redirect::Policy::none())
        // Events have to arrive one by one, not when a compressor's block is full.
        .no_gzip()
        .tcp_nodelay(true)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .http2_keep_alive_timeout(Duration::from_secs(10));
    if let Some(proxy) = proxy {
        let proxy = Proxy::all(proxy)
            .map_err(|_| "The configured proxy is no address like http://proxy:8080.".to_owned())?;
        builder = builder.no_proxy().proxy(proxy);
    } else if is_loopback(base) {
        // A proxy of the system would look for the server on its own machine.
        builder = builder.no_proxy();
    }
    if let Some(file) = ca_file {
        let bytes = std::fs::read(file).map_err(|error| {
            format!("The certificates in {} cannot be read: {error}.", file.display())
        })?;
        let certificates = Certificate::from_pem_bundle(&bytes)
            .ok()
            .filter(|certificates| !certificates.is_empty())
            .ok_or_else(|| format!("{} holds no certificate in PEM.", file.display()))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder.build().map_err(|error| {
        format!(
            "The HTTP client could not be made: {}. Are the system's certificates installed \
             (package `ca-certificates`)?",
            root_cause(&error)
        )
    })
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_every_spelling() {
        for (url, expected) in [
            ("http://localhost:1/v1/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]:8080/", true),
            ("https://api.anthropic.com/v1/", false),
            ("http://192.168.0.1/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
