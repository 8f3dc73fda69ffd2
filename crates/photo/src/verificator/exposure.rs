//! Is this exposure's own noise in the picture, everywhere?
//!
//! Shot noise is drawn anew for every exposure, so a picture that carries the RAW's noise was made
//! from that very exposure. [`Trace`](crate::evidence::noise::Trace) says how it is found:
//!
//! | | survived | own |
//! |---|---|---|
//! | an export | near 1 | near 0, more with grain |
//! | a denoised export | low | near 0 |
//! | another exposure, a photographed screen | near 0 | 1 or more |
//!
//! Measures, all without a unit, for the three finest bands (`…_finest`, `…_fine`, `…_middle`), as
//! far as enough noise reaches them and what compression does to it is known:
//! - `survived_…`: what survived of the exposure's noise, of what compression lets through;
//! - `own_…`: the noise that the picture has instead, what compression adds and what is not
//!   understood of texture taken off;
//! - `error_…`: the standard error of `survived_…`;
//! - `texture_…`: median correlation of the textured tiles;
//!
//! and of all bands
//! - `noise_survival`: the largest `survived_…` of the two finer bands;
//! - `noise_tiles`: tiles that could be used.

use super::{Check, Measures};
use crate::evidence::Evidence;

const NAMES: [[&str; 4]; 3] = [
    [
        "survived_finest",
        "own_finest",
        "error_finest",
        "texture_finest",
    ],
    ["survived_fine", "own_fine", "error_fine", "texture_fine"],
    [
        "survived_middle",
        "own_middle",
        "error_middle",
        "texture_middle",
    ],
];

/// Measures the exposure's noise.
pub fn measure(evidence: &Evidence) -> Measures {
    let mut out = Measures::new(Check::Exposure);
    let (mut survival, mut tiles) = (f64::NAN, 0);
    for (i, (expectation, names)) in evidence.expectations.iter().zip(NAMES).enumerate() {
        out.value(names[3], f64::from(expectation.textured_median));
        let Some(noise) = &expectation.trace else {
            continue;
        };
        out.value(names[0], noise.survived);
        out.value(names[1], noise.own);
        out.value(names[2], noise.error);
        if i < 2 {
            survival = survival.max(noise.survived);
        }
        tiles = tiles.max(noise.tiles);
    }
    out.value("noise_survival", survival);
    out.value("noise_tiles", tiles as f64);
    if survival.is_finite() {
        out.reasons.push(format!(
            "The noise of the RAW is not that of the picture: of what one and the same exposure \
             would leave, {:.0} % was found in {tiles} places of the picture.",
            100.0 * survival.clamp(0.0, 1.0)
        ));
    }
    out
}
