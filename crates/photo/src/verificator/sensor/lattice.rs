//! The 8 × 8 lattice of JPEG in a mosaic.
//!
//! A block coder quantises every block by itself: neighbouring samples differ more where they lie
//! on two sides of a block boundary (Fan and de Queiroz, "Identification of bitmap compression
//! history", 2003). Noise added later hides this from the eye, not from an average over millions
//! of samples. A sensor knows no blocks; readout with several column amplifiers knows periods of 2
//! to 16, but in one direction only and as a fixed offset or gain, which is taken out here.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over tiles whose sizes are fixed or checked at their start"
)]

use std::f64::consts::TAU;

use rayon::prelude::*;
use rustfft::num_complex::Complex64;

use super::mosaic::Mosaic;
use crate::raster::vector::vectorised;

/// Samples an edge of a tile; a multiple of 8.
const TILE: usize = 128;
/// Samples a step reaches to either side: two of the same colour before, three after.
const REACH: usize = 6;
/// At most this many tiles are looked at, spread evenly.
const MOST_TILES: usize = 1600;
/// Steps beyond this many times the tile's own noise are edges of the picture and count as this.
const LIMIT: f32 = 2.0;

/// A small offset `m` of normal noise adds `0.739 m²` to its mean square and `0.954 m` to its mean
/// once both are capped at [`LIMIT`]: what the square of the mean is worth in the mean square.
const OFFSET_IN_SQUARES: f64 = 0.739 / (0.954 * 0.954);

/// What was found along one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Axis {
    /// Amplitude of the fundamental (one cycle in 8 samples) of the mean squared step, in units of
    /// the noise variance of the tile's own steps. Lattices of 4, 6 or 4.8 samples, left by a
    /// picture that was made smaller before, have no such component.
    pub amplitude: f64,
    /// `amplitude` in units of its own standard error, found from the spread between tiles:
    /// Rayleigh-distributed where there is no lattice (above 4 by chance once in 3000).
    pub significance: f64,
    /// Where the boundaries lie: the sample, modulo 8, behind which the steps are largest.
    pub offset: f64,
    /// The largest share of the amplitude that one of the eight rows (columns) modulo 8 has: an
    /// eighth when perfectly even. Blocks cut all rows alike; focus pixels and their repair lie in
    /// few of them and come near 1.
    pub concentration: f64,
}

/// The lattice of period 8 in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lattice {
    /// Along rows (vertical boundaries).
    pub horizontal: Axis,
    /// Along columns (horizontal boundaries).
    pub vertical: Axis,
    /// Tiles that were neither dark nor saturated.
    pub tiles: usize,
}

/// One tile and direction: the fundamental of capped squared steps, by the row modulo 8, and the
/// mean signed steps by phase.
struct Steps {
    fundamental: [Complex64; 8],
    signed: [f64; 8],
}

/// Looks for a lattice of period 8. `None` when fewer than 40 tiles are usable.
pub fn measure(mosaic: &Mosaic<'_>) -> Option<Lattice> {
    let edge = TILE + 2 * REACH;
    let columns = mosaic.width.checked_sub(2 * REACH)? / TILE;
    let rows = mosaic.height.checked_sub(2 * REACH)? / TILE;
    let count = columns * rows;
    if count == 0 {
        return None;
    }
    let stabilisers = [0, 1].map(|y| Stabiliser::new(mosaic, y, edge));
    let picked: Vec<usize> = if count <= MOST_TILES {
        (0..count).collect()
    } else {
        (0..MOST_TILES).map(|i| i * count / MOST_TILES).collect()
    };
    let tiles: Vec<[Steps; 2]> = picked
        .par_iter()
        .filter_map(|&i| {
            let (x0, y0) = ((i % columns) * TILE, (i / columns) * TILE);
            let mut tile = vec![0.0_f32; edge * edge];
            for (y, line) in tile.chunks_exact_mut(edge).enumerate() {
                let row = &mosaic.row(y0 + y)[x0..x0 + edge];
                stabilise(&stabilisers[y & 1], row, line);
            }
            let outside = tile.iter().filter(|v| v.is_nan()).count();
            if outside * 50 > edge * edge {
                return None;
            }
            let across = transposed(&tile, edge);
            Some([steps(&tile, edge)?, steps(&across, edge)?])
        })
        .collect();
    if tiles.len() < 40 {
        return None;
    }
    Some(Lattice {
        horizontal: axis(&tiles, 0),
        vertical: axis(&tiles, 1),
        tiles: tiles.len(),
    })
}

/// For each sample of a row, what it is worth on a scale on which photon noise is the same
/// everywhere (the square root); NaN for what is nearly black or nearly saturated.
struct Stabiliser {
    black: Vec<f32>,
    /// Signal from which on, and below which, a sample counts, and what is added to it.
    least: Vec<f32>,
    most: Vec<f32>,
    floor: Vec<f32>,
}

