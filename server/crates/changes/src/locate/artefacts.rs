//! What gets into a text on its way through a model: line numbers, escapes that were written out,
//! entities. It undoes them; whether the result is in a text, others look.

use std::borrow::Cow;

use super::Tolerance;
use super::lines::is_blank;

/// The old and new text without one kind of artefact.
pub(super) struct Cleaned {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) what: Tolerance,
}

/// Each way in which the texts may have been spoiled, undone.
pub(super) fn cleaned(old: &str, new: &str) -> Vec<Cleaned> {
    let mut all = Vec::new();
    if let Some(bare) = without_numbers(old) {
        let new = without_numbers(new).unwrap_or_else(|| new.to_owned());
        all.push(Cleaned { old: bare, new, what: Tolerance::LineNumbers });
    }
    let mut undo = |undone: &dyn Fn(&str) -> Option<String>| {
        if let Some(bare) = undone(old) {
            let new = undone(new).unwrap_or_else(|| new.to_owned());
            all.push(Cleaned { old: bare, new, what: Tolerance::Escapes });
        }
    };
    undo(&|text| changed(text, unescaped_quotes(text)));
    let written_out = !old.contains('\n');
    // New lines that are there as such show that the escapes of the new text are meant.
    undo(&|text| (written_out && !text.contains('\n')).then(|| unescaped(text)).flatten());
    undo(&|text| changed(text, without_entities(text)));
    all
}

fn changed(text: &str, undone: Cow<'_, str>) -> Option<String> {
    (undone != text).then(|| undone.into_owned())
}

/// The lines without the numbers that `read` puts before them, if all have one and they ascend.
fn without_numbers(text: &str) -> Option<String> {
    let mut bare = String::with_capacity(text.len());
    let mut last = None;
    for line in text.split_inclusive('\n') {
        if is_blank(line) {
            bare.push_str(line);
            continue;
        }
        let trimmed = line.trim_start_matches(' ');
        let digits = trimmed.len() - trimmed.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u32 = trimmed[..digits].parse().ok()?;
        if last.is_some_and(|last| number <= last) {
            return None;
        }
        last = Some(number);
        let rest = &trimmed[digits..];
        let rest = ["\t", "\u{2192}", "| ", "|", ": ", ":"]
            .iter()
            .find_map(|mark| rest.strip_prefix(mark));
        // An empty line may have lost the mark with its white space.
        bare.push_str(rest.or_else(|| is_blank(&trimmed[digits..]).then_some("\n"))?);
    }
    last.map(|_| bare)
}

/// `\"` and `\'` as the quotes they stand for.
fn unescaped_quotes(text: &str) -> Cow<'_, str> {
    if text.contains("\\\"") || text.contains("\\'") {
        text.replace("\\\"", "\"").replace("\\'", "'").into()
    } else {
        text.into()
    }
}

/// The text as if it were the inside of a string; none if it has no escape, or one that is none.
fn unescaped(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            result.push(c);
            continue;
        }
        result.push(match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            same @ ('"' | '\'' | '\\' | '/') => same,
            _ => return None,
        });
    }
    (result.len() < text.len()).then(|| result.replace("\r\n", "\n"))
}

fn without_entities(text: &str) -> Cow<'_, str> {
    const ENTITIES: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&nbsp;", " "),
        // The last one, so that `&amp;lt;` becomes `&lt;`.
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return text.into();
    }
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, sign)| text.replace(entity, sign)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn olds(old: &str) -> Vec<String> {
        cleaned(old, "").into_iter().map(|cleaned| cleaned.old).collect()
    }

    #[test]
    fn line_numbers_go() {
        assert_eq!(
            olds("    9\tfn a() {\n   10\t    b\n   11\n   12\t}\n"),
            ["fn a() {\n    b\n\n}\n"]
        );
        assert_eq!(olds("1| a\n2| b"), ["a\nb"]);
        assert_eq!(olds("2\ta\n1\tb"), [""; 0]);
        assert_eq!(olds("1\ta\nb"), [""; 0]);
        assert_eq!(olds("10 apples"), [""; 0]);
    }

    #[test]
    fn escapes_are_undone_once() {
        assert_eq!(olds(r#"a(\"b\")"#), [r#"a("b")"#, r#"a("b")"#]);
        assert_eq!(olds(r"a\n\tb\\n"), ["a\n\tb\\n"]);
        assert_eq!(olds(r"\d+\n"), [""; 0]);
        assert_eq!(olds("a &lt; b &amp;lt;"), ["a < b &lt;"]);
    }

    #[test]
    fn the_new_text_is_undone_as_the_old_one() {
        let all = cleaned(r"a\nb", r"a\nc");
        assert_eq!(all[0].new, "a\nc");
        let real = cleaned(r"a\nb", "print('\\n')\nc");
        assert_eq!(real[0].new, "print('\\n')\nc");
    }
}
