//! Checkpoints: the head of a log as a signed note (C2SP tlog-checkpoint).

use crate::encoding;
use crate::merkle::Hash;
use crate::note::{Note, NoteError, NoteSigner, SignatureType, VerifiedSignature, VerifierKey};

/// What a log says about itself at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// Leaves in the tree.
    pub size: u64,
    /// The root hash of the tree.
    pub root: Hash,
    /// Further lines; Colophon writes none, because monitors cannot audit them.
    pub extensions: Vec<String>,
}

/// Why a checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not origin, size and root hash on their lines.
    #[error("not a checkpoint: expected the log's name, its size and its root hash")]
    Malformed,
    /// The note around it is malformed, unsigned or wrongly signed.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Signed, but not by a key of the log that the checkpoint names.
    #[error("the checkpoint of {origin} is not signed by a key of that log")]
    NotByLog {
        /// The log that the checkpoint names.
        origin: String,
    },
}

/// A checkpoint whose signatures were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCheckpoint<'a> {
    /// The log head.
    pub checkpoint: Checkpoint,
    /// The keys that signed it: the log's, and those of known witnesses.
    pub signatures: Vec<VerifiedSignature<'a>>,
}

impl Checkpoint {
    /// The head of a log, without extension lines.
    #[must_use]
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let Self {
            origin,
            size,
            root,
            extensions,
        } = self;
        let mut text = format!("{origin}\n{size}\n{}\n", encoding::base64(root));
        for line in extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Reads the text that is signed.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let parse = || {
            let mut lines = text.strip_suffix('\n')?.split('\n');
            let checkpoint = Self {
                origin: lines.next()?.to_owned(),
                size: encoding::decimal(lines.next()?)?,
                root: encoding::hash_from_base64(lines.next()?)?,
                extensions: lines.map(str::to_owned).collect(),
            };
            let complete = !checkpoint.origin.is_empty()
                && checkpoint.extensions.iter().all(|line| !line.is_empty());
            complete.then_some(checkpoint)
        };
        parse().ok_or(CheckpointError::Malformed)
    }

    /// Signs the checkpoint with the log's key.
    ///
    /// # Errors
    /// [`NoteError::InvalidText`] if the origin or an extension has control characters.
    pub fn sign(&self, log: &NoteSigner) -> Result<Note, NoteError> {
        Note::sign(&self.text(), log, 0)
    }

    /// Reads a signed checkpoint and checks its signatures: a known key with the name of
    /// the log must have signed it, and no known key may have signed it wrongly.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn open<'a>(
        note: &str,
        known: impl IntoIterator<Item = &'a VerifierKey> + Clone,
    ) -> Result<OpenCheckpoint<'a>, CheckpointError> {
        let note = Note::parse(note)?;
        let signatures = note.verify(known)?;
        let checkpoint = Self::parse(note.text())?;
        let by_log = |signed: &VerifiedSignature<'_>| {
            signed.key.name() == checkpoint.origin
                && signed.key.signature_type() == SignatureType::Ed25519
        };
        if !signatures.iter().any(by_log) {
            let origin = checkpoint.origin;
            return Err(CheckpointError::NotByLog { origin });
        }
        Ok(OpenCheckpoint {
            checkpoint,
            signatures,
        })
    }
}
