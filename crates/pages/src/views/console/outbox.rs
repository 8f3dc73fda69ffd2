//! Letters that left no further than a folder.

use askama::Template;
use colophon_core::mail::Written;

use crate::text;
use crate::views::{Frame, Session};

/// `/console/outbox`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/outbox.html")]
pub struct OutboxPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Newest first; `None` where letters go out by SMTP.
    pub letters: Option<Vec<Letter>>,
}

/// A letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// As it was written.
    pub letter: Written,
    /// The addresses on this server in it.
    pub links: Vec<String>,
}
