//! SQL of members and their roles.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use colophon_db::{Db, FromRow, Sql, Tx, Val, args};
use uuid::Uuid;

use crate::access::OWNER;
use crate::organisations::{Assignment, Member, Membership, Scope};
use crate::{AssignmentId, LocationId, MembershipId, OrgId, PersonId, Result};

#[derive(FromRow)]
struct MemberRow {
    id: Uuid,
    person_id: Uuid,
    email: String,
    name: String,
    status: String,
    joined_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct AssignmentRow {
    id: Uuid,
    membership_id: Uuid,
    role: String,
    location_id: Option<Uuid>,
    location: Option<String>,
}

impl AssignmentRow {
    fn split(self) -> (Uuid, Assignment) {
        let assignment = Assignment {
            id: AssignmentId(self.id),
            role: self.role,
            scope: match (self.location_id, self.location) {
                (Some(id), name) => Scope::Location {
                    id: LocationId(id),
                    name: name.unwrap_or_default(),
                },
                (None, _) => Scope::Organisation,
            },
        };
        (self.membership_id, assignment)
    }
}

const MEMBER: &str = "SELECT m.id, m.person_id, p.email, p.name, m.status, m.joined_at FROM membership m JOIN person p ON p.id = m.person_id";
const OF_MEMBER: &str = "WHERE a.org_id = $1 AND a.membership_id = $2 ORDER BY a.id";
const ASSIGNMENT: &str = "SELECT a.id, a.membership_id, a.role, a.location_id, l.name AS location FROM role_assignment a LEFT JOIN location l ON l.id = a.location_id";

fn with_roles(members: Vec<MemberRow>, assignments: Vec<AssignmentRow>) -> Vec<Member> {
    let mut roles: HashMap<Uuid, Vec<Assignment>> = HashMap::new();
    for row in assignments {
        let (member, assignment) = row.split();
        roles.entry(member).or_default().push(assignment);
    }
    members
        .into_iter()
        .map(|row| Member {
            roles: roles.remove(&row.id).unwrap_or_default(),
            id: MembershipId(row.id),
            person_id: PersonId(row.person_id),
            email: row.email,
            name: row.name,
            active: row.status == "active",
            joined_at: row.joined_at,
        })
        .collect()
}

/// Members after `after`, in the order they joined, with their roles: two statements.
pub(in crate::organisations) async fn members(
    db: &Db,
    org_id: OrgId,
    after: Option<MembershipId>,
    limit: i64,
) -> Result<Vec<Member>> {
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let members: Vec<MemberRow> = db
        .all(
            Sql::Built(format!(
                "{MEMBER} WHERE m.org_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3"
            )),
            args![org_id, after, limit],
        )
        .await?;
    let Some(last) = members.last().map(|row| row.id) else {
        return Ok(Vec::new());
    };
    let assignments: Vec<AssignmentRow> = db
        .all(
            Sql::Built(format!(
                "{ASSIGNMENT} WHERE a.org_id = $1 AND a.membership_id > $2 AND a.membership_id <= $3 ORDER BY a.id"
            )),
            args![org_id, after, last],
        )
        .await?;
    Ok(with_roles(members, assignments))
}

pub(in crate::organisations) async fn member(
    db: &Db,
    org_id: OrgId,
    id: MembershipId,
) -> Result<Option<Member>> {
    let sql = Sql::Built(format!("{MEMBER} WHERE m.org_id = $1 AND m.id = $2"));
    let Some(row) = db.opt::<MemberRow>(sql, args![org_id, id]).await? else {
        return Ok(None);
    };
    let sql = Sql::Built(format!("{ASSIGNMENT} {OF_MEMBER}"));
    let assignments: Vec<AssignmentRow> = db.all(sql, args![org_id, id]).await?;
    Ok(with_roles(vec![row], assignments).pop())
}

pub(in crate::organisations) async fn member_in(
    tx: &mut Tx,
    org_id: OrgId,
    id: MembershipId,
) -> Result<Option<Member>> {
    one_member(tx, org_id, "m.id", id.into()).await
}

pub(in crate::organisations) async fn member_of_person(
    tx: &mut Tx,
    org_id: OrgId,
    person: PersonId,
) -> Result<Option<Member>> {
    one_member(tx, org_id, "m.person_id", person.into()).await
}

async fn one_member(
    tx: &mut Tx,
    org_id: OrgId,
    column: &'static str,
    value: Val,
) -> Result<Option<Member>> {
    let sql = Sql::Built(format!("{MEMBER} WHERE m.org_id = $1 AND {column} = $2"));
    let row: Option<MemberRow> = tx.opt(sql, [Val::from(org_id), value]).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let sql = Sql::Built(format!("{ASSIGNMENT} {OF_MEMBER}"));
    let assignments: Vec<AssignmentRow> = tx.all(sql, args![org_id, row.id]).await?;
    Ok(with_roles(vec![row], assignments).pop())
}

/// Adds a member who was none; false if the person is one already.
pub(in crate::organisations) async fn insert_member(
    tx: &mut Tx,
    id: MembershipId,
    org_id: OrgId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO membership (id, org_id, person_id, status, joined_at) VALUES ($1, $2, $3, 'active', $4) ON CONFLICT (org_id, person_id) DO NOTHING",
            args![id, org_id, person, now],
        )
        .await?;
    Ok(added == 1)
}

/// Gives a role; false if the member has it there already.
pub(in crate::organisations) async fn assign(
    tx: &mut Tx,
    id: AssignmentId,
    org_id: OrgId,
    member: MembershipId,
    role: &str,
    location: Option<LocationId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let added = tx
        .exec(
            "INSERT INTO role_assignment (id, org_id, membership_id, role, location_id, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            args![id, org_id, member, role, location, now],
        )
        .await?;
    Ok(added == 1)
}

