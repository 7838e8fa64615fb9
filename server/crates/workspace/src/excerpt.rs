//! Some lines of a text, however big its file is.
//!
//! A file that is no document is read piece by piece, from its start to the last line that is
//! wanted, and nothing of it is kept but that. Lines end as in documents: at LF, CRLF and a lone
//! CR. It knows nothing of buffers.

use std::{
    fs::OpenOptions,
    io::{self, Read},
};

use encoding_rs::{CoderResult, Decoder};
use engine::{DocumentError, Excerpt, Part, Snapshot};
use protocol::AbsPath;
use tokio_util::sync::CancellationToken;

use crate::{
    disk,
    encoding::{self, Form},
};

/// The lines of a document, which is in this form on disk.
pub(crate) fn of_document(document: Snapshot, part: Part, form: Form) -> Excerpt {
    let text = &document.text;
    // A text that ends with a line break has no further line after it.
    let last_is_empty = text.line(text.len_lines() - 1).len_bytes() == 0;
    let total = text.len_lines() - usize::from(last_is_empty);
    let first = usize::try_from(part.first_line.max(1) - 1).unwrap_or(usize::MAX).min(total);
    let wanted = text.lines_at(first).take(part.lines.min(total - first));
    let mut taken = Taken::new(part);
    'lines: for line in wanted {
        for chunk in line.chunks() {
            if !taken.push(chunk) {
                break 'lines;
            }
        }
    }
    Excerpt {
        path: document.path.clone(),
        first_line: part.first_line.max(1),
        lines: taken.lines(),
        text: taken.text,
        total_lines: Some(total as u64),
        total_bytes: text.len_bytes() as u64,
        encoding: form.name(),
        document: Some(document),
    }
}

/// The lines of a file of any size.
pub(crate) fn of_file(
    path: &AbsPath,
    part: Part,
    cancel: &CancellationToken,
) -> Result<Excerpt, DocumentError> {
    let fail = |error| disk::refused(path, error);
    let mut file = disk::open(path, OpenOptions::new().read(true))?;
    let total_bytes = file.metadata().map_err(fail)?.len();
    let mut piece = vec![0; encoding::SAMPLE];
    let mut filled = fill(&mut file, &mut piece).map_err(fail)?;
    let form = encoding::of_sample(&piece[..filled])
        .ok_or_else(|| DocumentError::NotUtf8(path.clone()))?;
    let mut lines = Lines::new(part);
    let mut text = Pieces { decoder: form.decoder(), decoded: String::new() };
    let mut read = filled as u64;
    loop {
        if cancel.is_cancelled() {
            return Err(fail(io::ErrorKind::Interrupted.into()));
        }
        // Of a file that grows, what there was of it at first.
        let is_last = filled < piece.len() || read >= total_bytes;
        let wants_more = text.decode(&piece[..filled], is_last, |text| lines.take(text));
        if !wants_more || is_last {
            break;
        }
        filled = fill(&mut file, &mut piece).map_err(fail)?;
        read += filled as u64;
    }
    let total_lines = lines.total();
    Ok(Excerpt {
        path: path.clone(),
        first_line: part.first_line.max(1),
        lines: lines.taken.lines(),
        text: lines.taken.text,
        total_lines,
        total_bytes,
        encoding: form.name(),
        document: None,
    })
}

/// Reads until the piece is full or the file at its end.
fn fill(file: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < piece.len() {
        match file.read(&mut piece[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Bytes on their way to text.
struct Pieces {
    decoder: Decoder,
    decoded: String,
}

impl Pieces {
    /// Gives the text of the next bytes to `take`, until that wants no more. Whether it does.
    fn decode(
        &mut self,
        mut bytes: &[u8],
        is_last: bool,
        mut take: impl FnMut(&str) -> bool,
    ) -> bool {
        self.decoded.reserve(encoding::SAMPLE);
        loop {
            self.decoded.clear();
            let (result, read, _) =
                self.decoder.decode_to_string(bytes, &mut self.decoded, is_last);
            if !take(&self.decoded) {
                return false;
            }
            bytes = &bytes[read..];
            if result == CoderResult::InputEmpty {
                return true;
            }
        }
    }
}

/// Goes through a text and takes the lines that are wanted.
struct Lines {
    part: Part,
    /// The line that the next character is in, from 1.
    line: u64,
    /// Whether the text ended with a CR, of which it is not yet known whether an LF follows.
    after_cr: bool,
    /// Whether the current line has something in it.
    begun: bool,
    at_end: bool,
    taken: Taken,
}

impl Lines {
    fn new(part: Part) -> Self {
        let taken = Taken::new(part);
        Self { part, line: 1, after_cr: false, begun: false, at_end: true, taken }
    }

    /// Takes what is wanted of the next piece. Whether more is.
    fn take(&mut self, mut text: &str) -> bool {
        while !text.is_empty() {
            if self.after_cr {
                self.after_cr = false;
                // The LF belongs to the line before.
                if let Some(rest) = text.strip_prefix('\n') {
                    if !self.keep("\n") {
                        return false;
                    }
                    text = rest;
                }
                self.next_line();
                continue;
            }
            if self.is_done() {
                self.at_end = false;
                return false;
            }
            let (line, ended) = match memchr::memchr2(b'\n', b'\r', text.as_bytes()) {
                Some(at) => (&text[..=at], true),
                None => (text, false),
            };
            self.begun = true;
            if !self.keep(line) {
                return false;
            }
            text = &text[line.len()..];
            if ended && line.ends_with('\r') {
                self.after_cr = true;
            } else if ended {
                self.next_line();
            }
        }
        true
    }

    fn next_line(&mut self) {
        self.line += 1;
        self.begun = false;
    }

    fn is_done(&self) -> bool {
        self.line >= self.part.first_line.max(1).saturating_add(self.part.lines as u64)
    }

    /// Keeps a piece of the current line, if that is wanted. Whether there is room for more.
    fn keep(&mut self, piece: &str) -> bool {
        let room = self.line < self.part.first_line || self.taken.push(piece);
        self.at_end &= room;
        room
    }

    /// How many lines there are, if they were all come by.
    fn total(&self) -> Option<u64> {
        self.at_end.then(|| self.line - u64::from(!self.begun))
    }
}

/// The text that is taken, no more than is wanted.
struct Taken {
    text: String,
    most: usize,
}

impl Taken {
    fn new(part: Part) -> Self {
        Self { text: String::new(), most: part.bytes }
    }

    /// Takes a piece, or as much of it as there is room for. Whether it was all of it.
    fn push(&mut self, piece: &str) -> bool {
        let room = piece.floor_char_boundary(self.most - self.text.len());
        self.text.push_str(&piece[..room]);
        room == piece.len()
    }

    fn lines(&self) -> u64 {
        ropey::Rope::from_str(&self.text).lines().filter(|line| line.len_bytes() > 0).count() as u64
    }
}

#[cfg(test)]
mod tests;
