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

/// Detail invented, here or everywhere; what is finer than the half-size RAW cannot be missed in
/// it, so that doubling a picture's size leaves no trace here, but quadrupling does.
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

/// A second exposure from another place: things have moved against each other.
fn moved(s: &Sample) -> bool {
    other_frame(s) && (s.kind.contains("parallax") || s.kind == "other_camera")
}

/// In the order in which they are told. A rule whose measures no pair has is left out.
pub(super) const MODELS: &[Model] = &[
    Model {
        check: Check::Structure,
        name: "a place differs",
        terms: &[
            ("region_evidence", Linear, High),
            ("region_strength", Linear, High),
            ("region_survival", Linear, Low),
        ],
        gates: &[],
        sees: |s| local(s) || other_scene(s),
        accuses: true,
    },
    Model {
        check: Check::Exposure,
        name: "the exposure's noise is in the picture",
        terms: &[("survived_fine", Linear, Low)],
        gates: &[("error_fine", None, Some(0.1))],
        sees: |s| other_frame(s) || recaptured(s),
        // denoising takes it away as well
        accuses: false,
    },
    Model {
        check: Check::Exposure,
        name: "the picture has another exposure's noise",
        terms: &[("survived_fine", Linear, Low)],
        gates: &[
            // what strong denoising leaves unexplained is less, or less in one of the bands
            ("own_fine", Some(1.2), None),
            ("own_finest", Some(0.55), None),
            ("texture_fine", Some(0.4), None),
            ("error_fine", None, Some(0.1)),
        ],
        sees: |s| other_frame(s) || recaptured(s),
        accuses: true,
    },
    Model {
        check: Check::Exposure,
        name: "the finest detail is not the RAW's",
        terms: &[
            ("survived_finest", Linear, Low),
            ("texture_finest", Linear, Low),
        ],
        // what is denoised loses the next band as well, or keeps its texture
        gates: &[
            ("survived_fine", Some(0.4), None),
            ("texture_finest", None, Some(0.7)),
        ],
        sees: |s| invented(s) && s.kind.contains("x4"),
        accuses: true,
    },
    Model {
        check: Check::Structure,
        name: "things have moved against each other",
        terms: &[
            ("displaced_share", Log, High),
            ("displaced_median", Log, High),
        ],
        // where fine detail is not found again, blocks drift
        gates: &[("detail_fine", Some(0.4), None)],
        sees: moved,
        accuses: true,
    },
    Model {
        check: Check::Colour,
        name: "colours that no development makes",
        terms: &[
            ("painted_share", Log, High),
            ("painted_strength", Linear, High),
        ],
        gates: &[],
        sees: local,
        accuses: false,
    },
    Model {
        check: Check::Metadata,
        name: "the files contradict each other",
        terms: &[("doubt", Linear, High)],
        gates: &[],
        sees: other_scene,
        accuses: true,
    },
    Model {
        check: Check::Sensor,
        name: "no sensor wrote this mosaic",
        terms: &[("doubt", Linear, High)],
        gates: &[],
        sees: no_sensor,
        accuses: true,
    },
    Model {
        check: Check::Chain,
        name: "a place with another file's block grid",
        terms: &[("foreign_grid", Linear, High)],
        gates: &[],
        sees: |s| s.family == "splice",
        accuses: false,
    },
    Model {
        check: Check::Recapture,
        name: "a pattern over the whole picture that the RAW does not have",
        terms: &[
            ("picture", Linear, High),
            ("picture_coverage", Linear, High),
        ],
        gates: &[],
        sees: recaptured,
        accuses: true,
    },
    Model {
        check: Check::Recapture,
        name: "a pattern over the whole RAW",
        terms: &[("raw", Linear, High)],
        gates: &[],
        sees: |s| no_sensor(s) && (s.kind.contains("screen") || s.kind.contains("recapture")),
        accuses: true,
    },
];
