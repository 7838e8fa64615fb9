//! How new lines are indented where the model and the text indent differently.
//!
//! The lines that both have tell how one indentation is written in the other. It knows no
//! language: one level is what lines usually go in by.

use std::collections::BTreeMap;

use super::lines::{Lines, is_blank, parts};

/// How indentations of the model are written in the text.
pub(super) struct Indentation<'a> {
    /// Indentations of the lines that both have, in order: the line in the model's text, its
    /// indentation there, and the one it has in the text.
    pairs: Vec<(usize, &'a str, &'a str)>,
    /// How many characters one level has for the model, if that can be told.
    model_level: Option<usize>,
    /// What one level is in the text.
    text_level: String,
    /// What the model left out before every line, if that is all that differs.
    left_out: Option<&'a str>,
}

impl<'a> Indentation<'a> {
    /// None if the model indents as the text does.
    pub(super) fn learn(
        pairs: Vec<(usize, &'a str, &'a str)>,
        model: &[&Lines],
        text: &Lines,
    ) -> Option<Self> {
        if pairs.iter().all(|(_, model, text)| model == text) {
            return None;
        }
        let text_level = text_level(text);
        let model_level = model_level(&pairs, model, &text_level);
        let left_out = left_out(&pairs);
        Some(Self { pairs, model_level, text_level, left_out })
    }

    /// The text's indentation for a line that the model indents by `indent`; `near` is the line
    /// of the model's old text beside which it stands.
    pub(super) fn of(&self, indent: &str, near: usize) -> String {
        let distance = |(line, ..): &&(usize, &str, &str)| line.abs_diff(near);
        if let Some((.., text)) =
            self.pairs.iter().filter(|pair| pair.1 == indent).min_by_key(distance)
        {
            return (*text).to_owned();
        }
        let is_of_text = |indent: &str| indent.chars().all(|c| self.text_level.starts_with(c));
        if let Some(left_out) = self.left_out.filter(|_| is_of_text(indent)) {
            return format!("{left_out}{indent}");
        }
        // The deepest one that it begins with, and of those the nearest.
        let outer = self.pairs.iter().filter(|pair| indent.starts_with(pair.1));
        if let Some((_, model, text)) =
            outer.min_by_key(|pair| (usize::MAX - pair.1.len(), distance(pair)))
        {
            return format!("{text}{}", self.deeper(&indent[model.len()..]));
        }
        match self.pairs.iter().min_by_key(distance) {
            Some((_, model, text)) => {
                self.shallower(text, width(model).saturating_sub(width(indent)))
            }
            None => indent.to_owned(),
        }
    }

    /// More indentation, as the text writes it.
    fn deeper(&self, more: &str) -> String {
        let Some(level) = self.model_level else { return more.to_owned() };
        let (levels, rest) = (width(more) / level, width(more) % level);
        let tabs = self.text_level == "\t";
        let mut result = self.text_level.repeat(levels);
        result.push_str(&" ".repeat(if tabs { rest } else { rest.min(self.text_level.len()) }));
        result
    }

    /// Less indentation: what is left of `text` without `less` characters of the model's.
    fn shallower(&self, text: &str, less: usize) -> String {
        let levels = less.div_ceil(self.model_level.unwrap_or(self.text_level.len()).max(1));
        let cut = levels * self.text_level.len();
        text.get(..text.len().saturating_sub(cut)).unwrap_or_default().to_owned()
    }
}

/// The same for every line, and seen in more than one way or where nothing else is.
fn left_out<'a>(pairs: &[(usize, &'a str, &'a str)]) -> Option<&'a str> {
    let (_, first, text) = *pairs.first()?;
    let left_out = text.strip_suffix(first)?;
    let is_same =
        |(_, model, text): &(usize, &str, &str)| text.strip_suffix(model) == Some(left_out);
    let is_clear = pairs.iter().any(|(_, model, _)| model.is_empty() || *model != first);
    (pairs.iter().all(is_same) && is_clear).then_some(left_out)
}

fn width(indent: &str) -> usize {
    indent.chars().count()
}

/// What lines of the text usually go in by.
fn text_level(text: &Lines) -> String {
    let (mut tabs, mut spaces) = (0, BTreeMap::<usize, usize>::new());
    let mut last = 0;
    for line in text.iter().filter(|line| !is_blank(line)) {
        let indent = parts(line).0;
        if indent.starts_with('\t') {
            tabs += 1;
            continue;
        }
        let now = width(indent);
        if (last + 2..=last + 8).contains(&now) {
            *spaces.entry(now - last).or_default() += 1;
        }
        last = now;
    }
    let usual = spaces.iter().max_by_key(|(_, count)| **count);
    match usual {
        Some((level, count)) if *count >= tabs => " ".repeat(*level),
        _ if tabs > 0 => "\t".to_owned(),
        _ => " ".repeat(4),
    }
}

