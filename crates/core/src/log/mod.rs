//! The transparency log: every statement Colophon makes, in order, for good.
//!
//! A statement enters the log in two steps. [`publish`] writes it into `log_pending` inside the
//! transaction that makes it, so that what is acknowledged is durable and what is rolled back
//! never existed. The one [`Sequencer`] then moves waiting statements, in order, into the hash
//! chain of the TrackOrigin contract and into an RFC 6962 Merkle tree, and signs the new
//! checkpoint, all in one transaction.

mod audit;
mod export;
mod proof;
mod read;
mod sequencer;
mod store;

pub use audit::{Audit, audit};
pub use export::{EXPORT, Export, export, export_link, latest_export, request_export};
pub use proof::{ConsistencyProof, InclusionProof, consistency, inclusion};
pub use read::{
    EntryView, Included, checkpoint_note, entries, entry_tile, hash_tile, head, included,
    not_yet_included, pending, tree_head,
};
pub(crate) use read::{numbers, waiting_since};
pub use sequencer::Sequencer;
pub use store::Head;

use std::sync::Arc;

use colophon_db::Tx;
use colophon_transparency::merkle::Hash;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::Result;

/// A statement to be logged: `manifest_hash` is the SHA-256 of the exact document bytes.
#[derive(Clone, Debug)]
pub struct Statement {
    /// UUIDv7 that decides the order among waiting statements.
    pub order: Uuid,
    /// The public id of what is stated, such as `rec_…`.
    pub cert_id: String,
    /// `record`, `key-rotation`, …
    pub kind: &'static str,
    /// SHA-256 of the document.
    pub manifest_hash: Hash,
}

/// Makes statements part of the log: the only way in. They are sequenced after the caller's
/// transaction commits.
///
/// # Errors
/// When the database does not answer; the caller's transaction must then roll back.
pub async fn publish(tx: &mut Tx, statements: &[Statement]) -> Result<(), colophon_db::Error> {
    store::enqueue(tx, statements).await
}

/// Keeps the exact documents of statements that have no table of their own.
///
/// # Errors
/// When the database does not answer; the caller's transaction must then roll back.
pub async fn keep_documents<'a>(
    tx: &mut Tx,
    documents: impl ExactSizeIterator<Item = (&'a Statement, &'a str)> + Send,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), colophon_db::Error> {
    store::keep_documents(tx, documents, now).await
}

/// The exact document of such a statement.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn document(db: &colophon_db::Db, cert_id: &str) -> Result<String> {
    let found = match read::may_be_id(cert_id) {
        true => store::document(db, cert_id).await?,
        false => None,
    };
    found.ok_or_else(|| crate::Error::not_found("statement"))
}

/// Wakes the sequencer of this process; others notice by polling.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Says that statements wait.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    async fn wait(&self) {
        self.0.notified().await;
    }
}