impl Stabiliser {
    fn new(mosaic: &Mosaic<'_>, y: usize, width: usize) -> Self {
        let each = |f: &dyn Fn(f32, f32) -> f32| {
            let sites = (0..width).map(|x| y * 2 + (x & 1));
            sites
                .map(|site| f(mosaic.black[site], mosaic.white[site] - mosaic.black[site]))
                .collect()
        };
        Self {
            black: each(&|black, _| black),
            least: each(&|_, range| 0.002 * range),
            most: each(&|_, range| 0.92 * range),
            floor: each(&|_, range| 1e-3 * range),
        }
    }
}

vectorised! {
    fn stabilise<'a>(by: &'a Stabiliser, row: &'a [u16], to: &'a mut [f32]) {
        let n = to.len();
        let (row, black, floor) = (&row[..n], &by.black[..n], &by.floor[..n]);
        let (least, most) = (&by.least[..n], &by.most[..n]);
        for i in 0..n {
            let signal = f32::from(row[i]) - black[i];
            let root = (signal + floor[i]).sqrt();
            let counts = (signal >= least[i]) & (signal < most[i]);
            to[i] = if counts { root } else { f32::NAN };
        }
    }
}

fn transposed(tile: &[f32], edge: usize) -> Vec<f32> {
    // so small that both squares stay in the cache
    const SQUARE: usize = 20;
    let mut out = vec![0.0; tile.len()];
    for y0 in (0..edge).step_by(SQUARE) {
        for x0 in (0..edge).step_by(SQUARE) {
            for x in x0..(x0 + SQUARE).min(edge) {
                let to = &mut out[x * edge..(x + 1) * edge];
                for y in y0..(y0 + SQUARE).min(edge) {
                    to[y] = tile[y * edge + x];
                }
            }
        }
    }
    out
}

/// Same-colour steps along the rows of a tile, less the slope of their surroundings. `None` for a
/// tile without any noise.
fn steps(tile: &[f32], edge: usize) -> Option<Steps> {
    let mut residual = vec![f32::NAN; TILE * TILE];
    let lines = tile.chunks_exact(edge).skip(REACH);
    for (to, line) in residual.chunks_exact_mut(TILE).zip(lines) {
        less_slope(line, to);
    }
    let mut magnitude: [Vec<f32>; 4] = Default::default();
    for (line, row) in residual.chunks_exact(TILE).enumerate() {
        for (i, r) in row.iter().enumerate().skip(line % 5).step_by(5) {
            if !r.is_nan() {
                magnitude[(line & 1) * 2 + (i & 1)].push(r.abs());
            }
        }
    }
    let mut scale = [0.0; 4];
    for (scale, magnitude) in scale.iter_mut().zip(&mut magnitude) {
        let middle = magnitude.len() / 2;
        if magnitude.len() < 64 {
            return None;
        }
        let (_, median, _) = magnitude.select_nth_unstable_by(middle, f32::total_cmp);
        if *median <= 0.0 {
            return None;
        }
        *scale = 1.0 / (*median * 1.4826);
    }
    let mut squares = [[0.0_f32; 8]; 8];
    let mut sums = [0.0_f32; 8];
    for (line, row) in residual.chunks_exact(TILE).enumerate() {
        let scale = std::array::from_fn(|phase| scale[(line & 1) * 2 + (phase & 1)]);
        add_capped(row, scale, &mut squares[line % 8], &mut sums);
    }
    let each = (TILE * TILE / 64) as f64;
    Some(Steps {
        fundamental: squares.map(|row| fundamental(&row.map(|v| f64::from(v) / each))),
        signed: sums.map(|s| f64::from(s) / each / 8.0),
    })
}

vectorised! {
    /// The steps of one line of a tile, less the slope of their surroundings.
    fn less_slope<'a>(line: &'a [f32], to: &'a mut [f32]) {
        let at = |shift: usize| &line[shift..shift + TILE];
        let (a, b, c) = (at(REACH - 4), at(REACH - 2), at(REACH));
        let (d, e, f) = (at(REACH + 2), at(REACH + 4), at(REACH + 6));
        let to = &mut to[..TILE];
        for i in 0..TILE {
            // From the pairs two and four samples out: eight samples from centre to centre.
            to[i] = d[i] - c[i] - (e[i] + f[i] - a[i] - b[i]) / 8.0;
        }
    }
}

vectorised! {
    /// Adds the capped steps of one line, and their squares, by phase.
    fn add_capped<'a>(
        row: &'a [f32],
        scale: [f32; 8],
        squares: &'a mut [f32; 8],
        sums: &'a mut [f32; 8],
    ) {
        let (mut square, mut sum) = (*squares, *sums);
        for eight in row.chunks_exact(8) {
            for phase in 0..8 {
                let r = eight[phase] * scale[phase];
                let r = if r > LIMIT { LIMIT } else { r };
                let r = if r < -LIMIT { -LIMIT } else { r };
                let r = if r.is_nan() { 0.0 } else { r };
                square[phase] += r * r;
                sum[phase] += r;
            }
        }
        (*squares, *sums) = (square, sum);
    }
}

