//! What people say about themselves.

use super::person::{self, ExternalLink};
use super::{Person, store};
use crate::access::{Caller, Permission};
use crate::audit::{self, By};
use crate::{Core, Error, PersonId, Result};

/// What to change; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProfileChange<'a> {
    /// 1 to 60 characters.
    pub name: Option<&'a str>,
    /// Up to 280 characters; an empty text clears it.
    pub bio: Option<&'a str>,
    /// Up to 80 characters; an empty text clears it.
    pub location: Option<&'a str>,
    /// At most five.
    pub links: Option<&'a [ExternalLink]>,
}

/// The caller's own account.
///
/// # Errors
/// [`crate::Kind::Forbidden`] for a caller who is no person.
pub async fn me(core: &Core, caller: &Caller) -> Result<Person> {
    caller.require(Permission::ReadAccount)?;
    get(core, caller.person()?).await
}

/// One person.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn get(core: &Core, id: PersonId) -> Result<Person> {
    store::person(&core.db, id)
        .await?
        .ok_or_else(|| Error::not_found("person"))
}

/// The person of an address: for operators.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `email`, [`crate::Kind::NotFound`].
pub async fn find_by_email(core: &Core, email: &str) -> Result<Person> {
    let email = person::email_address("email", email)?;
    store::person_by_email(&core.db, &email)
        .await?
        .map(|(person, _)| person)
        .ok_or_else(|| Error::not_found("person"))
}

/// The person of an address or a handle: for operators.
///
/// # Errors
/// [`crate::Kind::NotFound`].
pub async fn find(core: &Core, text: &str) -> Result<Person> {
    let text = text.trim();
    // A handle may begin with the sign and has none inside; an address has it inside.
    if text.trim_start_matches('@').contains('@') {
        return find_by_email(core, text).await;
    }
    let handle = text.trim_start_matches('@').to_ascii_lowercase();
    store::person_by_handle(&core.db, &handle)
        .await?
        .ok_or_else(|| Error::not_found("person"))
}

/// Changes the caller's profile.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming the field.
pub async fn update(
    core: &Core,
    caller: &Caller,
    by: &By,
    change: ProfileChange<'_>,
) -> Result<Person> {
    let person = own(core, caller).await?;
    let text = |field, text: Option<&str>, old: &str, most| match text.map(str::trim) {
        None => Ok(old.to_owned()),
        Some("") => Ok(String::new()),
        Some(text) => crate::text::paragraph(field, text, most),
    };
    let changed = Person {
        name: match change.name {
            Some(name) => crate::text::line("display_name", name, 60)?,
            None => person.name.clone(),
        },
        bio: text("bio", change.bio, &person.bio, 280)?,
        location: text("location", change.location, &person.location, 80)?,
        links: match change.links {
            Some(links) if links.len() > 5 => {
                return Err(Error::invalid(
                    "external_links",
                    "must have at most 5 items",
                ));
            }
            Some(links) => links
                .iter()
                .enumerate()
                .map(|(index, link)| person::external_link(index, link))
                .collect::<Result<_>>()?,
            None => person.links.clone(),
        },
        ..person
    };
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let to = &changed;
            Box::pin(async move {
                store::set_profile(tx, to.id, &to.name, &to.bio, &to.location, &to.links).await?;
                record(tx, by, to.id, "person.profile_updated", &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(changed)
}

/// Sets the caller's handle.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `handle`, [`crate::Kind::Conflict`] for one in use.
pub async fn set_handle(core: &Core, caller: &Caller, by: &By, text: &str) -> Result<Person> {
    let person = own(core, caller).await?;
    let (handle, now) = (person::handle(text)?, core.clock.now());
    core.db
        .write(|tx, _| {
            let (id, handle) = (person.id, handle.as_str());
            Box::pin(async move {
                store::set_handle(tx, id, handle).await?;
                // Which one goes with the account, and what is written here stays.
                record(tx, by, id, "person.handle_set", &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(Person {
        handle: Some(handle),
        ..person
    })
}

/// Sets whether the caller's uploads must not improve anything.
///
/// # Errors
/// [`crate::Kind::Forbidden`] for a caller who is no person.
pub async fn set_ml_opt_out(
    core: &Core,
    caller: &Caller,
    by: &By,
    opt_out: bool,
) -> Result<Person> {
    let person = own(core, caller).await?;
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let id = person.id;
            Box::pin(async move {
                store::set_ml_opt_out(tx, id, opt_out).await?;
                let details = [("opt_out", if opt_out { "true" } else { "false" })];
                record(tx, by, id, "person.ml_training_set", &details, now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(Person {
        ml_opt_out: opt_out,
        ..person
    })
}

pub(super) async fn own(core: &Core, caller: &Caller) -> Result<Person> {
    caller.require(Permission::ManageAccount)?;
    get(core, caller.person()?).await
}

pub(crate) async fn record(
    tx: &mut colophon_db::Tx,
    by: &By,
    person: PersonId,
    action: &'static str,
    details: audit::Details<'_>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let chain = store::chain_of(tx, person).await?;
    audit::record(tx, chain, by, action, &person.to_string(), details, now).await
}
