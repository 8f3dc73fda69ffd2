//! `POST /v1/auth/verify-email/resend`

use std::sync::Arc;

use axum::extract::State;
use colophon_core::{Core, identity};
use colophon_http::{Json, Result, SignedIn};

use super::Status;

pub(crate) async fn resend(
    State(core): State<Arc<Core>>,
    SignedIn { session, .. }: SignedIn,
) -> Result<Json<Status>> {
    let sent = identity::resend_verification(&core, &session.person).await?;
    Ok(Json(if sent {
        Status {
            status: "sent",
            message: "Follow the link that we sent to your address.",
        }
    } else {
        Status {
            status: "already_verified",
            message: "Your address is verified already.",
        }
    }))
}
