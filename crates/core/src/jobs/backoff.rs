//! How long a failed job waits before its next attempt.

use std::sync::Arc;
use std::time::Duration;

const BASE: Duration = Duration::from_secs(2);
const CAP: Duration = Duration::from_secs(10 * 60);

/// Chooses a pause between nothing and the ceiling it gets.
pub type Jitter = Arc<dyn Fn(Duration) -> Duration + Send + Sync>;

/// Full jitter, which spreads jobs that failed together the furthest.
pub(super) fn full_jitter() -> Jitter {
    Arc::new(|ceiling| rand::random_range(Duration::ZERO..=ceiling))
}

/// The longest pause after this many attempts: 2 s, 4 s, 8 s … 10 min.
pub(super) fn ceiling(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(u32::MAX)
        .min(16);
    BASE.saturating_mul(1 << doublings).min(CAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_ten_minutes() {
        let seconds: Vec<u64> = (1..=12).map(|n| ceiling(n).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
        assert_eq!(ceiling(i64::MAX), CAP);
    }

    #[test]
    fn full_jitter_stays_below_its_ceiling_and_varies() {
        let jitter = full_jitter();
        let pauses: Vec<Duration> = (0..100).map(|_| jitter(CAP)).collect();
        assert!(pauses.iter().all(|pause| *pause <= CAP));
        assert!(pauses.iter().any(|pause| *pause < CAP / 2));
        assert!(pauses.iter().any(|pause| *pause > CAP / 2));
    }
}
