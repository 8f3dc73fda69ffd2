//! The pages of an organisation, for its members.

use std::fmt::Display;

use askama::Template;
use colophon_core::LocationId;
use colophon_core::access::{self, Caller, Permission, Role};
use colophon_core::audit::{Event, Verified};
use colophon_core::organisations::{Invitation, Location, Member, Membership, Organisation};

use super::console::API_KEY_KINDS;
use super::{Form, Frame, NewSecret, Session};
use crate::text;

/// The organisation that a page is about, and what its reader may do there.
#[derive(Clone, Debug)]
pub struct Within {
    /// The reader, in this organisation.
    pub caller: Caller,
}

impl Within {
    /// The address of one of the organisation's pages.
    fn url(&self, page: &str) -> String {
        format!("/account/organisations/{}{page}", self.caller.org_id)
    }

    /// The address of what is about one thing of the organisation.
    fn url_of(&self, page: &str, id: impl Display, action: &str) -> String {
        format!("{}/{id}{action}", self.url(page))
    }

    fn may(&self, permission: Permission) -> bool {
        self.caller.require(permission).is_ok()
    }

    fn may_at(&self, permission: Permission, location: &LocationId) -> bool {
        self.caller.require_at(permission, Some(*location)).is_ok()
    }
}

/// The roles that the reader may give.
#[derive(Clone, Debug)]
pub struct RoleChoice {
    /// In the whole organisation.
    pub everywhere: Vec<&'static Role>,
    /// At one location.
    pub somewhere: Vec<&'static Role>,
    /// The locations where one of `somewhere` can be given.
    pub locations: Vec<Location>,
}

impl RoleChoice {
    fn is_empty(&self) -> bool {
        self.everywhere.is_empty() && self.somewhere.is_empty()
    }
}

/// `/account/organisations`. The form (`POST`, same address) has `csrf`, `name`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/list.html")]
pub struct OrganisationsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// In the order they joined.
    pub memberships: Vec<Membership>,
    /// The form that makes one.
    pub form: Form,
}

/// `/account/organisations/{org}`. The form (`POST`, same address) has `csrf`, `name`,
/// `contact_email`; leaving is `POST …/leave`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/overview.html")]
pub struct OverviewPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// As it is stored.
    pub organisation: Organisation,
    /// Records signed this month.
    pub used: i64,
    /// Whether it would have no owner without the reader.
    pub is_last_owner: bool,
    /// Name and contact.
    pub form: Form,
}

/// `/account/organisations/{org}/members`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/members.html")]
pub struct MembersPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// In the order they joined.
    pub members: Vec<Member>,
    /// The next page, if there is one.
    pub more_url: Option<String>,
    /// The first page, if this is another.
    pub first_url: Option<String>,
}

/// `/account/organisations/{org}/members/{member}`. Forms, each with `csrf`: `POST …/roles`
/// (`role`, `location_id`), `…/roles/{assignment}/remove`, `…/suspend`, `…/resume`, `…/remove`,
/// `…/transfer`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/member.html")]
pub struct MemberPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// Whom the page is about.
    pub member: Member,
    /// What the reader may give.
    pub choice: RoleChoice,
    /// Whether the reader may take each role, in their order.
    pub may_take: Vec<bool>,
    /// Whether the reader may suspend, resume and remove the member.
    pub may_judge: bool,
    /// Whether the reader may hand the organisation over to the member.
    pub may_transfer: bool,
    /// Whether the reader is the member.
    pub is_self: bool,
    /// Whether the organisation would have no owner without the member.
    pub is_last_owner: bool,
    /// The form that gives a role.
    pub form: Form,
}

impl MemberPage {
    fn url(&self, action: &str) -> String {
        self.within.url_of("/members", self.member.id, action)
    }
}

/// `/account/organisations/{org}/invitations`. The form (`POST`, same address) has `csrf`,
/// `email`, `role`, `location_id`; the buttons are `POST …/{invitation}/resend` and `/revoke`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/invitations.html")]
pub struct InvitationsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// Newest first.
    pub invitations: Vec<InvitationRow>,
    /// What the reader may invite to.
    pub choice: RoleChoice,
    /// Whether the reader's own address is verified: nobody else sends letters.
    pub verified: bool,
    /// The form that invites.
    pub form: Form,
}

/// An invitation in the list.
#[derive(Clone, Debug)]
pub struct InvitationRow {
    /// As it is stored.
    pub invitation: Invitation,
    /// Whether the reader may send it again or take it back.
    pub may_change: bool,
}

/// `/account/organisations/{org}/locations`. The form (`POST`, same address) has `csrf`, `name`,
/// `code`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/locations.html")]
pub struct LocationsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// In the order they were added.
    pub locations: Vec<Location>,
    /// The form that adds one.
    pub form: Form,
}

/// `/account/organisations/{org}/locations/{location}`. The form (`POST`, same address) has
/// `csrf`, `name`, `code`, `active` (`on` or absent).
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/location.html")]
pub struct LocationPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// Which.
    pub id: LocationId,
    /// The form, filled.
    pub form: Form,
}

/// `/account/organisations/{org}/keys`. The form (`POST`, same address) has `csrf`, `kind`,
/// `name`, `expires_in_days`, `test`; the buttons are `POST …/{key}/rotate` (`grace_hours`) and
/// `/revoke`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/keys.html")]
pub struct ApiKeysPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// Newest first.
    pub keys: Vec<ApiKeyRow>,
    /// Only in the answer that made it: it is not kept and cannot be shown again.
    pub new_secret: Option<NewSecret>,
    /// The form that makes one.
    pub form: Form,
}

/// An API key in the list.
#[derive(Clone, Debug)]
pub struct ApiKeyRow {
    /// As it is stored.
    pub key: access::ApiKey,
    /// Whether it opens anything now.
    pub live: bool,
}

/// `/account/organisations/{org}/audit`.
#[derive(Clone, Debug, Template)]
#[template(path = "organisation/audit.html")]
pub struct AuditPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Where.
    pub within: Within,
    /// Newest first.
    pub events: Vec<AuditRow>,
    /// Older events, if there are any.
    pub more_url: Option<String>,
    /// The newest events, if these are others.
    pub first_url: Option<String>,
    /// What checking the chain found, if it was asked for.
    pub checked: Option<Verified>,
}

/// An event of the audit log.
#[derive(Clone, Debug)]
pub struct AuditRow {
    /// As it is stored.
    pub event: Event,
    /// The name of whoever did it, if it is somebody who can still be found.
    pub actor: Option<String>,
    /// The address it was done from; may be empty.
    pub from: String,
    /// Names and values.
    pub details: Vec<(String, String)>,
}

impl AuditRow {
    /// What was done, in words: `member.role_assigned` → `Member role assigned`.
    fn action(&self) -> String {
        let words = self.event.action.replace("api_key", "API key");
        let words = words.replace(['.', '_'], " ");
        let mut letters = words.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }
}
