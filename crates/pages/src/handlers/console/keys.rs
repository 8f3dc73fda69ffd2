//! The server's own keys, their public halves.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::Core;
use colophon_core::keyring::{PublishedKey, Purpose};
use colophon_http::Result;

use crate::handlers::signed_in::Operator;
use crate::handlers::{frame, utc};
use crate::views::{KeysPage, ServiceKey};

/// `GET /console/keys`
pub(super) async fn show(State(core): State<Arc<Core>>, operator: Operator) -> Result<Response> {
    let published = core.keyring.published();
    let mut keys: Vec<&PublishedKey> = published.iter().collect();
    keys.sort_by_key(|key| (key.retired_at.is_some(), key.purpose.name()));
    let keys = keys.into_iter().map(|key| view(&core, key)).collect();
    let page = KeysPage {
        frame: frame(),
        session: operator.view(),
        keys,
    };
    Ok(operator.page(StatusCode::OK, &page))
}

fn view(core: &Core, key: &PublishedKey) -> ServiceKey {
    let current = key.retired_at.is_none();
    ServiceKey {
        id: key.key.id_hex(),
        purpose: match key.purpose {
            Purpose::Issuer => "Certificates and tokens",
            Purpose::Service => "What must outlive quantum computers",
            Purpose::Log => "The log",
        }
        .to_owned(),
        algorithm: key.key.algorithm().to_string(),
        created_at: utc(key.created_at),
        retired_at: key.retired_at.map(utc),
        public_key: match key.purpose {
            // Monitors take the log's key in this form.
            Purpose::Log if current => core.log_key.to_string(),
            _ => key.key.to_spki_pem(),
        },
    }
}
