//! Inviting people by e-mail.

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::Db;

use super::role_assignment::{assignable, require_role, scope};
use super::{Scope, store};
use crate::access::{Caller, Permission};
use crate::audit::{self, By};
use crate::identity::{self, Person, email_address};
use crate::mail::{self, Letter, Link};
use crate::{
    AssignmentId, Core, Error, InvitationId, Kind, LocationId, MembershipId, OrgId, PersonId,
    Result,
};

/// How long an invitation can be accepted.
pub const INVITATION_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// One organisation's letters to one address go at most this often.
const LETTER_EVERY: Duration = Duration::from_secs(60);

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationStatus {
    /// Waits for an answer.
    Pending,
    /// The person joined.
    Accepted,
    /// The person does not want to.
    Declined,
    /// Taken back.
    Revoked,
    /// Waited for too long.
    Expired,
}

impl InvitationStatus {
    /// Its name on the wire and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }
}

/// An invitation.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// The organisation that invites.
    pub org_id: OrgId,
    /// Its name.
    pub organisation: String,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: String,
    /// Where.
    pub scope: Scope,
    /// Where it stands.
    pub status: InvitationStatus,
    /// Who invited.
    pub invited_by: Option<PersonId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    pub expires_at: DateTime<Utc>,
}

/// Whom to invite as what.
#[derive(Clone, Copy, Debug)]
pub struct NewInvitation<'a> {
    /// Their e-mail address.
    pub email: &'a str,
    /// The role's key.
    pub role: &'a str,
    /// The location of a location's role.
    pub location: Option<LocationId>,
}

/// The organisation's invitations, newest first; of those, the newest 1,000.
///
/// # Errors
/// [`Kind::Forbidden`].
pub async fn invitations(core: &Core, caller: &Caller) -> Result<Vec<Invitation>> {
    caller.require_somewhere(Permission::ViewMembers)?;
    store::invitations(&core.db, caller.org_id, core.clock.now()).await
}

/// The invitations to an address, newest first: for whoever has shown that it is theirs.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn invitations_to(core: &Core, email: &str) -> Result<Vec<Invitation>> {
    store::invitations_to(&core.db, email, core.clock.now()).await
}

/// Invites somebody: the token goes to them by e-mail and is stored as a hash.
///
/// # Errors
/// [`Kind::Forbidden`], also with code `email_not_verified`; [`Kind::Invalid`] naming the field,
/// [`Kind::Conflict`] for a member or somebody who is invited already, [`Kind::RateLimited`] code
/// `letter_sent_just_now` less than a minute after an earlier invitation that was taken back.
pub async fn invite(
    core: &Core,
    caller: &Caller,
    by: &By,
    new: NewInvitation<'_>,
) -> Result<Invitation> {
    caller.require_at(Permission::ManageMembers, new.location)?;
    require_verified(core, caller).await?;
    let email = email_address("email", new.email)?;
    let role = assignable(new.role)?;
    require_role(caller, role, new.location)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let id = InvitationId(core.ids.next());
    let link = Link::new(core, id.0);
    core.db
        .write(|tx, _| {
            let (email, link) = (email.as_str(), &link);
            Box::pin(async move {
                if store::is_member(tx, org_id, email).await? {
                    return Err(Error::new(
                        Kind::Conflict,
                        "already_member",
                        "This person belongs to the organisation already.",
                    ));
                }
                store::lock(tx, org_id).await?;
                let earlier = store::newest_expiry(tx, org_id, email).await?;
                store::clear_expired(tx, org_id, email, now).await?;
                let invitation = Invitation {
                    id,
                    org_id,
                    organisation: caller.organisation.clone(),
                    email: email.to_owned(),
                    role: role.key.to_owned(),
                    scope: scope(tx, org_id, role, new.location).await?,
                    status: InvitationStatus::Pending,
                    invited_by: caller.person().ok(),
                    created_at: now,
                    expires_at: now + INVITATION_FOR,
                };
                if !store::insert_invitation(tx, &invitation, link.hash()).await? {
                    return Err(Error::new(
                        Kind::Conflict,
                        "already_invited",
                        "This person is invited already; the invitation can be sent again.",
                    ));
                }
                require_letter_due(earlier, now)?;
                send(core, tx, &invitation, link).await?;
                let details = [
                    ("email", email),
                    ("role", role.key),
                    ("scope", invitation.scope.label()),
                ];
                let subject = id.to_string();
                audit::record(tx, org_id, by, "invitation.sent", &subject, &details, now).await?;
                Ok(invitation)
            })
        })
        .await
}

