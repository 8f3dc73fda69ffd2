//! Apps of other people that may ask to act for people here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::Core;
use colophon_core::oauth::{self, NewApp};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::views::{AppsPage, Form, NewSecret};

/// `GET /console/apps`
pub(super) async fn show(State(core): State<Arc<Core>>, operator: Operator) -> Result<Response> {
    let form = Form::new(operator.csrf());
    page(&core, &operator, StatusCode::OK, form, None).await
}

/// `POST /console/apps`: the answer is the only one that ever shows the secret, so it is the page
/// itself, not a redirect to it.
pub(super) async fn register(
    State(core): State<Arc<Core>>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let redirect_uris = fields.lines("redirect_uris");
    let new = NewApp {
        name: fields.get("name"),
        redirect_uris: &redirect_uris,
        description: fields.optional("description"),
        homepage_url: fields.optional("homepage_url"),
    };
    match oauth::register(&core, operator.by(), new).await {
        Ok((app, secret)) => {
            let secret = NewSecret {
                label: format!("The client secret of {}", app.name),
                secret,
            };
            let form = Form::new(operator.csrf());
            page(&core, &operator, StatusCode::OK, form, Some(secret)).await
        }
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            page(&core, &operator, status, form, None).await
        }
    }
}

/// `POST /console/apps/{app}/revoke`
pub(super) async fn revoke(
    State(core): State<Arc<Core>>,
    Path(app): Path<String>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    oauth::revoke_app(&core, operator.by(), app.parse()?).await?;
    Ok(operator.go("/console/apps", Flash::AppRevoked))
}

async fn page(
    core: &Core,
    operator: &Operator,
    status: StatusCode,
    form: Form,
    new_secret: Option<NewSecret>,
) -> Result<Response> {
    let page = AppsPage {
        frame: frame(),
        session: operator.view(),
        apps: oauth::apps(core).await?,
        new_secret,
        form,
    };
    Ok(operator.page(status, &page))
}
