//! What the checks together are worth.
//!
//! # The rule
//! 1. A check accuses only with a reason that a person can see: one that failed without any counts
//!    as "cannot tell".
//! 2. One accusation is enough. The verdict is then *refused*, and the probability of an honest
//!    export is that of the gravest accusation: no other check makes up for it.
//! 3. Otherwise the checks' probabilities are pooled, weighted, in log-odds (the logarithmic
//!    opinion pool of Genest and Zidek 1986, which does not count evidence twice where checks
//!    depend on each other). "Cannot tell" enters as its probability near ½ and so pulls the whole
//!    towards ½. A check that does not apply is left out, unless it is one of the three that the
//!    claim rests on (content, exposure, sensor): their absence counts as ½.
//! 4. The verdict is *honest* when the content was found in the RAW and the pooled probability
//!    reaches [`CONVINCED`]; else *cannot tell*, and its probability stays between
//!    1 − [`CONVINCED`] and that: a sure sensor makes nothing known of a picture that cannot be
//!    compared.

use serde_json::{Map, Value};

use crate::geometry::Warp;
use crate::transform::Transform;
use crate::verificator::{Check, Finding, Outcome};

/// The pooled probability from which the picture is called an honest export.
pub const CONVINCED: f64 = 0.7;

/// No single check counts as surer than this, or than one less this.
const SUREST: f64 = 0.995;

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

impl Answer {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Honest => "honest",
            Self::Refused => "refused",
            Self::CannotTell => "cannot_tell",
        }
    }

    /// The answer in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Honest => "The picture is an honest export of this RAW file.",
            Self::Refused => "The picture is not an honest export of this RAW file.",
            Self::CannotTell => {
                "It cannot be told whether the picture is an honest export of this RAW file."
            }
        }
    }
}

/// The outcome of a comparison: the answer, why, and all that was found out on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The answer.
    pub answer: Answer,
    /// How probable an honest export is by all evidence, 0 to 1.
    pub honest: f64,
    /// Why it is not called honest, in sentences; empty when it is.
    pub reasons: Vec<String>,
    /// What every check says, in [`Check::ALL`]'s order.
    pub findings: Vec<Finding>,
    /// The RAW file.
    pub raw: Subject,
    /// The picture.
    pub image: Subject,
    /// How the picture lies on the RAW; `None` when it was not found there.
    pub placement: Option<Placement>,
    /// Which calibration weighed the measurements.
    pub calibration: String,
}

/// One of the two files.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
    /// Width and height, upright.
    pub size: (usize, usize),
    /// What it says about itself.
    pub metadata: Map<String, Value>,
}

/// How the picture was made from the RAW, as far as it was found out.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// From the picture's pixels to those of the RAW frame.
    pub warp: Warp,
    /// What that means.
    pub transform: Transform,
    /// What it means with the lens distortion taken out.
    pub corrected: Transform,
    /// How the tones were changed, where that was explained.
    pub tone: Option<ToneShift>,
    /// Size of the grid on which both were compared.
    pub grid: (usize, usize),
}

/// The change of tones in the words of a development.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneShift {
    /// Exposure in EV relative to a plain development; positive is brighter.
    pub exposure: f64,
    /// The power of the nearest gamma curve: encoded = linear^(1 / power) above its linear toe.
    pub gamma_power: f64,
    /// The slope of its linear toe.
    pub gamma_slope: f64,
}

/// Answer, probability and reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// How probable an honest export is, 0 to 1.
    pub honest: f64,
    /// Why it is not called honest; empty when it is.
    pub reasons: Vec<String>,
}

impl Decision {
    /// Combines the checks by the rule above. An accusation without a reason is turned into
    /// "cannot tell" in `findings` too.
    pub fn of(findings: &mut [Finding]) -> Self {
        for finding in findings.iter_mut() {
            if finding.outcome == Outcome::Failed && finding.reasons.is_empty() {
                finding.outcome = Outcome::CannotTell;
                finding.honest = finding.honest.max(0.4);
            }
        }
        let with = |outcome| findings.iter().filter(move |f| f.outcome == outcome);
        let reasons = |outcome| {
            with(outcome)
                .flat_map(|f| f.reasons.iter().cloned())
                .collect()
        };
        if let Some(honest) = with(Outcome::Failed).map(|f| f.honest).reduce(f64::min) {
            return Self {
                answer: Answer::Refused,
                honest: honest.min(0.5),
                reasons: reasons(Outcome::Failed),
            };
        }
        let honest = pooled(findings);
        let content = with(Outcome::Passed).any(|f| f.check == Check::Structure);
        if content && honest >= CONVINCED {
            return Self {
                answer: Answer::Honest,
                honest,
                reasons: Vec::new(),
            };
        }
        let mut reasons: Vec<String> = reasons(Outcome::CannotTell);
        if reasons.is_empty() {
            reasons.push("The evidence in these two files is too weak.".to_owned());
        }
        Self {
            answer: Answer::CannotTell,
            honest: honest.clamp(1.0 - CONVINCED, CONVINCED),
            reasons,
        }
    }
}