/// The first coefficient of the Fourier series of eight values.
fn fundamental(values: &[f64; 8]) -> Complex64 {
    let turn = |p: usize| Complex64::from_polar(0.25, -TAU * p as f64 / 8.0);
    values.iter().enumerate().map(|(p, &v)| v * turn(p)).sum()
}

fn axis(tiles: &[[Steps; 2]], direction: usize) -> Axis {
    let of = |t: &[Steps; 2]| t[direction].fundamental.iter().sum::<Complex64>() / 8.0;
    // Texture scatters between the rows of a tile; even tiles tell more.
    let scatter = |t: &[Steps; 2]| {
        let mean = of(t);
        let rows = t[direction].fundamental.iter();
        rows.map(|f| (f - mean).norm_sqr()).sum::<f64>() / 56.0
    };
    let mut sorted: Vec<f64> = tiles.iter().map(scatter).collect();
    sorted.sort_by(f64::total_cmp);
    let common = sorted[sorted.len() / 4].max(1e-12);
    let weights: Vec<f64> = tiles.iter().map(|t| 1.0 / (common + scatter(t))).collect();
    let total: f64 = weights.iter().sum();
    let weighted = || tiles.iter().zip(&weights);
    let mean = weighted().map(|(t, &w)| of(t) * w).sum::<Complex64>() / total;
    let error = weighted()
        .map(|(t, &w)| (of(t) - mean).norm_sqr() * w * w)
        .sum::<f64>()
        / total.powi(2);
    // A column of its own offset makes steps of one sign wherever the scene is: no block.
    let fixed: [f64; 8] = std::array::from_fn(|p| {
        weighted()
            .map(|(t, &w)| t[direction].signed[p] * w)
            .sum::<f64>()
            / total
    });
    let mean = mean - fundamental(&fixed.map(|f| OFFSET_IN_SQUARES * f * f));
    let amplitude = mean.norm();
    let direction_of = mean / amplitude.max(1e-12);
    let share = |row: usize| {
        let sum: Complex64 = weighted()
            .map(|(t, &w)| t[direction].fundamental[row] * w)
            .sum();
        (sum / total * direction_of.conj()).re / amplitude.max(1e-12)
    };
    // A bump at phase p turns the coefficient by -p eighths.
    let phase = -mean.arg() / TAU * 8.0 + (REACH + 1) as f64;
    Axis {
        amplitude,
        significance: amplitude / (error / 2.0).sqrt().max(1e-12),
        offset: phase.rem_euclid(8.0),
        concentration: (0..8).map(share).fold(0.0, f64::max) / 8.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verificator::sensor::mosaic::tests::{mosaic, noise};

    #[test]
    fn blocks_show_under_noise_and_noise_shows_no_blocks() {
        let (width, height) = (1100, 1100);
        let random = noise(width * height, 1);
        let steps = noise(200 * 200, 2);
        let sensor: Vec<u16> = (random.iter())
            .map(|n| (2000.0 + 40.0 * n) as u16)
            .collect();
        let blocky: Vec<u16> = (random.iter().enumerate())
            .map(|(i, n)| {
                let (x, y) = (i % width + 3, i / width + 5);
                (2000.0 + 40.0 * n + 20.0 * steps[y / 8 * 200 + x / 8]) as u16
            })
            .collect();
        let clean = measure(&mosaic(&sensor, width, height)).unwrap();
        assert!(clean.horizontal.significance < 4.0 && clean.vertical.significance < 4.0);
        let cut = measure(&mosaic(&blocky, width, height)).unwrap();
        for (axis, offset) in [(cut.horizontal, 4.5), (cut.vertical, 2.5)] {
            assert!(axis.significance > 8.0, "{axis:?}");
            assert!(axis.concentration < 0.3, "{axis:?}");
            assert!((axis.offset - offset).abs() < 0.6, "{axis:?}");
        }
    }

    #[test]
    fn offsets_of_columns_are_no_blocks() {
        let (width, height) = (1100, 1100);
        let random = noise(width * height, 3);
        let column = [0.0, 15.0, -10.0, 3.0, 9.0, -15.0, 0.0, 6.0];
        let samples: Vec<u16> = (random.iter().enumerate())
            .map(|(i, n)| (2000.0 + 40.0 * n + column[i % width % 8]) as u16)
            .collect();
        let found = measure(&mosaic(&samples, width, height)).unwrap();
        assert!(found.vertical.significance < 4.0);
        assert!(found.horizontal.significance < 4.0, "{found:?}");
    }
}
