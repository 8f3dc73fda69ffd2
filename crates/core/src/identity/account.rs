//! Signing up and in, verified addresses, forgotten passwords.
//!
//! Whether an e-mail address has an account shows nowhere: answers are the same and take the same
//! time, and the difference goes to the address itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::Tx;
use serde::{Deserialize, Serialize};

use super::sign_in::who;
use super::{Person, password, person, store};
use crate::audit::{self, By, Chain, Origin};
use crate::jobs::{self, JobContext, JobError, NewJob};
use crate::mail::{self, Letter, Link};
use crate::{Core, Error, Kind, PersonId, Result, access, oauth, organisations};

/// The kind of the jobs that mail links for forgotten passwords.
pub const RESET_REQUESTED: &str = "identity.reset-requested";

const VERIFY: &str = "verify-email";
const RESET: &str = "password-reset";
const VERIFY_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const RESET_FOR: Duration = Duration::from_secs(60 * 60);
/// A letter of one purpose to one person at most this often.
const LETTER_EVERY: Duration = Duration::from_secs(60);
/// What stands where a password's hash would, for who has none: no password fits it.
pub(super) const NO_PASSWORD: &str = "!";
/// Characters of a name (TrackOrigin contract, `SignupBody`).
pub(super) const NAME: usize = 60;

/// What somebody signs up with.
#[derive(Clone, Copy)]
pub struct SignUp<'a> {
    /// Their e-mail address.
    pub email: &'a str,
    /// 12 to 128 characters.
    pub password: &'a str,
    /// Their name, 1 to 60 characters.
    pub name: &'a str,
    /// Their handle, if they choose one now.
    pub handle: Option<&'a str>,
    /// Whether they accept the terms.
    pub accept_terms: bool,
    /// Whether they say that they are 18.
    pub confirm_age_18: bool,
}

impl fmt::Debug for SignUp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignUp")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// Makes an account with a personal organisation and mails a link that verifies the address. For
/// an address that has an account nothing is made, its owner is told, and the answer is the same.
///
/// # Errors
/// [`Kind::Invalid`] naming the field, [`Kind::Conflict`] for a handle in use (handles are
/// public).
pub async fn sign_up(core: &Core, origin: &Origin, new: SignUp<'_>) -> Result<()> {
    let email = person::email_address("email", new.email)?;
    let name = crate::text::line("display_name", new.name, NAME)?;
    let handle = new
        .handle
        .filter(|handle| !handle.trim().is_empty())
        .map(person::handle)
        .transpose()?;
    password::check("password", new.password)?;
    if !new.accept_terms {
        return Err(Error::invalid("accept_terms", "must be accepted"));
    }
    if !new.confirm_age_18 {
        return Err(Error::invalid("confirm_age_18", "must be confirmed"));
    }
    let password_hash = password::hash(new.password).await?;
    let now = core.clock.now();
    let person = Person {
        handle,
        ..Person::new(PersonId(core.ids.next()), email, name, now)
    };
    let made = make(core, origin, &person, &password_hash).await;
    match made {
        // The address got its account since it was looked for.
        Err(error) if error.code == "email_taken" => {
            make(core, origin, &person, &password_hash).await
        }
        made => made,
    }
}

/// Makes the account and queues the letter. For an address that has an account, one for nobody is
/// made and taken back, so that both run the same statements.
async fn make(core: &Core, origin: &Origin, person: &Person, password_hash: &str) -> Result<()> {
    let link = Link::new(core, core.ids.next());
    let nobody = Person {
        email: format!("{}@invalid", person.id.0),
        ..person.clone()
    };
    core.db
        .write(|tx, _| {
            let (nobody, link) = (&nobody, &link);
            Box::pin(async move {
                let email = person.email.as_str();
                let taken = store::has_account(tx, email).await?;
                let new = if taken { nobody } else { person };
                tx.exec("SAVEPOINT account", []).await?;
                insert(core, tx, new, password_hash, origin).await?;
                new_link(tx, VERIFY, new.id, link, person.created_at).await?;
                if taken {
                    tx.exec("ROLLBACK TO SAVEPOINT account", []).await?;
                    return mail::send(core, tx, email, &Letter::AlreadyRegistered, None).await;
                }
                tx.exec("RELEASE SAVEPOINT account", []).await?;
                let name = person.name.clone();
                mail::send(core, tx, email, &Letter::VerifyEmail { name }, Some(link)).await
            })
        })
        .await
}