/// Letters to others are sent for those only who can be reached at their own address.
async fn require_verified(core: &Core, caller: &Caller) -> Result<()> {
    let person = identity::get(core, caller.person()?).await?;
    if person.email_verified_at.is_some() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "email_not_verified",
        "Verify your own e-mail address before you invite others.",
    ))
}

/// Every letter gives an invitation [`INVITATION_FOR`], so its expiry tells when the last one went.
fn require_letter_due(expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<()> {
    let due = expires_at.map(|expires_at| expires_at - INVITATION_FOR + LETTER_EVERY);
    let Some(due) = due.filter(|due| *due > now) else {
        return Ok(());
    };
    let mut error = Error::new(
        Kind::RateLimited,
        "letter_sent_just_now",
        "A letter went to this address less than a minute ago. Send the next one in a minute.",
    );
    let wait = due.signed_duration_since(now).num_seconds().max(1);
    error.retry_after = u64::try_from(wait).ok();
    Err(error)
}

async fn send(
    core: &Core,
    tx: &mut colophon_db::Tx,
    invitation: &Invitation,
    link: &Link,
) -> Result<()> {
    let letter = Letter::Invitation {
        organisation: invitation.organisation.clone(),
        role: invitation.role.clone(),
        scope: invitation.scope.label().to_owned(),
    };
    mail::send(core, tx, &invitation.email, &letter, Some(link)).await
}

/// Sends a pending or expired invitation again, with a new token and a week more; the earlier
/// token opens nothing any more.
///
/// # Errors
/// [`Kind::Forbidden`], also with code `email_not_verified`; [`Kind::NotFound`],
/// [`Kind::Conflict`] once it was decided, [`Kind::RateLimited`] code `letter_sent_just_now`.
pub async fn resend(core: &Core, caller: &Caller, by: &By, id: InvitationId) -> Result<Invitation> {
    caller.require_somewhere(Permission::ManageMembers)?;
    require_verified(core, caller).await?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    let link = Link::new(core, core.ids.next());
    core.db
        .write(|tx, _| {
            let link = &link;
            Box::pin(async move {
                store::lock(tx, org_id).await?;
                let invitation = of_caller(tx, caller, id, now).await?;
                let until = now + INVITATION_FOR;
                if !store::renew_invitation(tx, org_id, id, link.hash(), until).await? {
                    return Err(decided(invitation.status));
                }
                require_letter_due(Some(invitation.expires_at), now)?;
                let invitation = Invitation {
                    status: InvitationStatus::Pending,
                    expires_at: until,
                    ..invitation
                };
                send(core, tx, &invitation, link).await?;
                let subject = id.to_string();
                audit::record(tx, org_id, by, "invitation.resent", &subject, &[], now).await?;
                Ok(invitation)
            })
        })
        .await
}

/// Takes an invitation back.
///
/// # Errors
/// [`Kind::Forbidden`], [`Kind::NotFound`], [`Kind::Conflict`] once it was decided.
pub async fn revoke_invitation(
    core: &Core,
    caller: &Caller,
    by: &By,
    id: InvitationId,
) -> Result<Invitation> {
    caller.require_somewhere(Permission::ManageMembers)?;
    let (org_id, now) = (caller.org_id, core.clock.now());
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let invitation = of_caller(tx, caller, id, now).await?;
                if !store::revoke_invitation(tx, org_id, id, now).await? {
                    return Err(decided(invitation.status));
                }
                let subject = id.to_string();
                audit::record(tx, org_id, by, "invitation.revoked", &subject, &[], now).await?;
                Ok(Invitation {
                    status: InvitationStatus::Revoked,
                    ..invitation
                })
            })
        })
        .await
}

