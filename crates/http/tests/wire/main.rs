//! What a client sees, over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod bodies;
mod client;
mod envelopes;
mod limits;
mod paths;
mod replays;
mod server;
