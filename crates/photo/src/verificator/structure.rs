//! Is what the picture shows in the RAW, everywhere?
//!
//! Measures, all without a unit:
//! - `region_evidence`: the strongest place's gathered log-likelihood ratio, as `ln(1 + nats)`;
//! - `region_area`: its share of the picture, 0..1;
//! - `region_survival`: its correlation with the RAW over the expected one (1 as everywhere,
//!   0 nothing of the RAW);
//! - `region_expected`: the correlation that was expected there: how much the place can tell;
//! - `region_strength`: mean nats a cell;
//! - `invented_…`: the same five for the strongest place whose finest detail is made up
//!   (regenerated or upscaled); its survival is that of the exposure's noise;
//! - `changed_share`: share of the picture in all places that deviate strongly;
//! - `detail_fine`, `detail_middle`, `detail_coarse`: median correlation of textured tiles, finest
//!   band first;
//! - `displaced_share`, `displaced_median`: share of the surely seen blocks that lie more than a
//!   pixel from where the warp puts them, and the median displacement in pixels (parallax);
//! - `colourfulness`: mean difference of the picture's channels, 0..1; in black and white the mix
//!   of the RAW's colours is only roughly known;
//! - `judged_share`: share of the picture that can be judged at all.
#![allow(
    clippy::indexing_slicing,
    reason = "cells of one map, indexed by the map's own size"
)]

use serde_json::{Value, json};

use super::{Check, Measures};
use crate::evidence::scan::Region;
use crate::evidence::{CELL, Evidence};
use crate::register::Registration;

const REGION: [&str; 5] = [
    "region_evidence",
    "region_area",
    "region_survival",
    "region_expected",
    "region_strength",
];

const INVENTED: [&str; 5] = [
    "invented_evidence",
    "invented_area",
    "invented_survival",
    "invented_expected",
    "invented_strength",
];

/// A place is worth telling from this survival down.
const TELLING: f64 = 0.6;

/// Measures structure.
pub fn measure(evidence: &Evidence, registration: &Registration) -> Measures {
    let mut out = places(evidence);
    out.value("displaced_share", registration.residual_above_1);
    out.value("displaced_median", registration.residual_median);
    out
}

/// What the evidence alone gives.
pub(crate) fn places(evidence: &Evidence) -> Measures {
    let mut out = Measures::new(Check::Structure);
    out.value("judged_share", evidence.judged_share);
    out.value("colourfulness", evidence.colourfulness);
    let names = [
        "detail_finest",
        "detail_fine",
        "detail_middle",
        "detail_coarse",
        "detail_coarsest",
    ];
    for (name, expectation) in names.into_iter().zip(&evidence.expectations) {
        out.value(name, f64::from(expectation.textured_median));
    }
    let size = (
        evidence.deviation.width * evidence.cell_in_rendition,
        evidence.deviation.height * evidence.cell_in_rendition,
    );
    for (names, region) in [
        (REGION, evidence.regions.first()),
        (INVENTED, evidence.invented.first()),
    ] {
        out.value(names[0], region.map_or(0.0, |r| r.evidence.ln_1p()));
        out.value(names[1], region.map_or(0.0, |r| r.area));
        out.value(names[2], region.map_or(1.0, |r| r.survival));
        out.value(names[3], region.map_or(0.0, |r| r.expected));
        out.value(names[4], region.map_or(0.0, |r| r.strength));
    }
    let changed: f64 = evidence
        .regions
        .iter()
        .filter(|r| r.survival < TELLING)
        .map(|r| r.area)
        .sum();
    out.value("changed_share", changed.max(0.0));
    for region in evidence.regions.iter().filter(|r| r.survival < TELLING) {
        out.reasons
            .push(words(region, evidence.cell_in_rendition, size));
    }
    let regions: Vec<Value> = evidence
        .regions
        .iter()
        .map(|r| {
            let (left, top, right, bottom) = in_pixels(r, evidence.cell_in_rendition);
            json!({
                "left": left, "top": top, "width": right - left, "height": bottom - top,
                "area_percent": 100.0 * r.area,
                "pixels": r.cells.len() * evidence.cell_in_rendition.pow(2),
                "survival": r.survival, "expected_correlation": r.expected, "evidence": r.evidence,
            })
        })
        .collect();
    out.details.insert("regions".into(), regions.into());
    out.details.insert("cell".into(), CELL.into());
    out
}

fn in_pixels(region: &Region, cell: usize) -> (usize, usize, usize, usize) {
    let (left, top, right, bottom) = region.bounds;
    (left * cell, top * cell, right * cell, bottom * cell)
}

fn words(region: &Region, cell: usize, (width, height): (usize, usize)) -> String {
    let (left, top, right, bottom) = in_pixels(region, cell);
    let third = |middle: usize, whole: usize| (middle * 3 / whole.max(1)).min(2);
    let place = [
        ["upper left", "upper middle", "upper right"],
        ["middle left", "centre", "middle right"],
        ["lower left", "lower middle", "lower right"],
    ][third(usize::midpoint(top, bottom), height)][third(usize::midpoint(left, right), width)];
    format!(
        "In the {place} ({} × {} pixels from {left}, {top}; {:.1} % of the picture) the picture \
         shows something that the RAW does not hold: its detail agrees with the RAW's to {:.0} % \
         of what the rest of the picture promises.",
        right - left,
        bottom - top,
        100.0 * region.area,
        100.0 * region.survival.max(0.0),
    )
}
