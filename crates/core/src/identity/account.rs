//! Signing up and in, verified addresses, forgotten passwords.
//!
//! Whether an e-mail address has an account shows nowhere: answers are the same and take the same
//! time, and the difference goes to the address itself.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::access_token::Audience;
use super::session::{self, Credentials, SessionKind};
use super::{Person, lockout, password, person, store};
use crate::audit::{self, By, Origin};
use crate::mail::{self, Letter, Link};
use crate::{Core, Error, Kind, PersonId, Result, organisations};

const VERIFY: &str = "verify-email";
const RESET: &str = "password-reset";
const VERIFY_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const RESET_FOR: Duration = Duration::from_secs(60 * 60);
/// A letter of one purpose to one person at most this often.
const LETTER_EVERY: Duration = Duration::from_secs(60);
/// What stands where a password's hash would, for who has none: no password fits it.
pub(super) const NO_PASSWORD: &str = "!";
/// Characters of a name (TrackOrigin contract, `SignupBody`).
const NAME: usize = 60;

/// What somebody signs up with.
#[derive(Clone, Copy, Debug)]
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
        id: PersonId(core.ids.next()),
        email,
        name,
        handle,
        operator: false,
        email_verified_at: None,
        bio: String::new(),
        location: String::new(),
        links: Vec::new(),
        avatar: None,
        ml_opt_out: false,
        created_at: now,
    };
    let made = core
        .db
        .write(|tx, _| {
            let (person, password_hash) = (&person, password_hash.as_str());
            Box::pin(async move {
                insert(core, tx, person, password_hash, origin).await?;
                send_link(core, tx, person, VERIFY, now).await
            })
        })
        .await;
    match made {
        Err(error) if error.code == "email_taken" => {
            let to = person.email.as_str();
            core.db
                .write(|tx, _| Box::pin(mail::send(core, tx, to, &Letter::AlreadyRegistered, None)))
                .await
        }
        made => made,
    }
}

/// Adds a person and their personal organisation.
pub(super) async fn insert(
    core: &Core,
    tx: &mut colophon_db::Tx,
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
    tx: &mut colophon_db::Tx,
    person: &Person,
    purpose: &'static str,
    now: DateTime<Utc>,
) -> Result<()> {
    let last = store::last_token(tx, purpose, person.id).await?;
    if last.is_some_and(|last| last + LETTER_EVERY > now) {
        return Ok(());
    }
    let (letter, lasts) = if purpose == VERIFY {
        let name = person.name.clone();
        (Letter::VerifyEmail { name }, VERIFY_FOR)
    } else {
        (Letter::PasswordReset, RESET_FOR)
    };
    let link = Link::new(core, core.ids.next());
    store::end_tokens(tx, purpose, Some(person.id), now).await?;
    store::insert_token(tx, purpose, Some(person.id), link.hash(), now, now + lasts).await?;
    mail::send(core, tx, &person.email, &letter, Some(&link)).await
}

fn sign_in_failed() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "sign_in_failed",
        "The e-mail address or the password is wrong.",
    )
}

/// Checks an address and a password: the same work for an unknown address.
async fn who(core: &Core, email: &str, given: &str) -> Result<Person> {
    let found = store::person_by_email(&core.db, &email.trim().to_lowercase()).await?;
    // Who has no password takes as long as who is unknown.
    let stored = found.as_ref().map(|(_, hash)| hash.as_str());
    let stored = stored.filter(|hash| *hash != NO_PASSWORD);
    let fits = password::verify(given, stored).await?;
    found
        .filter(|_| fits)
        .map(|(person, _)| person)
        .ok_or_else(sign_in_failed)
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
    let subjects = [format!("{}|{}", email.trim().to_lowercase(), origin.ip)];
    lockout::PEOPLE.check(core, &subjects).await?;
    match who(core, email, given).await {
        Ok(person) => {
            lockout::PEOPLE.succeeded(core, &subjects).await?;
            session::start(core, person.id, SessionKind::Person, audience, origin).await
        }
        Err(error) => {
            if error.kind == Kind::Unauthenticated {
                lockout::PEOPLE.failed(core, &subjects).await?;
            }
            Err(error)
        }
    }
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
    let subjects: Vec<String> = [format!("address|{}", origin.ip)]
        .into_iter()
        .chain(by_browser)
        .collect();
    lockout::OPERATORS.check(core, &subjects).await?;
    let person = match who(core, email, given).await {
        Ok(person) if person.operator => Ok(person),
        Ok(_) => Err(sign_in_failed()),
        Err(error) => Err(error),
    };
    match person {
        Ok(person) => {
            lockout::OPERATORS.succeeded(core, &subjects).await?;
            let kind = SessionKind::Operator;
            session::start(core, person.id, kind, Audience::Operator, origin).await
        }
        Err(error) => {
            if error.kind == Kind::Unauthenticated {
                lockout::OPERATORS.failed(core, &subjects).await?;
            }
            Err(error)
        }
    }
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

/// Mails a link to choose a new password, if the address has an account; the answer does not
/// tell.
///
/// # Errors
/// When the database does not answer.
pub async fn request_reset(core: &Core, email: &str) -> Result<()> {
    let found = store::person_by_email(&core.db, &email.trim().to_lowercase()).await?;
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let found = &found;
            Box::pin(async move {
                match found {
                    Some((person, _)) => send_link(core, tx, person, RESET, now).await,
                    None => Ok(()),
                }
            })
        })
        .await
}

/// Sets a new password with a mailed link, and ends every session. Whoever has the link has the
/// mailbox, so that the address counts as verified.
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
                if !store::set_password(tx, person, password_hash).await? {
                    return Err(link_invalid());
                }
                store::verify_email(tx, person, now).await?;
                store::end_sessions(tx, person, store::Which::All).await?;
                let by = By::person(person, origin.clone());
                let chain = store::chain_of(tx, person).await?;
                let subject = person.to_string();
                let action = "person.password_reset";
                audit::record(tx, chain, &by, action, &subject, &[], now).await?;
                Ok(person)
            })
        })
        .await?;
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
    let person = &session.person;
    if who(core, &person.email, current).await.is_err() {
        return Err(Error::invalid("current_password", "is wrong"));
    }
    let password_hash = password::hash(new_password).await?;
    let (id, now) = (person.id, core.clock.now());
    core.db
        .write(|tx, _| {
            let password_hash = password_hash.as_str();
            Box::pin(async move {
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
