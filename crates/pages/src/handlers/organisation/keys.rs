//! The API keys of an organisation.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;
use colophon_core::access::{self, CreatedKey, KeyHolder, NewKey};
use colophon_core::{ApiKeyId, Core, Error, Result as CoreResult};
use colophon_http::{Path, Result};

use super::{path, within};
use crate::handlers::fields::Fields;
use crate::handlers::flash::Flash;
use crate::handlers::frame;
use crate::handlers::signed_in::{Member, Organisation, Posted};
use crate::views::{ApiKeyRow, ApiKeysPage, Form, NewSecret};

/// The longest that a key can be told to live.
const MOST_DAYS: i64 = 3_650;

/// `GET /account/organisations/{org}/keys`
pub(super) async fn show(State(core): State<Arc<Core>>, from: Member) -> Result<Response> {
    page(&core, &from, StatusCode::OK, |_| ()).await
}

/// `POST /account/organisations/{org}/keys`: the answer is the only one that ever shows the
/// secret, so it is the page itself, not a redirect to it.
pub(super) async fn create(
    State(core): State<Arc<Core>>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let holder = KeyHolder::of(&from.caller)?;
    let made = match new_key(&core, &from, &fields) {
        Ok(new) => access::create_key(&core, from.by(), holder, &new).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => secret(&core, &from, "Your new API key", &made).await,
        Err(error) => {
            let (status, form) = fields.refused(from.csrf(), error)?;
            page(&core, &from, status, |page| page.form = form).await
        }
    }
}

fn new_key<'a>(core: &Core, from: &Member, fields: &'a Fields) -> CoreResult<NewKey<'a>> {
    let days = |text: &str| match text.parse() {
        Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(TimeDelta::days(days)),
        _ => Err(Error::invalid("expires_in_days", "must be 1 to 3,650")),
    };
    let lasts = fields.optional("expires_in_days").map(days).transpose()?;
    Ok(NewKey {
        name: fields.get("name"),
        expires_at: lasts.map(|lasts| core.clock.now() + lasts),
        created_by: from.caller.person().ok(),
        ..NewKey::new(fields.get("kind").parse()?, fields.ticked("test"))
    })
}

/// `POST …/{key}/rotate`
pub(super) async fn rotate(
    State(core): State<Arc<Core>>,
    Path((_, key)): Path<(String, String)>,
    Posted { from, fields }: Posted<Organisation>,
) -> Result<Response> {
    let holder = KeyHolder::of(&from.caller)?;
    let id: ApiKeyId = key.parse()?;
    let hours: u64 = fields.get("grace_hours").parse().unwrap_or(0);
    let grace = Duration::from_secs(hours.saturating_mul(60 * 60));
    let made = access::rotate_key(&core, from.by(), holder, id, grace).await?;
    secret(&core, &from, "The key’s successor", &made).await
}

/// `POST …/{key}/revoke`
pub(super) async fn revoke(
    State(core): State<Arc<Core>>,
    Path((_, key)): Path<(String, String)>,
    Posted { from, .. }: Posted<Organisation>,
) -> Result<Response> {
    let holder = KeyHolder::of(&from.caller)?;
    access::revoke_key(&core, from.by(), holder, key.parse()?).await?;
    let here = format!("{}/keys", path(from.caller.org_id));
    Ok(from.go(&here, Flash::KeyRevoked))
}

async fn secret(core: &Core, from: &Member, label: &str, made: &CreatedKey) -> Result<Response> {
    let new = NewSecret {
        label: label.to_owned(),
        secret: made.secret.reveal().to_owned(),
    };
    page(core, from, StatusCode::OK, |page| {
        page.new_secret = Some(new)
    })
    .await
}

async fn page(
    core: &Core,
    from: &Member,
    status: StatusCode,
    change: impl FnOnce(&mut ApiKeysPage),
) -> Result<Response> {
    let holder = KeyHolder::of(&from.caller)?;
    let now = core.clock.now();
    let keys = access::list_keys(core, holder).await?;
    let mut page = ApiKeysPage {
        frame: frame(),
        session: from.view(),
        within: within(from),
        keys: keys
            .into_iter()
            .map(|key| ApiKeyRow {
                live: key.is_live(now),
                key,
            })
            .collect(),
        new_secret: None,
        form: Form::new(from.csrf()),
    };
    change(&mut page);
    Ok(from.page(status, &page))
}
