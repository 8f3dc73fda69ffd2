//! Provenance records: what an AI company's generator signed about a piece of content.
//!
//! Source: operations `createRecord` and `getRecord` of the Certivu contract.

mod commit;
mod create;
mod read;
mod store;

pub use commit::Commits;
pub(crate) use commit::start;
pub use create::{Created, NewRecord, create};
pub use read::{FoundPage, FoundRecord, RecordView, bundle, by_content_hash, get};
pub(crate) use read::{documents, ids_after, ids_of};
pub use store::METER;
