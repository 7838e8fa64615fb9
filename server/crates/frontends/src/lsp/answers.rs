//! Answers in words to the agent's questions: what a user writes where there is no form to fill
//! in.

use protocol::{Question, QuestionAnswer};

/// What may stand before the words.
const LABEL: &str = "answer:";

/// What the user's words answer to each question. A number or the name of a choice chooses it;
/// everything else is the user's own words. Where there are several questions, `2: …` begins the
/// answer to the second one; lines without any numbers answer one question each, if there are
/// as many.
pub(super) fn read(questions: &[Question], words: &str) -> Vec<QuestionAnswer> {
    let words = words.trim();
    let words = match words.get(..LABEL.len()) {
        Some(label) if label.eq_ignore_ascii_case(LABEL) => words[LABEL.len()..].trim(),
        _ => words,
    };
    let parts = match questions.len() {
        1 => vec![words.to_owned()],
        count => split(words, count),
    };
    questions.iter().zip(parts).map(|(question, part)| answer(question, part.trim())).collect()
}

/// The answer to one question.
fn answer(question: &Question, words: &str) -> QuestionAnswer {
    if words.is_empty() {
        return QuestionAnswer::default();
    }
    let named = |word: &str| {
        let word = word.trim();
        let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let by_number = number.and_then(|at| question.choices.get(at));
        let is_label = |label: &str| label.to_lowercase() == word.to_lowercase();
        by_number
            .or_else(|| question.choices.iter().find(|choice| is_label(&choice.label)))
            .map(|choice| choice.label.clone())
    };
    let chosen = named(words).map(|label| vec![label]).or_else(|| {
        let several = || words.split([',', ';', '\n']).map(named).collect();
        question.multiple.then(several).flatten()
    });
    match chosen {
        Some(chosen) => QuestionAnswer { chosen, text: None },
        None => QuestionAnswer { chosen: Vec::new(), text: Some(words.to_owned()) },
    }
}

/// The words for each of several questions.
fn split(words: &str, count: usize) -> Vec<String> {
    let mut parts = vec![String::new(); count];
    let mut current = None;
    for line in words.lines() {
        let (at, line) = match numbered(line, count) {
            Some((at, rest)) => (Some(at), rest),
            None => (current, line),
        };
        current = at;
        let part = &mut parts[at.unwrap_or(0)];
        if !part.is_empty() {
            part.push('\n');
        }
        part.push_str(line);
    }
    let lines: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
    if current.is_none() && lines.len() == count {
        return lines.into_iter().map(str::to_owned).collect();
    }
    parts
}

/// The question that a line begins to answer, counted from 0, with the rest of the line.
fn numbered(line: &str, count: usize) -> Option<(usize, &str)> {
    let line = line.trim_start();
    let digits = line.find(|c: char| !c.is_ascii_digit())?;
    let rest = line[digits..].strip_prefix([':', '.', ')'])?;
    let at = line[..digits].parse::<usize>().ok()?.checked_sub(1)?;
    (at < count).then(|| (at, rest.trim()))
}

#[cfg(test)]
mod tests {
    use protocol::Choice;

    use super::*;

    fn question(choices: &[&str], multiple: bool) -> Question {
        let choice = |label: &&str| Choice { label: (*label).into(), description: String::new() };
        let choices = choices.iter().map(choice).collect();
        Question { text: "Which?".into(), heading: String::new(), choices, multiple }
    }

    fn chosen(labels: &[&str]) -> QuestionAnswer {
        let chosen = labels.iter().map(|label| (*label).to_owned()).collect();
        QuestionAnswer { chosen, text: None }
    }

    fn own(words: &str) -> QuestionAnswer {
        QuestionAnswer { chosen: Vec::new(), text: Some(words.to_owned()) }
    }

    #[test]
    fn a_number_or_a_name_chooses_and_all_else_is_words() {
        let one = [question(&["SQLite", "Postgres"], false)];
        assert_eq!(read(&one, " 2\n"), [chosen(&["Postgres"])]);
        assert_eq!(read(&one, "Answer: sqlite"), [chosen(&["SQLite"])]);
        for words in ["3", "0", "1, 2", "sqlite, but embedded", "äüß…"] {
            assert_eq!(read(&one, words), [own(words)], "{words}");
        }
        assert_eq!(read(&one, "answer:"), [QuestionAnswer::default()]);
    }

    #[test]
    fn several_can_be_chosen_where_several_may() {
        let many = [question(&["Linux", "macOS", "Windows"], true)];
        assert_eq!(read(&many, "1, windows"), [chosen(&["Linux", "Windows"])]);
        assert_eq!(read(&many, "1, BeOS"), [own("1, BeOS")]);
    }

    #[test]
    fn several_questions_are_answered_by_their_numbers_or_line_by_line() {
        let two = [question(&["A", "B"], false), question(&[], false)];
        let both = [chosen(&["B"]), own("call it x\nor y")];
        assert_eq!(read(&two, "2: call it x\nor y\n1. b"), both);
        assert_eq!(read(&two, "2\nnothing"), [chosen(&["B"]), own("nothing")]);
        assert_eq!(read(&two, "1) 1"), [chosen(&["A"]), QuestionAnswer::default()]);
        assert_eq!(read(&two, "as you like"), [own("as you like"), QuestionAnswer::default()]);
    }
}
