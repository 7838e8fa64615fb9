//! What a session is called in lists: the first line of its first prompt, until the fast model
//! has found better words.
//!
//! The session's loop asks for it when a turn has completed, and takes it in (`session/task.rs`).
//! It is work that nobody waits for: it runs beside the session, asks nothing of the user, is
//! given up at the first trouble, and dropped when the next turn begins or the session is closed.

use futures::StreamExt;
use protocol::{Item, ItemBody, SessionInfo, SessionState, Usage};
use tokio_util::sync::CancellationToken;

use crate::{
    Message, ModelEvent, ModelRequest, Parts, StopCause,
    budget::{self, Meter},
    prompts,
    session::{Command, Session},
    sessions::Shared,
};

/// How long a first line may be as a title, in characters.
const FIRST_LINE: usize = 80;
/// How long a title of the model may be, in characters.
const TITLE: usize = 60;
/// How much of the prompt and of the answer the model reads, in characters each.
const ENOUGH: usize = 2000;
/// How many tokens the answer may have; some models think first.
const TOKENS: u32 = 1000;

/// The first line of a prompt that has words.
pub(crate) fn first_line(prompt: &str) -> String {
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(FIRST_LINE).collect()
}

/// The request for a title; none if the session needs none.
///
/// The model of the session itself is not asked: a server on this machine answers one request
/// after the other, so the next prompt would wait, and elsewhere a large model is too dear for it.
pub(crate) fn request(
    parts: &Parts,
    state: &SessionState,
    SessionInfo { id, title, .. }: &SessionInfo,
) -> Option<ModelRequest> {
    let model = parts.model.fast(&state.model);
    if !parts.settings.titles || model == state.model || !state.title.is_empty() {
        return None;
    }
    let mut items = state.items.iter();
    let (turn, prompt) = items.find_map(|item| match &item.body {
        ItemBody::UserMessage(message) => Some((&item.turn_id, &message.text)),
        _ => None,
    })?;
    // A title of other words is not ours to replace.
    if first_line(prompt) != *title {
        return None;
    }
    let said = |item: &Item| match &item.body {
        ItemBody::AgentMessage { text } if item.turn_id == *turn => Some(format!("{text}\n\n")),
        _ => None,
    };
    let [prompt, answer] = [prompt.clone(), items.filter_map(said).collect()]
        .map(|text: String| text.trim().chars().take(ENOUGH).collect::<String>());
    let text = format!("## User\n\n{prompt}\n\n## Agent\n\n{answer}");
    Some(ModelRequest {
        max_output_tokens: TOKENS.min(parts.model.facts(&model).output_tokens),
        model,
        system: prompts::name_it(),
        tools: Vec::new(),
        messages: vec![Message::User { text: text.trim_end().to_owned(), images: Vec::new() }],
        session: id.to_string(),
    })
}

/// Asks for a title and has the session take it in, unless it is stopped. What goes wrong is for
/// the log.
pub(crate) async fn make(
    shared: &Shared,
    session: &Session,
    request: ModelRequest,
    stop: &CancellationToken,
) {
    if !budget::has_room(&shared.parts, session, &request).await {
        tracing::debug!(session = %session.id, "a budget is nearly used up: no title");
        return session.send(Command::Title { title: None }).await;
    }
    let mut meter = Meter::of(session, &request);
    let mut used = Usage::default();
    let said = stop.run_until_cancelled(ask(shared, request, &mut meter, &mut used)).await;
    used += meter.untold(&*shared.parts.model).unwrap_or_default();
    if used != Usage::default() {
        // Who closes a session does not wait for what is counted.
        let _ = session.add_usage(&shared.parts, used).await;
    }
    let Some(said) = said else { return };
    let title = said.and_then(|said| cleaned(&said).ok_or_else(|| format!("it said {said:?}")));
    if let Err(error) = &title {
        tracing::debug!(session = %session.id, error, "the first line stays the title");
    }
    session.send(Command::Title { title: title.ok() }).await;
}

async fn ask(
    shared: &Shared,
    request: ModelRequest,
    meter: &mut Meter,
    used: &mut Usage,
) -> Result<String, String> {
    let mut said = String::new();
    let opened = shared.parts.model.stream(request).await;
    let mut stream = opened.map_err(|error| error.to_string())?;
    while let Some(event) = stream.next().await {
        let event = event.map_err(|error| error.to_string())?;
        meter.read(&event);
        match event {
            ModelEvent::Text(more) => said.push_str(&more),
            ModelEvent::Usage(usage) => *used += usage,
            ModelEvent::End(StopCause::EndOfAnswer) => return Ok(said),
            ModelEvent::End(_) => return Err("the answer has no end".to_owned()),
            ModelEvent::Waiting { why } | ModelEvent::Restarted { why } => return Err(why),
            _ => {}
        }
    }
    Err("the answer broke off".to_owned())
}

/// A title of what a model said: one line that shows what it is, without what models like to put
/// around it.
fn cleaned(said: &str) -> Option<String> {
    let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
    let is_seen = |char: &char| !char.is_control() && !is_invisible(*char);
    let words: String = line.chars().map(|char| if char == '\t' { ' ' } else { char }).collect();
    let words: String = words.chars().filter(is_seen).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let title = words.trim_matches(|char| "\"'`*#_“”„«» ".contains(char)).trim_end_matches('.');
    let title = match title.char_indices().nth(TITLE) {
        None => title.to_owned(),
        Some(_) => {
            let cut: String = title.chars().take(TITLE - 1).collect();
            format!("{}…", cut.trim_end())
        }
    };
    (!title.is_empty()).then_some(title)
}

/// Marks that change how the text around them is shown, or are not shown at all.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_line_without_ornaments() {
        for (said, title) in [
            ("Retry in the client\n", "Retry in the client"),
            ("\n\n  \"Retry   in\tthe client.\"\nSecond line", "Retry in the client"),
            ("**Größe der Schaltfläche**", "Größe der Schaltfläche"),
            ("# `main` erklärt", "main` erklärt"),
            ("a\u{1b}[31mb\u{202e}c\u{200b}d\u{7}", "a[31mbcd"),
        ] {
            assert_eq!(cleaned(said).as_deref(), Some(title));
        }
        for nothing in ["", " \n\t\n", "\"\"", "\u{202e}"] {
            assert_eq!(cleaned(nothing), None, "{nothing:?}");
        }
        assert_eq!(cleaned(&"ä".repeat(TITLE)), Some("ä".repeat(TITLE)));
        let cut = cleaned(&"word ".repeat(40)).unwrap();
        assert!(cut.ends_with("word…") && cut.chars().count() <= TITLE, "{cut}");
    }
}