/// Adds a person and their personal organisation.
pub(super) async fn insert(
    core: &Core,
    tx: &mut Tx,
    person: &Person,
    password_hash: &str,
    origin: &Origin,
) -> Result<()> {
    store::insert_person(tx, person, password_hash).await?;
    let by = By::person(person.id, origin.clone());
    let personal = organisations::create_personal(core, tx, &by, person).await?;
    let subject = person.id.to_string();
    let action = "person.signed_up";
    audit::record(
        tx,
        personal.id,
        &by,
        action,
        &subject,
        &[],
        person.created_at,
    )
    .await
}

/// Mails a link of a purpose, unless one was mailed within the last minute.
async fn send_link(
    core: &Core,
    tx: &mut Tx,
    person: &Person,
    purpose: &'static str,
    now: DateTime<Utc>,
) -> Result<()> {
    let last = store::last_token(tx, purpose, person.id).await?;
    if last.is_some_and(|last| last + LETTER_EVERY > now) {
        return Ok(());
    }
    let letter = if purpose == VERIFY {
        let name = person.name.clone();
        Letter::VerifyEmail { name }
    } else {
        Letter::PasswordReset
    };
    let link = Link::new(core, core.ids.next());
    new_link(tx, purpose, person.id, &link, now).await?;
    mail::send(core, tx, &person.email, &letter, Some(&link)).await
}

/// Makes a link the only one of its purpose that works for a person.
async fn new_link(
    tx: &mut Tx,
    purpose: &'static str,
    person: PersonId,
    link: &Link,
    now: DateTime<Utc>,
) -> Result<()> {
    let lasts = if purpose == VERIFY {
        VERIFY_FOR
    } else {
        RESET_FOR
    };
    store::end_tokens(tx, purpose, Some(person), now).await?;
    store::insert_token(tx, purpose, Some(person), link.hash(), now, now + lasts).await
}

/// Leaves an account to whoever has shown that its address is theirs. Until then anybody could
/// have signed up with the address: what they, or whoever they let in, would come back with goes.
pub(super) async fn hand_over(
    tx: &mut Tx,
    id: PersonId,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    if !store::verify_email(tx, id, now).await? {
        return Ok(());
    }
    store::set_password(tx, id, NO_PASSWORD).await?;
    store::end_sessions(tx, id, store::Which::All).await?;
    access::revoke_made_by(tx, id, now).await?;
    let chain = store::chain_of(tx, id).await?;
    if let Chain::Organisation(personal) = chain {
        access::revoke_all(tx, personal, now).await?;
        organisations::empty(tx, personal, id, now).await?;
    }
    oauth::revoke_all_of(tx, id, now).await?;
    let by = By::person(id, origin.clone());
    let subject = id.to_string();
    audit::record(tx, chain, &by, "person.handed_over", &subject, &[], now).await
}

/// Mails the link that verifies the address again; false if it is verified already.
///
/// # Errors
/// When the database does not answer.
pub async fn resend_verification(core: &Core, person: &Person) -> Result<bool> {
    if person.email_verified_at.is_some() {
        return Ok(false);
    }
    let now = core.clock.now();
    core.db
        .write(|tx, _| Box::pin(send_link(core, tx, person, VERIFY, now)))
        .await?;
    Ok(true)
}

fn link_invalid() -> Error {
    Error::new(
        Kind::Invalid,
        "link_invalid",
        "This link was used or has expired. Ask for a new one.",
    )
}

