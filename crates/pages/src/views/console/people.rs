//! People, and who belongs to what.

use askama::Template;
use colophon_core::OrgId;
use colophon_core::access::{ROLES, ScopeType};
use colophon_core::identity::Person;
use colophon_core::organisations::{Member, Membership};

use crate::text;
use crate::views::{Form, Frame, Session};

/// `/console/people?q=…`: somebody by e-mail address or handle.
#[derive(Clone, Debug, Template)]
#[template(path = "console/people.html")]
pub struct PeoplePage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// What was looked for.
    pub query: Option<String>,
    /// Who was found.
    pub found: Option<FoundPerson>,
}

/// Somebody, and what they belong to.
#[derive(Clone, Debug)]
pub struct FoundPerson {
    /// Who.
    pub person: Person,
    /// Where they belong.
    pub memberships: Vec<Membership>,
}

/// `/console/organisations/{org}/members`. The form (`POST`, same address) has `csrf`, `person`
/// (an e-mail address or a handle) and `role`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/members.html")]
pub struct ConsoleMembersPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// The organisation.
    pub id: OrgId,
    /// Its name.
    pub organisation: String,
    /// Whether it is somebody's personal one, to which nobody is added here.
    pub personal: bool,
    /// In the order they joined.
    pub members: Vec<Member>,
    /// The next page, if there is one.
    pub more_url: Option<String>,
    /// The form that adds somebody.
    pub form: Form,
}
