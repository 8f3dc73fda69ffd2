//! A word from the step before, carried over a redirect.

use axum::http::HeaderMap;
use colophon_http::cookie::{self, Cookies, SameSite};

const COOKIE: &str = "colophon_flash";
/// Seconds; a redirect takes less.
const LIVES: u64 = 60;

/// What was just done. Only its name travels, so no one can put words on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flash {
    AccountMade,
    SignedOut,
    OrganisationMade,
    GeneratorRegistered,
    GeneratorRevoked,
    KeyRevoked,
    JobRequeued,
    JobCancelled,
    ExportRequested,
}

impl Flash {
    const ALL: [Self; 9] = [
        Self::AccountMade,
        Self::SignedOut,
        Self::OrganisationMade,
        Self::GeneratorRegistered,
        Self::GeneratorRevoked,
        Self::KeyRevoked,
        Self::JobRequeued,
        Self::JobCancelled,
        Self::ExportRequested,
    ];

    fn name(self) -> String {
        format!("{self:?}")
    }

    fn words(self) -> &'static str {
        match self {
            Self::AccountMade => "Your account is made, and you are signed in.",
            Self::SignedOut => "You have signed out.",
            Self::OrganisationMade => "The organisation is made. Register a generator for it next.",
            Self::GeneratorRegistered => {
                "The generator is registered; its records are accepted now."
            }
            Self::GeneratorRevoked => "The generator is revoked.",
            Self::KeyRevoked => "The API key is revoked.",
            Self::JobRequeued => "The job is back in the queue.",
            Self::JobCancelled => "The job is cancelled.",
            Self::ExportRequested => {
                "The copy is being made; the log page links to it when it is done."
            }
        }
    }

    /// Has the next page say it.
    pub(super) fn leave(self, cookies: Cookies, headers: &mut HeaderMap) {
        cookies.set(headers, COOKIE, &self.name(), SameSite::Lax, Some(LIVES));
    }

    /// What to say now.
    pub(super) fn found(request: &HeaderMap) -> Option<&'static str> {
        let name = cookie::get(request, COOKIE)?;
        Self::ALL
            .into_iter()
            .find(|flash| flash.name() == name)
            .map(Self::words)
    }

    /// Says it no more.
    pub(super) fn clear(cookies: Cookies, headers: &mut HeaderMap) {
        cookies.end(headers, COOKIE);
    }
}
