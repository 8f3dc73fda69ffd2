//! The domain of Colophon: one module an area, each with its rules and, in `store.rs`, the only
//! place for that area's SQL. Contracts, pages and commands call these modules and nothing
//! below them.

mod error;
pub mod jobs;
pub mod media;

pub use error::{Error, FieldError, Kind};

/// What every operation of the domain returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
