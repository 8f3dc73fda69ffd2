//! Letters of a server that has no SMTP: here their links can be followed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::Core;
use colophon_core::mail::{self, Written};
use colophon_http::Result;

use crate::handlers::frame;
use crate::handlers::signed_in::Operator;
use crate::views::{Letter, OutboxPage};

/// Letters on the page.
const SHOWN: usize = 50;

/// `GET /console/outbox`
pub(super) async fn show(State(core): State<Arc<Core>>, operator: Operator) -> Result<Response> {
    let letters = mail::outbox(&core, SHOWN).await?;
    let page = OutboxPage {
        frame: frame(),
        session: operator.view(),
        letters: letters.map(|letters| {
            let letters = letters.into_iter();
            letters
                .map(|letter| with_links(letter, &core.public_url))
                .collect()
        }),
    };
    Ok(operator.page(StatusCode::OK, &page))
}

/// The letter with the links to this server that it holds.
fn with_links(letter: Written, public_url: &str) -> Letter {
    let own = |word: &&str| {
        word.strip_prefix(public_url)
            .is_some_and(|path| path.starts_with('/'))
    };
    Letter {
        links: letter
            .text
            .split_whitespace()
            .filter(own)
            .map(str::to_owned)
            .collect(),
        letter,
    }
}
