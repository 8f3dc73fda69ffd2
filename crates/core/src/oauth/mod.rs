//! Apps of other people: OAuth 2 authorisation codes (RFC 6749 §4.1) with PKCE (RFC 7636, S256).
//!
//! An operator registers an app; a person lets it act for them, within scopes; the app exchanges
//! the code for an opaque access token that lives a day. Codes and tokens are stored as hashes.
//! A code that is shown twice was stolen: the tokens made from it end.
//!
//! An app shows a secret to exchange a code, so that PKCE is its choice, as the TrackOrigin
//! contract has it; a code that was asked for with a challenge is of no use without its verifier.

mod access;
mod app;
mod consent;
mod scope;
mod store;
mod token;

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::Db;

pub use access::{ActingApp, acting, take_back};
pub use app::{NewApp, apps, register, revoke_app};
pub use consent::{Ask, Consent, Refusal, decide, understand};
pub use scope::OauthScope;
pub(crate) use store::Allowed;
pub use store::App;
pub use token::{Exchange, Token, caller, exchange};

use crate::{Core, PersonId, Result};

/// How long a code waits to be exchanged.
pub const CODE_FOR: Duration = Duration::from_secs(60);
/// How long an access token lives (TrackOrigin contract, `oauth_token`).
pub const TOKEN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Ends everything that apps may do for a person.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn revoke_all_of(
    tx: &mut colophon_db::Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    store::revoke_all_of(tx, person, now).await
}

/// Removes some of the codes and tokens of a deleted account and tells how many.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn purge(tx: &mut colophon_db::Tx, person: PersonId) -> Result<u64> {
    store::purge(tx, person).await
}

/// Forgets codes and tokens that ended longer ago than a token lives: until then the second use of
/// a code ends the token that was made from it.
///
/// # Errors
/// When the database does not answer.
pub async fn purge_expired(db: &Db, now: DateTime<Utc>) -> Result<()> {
    let before = now - TOKEN_FOR;
    // Small transactions: on SQLite, every other writer waits for this one.
    while db
        .write(|tx, _| Box::pin(store::purge_expired(tx, before)))
        .await?
        > 0
    {}
    Ok(())
}

/// What a person let apps do, newest first, after the first `skip`.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn allowed(
    core: &Core,
    person: PersonId,
    skip: i64,
    limit: i64,
) -> Result<Vec<Allowed>> {
    store::allowed(&core.db, person, skip, limit).await
}
