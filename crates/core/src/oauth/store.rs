//! SQL of apps, codes and tokens. What is read is named by a secret's hash or by the app that
//! showed its secret; nothing here belongs to an organisation.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{AppId, OrgId, PersonId, Result};

/// An app that people can let act for them.
#[derive(Clone, Debug)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name on the wire.
    pub client_id: String,
    /// Its name for people.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Where to read about it; may be empty.
    pub homepage_url: String,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct AppRow {
    id: Uuid,
    client_id: String,
    secret_hash: Vec<u8>,
    name: String,
    description: String,
    homepage_url: String,
    redirect_uris: Json,
    created_at: DateTime<Utc>,
}

impl AppRow {
    fn split(self) -> (App, Vec<u8>) {
        let app = App {
            id: AppId(self.id),
            client_id: self.client_id,
            name: self.name,
            description: self.description,
            homepage_url: self.homepage_url,
            redirect_uris: serde_json::from_value(self.redirect_uris).unwrap_or_default(),
            created_at: self.created_at,
        };
        (app, self.secret_hash)
    }
}

pub(super) async fn insert_app(tx: &mut Tx, app: &App, secret_hash: [u8; 32]) -> Result<()> {
    tx.exec(
        "INSERT INTO oauth_app (id, client_id, secret_hash, name, description, homepage_url, redirect_uris, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            app.id,
            &app.client_id,
            secret_hash,
            &app.name,
            &app.description,
            &app.homepage_url,
            Json::from(app.redirect_uris.clone()),
            app.created_at
        ],
    )
    .await?;
    Ok(())
}

pub(super) async fn apps(db: &Db) -> Result<Vec<App>> {
    let rows: Vec<AppRow> = db
        .all(
            "SELECT id, client_id, secret_hash, name, description, homepage_url, redirect_uris, created_at FROM oauth_app WHERE revoked_at IS NULL ORDER BY created_at DESC, id DESC",
            [],
        )
        .await?;
    Ok(rows.into_iter().map(|row| row.split().0).collect())
}

/// The app and the hash of its secret.
pub(super) async fn app(db: &Db, client_id: &str) -> Result<Option<(App, Vec<u8>)>> {
    let row: Option<AppRow> = db
        .opt(
            "SELECT id, client_id, secret_hash, name, description, homepage_url, redirect_uris, created_at FROM oauth_app WHERE client_id = $1 AND revoked_at IS NULL",
            args![client_id],
        )
        .await?;
    Ok(row.map(AppRow::split))
}

/// Ends an app: its name, once. Every reader of its codes and tokens asks for an app that has not
/// ended, so that none of them has to be touched, also not one that is being made now.
pub(super) async fn revoke_app(
    tx: &mut Tx,
    app: AppId,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let row: Option<Name> = tx
        .opt(
            "UPDATE oauth_app SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING name",
            args![app, now],
        )
        .await?;
    Ok(row.map(|row| row.name))
}

pub(super) struct NewCode<'a> {
    pub hash: [u8; 32],
    pub app: AppId,
    pub person: PersonId,
    pub redirect_uri: &'a str,
    pub scope: String,
    pub code_challenge: &'a str,
    pub now: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

pub(super) async fn insert_code(tx: &mut Tx, new: &NewCode<'_>) -> Result<()> {
    tx.exec(
        "INSERT INTO oauth_code (code_hash, app_id, person_id, redirect_uri, scope, code_challenge, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        args![
            new.hash,
            new.app,
            new.person,
            new.redirect_uri,
            &new.scope,
            new.code_challenge,
            new.now,
            new.until
        ],
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
pub(super) struct Code {
    pub app_id: Uuid,
    pub person_id: Uuid,
    pub redirect_uri: String,
    pub scope: String,
    pub code_challenge: String,
    pub expires_at: DateTime<Utc>,
}

pub(super) async fn code(tx: &mut Tx, hash: [u8; 32], app: AppId) -> Result<Option<Code>> {
    Ok(tx
        .opt(
            "SELECT app_id, person_id, redirect_uri, scope, code_challenge, expires_at FROM oauth_code WHERE code_hash = $1 AND app_id = $2",
            args![hash, app],
        )
        .await?)
}

/// Spends a code: true once.
pub(super) async fn spend_code(tx: &mut Tx, hash: [u8; 32], now: DateTime<Utc>) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE oauth_code SET used_at = $2 WHERE code_hash = $1 AND used_at IS NULL",
            args![hash, now],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn revoke_tokens(
    tx: &mut Tx,
    code_hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "UPDATE oauth_token SET revoked_at = $2 WHERE code_hash = $1 AND revoked_at IS NULL",
        args![code_hash, now],
    )
    .await?;
    Ok(())
}

pub(super) async fn insert_token(
    tx: &mut Tx,
    hash: [u8; 32],
    code_hash: [u8; 32],
    code: &Code,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "INSERT INTO oauth_token (token_hash, code_hash, app_id, person_id, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            hash,
            code_hash,
            code.app_id,
            code.person_id,
            &code.scope,
            now,
            until
        ],
    )
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct TokenRow {
    app_id: Uuid,
    person_id: Uuid,
    scope: String,
    expires_at: DateTime<Utc>,
    org_id: Uuid,
    organisation: String,
    plan: String,
}

/// A live token, and the personal organisation of who let the app.
pub(super) struct Live {
    pub app: AppId,
    pub person: PersonId,
    pub scope: String,
    pub expires_at: DateTime<Utc>,
    pub org_id: OrgId,
    pub organisation: String,
    pub plan: String,
}