/// An invitation of the caller's organisation that the caller could have sent.
async fn of_caller(
    tx: &mut colophon_db::Tx,
    caller: &Caller,
    id: InvitationId,
    now: DateTime<Utc>,
) -> Result<Invitation> {
    let invitation = store::invitation_in(tx, caller.org_id, id, now)
        .await?
        .ok_or_else(|| Error::not_found("invitation"))?;
    caller.require_at(Permission::ManageMembers, invitation.scope.location())?;
    Ok(invitation)
}

fn decided(status: InvitationStatus) -> Error {
    Error::new(
        Kind::Conflict,
        "invitation_decided",
        format!("The invitation is {} already.", status.name()),
    )
}

fn invalid_token() -> Error {
    Error::new(
        Kind::NotFound,
        "invitation_invalid",
        "This invitation is not known. It may have been sent again: use the newest e-mail.",
    )
}

/// What an invitation's token is about, for the person who holds it.
///
/// # Errors
/// [`Kind::NotFound`] code `invitation_invalid`.
pub async fn invitation_of(db: &Db, token: &str, now: DateTime<Utc>) -> Result<Invitation> {
    store::invitation_by_token(db, crate::fingerprint(token), now)
        .await?
        .ok_or_else(invalid_token)
}

/// Joins the organisation that invites. The invitation is for whoever has its e-mail address:
/// the person must have shown that they do.
///
/// # Errors
/// [`Kind::NotFound`] code `invitation_invalid`, [`Kind::Forbidden`] for another person,
/// [`Kind::Conflict`] once it was decided or has expired.
pub async fn accept(core: &Core, person: &Person, by: &By, token: &str) -> Result<Invitation> {
    let now = core.clock.now();
    let invitation = for_person(&core.db, person, token, now).await?;
    let (member, assignment) = (MembershipId(core.ids.next()), AssignmentId(core.ids.next()));
    let org_id = invitation.org_id;
    core.db
        .write(|tx, _| {
            let invitation = &invitation;
            Box::pin(async move {
                decide(tx, invitation, InvitationStatus::Accepted, now).await?;
                store::insert_member(tx, member, org_id, person.id, now).await?;
                let joined = store::member_of_person(tx, org_id, person.id)
                    .await?
                    .ok_or_else(|| Error::not_found("member"))?;
                let location = invitation.scope.location();
                let role = invitation.role.as_str();
                store::assign(tx, assignment, org_id, joined.id, role, location, now).await?;
                let subject = invitation.id.to_string();
                audit::record(tx, org_id, by, "invitation.accepted", &subject, &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(Invitation {
        status: InvitationStatus::Accepted,
        ..invitation
    })
}

/// Says no to an invitation.
///
/// # Errors
/// As [`accept`].
pub async fn decline(core: &Core, person: &Person, by: &By, token: &str) -> Result<Invitation> {
    let now = core.clock.now();
    let invitation = for_person(&core.db, person, token, now).await?;
    let org_id = invitation.org_id;
    core.db
        .write(|tx, _| {
            let invitation = &invitation;
            Box::pin(async move {
                decide(tx, invitation, InvitationStatus::Declined, now).await?;
                let subject = invitation.id.to_string();
                audit::record(tx, org_id, by, "invitation.declined", &subject, &[], now).await
            })
        })
        .await?;
    Ok(Invitation {
        status: InvitationStatus::Declined,
        ..invitation
    })
}

async fn for_person(
    db: &Db,
    person: &Person,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Invitation> {
    let invitation = invitation_of(db, token, now).await?;
    if invitation.email == person.email && person.email_verified_at.is_some() {
        return Ok(invitation);
    }
    Err(Error::new(
        Kind::Forbidden,
        "invitation_for_another",
        format!(
            "This invitation is for {}. Sign in with that address, verified.",
            invitation.email
        ),
    ))
}

async fn decide(
    tx: &mut colophon_db::Tx,
    invitation: &Invitation,
    status: InvitationStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    if store::decide(tx, invitation.org_id, invitation.id, status, now).await? {
        return Ok(());
    }
    // What was pending when it was read may have been decided since.
    let found = store::invitation_in(tx, invitation.org_id, invitation.id, now).await?;
    let status = found.map_or(InvitationStatus::Revoked, |found| found.status);
    Err(decided(status))
}
