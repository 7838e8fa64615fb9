//! The HTTP client of all wires: TLS by rustls with ring, no redirects, patience with limits.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Client, Url, redirect};

/// How long a connection may take to be made.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a provider may be silent, before its answer and in the middle of it. Providers send
/// a sign of life every few seconds; local ones may think for minutes before the first word.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(180);

/// A client for the server at `base`. Reads the system's certificates: work for a thread that
/// may block.
///
/// # Errors
/// TLS cannot be set up.
pub(crate) fn client(base: &Url) -> Result<Client, reqwest::Error> {
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
    if is_loopback(base) {
        // A proxy would look for the server on its own machine.
        builder = builder.no_proxy();
    }
    builder.build()
}

fn is_loopback(url: &Url) -> bool {
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
