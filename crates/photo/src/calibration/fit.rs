//! From labelled pairs to rules.
//!
//! Weights: logistic regression with an L2 penalty and weights that cannot be negative, by
//! coordinate descent on the usual quadratic upper bound (Böhning 1992): it never increases the
//! loss and needs no step size. Honest and forged pairs count equally in sum.
//!
//! Points: every RAW is left out in turn, its pairs scored by the model of the others; the points
//! are set on those scores, so that they allow for a camera and a scene that were not seen.
#![allow(
    clippy::indexing_slicing,
    reason = "loops over a design matrix whose rows all have one length"
)]

use std::collections::{BTreeMap, BTreeSet};

use super::{Calibration, Form, Gate, Rule, Side, Term};
use crate::verificator::{Check, Measures};

mod models;

use models::{MODELS, Model};

/// What is known of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// An honest export.
    Honest,
    /// A forgery.
    Forged,
}

/// A labelled pair with what was measured on it.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Name of the pair.
    pub id: String,
    /// Name of the RAW: pairs of one RAW are left out together.
    pub raw: String,
    /// What is known of it.
    pub label: Label,
    /// Family of edit or forgery.
    pub family: String,
    /// Kind of edit or forgery.
    pub kind: String,
    /// Share of the picture that was changed, for a local forgery.
    pub area: Option<f64>,
    /// What the checks measured.
    pub measures: Vec<Measures>,
    /// Was there enough to see in both, and yet the picture nowhere in the RAW? That is refused
    /// without any calibration.
    pub elsewhere: bool,
}

/// A fitted rule with the scores that its points were set on.
#[derive(Clone, Debug)]
pub struct FittedRule {
    /// Whose rule it is.
    pub check: Check,
    /// The rule.
    pub rule: Rule,
    /// Log-odds of honest pairs by a model that did not see their RAW: (number of the sample, score).
    pub honest: Vec<(usize, f64)>,
    /// The same for the forgeries that the rule could see.
    pub forged: Vec<(usize, f64)>,
}

/// A new calibration and what it stands on.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// To be checked in.
    pub calibration: Calibration,
    /// For the report.
    pub rules: Vec<FittedRule>,
}

/// Honest pairs below which a rule is not fitted.
const LEAST_HONEST: usize = 20;
/// Forged pairs below which a rule is not fitted.
const LEAST_FORGED: usize = 4;
/// Penalty on squared weights, in pairs.
const PENALTY: f64 = 1.0;
/// What a false accusation weighs against a forgery caught, as shares of their kinds.
const FALSE_ACCUSATION: f64 = 100.0;
/// How far below the lowest honest score of its own model a rule accuses at most.
const MARGIN: f64 = 0.1;
/// Log-odds above which nobody is accused, whatever the pairs say.
const NEVER_ABOVE: f64 = -0.5;

/// Fits every rule that the samples can carry. `data` describes the pairs.
pub fn fit(samples: &[Sample], engine: &str, data: &str) -> Fitted {
    let rules: Vec<FittedRule> = MODELS.iter().filter_map(|m| fit_rule(m, samples)).collect();
    let mut checks: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    for fitted in &rules {
        let owner = fitted.check.name().to_owned();
        checks.entry(owner).or_default().push(fitted.rule.clone());
    }
    Fitted {
        calibration: Calibration {
            engine: engine.to_owned(),
            data: data.to_owned(),
            checks,
        },
        rules,
    }
}

/// One pair as a model sees it.
struct Row {
    sample: usize,
    honest: bool,
    /// On the scales of the terms' forms.
    values: Vec<f64>,
}

