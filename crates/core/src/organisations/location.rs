//! Where an organisation is.

use chrono::{DateTime, Utc};
use colophon_db::Db;

use super::store;
use crate::access::{Caller, Permission};
use crate::audit::{self, By};
use crate::{Core, Error, Kind, LocationId, OrgId, Result};

/// Locations one organisation may have: they are listed whole.
const MOST: usize = 5_000;

/// A place of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Its name.
    pub name: String,
    /// The organisation's own short name for it, unique within it.
    pub code: Option<String>,
    /// Whether it is in use; an archived one is kept for what refers to it.
    pub active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What a location is given.
#[derive(Clone, Copy, Debug)]
pub struct NewLocation<'a> {
    /// 1 to 100 characters.
    pub name: &'a str,
    /// Up to 32 letters, digits, hyphens, underscores and dots.
    pub code: Option<&'a str>,
}

/// What to change of a location; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocationChange<'a> {
    /// 1 to 100 characters.
    pub name: Option<&'a str>,
    /// As [`NewLocation::code`]; an empty text clears it.
    pub code: Option<&'a str>,
    /// Whether it is in use.
    pub active: Option<bool>,
}

fn checked_name(name: &str) -> Result<String> {
    crate::text::line("name", name, 100)
}

/// A code that may be one; none for an empty text.
fn checked_code(code: &str) -> Result<Option<String>> {
    let code = code.trim();
    let fits = code.len() <= 32
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !fits {
        return Err(Error::invalid(
            "code",
            "must be at most 32 letters, digits, hyphens, underscores and dots",
        ));
    }
    Ok(Some(code.to_owned()).filter(|code| !code.is_empty()))
}

/// The organisation's locations, in the order they were added.
///
/// # Errors
/// [`Kind::Forbidden`].
pub async fn locations(db: &Db, caller: &Caller) -> Result<Vec<Location>> {
    caller.require_somewhere(Permission::ViewLocations)?;
    store::locations(db, caller.org_id).await
}

/// Adds a location.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::Invalid`] naming the field, [`Kind::Conflict`] for a code in use.
pub async fn add_location(
    core: &Core,
    caller: &Caller,
    by: &By,
    new: NewLocation<'_>,
) -> Result<Location> {
    caller.require(Permission::ManageLocations)?;
    let name = checked_name(new.name)?;
    let code = new.code.map(checked_code).transpose()?.flatten();
    let org_id = caller.org_id;
    if store::locations(&core.db, org_id).await?.len() >= MOST {
        return Err(Error::new(
            Kind::Conflict,
            "too_many_locations",
            "This organisation has 5,000 locations, which is the most.",
        ));
    }
    let location = Location {
        id: LocationId(core.ids.next()),
        name,
        code,
        active: true,
        created_at: core.clock.now(),
    };
    core.db
        .write(|tx, _| {
            let location = &location;
            Box::pin(async move {
                store::insert_location(tx, org_id, location).await?;
                changed(
                    tx,
                    org_id,
                    by,
                    "location.added",
                    location,
                    location.created_at,
                )
                .await
            })
        })
        .await?;
    Ok(location)
}

/// Changes a location, archives it or takes it into use again.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Invalid`] naming the field,
/// [`Kind::Conflict`] for a code in use.
pub async fn update_location(
    core: &Core,
    caller: &Caller,
    by: &By,
    id: LocationId,
    change: LocationChange<'_>,
) -> Result<Location> {
    caller.require_at(Permission::ManageLocations, Some(id))?;
    let name = change.name.map(checked_name).transpose()?;
    let code = change.code.map(checked_code).transpose()?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    core.db
        .write(|tx, _| {
            let (name, code) = (name.clone(), code.clone());
            Box::pin(async move {
                let old = store::location_in(tx, org_id, id)
                    .await?
                    .ok_or_else(|| Error::not_found("location"))?;
                let location = Location {
                    name: name.unwrap_or(old.name),
                    code: code.unwrap_or(old.code),
                    active: change.active.unwrap_or(old.active),
                    ..old
                };
                if !store::update_location(tx, org_id, &location).await? {
                    return Err(store::location_code_taken());
                }
                changed(tx, org_id, by, "location.updated", &location, now).await?;
                Ok(location)
            })
        })
        .await
}

async fn changed(
    tx: &mut colophon_db::Tx,
    org_id: OrgId,
    by: &By,
    action: &'static str,
    location: &Location,
    now: DateTime<Utc>,
) -> Result<()> {
    let details = [
        ("name", location.name.as_str()),
        ("code", location.code.as_deref().unwrap_or("")),
        (
            "status",
            if location.active {
                "active"
            } else {
                "archived"
            },
        ),
    ];
    let subject = location.id.to_string();
    audit::record(tx, org_id, by, action, &subject, &details, now).await
}
