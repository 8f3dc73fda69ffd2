//! One file a command.

pub mod admin;
pub mod bench;
pub mod config;
pub mod doctor;
pub mod keys;
pub mod log;
pub mod migrate;
pub mod photo;
pub mod serve;
pub mod verify;
pub mod worker;
