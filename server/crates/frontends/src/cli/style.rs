//! How text looks on a terminal: colours where they are wanted, and nothing that can hide.

use std::fmt::Write;

use crate::visible::is_hidden;

/// Paints text, or leaves it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours.
    pub colour: bool,
}

impl Style {
    /// The text in bold.
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// The text, dimmed.
    pub fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// The text in red.
    pub fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// The text in green.
    pub fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// The text in yellow.
    pub fn yellow(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// The text in cyan.
    pub fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if !self.colour || text.is_empty() {
            return text.to_owned();
        }
        // Each line by itself: a pager or a terminal that is cut off keeps its own colours.
        let painted = text.split_inclusive('\n').map(|line| {
            let (words, end) = line.strip_suffix('\n').map_or((line, ""), |words| (words, "\n"));
            if words.is_empty() {
                end.to_owned()
            } else {
                format!("\x1b[{code}m{words}\x1b[0m{end}")
            }
        });
        painted.collect()
    }

    /// A unified diff, in colours, with everything in it to be seen.
    pub fn diff(self, diff: &str) -> String {
        let mut painted = String::new();
        for (number, line) in diff.split_inclusive('\n').enumerate() {
            let line = line.strip_suffix('\n').unwrap_or(line);
            // A line break of another kind is part of what changes.
            let text = match line.strip_suffix('\r') {
                Some(line) => exposed(line) + "␍",
                None => exposed(line),
            };
            painted += &match text.as_bytes().first() {
                _ if number < 2 => self.bold(&text),
                Some(b'+') => self.green(&text),
                Some(b'-') => self.red(&text),
                Some(b'@') => self.cyan(&text),
                Some(b'\\') => self.dim(&text),
                _ => text,
            };
            painted.push('\n');
        }
        painted
    }
}

/// Text for reading, without what would command the terminal: control characters are written
/// out. Line breaks and tabs stay.
pub fn printable(text: &str) -> String {
    written_out(text, |c| c.is_control())
}

/// Text to decide on: beside control characters, what is invisible or changes the direction of
/// writing is written out too.
pub fn exposed(text: &str) -> String {
    written_out(text, is_hidden)
}

fn written_out(text: &str, hidden: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => shown.push_str("\\r"),
            c if hidden(c) => {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_commands_the_terminal_and_nothing_hides() {
        assert_eq!(printable("a\x1b[2Jb\u{9b}\r\nc\td\re"), "a\\u{1b}[2Jb\\u{9b}\nc\td\\re");
        assert_eq!(exposed("rm \u{202e}x\u{200b}y\u{e0041}"), "rm \\u{202e}x\\u{200b}y\\u{e0041}");
        assert_eq!(exposed("a\u{2800}b\u{1d173}c"), "a\\u{2800}b\\u{1d173}c");
        assert_eq!(printable("👨\u{200d}👩"), "👨\u{200d}👩");
    }

    #[test]
    fn a_diff_is_coloured_line_by_line_and_shows_other_line_breaks() {
        let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- old\r\n+new\x1b\n same\n";
        let painted = Style { colour: true }.diff(diff);
        assert_eq!(
            painted,
            "\x1b[1m--- a/x\x1b[0m\n\x1b[1m+++ b/x\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n\
             \x1b[31m--- old␍\x1b[0m\n\x1b[32m+new\\u{1b}\x1b[0m\n same\n"
        );
        let plain = Style { colour: false }.diff(diff);
        assert_eq!(plain, "--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- old␍\n+new\\u{1b}\n same\n");
    }
}
