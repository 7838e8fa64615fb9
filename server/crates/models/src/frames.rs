//! The frames of an answer while it comes: server-sent events, or lines of JSON.
//!
//! It knows bytes, lines and events, and nothing of what stands in them. A frame that the
//! connection cut off is never given out.

use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

/// The longest frame that is read, in bytes, and the longest line of it: an answer may come in a
/// single one.
const LONGEST_FRAME: usize = 64 << 20;

/// The data of one frame after the other.
pub(crate) struct Frames {
    lines: BoxStream<'static, Result<String, LinesCodecError>>,
    is_events: bool,
    data: Option<String>,
}

/// Something came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// The data of a frame.
    Frame(String),
    /// A sign of life.
    Nothing,
}

/// Why no more frames come.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    /// The connection broke.
    #[error("{0}")]
    Connection(#[source] io::Error),
    /// A frame is longer than anybody needs.
    #[error("it holds an event of more than {} MB", LONGEST_FRAME >> 20)]
    TooLong,
}

impl Frames {
    /// The frames in `bytes`: events as the HTML standard has them (section 9.2), or lines.
    pub(crate) fn new(
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
        is_lines: bool,
    ) -> Self {
        let codec = LinesCodec::new_with_max_length(LONGEST_FRAME);
        let lines = FramedRead::new(StreamReader::new(bytes.boxed()), codec).boxed();
        Self { lines, is_events: !is_lines, data: None }
    }

    /// The next frame, or a sign of life; none once the connection is closed.
    ///
    /// # Errors
    /// The connection broke, or what comes is no text, or too long.
    pub(crate) async fn next(&mut self) -> Option<Result<Incoming, Cut>> {
        let line = match self.lines.next().await? {
            Ok(line) => line,
            Err(LinesCodecError::Io(error)) => return Some(Err(Cut::Connection(error))),
            Err(LinesCodecError::MaxLineLengthExceeded) => return Some(Err(Cut::TooLong)),
        };
        let frame = if self.is_events { self.line(&line) } else { Some(line) };
        if self.data.as_ref().is_some_and(|data| data.len() > LONGEST_FRAME) {
            return Some(Err(Cut::TooLong));
        }
        Some(Ok(frame.filter(|data| !data.is_empty()).map_or(Incoming::Nothing, Incoming::Frame)))
    }

    /// Reads a line of an event; an empty one ends it. The events' names stand in their data, too,
    /// and are not needed.
    fn line(&mut self, line: &str) -> Option<String> {
        if line.is_empty() {
            return self.data.take();
        }
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let value = line.strip_prefix("data:")?;
        let value = value.strip_prefix(' ').unwrap_or(value);
        match &mut self.data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => self.data = Some(value.to_owned()),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn frames(pieces: &[&[u8]], is_lines: bool) -> Vec<String> {
        let pieces: Vec<_> = pieces.iter().map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        let mut frames = Frames::new(futures::stream::iter(pieces), is_lines);
        let mut all = Vec::new();
        while let Some(incoming) = frames.next().await {
            match incoming {
                Ok(Incoming::Frame(data)) => all.push(data),
                Ok(Incoming::Nothing) => {}
                Err(error) => all.push(format!("error: {error}")),
            }
        }
        all
    }

    #[tokio::test]
    async fn events_are_cut_where_they_like_and_end_as_they_like() {
        let text =
            "\u{feff}: hello\r\nevent: a\r\ndata: {\"ä\":\r\ndata: 1}\r\n\r\ndata:2\n\n\ndata";
        for at in 0..text.len() {
            let (one, two) = text.as_bytes().split_at(at);
            assert_eq!(frames(&[one, two], false).await, ["{\"ä\":\n1}", "2"], "at {at}");
        }
    }

    #[tokio::test]
    async fn an_event_without_its_end_is_none() {
        assert!(frames(&[b"data: {\"whole\": true}\n"], false).await.is_empty());
    }

    #[tokio::test]
    async fn an_event_may_be_long_but_not_for_ever() {
        let line = |length: usize| [b"data: ".as_slice(), &vec![b'a'; length], b"\n"].concat();
        let half = line(LONGEST_FRAME / 2 - 1);
        let all = frames(&[&half, &half, b"\n"], false).await;
        assert_eq!(all[0].len(), LONGEST_FRAME - 1);
        let too_long = "error: it holds an event of more than 64 MB";
        assert_eq!(frames(&[&half, &half, &half], false).await[0], too_long);
        assert_eq!(frames(&[&line(LONGEST_FRAME)], false).await[0], too_long);
        // A frame that was whole does not count.
        let whole = [half.as_slice(), b"\n"].concat();
        assert_eq!(frames(&[&whole, &whole, &whole], false).await.len(), 3);
    }

    #[tokio::test]
    async fn lines_are_frames() {
        assert_eq!(
            frames(&[b"{\"a\":1}\n\n{\"b\"", b":2}\n"], true).await,
            ["{\"a\":1}", "{\"b\":2}"]
        );
    }

    #[tokio::test]
    async fn what_is_no_text_is_an_error() {
        let all = frames(&[b"data: \xff\xfe\n\n"], false).await;
        assert!(all[0].starts_with("error: "), "{all:?}");
    }
}
