//! How much a file may ask for before it is refused.

use crate::Error;

/// The bounds in force while two files are read. Nothing is allocated for a claim that exceeds
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of either file.
    pub file: u64,
    /// Pixels of the RAW file's whole sensor area.
    pub raw: u64,
    /// Pixels of the picture.
    pub picture: u64,
    /// Pixels of the longer side of either.
    pub side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 512 << 20,
            raw: 200_000_000,
            picture: 200_000_000,
            side: 65_535,
        }
    }
}

impl Limits {
    /// Refuses a file of too many bytes.
    ///
    /// # Errors
    /// [`Error::FileTooLarge`].
    pub fn check_file(&self, what: &'static str, bytes: &[u8]) -> Result<(), Error> {
        let size = bytes.len() as u64;
        if size > self.file {
            return Err(Error::FileTooLarge {
                what,
                bytes: size,
                limit: self.file,
            });
        }
        Ok(())
    }

    /// Refuses a picture of too many pixels.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn check_picture(&self, width: u64, height: u64) -> Result<(), Error> {
        check_pixels("the picture", width, height, self.picture, self.side)
    }

    /// Refuses a RAW file of too many pixels.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn check_raw(&self, width: u64, height: u64) -> Result<(), Error> {
        check_pixels("the RAW file", width, height, self.raw, self.side)
    }
}

fn check_pixels(
    what: &'static str,
    width: u64,
    height: u64,
    limit: u64,
    side: u32,
) -> Result<(), Error> {
    let pixels = width.saturating_mul(height);
    if pixels > limit || width.max(height) > u64::from(side) {
        return Err(Error::TooLarge {
            what,
            width,
            height,
            limit,
        });
    }
    Ok(())
}
