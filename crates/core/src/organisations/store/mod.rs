//! SQL of organisations, their locations, members and invitations.

mod invitation;
mod location;
mod member;
mod organisation;

pub(super) use invitation::*;
pub(super) use location::*;
pub(super) use member::*;
pub(super) use organisation::*;
