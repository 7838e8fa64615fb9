//! Pictures: how the model is shown one. `read` and `viewImage` share this.

use engine::picture::{self, MOST_PICTURE_BYTES, Measured, NoPicture};
use engine::{DocumentError, NamedPicture, Output, ToolContext, ToolError};
use protocol::{AbsPath, ErrorCode};
use workspace::Workspace;

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
    let bytes = match workspace.bytes(path, MOST_PICTURE_BYTES).await {
        Err(DocumentError::TooBig { bytes, .. }) => return Err(too_big(shown, bytes)),
        bytes => bytes?,
    };
    let found = picture::recognize(bytes).map_err(|why| {
        let code = match why {
            NoPicture::Damaged => ErrorCode::ToolFailed,
            NoPicture::TooHeavy(_) | NoPicture::TooLarge(..) => ErrorCode::DocumentTooBig,
        };
        let way_out = match why {
            NoPicture::Damaged => "",
            _ => ". Make a smaller copy with `bash` and look at that",
        };
        ToolError::new(code, format!("`{shown}` {why}{way_out}"))
    })?;
    let Some(Measured { picture, size: (width, height) }) = found else { return Ok(None) };
    let (kind, bytes) = (&picture.media_type, picture.bytes.len());
    let text = format!("`{shown}`: {kind}, {width} x {height} pixels, {bytes} bytes");
    let pictures = vec![NamedPicture { path: path.clone(), picture }];
    Ok(Some(Output { text, pictures, ..Output::default() }))
}

fn too_big(shown: &str, bytes: u64) -> ToolError {
    let message = format!(
        "`{shown}` {}. Make a smaller copy with `bash` and look at that",
        NoPicture::TooHeavy(bytes)
    );
    ToolError::new(ErrorCode::DocumentTooBig, message)
}
