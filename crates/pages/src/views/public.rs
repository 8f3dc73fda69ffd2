//! The pages open to everyone.

use askama::Template;

use super::Frame;
use crate::text;

/// `/`: what Colophon is, the drop target, the log's figures, how to run it.
#[derive(Clone, Debug, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    /// The frame.
    pub frame: Frame,
    /// The log as of its last checkpoint.
    pub log: LogHead,
    /// True while no operator account exists: the page then says how to make it.
    pub needs_setup: bool,
}

/// The public state of the log.
#[derive(Clone, Debug)]
pub struct LogHead {
    /// The log's name, the checkpoint's origin.
    pub origin: String,
    /// Entries under the last checkpoint.
    pub size: u64,
    /// When the last checkpoint was signed; `None` before the first.
    pub checkpoint_at: Option<String>,
    /// The log key's id: the eight hex digits in the middle of its vkey.
    pub key_id: String,
}

/// `/verify`: choose a file or paste a hash, an id or a token; checked in the browser.
#[derive(Clone, Debug, Template)]
#[template(path = "verify.html")]
pub struct VerifyPage {
    /// The frame.
    pub frame: Frame,
    /// What to look up at once (`/verify?q=…`): a hash, a `rec_` id or a `ctv_` token.
    pub query: Option<String>,
}

/// `/developers`: a browser for OpenAPI documents.
#[derive(Clone, Debug, Template)]
#[template(path = "developers.html")]
pub struct DevelopersPage {
    /// The frame.
    pub frame: Frame,
    /// The documents to choose from; the first is shown first.
    pub documents: Vec<ApiDocument>,
}

/// One OpenAPI document that this server serves.
#[derive(Clone, Debug)]
pub struct ApiDocument {
    /// A short name, unique in the list; part of the page's own links.
    pub name: String,
    /// Where the document is, on this server: `/openapi.json`.
    pub url: String,
    /// One line on whom it is for.
    pub blurb: String,
}

/// An error, for people: 404, 405, 500 and the like.
#[derive(Clone, Debug, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// The frame.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// The status in a few words: “There is no such page”.
    pub title: String,
    /// What happened and what to do next, in a sentence or two.
    pub detail: String,
    /// The request's id, to quote to whoever runs the server.
    pub request_id: Option<String>,
}