fn fit_rule(model: &Model, samples: &[Sample]) -> Option<FittedRule> {
    let rows: Vec<Row> = samples
        .iter()
        .enumerate()
        .filter_map(|(i, s)| row(model, i, s))
        .collect();
    let count = |honest| rows.iter().filter(|r| r.honest == honest).count();
    let (honest, forged) = (count(true), count(false));
    if honest < LEAST_HONEST || forged < LEAST_FORGED {
        return None;
    }
    let mut rule = weigh(model, &rows.iter().collect::<Vec<_>>());
    if rule.terms.iter().all(|t| t.weight < 1e-3) {
        // what separates nothing has no say
        return None;
    }
    let groups: BTreeSet<&str> = rows
        .iter()
        .map(|r| samples[r.sample].raw.as_str())
        .collect();
    let mut scores: [Vec<(usize, f64)>; 2] = [Vec::new(), Vec::new()];
    for group in groups {
        let of_group = |r: &&Row| samples[r.sample].raw == group;
        let others: Vec<&Row> = rows.iter().filter(|r| !of_group(r)).collect();
        let without = weigh(model, &others);
        for r in rows.iter().filter(of_group) {
            scores[usize::from(r.honest)].push((r.sample, score(&without, &r.values)));
        }
    }
    let [mut forged_scores, mut honest_scores] = scores;
    forged_scores.sort_by_key(|(i, _)| *i);
    honest_scores.sort_by_key(|(i, _)| *i);
    let (honest_sorted, forged_sorted) = (sorted(&honest_scores), sorted(&forged_scores));
    let (accuse, pass) = points(&honest_sorted, &forged_sorted);
    // The model of all RAWs is another one than those that were scored: it accuses no honest pair.
    let honest_rows = rows.iter().filter(|r| r.honest);
    let lowest = honest_rows.map(|r| score(&rule, &r.values));
    let accuse = accuse.min(lowest.fold(f64::MAX, f64::min) - MARGIN);
    rule.accuse = model.accuses.then_some(accuse);
    rule.pass = pass;
    rule.typical = quantile(&honest_sorted, 0.5).max(pass + 0.1);
    // one forgery more than were seen to pass: no absence is certain
    let passing = |scores: &[f64]| (scores.len() - scores.partition_point(|s| *s < pass)) as f64;
    let share = |scores: &[f64]| (passing(scores) + 1.0) / (scores.len() as f64 + 2.0);
    let more_often = (share(&honest_sorted) / share(&forged_sorted)).ln();
    rule.assured = (super::BEFOREHAND + more_often).clamp(super::PASSED, super::SUREST);
    rule.honest = honest;
    rule.forged = forged;
    Some(FittedRule {
        check: model.check,
        rule: rounded(rule),
        honest: honest_scores,
        forged: forged_scores,
    })
}

fn row(model: &Model, index: usize, sample: &Sample) -> Option<Row> {
    let honest = sample.label == Label::Honest;
    if !honest && !(model.sees)(sample) {
        return None;
    }
    let measures = sample.measures.iter().find(|m| m.check == model.check)?;
    if !gates(model).iter().all(|gate| gate.open(&measures.values)) {
        return None;
    }
    let values = model
        .terms
        .iter()
        .map(|t| measures.values.get(t.0).map(|v| t.1.of(*v)))
        .collect::<Option<Vec<f64>>>()?;
    Some(Row {
        sample: index,
        honest,
        values,
    })
}

fn gates(model: &Model) -> Vec<Gate> {
    model
        .gates
        .iter()
        .map(|(measure, at_least, at_most)| Gate {
            measure: (*measure).to_owned(),
            at_least: *at_least,
            at_most: *at_most,
        })
        .collect()
}

/// The rule of these rows, without points.
fn weigh(model: &Model, rows: &[&Row]) -> Rule {
    let mut terms: Vec<Term> = model
        .terms
        .iter()
        .enumerate()
        .map(|(k, (measure, form, suspicious))| {
            let honest = rows.iter().filter(|r| r.honest).map(|r| r.values[k]);
            let all = rows.iter().map(|r| r.values[k]);
            let (centre, scale) = centre_and_spread(honest.collect(), all.collect());
            Term {
                measure: (*measure).to_owned(),
                form: *form,
                suspicious: *suspicious,
                centre,
                scale,
                weight: 0.0,
            }
        })
        .collect();
    let design: Vec<Vec<f64>> = rows
        .iter()
        .map(|r| {
            terms
                .iter()
                .zip(&r.values)
                .map(|(t, v)| suspicion(t, *v))
                .collect()
        })
        .collect();
    let honest: Vec<bool> = rows.iter().map(|r| r.honest).collect();
    let (bias, weights) = logistic(&design, &honest, terms.len());
    for (term, weight) in terms.iter_mut().zip(weights) {
        term.weight = weight;
    }
    Rule {
        name: model.name.to_owned(),
        bias,
        terms,
        gates: gates(model),
        accuse: None,
        pass: 0.0,
        typical: 0.0,
        assured: 0.0,
        honest: 0,
        forged: 0,
    }
}

