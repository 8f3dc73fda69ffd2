//! SQL of locations.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Tx, args};
use uuid::Uuid;

use crate::organisations::Location;
use crate::{Error, Kind, LocationId, OrgId, Result};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    code: Option<String>,
    status: String,
    created_at: DateTime<Utc>,
}

impl From<Row> for Location {
    fn from(row: Row) -> Self {
        Self {
            id: LocationId(row.id),
            name: row.name,
            code: row.code,
            active: row.status == "active",
            created_at: row.created_at,
        }
    }
}

fn code_taken() -> Error {
    let mut error = Error::invalid("code", "is in use by another location");
    error.kind = Kind::Conflict;
    error.code = "location_code_taken";
    error
}

pub(in crate::organisations) async fn insert_location(
    tx: &mut Tx,
    org_id: OrgId,
    location: &Location,
) -> Result<()> {
    let added = tx
        .exec(
            "INSERT INTO location (id, org_id, name, code, status, created_at) VALUES ($1, $2, $3, $4, 'active', $5) ON CONFLICT (org_id, code) DO NOTHING",
            args![
                location.id,
                org_id,
                &location.name,
                location.code.clone(),
                location.created_at
            ],
        )
        .await?;
    if added == 1 {
        Ok(())
    } else {
        Err(code_taken())
    }
}

pub(in crate::organisations) async fn update_location(
    tx: &mut Tx,
    org_id: OrgId,
    location: &Location,
) -> Result<bool> {
    let status = if location.active {
        "active"
    } else {
        "archived"
    };
    let changed = tx
        .exec(
            "UPDATE location SET name = $3, code = $4, status = $5 WHERE id = $1 AND org_id = $2 AND NOT EXISTS (SELECT 1 FROM location o WHERE o.org_id = $2 AND o.code = $4 AND o.id <> $1)",
            args![
                location.id,
                org_id,
                &location.name,
                location.code.clone(),
                status
            ],
        )
        .await?;
    Ok(changed == 1)
}

pub(in crate::organisations) fn location_code_taken() -> Error {
    code_taken()
}

pub(in crate::organisations) async fn locations(db: &Db, org_id: OrgId) -> Result<Vec<Location>> {
    let rows: Vec<Row> = db
        .all(
            "SELECT id, name, code, status, created_at FROM location WHERE org_id = $1 ORDER BY id",
            args![org_id],
        )
        .await?;
    Ok(rows.into_iter().map(Location::from).collect())
}

pub(in crate::organisations) async fn location_in(
    tx: &mut Tx,
    org_id: OrgId,
    id: LocationId,
) -> Result<Option<Location>> {
    let row: Option<Row> = tx
        .opt(
            "SELECT id, name, code, status, created_at FROM location WHERE org_id = $1 AND id = $2",
            args![org_id, id],
        )
        .await?;
    Ok(row.map(Location::from))
}