pub(super) async fn token(db: &Db, hash: [u8; 32], now: DateTime<Utc>) -> Result<Option<Live>> {
    let row: Option<TokenRow> = db
        .opt(
            "SELECT t.app_id, t.person_id, t.scope, t.expires_at, o.id AS org_id, o.name AS organisation, o.plan FROM oauth_token t JOIN oauth_app a ON a.id = t.app_id JOIN person p ON p.id = t.person_id JOIN organisation o ON o.personal_of = p.id WHERE t.token_hash = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND a.revoked_at IS NULL AND p.deleted_at IS NULL",
            args![hash, now],
        )
        .await?;
    Ok(row.map(|row| Live {
        app: AppId(row.app_id),
        person: PersonId(row.person_id),
        scope: row.scope,
        expires_at: row.expires_at,
        org_id: OrgId(row.org_id),
        organisation: row.organisation,
        plan: row.plan,
    }))
}

/// Ends what apps may do for a person.
pub(super) async fn revoke_all_of(tx: &mut Tx, person: PersonId, now: DateTime<Utc>) -> Result<()> {
    // Codes first: one that is being exchanged now has its token before the tokens are ended.
    tx.exec(
        "UPDATE oauth_code SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL",
        args![person, now],
    )
    .await?;
    tx.exec(
        "UPDATE oauth_token SET revoked_at = $2 WHERE person_id = $1 AND revoked_at IS NULL",
        args![person, now],
    )
    .await?;
    Ok(())
}

/// A token that opens something now.
#[derive(FromRow)]
pub(super) struct LiveToken {
    pub app_id: Uuid,
    pub app: String,
    pub scope: String,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// The live tokens of apps that act for a person, oldest first.
pub(super) async fn live_tokens(
    db: &Db,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<Vec<LiveToken>> {
    Ok(db
        .all(
            "SELECT t.app_id, a.name AS app, t.scope, t.created_at, t.expires_at FROM oauth_token t JOIN oauth_app a ON a.id = t.app_id WHERE t.person_id = $1 AND t.expires_at > $2 AND t.revoked_at IS NULL AND a.revoked_at IS NULL ORDER BY t.created_at, t.token_hash",
            args![person, now],
        )
        .await?)
}

#[derive(FromRow)]
struct Name {
    name: String,
}

/// An app's name.
pub(super) async fn name_of(tx: &mut Tx, app: AppId) -> Result<Option<String>> {
    let row: Option<Name> = tx
        .opt("SELECT name FROM oauth_app WHERE id = $1", args![app])
        .await?;
    Ok(row.map(|row| row.name))
}

/// Ends what one app may do for a person, and tells how many codes and tokens that were.
pub(super) async fn revoke_app_of(
    tx: &mut Tx,
    person: PersonId,
    app: AppId,
    now: DateTime<Utc>,
) -> Result<u64> {
    // Codes first, as above.
    let codes = tx
        .exec(
            "UPDATE oauth_code SET used_at = $3 WHERE person_id = $1 AND app_id = $2 AND used_at IS NULL AND expires_at > $3",
            args![person, app, now],
        )
        .await?;
    let tokens = tx
        .exec(
            "UPDATE oauth_token SET revoked_at = $3 WHERE person_id = $1 AND app_id = $2 AND revoked_at IS NULL AND expires_at > $3",
            args![person, app, now],
        )
        .await?;
    Ok(codes + tokens)
}

/// Removes some of a person's codes and tokens and tells how many.
pub(super) async fn purge(tx: &mut Tx, person: PersonId) -> Result<u64> {
    let tokens = tx
        .exec(
            "DELETE FROM oauth_token WHERE token_hash IN (SELECT token_hash FROM oauth_token WHERE person_id = $1 LIMIT 500)",
            args![person],
        )
        .await?;
    let codes = tx
        .exec(
            "DELETE FROM oauth_code WHERE code_hash IN (SELECT code_hash FROM oauth_code WHERE person_id = $1 LIMIT 500)",
            args![person],
        )
        .await?;
    Ok(tokens + codes)
}

/// Removes some codes and tokens that ended before a time, and tells how many.
pub(super) async fn purge_expired(tx: &mut Tx, before: DateTime<Utc>) -> Result<u64> {
    let tokens = tx
        .exec(
            "DELETE FROM oauth_token WHERE token_hash IN (SELECT token_hash FROM oauth_token WHERE expires_at < $1 LIMIT 500)",
            args![before],
        )
        .await?;
    let codes = tx
        .exec(
            "DELETE FROM oauth_code WHERE code_hash IN (SELECT code_hash FROM oauth_code WHERE expires_at < $1 LIMIT 500)",
            args![before],
        )
        .await?;
    Ok(tokens + codes)
}

/// What a person let apps do.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Allowed {
    /// The app's name.
    pub app: String,
    /// Its scopes.
    pub scope: String,
    /// When the token was made.
    pub created_at: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// The tokens after the newest `skip`, at most `limit`.
pub(super) async fn allowed(
    db: &Db,
    person: PersonId,
    skip: i64,
    limit: i64,
) -> Result<Vec<Allowed>> {
    Ok(db
        .all(
            "SELECT a.name AS app, t.scope, t.created_at, t.expires_at, t.revoked_at FROM oauth_token t JOIN oauth_app a ON a.id = t.app_id WHERE t.person_id = $1 ORDER BY t.created_at DESC, t.token_hash LIMIT $3 OFFSET $2",
            args![person, skip, limit],
        )
        .await?)
}
