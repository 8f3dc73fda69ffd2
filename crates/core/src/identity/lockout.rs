//! Locking out whoever guesses.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::store;
use crate::audit::Origin;
use crate::{Core, Error, Kind, Result};

/// How many failures within which time lock whom out for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// Its name, before the subjects of its rows.
    pub name: &'static str,
    /// Failures that lock.
    pub failures: i64,
    /// A failure after a pause of this length counts as the first again.
    pub within: Duration,
    /// How long it stays locked.
    pub lasts: Duration,
}

/// No failure counts longer than this.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Operators (TrackOrigin contract, `POST /v1/admin/login`): 3 failures, by address or by
/// browser, 24 hours.
pub(super) const OPERATORS: Policy = Policy {
    name: "operator",
    failures: 3,
    within: LONGEST,
    lasts: Duration::from_secs(24 * 60 * 60),
};

/// People: guessing at one account from one address stops for a while. Not by account alone, or
/// anybody could lock anybody out.
pub(super) const PEOPLE: Policy = Policy {
    name: "person",
    failures: 10,
    within: Duration::from_secs(15 * 60),
    lasts: Duration::from_secs(15 * 60),
};

/// Where somebody is, as far as it can be held against them: an address, or all the addresses of
/// one IPv6 subscriber.
pub(super) fn place(origin: &Origin) -> String {
    match origin.ip.parse() {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Ipv6Addr::from_bits(network).to_string()
        }
        _ => origin.ip.clone(),
    }
}

impl Policy {
    fn subject(self, of: &str) -> String {
        format!("{}:{of}", self.name)
    }

    /// Refuses while any of `subjects` is locked out.
    ///
    /// # Errors
    /// [`Kind::RateLimited`] code `locked_out`, with the time to wait.
    pub(super) async fn check(self, core: &Core, subjects: &[String]) -> Result<()> {
        let now = core.clock.now();
        for of in subjects {
            if let Some(until) = store::locked_until(&core.db, &self.subject(of), now).await? {
                return Err(locked_out(until, now));
            }
        }
        Ok(())
    }

    /// Writes down how an attempt of `subjects` ended, and forgets their failures if it was right.
    /// Whoever guesses many times at once waits here for one verdict after the other, and gets no
    /// more of them than one who guesses in turn.
    ///
    /// # Errors
    /// As [`Policy::check`].
    pub(super) async fn settle(self, core: &Core, subjects: &[String], right: bool) -> Result<()> {
        let now = core.clock.now();
        core.db
            .write(|tx, _| {
                Box::pin(async move {
                    for of in subjects {
                        let subject = self.subject(of);
                        let locked = if right {
                            store::clear_failures(tx, &subject, now).await?
                        } else {
                            let (since, until) = (now - self.within, now + self.lasts);
                            let most = self.failures;
                            store::count_failure(tx, &subject, most, now, since, until).await?
                        };
                        if let Some(until) = locked {
                            return Err(locked_out(until, now));
                        }
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn locked_out(until: DateTime<Utc>, now: DateTime<Utc>) -> Error {
    let wait = until.signed_duration_since(now).num_seconds().max(1);
    let mut error = Error::new(
        Kind::RateLimited,
        "locked_out",
        "Too many failed attempts. Try again later.",
    );
    error.retry_after = u64::try_from(wait).ok();
    error
}
