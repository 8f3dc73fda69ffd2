//! What every crate's tests share: a private PostgreSQL, the running server with a client that
//! holds every answer against its contract, and signers of valid records.
//!
//! Used only from tests and benchmarks, so a broken precondition panics with its reason.

pub mod app;
pub mod client;
pub mod contract;
pub mod person;
pub mod postgres;
pub mod provider;
pub mod signer;
pub mod site;

pub use app::{Process, Server, TestApp};
pub use client::{Answer, Request};
pub use contract::Contract;
pub use person::{PASSWORD, Person};
pub use postgres::Postgres;
pub use provider::{IdentityProvider, ProviderKey};
pub use signer::{RecordBody, Signer};
pub use site::{Database, Publisher, Run, Site, databases, text};