fn suspicion(term: &Term, value: f64) -> f64 {
    let away = term.suspicious.sign() * (value - term.centre) / term.scale;
    away.clamp(-super::FARTHEST, super::FARTHEST)
}

fn score(rule: &Rule, values: &[f64]) -> f64 {
    let sum: f64 = rule
        .terms
        .iter()
        .zip(values)
        .map(|(t, v)| t.weight * suspicion(t, *v))
        .sum();
    rule.bias - sum
}

/// Median and a spread that neither a few failures nor many equal values can spoil: the larger of
/// the interquartile range and the range between the 2nd and the 98th percentile, as for a normal
/// distribution, and at least so large that all pairs fit into half of [`super::FARTHEST`].
fn centre_and_spread(mut honest: Vec<f64>, mut all: Vec<f64>) -> (f64, f64) {
    honest.sort_by(f64::total_cmp);
    all.sort_by(f64::total_cmp);
    let between = |v: &[f64], low, high| quantile(v, high) - quantile(v, low);
    let quartiles = between(&honest, 0.25, 0.75) / 1.349;
    let tails = between(&honest, 0.02, 0.98) / 4.107;
    let whole = between(&all, 0.02, 0.98) / (super::FARTHEST / 2.0);
    let spread = quartiles.max(tails).max(whole).max(1e-3);
    (quantile(&honest, 0.5), spread)
}

/// Quantile of sorted values; 0 where there are none.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let at = q * last as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (at - at.floor())
}

/// Bias and weights (never negative) of "honest = bias − Σ weight · suspicion".
fn logistic(design: &[Vec<f64>], honest: &[bool], terms: usize) -> (f64, Vec<f64>) {
    let n_honest = honest.iter().filter(|h| **h).count().max(1) as f64;
    let n_forged = honest.iter().filter(|h| !**h).count().max(1) as f64;
    let half = (n_honest + n_forged) / 2.0;
    let importance = |h: bool| half / if h { n_honest } else { n_forged };
    let (mut bias, mut weights) = (0.0, vec![0.0; terms]);
    let mut odds = vec![0.0; design.len()];
    for _ in 0..600 {
        for k in 0..=terms {
            let x = |row: &[f64]| if k == terms { 1.0 } else { -row[k] };
            let (mut slope, mut bound) = (0.0, 0.0);
            for ((row, h), o) in design.iter().zip(honest).zip(&odds) {
                let x = x(row);
                slope += importance(*h) * x * (f64::from(u8::from(*h)) - super::probability(*o));
                bound += importance(*h) * x * x / 4.0;
            }
            let change = if k == terms {
                slope / bound.max(1e-9)
            } else {
                let free = weights[k] + (slope - PENALTY * weights[k]) / (bound + PENALTY);
                free.max(0.0) - weights[k]
            };
            if k == terms {
                bias += change;
            } else {
                weights[k] += change;
            }
            for (row, o) in design.iter().zip(&mut odds) {
                *o += change * x(row);
            }
        }
    }
    (bias, weights)
}

fn sorted(scores: &[(usize, f64)]) -> Vec<f64> {
    let mut s: Vec<f64> = scores.iter().map(|(_, x)| *x).collect();
    s.sort_by(f64::total_cmp);
    s
}

