//! Jobs that come back: each schedule is a row, and whoever moves it on enqueues the job.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use colophon_db::{Clock, Db};

use super::{NewJob, enqueue, store};
use crate::{Error, Result};

/// A job to enqueue again and again, by one of all the machines that know the schedule.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Names the schedule's row.
    pub name: &'static str,
    /// The time between two runs. Runs missed while no worker was up are not made up for.
    pub every: Duration,
    /// Makes the job for a run. Without a unique key of its own it gets the schedule's, so that
    /// runs do not pile up behind a slow one.
    pub job: fn(DateTime<Utc>) -> NewJob,
}

impl Schedule {
    /// Enqueues the job if its time has come; the first time is now. Tells whether it did.
    ///
    /// # Errors
    /// As the database fails.
    pub async fn run(&self, db: &Db, clock: &Clock) -> Result<bool> {
        let now = clock.now();
        let every = interval(self.every);
        let planned = store::next_run(db, self.name).await?;
        if planned.is_some_and(|planned| !is_due(planned, every, now)) {
            return Ok(false);
        }
        let next = next_run(planned.unwrap_or(now), every, now);
        db.write(|tx, _| {
            Box::pin(async move {
                if !store::advance_schedule(tx, self.name, planned, next).await? {
                    return Ok::<_, Error>(false);
                }
                let mut job = (self.job)(now);
                job.unique_key
                    .get_or_insert_with(|| format!("schedule:{}", self.name));
                enqueue(tx, job).await?;
                Ok(true)
            })
        })
        .await
    }
}

fn interval(every: Duration) -> TimeDelta {
    TimeDelta::from_std(every)
        .unwrap_or(TimeDelta::MAX / 4)
        .max(TimeDelta::milliseconds(1))
}

/// A plan far beyond the interval was made when the interval was longer.
fn is_due(planned: DateTime<Utc>, every: TimeDelta, now: DateTime<Utc>) -> bool {
    planned <= now || planned - now > every * 2
}

/// The first time after now that is a whole number of intervals after the planned one.
fn next_run(planned: DateTime<Utc>, every: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    let late = (now - planned).max(TimeDelta::zero());
    let micros = |delta: TimeDelta| delta.num_microseconds().unwrap_or(i64::MAX);
    let over = micros(late) % micros(every).max(1);
    let start = if planned > now {
        now
    } else {
        now - TimeDelta::microseconds(over)
    };
    start
        .checked_add_signed(every)
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_schedule_keeps_its_phase_and_skips_what_it_missed() {
        let minute = TimeDelta::minutes(1);
        assert_eq!(next_run(at(0), minute, at(0)), at(60));
        assert_eq!(next_run(at(0), minute, at(1)), at(60));
        assert_eq!(next_run(at(0), minute, at(605)), at(660));
    }

    #[test]
    fn a_shortened_interval_holds_at_once() {
        let (day, minute) = (TimeDelta::days(1), TimeDelta::minutes(1));
        let planned = next_run(at(0), day, at(0));
        assert!(!is_due(planned, day, at(1)));
        assert!(is_due(planned, minute, at(1)));
        assert_eq!(next_run(planned, minute, at(1)), at(61));
    }
}
