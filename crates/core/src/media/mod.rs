//! Files, named by the SHA-256 of their bytes.
//!
//! [`Blobs`] keeps the bytes, in a local folder or in an S3-compatible store, and the table
//! `blob` says what we know of them. An upload streams to a temporary file while both of our
//! hashes are computed; only a complete file gets its name, so a name always means the whole
//! content. Downloads go by links that are signed and expire.

mod blobs;
mod disposition;
mod incoming;
mod location;
mod range;
mod signed_url;
mod store;

pub use blobs::{BlobStream, Blobs, Options};
pub use disposition::content_disposition;
pub use location::S3Options;
pub use range::{Unsatisfiable, parse_range};
pub use signed_url::{LinkSecret, SignedUrl};
pub(crate) use store::forget_blob;
pub use store::{Blob, find_blob, record_blob};
