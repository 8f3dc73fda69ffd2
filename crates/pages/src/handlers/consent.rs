//! `/oauth/authorize`: an app asks to act for a person, and the person answers.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use colophon_core::oauth::{self, Ask, Refusal};
use colophon_core::{Core, Error};
use colophon_http::{Query, Result, Routes};
use serde::Deserialize;

use super::frame;
use super::signed_in::{Account, Person, Posted};
use crate::response::{let_form_lead_away, render_status};
use crate::views::{ConsentPage, ErrorPage};

/// The one `response_type` there is; also when it is left out.
const CODE: &str = "code";

pub(super) fn routes() -> Routes<Arc<Core>> {
    Routes::new()
        .get("/oauth/authorize", show)
        .post("/oauth/authorize/decide", decide)
}

/// What an app has the browser bring (RFC 6749 §4.1.1, RFC 7636 §4.3).
#[derive(Deserialize)]
pub(super) struct Input {
    client_id: String,
    redirect_uri: String,
    response_type: Option<String>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// `GET /oauth/authorize`. What is wrong with the question shows before anybody signs in for it.
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(input): Query<Input>,
    uri: Uri,
    person: Result<Person, Response>,
) -> Result<Response> {
    let ask = Ask {
        client_id: &input.client_id,
        redirect_uri: &input.redirect_uri,
        response_type: input.response_type.as_deref().unwrap_or(CODE),
        scope: &input.scope,
        state: &input.state,
        code_challenge: input.code_challenge.as_deref(),
        code_challenge_method: input.code_challenge_method.as_deref(),
    };
    let consent = match oauth::understand(&core, ask).await? {
        Ok(consent) => consent,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let person = match person {
        Ok(person) => person,
        Err(instead) => return Ok(instead),
    };
    let page = ConsentPage {
        frame: frame(),
        session: person.view(),
        app: consent.app.name,
        description: consent.app.description,
        homepage_url: consent.app.homepage_url,
        host: consent
            .redirect_uri
            .host_str()
            .unwrap_or_default()
            .to_owned(),
        questions: consent
            .scopes
            .iter()
            .map(|scope| scope.question())
            .collect(),
        client_id: input.client_id,
        redirect_uri: input.redirect_uri,
        scope: input.scope,
        state: input.state,
        code_challenge: input.code_challenge.unwrap_or_default(),
        back: uri.to_string(),
    };
    let mut response = person.page(StatusCode::OK, &page);
    let_form_lead_away(response.headers_mut());
    Ok(response)
}

/// `POST /oauth/authorize/decide`
pub(super) async fn decide(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let allowed = match fields.get("decision") {
        "allow" => true,
        "deny" => false,
        _ => return Err(Error::invalid("decision", "must be allow or deny").into()),
    };
    let ask = Ask {
        client_id: fields.get("client_id"),
        redirect_uri: fields.get("redirect_uri"),
        response_type: CODE,
        scope: fields.get("scope"),
        state: fields.get("state"),
        code_challenge: fields.optional("code_challenge"),
        code_challenge_method: None,
    };
    let person = from.session().person.id;
    Ok(
        match oauth::decide(&core, person, from.by(), ask, allowed).await? {
            Ok(to) => Redirect::to(to.as_str()).into_response(),
            Err(refusal) => refused(refusal),
        },
    )
}

fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::SentBack(to) => Redirect::to(to.as_str()).into_response(),
        Refusal::Shown(error) => {
            let page = ErrorPage {
                frame: frame(),
                status: StatusCode::BAD_REQUEST.as_u16(),
                title: "This app cannot be let in".to_owned(),
                detail: error.detail,
                request_id: None,
            };
            render_status(StatusCode::BAD_REQUEST, &page)
        }
    }
}
