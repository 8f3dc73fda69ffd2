//! The checks. Each looks at one kind of evidence and only measures; [`crate::verdict`] says what
//! the measurements together are worth.

pub mod chain;
pub mod colour;
pub mod exposure;
pub mod hash;
pub mod likeness;
pub mod metadata;
pub mod recapture;
pub mod sensor;
pub mod structure;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

/// One kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Is what the picture shows in the RAW, everywhere?
    Structure,
    /// Is this exposure's own noise in the picture, everywhere?
    Exposure,
    /// Do both look alike at a glance (perceptual hash)?
    Hash,
    /// Can a development have made these colours?
    Colour,
    /// Does what both files say about themselves agree?
    Metadata,
    /// Does the RAW hold the data of a real sensor?
    Sensor,
    /// Do the traces of resampling and compression fit the transform that was found?
    Chain,
    /// Was a screen or a print photographed?
    Recapture,
}

impl Check {
    /// Every check, in the order in which they are told.
    pub const ALL: [Self; 8] = [
        Self::Structure,
        Self::Exposure,
        Self::Hash,
        Self::Colour,
        Self::Metadata,
        Self::Sensor,
        Self::Chain,
        Self::Recapture,
    ];

    /// Its name in JSON and in the calibration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Exposure => "exposure",
            Self::Hash => "hash",
            Self::Colour => "colour",
            Self::Metadata => "metadata",
            Self::Sensor => "sensor",
            Self::Chain => "chain",
            Self::Recapture => "recapture",
        }
    }

    /// What it asks, in a few words for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Structure => "Content",
            Self::Exposure => "Noise of this exposure",
            Self::Hash => "Likeness",
            Self::Colour => "Colours",
            Self::Metadata => "What the files say",
            Self::Sensor => "Sensor data",
            Self::Chain => "Traces of processing",
            Self::Recapture => "Screen or print",
        }
    }
}

/// What a check measured. No threshold is applied here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measures {
    /// Which check.
    pub check: Check,
    /// Named numbers: what the calibration weighs. A number that could not be measured is absent.
    pub values: BTreeMap<&'static str, f64>,
    /// What a person can see, in sentences: place, area, strength. They are told when the check
    /// fails.
    pub reasons: Vec<String>,
    /// What else is worth keeping: places, lists, words.
    pub details: Map<String, Value>,
}

impl Measures {
    /// Nothing measured yet.
    pub fn new(check: Check) -> Self {
        Self {
            check,
            values: BTreeMap::new(),
            reasons: Vec::new(),
            details: Map::new(),
        }
    }

    /// Adds a number; one that is not finite was not measured.
    pub fn value(&mut self, name: &'static str, value: f64) {
        if value.is_finite() {
            self.values.insert(name, value);
        }
    }
}

/// What a check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The evidence speaks for an honest export.
    Passed,
    /// The evidence speaks against it, and a person can see why.
    Failed,
    /// The evidence is too weak to speak.
    CannotTell,
    /// There is no such evidence in this pair.
    NotApplicable,
}

/// A check's measurements, weighed by the calibration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// What it says.
    pub outcome: Outcome,
    /// How probable an honest export is by this evidence alone, 0 to 1; 0.5 says nothing.
    pub honest: f64,
    /// Why, in sentences. Never empty when the check failed.
    pub reasons: Vec<String>,
    /// What was measured.
    pub values: BTreeMap<&'static str, f64>,
    /// What else was found.
    pub details: Map<String, Value>,
}

impl Finding {
    /// What it says, for people: its reasons where it does not speak for an honest export.
    pub fn words(&self) -> Vec<&str> {
        let told = matches!(self.outcome, Outcome::Failed | Outcome::CannotTell);
        if told && !self.reasons.is_empty() {
            return self.reasons.iter().map(String::as_str).collect();
        }
        vec![match (self.outcome, self.check) {
            (Outcome::Failed, _) => "The evidence speaks against an honest export.",
            (Outcome::CannotTell, _) => "The evidence is too weak.",
            (Outcome::NotApplicable, _) => "It has nothing to say about these files.",
            (Outcome::Passed, Check::Structure) => "All that the picture shows is in the RAW.",
            (Outcome::Passed, Check::Exposure) => {
                "The noise of this very exposure is in the picture."
            }
            (Outcome::Passed, Check::Hash) => "Both look alike at a glance.",
            (Outcome::Passed, Check::Colour) => "A development can have made these colours.",
            (Outcome::Passed, Check::Metadata) => "What both files say about themselves agrees.",
            (Outcome::Passed, Check::Sensor) => "The RAW holds the data of a real sensor.",
            (Outcome::Passed, Check::Chain) => "Its traces fit the crop and scale that were found.",
            (Outcome::Passed, Check::Recapture) => "No sign of a photographed screen or print.",
        }]
    }
}
