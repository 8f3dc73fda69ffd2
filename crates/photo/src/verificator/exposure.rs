//! Is this exposure's own noise in the picture, everywhere?
//!
//! Shot noise is drawn anew for every exposure, so a picture that carries the RAW's noise was made
//! from that very exposure. One tile of noise says little; thousands together have a standard
//! error of a few thousandths. What texture alone gives is taken off: the same tiles, compared a
//! few pixels beside where they belong.
//!
//! Measures, all without a unit, each for the three finest bands (`…_finest`, `…_fine`,
//! `…_middle`), from tiles that hold noise and no texture and whose noise the picture's compression
//! lets through:
//! - `noise_…`: mean correlation less that of the wrong alignments;
//! - `expected_…`: mean correlation that compression alone would leave;
//! - `kept_…`: the picture's noise energy over the RAW's, the band's gain taken out: near 0 after
//!   denoising, near or above 1 with noise or grain of its own;
//! - `sigma_…`: `noise_…` in standard errors;
//! - `texture_…`: median correlation of the textured tiles;
//!
//! and of all bands
//! - `noise_survival`: the best band's `noise_…` over what is left of `expected_…`;
//! - `noise_sigma`: the largest `sigma_…`;
//! - `finest_over_fine`: what survived of the noise in the finest band over what survived in the
//!   next one, each of what was expected: low where true coarse detail carries invented fine
//!   detail (upscaling, regeneration); denoising lowers both;
//! - `noise_tiles`: tiles that could be used.

use super::{Check, Measures};
use crate::evidence::Evidence;
use crate::evidence::bands::{Band, FLOOR};
use crate::evidence::expectation::Expectation;

/// Correlation that compression must leave a tile for it to count.
const PASSABLE: f32 = 0.35;

/// Tiles without which nothing is said.
const ENOUGH: usize = 40;

const NAMES: [[&str; 5]; 3] = [
    [
        "noise_finest",
        "expected_finest",
        "kept_finest",
        "sigma_finest",
        "texture_finest",
    ],
    [
        "noise_fine",
        "expected_fine",
        "kept_fine",
        "sigma_fine",
        "texture_fine",
    ],
    [
        "noise_middle",
        "expected_middle",
        "kept_middle",
        "sigma_middle",
        "texture_middle",
    ],
];

/// Measures the exposure's noise.
pub fn measure(evidence: &Evidence) -> Measures {
    let mut out = Measures::new(Check::Exposure);
    let (mut survival, mut sigma, mut tiles) = (f64::NAN, f64::NAN, 0);
    let mut survived = Vec::new();
    let bands = evidence.bands.iter().zip(&evidence.expectations);
    for ((band, expectation), names) in bands.zip(NAMES) {
        out.value(names[4], f64::from(expectation.textured_median));
        let Some(noise) = Noise::of(band, expectation) else {
            survived.push(f64::NAN);
            continue;
        };
        out.value(names[0], noise.agreement);
        out.value(names[1], noise.expected);
        out.value(names[2], noise.kept);
        out.value(names[3], noise.sigma);
        survived.push(noise.agreement / noise.expected);
        survival = survival.max(noise.agreement / noise.expected);
        sigma = sigma.max(noise.sigma);
        tiles = tiles.max(noise.tiles);
    }
    if let [finest, fine, ..] = survived[..] {
        // where hardly any noise is left a quotient of two of them says nothing
        if fine > 0.1 {
            out.value("finest_over_fine", finest / fine);
        }
    }
    out.value("noise_survival", survival);
    out.value("noise_sigma", sigma);
    out.value("noise_tiles", tiles as f64);
    if survival.is_finite() {
        out.reasons.push(format!(
            "The noise of the RAW is not that of the picture: in {tiles} even places they agree to \
             {:.1} % of what one and the same exposure would leave.",
            100.0 * survival.max(0.0)
        ));
    }
    out
}

struct Noise {
    agreement: f64,
    expected: f64,
    kept: f64,
    sigma: f64,
    tiles: usize,
}

impl Noise {
    fn of(band: &Band, expectation: &Expectation) -> Option<Self> {
        let used: Vec<_> = band
            .tiles
            .iter()
            .zip(&expectation.flat)
            .filter(|(t, flat)| **flat && t.pe > PASSABLE * (t.pp * t.ee).sqrt())
            .map(|(t, _)| t)
            .collect();
        if used.len() < ENOUGH {
            return None;
        }
        let n = used.len() as f64;
        let (mut sum, mut squares, mut expected, mut ours, mut theirs) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for t in &used {
            let beside = t.moved.iter().sum::<f32>() / 4.0;
            let norm = (t.pp * t.jj + FLOOR).sqrt();
            let v = f64::from((t.pj - beside) / norm);
            sum += v;
            squares += v * v;
            expected += f64::from(t.pe / (t.pp * t.ee).sqrt());
            ours += f64::from(t.ee);
            theirs += f64::from(t.jj);
        }
        let mean = sum / n;
        let error = ((squares / n - mean * mean).max(1e-9) / n).sqrt();
        Some(Self {
            agreement: mean,
            expected: expected / n,
            kept: theirs / ours.max(1e-9) / f64::from(expectation.gain).powi(2),
            sigma: mean / error,
            tiles: used.len(),
        })
    }
}
