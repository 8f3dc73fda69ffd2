//! Generators by id, remembered for a moment: a busy one signs thousands of records a second.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db};

use super::{Generator, store};
use crate::{GeneratorId, Result};

/// A revocation made on another node holds here after at most this long; the transaction that
/// stores a record checks again.
const TRUST: Duration = Duration::from_secs(1);
const MOST: usize = 10_000;

/// What the database said, and when.
type Seen = (Arc<Generator>, DateTime<Utc>);

/// A short memory of generators and their keys.
#[derive(Debug)]
pub struct Generators {
    db: Db,
    clock: Clock,
    known: RwLock<HashMap<GeneratorId, Seen>>,
}

impl Generators {
    /// A memory that knows nothing yet.
    #[must_use]
    pub fn new(db: Db, clock: Clock) -> Self {
        Self {
            db,
            clock,
            known: RwLock::default(),
        }
    }

    /// The generator, whoever owns it: the caller compares `org_id`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, id: GeneratorId) -> Result<Option<Arc<Generator>>> {
        let now = self.clock.now();
        if let Some(known) = self.remembered(id, now) {
            return Ok(Some(known));
        }
        let Some(generator) = store::find(&self.db, id).await?.map(Arc::new) else {
            return Ok(None);
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(id, (Arc::clone(&generator), now));
        Ok(Some(generator))
    }

    fn remembered(&self, id: GeneratorId, now: DateTime<Utc>) -> Option<Arc<Generator>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (generator, seen) = known.get(&id)?;
        let age = now.signed_duration_since(seen).to_std().ok()?;
        (age < TRUST).then(|| Arc::clone(generator))
    }

    pub(super) fn forget(&self, id: GeneratorId) {
        self.known
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&id);
    }
}
