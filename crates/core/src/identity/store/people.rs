//! SQL of people.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, args};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::audit::Chain;
use crate::identity::person::look;
use crate::identity::{ExternalLink, Person};
use crate::{Error, Kind, OrgId, PersonId, Result};

pub(super) const COLUMNS: &str = "p.id, p.email, p.name, p.handle, p.operator, p.email_verified_at, p.bio, p.location, p.links, p.avatar, p.ml_opt_out, p.created_at";

#[derive(FromRow)]
pub(super) struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
    handle: Option<String>,
    operator: bool,
    email_verified_at: Option<DateTime<Utc>>,
    bio: String,
    location: String,
    links: Json,
    avatar: Option<Vec<u8>>,
    ml_opt_out: bool,
    created_at: DateTime<Utc>,
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self {
            id: PersonId(row.id),
            email: row.email,
            name: row.name,
            handle: row.handle,
            operator: row.operator,
            email_verified_at: row.email_verified_at,
            bio: row.bio,
            location: row.location,
            links: serde_json::from_value(row.links).unwrap_or_default(),
            avatar: row.avatar.and_then(|hash| hash.try_into().ok()),
            ml_opt_out: row.ml_opt_out,
            created_at: row.created_at,
        }
    }
}

fn in_use(field: &'static str, code: &'static str) -> Error {
    let mut error = Error::invalid(field, "is in use already");
    error.kind = Kind::Conflict;
    error.code = code;
    error
}

pub(in crate::identity) async fn has_operator(db: &Db) -> Result<bool> {
    let row: Option<(Uuid,)> = db
        .opt(
            "SELECT id FROM person WHERE operator = $1 AND deleted_at IS NULL LIMIT 1",
            args![true],
        )
        .await?;
    Ok(row.is_some())
}

/// Whether an account has this address.
pub(in crate::identity) async fn has_account(tx: &mut Tx, email: &str) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .opt("SELECT id FROM person WHERE email = $1", args![email])
        .await?;
    Ok(row.is_some())
}

/// Adds a person; a conflict names `email` or `handle`.
pub(in crate::identity) async fn insert_person(
    tx: &mut Tx,
    person: &Person,
    password_hash: &str,
) -> Result<()> {
    if let Some(handle) = &person.handle {
        require_free(tx, handle, person.id).await?;
    }
    let added = tx
        .exec(
            "INSERT INTO person (id, email, name, handle, handle_look, password_hash, operator, email_verified_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email) DO NOTHING",
            args![
                person.id,
                &person.email,
                &person.name,
                person.handle.clone(),
                person.handle.as_deref().map(look),
                password_hash,
                person.operator,
                person.email_verified_at,
                person.created_at
            ],
        )
        .await
        .map_err(taken_meanwhile)?;
    if added == 1 {
        Ok(())
    } else {
        Err(in_use("email", "email_taken"))
    }
}

/// Of two who take a handle at once, both find it free and one comes too late.
fn taken_meanwhile(error: colophon_db::Error) -> Error {
    match error {
        colophon_db::Error::Unique => in_use("handle", "handle_taken"),
        error => error.into(),
    }
}

async fn require_free(tx: &mut Tx, handle: &str, person: PersonId) -> Result<()> {
    let taken: Option<(Uuid,)> = tx
        .opt(
            "SELECT id FROM person WHERE handle_look = $1 AND id <> $2 LIMIT 1",
            args![look(handle), person],
        )
        .await?;
    match taken {
        Some(_) => Err(in_use("handle", "handle_taken")),
        None => Ok(()),
    }
}

#[derive(FromRow)]
struct SecretRow {
    #[sqlx(flatten)]
    person: PersonRow,
    password_hash: String,
}

pub(in crate::identity) async fn person_by_email(
    db: &Db,
    email: &str,
) -> Result<Option<(Person, String)>> {
    let sql = Sql::Built(format!(
        "SELECT {COLUMNS}, p.password_hash FROM person p WHERE p.email = $1 AND p.deleted_at IS NULL"
    ));
    let row: Option<SecretRow> = db.opt(sql, args![email]).await?;
    Ok(row.map(|row| (row.person.into(), row.password_hash)))
}

pub(in crate::identity) async fn person_by_handle(db: &Db, handle: &str) -> Result<Option<Person>> {
    let sql = Sql::Built(format!(
        "SELECT {COLUMNS} FROM person p WHERE p.handle = $1 AND p.deleted_at IS NULL"
    ));
    let row: Option<PersonRow> = db.opt(sql, args![handle]).await?;
    Ok(row.map(Person::from))
}

pub(in crate::identity) async fn person(db: &Db, id: PersonId) -> Result<Option<Person>> {
    let sql = Sql::Built(format!(
        "SELECT {COLUMNS} FROM person p WHERE p.id = $1 AND p.deleted_at IS NULL"
    ));
    let row: Option<PersonRow> = db.opt(sql, args![id]).await?;
    Ok(row.map(Person::from))
}

