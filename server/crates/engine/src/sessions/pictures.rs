//! Pictures that a client brings along with a prompt.

use protocol::{AbsPath, ErrorCode, ErrorInfo, Image, SessionId};

use super::Sessions;
use crate::picture::{self, Measured};

impl Sessions {
    /// Keeps a picture beside the journal of a session, for a prompt that is going to have it.
    /// `path` is what it is called.
    ///
    /// # Errors
    /// It is no picture that models are shown, there is no such session, or the store failed.
    pub async fn keep_picture(
        &self,
        id: &SessionId,
        path: AbsPath,
        bytes: Vec<u8>,
    ) -> Result<Image, ErrorInfo> {
        let invalid = |why: String| ErrorInfo::new(ErrorCode::InvalidParams, why);
        let recognized = picture::recognize(bytes);
        let found = recognized.map_err(|why| invalid(format!("The picture {why}.")))?;
        let Some(Measured { picture, .. }) = found else {
            return Err(invalid("A picture must be PNG, JPEG, GIF or WebP.".to_owned()));
        };
        // Only a session that is open here may be written to.
        let session = self.session(id).await?;
        let hash = self.shared.parts.store.put_blob(&session.id, &picture.bytes).await?;
        let (media_type, bytes) = (picture.media_type, picture.bytes.len() as u64);
        Ok(Image { path, media_type, hash, bytes })
    }
}
