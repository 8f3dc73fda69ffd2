//! An upload on its way in: hashed as it arrives, in a temporary file that is removed unless it
//! gets its name.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use colophon_transparency::digest::{FileDigests, FileHasher};
use futures::{Stream, StreamExt as _};
use tempfile::NamedTempFile;

use crate::{Error, Kind, Result};

/// Pieces written at once, when so many have arrived already.
const BATCH: usize = 32;

/// Files that a killed process left behind are removed after this.
const ABANDONED_AFTER: TimeDelta = TimeDelta::days(1);

/// What has arrived so far.
pub(super) struct Incoming {
    /// `None` when only the hashes are wanted.
    file: Option<NamedTempFile>,
    hasher: FileHasher,
    size: u64,
}

impl Incoming {
    /// Hashes and keeps nothing.
    pub(super) fn unkept() -> Self {
        Self {
            file: None,
            hasher: FileHasher::new(),
            size: 0,
        }
    }

    /// Writes to a new temporary file of this folder.
    pub(super) async fn kept(folder: PathBuf) -> Result<Self> {
        let file = blocking(move || {
            tempfile::Builder::new()
                .prefix("upload-")
                .tempfile_in(folder)
        })
        .await?;
        Ok(Self {
            file: Some(file),
            ..Self::unkept()
        })
    }

    /// Takes the whole stream, which may have `limit` bytes. When the future is dropped or
    /// fails, so is the file.
    pub(super) async fn receive<E: Into<Error>>(
        mut self,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
        limit: u64,
    ) -> Result<(Option<NamedTempFile>, FileDigests)> {
        let mut batches = std::pin::pin!(stream.ready_chunks(BATCH));
        while let Some(batch) = batches.next().await {
            let pieces = batch
                .into_iter()
                .collect::<Result<Vec<Bytes>, E>>()
                .map_err(Into::into)?;
            self.size += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
            if self.size > limit {
                return Err(Error::new(
                    Kind::TooLarge,
                    "too_large",
                    format!("The file is larger than {limit} bytes, the most this takes."),
                ));
            }
            self = blocking(move || {
                for piece in pieces {
                    if let Some(file) = &mut self.file {
                        file.write_all(&piece)?;
                    }
                    self.hasher.update(&piece);
                }
                Ok(self)
            })
            .await?;
        }
        Ok((self.file, self.hasher.finish()))
    }
}

/// Gives a complete file its final name, durably: what was acknowledged survives a power cut.
/// Content that is there already is replaced by itself.
pub(super) async fn keep(file: NamedTempFile, root: PathBuf, path: PathBuf) -> Result<()> {
    blocking(move || {
        file.as_file().sync_all()?;
        let folder = path.parent().unwrap_or(&root);
        std::fs::create_dir_all(folder)?;
        file.persist(&path)?;
        sync_folder(folder)?;
        // The folder may be new, or be made by someone who has not come to this line yet.
        sync_folder(&root)
    })
    .await
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Removes what uploads of processes that were killed have left behind.
pub(super) async fn remove_abandoned(folder: PathBuf, now: DateTime<Utc>) -> Result<()> {
    blocking(move || {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let Ok(changed_at) = entry.metadata().and_then(|metadata| metadata.modified()) else {
                continue; // finished meanwhile
            };
            if now - DateTime::<Utc>::from(changed_at) > ABANDONED_AFTER {
                tracing::info!(file = %entry.path().display(), "removing an abandoned upload");
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    })
    .await
}

/// Runs file work where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(unavailable),
        Err(stopped) => Err(unavailable(stopped)),
    }
}

/// Disk full, no permission, store not reachable: nothing was stored.
pub(super) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable("file storage", error)
}
