//! SQL of people, sessions and one-time tokens.
//!
//! Nothing here belongs to an organisation: people do not, their memberships will.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use super::Session;
use crate::{Error, Kind, PersonId, Result};

/// A person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their e-mail address, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they run this server.
    pub operator: bool,
}

pub(super) async fn has_operator(db: &Db) -> Result<bool> {
    let row: Option<(Uuid,)> = db
        .opt(
            "SELECT id FROM person WHERE operator = $1 LIMIT 1",
            args![true],
        )
        .await?;
    Ok(row.is_some())
}

pub(super) async fn end_tokens(tx: &mut Tx, purpose: &str, now: DateTime<Utc>) -> Result<()> {
    tx.exec(
        "UPDATE one_time_token SET used_at = $2 WHERE purpose = $1 AND used_at IS NULL",
        args![purpose, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    purpose: &str,
    hash: [u8; 32],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO one_time_token (token_hash, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        args![hash, purpose, now, until],
    )
    .await?;
    Ok(())
}

/// Spends a token: true once.
pub(super) async fn use_token(
    tx: &mut Tx,
    purpose: &str,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<bool> {
    let touched = tx
        .exec(
            "UPDATE one_time_token SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3",
            args![hash, purpose, now],
        )
        .await?;
    Ok(touched == 1)
}

pub(super) async fn insert_person(
    tx: &mut Tx,
    person: &Person,
    password_hash: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let added = tx
        .exec(
            "INSERT INTO person (id, email, name, password_hash, operator, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (email) DO NOTHING",
            args![person.id, &person.email, &person.name, password_hash, person.operator, now],
        )
        .await?;
    if added == 1 {
        return Ok(());
    }
    let mut error = Error::invalid("email", "is in use already");
    error.kind = Kind::Conflict;
    Err(error)
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    email: String,
    name: String,
    operator: bool,
    secret: String,
}

impl PersonRow {
    fn split(self) -> (Person, String) {
        let person = Person {
            id: PersonId(self.id),
            email: self.email,
            name: self.name,
            operator: self.operator,
        };
        (person, self.secret)
    }
}

pub(super) async fn person_by_email(db: &Db, email: &str) -> Result<Option<(Person, String)>> {
    let row: Option<PersonRow> = db
        .opt(
            "SELECT id, email, name, operator, password_hash AS secret FROM person WHERE email = $1",
            args![email],
        )
        .await?;
    Ok(row.map(PersonRow::split))
}

pub(super) async fn insert_session(
    tx: &mut Tx,
    id: Uuid,
    person: PersonId,
    hash: [u8; 32],
    csrf: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec("DELETE FROM session WHERE expires_at < $1", args![now])
        .await?;
    tx.exec(
        "INSERT INTO session (id, person_id, token_hash, csrf, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        args![id, person, hash, csrf, now, until],
    )
    .await?;
    Ok(())
}

pub(super) async fn session(
    db: &Db,
    hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let row: Option<PersonRow> = db
        .opt(
            "SELECT p.id, p.email, p.name, p.operator, s.csrf AS secret FROM session s JOIN person p ON p.id = s.person_id WHERE s.token_hash = $1 AND s.expires_at > $2",
            args![hash, now],
        )
        .await?;
    Ok(row.map(|row| {
        let (person, csrf) = row.split();
        Session { person, csrf }
    }))
}

pub(super) async fn end_session(tx: &mut Tx, hash: [u8; 32]) -> Result<()> {
    tx.exec("DELETE FROM session WHERE token_hash = $1", args![hash])
        .await?;
    Ok(())
}
