//! What the checks together are worth.

use crate::verificator::{Finding, Outcome};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The picture is an honest export of the RAW, as far as the evidence reaches.
    Honest,
    /// It is not, and there is a reason that a person can see.
    Refused,
    /// The evidence is too weak for either.
    CannotTell,
}

/// The outcome of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// How probable an honest export is by all evidence, 0 to 1.
    pub confidence: f64,
    /// Every check's say.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Combines the checks: one that failed refuses the picture; where none did, at least one must
    /// have passed.
    pub fn of(findings: Vec<Finding>) -> Self {
        let any = |outcome| findings.iter().any(|f: &Finding| f.outcome == outcome);
        let answer = if any(Outcome::Failed) {
            Answer::Refused
        } else if any(Outcome::Passed) {
            Answer::Honest
        } else {
            Answer::CannotTell
        };
        let lowest = findings.iter().map(|f| f.honest).reduce(f64::min);
        Self {
            answer,
            confidence: lowest.unwrap_or(0.5),
            findings,
        }
    }
}
