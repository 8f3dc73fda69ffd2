//! Identity providers whose tokens open sessions here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::Core;
use colophon_core::identity::{self, NewIssuer};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::views::{Form, IssuersPage};

const PAGE: &str = "/console/issuers";

/// `GET /console/issuers`
pub(super) async fn show(State(core): State<Arc<Core>>, operator: Operator) -> Result<Response> {
    let form = Form::new(operator.csrf());
    page(&core, &operator, StatusCode::OK, form).await
}

/// `POST /console/issuers`
pub(super) async fn register(
    State(core): State<Arc<Core>>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let new = NewIssuer {
        name: fields.get("name"),
        issuer: fields.get("issuer"),
        audience: fields.get("audience"),
        jwks_uri: fields.get("jwks_uri"),
    };
    match identity::register_issuer(&core, operator.by(), new).await {
        Ok(_) => Ok(operator.go(PAGE, Flash::IssuerRegistered)),
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            page(&core, &operator, status, form).await
        }
    }
}

/// `POST /console/issuers/{issuer}/remove`
pub(super) async fn remove(
    State(core): State<Arc<Core>>,
    Path(issuer): Path<String>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    identity::remove_issuer(&core, operator.by(), issuer.parse()?).await?;
    Ok(operator.go(PAGE, Flash::IssuerRemoved))
}

async fn page(
    core: &Core,
    operator: &Operator,
    status: StatusCode,
    form: Form,
) -> Result<Response> {
    let page = IssuersPage {
        frame: frame(),
        session: operator.view(),
        issuers: identity::issuers(core).await?,
        form,
    };
    Ok(operator.page(status, &page))
}
