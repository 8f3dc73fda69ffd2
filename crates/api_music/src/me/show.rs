//! `GET /v1/me`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Authenticated, Json, Result};

use super::Profile;

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Authenticated(caller): Authenticated,
) -> Result<Json<Profile>> {
    let person = identity::me(&core, &caller).await?;
    Ok(Json(Profile::of(&core, person).await?))
}
