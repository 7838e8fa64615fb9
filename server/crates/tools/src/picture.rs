//! Pictures: what is one, and how the model is shown it.
//!
//! What counts is how a file begins, not what it is called. `read` and `viewImage` share this.

use engine::{DocumentError, NamedPicture, Output, Picture, ToolContext, ToolError};
use imagesize::ImageType;
use protocol::{AbsPath, ErrorCode};
use workspace::Workspace;

/// The most bytes of a picture: in base64 they are 5 MiB, the most that providers take.
const MOST_BYTES: u64 = 5 * 1024 * 1024 / 4 * 3;
/// The most pixels in width and in height that providers take.
const MOST_PIXELS: usize = 8_000;

/// Whether the name is that of a picture which can be shown.
pub(crate) fn is_named_so(path: &AbsPath) -> bool {
    let name = path.file_name().unwrap_or_default().to_ascii_lowercase();
    [".png", ".jpg", ".jpeg", ".gif", ".webp"].iter().any(|end| name.ends_with(end))
}

/// The picture in a file; none if the file holds something else.
///
/// # Errors
/// There is no such file, or the picture is too big.
pub(crate) async fn load(
    workspace: &Workspace,
    context: &ToolContext,
    path: &AbsPath,
) -> Result<Option<Output>, ToolError> {
    let shown = path.relative_to(&context.root);
    let bytes = match workspace.bytes(path, MOST_BYTES).await {
        Err(DocumentError::TooBig { bytes, .. }) => return Err(too_big(shown, bytes)),
        bytes => bytes?,
    };
    let Some(media_type) = media_type(&bytes) else { return Ok(None) };
    let size = imagesize::blob_size(&bytes).map_err(|_| {
        let message = format!("`{shown}` begins like a picture but is damaged or cut off");
        ToolError::new(ErrorCode::ToolFailed, message)
    })?;
    let (width, height) = (size.width, size.height);
    if width.max(height) > MOST_PIXELS {
        return Err(ToolError::new(
            ErrorCode::DocumentTooBig,
            format!(
                "`{shown}` is {width} x {height} pixels; at most {MOST_PIXELS} a side can be \
                 shown. Make a smaller copy with `bash` and look at that"
            ),
        ));
    }
    let text = format!("`{shown}`: {media_type}, {width} x {height} pixels, {} bytes", bytes.len());
    let picture = Picture { media_type: media_type.to_owned(), bytes: bytes.into() };
    let pictures = vec![NamedPicture { path: path.clone(), picture }];
    Ok(Some(Output { text, pictures, ..Output::default() }))
}

fn too_big(shown: &str, bytes: u64) -> ToolError {
    let message = format!(
        "`{shown}` has {bytes} bytes; pictures can be shown up to {MOST_BYTES}. Make a smaller \
         copy with `bash` and look at that"
    );
    ToolError::new(ErrorCode::DocumentTooBig, message)
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match imagesize::image_type(bytes).ok()? {
        ImageType::Png => Some("image/png"),
        ImageType::Jpeg => Some("image/jpeg"),
        ImageType::Gif => Some("image/gif"),
        ImageType::Webp => Some("image/webp"),
        _ => None,
    }
}
