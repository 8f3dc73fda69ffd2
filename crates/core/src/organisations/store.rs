//! SQL of organisations.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use super::Plan;
use crate::{OrgId, Result};

/// An organisation.
#[derive(Clone, Debug)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: Plan,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct OrganisationRow {
    id: Uuid,
    name: String,
    plan: String,
    created_at: DateTime<Utc>,
}

impl TryFrom<OrganisationRow> for Organisation {
    type Error = crate::Error;

    fn try_from(row: OrganisationRow) -> Result<Self> {
        Ok(Self {
            id: OrgId(row.id),
            name: row.name,
            plan: row.plan.parse()?,
            created_at: row.created_at,
        })
    }
}

pub(super) async fn insert(tx: &mut Tx, organisation: &Organisation) -> Result<()> {
    tx.exec(
        "INSERT INTO organisation (id, name, plan, created_at) VALUES ($1, $2, $3, $4)",
        args![
            organisation.id,
            &organisation.name,
            organisation.plan.name(),
            organisation.created_at
        ],
    )
    .await?;
    tx.exec(
        "INSERT INTO wallet (org_id, balance) VALUES ($1, 0)",
        args![organisation.id],
    )
    .await?;
    Ok(())
}

pub(super) async fn find(db: &Db, id: OrgId) -> Result<Option<Organisation>> {
    let row: Option<OrganisationRow> = db
        .opt(
            "SELECT id, name, plan, created_at FROM organisation WHERE id = $1",
            args![id],
        )
        .await?;
    row.map(Organisation::try_from).transpose()
}

/// Not scoped by organisation: only operators list all of them.
pub(super) async fn list(db: &Db, limit: i64) -> Result<Vec<Organisation>> {
    let rows: Vec<OrganisationRow> = db
        .all(
            "SELECT id, name, plan, created_at FROM organisation ORDER BY created_at DESC, id DESC LIMIT $1",
            args![limit],
        )
        .await?;
    rows.into_iter().map(Organisation::try_from).collect()
}

pub(super) async fn exists(tx: &mut Tx, id: OrgId) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .opt("SELECT id FROM organisation WHERE id = $1", args![id])
        .await?;
    Ok(row.is_some())
}

pub(super) async fn usage(db: &Db, id: OrgId, meter: &str, month: &str) -> Result<i64> {
    let row: Option<(i64,)> = db
        .opt(
            "SELECT used FROM monthly_usage WHERE org_id = $1 AND meter = $2 AND month = $3",
            args![id, meter, month],
        )
        .await?;
    Ok(row.map_or(0, |(used,)| used))
}
