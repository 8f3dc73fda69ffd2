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
    /// The second file is not a picture that can be read.
    #[error("the picture cannot be read: {0}")]
    Rendition(String),
    /// A file asks for more pixels than are allowed.
    #[error("{what} has {pixels} pixels; at most {limit} are read")]
    TooLarge {
        /// Which file.
        what: &'static str,
        /// What its header claims.
        pixels: u64,
        /// The limit in force.
        limit: u64,
    },
    /// The calibration of this build is malformed.
    #[error("{0}")]
    Calibration(String),
    /// The observer ended the work.
    #[error("ended before there was a verdict")]
    Ended,
}
