//! What Colophon asserts, and how anyone checks it: canonical JSON, keys and
//! signatures, the Merkle log, checkpoints and offline proofs.
//!
//! Everything here is a pure function of its arguments: no clock, no network, no
//! files, no database, and randomness is passed in. The server that writes the log
//! and the command line that checks it share this crate, so that there is one
//! definition of "valid".
//!
//! | to do this | look in |
//! |---|---|
//! | read JSON that will be signed or was signed | [`json`] |
//! | write the bytes a signature covers | [`canonical`] |
//! | make, load, store and use keys | [`keys`], [`dilithium3`] |
//! | hash a file, spell an id | [`digest`], [`id`] |
//! | issue or check a `ctv_` token | [`token`] |
//! | describe a signed record | [`record`] |
//! | append to the log and prove things about it | [`entry`], [`merkle`], [`tile`] |
//! | publish a log head | [`note`], [`checkpoint`], [`sth`] |
//! | check a file offline, from one document | [`proof`], [`bundle`] |

pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod digest;
pub mod dilithium3;
mod encoding;
pub mod entry;
pub mod id;
pub mod json;
pub mod keys;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod record;
pub mod sth;
pub mod tile;
pub mod timestamp;
pub mod token;
