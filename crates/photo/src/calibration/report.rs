//! The report of a calibration, in Markdown: distributions, operating points, what failed.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::fit::{Fitted, FittedRule, Label, Sample, quantile};
use super::{Calibration, probability};
use crate::verificator::Outcome;

/// Bins of a histogram.
const BINS: usize = 24;

/// Writes the report: every rule with the scores its points were set on, then what the whole
/// calibration says of `samples` by family, and each pair it was wrong about.
pub fn markdown(fitted: &Fitted, samples: &[Sample]) -> String {
    let mut out = String::new();
    let c = &fitted.calibration;
    line(&mut out, format_args!("Engine {}. {}\n", c.engine, c.data));
    for rule in &fitted.rules {
        one_rule(&mut out, rule, samples);
    }
    out
}

/// What the calibration alone says of every pair, family by family: a pair is refused when a check
/// fails. The last column names the pairs it was wrong about.
pub fn table(calibration: &Calibration, samples: &[Sample]) -> String {
    let mut families: BTreeMap<(bool, &str), (usize, usize, Vec<String>)> = BTreeMap::new();
    for sample in samples {
        let failed: Vec<&str> = failing(calibration, sample);
        let forged = sample.label == Label::Forged;
        let row = families.entry((forged, &sample.family)).or_default();
        row.0 += 1;
        if failed.is_empty() != forged {
            row.1 += 1;
        } else {
            let by = if forged {
                String::new()
            } else {
                format!(" ({})", failed.join(", "))
            };
            row.2.push(format!("{}{by}", sample.id));
        }
    }
    let mut out = String::from("| | family | right | wrong |\n|---|---|---|---|\n");
    for ((forged, family), (all, right, wrong)) in &families {
        let label = if *forged { "forged" } else { "honest" };
        let wrong = if wrong.is_empty() {
            "–".to_owned()
        } else {
            wrong.join(", ")
        };
        line(
            &mut out,
            format_args!("| {label} | {family} | {right}/{all} | {wrong} |"),
        );
    }
    out
}

/// Names of the checks that fail on a sample.
fn failing(calibration: &Calibration, sample: &Sample) -> Vec<&'static str> {
    let elsewhere = sample.elsewhere.then_some("not found in the RAW");
    let failed = sample
        .measures
        .iter()
        .filter(|m| calibration.judge((*m).clone()).outcome == Outcome::Failed)
        .map(|m| m.check.name());
    elsewhere.into_iter().chain(failed).collect()
}

fn one_rule(out: &mut String, fitted: &FittedRule, samples: &[Sample]) {
    let rule = &fitted.rule;
    line(
        out,
        format_args!("\n### {}: {}\n", fitted.check.name(), rule.name),
    );
    let terms: Vec<String> = rule
        .terms
        .iter()
        .map(|t| {
            format!(
                "`{}` ({:?}, suspicious when {:?}; centre {}, spread {}, weight {})",
                t.measure, t.form, t.suspicious, t.centre, t.scale, t.weight
            )
        })
        .collect();
    line(out, format_args!("Weighs {}.", terms.join("; ")));
    for gate in &rule.gates {
        let least = gate.at_least.map(|v| format!(" from {v}"));
        let most = gate.at_most.map(|v| format!(" up to {v}"));
        line(
            out,
            format_args!(
                "Speaks only where `{}` is there{}{}.",
                gate.measure,
                least.unwrap_or_default(),
                most.unwrap_or_default()
            ),
        );
    }
    let honest = scores(&fitted.honest);
    let forged = scores(&fitted.forged);
    line(
        out,
        format_args!(
            "{} honest pairs, {} forgeries it could see. Scores are by the model of the other RAWs; a \
             typical honest pair counts as {:.1} % honest.\n",
            honest.len(),
            forged.len(),
            100.0 * probability(rule.assured)
        ),
    );
    histogram(out, rule.accuse, rule.pass, &honest, &forged);
    let share =
        |s: &[f64], t: f64| 100.0 * s.partition_point(|x| *x < t) as f64 / s.len().max(1) as f64;
    line(
        out,
        format_args!(
            "\n| point | score | probability | honest below | forged below |\n|---|---|---|---|---|"
        ),
    );
    let mut points = vec![
        ("no honest pair below".to_owned(), quantile(&honest, 0.0)),
        ("1 % of honest below".to_owned(), quantile(&honest, 0.01)),
        ("5 % of honest below".to_owned(), quantile(&honest, 0.05)),
        ("passes from".to_owned(), rule.pass),
    ];
    if let Some(accuse) = rule.accuse {
        points.insert(0, ("**accuses below**".to_owned(), accuse));
    }
    for (name, t) in points {
        line(
            out,
            format_args!(
                "| {name} | {t:.2} | {:.3} | {:.1} % | {:.1} % |",
                probability(rule.log_odds(t)),
                share(&honest, t),
                share(&forged, t)
            ),
        );
    }
    let Some(accuse) = rule.accuse else {
        line(out, format_args!("\nIt informs and never refuses."));
        return;
    };
    let named = |scores: &[(usize, f64)], keep: &dyn Fn(f64) -> bool| {
        let names: Vec<&str> = scores
            .iter()
            .filter(|(_, s)| keep(*s))
            .filter_map(|(i, _)| samples.get(*i).map(|s| s.id.as_str()))
            .collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    line(
        out,
        format_args!(
            "\nAccused wrongly: {}. Not accused: {}.",
            named(&fitted.honest, &|s| s < accuse),
            named(&fitted.forged, &|s| s >= accuse)
        ),
    );
}

fn scores(of: &[(usize, f64)]) -> Vec<f64> {
    let mut s: Vec<f64> = of.iter().map(|(_, x)| *x).collect();
    s.sort_by(f64::total_cmp);
    s
}

/// Both distributions side by side; `!` marks bins that are accused, `?` those that cannot tell.
fn histogram(out: &mut String, accuse: Option<f64>, pass: f64, honest: &[f64], forged: &[f64]) {
    let lowest = quantile(honest, 0.0).min(quantile(forged, 0.0)).max(-20.0);
    let highest = quantile(honest, 1.0).max(quantile(forged, 1.0)).min(20.0);
    let width = ((highest - lowest) / BINS as f64).max(1e-3);
    let bar = |scores: &[f64], bin: usize| {
        let from = if bin == 0 {
            f64::MIN
        } else {
            lowest + width * bin as f64
        };
        let to = if bin + 1 == BINS {
            f64::MAX
        } else {
            lowest + width * (bin + 1) as f64
        };
        let n = scores.partition_point(|s| *s < to) - scores.partition_point(|s| *s < from);
        let length = (n * 34).div_ceil(scores.len().max(1)).min(34);
        (n, "█".repeat(length))
    };
    line(out, format_args!("```text"));
    line(out, format_args!("   score  {:<40} forged", "honest"));
    for bin in 0..BINS {
        let from = lowest + width * bin as f64;
        let ((nh, h), (nf, f)) = (bar(honest, bin), bar(forged, bin));
        if nh + nf == 0 {
            continue;
        }
        let mark = if accuse.is_some_and(|a| from < a) {
            '!'
        } else if from < pass {
            '?'
        } else {
            ' '
        };
        line(
            out,
            format_args!("{from:>7.2} {mark} {nh:>4} {h:<34} {nf:>4} {f}"),
        );
    }
    line(out, format_args!("```"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
