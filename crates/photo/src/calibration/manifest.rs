//! The list of labelled pairs beside a folder of files (`manifest.json`).

use serde::Deserialize;

use super::{CalibrationError, Label};

/// Pairs as the generators write them; fields that are not needed here are left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// All pairs.
    pub pairs: Vec<Pair>,
}

/// One labelled pair.
#[derive(Clone, Debug, Deserialize)]
pub struct Pair {
    /// Its name.
    pub id: String,
    /// Path of the RAW, relative to the folder of the manifest unless its maker says otherwise.
    pub raw: String,
    /// Path of the picture, likewise.
    pub jpeg: String,
    /// What is known of it.
    pub label: Label,
    /// Kind of edit or forgery.
    pub kind: String,
    /// Family of edit or forgery.
    pub family: String,
    /// Share of the picture that was changed, for a local forgery.
    #[serde(default)]
    pub area_frac: Option<f64>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(json: &str) -> Result<Self, CalibrationError> {
        Ok(serde_json::from_str(json)?)
    }
}

impl Pair {
    /// The scene it belongs to: what stands before `__` in its name, by which the generators name
    /// the RAW that all its pairs come from, also those with a RAW that was made up from it.
    pub fn scene(&self) -> &str {
        self.id
            .split_once("__")
            .map_or(&self.id, |(scene, _)| scene)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_what_is_known() {
        let m = Manifest::parse(
            r#"{"seed":7,"pairs":[{"id":"night__heal_2","raw":"a.dng","jpeg":"b.jpg",
                "label":"forged","kind":"heal_2","family":"removal","area_frac":0.02}]}"#,
        )
        .unwrap();
        assert_eq!(m.pairs[0].scene(), "night");
        assert_eq!(m.pairs[0].label, Label::Forged);
        assert!(Manifest::parse(r#"{"pairs":[{"id":1}]}"#).is_err());
    }
}
