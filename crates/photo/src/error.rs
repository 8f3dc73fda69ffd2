//! What can keep the engine from a verdict.

/// Why a file could not be read or a pair not be compared. Every message is for the person who
/// brought the files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The first file is not a RAW file that can be read; `camera` where its header still tells.
    #[error("the RAW file cannot be read{}: {reason}", .camera.as_ref().map(|c| format!(" ({c})")).unwrap_or_default())]
    Raw {
        /// Make and model, where the header gave them.
        camera: Option<String>,
        /// What is wrong with it.
        reason: String,
    },
    /// The first file is a finished picture and no RAW file.
    #[error(
        "the file given as RAW is a {0} picture; the RAW file comes first, the picture made from it second"
    )]
    PictureAsRaw(&'static str),
    /// The second file is not a picture that can be read.
    #[error("the picture cannot be read: {0}")]
    Rendition(String),
    /// The second file is a RAW file.
    #[error(
        "the file given as the picture is a RAW file ({0}); the RAW file comes first, the picture made from it second"
    )]
    RawAsPicture(String),
    /// A file claims more pixels than are allowed.
    #[error("{what} claims {width} x {height} pixels; at most {limit} in all are read")]
    TooLarge {
        /// Which file.
        what: &'static str,
        /// What its header claims.
        width: u64,
        /// What its header claims.
        height: u64,
        /// The limit in force, in pixels.
        limit: u64,
    },
    /// A file is longer than allowed.
    #[error("{what} has {bytes} bytes; at most {limit} are read")]
    FileTooLarge {
        /// Which file.
        what: &'static str,
        /// Its length.
        bytes: u64,
        /// The limit in force, in bytes.
        limit: u64,
    },
    /// The calibration of this build is malformed.
    #[error("{0}")]
    Calibration(String),
    /// The observer ended the work.
    #[error("ended before there was a verdict")]
    Ended,
}
