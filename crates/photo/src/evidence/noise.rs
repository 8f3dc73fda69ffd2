//! How much of a tile's energy is the exposure's own noise.
//!
//! The sensor's law says how much noise a site has at its signal; how much of it reaches a band on
//! the comparison's grid is measured on noise that went the same way ([`Comparison::noise`]), and
//! the tones' slope says what luma makes of it. With that, texture and noise of a tile can be told
//! apart by their energies, which their shapes alone do not allow.
#![allow(
    clippy::indexing_slicing,
    reason = "tiles of bands, indexed by the bands' own sizes"
)]

use rayon::prelude::*;

use super::bands::{self, Band, FLOOR, Tile};
use crate::comparison::Comparison;
use crate::develop;
use crate::raw::Raw;
use crate::tone::Tone;
use crate::tone::curve::median;
use crate::verificator::sensor::noise::Noise;

/// Variance of a site, `slope · signal + floor`, channel by channel in the units of
/// [`crate::develop::HalfSize`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// Variance per signal.
    pub slope: [f32; 3],
    /// Variance of a site without light.
    pub floor: [f32; 3],
}

impl Law {
    /// From the noise of a mosaic; `None` where it was not measured.
    pub fn of(raw: &Raw, noise: &Noise, range: f32) -> Option<Self> {
        let (slope, floor) = noise.law?;
        let balance = develop::white_balance(raw);
        let usable = slope.is_finite() && floor.is_finite() && range > 0.0;
        usable.then(|| Self {
            slope: [0, 1, 2].map(|c| balance[c] * slope as f32 / range),
            floor: [0, 1, 2].map(|c| balance[c].powi(2) * floor as f32 / (range * range)),
        })
    }

    fn variance(&self, c: usize, signal: f32) -> f32 {
        self.slope[c] * signal.max(0.0) + self.floor[c]
    }
}

/// Fills in [`bands::Tile::noise`].
pub fn tell(bands: &mut [Band], comparison: &Comparison, tone: &Tone, law: &Law) {
    let windows: Vec<_> = comparison.noise.iter().map(bands::energies).collect();
    let Some(first) = windows.first() else {
        return;
    };
    // unit noise of each channel in each band, the mean over the windows
    let reaching: Vec<[f32; 3]> = (0..first.len())
        .map(|b| {
            [0, 1, 2].map(|c| {
                let sum: f32 = windows.iter().map(|w| w[b][c]).sum();
                sum / windows.len() as f32
            })
        })
        .collect();
    for (band, reaching) in bands.iter_mut().zip(&reaching) {
        let (columns, edge) = (band.columns, band.tile);
        band.tiles
            .par_iter_mut()
            .enumerate()
            .filter(|(_, tile)| tile.valid)
            .for_each(|(i, tile)| {
                let (left, top) = (i % columns * edge, i / columns * edge);
                let mean = mean_colour(comparison, (left, top), edge);
                let slope = tone.slope(comparison, mean, left + edge / 2, top + edge / 2);
                let energy =
                    |c: usize| (255.0 * slope[c]).powi(2) * law.variance(c, mean[c]) * reaching[c];
                tile.noise = Some((0..3).map(energy).sum());
            });
    }
}

/// Mean RAW colour of a square of the grid, from every fourth pixel of it.
fn mean_colour(comparison: &Comparison, (left, top): (usize, usize), edge: usize) -> [f32; 3] {
    let places = (0..edge).step_by(4).flat_map(|dy| {
        let start = (top + dy).min(comparison.height() - 1) * comparison.width();
        let last = comparison.width() - 1;
        (0..edge)
            .step_by(4)
            .map(move |dx| start + (left + dx).min(last))
    });
    let (mut sum, mut n) = ([0.0; 3], 0.0);
    for i in places {
        for (sum, plane) in sum.iter_mut().zip(&comparison.raw) {
            *sum += plane.data[i];
        }
        n += 1.0;
    }
    sum.map(|s| s / n)
}

