//! What is kept of a command's output: text without terminal codes, its head and its tail.

use std::collections::VecDeque;

use anstyle_parse::state::{Action, State, state_change};

/// Keeps the head and the tail of an output of any length.
pub(super) struct Transcript {
    // The most characters of the head, and of the tail.
    half: usize,
    // The beginning of a character whose rest has not come yet.
    undecoded: Vec<u8>,
    code: State,
    after_return: bool,
    head: String,
    head_chars: usize,
    tail: VecDeque<char>,
    left_out: LeftOut,
}

/// How much is missing between head and tail.
#[derive(Clone, Copy, Default)]
struct LeftOut {
    chars: usize,
    lines: usize,
}

impl Transcript {
    /// Keeps at most `most` characters.
    pub(super) fn new(most: usize) -> Self {
        Self {
            half: most / 2,
            undecoded: Vec::new(),
            code: State::Ground,
            after_return: false,
            head: String::new(),
            head_chars: 0,
            tail: VecDeque::new(),
            left_out: LeftOut::default(),
        }
    }

    /// Takes more output. Gives what is new in it for those who watch; nothing once the output
    /// is too long to be watched.
    pub(super) fn push(&mut self, bytes: &[u8]) -> String {
        let decoded = self.decode(bytes);
        let plain: String = decoded.chars().filter_map(|c| self.plain(c)).collect();
        let watched = self.left_out.chars == 0;
        for c in plain.chars() {
            self.keep(c);
        }
        match (watched, self.left_out.chars) {
            (true, 0) => plain,
            (true, _) => "\n… (too much to show as it comes)\n".to_owned(),
            (false, _) => String::new(),
        }
    }

    /// Gives all that there is, and begins anew.
    pub(super) fn finish(&mut self) -> String {
        let mut text = self.take();
        if !std::mem::take(&mut self.undecoded).is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        text
    }

    /// Gives what has come since the last time, with a note where something is missing. Half a
    /// character stays until its rest has come.
    pub(super) fn take(&mut self) -> String {
        let head = std::mem::take(&mut self.head);
        let tail: String = std::mem::take(&mut self.tail).into_iter().collect();
        let left_out = std::mem::take(&mut self.left_out);
        self.head_chars = 0;
        if left_out.chars == 0 {
            return head + &tail;
        }
        self.abridged(&head, &tail, left_out)
    }

    /// Head and tail, of whole lines where that costs little.
    fn abridged(&self, head: &str, tail: &str, mut left_out: LeftOut) -> String {
        let little = self.half / 4;
        let (mut end, mut start) = (head.len(), 0);
        if let Some(at) = head.rfind('\n') {
            let more = head[at + 1..].chars().count();
            if more <= little {
                end = at + 1;
                left_out.chars += more;
            }
        }
        if let Some(at) = tail.find('\n') {
            let more = tail[..=at].chars().count();
            if more <= little {
                start = at + 1;
                left_out.chars += more;
                left_out.lines += 1;
            }
        }
        let mut text = head[..end].to_owned();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let LeftOut { chars, lines } = left_out;
        text.push_str(&match lines {
            0 => format!("… {chars} characters left out …\n"),
            _ => format!("… {chars} characters in {lines} lines left out …\n"),
        });
        text.push_str(&tail[start..]);
        text
    }

    /// The character without what only a terminal understands.
    fn plain(&mut self, c: char) -> Option<char> {
        let after_return = std::mem::replace(&mut self.after_return, c == '\r');
        if matches!(c, '\r' | '\n') {
            // A code that is never closed must not swallow the lines after it.
            self.code = State::Ground;
            let is_crlf = after_return && c == '\n';
            return (!is_crlf).then_some('\n');
        }
        if !c.is_ascii() {
            let is_text = self.code == State::Ground && !c.is_control();
            return is_text.then_some(c);
        }
        let (next, action) = state_change(self.code, c as u8);
        if next != State::Anywhere {
            self.code = next;
        }
        let is_text = match action {
            Action::Print => !c.is_control(),
            Action::Execute => c == '\t',
            _ => false,
        };
        is_text.then_some(c)
    }

