//! What the measurements are worth: small monotone models, fitted on labelled pairs.
//!
//! A check has one or more *rules*. A rule weighs a few named measures by a logistic model whose
//! signs are fixed beforehand by what is physically suspicious, so that more of it can never speak
//! for a picture. A rule speaks only where its measures exist and its gates are open. Two
//! operating points cut its scale: below `accuse` the check has failed, from `pass` on it has
//! passed, between them it cannot tell. The points are set with false accusations first.
//!
//! The scale itself is turned into log-odds by three anchors: [`ACCUSED`] at `accuse`, [`PASSED`]
//! at `pass`, and `assured` at the score of a `typical` honest pair. `assured` is what passing is
//! worth: honest pictures are held to be twenty times as frequent as forgeries of the kind the rule
//! looks for, times how much more often they pass.
//!
//! The calibration in force is part of the binary ([`Calibration::embedded`]); `fit` makes a new
//! one, and docs/photo-calibration.md is its report.

mod fit;
mod manifest;
mod report;
mod survey;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use fit::{Fitted, FittedRule, Label, Sample, fit};
pub use manifest::{Manifest, Pair};
pub use report::{markdown, table};
pub use survey::survey;

use crate::verificator::{Check, Finding, Measures, Outcome};

/// The calibration that is part of this build.
const EMBEDDED: &str = include_str!("calibration.json");

/// Log-odds of "honest" at the point of accusation: 19 to 1 against.
const ACCUSED: f64 = -2.944;

/// Log-odds of "honest" at the point from which a check has passed: 4 to 1.
const PASSED: f64 = 1.386;

/// Log-odds of "honest" before anything was seen.
const BEFOREHAND: f64 = 2.996;

/// No rule's log-odds go beyond this, or below its negative: 500 to 1.
const SUREST: f64 = 6.2;

/// Standardised distance from the honest centre beyond which a term says no more.
const FARTHEST: f64 = 12.0;

/// Why a calibration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// Not the JSON of a calibration.
    #[error("the calibration cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A number or a name in it makes no sense.
    #[error("the calibration's rule {rule} is unusable: {reason}")]
    Rule {
        /// Check and name of the rule.
        rule: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

/// All rules in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Version of the engine that measured the pairs.
    pub engine: String,
    /// Which pairs, in words.
    pub data: String,
    /// By name of the check.
    pub checks: BTreeMap<String, Vec<Rule>>,
}

/// A logistic model over a few measures of one check, and where its scale is cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// What it looks for, in a few words.
    pub name: String,
    /// Score at the honest centre of every term.
    pub bias: f64,
    /// The weighed measures. All of them must exist.
    pub terms: Vec<Term>,
    /// It speaks only where all of these hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// Score below which the check has failed; absent where the rule only informs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuse: Option<f64>,
    /// Score from which the check has passed; above `accuse`.
    pub pass: f64,
    /// Median score of honest pairs; above `pass`.
    pub typical: f64,
    /// Log-odds of "honest" at `typical`; at least [`PASSED`].
    pub assured: f64,
    /// Honest pairs it was fitted on.
    pub honest: usize,
    /// Forged pairs it could have seen.
    pub forged: usize,
}

/// One measure in a rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Name of the measure.
    pub measure: String,
    /// Scale on which it is weighed.
    pub form: Form,
    /// Which side is suspicious.
    pub suspicious: Side,
    /// Honest median, on the scale of `form`.
    pub centre: f64,
    /// Honest spread, on the scale of `form`; positive.
    pub scale: f64,
    /// What one spread takes off the score; never negative.
    pub weight: f64,
}

/// Scale of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is.
    Linear,
    /// Logarithm of the value, which is at least 0, plus 10⁻⁴.
    Log,
}

/// Side of a measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Large values.
    High,
    /// Small values.
    Low,
}

/// A condition on a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Name of the measure; where it does not exist the gate is shut.
    pub measure: String,
    /// Smallest value that opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Largest value that opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Form {
    fn of(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log => (value.max(0.0) + 1e-4).ln(),
        }
    }
}

