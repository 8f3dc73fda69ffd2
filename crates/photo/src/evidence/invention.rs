//! Where the finest detail was made up: the place has energy of its own as the rest of the picture
//! has, but the exposure's noise, which the rest of the picture carries, is not in it.
#![allow(
    clippy::indexing_slicing,
    reason = "tiles of one band, indexed by the band's own size"
)]

use super::bands::{Band, FLOOR};
use super::noise::{TELLING, Trace, reading};
use super::scan::Region;
use crate::tone::curve::median;

/// What must have survived of the noise in the whole picture, for a place without it to mean
/// something.
const CARRIED: f64 = 0.5;

/// Noise of its own beyond which the picture's finest band is not understood well enough to accuse
/// a place of it.
const PREDICTED: f64 = 2.5;

/// Invented detail has at least this share of the energy of true detail.
const OWN_ENERGY: f32 = 0.7;

/// A tile's log-likelihood ratio is never trusted beyond this.
const MOST: f64 = 3.0;

/// Classes of the share of noise within which tiles scatter alike.
const CLASSES: usize = 6;

/// Log-likelihood ratio of each tile in nats, "without the exposure's noise" against "with it as
/// everywhere"; 0 where it cannot be told.
pub fn ratios(band: &Band, noise: &[f32], trace: &Trace) -> Vec<f32> {
    let mut out = vec![0.0; band.tiles.len()];
    if trace.survived < CARRIED || trace.own > PREDICTED {
        return out;
    }
    let readings: Vec<Option<(f64, f64)>> = (band.tiles.iter().zip(noise))
        .map(|(t, &noise)| reading(t, noise, trace.gain).filter(|r| r.0 > TELLING))
        .collect();
    let usual = |x: f64| 1.0 - x * (1.0 - trace.survived);
    let class = |x: f64| ((x * CLASSES as f64) as usize).min(CLASSES - 1);
    let mut scatter: [Vec<f32>; CLASSES] = std::array::from_fn(|_| Vec::new());
    for (x, agreement) in readings.iter().flatten() {
        scatter[class(*x)].push((agreement - usual(*x)).abs() as f32);
    }
    // the median deviation of a normal distribution is 0.6745 of its spread
    let spread = scatter.map(|mut s| (f64::from(median(&mut s)) / 0.6745).max(0.15));
    for ((to, reading), t) in out.iter_mut().zip(&readings).zip(&band.tiles) {
        if let Some((x, agreement)) = reading {
            let away = |middle: f64| ((agreement - middle) / spread[class(*x)]).powi(2) / 2.0;
            let ratio = (away(usual(*x)) - away(1.0 - x)).clamp(-MOST, MOST) as f32;
            let gain = trace.gain as f32;
            let alive = t.jj / (gain * gain * t.ee + FLOOR) > OWN_ENERGY;
            *to = if alive { ratio } else { ratio.min(0.0) };
        }
    }
    out
}

/// What survived of the exposure's noise in a region, 1 all of it.
pub fn survived(region: &Region, band: &Band, noise: &[f32], trace: &Trace) -> f64 {
    let (mut missing, mut all) = (0.0, 0.0);
    for &i in &region.cells {
        if let Some((x, agreement)) = reading(&band.tiles[i], noise[i], trace.gain) {
            missing += x * (1.0 - agreement);
            all += x * x;
        }
    }
    if all > 0.0 { 1.0 - missing / all } else { 1.0 }
}
