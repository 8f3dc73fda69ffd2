//! Signing in and out of the console.

use std::time::Duration;

use colophon_db::{Clock, Db, IdGenerator};

use super::{Person, password, store};
use crate::{Error, Kind, Result};

/// How long a session lasts.
pub const SESSION_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// A session in use.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who signed in.
    pub person: Person,
    /// What every form of this session must carry.
    pub csrf: String,
}

/// Starts a session and returns its cookie's value; only a hash of it is stored.
///
/// # Errors
/// [`Kind::Unauthenticated`] with the same words, after the same time, for an unknown address
/// and a wrong password.
pub async fn sign_in(
    db: &Db,
    clock: &Clock,
    ids: &IdGenerator,
    email: &str,
    given: &str,
) -> Result<String> {
    let found = store::person_by_email(db, &email.trim().to_lowercase()).await?;
    let stored = found.as_ref().map(|(_, hash)| hash.as_str());
    let fits = password::verify(given, stored).await?;
    let Some((person, _)) = found.filter(|_| fits) else {
        return Err(Error::new(
            Kind::Unauthenticated,
            "sign_in_failed",
            "The e-mail address or the password is wrong.",
        ));
    };
    let token = hex::encode(crate::entropy::bytes::<32>());
    let hash = crate::entropy::fingerprint(&token);
    let csrf = hex::encode(crate::entropy::bytes::<16>());
    let (id, now) = (ids.next(), clock.now());
    db.write(|tx, _| {
        let csrf = csrf.clone();
        Box::pin(async move {
            store::insert_session(tx, id, person.id, hash, &csrf, now, now + SESSION_FOR).await
        })
    })
    .await?;
    Ok(token)
}

/// The session of a cookie, if it still runs.
///
/// # Errors
/// When the database does not answer.
pub async fn resume(db: &Db, clock: &Clock, token: &str) -> Result<Option<Session>> {
    store::session(db, crate::entropy::fingerprint(token), clock.now()).await
}

/// Ends the session of a cookie.
///
/// # Errors
/// When the database does not answer.
pub async fn end(db: &Db, token: &str) -> Result<()> {
    let hash = crate::entropy::fingerprint(token);
    db.write(|tx, _| Box::pin(store::end_session(tx, hash)))
        .await
}