impl Side {
    fn sign(self) -> f64 {
        match self {
            Self::High => 1.0,
            Self::Low => -1.0,
        }
    }
}

impl Term {
    /// How suspicious the value is, in honest spreads beyond the honest centre; negative on the
    /// good side. `None` where it was not measured.
    fn suspicion(&self, values: &BTreeMap<&'static str, f64>) -> Option<f64> {
        let value = values.get(self.measure.as_str())?;
        let away = self.suspicious.sign() * (self.form.of(*value) - self.centre) / self.scale;
        Some(away.clamp(-FARTHEST, FARTHEST))
    }
}

impl Gate {
    fn open(&self, values: &BTreeMap<&'static str, f64>) -> bool {
        values.get(self.measure.as_str()).is_some_and(|v| {
            self.at_least.is_none_or(|least| *v >= least)
                && self.at_most.is_none_or(|most| *v <= most)
        })
    }
}

impl Rule {
    /// The score, larger for honest pictures; `None` where the rule has nothing to say.
    pub fn score(&self, values: &BTreeMap<&'static str, f64>) -> Option<f64> {
        if !self.gates.iter().all(|gate| gate.open(values)) {
            return None;
        }
        self.terms.iter().try_fold(self.bias, |sum, term| {
            Some(sum - term.weight * term.suspicion(values)?)
        })
    }

    /// Log-odds of "honest" at a score.
    pub fn log_odds(&self, score: f64) -> f64 {
        let line = |(x0, y0): (f64, f64), (x1, y1): (f64, f64)| {
            y0 + (y1 - y0) * (score - x0) / (x1 - x0).max(1e-6)
        };
        let pass = (self.pass, PASSED);
        let accuse = (self.accuse.unwrap_or(self.pass - 1.0), ACCUSED);
        let odds = if score < self.pass {
            // who only informs does not speak against
            let least = if self.accuse.is_some() { -SUREST } else { 0.0 };
            line(accuse, pass).max(least)
        } else {
            line(pass, (self.typical, self.assured)).min(self.assured)
        };
        odds.clamp(-SUREST, SUREST)
    }

    /// What it says of a pair, for a verdict's details.
    fn told(&self, score: f64, odds: f64) -> Value {
        let rounded = |x: f64| (x * 1e4).round() / 1e4;
        json!({
            "rule": self.name,
            "score": rounded(score),
            "accuses_below": self.accuse,
            "passes_from": self.pass,
            "honest_probability": rounded(probability(odds)),
        })
    }

    fn check(&self, owner: &str) -> Result<(), CalibrationError> {
        let finite = |t: &Term| [t.centre, t.scale, t.weight].iter().all(|x| x.is_finite());
        let reason = if self.terms.is_empty() {
            "it weighs nothing"
        } else if !self.bias.is_finite() || !self.pass.is_finite() {
            "a number is missing"
        } else if !self.terms.iter().all(finite) {
            "a term's number is not finite"
        } else if self.terms.iter().any(|t| t.scale <= 0.0) {
            "a term's spread is not positive"
        } else if self.terms.iter().any(|t| t.weight < 0.0) {
            "a weight is negative"
        } else if self
            .accuse
            .is_some_and(|a| !a.is_finite() || a >= self.pass)
        {
            "what accuses lies above what passes"
        } else if !(self.typical > self.pass && self.assured >= PASSED) {
            "what is typical lies below what passes"
        } else {
            return Ok(());
        };
        Err(CalibrationError::Rule {
            rule: format!("{owner}/{}", self.name),
            reason,
        })
    }
}

impl Calibration {
    /// Reads and checks a calibration.
    ///
    /// # Errors
    /// When it is not a calibration, names an unknown check, or a rule makes no sense.
    pub fn parse(json: &str) -> Result<Self, CalibrationError> {
        let calibration: Self = serde_json::from_str(json)?;
        for (owner, rules) in &calibration.checks {
            if !Check::ALL.iter().any(|check| check.name() == owner) {
                return Err(CalibrationError::Rule {
                    rule: owner.clone(),
                    reason: "there is no such check",
                });
            }
            rules.iter().try_for_each(|rule| rule.check(owner))?;
        }
        Ok(calibration)
    }

