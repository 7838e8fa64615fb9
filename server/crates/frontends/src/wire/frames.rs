//! Messages out of a stream of bytes, framed by `Content-Length` headers.
//!
//! After bytes that make no sense the reader looks for the next header. That is safe because no
//! JSON text can hold one: a raw line break ends a header and cannot stand in a JSON string.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest body that is read, in bytes.
pub(crate) const MAX_BODY: usize = 64 << 20;

/// The longest block of headers that is read, in bytes.
pub(crate) const MAX_HEADERS: usize = 8 << 10;

/// How much is read at once, in bytes.
const READ_AHEAD: usize = 16 << 10;

/// The longest body whose memory is used again, in bytes.
const KEPT_BUFFER: usize = 1 << 20;

/// More than the name, the digits and the line break of one header take.
const HEADER_SPAN: usize = 64;

const NAME: &[u8] = b"content-length:";

/// Bytes that are no message. They have been skipped, and reading goes on behind them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// Where a header belongs there is something else.
    #[error("expected a `Content-Length` header and a blank line; skipped to the next one")]
    NoHeader,
    /// The body is longer than what is read.
    #[error("a message of {0} bytes was skipped; at most {MAX_BODY} are accepted")]
    TooLong(u64),
    /// The next header begins before the body is complete.
    #[error("the message ended before its `Content-Length`; skipped to the next header")]
    CutShort,
}

/// A stream taken apart into message bodies.
pub(crate) struct Frames<R> {
    input: R,
    buffer: BytesMut,
    // The length of the body that is being read, and how much of it was searched for a header.
    body: Option<(usize, usize)>,
    // Everything up to the next header belongs to an error that was reported already.
    lost: bool,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    /// Reads from `input`.
    pub(crate) fn new(input: R) -> Self {
        Self { input, buffer: BytesMut::new(), body: None, lost: false }
    }

    /// The next body; none when the input has ended, wherever it did. May be dropped and called
    /// again without losing a byte.
    pub(crate) async fn next(&mut self) -> Option<Result<BytesMut, FrameError>> {
        loop {
            if let Some(frame) = self.parse() {
                return Some(frame);
            }
            self.buffer.reserve(READ_AHEAD);
            match self.input.read_buf(&mut self.buffer).await {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "the input ended with an error");
                    return None;
                }
            }
        }
    }

    /// Gives back the end of a body that turned out not to belong to it.
    pub(crate) fn put_back(&mut self, rest: &[u8]) {
        let mut buffer = BytesMut::with_capacity(rest.len() + self.buffer.len());
        buffer.extend_from_slice(rest);
        buffer.extend_from_slice(&self.buffer);
        self.buffer = buffer;
        self.lost = true;
    }

    /// What the buffer holds already; none if more is needed.
    fn parse(&mut self) -> Option<Result<BytesMut, FrameError>> {
        loop {
            if let Some((length, searched)) = self.body {
                return self.parse_body(length, searched);
            }
            match self.parse_headers()? {
                Ok(length) => {
                    self.lost = false;
                    self.body = Some((length, 0));
                }
                // It follows from an error that was reported already.
                Err(FrameError::NoHeader) if self.lost => {}
                Err(error) => {
                    self.lost = true;
                    return Some(Err(error));
                }
            }
        }
    }

    fn parse_body(
        &mut self,
        length: usize,
        searched: usize,
    ) -> Option<Result<BytesMut, FrameError>> {
        if self.buffer.len() >= length {
            self.body = None;
            let body = self.buffer.split_to(length);
            if length > KEPT_BUFFER {
                // A new buffer, or the memory of one long message would be held for ever.
                self.buffer = BytesMut::from(&self.buffer[..]);
            }
            return Some(Ok(body));
        }
        if let Some(at) = find_header(&self.buffer[searched..]) {
            self.buffer.advance(searched + at);
            self.body = None;
            return Some(Err(FrameError::CutShort));
        }
        self.body = Some((length, self.buffer.len().saturating_sub(HEADER_SPAN)));
        None
    }

    fn parse_headers(&mut self) -> Option<Result<usize, FrameError>> {
        let breaks = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.buffer.advance(breaks);
        let Some(end) = blank_line(&self.buffer) else {
            if self.buffer.len() <= MAX_HEADERS {
                return None;
            }
            let next = match find_header(&self.buffer[1..]) {
                Some(at) => at + 1,
                // A header may have begun, but it is not complete: it is at the end.
                None => self.buffer.len() - HEADER_SPAN,
            };
            self.buffer.advance(next);
            return Some(Err(FrameError::NoHeader));
        };
        let Some(at) = find_header(&self.buffer[..end]) else {
            self.buffer.advance(end);
            return Some(Err(FrameError::NoHeader));
        };
        if !self.buffer[..at].split_inclusive(|&byte| byte == b'\n').all(is_header_line) {
            self.buffer.advance(at);
            return Some(Err(FrameError::NoHeader));
        }
        let length = number(&self.buffer[at + NAME.len()..end]);
        self.buffer.advance(end);
        Some(match usize::try_from(length) {
            Ok(length) if length <= MAX_BODY => Ok(length),
            // The bytes are not counted off: a length like this may well be a lie.
            _ => Err(FrameError::TooLong(length)),
        })
    }
}

/// Where the first `Content-Length: 12` with its line break begins.
pub(crate) fn find_header(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = bytes[from..].iter().position(|byte| matches!(byte, b'c' | b'C')) {
        let at = from + found;
        let rest = &bytes[at..];
        if rest.len() > NAME.len() && rest[..NAME.len()].eq_ignore_ascii_case(NAME) {
            let value = &rest[NAME.len()..];
            let line = value.iter().position(|&byte| byte == b'\n').map(|end| &value[..end]);
            if line.is_some_and(is_number) {
                return Some(at);
            }
        }
        from = at + 1;
    }
    None
}

fn is_number(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// The number a header line begins with; larger ones than fit count as the largest.
fn number(line: &[u8]) -> u64 {
    line.iter()
        .skip_while(|byte| !byte.is_ascii_digit())
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum: u64, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

fn is_header_line(line: &[u8]) -> bool {
    let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
    line.ends_with(b"\n")
        && name.len() < line.len()
        && !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// The first byte after the first blank line; lone line feeds are taken as line breaks too.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    let window = &bytes[..bytes.len().min(MAX_HEADERS)];
    let mut start = 0;
    for (at, _) in window.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if matches!(&window[start..at], b"" | b"\r") {
            return Some(at + 1);
        }
        start = at + 1;
    }
    None
}

#[cfg(test)]
mod tests;
