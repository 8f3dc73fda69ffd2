//! Who somebody says they are.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::Core;
use colophon_core::identity::{self, ExternalLink, ProfileChange};
use colophon_http::Result;

use super::{page, refused};
use crate::handlers::fields::Fields;
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _, Person, Posted};
use crate::views::{Form, LINKS};

/// `GET /account`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Person) -> Result<Response> {
    let page = page(&core, &from).await?;
    Ok(from.page(StatusCode::OK, &page))
}

/// `POST /account/profile`
pub(super) async fn save(
    State(core): State<Arc<Core>>,
    Posted { from, mut fields }: Posted<Account>,
) -> Result<Response> {
    let links = links(&fields);
    // What is wrong with the second of two links stands beside it, wherever the gap was.
    for index in 0..LINKS {
        let link = links.get(index);
        let text = |part: fn(&ExternalLink) -> &String| link.map(part).cloned().unwrap_or_default();
        fields.set(&field(index, "type"), text(|link| &link.kind));
        fields.set(&field(index, "url"), text(|link| &link.url));
    }
    let change = ProfileChange {
        name: Some(fields.get("display_name")),
        bio: Some(fields.get("bio")),
        location: Some(fields.get("location")),
        links: Some(&links),
    };
    match identity::update(&core, &from.caller, from.by(), change).await {
        Ok(_) => Ok(from.go(Account::HOME, Flash::ProfileSaved)),
        Err(error) => refused(&core, &from, &fields, error, |page| &mut page.profile_form).await,
    }
}

/// `POST /account/handle`
pub(super) async fn set_handle(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    match identity::set_handle(&core, &from.caller, from.by(), fields.get("handle")).await {
        Ok(_) => Ok(from.go(Account::HOME, Flash::HandleSet)),
        Err(error) => refused(&core, &from, &fields, error, |page| &mut page.handle_form).await,
    }
}

/// `POST /account/training`
pub(super) async fn set_training(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let opt_out = fields.ticked("opt_out");
    identity::set_ml_opt_out(&core, &from.caller, from.by(), opt_out).await?;
    Ok(from.go(Account::HOME, Flash::TrainingSet))
}

/// `POST /account/verification`
pub(super) async fn resend_verification(
    State(core): State<Arc<Core>>,
    Posted { from, .. }: Posted<Account>,
) -> Result<Response> {
    let sent = identity::resend_verification(&core, &from.session().person).await?;
    let done = if sent {
        Flash::VerificationSent
    } else {
        Flash::EmailVerified
    };
    Ok(from.go(Account::HOME, done))
}

/// The profile form, filled with what is known.
pub(super) fn filled(from: &Person, person: &identity::Person) -> Form {
    let mut form = Form::new(from.csrf());
    let mut fill = |field: String, text: &str| form.values.insert(field, text.to_owned());
    fill("display_name".to_owned(), &person.name);
    fill("bio".to_owned(), &person.bio);
    fill("location".to_owned(), &person.location);
    for (index, link) in person.links.iter().enumerate() {
        fill(field(index, "type"), &link.kind);
        fill(field(index, "url"), &link.url);
    }
    form
}

/// The links that say something, without gaps.
fn links(fields: &Fields) -> Vec<ExternalLink> {
    let part = |index, name| fields.get(&field(index, name)).trim().to_owned();
    (0..LINKS)
        .map(|index| ExternalLink {
            kind: part(index, "type"),
            url: part(index, "url"),
        })
        .filter(|link| !link.kind.is_empty() || !link.url.is_empty())
        .collect()
}

/// A field's name, as refusals name it.
fn field(index: usize, name: &str) -> String {
    format!("external_links.{index}.{name}")
}
