//! Prompts: what a client puts into one, as the engine has it.

use agent_client_protocol_schema::v1::{
    ContentBlock, EmbeddedResourceResource, ImageContent, ResourceLink, TextResourceContents,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{AbsPath, ContextPart, ErrorInfo, SessionId, UserMessage};

use super::connection::{Connection, invalid};
use crate::uri;

/// The most bytes of text that one embedded piece may have.
const MOST_EMBEDDED: usize = 256 << 10;

/// A prompt with all that the client put into it.
pub(super) async fn message(
    connection: &Connection,
    session: &SessionId,
    blocks: Vec<ContentBlock>,
) -> Result<UserMessage, ErrorInfo> {
    let mut message = UserMessage { text: String::new(), context: Vec::new() };
    let root = connection.sessions.info(session).await?.root;
    for block in blocks {
        match block {
            ContentBlock::Text(text) => message.text.push_str(&text.text),
            ContentBlock::ResourceLink(link) => mention(&mut message.text, &root, &link),
            ContentBlock::Image(image) => {
                let part = picture(connection, session, image, message.context.len()).await?;
                message.context.push(part);
            }
            ContentBlock::Resource(embedded) => match embedded.resource {
                EmbeddedResourceResource::TextResourceContents(text) => {
                    embed(&mut message, &root, text);
                }
                EmbeddedResourceResource::BlobResourceContents(blob) => {
                    message.context.push(unreadable(&blob.uri));
                }
                _ => return Err(invalid("a resource of a kind that is not known")),
            },
            ContentBlock::Audio(_) => return Err(invalid("Coworker takes no sound")),
            _ => return Err(invalid("a kind of content that is not known")),
        }
    }
    if message.text.trim().is_empty() && message.context.is_empty() {
        return Err(invalid("the prompt is empty"));
    }
    Ok(message)
}

/// A link is what the user mentions: the engine looks it up as if it had been typed.
fn mention(text: &mut String, root: &AbsPath, link: &ResourceLink) {
    if text.chars().next_back().is_some_and(|last| !last.is_whitespace()) {
        text.push(' ');
    }
    match place(&link.uri) {
        Some((path, lines)) => {
            let name = path.relative_to(root);
            text.push_str(&format!("@\"{name}\"{}", range(lines)));
        }
        None => text.push_str(&format!("[{}]({})", link.name, link.uri)),
    }
}

/// A piece of text that the client sends along.
fn embed(message: &mut UserMessage, root: &AbsPath, resource: TextResourceContents) {
    let TextResourceContents { mut text, uri, .. } = resource;
    let end = text.floor_char_boundary(MOST_EMBEDDED);
    let is_cut = end < text.len();
    text.truncate(end);
    let Some((path, lines)) = place(&uri) else {
        let cut = if is_cut { "\n… (cut)" } else { "" };
        message.text.push_str(&format!("\n\n{uri}:\n```\n{text}{cut}\n```\n"));
        return;
    };
    let name = path.relative_to(root).to_owned();
    let mention = format!("@{name}{}", range(lines));
    if message.text.chars().next_back().is_some_and(|last| !last.is_whitespace()) {
        message.text.push(' ');
    }
    message.text.push_str(&name);
    let first_line = lines.map_or(1, |(first, _)| first);
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    message.context.push(ContextPart::Text {
        mention,
        path,
        first_line,
        lines: lines.saturating_add(first_line - 1),
        text,
        symbol: None,
        outline: Vec::new(),
    });
}

async fn picture(
    connection: &Connection,
    session: &SessionId,
    image: ImageContent,
    number: usize,
) -> Result<ContextPart, ErrorInfo> {
    let bytes = STANDARD.decode(&image.data).map_err(|error| {
        invalid(format!("a picture must be in base64, and this is not: {error}"))
    })?;
    let named = image.uri.as_deref().and_then(uri::path);
    let unnamed = || AbsPath::new(format!("{}/picture-{}", engine::UNTITLED, number + 1)).ok();
    let path = named.or_else(unnamed).ok_or_else(|| invalid("a picture without a name"))?;
    let mention = path.file_name().unwrap_or("picture").to_owned();
    let image = connection.sessions.keep_picture(session, path, bytes).await?;
    Ok(ContextPart::Image { mention, image })
}

fn unreadable(uri: &str) -> ContextPart {
    let reason = "It is sent as bytes, which Coworker reads only of pictures.".to_owned();
    ContextPart::Unresolved { mention: uri.to_owned(), reason }
}

/// The file that a URI names, and the lines, as editors write them: `#L3`, `#L3-9`, `#L3:9`.
fn place(uri: &str) -> Option<(AbsPath, Option<(u32, u32)>)> {
    let (plain, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    let plain = plain.split_once('?').map_or(plain, |(plain, _)| plain);
    // Some clients write a path where a URI belongs.
    let path = uri::path(plain).or_else(|| AbsPath::new(plain).ok())?;
    let lines = fragment.strip_prefix('L').and_then(|lines| {
        let (first, last) = lines.split_once(['-', ':']).unwrap_or((lines, lines));
        let last = last.trim_start_matches('L');
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        (1 <= first && first <= last).then_some((first, last))
    });
    Some((path, lines))
}

fn range(lines: Option<(u32, u32)>) -> String {
    match lines {
        Some((first, last)) if first == last => format!(":{first}"),
        Some((first, last)) => format!(":{first}-{last}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentioned(uri: &str) -> String {
        let mut text = "explain".to_owned();
        mention(&mut text, &AbsPath::new("/a b").unwrap(), &ResourceLink::new("a.rs", uri));
        text
    }

    #[test]
    fn links_to_files_are_mentions() {
        assert_eq!(mentioned("file:///a%20b/a.rs"), "explain @\"a.rs\"");
        assert_eq!(mentioned("file:///a.rs#L3"), "explain @\"/a.rs\":3");
        for lines in ["#L3-9", "#L3:9", "#L3-L9", "?symbol=pop#L3:9"] {
            assert_eq!(mentioned(&format!("file:///a.rs{lines}")), "explain @\"/a.rs\":3-9");
        }
        assert_eq!(mentioned("/a.rs"), "explain @\"/a.rs\"");
        assert_eq!(mentioned("file:///a.rs#L9-3"), "explain @\"/a.rs\"");
        assert_eq!(mentioned("https://example.org/"), "explain [a.rs](https://example.org/)");
    }
}
