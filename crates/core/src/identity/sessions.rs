//! Turning a presented credential into a [`Session`], cheaply.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db};

use super::session::Session;
use super::store::{self, By};
use crate::{Result, SessionId};

/// How long an answer of the database is trusted; as with API keys, what ends a session on this
/// node forgets it at once.
const TRUST: Duration = Duration::from_secs(1);
/// Above this many remembered sessions the memory is cleared: a bound, not a tuning knob.
const MOST: usize = 100_000;

/// What the database said, and when; nothing for a credential that opens nothing.
type Seen = (Arc<Session>, DateTime<Utc>);

/// Sessions with a short memory.
#[derive(Debug)]
pub struct Sessions {
    db: Db,
    clock: Clock,
    known: RwLock<HashMap<By, Seen>>,
    used: Mutex<HashMap<SessionId, DateTime<Utc>>>,
    /// How often something was forgotten.
    forgotten: AtomicU64,
}

impl Sessions {
    /// A memory that knows nothing yet.
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

    /// The session of a cookie's value, if it still runs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_cookie(&self, value: &str) -> Result<Option<Arc<Session>>> {
        self.find(By::Cookie(crate::fingerprint(value))).await
    }

    /// The session of an id that a valid access token named, if it still runs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of_id(&self, id: SessionId) -> Result<Option<Arc<Session>>> {
        self.find(By::Id(id)).await
    }

    async fn find(&self, by: By) -> Result<Option<Arc<Session>>> {
        let now = self.clock.now();
        let session = match self.remembered(&by, now) {
            Some(session) => session,
            None => {
                let before = self.forgotten.load(Ordering::SeqCst);
                let Some(session) = store::session(&self.db, by, now).await? else {
                    return Ok(None);
                };
                let session = Arc::new(session);
                self.remember(by, &session, now, before);
                session
            }
        };
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(session.id, now);
        Ok(Some(session))
    }

    fn remembered(&self, by: &By, now: DateTime<Utc>) -> Option<Arc<Session>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (session, seen) = known.get(by)?;
        let age = now.signed_duration_since(seen).to_std().ok()?;
        (age < TRUST && session.expires_at > now).then(|| Arc::clone(session))
    }

    /// Keeps what the database said, unless something was forgotten since `before`.
    fn remember(&self, by: By, session: &Arc<Session>, now: DateTime<Utc>, before: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if self.forgotten.load(Ordering::SeqCst) != before {
            return;
        }
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(by, (Arc::clone(session), now));
    }

    /// Forgets one session.
    pub fn forget(&self, id: SessionId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        known.retain(|_, (session, _)| session.id != id);
    }

    /// Forgets all: roles, members or organisations have changed.
    pub fn forget_all(&self) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        known.clear();
    }

    /// Writes down when sessions were last used, and lets a person's last longer for it; called
    /// every few seconds and at the end.
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
            .write(|tx, _| Box::pin(store::touch_sessions(tx, &used)))
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
