//! What a JPEG's coefficients tell of an earlier compression, and its tables of its quality.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over tables whose sizes are fixed or checked at their start"
)]

use nalgebra::{Matrix4, Vector4};
use rayon::prelude::*;

use crate::raster::Rgb8;

/// A quantisation table in natural order.
pub type Table = [u16; 64];

/// Blocks that are transformed at most.
const BLOCKS: usize = 24_000;
/// Largest quantised magnitude that is counted.
const LARGEST: usize = 48;
/// The lowest AC frequencies, natural order, by rising frequency: those with enough non-zeros.
const FREQUENCIES: [usize; 14] = [1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4];
/// Standard deviation of what rounding to 8 bits between two compressions adds to a coefficient.
const ROUNDING: f64 = 0.5;

/// ITU-T T.81 annex K.1, luma.
const LUMA: Table = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
/// N. Robidoux's table, mozjpeg's and ImageMagick's (mozjpeg `jcparam.c`, table 3).
const ROBIDOUX: Table = [
    16, 16, 16, 18, 25, 37, 56, 85, 16, 17, 20, 27, 34, 40, 53, 75, 16, 20, 24, 31, 43, 62, 91,
    135, 18, 27, 31, 40, 53, 74, 106, 156, 25, 34, 43, 53, 69, 94, 131, 189, 37, 40, 62, 74, 94,
    124, 169, 238, 56, 53, 91, 106, 131, 169, 226, 311, 85, 75, 135, 156, 189, 238, 311, 418,
];
/// All coefficients alike.
const FLAT: Table = [16; 64];

/// Families of tables that are scaled by a quality as libjpeg does.
const FAMILIES: [(&str, &Table); 3] = [
    ("standard", &LUMA),
    ("Robidoux", &ROBIDOUX),
    ("flat", &FLAT),
];

