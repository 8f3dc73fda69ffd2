//! Measures labelled pairs.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::fit::Sample;
use super::manifest::{Manifest, Pair};
use crate::Error;
use crate::register::NotRegistered;
use crate::verify::{self, Measured};

/// Measures every pair of a manifest, as many at once as there are threads, in the manifest's
/// order. `read` gives the bytes of a path of the manifest; `each` is told of every pair when it is
/// measured, from any thread.
///
/// A pair that cannot be measured is told with its error and left out: it can calibrate nothing.
pub fn survey(
    manifest: &Manifest,
    read: &(dyn Fn(&str) -> std::io::Result<Vec<u8>> + Sync),
    each: &(dyn Fn(&Pair, &Result<Measured, Error>) + Sync),
) -> Vec<Sample> {
    let at_once = rayon::current_num_threads().max(1);
    let mut samples = Vec::new();
    for pairs in manifest.pairs.chunks(at_once) {
        let measured: Vec<Option<Sample>> = pairs
            .par_iter()
            .map(|pair| {
                let found = measure(pair, read);
                each(pair, &found);
                found.ok().map(|m| sample(pair, m))
            })
            .collect();
        samples.extend(measured.into_iter().flatten());
    }
    samples
}

fn measure(
    pair: &Pair,
    read: &(dyn Fn(&str) -> std::io::Result<Vec<u8>> + Sync),
) -> Result<Measured, Error> {
    let raw = read(&pair.raw).map_err(|error| Error::Raw {
        camera: None,
        reason: error.to_string(),
    })?;
    let image = read(&pair.jpeg).map_err(|error| Error::Rendition(error.to_string()))?;
    let on = |_| ControlFlow::Continue(());
    verify::measure(&raw, &image, &on, false).map(|(measured, _)| measured)
}

fn sample(pair: &Pair, measured: Measured) -> Sample {
    let elsewhere = matches!(
        measured.placement,
        Err(NotRegistered::NoAgreement { .. } | NotRegistered::Unlike { .. })
    );
    Sample {
        id: pair.id.clone(),
        raw: pair.scene().to_owned(),
        label: pair.label,
        family: pair.family.clone(),
        kind: pair.kind.clone(),
        area: pair.area_frac,
        measures: measured.measures,
        elsewhere,
    }
}
