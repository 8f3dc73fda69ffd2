//! The keys of identity providers: fetched when a token needs one that is not at hand.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::Deserialize;

use super::Issuer;
use crate::{Core, Error, IssuerId, Result};

/// Keys are asked for again after this long,
const KEYS_FOR: chrono::Duration = chrono::Duration::hours(1);
/// or, for a token under a key that is not among them, after this long.
const ASK_AGAIN: chrono::Duration = chrono::Duration::minutes(1);
/// Largest answer with keys, in bytes.
const KEYS_BYTES: usize = 256 << 10;
const FETCH: Duration = Duration::from_secs(10);

/// Keys of providers, as they were last fetched.
#[derive(Debug, Default)]
pub struct ProviderKeys(Mutex<HashMap<IssuerId, Arc<tokio::sync::Mutex<Kept>>>>);

#[derive(Debug, Default)]
struct Kept {
    keys: Vec<Jwk>,
    /// When these keys came.
    fetched: Option<DateTime<Utc>>,
    /// When the provider was last asked, in vain or not.
    asked: Option<DateTime<Utc>>,
}

impl ProviderKeys {
    /// The provider's key that a token names, if the provider has it.
    ///
    /// # Errors
    /// [`crate::Kind::Unavailable`] when the provider does not answer.
    pub(super) async fn find(
        &self,
        core: &Core,
        provider: &Issuer,
        kid: Option<&str>,
    ) -> Result<Option<Jwk>> {
        let kept = self.of(provider.id);
        // One request asks the provider; the others wait for the answer that it gets.
        let mut kept = kept.lock().await;
        let now = core.clock.now();
        let within = |at: Option<DateTime<Utc>>, time| at.is_some_and(|at| at + time > now);
        if within(kept.fetched, KEYS_FOR)
            && let Some(jwk) = kept.find(kid)
        {
            return Ok(Some(jwk));
        }
        // Tokens under made-up keys must not have us ask the provider each time.
        if within(kept.asked, ASK_AGAIN) {
            return match kept.fetched == kept.asked {
                true => Ok(None),
                false => Err(silent("it did not answer less than a minute ago")),
            };
        }
        // Before the answer: whoever hangs up while waiting for it must not lift that.
        kept.asked = Some(now);
        kept.keys = fetch(core, &provider.jwks_uri).await?;
        kept.fetched = Some(now);
        Ok(kept.find(kid))
    }

    fn of(&self, provider: IssuerId) -> Arc<tokio::sync::Mutex<Kept>> {
        Arc::clone(self.all().entry(provider).or_default())
    }

    /// Forgets the keys of a provider that is trusted no more.
    pub(super) fn forget(&self, provider: IssuerId) {
        self.all().remove(&provider);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<IssuerId, Arc<tokio::sync::Mutex<Kept>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// A token that names no key is of the only one there is.
    fn find(&self, kid: Option<&str>) -> Option<Jwk> {
        let found = match (kid, self.keys.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys
                .iter()
                .find(|jwk| jwk.common.key_id.as_deref() == Some(kid)),
        };
        found.cloned()
    }
}

fn silent(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::unavailable("identity provider", source)
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

/// Keys that we do not understand, and those that do not sign, are not for us (RFC 7517 §5).
async fn fetch(core: &Core, jwks_uri: &str) -> Result<Vec<Jwk>> {
    let body = core
        .outgoing
        .fetch(jwks_uri, KEYS_BYTES, FETCH)
        .await
        .map_err(silent)?;
    let published: Published = serde_json::from_slice(&body).map_err(silent)?;
    let signs = |jwk: &Jwk| {
        let of = jwk.common.public_key_use.as_ref();
        of.is_none_or(|of| *of == PublicKeyUse::Signature)
    };
    Ok(published
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value(key).ok())
        .filter(signs)
        .collect())
}
