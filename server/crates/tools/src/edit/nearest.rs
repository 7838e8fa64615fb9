//! What stands in a file in place of a text that is not there, so that the model can mend its
//! edit without reading the file again.

/// How like a line must be to be shown, from 0 to 1.
const ALIKE: f32 = 0.6;
/// Longer lines are not compared.
const LONGEST_LINE: usize = 500;
/// Lines beyond these are not compared.
const MOST_LINES: usize = 20_000;
/// The most lines of one place that are shown.
const MOST_SHOWN: usize = 12;

/// A sentence on what is nearest to `old` in `text`, with the lines and their numbers.
pub(super) fn report(text: &str, old: &str) -> String {
    if text.is_empty() {
        return "The file is empty: use `write`.".to_owned();
    }
    let lines: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let wanted: Vec<&str> = old.lines().collect();
    if let Some(at) = same_but_for_space(&lines, &wanted) {
        return format!(
            "These lines differ only in white space:\n{}",
            quote(&lines, at, wanted.len())
        );
    }
    let places = similar_places(&lines, &wanted);
    if places.is_empty() {
        return "Nothing in it is like that: read the file again.".to_owned();
    }
    let mut report = "The nearest lines are:\n".to_owned();
    let quotes: Vec<String> =
        places.into_iter().map(|at| quote(&lines, at, wanted.len())).collect();
    report.push_str(&quotes.join("   ...\n"));
    report
}

fn same_but_for_space(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    let same = |(a, b): (&&str, &&str)| a.split_whitespace().eq(b.split_whitespace());
    if wanted.iter().all(|line| line.trim().is_empty()) {
        return None;
    }
    lines.windows(wanted.len()).position(|window| window.iter().zip(wanted).all(same))
}

/// The first lines of up to two places that are like `wanted`, in ascending order.
fn similar_places(lines: &[&str], wanted: &[&str]) -> Vec<usize> {
    let fits = |line: &str| !line.is_empty() && line.len() <= LONGEST_LINE;
    // The longest line tells most about the place.
    let anchor = wanted.iter().map(|line| line.trim()).enumerate().filter(|(_, line)| fits(line));
    let Some((within, anchor)) = anchor.max_by_key(|(_, line)| line.len()) else {
        return Vec::new();
    };
    let candidates: Vec<&str> =
        lines.iter().map(|line| line.trim()).filter(|line| fits(line)).collect();
    let near = similar::get_close_matches(anchor, &candidates, 2, ALIKE);
    let mut places: Vec<usize> = near
        .into_iter()
        .filter_map(|near| lines.iter().position(|line| std::ptr::eq(line.trim(), near)))
        .map(|at| at.saturating_sub(within))
        .collect();
    places.sort_unstable();
    places.dedup_by(|later, earlier| *later < *earlier + wanted.len().min(MOST_SHOWN));
    places
}

fn quote(lines: &[&str], from: usize, count: usize) -> String {
    let quoted = lines.iter().enumerate().skip(from).take(count.min(MOST_SHOWN));
    quoted.map(|(at, line)| numbered(at + 1, line)).collect()
}

/// Some lines from one on, which counts from 1.
pub(super) fn at(text: &str, line: u32, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    quote(&lines, (line as usize).saturating_sub(1), count)
}

/// A line as `read` shows it, with its break.
pub(super) fn numbered(number: usize, line: &str) -> String {
    let line: String = line.chars().take(LONGEST_LINE).collect();
    format!("{number:>5}\t{line}\n")
}

#[cfg(test)]
mod tests {
    use super::report;

    const TEXT: &str = "fn one() {\n    let total = sum(items);\n}\n\nfn two() {}\n";

    #[test]
    fn shows_the_line_that_is_meant() {
        let report = report(TEXT, "    let total = sum(all_items);\n}");
        assert!(report.contains("    2\t    let total = sum(items);\n    3\t}"), "{report}");
    }

    #[test]
    fn says_when_only_white_space_differs() {
        let report = report(TEXT, "fn one() {\n\tlet total = sum(items);");
        assert!(report.starts_with("These lines differ only in white space:\n    1\tfn one"));
    }

    #[test]
    fn admits_that_nothing_is_near() {
        assert!(report(TEXT, "zzzzzzzzzzzz").starts_with("Nothing in it"));
        assert!(report("", "a").starts_with("The file is empty"));
    }
}
