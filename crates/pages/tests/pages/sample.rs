//! People and things that call themselves what would break a page.

use chrono::DateTime;
use colophon_core::identity::{ExternalLink, Person};
use colophon_core::organisations::{Assignment, Member, Membership, Scope};
use colophon_core::{AssignmentId, LocationId, MembershipId, OrgId, PersonId};
use colophon_pages::views::{Form, Frame, NewSecret, Session};

/// What a hostile organisation would call itself.
const HOSTILE: &str = "<script>alert('x')</script>\"' onfocus=alert(1) {{7*7}}";

pub fn hostile() -> String {
    HOSTILE.to_owned()
}

pub fn frame() -> Frame {
    Frame::new(hostile())
}

pub fn session() -> Session {
    Session {
        email: hostile(),
        csrf: hostile(),
        flash: Some(hostile()),
    }
}

pub fn secret() -> NewSecret {
    NewSecret {
        label: hostile(),
        secret: hostile(),
    }
}

/// A refused form: every field any form has, with something wrong beside it.
pub fn form() -> Form {
    let mut form = Form::new(hostile());
    form.error = Some(hostile());
    for field in [
        "accept_terms",
        "active",
        "algorithm",
        "audience",
        "bio",
        "code",
        "confirm_delete",
        "confirm_email",
        "contact_email",
        "current_password",
        "description",
        "display_name",
        "email",
        "expires_in_days",
        "external_links.0.type",
        "external_links.0.url",
        "file",
        "handle",
        "homepage_url",
        "issuer",
        "jwks_uri",
        "kind",
        "location",
        "location_id",
        "name",
        "new_password",
        "password",
        "person",
        "plan",
        "public_key",
        "redirect_uris",
        "role",
        "test",
    ] {
        form.values.insert(field.into(), hostile());
        form.field_errors.insert(field.into(), hostile());
    }
    form
}

pub fn person() -> Person {
    Person {
        id: PersonId(Default::default()),
        email: hostile(),
        name: hostile(),
        handle: Some(hostile()),
        operator: true,
        email_verified_at: None,
        bio: hostile(),
        location: hostile(),
        links: vec![ExternalLink {
            kind: hostile(),
            url: hostile(),
        }],
        avatar: Some([7; 32]),
        ml_opt_out: true,
        created_at: DateTime::UNIX_EPOCH,
    }
}

pub fn memberships() -> Vec<Membership> {
    [true, false]
        .map(|active| Membership {
            org_id: OrgId(Default::default()),
            organisation: hostile(),
            active,
            joined_at: DateTime::UNIX_EPOCH,
            roles: vec![(hostile(), Some(hostile()))],
        })
        .into()
}

pub fn location() -> Scope {
    Scope::Location {
        id: LocationId(Default::default()),
        name: hostile(),
    }
}

pub fn member() -> Member {
    Member {
        id: MembershipId(Default::default()),
        person_id: PersonId(Default::default()),
        email: hostile(),
        name: hostile(),
        active: false,
        joined_at: DateTime::UNIX_EPOCH,
        roles: vec![Assignment {
            id: AssignmentId(Default::default()),
            role: hostile(),
            scope: location(),
        }],
    }
}
