//! `/v1/records`

pub mod create;
pub mod show;
