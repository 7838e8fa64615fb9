//! How text looks on a terminal: colours where they are wanted, and nothing that can hide.

use std::{ffi::OsString, fmt::Write};

use crate::visible::is_hidden;

/// When there are to be colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    /// On a terminal that has them, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Paints text, or leaves it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours.
    pub colour: bool,
}

impl Style {
    /// The style for a stream. Of the environment, `NO_COLOR` counts most, then
    /// `CLICOLOR_FORCE`, then whether the `TERM` is a dumb one.
    pub fn of(
        wanted: Colour,
        is_terminal: bool,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Self {
        let is = |name: &str| variable(name).filter(|value| !value.is_empty());
        let colour = match wanted {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto if is("NO_COLOR").is_some() => false,
            Colour::Auto if is("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            Colour::Auto => is_terminal && is("TERM").is_none_or(|term| term != "dumb"),
        };
        Self { colour }
    }

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

    /// Markdown as it is written, with its headings, quotations and code set apart, and diffs in
    /// colours.
    pub fn markdown(self, text: &str) -> String {
        let mut painted = String::new();
        let mut fence: Option<&str> = None;
        let mut diff = false;
        for line in text.split_inclusive('\n') {
            let ticks = line.len() - line.trim_start_matches('`').len();
            painted += &match fence {
                Some(open) if line.trim_end() == open => {
                    fence = None;
                    self.dim(line)
                }
                Some(_) if diff => self.diff_line(line),
                Some(_) => self.cyan(line),
                None if ticks >= 3 => {
                    (fence, diff) = (Some(&line[..ticks]), line[ticks..].trim() == "diff");
                    self.dim(line)
                }
                None if line.starts_with('#') => self.bold(line),
                None if line.starts_with('>') => self.dim(line),
                None => line.to_owned(),
            };
        }
        painted
    }

    fn diff_line(self, line: &str) -> String {
        match line.as_bytes().first() {
            _ if line.starts_with("--- ") || line.starts_with("+++ ") => self.bold(line),
            Some(b'+') => self.green(line),
            Some(b'-') => self.red(line),
            Some(b'@') => self.cyan(line),
            _ => line.to_owned(),
        }
    }

    /// A unified diff, in colours, with everything in it to be seen.
    pub fn diff(self, diff: &str) -> String {
        self.diff_after(2, diff)
    }

    /// The same of a part of one, without the names of the files.
    pub fn diff_part(self, diff: &str) -> String {
        self.diff_after(0, diff)
    }

    fn diff_after(self, names: usize, diff: &str) -> String {
        let mut painted = String::new();
        for (number, line) in diff.split_inclusive('\n').enumerate() {
            let line = line.strip_suffix('\n').unwrap_or(line);
            // A line break of another kind is part of what changes.
            let text = match line.strip_suffix('\r') {
                Some(line) => exposed(line) + "␍",
                None => exposed(line),
            };
            painted += &match text.as_bytes().first() {
                _ if number < names => self.bold(&text),
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
    fn colours_are_where_they_are_wanted() {
        let style = |wanted, terminal, variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.into());
            Style::of(wanted, terminal, find).colour
        };
        let (auto, no, force) = (Colour::Auto, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"));
        assert!(style(auto, true, &[]));
        assert!(!style(auto, false, &[]));
        assert!(!style(auto, true, &[no, force]));
        assert!(style(auto, true, &[("NO_COLOR", "")]));
        assert!(style(auto, false, &[force]));
        assert!(!style(auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!style(auto, true, &[("TERM", "dumb")]));
        assert!(style(Colour::Always, false, &[no]));
        assert!(!style(Colour::Never, true, &[force]));
    }

    #[test]
    fn markdown_keeps_its_words_and_gains_colours() {
        let text = "# A\n\ntext\n```diff\n-# a\n+b\n```\n````rust\n```\n# x\n````\n> q\n";
        assert_eq!(Style::default().markdown(text), text);
        assert_eq!(
            Style { colour: true }.markdown(text),
            "\x1b[1m# A\x1b[0m\n\ntext\n\x1b[2m```diff\x1b[0m\n\x1b[31m-# a\x1b[0m\n\
             \x1b[32m+b\x1b[0m\n\x1b[2m```\x1b[0m\n\x1b[2m````rust\x1b[0m\n\
             \x1b[36m```\x1b[0m\n\x1b[36m# x\x1b[0m\n\x1b[2m````\x1b[0m\n\x1b[2m> q\x1b[0m\n"
        );
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
