//! `POST /v1/admin/logout`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Json, Operating, Result};

use crate::auth::Status;

pub(crate) async fn handle(
    State(core): State<Arc<Core>>,
    Operating { session, by }: Operating,
) -> Result<Json<Status>> {
    identity::end(&core, &session, &by).await?;
    Ok(Json(Status {
        status: "logged_out",
        message: "The token opens nothing any more.",
    }))
}
