//! SQL of organisations.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, args};
use uuid::Uuid;

use crate::organisations::Organisation;
use crate::{Error, Kind, OrgId, PersonId, Result};

const COLUMNS: &str = "id, name, slug, status, plan, contact_email, personal_of, created_at";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    slug: Option<String>,
    status: String,
    plan: String,
    contact_email: Option<String>,
    personal_of: Option<Uuid>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Organisation {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let id = OrgId(row.id);
        Ok(Self {
            id,
            name: row.name,
            // Organisations from before there were slugs have their id for one.
            slug: row
                .slug
                .unwrap_or_else(|| id.to_string().to_ascii_lowercase()),
            active: row.status == "active",
            plan: row.plan.parse()?,
            contact_email: row.contact_email,
            personal_of: row.personal_of.map(PersonId),
            created_at: row.created_at,
        })
    }
}

pub(in crate::organisations) async fn insert(
    tx: &mut Tx,
    organisation: &Organisation,
) -> Result<()> {
    let added = tx
        .exec(
            "INSERT INTO organisation (id, name, slug, status, plan, contact_email, personal_of, created_at) VALUES ($1, $2, $3, 'active', $4, $5, $6, $7) ON CONFLICT (slug) DO NOTHING",
            args![
                organisation.id,
                &organisation.name,
                &organisation.slug,
                organisation.plan.name(),
                organisation.contact_email.clone(),
                organisation.personal_of,
                organisation.created_at
            ],
        )
        .await?;
    if added == 0 {
        let mut error = Error::invalid("slug", "is in use already");
        error.kind = Kind::Conflict;
        error.code = "slug_taken";
        return Err(error);
    }
    tx.exec(
        "INSERT INTO wallet (org_id, balance) VALUES ($1, 0)",
        args![organisation.id],
    )
    .await?;
    Ok(())
}

pub(in crate::organisations) async fn find(db: &Db, id: OrgId) -> Result<Option<Organisation>> {
    let sql = format!("SELECT {COLUMNS} FROM organisation WHERE id = $1");
    let row: Option<Row> = db.opt(Sql::Built(sql), args![id]).await?;
    row.map(Organisation::try_from).transpose()
}

pub(in crate::organisations) async fn find_in(
    tx: &mut Tx,
    id: OrgId,
) -> Result<Option<Organisation>> {
    let sql = format!("SELECT {COLUMNS} FROM organisation WHERE id = $1");
    let row: Option<Row> = tx.opt(Sql::Built(sql), args![id]).await?;
    row.map(Organisation::try_from).transpose()
}

/// Not scoped by organisation: only operators list all of them.
pub(in crate::organisations) async fn list(db: &Db, limit: i64) -> Result<Vec<Organisation>> {
    let sql =
        format!("SELECT {COLUMNS} FROM organisation ORDER BY created_at DESC, id DESC LIMIT $1");
    let rows: Vec<Row> = db.all(Sql::Built(sql), args![limit]).await?;
    rows.into_iter().map(Organisation::try_from).collect()
}

/// Those that a person is an active member of, the personal one first.
pub(in crate::organisations) async fn of_person(
    db: &Db,
    person: PersonId,
) -> Result<Vec<Organisation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM organisation WHERE id IN (SELECT org_id FROM membership WHERE person_id = $1 AND status = 'active') ORDER BY CASE WHEN personal_of = $1 THEN 0 ELSE 1 END, created_at, id"
    );
    let rows: Vec<Row> = db.all(Sql::Built(sql), args![person]).await?;
    rows.into_iter().map(Organisation::try_from).collect()
}

/// The one of this id, if it is active and the person is an active member of it.
pub(in crate::organisations) async fn of_member(
    db: &Db,
    person: PersonId,
    id: OrgId,
) -> Result<Option<Organisation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM organisation WHERE id = $1 AND status = 'active' AND id IN (SELECT org_id FROM membership WHERE person_id = $2 AND status = 'active')"
    );
    let row: Option<Row> = db.opt(Sql::Built(sql), args![id, person]).await?;
    row.map(Organisation::try_from).transpose()
}

/// Those that a person is a member of, suspended or not, in the order of their ids.
pub(in crate::organisations) async fn every_of_person(
    tx: &mut Tx,
    person: PersonId,
) -> Result<Vec<Organisation>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM organisation WHERE id IN (SELECT org_id FROM membership WHERE person_id = $1) ORDER BY id"
    );
    let rows: Vec<Row> = tx.all(Sql::Built(sql), args![person]).await?;
    rows.into_iter().map(Organisation::try_from).collect()
}

/// Lets nobody in any more; a personal one loses its name too, which is its person's.
pub(in crate::organisations) async fn close(
    tx: &mut Tx,
    id: OrgId,
    personal: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let sql = if personal {
        "UPDATE organisation SET status = 'closed', contact_email = NULL, name = 'Deleted account', slug = NULL WHERE id = $1"
    } else {
        "UPDATE organisation SET status = 'closed', contact_email = NULL WHERE id = $1"
    };
    tx.exec(sql, args![id]).await?;
    tx.exec("DELETE FROM role_assignment WHERE org_id = $1", args![id])
        .await?;
    tx.exec("DELETE FROM membership WHERE org_id = $1", args![id])
        .await?;
    tx.exec(
        "UPDATE invitation SET status = 'revoked', decided_at = $2 WHERE org_id = $1 AND status = 'pending'",
        args![id, now],
    )
    .await?;
    Ok(())
}

pub(in crate::organisations) async fn update(
    tx: &mut Tx,
    id: OrgId,
    name: &str,
    contact_email: Option<&str>,
) -> Result<()> {
    tx.exec(
        "UPDATE organisation SET name = $2, contact_email = $3 WHERE id = $1",
        args![id, name, contact_email.map(str::to_owned)],
    )
    .await?;
    Ok(())
}

/// Locks the organisation until the transaction ends: who owns it is decided by one at a time.
pub(in crate::organisations) async fn lock(tx: &mut Tx, id: OrgId) -> Result<bool> {
    let touched = tx
        .exec(
            "UPDATE organisation SET status = status WHERE id = $1",
            args![id],
        )
        .await?;
    Ok(touched == 1)
}

pub(in crate::organisations) async fn exists(tx: &mut Tx, id: OrgId) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .opt("SELECT id FROM organisation WHERE id = $1", args![id])
        .await?;
    Ok(row.is_some())
}

pub(in crate::organisations) async fn usage(
    db: &Db,
    id: OrgId,
    meter: &str,
    month: &str,
) -> Result<i64> {
    let row: Option<(i64,)> = db
        .opt(
            "SELECT used FROM monthly_usage WHERE org_id = $1 AND meter = $2 AND month = $3",
            args![id, meter, month],
        )
        .await?;
    Ok(row.map_or(0, |(used,)| used))
}
