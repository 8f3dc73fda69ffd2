//! Which measures each rule weighs, which side of them is suspicious, and which forgeries it could
//! see at all: the part of a calibration that people decide and pairs do not.

use super::Form::{Linear, Log};
use super::Side::{High, Low};
use super::{Form, Sample, Side};
use crate::verificator::Check;

/// Plan of a rule.
pub(super) struct Model {
    pub check: Check,
    /// What it looks for, in a few words.
    pub name: &'static str,
    /// Measure, scale, suspicious side.
    pub terms: &'static [(&'static str, Form, Side)],
    /// Measure, smallest and largest value with which the rule speaks.
    pub gates: &'static [(&'static str, Option<f64>, Option<f64>)],
    /// Could this forgery be seen by it?
    pub sees: fn(&Sample) -> bool,
    /// May it refuse a picture, or only inform?
    pub accuses: bool,
}

/// Content changed in a place that covers at least a two-hundredth of the picture.
fn local(s: &Sample) -> bool {
    let families = [
        "removal", "splice", "clone", "genfill", "text", "warp", "face", "merge",
    ];
    families.contains(&s.family.as_str()) && s.area.is_none_or(|a| a >= 0.005)
}

/// Detail invented, here or everywhere.
fn invented(s: &Sample) -> bool {
    ["ai_upscale", "regenerated"].contains(&s.family.as_str())
}

/// Another exposure of the same scene.
fn other_frame(s: &Sample) -> bool {
    s.family == "other_frame"
}

/// A picture of something else.
fn other_scene(s: &Sample) -> bool {
    s.family == "other_photo" || s.kind == "raw_swapped"
}

/// A screen or a print was photographed.
fn recaptured(s: &Sample) -> bool {
    s.family == "recapture"
}

/// A RAW file that no sensor wrote.
fn no_sensor(s: &Sample) -> bool {
    s.family == "raw_fake" && s.kind != "raw_swapped"
}

/// In the order in which they are told. A rule whose measures no pair has is left out.
pub(super) const MODELS: &[Model] = &[
    Model {
        check: Check::Structure,
        name: "a place differs",
        terms: &[("blob_area", Log, High), ("blob_strength", Linear, High)],
        gates: &[],
        sees: |s| local(s) || other_scene(s),
        accuses: true,
    },
    Model {
        check: Check::Exposure,
        name: "a place lacks this exposure's noise",
        terms: &[("noise_hole_area", Log, High)],
        gates: &[("noise_survival", Some(0.6), None)],
        sees: |s| local(s) || (invented(s) && s.area.is_some()),
        accuses: true,
    },
    Model {
        check: Check::Exposure,
        name: "the picture has another exposure's noise",
        terms: &[("noise_survival", Linear, Low)],
        gates: &[],
        sees: |s| other_frame(s) || recaptured(s) || (invented(s) && s.area.is_none()),
        accuses: true,
    },
    Model {
        check: Check::Hash,
        name: "both do not look alike",
        terms: &[("distance", Linear, High)],
        gates: &[],
        sees: other_scene,
        accuses: true,
    },
    Model {
        check: Check::Sensor,
        name: "the noise of the mosaic's colours is not independent",
        terms: &[("dependence", Linear, High), ("colouring", Linear, High)],
        gates: &[],
        sees: no_sensor,
        accuses: true,
    },
    Model {
        check: Check::Sensor,
        name: "the mosaic carries the lattice of JPEG blocks",
        terms: &[("lattice_h", Log, High), ("lattice_v", Log, High)],
        gates: &[],
        sees: no_sensor,
        accuses: true,
    },
    Model {
        check: Check::Recapture,
        name: "a pattern that the RAW does not have",
        terms: &[
            ("picture_coverage", Linear, High),
            ("picture_second", Linear, High),
        ],
        gates: &[],
        sees: recaptured,
        accuses: true,
    },
];
