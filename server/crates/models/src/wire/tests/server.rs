//! A server on the loopback that answers every request with what it was told to, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A request as it came.
pub(super) struct Request {
    /// The request line and the headers.
    pub(super) head: String,
    pub(super) body: String,
}

/// What is sent back.
pub(super) struct Reply {
    head: String,
    body: Vec<u8>,
    /// Told when the client has closed the connection; without one, the server closes it.
    closed: Option<Sender<()>>,
}

impl Reply {
    /// A stream of events that ends where the connection ends.
    pub(super) fn events(body: &[u8]) -> Self {
        Self::new("200 OK", "content-type: text/event-stream\r\n", body.to_vec())
    }

    /// A stream of events in chunks, whole or without the last.
    pub(super) fn chunks<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, whole: bool) -> Self {
        let mut body = Vec::new();
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            body.extend(format!("{:x}\r\n", piece.len()).bytes());
            body.extend(piece.iter().chain(b"\r\n"));
        }
        if whole {
            body.extend(b"0\r\n\r\n");
        }
        let headers = "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n";
        Self::new("200 OK", headers, body)
    }

    /// An answer that is no stream.
    pub(super) fn new(status: &str, headers: &str, body: Vec<u8>) -> Self {
        let head = format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n");
        Self { head, body, closed: None }
    }

    /// Says no more after the body, and tells when the client has gone.
    pub(super) fn hanging(mut self) -> (Self, Receiver<()>) {
        let (sender, receiver) = channel();
        self.closed = Some(sender);
        (self, receiver)
    }
}

/// The server. Its thread ends with it.
pub(super) struct Server {
    pub(super) url: String,
    replies: Sender<Reply>,
    requests: Receiver<Request>,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (replies, to_send) = channel();
        let (received, requests) = channel();
        std::thread::spawn(move || {
            for reply in to_send {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = received.send(read(&stream));
                send(&mut stream, reply);
            }
        });
        Self { url, replies, requests }
    }

    /// The next request is answered with this.
    pub(super) fn reply(&self, reply: Reply) {
        self.replies.send(reply).unwrap();
    }

    /// The next request that came.
    pub(super) fn request(&self) -> Request {
        self.requests.recv().unwrap()
    }
}

fn read(stream: &TcpStream) -> Request {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).unwrap();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Request { head, body: String::from_utf8(body).unwrap() }
}

fn send(stream: &mut TcpStream, reply: Reply) {
    // The client may have gone before the end; that is for its test to judge.
    let _ = stream.write_all(reply.head.as_bytes());
    let _ = stream.write_all(&reply.body);
    if let Some(closed) = reply.closed {
        let _ = stream.read(&mut [0]);
        let _ = closed.send(());
    }
}