/// Takes a mailed link as the proof that the address is the person's.
///
/// # Errors
/// [`Kind::Invalid`] code `link_invalid` for a used, expired or unknown link.
pub async fn verify_email(core: &Core, origin: &Origin, token: &str) -> Result<()> {
    let (hash, now) = (crate::fingerprint(token), core.clock.now());
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let person = store::use_token(tx, VERIFY, hash, now)
                    .await?
                    .flatten()
                    .ok_or_else(link_invalid)?;
                store::verify_email(tx, person, now).await?;
                let by = By::person(person, origin.clone());
                let chain = store::chain_of(tx, person).await?;
                let subject = person.to_string();
                let action = "person.email_verified";
                audit::record(tx, chain, &by, action, &subject, &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(())
}

/// Has a link to choose a new password mailed, if the address has an account. Whether it has one
/// is looked up by a job, so that the request does the same either way.
///
/// # Errors
/// When the database does not answer.
pub async fn request_reset(core: &Core, email: &str) -> Result<()> {
    let email = email.trim().to_lowercase();
    let payload = serde_json::to_value(Forgotten { email }).map_err(Error::internal)?;
    let job = NewJob {
        priority: mail::PRIORITY,
        ..NewJob::new(RESET_REQUESTED, payload, core.clock.now())
    };
    core.db
        .write(|tx, _| Box::pin(jobs::enqueue(tx, job.clone())))
        .await?;
    Ok(())
}

#[derive(Deserialize, Serialize)]
struct Forgotten {
    email: String,
}

/// The handler of [`RESET_REQUESTED`].
///
/// # Errors
/// When the database does not answer; the job is tried again.
pub async fn send_reset(
    core: Arc<Core>,
    _: JobContext,
    payload: serde_json::Value,
) -> Result<(), JobError> {
    let Forgotten { email } = serde_json::from_value(payload)?;
    let Some((person, _)) = store::person_by_email(&core.db, &email).await? else {
        return Ok(());
    };
    let now = core.clock.now();
    core.db
        .write(|tx, _| Box::pin(send_link(&core, tx, &person, RESET, now)))
        .await?;
    Ok(())
}

/// Sets a new password with a mailed link, and ends every session and what apps may do. Whoever has
/// the link has the mailbox, so that the address counts as verified, and the account as theirs alone.
///
/// # Errors
/// [`Kind::Invalid`] naming `new_password`, or code `link_invalid`.
pub async fn reset_password(
    core: &Core,
    origin: &Origin,
    token: &str,
    new_password: &str,
) -> Result<()> {
    password::check("new_password", new_password)?;
    let password_hash = password::hash(new_password).await?;
    let (hash, now) = (crate::fingerprint(token), core.clock.now());
    let person = core
        .db
        .write(|tx, _| {
            let password_hash = password_hash.as_str();
            Box::pin(async move {
                let person = store::use_token(tx, RESET, hash, now)
                    .await?
                    .flatten()
                    .ok_or_else(link_invalid)?;
                hand_over(tx, person, origin, now).await?;
                if !store::set_password(tx, person, password_hash).await? {
                    return Err(link_invalid());
                }
                store::end_sessions(tx, person, store::Which::All).await?;
                oauth::revoke_all_of(tx, person, now).await?;
                let by = By::person(person, origin.clone());
                let chain = store::chain_of(tx, person).await?;
                let subject = person.to_string();
                let action = "person.password_reset";
                audit::record(tx, chain, &by, action, &subject, &[], now).await?;
                Ok(person)
            })
        })
        .await?;
    core.keys.forget_all();
    core.sessions.forget_all();
    tell(core, person, &Letter::PasswordChanged).await
}

/// Changes the password of somebody who knows the old one, and ends every other session.
///
/// # Errors
/// [`Kind::Invalid`] naming `current_password` or `new_password`.
pub async fn change_password(
    core: &Core,
    session: &super::Session,
    by: &By,
    current: &str,
    new_password: &str,
) -> Result<()> {
    password::check("new_password", new_password)?;
    let wrong = || Error::invalid("current_password", "is wrong");
    let person = &session.person;
    let found = who(core, &person.email, current).await?;
    let old = found.right().ok_or_else(wrong)?.hash;
    let password_hash = password::hash(new_password).await?;
    let (id, now) = (person.id, core.clock.now());
    core.db
        .write(|tx, _| {
            let (old, password_hash) = (old.as_str(), password_hash.as_str());
            Box::pin(async move {
                // Somebody may have chosen another one since it was checked.
                if !store::has_password(tx, id, old).await? {
                    return Err(wrong());
                }
                store::set_password(tx, id, password_hash).await?;
                store::end_other_sessions(tx, id, session.id).await?;
                let chain = store::chain_of(tx, id).await?;
                let subject = id.to_string();
                let action = "person.password_changed";
                audit::record(tx, chain, by, action, &subject, &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    tell(core, id, &Letter::PasswordChanged).await
}

async fn tell(core: &Core, person: PersonId, letter: &Letter) -> Result<()> {
    let Some(person) = store::person(&core.db, person).await? else {
        return Ok(());
    };
    core.db
        .write(|tx, _| Box::pin(mail::send(core, tx, &person.email, letter, None)))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_signs_up_with_is_logged_without_address_and_password() {
        let new = SignUp {
            email: "grace@example.org",
            password: "correct horse battery",
            name: "Grace",
            handle: Some("hopper"),
            accept_terms: true,
            confirm_age_18: true,
        };
        let logged = format!("{new:?}");
        assert!(!logged.contains(new.email) && !logged.contains(new.password));
    }
}
