//! The only place that reads the time or makes an id.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

/// UTC time in whole microseconds, which is what both engines store.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds since 1970 that a test has set; the system's time when absent.
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still until [`Clock::advance`] moves it, for tests.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self {
            set: Some(Arc::new(AtomicI64::new(at.timestamp_micros()))),
        }
    }

    /// The time now.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the place that may")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.set {
            Some(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
            None => Utc::now().trunc_subsecs(6),
        }
    }

    /// Moves a fixed clock forward; has no effect on the system's.
    pub fn advance(&self, by: Duration) {
        if let Some(micros) = &self.set {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            micros.fetch_add(by, Ordering::SeqCst);
        }
    }
}

/// Makes UUIDv7 ids (RFC 9562 §5.7): unique, and sorted by the time they were made.
#[derive(Clone, Debug, Default)]
pub struct IdGenerator;

impl IdGenerator {
    /// A new id.
    #[must_use]
    pub fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}
