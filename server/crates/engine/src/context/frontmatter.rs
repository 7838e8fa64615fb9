//! The few lines between `---` at the top of a Markdown file that say what the rest is for.
//!
//! They are meant to be YAML, and in the wild often are not: `globs: *.ts` and
//! `description: Use when: …` are errors to a YAML parser. Files like these work in other
//! programs, so they are read leniently here: a field to a line, lists, quotes and blocks.

/// A file taken apart.
pub(super) struct Frontmatter<'a> {
    fields: Vec<Field>,
    /// What comes after.
    pub(super) body: &'a str,
}

struct Field {
    key: String,
    value: String,
    /// The items, if it was written as a list of lines.
    items: Vec<String>,
}

impl<'a> Frontmatter<'a> {
    /// Takes a file apart. One that does not begin with such lines is all body.
    pub(super) fn parse(text: &'a str) -> Self {
        let text = text.trim_start_matches('\u{feff}');
        split(text).map_or(Self { fields: Vec::new(), body: text }, |(head, body)| Self {
            fields: fields(head),
            body,
        })
    }

    /// The value of a field; none if it is missing or empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.field(key).map(|field| field.value.as_str()).filter(|value| !value.is_empty())
    }

    /// The values of a field that is a list in any of the ways people write one.
    pub(super) fn all(&self, key: &str) -> Vec<String> {
        let Some(field) = self.field(key) else { return Vec::new() };
        if !field.items.is_empty() {
            return field.items.clone();
        }
        let value = field.value.as_str();
        let inner = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let parts = at_commas(inner.unwrap_or(value)).into_iter();
        parts.map(|part| unquoted(part).to_owned()).filter(|part| !part.is_empty()).collect()
    }

    fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

/// The lines between the marks, and what follows.
fn split(text: &str) -> Option<(&str, &str)> {
    let first = text.split_inclusive('\n').next()?;
    if first.trim_end() != "---" {
        return None;
    }
    let rest = &text[first.len()..];
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((&rest[..at], &rest[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

fn fields(head: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    // How the lines of a block are joined: `|` keeps them apart.
    let mut joint = " ";
    for line in head.lines() {
        let inside = line.starts_with([' ', '\t', '-']);
        match (inside, key_of(line), fields.last_mut()) {
            (false, Some((key, value)), _) => {
                let is_block =
                    matches!(value.as_bytes(), [b'|' | b'>'] | [b'|' | b'>', b'+' | b'-']);
                joint = if value.starts_with('|') && is_block { "\n" } else { " " };
                let value = if is_block { "" } else { unquoted(value) };
                let (key, value) = (key.to_owned(), value.to_owned());
                fields.push(Field { key, value, items: Vec::new() });
            }
            (true, _, Some(field)) => match line.trim().strip_prefix("- ") {
                Some(item) if field.value.is_empty() => {
                    field.items.push(unquoted(item.trim()).to_owned());
                }
                _ => {
                    if !field.value.is_empty() {
                        field.value.push_str(joint);
                    }
                    field.value.push_str(line.trim());
                }
            },
            _ => {}
        }
    }
    fields
}

fn key_of(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let is_key = !key.is_empty()
        && key.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_'));
    is_key.then(|| (key, value.trim()))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

/// Splits at commas, but not at those between braces: `*.{ts,tsx}` is one pattern.
fn at_commas(text: &str) -> Vec<&str> {
    let mut depth = 0usize;
    text.split(|char| {
        match char {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        char == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_marks_is_all_body() {
        for text in ["", "# Title\n---\nx", "---\nname: x\nnever closed", "----\na: b\n---\n"] {
            let file = Frontmatter::parse(text);
            assert_eq!(file.body, text);
            assert!(file.get("name").is_none());
        }
    }

    #[test]
    fn fields_are_read_however_people_write_them() {
        let file = Frontmatter::parse(
            "---\r\nname: \"two words\"\r\ndescription: Use when: there is a colon\r\n---\r\nbody",
        );
        assert_eq!(file.get("name"), Some("two words"));
        assert_eq!(file.get("description"), Some("Use when: there is a colon"));
        assert_eq!(file.body, "body");
        let file =
            Frontmatter::parse("---\nfolded: >-\n  one\n  two\nkept: |\n  a\n  b\nempty:\n---\n");
        assert_eq!(file.get("folded"), Some("one two"));
        assert_eq!(file.get("kept"), Some("a\nb"));
        assert_eq!(file.get("empty"), None);
    }

    #[test]
    fn lists_are_read_however_people_write_them() {
        for list in [
            "*.ts, src/*.{js,jsx}",
            "[\"*.ts\", 'src/*.{js,jsx}']",
            "\n  - '*.ts'\n  - src/*.{js,jsx}",
            "\n- *.ts\n- src/*.{js,jsx}",
        ] {
            let text = format!("---\nglobs: {list}\nother: x\n---\n");
            assert_eq!(
                Frontmatter::parse(&text).all("globs"),
                ["*.ts", "src/*.{js,jsx}"],
                "{list}"
            );
        }
        assert!(Frontmatter::parse("---\nglobs:\n---\n").all("globs").is_empty());
    }
}
