//! The fingerprint of one camera's sensor, where several of its RAW files are given.
//!
//! Every site turns light into charge a little better or worse than its neighbours, the same way
//! in every exposure (photo-response non-uniformity; Chen, Fridrich, Goljan and Lukáš,
//! "Determining image origin and integrity using sensor noise", 2008). A mosaic that was computed
//! from a picture lacks it.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use super::mosaic::Mosaic;
use crate::raw::Raw;

/// How much better or worse each site of a sensor is: an estimate, 0 where the light was too weak
/// or too strong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    width: usize,
    height: usize,
    gain: Vec<f32>,
}

/// The fingerprint that RAW files of one camera share: the maximum-likelihood estimate
/// `Σ residual · signal / Σ signal²`. `None` without files, for other sensors than Bayer, and for
/// files of different sizes.
pub fn fingerprint(raws: &[Raw]) -> Option<Fingerprint> {
    let mosaics: Option<Vec<Mosaic<'_>>> = raws.iter().map(Mosaic::of).collect();
    estimate(&mosaics?)
}

/// How well a RAW file's noise fits a fingerprint: the correlation of its residual with what the
/// fingerprint predicts, in units of its standard deviation for an unrelated sensor. Above 6 the
/// sensor is the same. `None` for other sensors than Bayer and for another size.
pub fn correlate(fingerprint: &Fingerprint, raw: &Raw) -> Option<f64> {
    fit(fingerprint, &Mosaic::of(raw)?)
}

fn estimate(mosaics: &[Mosaic<'_>]) -> Option<Fingerprint> {
    let first = mosaics.first()?;
    let (width, height) = (first.width, first.height);
    if width < 16
        || height < 16
        || mosaics
            .iter()
            .any(|m| (m.width, m.height) != (width, height))
    {
        return None;
    }
    let mut gain = vec![0.0_f32; width * height];
    gain.par_chunks_mut(width).enumerate().for_each(|(y, row)| {
        let mut weight = vec![0.0_f32; width];
        for mosaic in mosaics {
            residuals(mosaic, y, |x, residual, signal| {
                row[x] += residual * signal;
                weight[x] += signal * signal;
            });
        }
        for (g, w) in row.iter_mut().zip(&weight) {
            *g /= w.max(1e-9);
        }
    });
    level(&mut gain, width);
    Some(Fingerprint {
        width,
        height,
        gain,
    })
}

fn fit(fingerprint: &Fingerprint, mosaic: &Mosaic<'_>) -> Option<f64> {
    let Fingerprint {
        width,
        height,
        gain,
    } = fingerprint;
    if (mosaic.width, mosaic.height) != (*width, *height) {
        return None;
    }
    let rows: Vec<[f64; 4]> = gain
        .par_chunks(*width)
        .enumerate()
        .map(|(y, row)| {
            let mut sums = [0.0; 4];
            residuals(mosaic, y, |x, residual, signal| {
                // By the root of the signal photon noise is the same everywhere.
                let root = f64::from(signal.sqrt());
                let (seen, expected) = (f64::from(residual) / root, f64::from(row[x]) * root);
                sums[0] += seen * expected;
                sums[1] += seen * seen;
                sums[2] += expected * expected;
                sums[3] += 1.0;
            });
            sums
        })
        .collect();
    let sum = |i: usize| rows.iter().map(|r| r[i]).sum::<f64>();
    let scale = (sum(1) * sum(2)).sqrt();
    (scale > 0.0).then(|| sum(0) / scale * sum(3).sqrt())
}

/// Calls `with(x, residual, signal)` for the samples of row `y` that are well lit and lie in even
/// surroundings: what a sample differs from the mean of its eight neighbours of the same colour,
/// and that mean.
fn residuals(mosaic: &Mosaic<'_>, y: usize, mut with: impl FnMut(usize, f32, f32)) {
    if y < 2 || y + 2 >= mosaic.height {
        return;
    }
    let rows = [mosaic.row(y - 2), mosaic.row(y), mosaic.row(y + 2)];
    for x in 2..mosaic.width - 2 {
        let site = (y & 1) * 2 + (x & 1);
        let (black, range) = (mosaic.black[site], mosaic.white[site] - mosaic.black[site]);
        let own = f32::from(rows[1][x]);
        let around = rows
            .iter()
            .flat_map(|row| [row[x - 2], row[x], row[x + 2]])
            .map(f32::from);
        let mean = (around.sum::<f32>() - own) / 8.0;
        let (signal, residual) = (mean - black, own - mean);
        let lit = (0.02 * range..0.85 * range).contains(&signal);
        // An edge of the scene, or a site that is broken.
        if lit && residual.abs() < 0.2 * signal {
            with(x, residual, signal);
        }
    }
}

/// Takes out what whole rows and columns share: readout does that, alike in all cameras of a kind.
fn level(plane: &mut [f32], width: usize) {
    let height = plane.len() / width;
    let mut columns = vec![0.0_f64; width];
    for row in plane.chunks_exact(width) {
        for (c, v) in columns.iter_mut().zip(row) {
            *c += f64::from(*v) / height as f64;
        }
    }
    for row in plane.chunks_exact_mut(width) {
        for (v, c) in row.iter_mut().zip(&columns) {
            *v -= *c as f32;
        }
        let mean = row.iter().sum::<f32>() / width as f32;
        row.iter_mut().for_each(|v| *v -= mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verificator::sensor::mosaic::tests::{mosaic, noise};

    const SIZE: usize = 192;

    /// An even exposure of the sensor with the given responses.
    fn exposure(response: &[f64], light: f64, seed: u64) -> Vec<u16> {
        let shot = noise(SIZE * SIZE, seed);
        (response.iter().zip(&shot))
            .map(|(r, n)| (512.0 + light * (1.0 + 0.01 * r) + light.sqrt() * n) as u16)
            .collect()
    }

    #[test]
    fn a_sensor_is_known_by_its_responses() {
        let (ours, theirs) = (noise(SIZE * SIZE, 31), noise(SIZE * SIZE, 32));
        let shots: Vec<Vec<u16>> = (0..6)
            .map(|i| exposure(&ours, 3000.0 + 500.0 * i as f64, 40 + i))
            .collect();
        let mosaics: Vec<Mosaic<'_>> = shots.iter().map(|s| mosaic(s, SIZE, SIZE)).collect();
        let found = estimate(&mosaics).unwrap();
        let (same, other) = (exposure(&ours, 2500.0, 50), exposure(&theirs, 2500.0, 51));
        assert!(fit(&found, &mosaic(&same, SIZE, SIZE)).unwrap() > 6.0);
        assert!(fit(&found, &mosaic(&other, SIZE, SIZE)).unwrap().abs() < 6.0);
    }

    #[test]
    fn sizes_must_agree() {
        let shot = exposure(&noise(SIZE * SIZE, 31), 3000.0, 1);
        let whole = mosaic(&shot, SIZE, SIZE);
        let found = estimate(&[whole]).unwrap();
        assert_eq!(fit(&found, &mosaic(&shot, SIZE, SIZE / 2)), None);
        assert_eq!(estimate(&[whole, mosaic(&shot, SIZE, SIZE / 2)]), None);
        assert_eq!(estimate(&[]), None);
    }
}
