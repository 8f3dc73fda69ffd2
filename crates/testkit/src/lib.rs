//! What every crate's tests share: a private PostgreSQL, and the check that what we serve is what
//! the contracts' OpenAPI documents promise.
//!
//! Used only from tests and benchmarks, so a broken precondition panics with its reason.

pub mod contract;
pub mod postgres;

pub use contract::Contract;
pub use postgres::Postgres;
