//! Turning a presented key into a [`Caller`], cheaply.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Utc};
use colophon_db::{Clock, Db};

use super::{Caller, Credential, KeyKind, parse_secret, store};
use crate::{ApiKeyId, Error, Kind, OrgId, Result};

/// How long an answer of the database is trusted. A revocation on this node is immediate
/// ([`Verifier::forget`]); one made elsewhere holds after at most this long.
const TRUST: Duration = Duration::from_secs(1);
/// Above this many remembered keys the memory is cleared: a bound, not a tuning knob.
const MOST: usize = 100_000;

/// What the database said, and when.
type Seen = (Caller, DateTime<Utc>);

/// What is written down every few seconds.
#[derive(Debug, Default)]
struct Used {
    /// When each key was last shown.
    at: HashMap<ApiKeyId, DateTime<Utc>>,
    /// How often keys were shown since the last time.
    calls: HashMap<Calls, i64>,
}

/// What calls are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Calls {
    pub org_id: OrgId,
    /// The year and the month.
    pub month: (i32, u32),
    pub kind: KeyKind,
}

/// Verifies API keys with a short memory.
#[derive(Debug)]
pub struct Verifier {
    db: Db,
    clock: Clock,
    known: RwLock<HashMap<[u8; 32], Seen>>,
    used: Mutex<Used>,
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
        if let Credential::Key { id, kind, .. } = caller.credential {
            let calls = Calls {
                org_id: caller.org_id,
                month: (now.year(), now.month()),
                kind,
            };
            let mut used = self.used();
            used.at.insert(id, now);
            *used.calls.entry(calls).or_insert(0) += 1;
        }
        Ok(caller)
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Writes down when and how often keys were used; called every few seconds and at the end.
    ///
    /// # Errors
    /// When the database does not answer; what was counted is kept for the next call.
    pub async fn flush(&self) -> Result<()> {
        let Used { at, calls } = std::mem::take(&mut *self.used());
        if at.is_empty() {
            return Ok(());
        }
        // In one order, so that two nodes do not wait for each other's rows.
        let (mut at, mut calls): (Vec<_>, Vec<_>) =
            (at.into_iter().collect(), calls.into_iter().collect());
        at.sort_unstable();
        calls.sort_unstable();
        let written = self
            .db
            .write(|tx, _| {
                let (at, calls) = (&at, &calls);
                Box::pin(async move {
                    store::touch(tx, at).await?;
                    store::count_calls(tx, calls).await
                })
            })
            .await;
        if written.is_err() {
            let mut waiting = self.used();
            for (id, at) in at {
                waiting.at.entry(id).or_insert(at);
            }
            for (of, count) in calls {
                *waiting.calls.entry(of).or_insert(0) += count;
            }
        }
        written
    }
}
