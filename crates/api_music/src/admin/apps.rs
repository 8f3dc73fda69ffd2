//! `POST /v1/admin/oauth/apps`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::Core;
use colophon_core::oauth::{self, NewApp};
use colophon_http::{Json, Operating, Result};
use serde::{Deserialize, Serialize};

use crate::utc;

/// The app to register.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    name: String,
    redirect_uris: Vec<String>,
    description: Option<String>,
    homepage_url: Option<String>,
}

/// The app; `client_secret` is shown this once.
#[derive(Serialize)]
pub struct Output {
    app_id: String,
    client_id: String,
    client_secret: String,
    name: String,
    redirect_uris: Vec<String>,
    description: String,
    homepage_url: String,
    created_at: String,
}

pub(crate) async fn register(
    State(core): State<Arc<Core>>,
    Operating { by, .. }: Operating,
    Json(input): Json<Input>,
) -> Result<(StatusCode, Json<Output>)> {
    let new = NewApp {
        name: &input.name,
        redirect_uris: &input.redirect_uris,
        description: input.description.as_deref(),
        homepage_url: input.homepage_url.as_deref(),
    };
    let (app, client_secret) = oauth::register(&core, &by, new).await?;
    let output = Output {
        app_id: app.id.to_string(),
        client_id: app.client_id,
        client_secret,
        name: app.name,
        redirect_uris: app.redirect_uris,
        description: app.description,
        homepage_url: app.homepage_url,
        created_at: utc(app.created_at),
    };
    Ok((StatusCode::CREATED, Json(output)))
}