    /// The calibration of this build, read once.
    ///
    /// # Errors
    /// When the file that was built in is malformed.
    pub fn embedded() -> Result<&'static Self, &'static CalibrationError> {
        static PARSED: OnceLock<Result<Calibration, CalibrationError>> = OnceLock::new();
        PARSED.get_or_init(|| Self::parse(EMBEDDED)).as_ref()
    }

    /// Weighs what a check measured.
    ///
    /// The rule that finds the picture least honest speaks for the check. A check without a rule
    /// that applies has no say ([`Outcome::NotApplicable`]). Reasons are kept where the check
    /// failed or cannot tell. `details["rules"]` tells every rule that spoke: its score and the
    /// points that cut it.
    pub fn judge(&self, mut measures: Measures) -> Finding {
        let rules = self.checks.get(measures.check.name());
        let mut lowest: Option<f64> = None;
        let mut all_pass = true;
        let mut accusers = Vec::new();
        let mut told = Vec::new();
        for rule in rules.into_iter().flatten() {
            let Some(score) = rule.score(&measures.values) else {
                continue;
            };
            let odds = rule.log_odds(score);
            told.push(rule.told(score, odds));
            lowest = Some(lowest.map_or(odds, |l| l.min(odds)));
            all_pass &= score >= rule.pass;
            if rule.accuse.is_some_and(|accuse| score < accuse) {
                accusers.push(rule);
            }
        }
        if !told.is_empty() {
            measures.details.insert("rules".to_owned(), told.into());
        }
        let outcome = match lowest {
            None => Outcome::NotApplicable,
            Some(_) if !accusers.is_empty() => Outcome::Failed,
            Some(_) if all_pass => Outcome::Passed,
            Some(_) => Outcome::CannotTell,
        };
        let mut reasons = match outcome {
            Outcome::Failed | Outcome::CannotTell => measures.reasons,
            Outcome::Passed | Outcome::NotApplicable => Vec::new(),
        };
        if outcome == Outcome::Failed && reasons.is_empty() {
            reasons.extend(accusers.iter().map(|rule| rule.words(&measures.values)));
        }
        Finding {
            check: measures.check,
            outcome,
            honest: lowest.map_or(0.5, probability),
            reasons,
            values: measures.values,
            details: measures.details,
        }
    }
}

impl Rule {
    /// The accusation in words, where the check itself gave none.
    fn words(&self, values: &BTreeMap<&'static str, f64>) -> String {
        let seen: Vec<String> = self
            .terms
            .iter()
            .filter_map(|t| {
                let value = values.get(t.measure.as_str())?;
                Some(format!("{} is {value:.4}", t.measure.replace('_', " ")))
            })
            .collect();
        format!(
            "{}: {}, beyond the {} honest exports it was calibrated on.",
            self.name,
            seen.join(", "),
            self.honest
        )
    }
}

