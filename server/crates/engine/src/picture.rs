//! Pictures: what is one, by how its bytes begin and not by what it is called.

use imagesize::ImageType;

use crate::Picture;

/// The most bytes of a picture: in base64 they are 5 MiB, the most that providers take.
pub const MOST_PICTURE_BYTES: u64 = 5 * 1024 * 1024 / 4 * 3;
/// The most pixels in width and in height that providers take.
const MOST_PIXELS: usize = 8_000;

/// A picture and its size in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The picture.
    pub picture: Picture,
    /// Its width and its height.
    pub size: (usize, usize),
}

/// Why bytes that begin like a picture are none that a model can be shown, in words that go on
/// after its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPicture {
    /// Too many bytes.
    #[error("has {0} bytes; pictures can be shown up to {MOST_PICTURE_BYTES}")]
    TooHeavy(u64),
    /// Too many pixels.
    #[error("is {0} x {1} pixels; at most {MOST_PIXELS} a side can be shown")]
    TooLarge(usize, usize),
    /// It ends too early.
    #[error("begins like a picture but is damaged or cut off")]
    Damaged,
}

/// The picture that these bytes are; none if they are something else.
///
/// # Errors
/// They begin like a picture, but a model cannot be shown it.
pub fn recognize(bytes: Vec<u8>) -> Result<Option<Measured>, NoPicture> {
    let media_type = match imagesize::image_type(&bytes) {
        Ok(ImageType::Png) => "image/png",
        Ok(ImageType::Jpeg) => "image/jpeg",
        Ok(ImageType::Gif) => "image/gif",
        Ok(ImageType::Webp) => "image/webp",
        _ => return Ok(None),
    };
    if bytes.len() as u64 > MOST_PICTURE_BYTES {
        return Err(NoPicture::TooHeavy(bytes.len() as u64));
    }
    let size = imagesize::blob_size(&bytes).map_err(|_| NoPicture::Damaged)?;
    if size.width.max(size.height) > MOST_PIXELS {
        return Err(NoPicture::TooLarge(size.width, size.height));
    }
    let picture = Picture { media_type: media_type.to_owned(), bytes: bytes.into() };
    Ok(Some(Measured { picture, size: (size.width, size.height) }))
}