/// The weighted mean of the log-odds, as a probability.
fn pooled(findings: &[Finding]) -> f64 {
    let (mut odds, mut total) = (0.0, 0.0);
    for check in Check::ALL {
        let spoken = findings
            .iter()
            .find(|f| f.check == check && f.outcome != Outcome::NotApplicable);
        let Some(honest) = spoken.map(|f| f.honest).or(essential(check).then_some(0.5)) else {
            continue;
        };
        let p = honest.clamp(1.0 - SUREST, SUREST);
        odds += weight(check) * (p / (1.0 - p)).ln();
        total += weight(check);
    }
    1.0 / (1.0 + (-odds / total).exp())
}

/// What the claim rests on: the picture's content is in the RAW, it is this exposure, and the RAW
/// is a sensor's.
fn essential(check: Check) -> bool {
    matches!(check, Check::Structure | Check::Exposure | Check::Sensor)
}

fn weight(check: Check) -> f64 {
    if essential(check) { 3.0 } else { 1.0 }
}

impl Verdict {
    /// Lumethic's `result`: false exactly when the picture is refused.
    pub fn result(&self) -> bool {
        self.answer != Answer::Refused
    }

    /// Lumethic's `result_confidence`: how probable it is that `result` is right, 0 to 1. Near ½ it
    /// says nothing.
    pub fn confidence(&self) -> f64 {
        confidence(self.result(), self.honest)
    }
}

/// How probable a result is right when an honest export is `honest` probable.
pub fn confidence(result: bool, honest: f64) -> f64 {
    if result { honest } else { 1.0 - honest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(check: Check, outcome: Outcome, honest: f64, reason: &str) -> Finding {
        Finding {
            check,
            outcome,
            honest,
            reasons: Some(reason.to_owned())
                .filter(|r| !r.is_empty())
                .into_iter()
                .collect(),
            values: Default::default(),
            details: Map::new(),
        }
    }

    fn passed(check: Check) -> Finding {
        finding(check, Outcome::Passed, 0.97, "")
    }

    #[test]
    fn when_all_pass_it_is_honest() {
        let mut all = Check::ALL.map(passed);
        let decision = Decision::of(&mut all);
        assert_eq!(decision.answer, Answer::Honest);
        assert!((decision.honest - 0.97).abs() < 1e-9 && decision.reasons.is_empty());
    }

    #[test]
    fn one_accusation_is_enough_and_nothing_makes_up_for_it() {
        let mut all = Check::ALL.map(passed);
        all[1] = finding(Check::Exposure, Outcome::Failed, 0.02, "Another exposure.");
        let decision = Decision::of(&mut all);
        assert_eq!(decision.answer, Answer::Refused);
        assert_eq!(decision.reasons, ["Another exposure."]);
        assert!((decision.honest - 0.02).abs() < 1e-9);
    }

    #[test]
    fn an_accusation_without_a_reason_is_none() {
        let mut all = Check::ALL.map(passed);
        all[3] = finding(Check::Colour, Outcome::Failed, 0.01, "");
        assert_ne!(Decision::of(&mut all).answer, Answer::Refused);
        assert_eq!(all[3].outcome, Outcome::CannotTell);
    }

    #[test]
    fn what_cannot_be_told_pulls_towards_a_half() {
        let mut all = Check::ALL.map(passed);
        let sure = Decision::of(&mut all).honest;
        all[1] = finding(
            Check::Exposure,
            Outcome::CannotTell,
            0.5,
            "Too little noise.",
        );
        let less = Decision::of(&mut all).honest;
        all[5] = finding(Check::Sensor, Outcome::CannotTell, 0.5, "A lossy RAW.");
        let least = Decision::of(&mut all);
        assert!(sure > less && less > least.honest && least.honest > 0.5);
    }

    #[test]
    fn without_any_evidence_nothing_can_be_told() {
        let decision = Decision::of(&mut []);
        assert_eq!(
            (decision.answer, decision.honest),
            (Answer::CannotTell, 0.5)
        );
        assert!(!decision.reasons.is_empty());
        // That metadata agree is no proof of a picture's content.
        let mut words = [passed(Check::Metadata), passed(Check::Hash)];
        assert_eq!(Decision::of(&mut words).answer, Answer::CannotTell);
    }

    #[test]
    fn confidence_is_in_the_result() {
        assert_eq!(confidence(true, 0.9), 0.9);
        assert_eq!(confidence(false, 0.25), 0.75);
    }
}
