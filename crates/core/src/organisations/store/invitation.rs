//! SQL of invitations.

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, args};
use uuid::Uuid;

use crate::organisations::{Invitation, InvitationStatus, Scope};
use crate::{InvitationId, LocationId, OrgId, PersonId, Result};

const SELECT: &str = "SELECT i.id, i.org_id, o.name AS organisation, i.email, i.role, i.location_id, l.name AS location, i.status, i.invited_by, i.created_at, i.expires_at FROM invitation i JOIN organisation o ON o.id = i.org_id LEFT JOIN location l ON l.id = i.location_id";

#[derive(FromRow)]
struct Row {
    id: Uuid,
    org_id: Uuid,
    organisation: String,
    email: String,
    role: String,
    location_id: Option<Uuid>,
    location: Option<String>,
    status: String,
    invited_by: Option<Uuid>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Row {
    fn at(self, now: DateTime<Utc>) -> Invitation {
        let status = match self.status.as_str() {
            "pending" if self.expires_at <= now => InvitationStatus::Expired,
            "pending" => InvitationStatus::Pending,
            "accepted" => InvitationStatus::Accepted,
            "declined" => InvitationStatus::Declined,
            _ => InvitationStatus::Revoked,
        };
        Invitation {
            id: InvitationId(self.id),
            org_id: OrgId(self.org_id),
            organisation: self.organisation,
            email: self.email,
            role: self.role,
            scope: match self.location_id {
                Some(id) => Scope::Location {
                    id: LocationId(id),
                    name: self.location.unwrap_or_default(),
                },
                None => Scope::Organisation,
            },
            status,
            invited_by: self.invited_by.map(PersonId),
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}

pub(in crate::organisations) async fn insert_invitation(
    tx: &mut Tx,
    invitation: &Invitation,
    token_hash: [u8; 32],
) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO invitation (id, org_id, email, role, location_id, token_hash, status, invited_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9) ON CONFLICT DO NOTHING",
            args![
                invitation.id,
                invitation.org_id,
                &invitation.email,
                &invitation.role,
                invitation.scope.location(),
                token_hash,
                invitation.invited_by,
                invitation.created_at,
                invitation.expires_at
            ],
        )
        .await?;
    Ok(added == 1)
}

pub(in crate::organisations) async fn invitations(
    db: &Db,
    org_id: OrgId,
    now: DateTime<Utc>,
) -> Result<Vec<Invitation>> {
    let sql = Sql::Built(format!(
        "{SELECT} WHERE i.org_id = $1 ORDER BY i.id DESC LIMIT 1000"
    ));
    let rows: Vec<Row> = db.all(sql, args![org_id]).await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

pub(in crate::organisations) async fn invitation_in(
    tx: &mut Tx,
    org_id: OrgId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Option<Invitation>> {
    let sql = Sql::Built(format!("{SELECT} WHERE i.org_id = $1 AND i.id = $2"));
    let row: Option<Row> = tx.opt(sql, args![org_id, id]).await?;
    Ok(row.map(|row| row.at(now)))
}

/// Not scoped by organisation: the token is what tells which one invites.
pub(in crate::organisations) async fn invitation_by_token(
    db: &Db,
    token_hash: [u8; 32],
    now: DateTime<Utc>,
) -> Result<Option<Invitation>> {
    let sql = Sql::Built(format!("{SELECT} WHERE i.token_hash = $1"));
    let row: Option<Row> = db.opt(sql, args![token_hash]).await?;
    Ok(row.map(|row| row.at(now)))
}

/// Moves a pending, unexpired invitation on; false if it is not that any more.
pub(in crate::organisations) async fn decide(
    tx: &mut Tx,
    org_id: OrgId,
    id: InvitationId,
    status: InvitationStatus,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE invitation SET status = $3, decided_at = $4 WHERE id = $1 AND org_id = $2 AND status = 'pending' AND expires_at > $4",
            args![id, org_id, status.name(), now],
        )
        .await?;
    Ok(changed == 1)
}

/// Revokes it, expired or not.
pub(in crate::organisations) async fn revoke_invitation(
    tx: &mut Tx,
    org_id: OrgId,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE invitation SET status = 'revoked', decided_at = $3 WHERE id = $1 AND org_id = $2 AND status = 'pending'",
            args![id, org_id, now],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a pending invitation a new token and more time; the old token opens nothing any more.
pub(in crate::organisations) async fn renew_invitation(
    tx: &mut Tx,
    org_id: OrgId,
    id: InvitationId,
    token_hash: [u8; 32],
    until: DateTime<Utc>,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE invitation SET token_hash = $3, expires_at = $4 WHERE id = $1 AND org_id = $2 AND status = 'pending'",
            args![id, org_id, token_hash, until],
        )
        .await?;
    Ok(changed == 1)
}

/// The latest moment until which an invitation of an address was to hold: of one that they did not
/// follow.
pub(in crate::organisations) async fn newest_expiry(
    tx: &mut Tx,
    org_id: OrgId,
    email: &str,
) -> Result<Option<DateTime<Utc>>> {
    let row: Option<(DateTime<Utc>,)> = tx
        .opt(
            "SELECT expires_at FROM invitation WHERE org_id = $1 AND email = $2 AND status <> 'accepted' ORDER BY expires_at DESC LIMIT 1",
            args![org_id, email],
        )
        .await?;
    Ok(row.map(|(expires_at,)| expires_at))
}

/// Ends what expired for this address, so that it can be invited again.
pub(in crate::organisations) async fn clear_expired(
    tx: &mut Tx,
    org_id: OrgId,
    email: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "UPDATE invitation SET status = 'revoked', decided_at = $3 WHERE org_id = $1 AND email = $2 AND status = 'pending' AND expires_at <= $3",
        args![org_id, email, now],
    )
    .await?;
    Ok(())
}

/// Not scoped by organisation: the invited person asks what there is about them.
pub(in crate::organisations) async fn invitations_to(
    db: &Db,
    email: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Invitation>> {
    let sql = Sql::Built(format!("{SELECT} WHERE i.email = $1 ORDER BY i.id DESC"));
    let rows: Vec<Row> = db.all(sql, args![email]).await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

/// Not scoped by organisation: the address is nobody's any more.
pub(in crate::organisations) async fn revoke_invitations(
    tx: &mut Tx,
    org_id: OrgId,
    now: DateTime<Utc>,
) -> Result<()> {
    tx.exec(
        "UPDATE invitation SET status = 'revoked', decided_at = $2 WHERE org_id = $1 AND status = 'pending'",
        args![org_id, now],
    )
    .await?;
    Ok(())
}

pub(in crate::organisations) async fn delete_invitations_to(
    tx: &mut Tx,
    email: &str,
) -> Result<()> {
    tx.exec("DELETE FROM invitation WHERE email = $1", args![email])
        .await?;
    Ok(())
}