/// Log-odds to probability.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(accuse: Option<f64>, pass: f64) -> Rule {
        Rule {
            name: "changed place".into(),
            bias: 4.0,
            terms: vec![Term {
                measure: "area".into(),
                form: Form::Linear,
                suspicious: Side::High,
                centre: 1.0,
                scale: 0.5,
                weight: 2.0,
            }],
            gates: vec![Gate {
                measure: "light".into(),
                at_least: Some(0.2),
                at_most: None,
            }],
            accuse,
            pass,
            typical: 4.0,
            assured: 4.0,
            honest: 10,
            forged: 5,
        }
    }

    fn calibration(rule: Rule) -> Calibration {
        Calibration {
            engine: "test".into(),
            data: String::new(),
            checks: BTreeMap::from([("structure".to_owned(), vec![rule])]),
        }
    }

    fn measured(area: f64, light: f64) -> Measures {
        let mut m = Measures::new(Check::Structure);
        m.value("area", area);
        m.value("light", light);
        m.reasons.push("a place differs".into());
        m
    }

    #[test]
    fn the_points_divide_failed_cannot_tell_and_passed() {
        let c = calibration(rule(Some(-1.0), 2.0));
        let outcome = |area| c.judge(measured(area, 1.0)).outcome;
        assert_eq!(outcome(1.0), Outcome::Passed);
        assert_eq!(outcome(2.0), Outcome::CannotTell);
        assert_eq!(outcome(2.5), Outcome::Failed);
        assert!(c.judge(measured(1.0, 1.0)).reasons.is_empty());
        assert_eq!(
            c.judge(measured(3.0, 1.0)).reasons,
            ["a place differs".to_owned()]
        );
    }

    #[test]
    fn a_rule_that_does_not_apply_has_no_say() {
        let c = calibration(rule(Some(-1.0), 2.0));
        let shut = c.judge(measured(9.0, 0.1));
        assert_eq!(shut.outcome, Outcome::NotApplicable);
        assert!((shut.honest - 0.5).abs() < 1e-12);
        let other = c.judge(Measures::new(Check::Chain));
        assert_eq!(other.outcome, Outcome::NotApplicable);
        assert_eq!(
            c.judge(Measures::new(Check::Structure)).outcome,
            Outcome::NotApplicable
        );
    }

    #[test]
    fn an_accusation_always_says_why() {
        let c = calibration(rule(Some(-1.0), 2.0));
        let mut m = measured(3.0, 1.0);
        m.reasons.clear();
        let finding = c.judge(m);
        assert_eq!(finding.outcome, Outcome::Failed);
        assert!(finding.reasons[0].contains("area is 3.0000"), "{finding:?}");
    }

    #[test]
    fn more_of_what_is_suspicious_is_never_better() {
        let r = rule(None, 2.0);
        let odds = |area| {
            let score = r.score(&measured(area, 1.0).values);
            score.map_or(f64::INFINITY, |s| r.log_odds(s))
        };
        let scale: Vec<f64> = (0..40).map(|i| odds(f64::from(i) * 0.3)).collect();
        assert!(scale.windows(2).all(|w| w[1] <= w[0]));
        assert!(scale[39] > -1e-9, "a rule that only informs spoke against");
    }

    #[test]
    fn the_points_stand_for_their_log_odds() {
        let r = rule(Some(-1.0), 2.0);
        assert!((r.log_odds(-1.0) - ACCUSED).abs() < 1e-9);
        assert!((r.log_odds(2.0) - PASSED).abs() < 1e-9);
        assert!((r.log_odds(4.0) - 4.0).abs() < 1e-9);
        assert!((r.log_odds(9.0) - 4.0).abs() < 1e-9);
        assert!(r.log_odds(-50.0) >= -SUREST);
    }

    #[test]
    fn a_calibration_without_sense_is_refused() {
        let refused = |change: &dyn Fn(&mut Rule)| {
            let mut r = rule(Some(-1.0), 2.0);
            change(&mut r);
            let json = serde_json::to_string(&calibration(r)).unwrap_or_default();
            Calibration::parse(&json).is_err()
        };
        assert!(!refused(&|_| {}));
        assert!(refused(&|r| r.terms.clear()));
        assert!(refused(&|r| r.terms[0].weight = -0.1));
        assert!(refused(&|r| r.terms[0].scale = 0.0));
        assert!(refused(&|r| r.accuse = Some(3.0)));
        assert!(refused(&|r| r.typical = 1.0));
        assert!(Calibration::parse("{}").is_err());
        let unknown = r#"{"engine":"","data":"","checks":{"aura":[]}}"#;
        assert!(Calibration::parse(unknown).is_err());
    }

    #[test]
    fn the_calibration_of_this_build_is_sound() {
        let c = Calibration::embedded().expect("calibration.json");
        let again = serde_json::to_string(c).unwrap();
        assert_eq!(&Calibration::parse(&again).unwrap(), c);
    }
}
