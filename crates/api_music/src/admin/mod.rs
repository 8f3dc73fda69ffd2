//! `/v1/admin/…`: for the people who run the server.

pub(crate) mod apps;
pub(crate) mod artists;
pub(crate) mod issuers;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod organisations;
