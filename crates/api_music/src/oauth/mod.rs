//! OAuth 2 for the programs of others: the token endpoint and what a token reads.

pub(crate) mod me;
pub(crate) mod token;
