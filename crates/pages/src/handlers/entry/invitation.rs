//! An invitation, seen by whoever holds its mailed token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::access::Role;
use colophon_core::identity::Session;
use colophon_core::organisations::{self, Invitation, InvitationStatus};
use colophon_core::{Core, identity};
use colophon_http::{Query, Result};

use super::QueryMap;
use crate::handlers::anonymous::Visitor;
use crate::handlers::flash::Flash;
use crate::handlers::organisation::path;
use crate::handlers::signed_in::{Account, Area as _, Organisation, Posted};
use crate::handlers::{frame, next, utc};
use crate::views::{Answer, InvitationPage};

/// `GET /invitation?token=…`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): QueryMap,
    visitor: Visitor,
) -> Result<Response> {
    let token = query.get("token").map_or("", String::as_str);
    let invitation = organisations::invitation_of(&core.db, token, core.clock.now()).await?;
    let invited_by = match invitation.invited_by {
        // Whoever invited may have deleted their account since.
        Some(person) => identity::get(&core, person).await.ok(),
        None => None,
    };
    let session = visitor.session(&core).await?;
    let role = Role::find(&invitation.role);
    let page = InvitationPage {
        frame: frame(),
        flash: visitor.flash.map(Into::into),
        answer: answer(&invitation, token, session.as_deref()),
        role: role.map_or(invitation.role, |role| role.label.to_owned()),
        description: role.map_or("", |role| role.description).to_owned(),
        location: invitation
            .scope
            .location()
            .map(|_| invitation.scope.label().to_owned()),
        organisation: invitation.organisation,
        email: invitation.email,
        invited_by: invited_by.map(|person| person.name),
        expires_at: utc(invitation.expires_at),
        token: token.to_owned(),
    };
    Ok(visitor.page(StatusCode::OK, &page))
}

/// What the reader can do about the invitation.
fn answer(invitation: &Invitation, token: &str, session: Option<&Session>) -> Answer {
    if invitation.status != InvitationStatus::Pending {
        return Answer::Decided(invitation.status.name().to_owned());
    }
    let back = format!("/invitation?token={token}");
    let Some(session) = session else {
        let sign_up = next::with("/signup", Some(&back));
        return Answer::SignInFirst {
            sign_in_url: next::with(Account::SIGN_IN, Some(&back)),
            sign_up_url: format!("{sign_up}&email={}", next::encoded(&invitation.email)),
        };
    };
    let csrf = session.csrf.clone();
    let person = &session.person;
    if person.email != invitation.email {
        let email = person.email.clone();
        Answer::AnotherPerson { email, csrf, back }
    } else if person.email_verified_at.is_none() {
        Answer::VerifyFirst { csrf }
    } else {
        Answer::Open { csrf }
    }
}

/// `POST /invitation/accept`
pub(super) async fn accept(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let (person, token) = (&from.session().person, fields.get("token"));
    let joined = organisations::accept(&core, person, from.by(), token).await?;
    Ok(from.go(&path(joined.org_id), Flash::InvitationAccepted))
}

/// `POST /invitation/decline`
pub(super) async fn decline(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let (person, token) = (&from.session().person, fields.get("token"));
    organisations::decline(&core, person, from.by(), token).await?;
    Ok(from.go(Organisation::HOME, Flash::InvitationDeclined))
}
