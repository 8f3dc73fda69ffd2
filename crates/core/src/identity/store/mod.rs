//! SQL of people, their sessions and the links mailed to them.
//!
//! Little here belongs to an organisation: people do not, their memberships do. What is read or
//! changed is named by a person's id or by the hash of a secret that only they have.

mod issuers;
mod links;
mod lockouts;
mod people;
mod sessions;

pub(super) use issuers::*;
pub(super) use links::*;
pub(super) use lockouts::*;
pub(super) use people::*;
pub(super) use sessions::*;