/// Where to accuse and where to pass, on scores of pairs whose RAW the model did not see.
///
/// A false accusation costs [`FALSE_ACCUSATION`] times a missed forgery. Between two scores that
/// cost the same the point stays two thirds of the way from the honest side. A picture passes
/// from where less than one in twenty of the visible forgeries lies, or where all but one in fifty
/// of the honest do, whichever is lower.
fn points(honest: &[f64], forged: &[f64]) -> (f64, f64) {
    let below = |scores: &[f64], t: f64| scores.partition_point(|s| *s < t) as f64;
    let (nh, nf) = (honest.len().max(1) as f64, forged.len().max(1) as f64);
    let mut all: Vec<f64> = honest.iter().chain(forged).copied().collect();
    all.sort_by(f64::total_cmp);
    let lowest = all.first().copied().unwrap_or(0.0);
    let mut best = (0.0, lowest - 1.0);
    for pair in all.windows(2) {
        let cut = pair[0] + (pair[1] - pair[0]) / 3.0;
        if pair[1] <= pair[0] || cut > NEVER_ABOVE {
            continue;
        }
        let gain = below(forged, cut) / nf - FALSE_ACCUSATION * below(honest, cut) / nh;
        if gain > best.0 {
            best = (gain, cut);
        }
    }
    let accuse = best.1.min(NEVER_ABOVE);
    let pass = quantile(forged, 0.95)
        .min(quantile(honest, 0.02))
        .max(accuse + 0.1);
    (accuse, pass)
}

/// Five significant digits are what the pairs can carry, and keep the file readable.
fn rounded(mut rule: Rule) -> Rule {
    let round = |x: f64| format!("{x:.4e}").parse().unwrap_or(x);
    rule.bias = round(rule.bias);
    rule.accuse = rule.accuse.map(round);
    rule.pass = round(rule.pass);
    rule.typical = round(rule.typical);
    rule.assured = round(rule.assured);
    for term in &mut rule.terms {
        term.centre = round(term.centre);
        term.scale = round(term.scale);
        term.weight = round(term.weight);
    }
    rule
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_what_separates_and_are_never_negative() {
        let design: Vec<Vec<f64>> = (0..200)
            .map(|i| {
                let away = if i < 100 { 0.0 } else { 4.0 };
                let wobble = f64::from(i % 7) / 7.0 - 0.5;
                // The second measure is better (lower) for forgeries: it must get no weight.
                vec![away + wobble, wobble - away]
            })
            .collect();
        let honest: Vec<bool> = (0..200).map(|i| i < 100).collect();
        let (bias, weights) = logistic(&design, &honest, 2);
        assert!(weights[0] > 0.5, "{weights:?}");
        assert!(weights[1].abs() < 1e-12, "{weights:?}");
        let right = design
            .iter()
            .zip(&honest)
            .filter(|(row, h)| (bias - weights[0] * row[0] > 0.0) == **h)
            .count();
        assert_eq!(right, 200);
    }

    #[test]
    fn an_honest_outlier_is_worth_more_than_a_few_forgeries() {
        let honest: Vec<f64> = (0..100)
            .map(|i| {
                if i == 0 {
                    -3.0
                } else {
                    2.0 + f64::from(i) / 100.0
                }
            })
            .collect();
        let forged = [-6.0, -5.0, -4.0, -2.0, -1.0];
        let (accuse, pass) = points(&honest, &forged);
        assert!(accuse < -3.0 && accuse > -4.0, "{accuse}");
        assert!(pass > accuse);
        // A separation without a mixed region: the point keeps its distance from the honest.
        let (accuse, _) = points(&honest[1..], &forged);
        assert!(accuse <= NEVER_ABOVE, "{accuse}");
    }

    #[test]
    fn quantiles_interpolate() {
        let v = [0.0, 1.0, 2.0, 3.0];
        assert!((quantile(&v, 0.5) - 1.5).abs() < 1e-12);
        assert!((quantile(&v, 1.0) - 3.0).abs() < 1e-12);
        assert!(quantile(&[], 0.5).abs() < 1e-12);
    }
}