pub(in crate::identity) async fn verify_email(
    tx: &mut Tx,
    id: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE person SET email_verified_at = $2 WHERE id = $1 AND email_verified_at IS NULL AND deleted_at IS NULL",
            args![id, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Whether the account is there, and its password the one that was checked; it stays so until the
/// transaction ends.
pub(in crate::identity) async fn has_password(
    tx: &mut Tx,
    id: PersonId,
    password_hash: &str,
) -> Result<bool> {
    let held = tx
        .exec(
            "UPDATE person SET password_hash = password_hash WHERE id = $1 AND password_hash = $2 AND deleted_at IS NULL",
            args![id, password_hash],
        )
        .await?;
    Ok(held == 1)
}

/// Whether the account is there; it stays so until the transaction ends.
pub(in crate::identity) async fn hold(tx: &mut Tx, id: PersonId) -> Result<bool> {
    let held = tx
        .exec(
            "UPDATE person SET password_hash = password_hash WHERE id = $1 AND deleted_at IS NULL",
            args![id],
        )
        .await?;
    Ok(held == 1)
}

/// An account that ended meanwhile is changed no more.
fn still_there(changed: u64) -> Result<()> {
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::not_found("person"))
    }
}

pub(in crate::identity) async fn set_password(
    tx: &mut Tx,
    id: PersonId,
    password_hash: &str,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE person SET password_hash = $2 WHERE id = $1 AND deleted_at IS NULL",
            args![id, password_hash],
        )
        .await?;
    Ok(changed == 1)
}

pub(in crate::identity) async fn set_handle(tx: &mut Tx, id: PersonId, handle: &str) -> Result<()> {
    require_free(tx, handle, id).await?;
    let changed = tx
        .exec(
            "UPDATE person SET handle = $2, handle_look = $3 WHERE id = $1 AND deleted_at IS NULL",
            args![id, handle, look(handle)],
        )
        .await
        .map_err(taken_meanwhile)?;
    still_there(changed)
}

pub(in crate::identity) async fn set_profile(
    tx: &mut Tx,
    id: PersonId,
    name: &str,
    bio: &str,
    location: &str,
    links: &[ExternalLink],
) -> Result<()> {
    let links = serde_json::to_value(links).map_err(Error::internal)?;
    let changed = tx.exec(
        "UPDATE person SET name = $2, bio = $3, location = $4, links = $5 WHERE id = $1 AND deleted_at IS NULL",
        args![id, name, bio, location, links],
    )
    .await?;
    still_there(changed)
}

pub(in crate::identity) async fn set_ml_opt_out(
    tx: &mut Tx,
    id: PersonId,
    opt_out: bool,
) -> Result<()> {
    let changed = tx
        .exec(
            "UPDATE person SET ml_opt_out = $2 WHERE id = $1 AND deleted_at IS NULL",
            args![id, opt_out],
        )
        .await?;
    still_there(changed)
}

pub(in crate::identity) async fn set_avatar(
    tx: &mut Tx,
    id: PersonId,
    sha256: Option<[u8; 32]>,
) -> Result<()> {
    let changed = tx
        .exec(
            "UPDATE person SET avatar = $2 WHERE id = $1 AND deleted_at IS NULL",
            args![id, sha256.map(Vec::from)],
        )
        .await?;
    still_there(changed)
}

/// The chain of a person's own events: their personal organisation's.
pub(in crate::identity) async fn chain_of(tx: &mut Tx, person: PersonId) -> Result<Chain> {
    let row: Option<(Uuid,)> = tx
        .opt(
            "SELECT id FROM organisation WHERE personal_of = $1",
            args![person],
        )
        .await?;
    Ok(row.map_or(Chain::Server, |(id,)| Chain::Organisation(OrgId(id))))
}

/// Whether a picture is somebody's avatar.
pub(in crate::identity) async fn is_avatar(tx: &mut Tx, sha256: [u8; 32]) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .opt(
            "SELECT id FROM person WHERE avatar = $1 LIMIT 1",
            args![sha256],
        )
        .await?;
    Ok(row.is_some())
}

/// Takes everything that identifies a person out of their row; false if that was done before.
/// No password fits what is stored instead of one.
pub(in crate::identity) async fn anonymise(
    tx: &mut Tx,
    id: PersonId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE person SET email = $2, name = 'Deleted account', handle = NULL, handle_look = NULL, password_hash = '!', operator = $4, bio = '', location = '', links = $5, avatar = NULL, deleted_at = $3 WHERE id = $1 AND deleted_at IS NULL",
            args![id, email, now, false, Json::Array(Vec::new())],
        )
        .await?;
    Ok(changed == 1)
}

pub(in crate::identity) async fn delete_external_identities(
    tx: &mut Tx,
    id: PersonId,
) -> Result<()> {
    tx.exec(
        "DELETE FROM external_identity WHERE person_id = $1",
        args![id],
    )
    .await?;
    Ok(())
}

/// The accounts at identity providers that a person signs in with: issuer, subject, since when.
pub(in crate::identity) async fn external_identities(
    db: &Db,
    id: PersonId,
) -> Result<Vec<(String, String, DateTime<Utc>)>> {
    Ok(db
        .all(
            "SELECT issuer, subject, created_at FROM external_identity WHERE person_id = $1 ORDER BY issuer, subject",
            args![id],
        )
        .await?)
}
