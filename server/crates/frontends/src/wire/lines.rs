//! Messages out of a stream of bytes, one to a line.
//!
//! What is in a line is not looked at here: bytes that are no UTF-8 are a bad line, and the next
//! line is as good as any.

use bytes::{Buf, BytesMut};
use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::frames::{FrameError, MAX_BODY};

/// How much is read at once, in bytes.
const READ_AHEAD: usize = 16 << 10;

/// The longest line whose memory is used again, in bytes.
const KEPT_BUFFER: usize = 1 << 20;

/// A stream taken apart into lines.
pub(crate) struct Lines<R> {
    input: R,
    buffer: BytesMut,
    // How much of the buffer has no line break.
    searched: usize,
    // How many bytes of a line that is too long were dropped.
    dropped: u64,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Reads from `input`.
    pub(crate) fn new(input: R) -> Self {
        Self { input, buffer: BytesMut::new(), searched: 0, dropped: 0 }
    }

    /// The next line that is not blank, without its end; none when the input has ended. What
    /// stands behind the last line break is no line. May be dropped and called again without
    /// losing a byte.
    pub(crate) async fn next(&mut self) -> Option<Result<BytesMut, FrameError>> {
        loop {
            if let Some(line) = self.parse() {
                return Some(line);
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

    /// What the buffer holds already; none if more is needed.
    fn parse(&mut self) -> Option<Result<BytesMut, FrameError>> {
        loop {
            let Some(found) = memchr(b'\n', &self.buffer[self.searched..]) else {
                self.searched = self.buffer.len();
                if self.searched > MAX_BODY {
                    self.dropped += self.searched as u64;
                    (self.buffer, self.searched) = (BytesMut::new(), 0);
                }
                return None;
            };
            let line = self.buffer.split_to(self.searched + found);
            self.buffer.advance(1);
            self.searched = 0;
            if self.dropped > 0 {
                let length = std::mem::take(&mut self.dropped) + line.len() as u64;
                return Some(Err(FrameError::TooLong(length)));
            }
            if line.len() > KEPT_BUFFER {
                // A new buffer, or the memory of one long line would be held for ever.
                self.buffer = BytesMut::from(&self.buffer[..]);
            }
            if !line.trim_ascii().is_empty() {
                return Some(Ok(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(input: &[u8]) -> Vec<Result<Vec<u8>, FrameError>> {
        let mut lines = Lines::new(input);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await {
            read.push(line.map(|line| line.to_vec()));
        }
        read
    }

    #[tokio::test]
    async fn lines_come_one_by_one_whatever_is_in_them() {
        let lines = read(b"{}\n\n  \r\n\xff\xfe\r\n[1]\nno end").await;
        assert_eq!(lines, [Ok(b"{}".to_vec()), Ok(b"\xff\xfe\r".to_vec()), Ok(b"[1]".to_vec())]);
    }

    #[tokio::test]
    async fn a_line_that_is_too_long_is_skipped_and_the_next_one_is_read() {
        let mut input = vec![b'x'; 2 * MAX_BODY + 7];
        input.extend_from_slice(b"\n{}\n");
        let length = 2 * MAX_BODY as u64 + 7;
        assert_eq!(read(&input).await, [Err(FrameError::TooLong(length)), Ok(b"{}".to_vec())]);
    }
}
