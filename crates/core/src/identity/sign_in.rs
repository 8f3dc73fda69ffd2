//! Signing in with a password.

use super::access_token::Audience;
use super::account::NO_PASSWORD;
use super::session::{self, Credentials, SessionKind};
use super::{Person, lockout, password, person, store};
use crate::audit::Origin;
use crate::{Core, Error, Kind, Result};

fn failed() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "sign_in_failed",
        "The e-mail address or the password is wrong.",
    )
}

/// Whose an address is, and whether the password fits.
pub(super) struct Found {
    known: Option<Known>,
    fits: bool,
}

/// An account, and what its password was when it was read.
pub(super) struct Known {
    pub person: Person,
    pub hash: String,
}

impl Found {
    /// The account, if the password is right.
    pub fn right(self) -> Option<Known> {
        self.known.filter(|_| self.fits)
    }

    fn is_operator(&self) -> bool {
        self.known
            .as_ref()
            .is_some_and(|known| known.person.operator)
    }
}

/// Whom an address and a password belong to: the same work for an unknown address, and for what is
/// no address.
pub(super) async fn who(core: &Core, email: &str, given: &str) -> Result<Found> {
    let known = match person::email_address("email", email) {
        Ok(email) => store::person_by_email(&core.db, &email).await?,
        Err(_) => None,
    };
    // Who has no password takes as long as who is unknown.
    let stored = known.as_ref().map(|(_, hash)| hash.as_str());
    let stored = stored.filter(|hash| *hash != NO_PASSWORD);
    let fits = password::verify(given, stored).await?;
    let known = known.map(|(person, hash)| Known { person, hash });
    Ok(Found { known, fits })
}

/// Signs a person in.
///
/// # Errors
/// [`Kind::Unauthenticated`] with the same words, after the same time, for an unknown address
/// and a wrong password; [`Kind::RateLimited`] code `locked_out` after ten failures for one
/// address from one place.
pub async fn sign_in(
    core: &Core,
    origin: &Origin,
    audience: Audience,
    email: &str,
    given: &str,
) -> Result<Credentials> {
    let email = person::email_address("email", email).map_err(|_| failed())?;
    let place = lockout::place(origin);
    let subjects = [format!("{email}|{place}")];
    lockout::PEOPLE.check(core, &subjects).await?;
    let mut found = who(core, &email, given).await?;
    if found.is_operator() {
        // This door is no way to guess at the other one's password. That it is locked shows as a
        // wrong password, so that nobody learns who runs the server.
        let subjects = [operator_at(&place)];
        let locked = lockout::OPERATORS.check(core, &subjects).await;
        let verdict = match locked {
            Ok(()) => lockout::OPERATORS.settle(core, &subjects, found.fits).await,
            locked => locked,
        };
        match verdict {
            Err(error) if error.kind == Kind::RateLimited => found.fits = false,
            verdict => verdict?,
        }
    }
    lockout::PEOPLE.settle(core, &subjects, found.fits).await?;
    let known = found.right().ok_or_else(failed)?;
    let kind = SessionKind::Person;
    let started = session::start(
        core,
        known.person.id,
        Some(&known.hash),
        kind,
        audience,
        origin,
    );
    started.await?.ok_or_else(failed)
}

fn operator_at(place: &str) -> String {
    format!("address|{place}")
}

/// Signs an operator in. `fingerprint` is the browser's long-lived cookie: three failures by
/// address or by browser lock both out for 24 hours (TrackOrigin contract, `admin_login`).
///
/// # Errors
/// As [`sign_in`]; a person who is no operator is refused with the same words.
pub async fn sign_in_operator(
    core: &Core,
    origin: &Origin,
    fingerprint: Option<&str>,
    email: &str,
    given: &str,
) -> Result<Credentials> {
    let by_browser =
        fingerprint.map(|print| format!("browser|{}", hex::encode(crate::fingerprint(print))));
    let subjects: Vec<String> = [operator_at(&lockout::place(origin))]
        .into_iter()
        .chain(by_browser)
        .collect();
    lockout::OPERATORS.check(core, &subjects).await?;
    let found = who(core, email, given).await?;
    let operator = found.right().filter(|known| known.person.operator);
    lockout::OPERATORS
        .settle(core, &subjects, operator.is_some())
        .await?;
    let known = operator.ok_or_else(failed)?;
    let (kind, audience) = (SessionKind::Operator, Audience::Operator);
    let started = session::start(
        core,
        known.person.id,
        Some(&known.hash),
        kind,
        audience,
        origin,
    );
    started.await?.ok_or_else(failed)
}