fn model_level(pairs: &[(usize, &str, &str)], model: &[&Lines], text_level: &str) -> Option<usize> {
    let indents = model.iter().flat_map(|lines| lines.iter()).filter(|line| !is_blank(line));
    let mut widths: Vec<(usize, bool)> =
        indents.map(|line| (width(parts(line).0), parts(line).0.contains('\t'))).collect();
    if widths.iter().any(|(_, tab)| *tab) {
        return Some(1);
    }
    widths.sort_unstable();
    widths.dedup();
    let steps = widths.windows(2).map(|pair| pair[1].0 - pair[0].0).filter(|step| *step > 1);
    steps.min().or_else(|| {
        // One indentation alone: as many levels as the text has there, if that goes even.
        pairs.iter().find_map(|(_, model, text)| {
            let levels = text.len() / text_level.len();
            let even = levels > 0 && (text_level == "\t" || width(model) > width(text));
            let level = width(model).checked_div(levels)?;
            (even && level > 1 && level * levels == width(model)).then_some(level)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reindent(pairs: &[(&str, &str)], model: &str, text: &str, indent: &str) -> String {
        let pairs =
            pairs.iter().enumerate().map(|(at, (model, text))| (at, *model, *text)).collect();
        let model = Lines::new(model);
        Indentation::learn(pairs, &[&model], &Lines::new(text)).unwrap().of(indent, 0)
    }

    const TABS: &str = "a\n\tb\n\t\tc\n";
    const TWO: &str = "a\n  b\n    c\n";
    const FOUR: &str = "a\n    b\n        c\n";

    #[test]
    fn known_indentations_are_taken_over() {
        assert_eq!(reindent(&[("  ", "\t")], "  a", TABS, "  "), "\t");
    }

    #[test]
    fn spaces_become_tabs() {
        assert_eq!(reindent(&[("    ", "\t")], "    a\n        b", TABS, "        "), "\t\t");
        assert_eq!(reindent(&[("  ", "\t")], "  a", TABS, "    "), "\t\t");
        assert_eq!(reindent(&[("        ", "\t\t")], "        a", TABS, "    "), "\t");
        // Also where a line or two are aligned with spaces.
        let mixed = "a\n\tb\n  c\n\td\n";
        assert_eq!(reindent(&[("    ", "\t")], "    a\n        b", mixed, "        "), "\t\t");
        // What goes in by less than a level is aligned.
        assert_eq!(reindent(&[("    ", "\t")], "    a\n        b", TABS, "          "), "\t\t  ");
    }

    #[test]
    fn a_level_is_what_lines_go_in_by_most_often() {
        let mixed = "a\n  b\n    c\nd\n      e\n";
        assert_eq!(reindent(&[("\t", "  ")], "\ta", mixed, "\t\t"), "    ");
        assert_eq!(reindent(&[("  ", "")], "  a\n    b", "a\nb\n", "    "), "    ");
    }

    #[test]
    fn tabs_become_spaces() {
        assert_eq!(reindent(&[("\t", "    ")], "\ta", FOUR, "\t\t"), "        ");
        assert_eq!(reindent(&[("\t\t", "    ")], "\t\ta", TWO, "\t"), "  ");
    }

    #[test]
    fn a_level_becomes_a_wider_or_a_narrower_one() {
        assert_eq!(reindent(&[("    ", "  ")], "    a", TWO, "        "), "    ");
        assert_eq!(reindent(&[("  ", "    ")], "  a\n    b", FOUR, "    "), " ".repeat(8));
        assert_eq!(
            reindent(&[("  ", "    "), ("    ", "        ")], "  a\n    b", FOUR, "      "),
            " ".repeat(12)
        );
    }

    #[test]
    fn a_block_that_was_taken_out_goes_in_again() {
        assert_eq!(reindent(&[("", "        ")], "a\n    b", FOUR, "    "), " ".repeat(12));
        assert_eq!(reindent(&[("", "\t")], "a", TABS, "  "), "\t  ");
        assert_eq!(reindent(&[("", "\t")], "a\n  b", TABS, "  "), "\t\t");
        // Lines that are aligned stay aligned.
        let aligned = [("", "    "), ("     ", "         ")];
        assert_eq!(reindent(&aligned, "a\n     b\n   c", FOUR, "   "), "       ");
    }
}
