//! Periodic structure all over a mosaic: the pixel raster of a photographed screen, the screen of
//! a print, and the moiré that either makes with the sensor's own raster.
//!
//! A scene may hold a fabric or a fence: a period of its own, at one place. The raster of a screen
//! lies under the whole picture. So the spectra of many tiles are averaged as logarithms: what few
//! tiles show hardly counts, what all show stands out.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over tiles whose sizes are fixed"
)]

use rayon::prelude::*;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

use super::mosaic::Mosaic;

/// Green samples (of one site) an edge of a tile.
const EDGE: usize = 64;
/// At most this many tiles are looked at, spread evenly.
const MOST_TILES: usize = 480;

/// The strongest period that the tiles share, off the axes (where readout leaves its own lines).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Periodicity {
    /// Natural logarithm of the mean power at the peak over that of its surroundings.
    pub strength: f64,
    /// Share of the tiles that show at least three times the power of the surroundings there.
    pub share: f64,
    /// Cycles a RAW frame pixel, along x and y.
    pub frequency: (f64, f64),
    /// Tiles looked at.
    pub tiles: usize,
}

/// Looks for a shared period; `None` when fewer than 40 tiles are usable.
pub fn measure(mosaic: &Mosaic<'_>) -> Option<Periodicity> {
    let site = (0..4).find(|&s| mosaic.pattern[s] == 1)?;
    let step = 2 * EDGE;
    let columns = mosaic.width / step;
    let count = columns * (mosaic.height / step);
    let picked: Vec<usize> = if count <= MOST_TILES {
        (0..count).collect()
    } else {
        (0..MOST_TILES).map(|i| i * count / MOST_TILES).collect()
    };
    let fft = FftPlanner::new().plan_fft_forward(EDGE);
    let spectra: Vec<Vec<f32>> = picked
        .par_iter()
        .filter_map(|&i| {
            let corner = ((i % columns) * step, (i / columns) * step);
            let mut tile = tile(mosaic, site, corner)?;
            for row in tile.chunks_exact_mut(EDGE) {
                fft.process(row);
            }
            let mut tile = transposed(&tile);
            for row in tile.chunks_exact_mut(EDGE) {
                fft.process(row);
            }
            // Half of it: the spectrum of real samples is symmetric. Index: x · EDGE + y.
            Some(
                (tile[..EDGE * (EDGE / 2 + 1)].iter())
                    .map(|c| (c.norm_sqr() + 1e-9).ln())
                    .collect(),
            )
        })
        .collect();
    if spectra.len() < 40 {
        return None;
    }
    let mut mean = vec![0.0_f64; EDGE * (EDGE / 2 + 1)];
    for spectrum in &spectra {
        for (m, &v) in mean.iter_mut().zip(spectrum) {
            *m += f64::from(v) / spectra.len() as f64;
        }
    }
    let background = |x: usize, y: usize| {
        let mut around = Vec::with_capacity(40);
        for dx in -3_isize..=3 {
            for dy in -3_isize..=3 {
                let (nx, ny) = (x as isize + dx, (y as isize + dy).rem_euclid(EDGE as isize));
                let axis =
                    (ny.min(EDGE as isize - ny)) < 2 || !(2..=EDGE as isize / 2).contains(&nx);
                if dx.abs().max(dy.abs()) >= 2 && !axis {
                    around.push(mean[nx as usize * EDGE + ny as usize]);
                }
            }
        }
        around.sort_by(f64::total_cmp);
        (around.len() >= 8).then(|| around[around.len() / 2])
    };
    let mut best = Periodicity::default();
    for x in 3..EDGE / 2 {
        for y in 3..EDGE - 2 {
            let fy = y.min(EDGE - y);
            // Below a tenth of the sampling rate is the scene; the corner of the band is where
            // many demosaiced sources and readouts put a line of their own.
            if fy < 3 || x * x + fy * fy < 49 || (x >= EDGE / 2 - 1 && fy >= EDGE / 2 - 1) {
                continue;
            }
            let Some(level) = background(x, y) else {
                continue;
            };
            let strength = mean[x * EDGE + y] - level;
            if strength > best.strength {
                let showing = (spectra.iter())
                    .filter(|s| f64::from(s[x * EDGE + y]) > level + 3.0_f64.ln())
                    .count();
                let fy = if y <= EDGE / 2 {
                    y as f64
                } else {
                    y as f64 - EDGE as f64
                };
                best = Periodicity {
                    strength,
                    share: showing as f64 / spectra.len() as f64,
                    frequency: (x as f64 / step as f64, fy / step as f64),
                    tiles: spectra.len(),
                };
            }
        }
    }
    best.tiles = spectra.len();
    Some(best)
}

/// One site's samples under a Hann window, without their mean and scaled to one; `None` where
/// dark or saturated.
fn tile(mosaic: &Mosaic<'_>, site: usize, (x0, y0): (usize, usize)) -> Option<Vec<Complex32>> {
    let (black, range) = (mosaic.black[site], mosaic.white[site] - mosaic.black[site]);
    let mut values = Vec::with_capacity(EDGE * EDGE);
    for y in 0..EDGE {
        let row = &mosaic.row(y0 + 2 * y + site / 2)[x0 + site % 2..];
        values.extend(
            row.iter()
                .step_by(2)
                .take(EDGE)
                .map(|&v| f32::from(v) - black),
        );
    }
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    let saturated = values.iter().filter(|&&v| v > 0.92 * range).count();
    if mean < 0.004 * range || saturated * 50 > values.len() {
        return None;
    }
    let window: [f32; EDGE] = std::array::from_fn(|i| {
        0.5 - 0.5 * (std::f32::consts::TAU * (i as f32 + 0.5) / EDGE as f32).cos()
    });
    Some(
        values
            .iter()
            .enumerate()
            .map(|(i, v)| {
                Complex32::new((v / mean - 1.0) * window[i % EDGE] * window[i / EDGE], 0.0)
            })
            .collect(),
    )
}

fn transposed(tile: &[Complex32]) -> Vec<Complex32> {
    (0..EDGE * EDGE)
        .map(|i| tile[(i % EDGE) * EDGE + i / EDGE])
        .collect()
}