pub(in crate::organisations) async fn unassign(
    tx: &mut Tx,
    org_id: OrgId,
    member: MembershipId,
    id: AssignmentId,
) -> Result<bool> {
    let removed = tx
        .exec(
            "DELETE FROM role_assignment WHERE id = $1 AND org_id = $2 AND membership_id = $3",
            args![id, org_id, member],
        )
        .await?;
    Ok(removed == 1)
}

/// Members, suspended ones among them.
pub(in crate::organisations) async fn count_members(tx: &mut Tx, org_id: OrgId) -> Result<i64> {
    let (count,): (i64,) = tx
        .one(
            "SELECT CAST(count(*) AS BIGINT) FROM membership WHERE org_id = $1",
            args![org_id],
        )
        .await?;
    Ok(count)
}

const OWNERS: &str = "SELECT CAST(count(*) AS BIGINT) FROM role_assignment a JOIN membership m ON m.id = a.membership_id WHERE a.org_id = $1 AND a.role = $2 AND m.status = 'active'";

/// Active members who own the organisation.
pub(in crate::organisations) async fn count_owners(tx: &mut Tx, org_id: OrgId) -> Result<i64> {
    let (count,): (i64,) = tx.one(OWNERS, args![org_id, OWNER]).await?;
    Ok(count)
}

/// The same, as of now: it may have changed when somebody acts on it.
pub(in crate::organisations) async fn owners(db: &Db, org_id: OrgId) -> Result<i64> {
    let row: Option<(i64,)> = db.opt(OWNERS, args![org_id, OWNER]).await?;
    Ok(row.map_or(0, |(count,)| count))
}

pub(in crate::organisations) async fn set_status(
    tx: &mut Tx,
    org_id: OrgId,
    id: MembershipId,
    status: &str,
) -> Result<bool> {
    let changed = tx
        .exec(
            "UPDATE membership SET status = $3 WHERE id = $1 AND org_id = $2 AND status <> $3",
            args![id, org_id, status],
        )
        .await?;
    Ok(changed == 1)
}

pub(in crate::organisations) async fn remove_members_but(
    tx: &mut Tx,
    org_id: OrgId,
    person: PersonId,
) -> Result<()> {
    tx.exec(
        "DELETE FROM role_assignment WHERE org_id = $1 AND membership_id IN (SELECT id FROM membership WHERE org_id = $1 AND person_id <> $2)",
        args![org_id, person],
    )
    .await?;
    tx.exec(
        "DELETE FROM membership WHERE org_id = $1 AND person_id <> $2",
        args![org_id, person],
    )
    .await?;
    Ok(())
}

pub(in crate::organisations) async fn remove_member(
    tx: &mut Tx,
    org_id: OrgId,
    id: MembershipId,
) -> Result<bool> {
    tx.exec(
        "DELETE FROM role_assignment WHERE org_id = $1 AND membership_id = $2",
        args![org_id, id],
    )
    .await?;
    let removed = tx
        .exec(
            "DELETE FROM membership WHERE id = $1 AND org_id = $2",
            args![id, org_id],
        )
        .await?;
    Ok(removed == 1)
}

#[derive(FromRow)]
struct MembershipRow {
    org_id: Uuid,
    organisation: String,
    status: String,
    joined_at: DateTime<Utc>,
    role: Option<String>,
    location: Option<String>,
}

/// Every membership of a person, in the order they joined.
pub(in crate::organisations) async fn memberships_of(
    db: &Db,
    person: PersonId,
) -> Result<Vec<Membership>> {
    let rows: Vec<MembershipRow> = db
        .all(
            "SELECT m.org_id, o.name AS organisation, m.status, m.joined_at, a.role, l.name AS location FROM membership m JOIN organisation o ON o.id = m.org_id LEFT JOIN role_assignment a ON a.membership_id = m.id LEFT JOIN location l ON l.id = a.location_id WHERE m.person_id = $1 ORDER BY m.id, a.id",
            args![person],
        )
        .await?;
    let mut memberships: Vec<Membership> = Vec::new();
    for row in rows {
        let org_id = OrgId(row.org_id);
        let role = row.role.map(|role| (role, row.location));
        match memberships.last_mut().filter(|last| last.org_id == org_id) {
            Some(last) => last.roles.extend(role),
            None => memberships.push(Membership {
                org_id,
                organisation: row.organisation,
                active: row.status == "active",
                joined_at: row.joined_at,
                roles: role.into_iter().collect(),
            }),
        }
    }
    Ok(memberships)
}

#[derive(FromRow)]
struct GrantRow {
    role: String,
    location_id: Option<Uuid>,
}

/// The roles of an active member; none for everybody else.
pub(in crate::organisations) async fn roles_of(
    db: &Db,
    org_id: OrgId,
    person: PersonId,
) -> Result<Vec<(String, Option<LocationId>)>> {
    let rows: Vec<GrantRow> = db
        .all(
            "SELECT a.role, a.location_id FROM membership m JOIN role_assignment a ON a.membership_id = m.id WHERE m.org_id = $1 AND m.person_id = $2 AND m.status = 'active'",
            args![org_id, person],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.role, row.location_id.map(LocationId)))
        .collect())
}

/// Whether an address belongs to a member, suspended or not.
pub(in crate::organisations) async fn is_member(
    tx: &mut Tx,
    org_id: OrgId,
    email: &str,
) -> Result<bool> {
    let row: Option<(Uuid,)> = tx
        .opt(
            "SELECT m.id FROM membership m JOIN person p ON p.id = m.person_id WHERE m.org_id = $1 AND p.email = $2",
            args![org_id, email],
        )
        .await?;
    Ok(row.is_some())
}