/// `base` at `quality` 1 to 100, as the Independent JPEG Group's `jpeg_quality_scaling` has it.
fn scaled(base: &Table, quality: u32) -> Table {
    let percent = if quality < 50 {
        5000 / quality.max(1)
    } else {
        200 - 2 * quality.min(100)
    };
    base.map(|v| ((u32::from(v) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// The standard luma table at `quality` 1 to 100.
#[cfg(test)]
pub fn standard_luma(quality: u32) -> Table {
    scaled(&LUMA, quality)
}

/// The nearest table of a known family.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The family's name.
    pub family: &'static str,
    /// 1 to 100 on its scale.
    pub quality: u32,
    /// Mean absolute difference of the logarithms of the entries; 0: it is this very table.
    pub distance: f64,
}

/// The family and quality nearest to a luma table.
pub fn quality(luma: &Table) -> Quality {
    let mut best = Quality {
        family: "standard",
        quality: 1,
        distance: f64::INFINITY,
    };
    for (family, base) in FAMILIES {
        for quality in 1..=100 {
            let table = scaled(base, quality);
            let difference = |(&a, &b): (&u16, &u16)| {
                (f64::from(a.max(1)).ln() - f64::from(b.max(1)).ln()).abs()
            };
            let distance = table.iter().zip(luma).map(difference).sum::<f64>() / 64.0;
            if distance < best.distance {
                best = Quality {
                    family,
                    quality,
                    distance,
                };
            }
        }
    }
    best
}

/// Magnitudes of the quantised luma coefficients of [`FREQUENCIES`], counted.
#[derive(Clone, Debug)]
pub struct Histograms {
    counts: Vec<[u32; LARGEST + 1]>,
    /// Quantisation step of each of them.
    steps: Vec<u16>,
    /// Blocks that were counted.
    pub blocks: usize,
    /// Mean distance of the coefficients from a multiple of their step, in steps of at least 4;
    /// 0.25 is that of a picture with no such grid, a decoded JPEG's is near 0.
    pub off_grid: f64,
}

/// An earlier compression on the same block grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    /// Its quality on the standard scale.
    pub quality: u32,
    /// Mean over the frequencies of how much less a smooth distribution with its steps deviates
    /// than one without, in units of what is left.
    pub evidence: f64,
    /// Frequencies that speak for it.
    pub frequencies: usize,
    /// The steps of the first frequencies as they are found without assuming a table, 0 where
    /// there is no trace.
    pub steps: Vec<u16>,
}

/// Transforms a sample of the blocks of the grid that begins at `origin` and counts their
/// quantised coefficients. Blocks with clipped samples are left out.
pub fn histograms(picture: &Rgb8, table: &Table, origin: (usize, usize)) -> Histograms {
    let columns = picture.width.saturating_sub(origin.0) / 8;
    let rows = picture.height.saturating_sub(origin.1) / 8;
    let step = ((columns * rows) as f64 / BLOCKS as f64)
        .sqrt()
        .ceil()
        .max(1.0) as usize;
    let basis = basis();
    let steps: Vec<u16> = FREQUENCIES.iter().map(|&f| table[f].max(1)).collect();
    let empty = || {
        (
            vec![[0_u32; LARGEST + 1]; FREQUENCIES.len()],
            0_usize,
            0.0_f64,
            0_usize,
        )
    };
    let lines: Vec<usize> = (0..rows).step_by(step).collect();
    let parts: Vec<_> = lines
        .par_iter()
        .map(|&row| {
            let (mut counts, mut blocks, mut off, mut offs) = empty();
            for column in (0..columns).step_by(step) {
                let place = (origin.0 + 8 * column, origin.1 + 8 * row);
                let Some(coefficients) = transform(picture, place, &basis) else {
                    continue;
                };
                blocks += 1;
                for (i, &f) in FREQUENCIES.iter().enumerate() {
                    let scaled = coefficients[f].abs() / f32::from(steps[i]);
                    let k = scaled.round();
                    if steps[i] >= 4 && k >= 1.0 {
                        off += f64::from((scaled - k).abs());
                        offs += 1;
                    }
                    if k as usize <= LARGEST {
                        counts[i][k as usize] += 1;
                    }
                }
            }
            (counts, blocks, off, offs)
        })
        .collect();
    let (mut counts, mut blocks, mut off, mut offs) = empty();
    for (c, b, o, n) in parts {
        for (sum, part) in counts.iter_mut().zip(&c) {
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
        }
        (blocks, off, offs) = (blocks + b, off + o, offs + n);
    }
    Histograms {
        counts,
        steps,
        blocks,
        off_grid: if offs > 0 {
            off / offs as f64
        } else {
            f64::NAN
        },
    }
}

impl Histograms {
    /// The earlier compression that explains the histograms best; `None` when none explains them
    /// better than a smooth distribution does.
    ///
    /// A first quantisation by `q1` leaves a coefficient only multiples of `q1`; the second puts
    /// them into bins of `q2`, which then hold now more, now fewer of them, with a period of
    /// `q1 / gcd(q1, q2)` bins. (T. Bianchi and A. Piva, "Image forgery localization via
    /// block-grained analysis of JPEG artifacts", IEEE TIFS 2012.)
    pub fn earlier(&self) -> Option<Earlier> {
        let frequencies: Vec<Option<Comb>> = self
            .counts
            .par_iter()
            .zip(&self.steps)
            .map(|(counts, &step)| comb(counts, step))
            .collect();
        let tested = frequencies.iter().flatten().count();
        let free: Vec<u16> = frequencies
            .iter()
            .map(|c| c.as_ref().map_or(0, |c| c.step))
            .collect();
        let gain = |quality: u32| -> (f64, usize) {
            let table = scaled(&LUMA, quality);
            let gains = FREQUENCIES.iter().zip(&frequencies);
            gains
                .filter_map(|(&f, c)| c.as_ref()?.gains.get(usize::from(table[f])))
                .fold((0.0, 0), |(s, n), &g| (s + g, n + usize::from(g > 12.0)))
        };
        let (quality, (sum, speaking)) = (30..=99)
            .map(|q| (q, gain(q)))
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
        let found = free.iter().filter(|&&q| q > 0).count();
        if found < 3.max(tested / 3) {
            return None;
        }
        Some(Earlier {
            quality,
            evidence: sum / tested.max(1) as f64,
            frequencies: speaking.max(found),
            steps: free,
        })
    }
}

/// What the histogram of one frequency says of a first quantisation.
struct Comb {
    /// By its step: how much less it deviates than a smooth one, in units of what is left.
    gains: Vec<f64>,
    /// The step that explains it; 0 when none is needed.
    step: u16,
}

fn comb(counts: &[u32; LARGEST + 1], step: u16) -> Option<Comb> {
    let last = counts.iter().rposition(|&c| c >= 3)?.max(1);
    let observed: Vec<f64> = counts[1..=last].iter().map(|&c| f64::from(c)).collect();
    if observed.len() < 6 || observed.iter().sum::<f64>() < 300.0 {
        return None;
    }
    let smooth = deviance(&observed, None);
    let freedom = (observed.len() - 3) as f64;
    // At least three teeth of the comb must show.
    let widest = (usize::from(step) * observed.len() / 3).min(127);
    let mut out = Comb {
        gains: vec![0.0; widest + 1],
        step: 0,
    };
    let mut best = 12.0;
    for first in 2..=widest {
        let left = deviance(&observed, Some((first as u16, step)));
        // A real histogram is never quite as smooth as the model: its misfit is the measure of
        // what counts.
        let gain = (smooth - left) / (left / freedom).max(1.0);
        out.gains[first] = gain;
        if gain > best && smooth > 2.0 * left {
            (best, out.step) = (gain, first as u16);
        }
    }
    Some(out)
}

/// Deviance of counts (of the magnitudes from 1 on) from the best smooth envelope times what a
/// first quantisation by q1, then one by q2, make of a flat one: a Poisson log-linear model with
/// terms 1, k, √k and ln k, fitted by Newton's method.
fn deviance(observed: &[f64], steps: Option<(u16, u16)>) -> f64 {
    let n = observed.len();
    // Some stray from their bins: clipping, other rounding.
    let offset: Vec<f64> = (1..=n)
        .map(|k| steps.map_or(1.0, |(q1, q2)| 0.97 * share(k, q1, q2) + 0.03))
        .collect();
    let term = |k: usize| {
        let k = (k + 1) as f64;
        Vector4::new(1.0, k / 16.0, k.sqrt() / 4.0, k.ln())
    };
    let total: f64 = observed.iter().sum();
    let mut beta = Vector4::new((total / offset.iter().sum::<f64>()).ln(), 0.0, 0.0, 0.0);
    let expected =
        |beta: &Vector4<f64>, i: usize| offset[i] * term(i).dot(beta).clamp(-30.0, 30.0).exp();
    let of = |beta: &Vector4<f64>| -> f64 {
        (0..n)
            .map(|i| {
                let (o, e) = (observed[i], expected(beta, i));
                let ratio = if o > 0.0 { o * (o / e).ln() } else { 0.0 };
                2.0 * (ratio - o + e)
            })
            .sum()
    };
    let mut current = of(&beta);
    for _ in 0..12 {
        let mut information = Matrix4::identity() * 1e-6;
        let mut score = Vector4::zeros();
        for (i, o) in observed.iter().enumerate() {
            let (t, e) = (term(i), expected(&beta, i));
            information += t * t.transpose() * e;
            score += t * (o - e);
        }
        let Some(inverse) = information.try_inverse() else {
            break;
        };
        let mut step = inverse * score;
        let mut next = of(&(beta + step));
        while next > current && step.norm() > 1e-6 {
            step *= 0.5;
            next = of(&(beta + step));
        }
        let better = current - next;
        if better <= 0.0 {
            break;
        }
        beta += step;
        current = next;
        if better < 0.05 {
            break;
        }
    }
    current
}

/// How many multiples of `q1`, blurred by rounding, fall into bin `k` of `q2`, for an average of
/// 1.
fn share(k: usize, q1: u16, q2: u16) -> f64 {
    let (q1, q2, k) = (f64::from(q1), f64::from(q2), k as f64);
    let (low, high) = ((k - 0.5) * q2, (k + 0.5) * q2);
    let first = ((low - 3.0) / q1).ceil().max(0.0) as i64;
    let last = ((high + 3.0) / q1).floor() as i64;
    let normal = |x: f64| 1.0 / (1.0 + (-1.702 * x / ROUNDING).exp());
    let inside: f64 = (first..=last)
        .map(|m| normal(high - m as f64 * q1) - normal(low - m as f64 * q1))
        .sum();
    inside * q1 / q2
}

/// The DCT-II basis of T.81, orthonormal: `basis[u][x]`.
pub fn basis() -> [[f32; 8]; 8] {
    std::array::from_fn(|u| {
        let c = if u == 0 { 0.125_f64.sqrt() } else { 0.5 };
        std::array::from_fn(|x| {
            let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0;
            (c * angle.cos()) as f32
        })
    })
}

/// The luma coefficients of a block; `None` when it has clipped samples.
fn transform(picture: &Rgb8, place: (usize, usize), basis: &[[f32; 8]; 8]) -> Option<[f32; 64]> {
    let mut rows = [[0.0_f32; 8]; 8];
    for (y, row) in rows.iter_mut().enumerate() {
        let start = 3 * ((place.1 + y) * picture.width + place.0);
        let mut luma = [0.0_f32; 8];
        for (l, rgb) in luma
            .iter_mut()
            .zip(picture.data[start..start + 24].chunks_exact(3))
        {
            if rgb.iter().any(|&v| v == 0 || v == 255) {
                return None;
            }
            *l = 0.299 * f32::from(rgb[0]) + 0.587 * f32::from(rgb[1]) + 0.114 * f32::from(rgb[2]);
        }
        for (u, r) in row.iter_mut().enumerate() {
            *r = basis[u].iter().zip(&luma).map(|(b, l)| b * l).sum();
        }
    }
    let mut out = [0.0; 64];
    for v in 0..8 {
        for u in 0..8 {
            out[8 * v + u] = (0..8).map(|y| basis[v][y] * rows[y][u]).sum();
        }
    }
    Some(out)
}