    fn keep(&mut self, c: char) {
        if self.head_chars < self.half {
            self.head.push(c);
            self.head_chars += 1;
            return;
        }
        if self.tail.len() == self.half
            && let Some(oldest) = self.tail.pop_front()
        {
            self.left_out.chars += 1;
            self.left_out.lines += usize::from(oldest == '\n');
        }
        self.tail.push_back(c);
    }

    /// Bytes that are no UTF-8 become replacement characters; a character that is cut in two by
    /// the way the output comes does not.
    fn decode(&mut self, bytes: &[u8]) -> String {
        let mut all = std::mem::take(&mut self.undecoded);
        all.extend_from_slice(bytes);
        let mut text = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_cut = chunks.peek().is_none()
                && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if is_cut {
                self.undecoded = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Transcript;

    #[test]
    fn keeps_head_and_tail_and_counts_the_rest() {
        let mut transcript = Transcript::new(6);
        assert_eq!(transcript.push("äbc".as_bytes()), "äbc");
        assert_eq!(transcript.push(b"def"), "def");
        assert!(transcript.push(b"ghij").contains("too much"));
        assert_eq!(transcript.push(b"k"), "");
        assert_eq!(transcript.finish(), "äbc\n… 5 characters left out …\nijk");
    }

    #[test]
    fn lines_are_kept_whole_where_that_costs_little() {
        let mut transcript = Transcript::new(100);
        for line in 0..100 {
            transcript.push(format!("line {line}\n").as_bytes());
        }
        let text = transcript.finish();
        let (head, rest) = text.split_once("… ").unwrap();
        let (note, tail) = rest.split_once(" …\n").unwrap();
        assert!(head.starts_with("line 0\n") && head.ends_with("\nline 6\n"), "{text}");
        assert!(tail.starts_with("line 94\n") && tail.ends_with("\nline 99\n"), "{text}");
        let lost: usize = (7..94).map(|line| format!("line {line}\n").len()).sum();
        assert_eq!(note, format!("{lost} characters in 87 lines left out"));
    }

    #[test]
    fn what_was_taken_is_not_given_again() {
        let mut transcript = Transcript::new(6);
        let euro = "€".as_bytes();
        transcript.push(b"abcdefghi");
        transcript.push(&euro[..1]);
        assert_eq!(transcript.take(), "abc\n… 3 characters left out …\nghi");
        transcript.push(&euro[1..]);
        assert_eq!(transcript.push(b"\x1b[1"), "");
        assert_eq!(transcript.take(), "€");
        transcript.push(b"mx");
        assert_eq!((transcript.finish(), transcript.finish()), ("x".to_owned(), String::new()));
    }

    #[test]
    fn a_character_may_come_in_pieces_and_a_bad_byte_is_shown() {
        let mut transcript = Transcript::new(100);
        let euro = "€".as_bytes();
        assert_eq!(transcript.push(&euro[..2]), "");
        assert_eq!(transcript.push(&euro[2..]), "€");
        assert_eq!(transcript.push(b"a\xffb"), "a\u{fffd}b");
        transcript.push(&euro[..1]);
        assert_eq!(transcript.finish(), "€a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn terminal_codes_are_dropped_also_in_pieces() {
        let mut transcript = Transcript::new(100);
        transcript.push(b"\x1b[1;3");
        transcript.push(b"1mred\x1b[0m\tand\x1b]0;t\xc3\xaftle\x07 pl\x08\x00\xc3\xa4in\n");
        assert_eq!(transcript.finish(), "red\tand pl\u{e4}in\n");
    }

    #[test]
    fn a_code_that_is_never_closed_hides_one_line_at_most() {
        let mut transcript = Transcript::new(100);
        transcript.push(b"a\x1b]0;hidden\nshown\n");
        assert_eq!(transcript.finish(), "a\nshown\n");
    }

    #[test]
    fn a_carriage_return_ends_a_line() {
        let mut transcript = Transcript::new(100);
        transcript.push(b"10 %\r20 %\r");
        transcript.push(b"\ndone\r\n");
        assert_eq!(transcript.finish(), "10 %\n20 %\ndone\n");
    }
}