/// What became of the RAW's noise in one band of the picture.
///
/// With the share `x` of noise in a tile's energy, the picture agrees with the RAW as far as
/// `(1 - x) + s · x`, and has `c · (1 - x) + o · x` of its own: texture and noise are told apart
/// without a tile that has only one of them.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Picture over prediction where there is texture and hardly noise.
    pub gain: f64,
    /// `s`, what survived of the noise, of what compression lets through: 1 all of it.
    pub survived: f64,
    /// Standard error of `survived`.
    pub error: f64,
    /// `o - c`, the noise that the picture has instead, in parts of the RAW's. What is not
    /// understood of the texture (`c`) is taken off: it would be not understood of noise as well.
    pub own: f64,
    /// Tiles that told of the noise.
    pub tiles: usize,
}

/// Correlation that compression must leave a tile for it to count.
const PASSABLE: f32 = 0.35;

/// Tiles without which a gain is not told.
const ENOUGH: usize = 40;

/// Share of noise in a tile's energy below which it says nothing of the noise.
pub const TELLING: f64 = 0.15;

/// Sum of squared shares of noise without which nothing is said: twenty tiles of half noise.
const LEAST: f64 = 5.0;

/// The share of noise in a tile's energy, and how far the picture agrees with the tile: 1 wholly.
/// `None` where the tile cannot tell.
pub fn reading(tile: &Tile, noise: f32, gain: f64) -> Option<(f64, f64)> {
    let seen = tile.tells() && tile.pp > 4.0 * FLOOR;
    let passed = tile.pe > PASSABLE * (tile.pp * tile.ee).sqrt();
    let share = f64::from(noise / tile.pp).min(1.2);
    let agreement = f64::from(tile.pj) / (gain * f64::from(tile.pe));
    (seen && passed).then_some((share, agreement))
}

impl Trace {
    /// `noise` holds the energy of the RAW's noise in each tile; `gain` is taken where the band has
    /// too little texture to tell its own. `None` where there is too little noise.
    pub fn of(band: &Band, noise: &[f32], gain: f32) -> Option<Self> {
        let tiles = || band.tiles.iter().zip(noise);
        let textured = tiles().filter_map(|(t, &noise)| {
            let (share, gain) = reading(t, noise, 1.0)?;
            (share < TELLING).then_some(gain as f32)
        });
        let mut gains: Vec<f32> = textured.collect();
        let gain = f64::from(if gains.len() < ENOUGH {
            gain
        } else {
            median(&mut gains).max(0.05)
        });
        let (mut lost, mut own) = (Sums::default(), Sums::default());
        let mut count = 0;
        for (t, &noise) in tiles() {
            let Some((x, agreement)) = reading(t, noise, gain) else {
                continue;
            };
            if x > TELLING {
                lost.add(x, 0.0, 1.0 - agreement);
                count += 1;
            }
            let (pp, pe) = (f64::from(t.pp), f64::from(t.pe));
            let compression = (f64::from(t.ee) - pe * pe / pp).max(0.0);
            let unexplained = f64::from(t.unexplained()) / (gain * gain) - compression;
            own.add(x, (1.0 - x).max(0.0), unexplained * pp / (pe * pe));
        }
        if lost.xx < LEAST {
            return None;
        }
        let missing = lost.xy / lost.xx;
        let scatter = (lost.yy - missing * lost.xy).max(0.0) / count as f64;
        Some(Self {
            gain,
            survived: 1.0 - missing,
            error: (scatter / lost.xx).sqrt(),
            own: own.difference()?,
            tiles: count,
        })
    }
}

/// Sums for a least-squares fit of y = a · x + c · z.
#[derive(Default)]
struct Sums {
    xx: f64,
    xz: f64,
    zz: f64,
    xy: f64,
    zy: f64,
    yy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, z: f64, y: f64) {
        self.xx += x * x;
        self.xz += x * z;
        self.zz += z * z;
        self.xy += x * y;
        self.zy += z * y;
        self.yy += y * y;
    }

    /// a - c; `None` where x and z cannot be told apart.
    fn difference(&self) -> Option<f64> {
        let determinant = self.xx * self.zz - self.xz * self.xz;
        let a = (self.xy * self.zz - self.zy * self.xz) / determinant;
        let c = (self.zy * self.xx - self.xy * self.xz) / determinant;
        (determinant > 1e-6 * self.xx * self.zz).then_some(a - c)
    }
}
