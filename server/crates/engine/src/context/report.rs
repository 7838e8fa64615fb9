//! What a request is made of, and what its parts weigh.

use protocol::{ContextReport, ContextShare, ErrorInfo, UserMessage};

use super::{Pictures, Place, Standing, messages, prompt, skills};
use crate::{
    AssistantPart, Message, ModelRequest, ToolSpec, prompts, session::Session, sessions::Shared,
};

/// How many bytes of prose and code one token stands for. Between the 4 of plain English and
/// the 3 of dense code; every model counts otherwise, so this is an estimate and called so.
const BYTES_OF_A_TOKEN: f64 = 3.6;
/// What a picture weighs: what providers count for one of about a million pixels.
const TOKENS_OF_A_PICTURE: u64 = 1600;

/// An estimate of the tokens of a text of so many bytes.
pub(crate) fn tokens(bytes: u64) -> u64 {
    (bytes as f64 / BYTES_OF_A_TOKEN).ceil() as u64
}

/// An estimate of the tokens of a whole request, its answer not counted.
pub fn estimate(request: &ModelRequest) -> u64 {
    let tool =
        |tool: &ToolSpec| tool.name.len() + tool.description.len() + tool.schema.to_string().len();
    let bytes = request.system.len()
        + request.tools.iter().map(tool).sum::<usize>()
        + request.messages.iter().map(weight).sum::<usize>();
    let pictures: usize = request.messages.iter().map(pictures).sum();
    tokens(bytes as u64) + pictures as u64 * TOKENS_OF_A_PICTURE
}

/// How many pictures belong to a message.
fn pictures(message: &Message) -> usize {
    match message {
        Message::User { images, .. } => images.len(),
        Message::Tool { results } => results.iter().map(|result| result.images.len()).sum(),
        Message::Assistant { .. } => 0,
    }
}

/// How many bytes of a message a model reads, pictures not counted.
fn weight(message: &Message) -> usize {
    let part = |part: &AssistantPart| match part {
        AssistantPart::Text { text } => text.len(),
        // What is signed weighs about what it stands for.
        AssistantPart::Reasoning { text, provider_data } => {
            if provider_data.is_some() {
                text.len()
            } else {
                0
            }
        }
        AssistantPart::ToolCall { name, arguments, .. } => name.len() + arguments.to_string().len(),
    };
    match message {
        Message::User { text, .. } => text.len(),
        Message::Assistant { parts } => parts.iter().map(part).sum(),
        Message::Tool { results } => results.iter().map(|result| result.text.len()).sum(),
    }
}

/// Weighs the request that this prompt would make, in the order it is sent.
///
/// # Errors
/// The prompt begins with a command that there is not.
pub(crate) async fn report(
    shared: &Shared,
    place: &Place,
    session: Option<&Session>,
    text: &str,
) -> Result<ContextReport, ErrorInfo> {
    let message = UserMessage { text: text.to_owned(), context: Vec::new() };
    // The model sees nothing of what is only weighed.
    let aside = session.map(Session::aside);
    let live = aside.as_ref().map(|session| (shared, session));
    let message = prompt::resolve(place, live, message).await?;
    let looked_at = session.and_then(|session| session.look(super::looked_at));
    let standing = Standing::gather(place, looked_at.as_ref()).await;
    let mut scale = Scale::default();
    scale.system(place, standing).await;
    for tool in &shared.parts.tools {
        let spec = tool.spec();
        let bytes = serde_json::to_string(&spec).map_or(0, |json| json.len());
        scale.add("tool", &spec.name, bytes);
    }
    if let Some(session) = session {
        scale.conversation(session);
    }
    scale.prompt(&message);
    let tokens = scale.parts.iter().map(|part| part.tokens).sum();
    Ok(ContextReport { parts: scale.parts, tokens })
}

#[derive(Default)]
struct Scale {
    parts: Vec<ContextShare>,
}

impl Scale {
    fn add(&mut self, kind: &str, name: &str, bytes: usize) {
        let bytes = bytes as u64;
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.parts.push(ContextShare { kind, name, bytes, tokens: tokens(bytes) });
    }

    /// The system prompt. What a part weighs is what it is longer with it.
    async fn system(&mut self, place: &Place, standing: Standing) {
        let length = |standing: &Standing| {
            prompts::system(&place.root, &place.folders, place.mode, standing).len()
        };
        let mode = prompts::mode(place.mode).len();
        let mut so_far = Standing::default();
        let mut before = length(&so_far);
        self.add("instructions", "Coworker", before.saturating_sub(mode));
        self.add("instructions", &format!("mode {}", place.mode.as_str()), mode);
        for file in standing.instructions {
            let path = file.path.clone();
            so_far.instructions.push(file);
            let now = length(&so_far);
            self.add("rules", &path, now.saturating_sub(before));
            before = now;
        }
        let count = standing.skills.len();
        (so_far.skills, so_far.more_skills) = (standing.skills, standing.more_skills);
        self.add("skills", &format!("{count} skills"), length(&so_far).saturating_sub(before));
        for (path, reason) in skills::find(place).await.left_out {
            let path = path.relative_to(&place.root);
            self.add("skills", &format!("left out: {path}: {reason}"), 0);
        }
    }

    fn conversation(&mut self, session: &Session) {
        let messages = session.look(|state| messages(&state.items, &Pictures::sketched(state)));
        let pictures: usize = messages.iter().map(pictures).sum();
        let (mut prompts, mut answers, mut results) = (0, 0, 0);
        for message in &messages {
            match message {
                Message::User { text, .. } => prompts += text.len(),
                Message::Assistant { parts } => {
                    answers += serde_json::to_string(parts).map_or(0, |json| json.len());
                }
                Message::Tool { results: some } => {
                    results += some.iter().map(|result| result.text.len()).sum::<usize>();
                }
            }
        }
        for (name, bytes) in [("prompts", prompts), ("answers", answers), ("results", results)] {
            if bytes > 0 {
                self.add("conversation", name, bytes);
            }
        }
        if pictures > 0 {
            self.parts.push(ContextShare {
                kind: "conversation".to_owned(),
                name: format!("{pictures} pictures"),
                bytes: 0,
                tokens: pictures as u64 * TOKENS_OF_A_PICTURE,
            });
        }
    }

    /// The prompt that is not sent yet, with what it mentions.
    fn prompt(&mut self, message: &UserMessage) {
        use protocol::ContextPart as Part;
        let mut so_far = Vec::new();
        let length = |parts: &[Part]| prompts::user(&message.text, parts, &[]).len();
        let mut before = length(&so_far);
        if before == 0 {
            return;
        }
        self.add("conversation", "this prompt", before);
        for part in &message.context {
            let name = match part {
                Part::Text { mention, .. }
                | Part::Folder { mention, .. }
                | Part::Unresolved { mention, .. } => mention.clone(),
                Part::Diff { .. } => "@diff".to_owned(),
                Part::Problems { .. } => "@problems".to_owned(),
                Part::Command { name, .. } => format!("/{name}"),
                _ => continue,
            };
            so_far.push(part.clone());
            let now = length(&so_far);
            self.add("mention", &name, now.saturating_sub(before));
            before = now.max(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::tokens;

    #[test]
    fn an_estimate_is_rounded_up() {
        assert_eq!([0, 1, 36, 37].map(tokens), [0, 1, 10, 11]);
    }
}
