//! Taking everything along, and leaving.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use colophon_core::media::content_disposition;
use colophon_core::{Core, identity};
use colophon_http::Result;

use super::refused;
use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Account, Area as _, Person, Posted};

/// `GET /account/export`
pub(super) async fn export(
    State(core): State<Arc<Core>>,
    from: Person,
) -> Result<impl IntoResponse> {
    let person = identity::me(&core, &from.caller).await?;
    let file = content_disposition(&format!("account-{}.json", person.id));
    let export = identity::export(core, person).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(export)))
}

/// `POST /account/delete`
pub(super) async fn delete(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Account>,
) -> Result<Response> {
    let (email, sure) = (fields.get("confirm_email"), fields.ticked("confirm_delete"));
    match identity::delete(&core, from.session(), from.by(), email, sure).await {
        Ok(()) => {
            let mut response = from.go(Account::SIGN_IN, Flash::AccountDeleted);
            from.cookies().sign_out(response.headers_mut());
            Ok(response)
        }
        Err(error) => refused(&core, &from, &fields, error, |page| &mut page.deletion_form).await,
    }
}
