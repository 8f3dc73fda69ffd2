//! Turning a presented key into a [`Caller`], cheaply.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db};

use super::{Caller, Credential, KeyKind, parse_secret, store};
use crate::{ApiKeyId, Error, Kind, Result};

/// How long an answer of the database is trusted. A revocation on this node is immediate
/// ([`Verifier::forget`]); one made elsewhere holds after at most this long.
const TRUST: Duration = Duration::from_secs(1);
/// Above this many remembered keys the memory is cleared: a bound, not a tuning knob.
const MOST: usize = 100_000;

/// What the database said, and when.
type Seen = (Caller, DateTime<Utc>);

/// Verifies API keys with a short memory.
#[derive(Debug)]
pub struct Verifier {
    db: Db,
    clock: Clock,
    known: RwLock<HashMap<[u8; 32], Seen>>,
    used: Mutex<HashMap<ApiKeyId, DateTime<Utc>>>,
    /// How often something was forgotten.
    forgotten: AtomicU64,
}

impl Verifier {
    /// A verifier that knows nothing yet.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            known: RwLock::default(),
            used: Mutex::default(),
            forgotten: AtomicU64::new(0),
        }
    }

    /// Who shows this key, if it is a live key of one of the `accepted` kinds.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] with the same words for a malformed, unknown, revoked or
    /// foreign key.
    pub async fn caller(&self, secret: &str, accepted: &[KeyKind]) -> Result<Caller> {
        let refused = || {
            Error::new(
                Kind::Unauthenticated,
                "invalid_api_key",
                "This API key is not known. Check that it was copied whole and not revoked.",
            )
        };
        let parsed = parse_secret(secret)
            .filter(|parsed| accepted.contains(&parsed.kind))
            .ok_or_else(refused)?;
        let now = self.clock.now();
        let caller = match self.remembered(&parsed.hash, now) {
            Some(caller) => caller,
            None => {
                let before = self.forgotten.load(Ordering::SeqCst);
                let caller = store::find_caller(&self.db, &parsed.hash, now)
                    .await?
                    .ok_or_else(refused)?;
                self.remember(parsed.hash, &caller, now, before);
                caller
            }
        };
        if let Credential::Key { id, .. } = caller.credential {
            self.used
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(id, now);
        }
        Ok(caller)
    }

    /// Keeps what the database said, unless a key was forgotten since `before`: what was read
    /// before a revocation must not come to memory after it.
    fn remember(&self, hash: [u8; 32], caller: &Caller, now: DateTime<Utc>, before: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::SeqCst) != before {
            return;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(hash, (caller.clone(), now));
    }

    fn remembered(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<Caller> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (caller, seen) = known.get(hash)?;
        let age = now.signed_duration_since(seen).to_std().ok()?;
        let live = caller.expires_at.is_none_or(|at| at > now);
        (age < TRUST && live).then(|| caller.clone())
    }

    /// Forgets a key: what is shown next is looked up again.
    pub fn forget(&self, hash: &[u8; 32]) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        known.remove(hash);
    }

    /// Forgets all keys: an organisation has changed.
    pub fn forget_all(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        known.clear();
    }

    /// Writes down when keys were last used; called every few seconds and at the end.
    ///
    /// # Errors
    /// When the database does not answer; the times are kept for the next call.
    pub async fn flush(&self) -> Result<()> {
        let used: Vec<_> = self
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain()
            .collect();
        if used.is_empty() {
            return Ok(());
        }
        let written = self
            .db
            .write(|tx, _| Box::pin(store::touch(tx, &used)))
            .await;
        if written.is_err() {
            let mut waiting = self.used.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, at) in used {
                waiting.entry(id).or_insert(at);
            }
        }
        written
    }
}
