//! The noise of the sites of a mosaic.
//!
//! Light comes in photons: the variance of a site is `gain · signal + floor` (Foi et al.,
//! "Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", 2008),
//! whatever the scene, and every site counts its own photons: in an even patch the noise of
//! neighbouring red, green and blue sites is independent and white. A mosaic sampled from a finished
//! picture is too clean, and its sites share the noise that demosaicing and compression spread.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over tiles whose sizes are fixed"
)]

use std::f64::consts::SQRT_2;

use rayon::prelude::*;

use super::mosaic::Mosaic;
use crate::raster::vector::vectorised;

/// Samples of one site an edge of a tile.
const EDGE: usize = 16;
/// Samples of one site in a tile.
const AREA: usize = EDGE * EDGE;
/// Monomials of the surface that is taken out of a tile: 1, x, y, x², xy, y².
const TERMS: usize = 6;
/// At most this many tiles are looked at, spread evenly.
const MOST_TILES: usize = 6000;
/// Tiles of one level of signal are compared with each other: so many levels.
const LEVELS: usize = 8;

/// What the even patches of a mosaic show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noise {
    /// Tiles that were neither dark nor saturated.
    pub tiles: usize,
    /// Mean correlation of the noise of neighbouring sites of different colours (the largest of
    /// red–green, blue–green and green–green by magnitude), in the evenest tiles of every level.
    pub dependence: f64,
    /// Correlation of the noise of neighbouring sites of one colour there: 0 for white noise.
    pub colouring: f64,
    /// Electrons that saturation would need to hold for the noise of the evenest tiles to be
    /// photon noise: `(white - black) · signal / variance`, the median over those tiles.
    pub full_well: f64,
    /// The same for the cleanest hundredth of the tiles that are far from saturation, where there
    /// are a hundred of them.
    pub full_well_cleanest: Option<f64>,
    /// How sharp the lower edge of the tiles' noise is: variance over signal of the cleanest
    /// fiftieth of a level, divided by that of the cleanest fifth. Photon noise has a floor that
    /// nothing goes below, so that a scene with even patches comes near 1.
    pub edge: f64,
    /// Slope of variance over signal among the evenest tiles, by site: sample units an electron.
    pub gain: [f64; 4],
    /// Variance at zero signal by the same line, in squared sample units.
    pub floor: [f64; 4],
    /// Share of the variance between levels that the line explains, the mean over the sites;
    /// `None` where the levels of signal lie too close for a line.
    pub linearity: Option<f64>,
    /// Slope (sample units an electron) and floor (squared sample units) of the variance of a green
    /// site, texture taken out: what neighbouring sites have in common is extrapolated to no
    /// distance and taken off, for noise has nothing in common. `None` where nothing was left.
    pub law: Option<(f64, f64)>,
}

struct Tile {
    signal: [f64; 4],
    variance: [f64; 4],
    /// Site 0–1, 1–3, 0–2, 2–3 (neighbours), 0–3 and 1–2 (diagonal).
    correlation: [f64; 6],
    colouring: f64,
    /// Variance of the green sites less what they share with their neighbours.
    own: f64,
}

const PAIRS: [(usize, usize); 6] = [(0, 1), (1, 3), (0, 2), (2, 3), (0, 3), (1, 2)];

/// Weighs the noise; `None` when fewer than 60 tiles are usable.
pub fn measure(mosaic: &Mosaic<'_>) -> Option<Noise> {
    let step = 2 * EDGE;
    let columns = mosaic.width / step;
    let count = columns * (mosaic.height / step);
    let basis = polynomials();
    let picked: Vec<usize> = if count <= MOST_TILES {
        (0..count).collect()
    } else {
        (0..MOST_TILES).map(|i| i * count / MOST_TILES).collect()
    };
    let mut tiles: Vec<Tile> = picked
        .par_iter()
        .filter_map(|&i| tile(mosaic, (i % columns) * step, (i / columns) * step, &basis))
        .collect();
    if tiles.len() < 60 {
        return None;
    }
    let green = if mosaic.pattern[0] == 1 { 0 } else { 1 };
    tiles.sort_by(|a, b| a.signal[green].total_cmp(&b.signal[green]));
    let levels = LEVELS.min(tiles.len() / 30).max(1);
    let size = tiles.len().div_ceil(levels);
    let cleanness = |t: &Tile| t.variance.iter().sum::<f64>() / t.signal.iter().sum::<f64>();
    let mut even: Vec<&Tile> = Vec::new();
    let mut points: Vec<([f64; 4], [f64; 4])> = Vec::new();
    let mut own: Vec<(f64, f64)> = Vec::new();
    let mut edges = Vec::new();
    for level in tiles.chunks(size) {
        let mut sorted: Vec<&Tile> = level.iter().collect();
        sorted.sort_by(|a, b| cleanness(a).total_cmp(&cleanness(b)));
        let rank = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
        edges.push(cleanness(rank(0.02)) / cleanness(rank(0.2)).max(1e-9));
        let kept = &sorted[..(sorted.len() / 10).max(4).min(sorted.len())];
        even.extend(kept);
        let mean = |f: fn(&Tile) -> [f64; 4]| -> [f64; 4] {
            std::array::from_fn(|s| kept.iter().map(|t| f(t)[s]).sum::<f64>() / kept.len() as f64)
        };
        points.push((mean(|t| t.signal), mean(|t| t.variance)));
        let mean = |f: &dyn Fn(&Tile) -> f64| mean_of(kept.iter().map(|t| f(t)));
        own.push((mean(&|t| t.signal[green]), mean(&|t| t.own)));
    }
    let range = f64::from(mosaic.range());
    let correlation: [f64; 6] =
        std::array::from_fn(|p| mean_of(even.iter().map(|t| t.correlation[p])));
    let dependence = (correlation[..4].iter().copied())
        .fold(0.0, |m: f64, c| if c.abs() > m.abs() { c } else { m });
    let mut wells: Vec<f64> = even
        .iter()
        .map(|t| range / cleanness(t).max(1e-9))
        .collect();
    // Saturation takes noise away too, and may lie below the level the file names.
    let brightest: [f64; 4] =
        std::array::from_fn(|s| tiles.iter().map(|t| t.signal[s]).fold(0.0, f64::max));
    let mut all: Vec<f64> = (tiles.iter())
        .filter(|t| t.signal.iter().zip(&brightest).all(|(s, b)| *s < 0.5 * b))
        .map(|t| range / cleanness(t).max(1e-9))
        .collect();
    let lines: [(f64, f64, Option<f64>); 4] = std::array::from_fn(|s| {
        let along: Vec<(f64, f64)> = points.iter().map(|(m, v)| (m[s], v[s])).collect();
        line(&along)
    });
    let explained: Vec<f64> = lines.iter().filter_map(|l| l.2).collect();
    Some(Noise {
        tiles: tiles.len(),
        dependence,
        colouring: mean_of(even.iter().map(|t| t.colouring)),
        full_well: quantile(&mut wells, 0.5),
        full_well_cleanest: (all.len() >= 100).then(|| quantile(&mut all, 0.99)),
        edge: mean_of(edges.into_iter()),
        gain: lines.map(|l| l.0),
        floor: lines.map(|l| l.1),
        law: law(&own),
        linearity: (!explained.is_empty()).then(|| mean_of(explained.into_iter())),
    })
}

/// The line through what is left of the variances of each level, or the one through the origin
/// where that makes more sense.
fn law(own: &[(f64, f64)]) -> Option<(f64, f64)> {
    let usable: Vec<(f64, f64)> = own.iter().copied().filter(|p| p.1 > 0.0).collect();
    if usable.is_empty() {
        return None;
    }
    let (slope, floor, _) = line(&usable);
    if slope > 0.0 && floor >= 0.0 {
        return Some((slope, floor));
    }
    let mut slopes: Vec<f64> = usable.iter().map(|(s, v)| v / s.max(1e-9)).collect();
    Some((quantile(&mut slopes, 0.5), 0.0))
}

fn mean_of(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    values.sum::<f64>() / count
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    let at = ((values.len() - 1) as f64 * share) as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// Orthonormal polynomials over a tile (Gram–Schmidt on the monomials).
fn polynomials() -> [[f32; AREA]; TERMS] {
    let at = |i: usize| (i as f64 - (EDGE as f64 - 1.0) / 2.0) / EDGE as f64;
    let mut basis = [[0.0_f64; AREA]; TERMS];
    for i in 0..AREA {
        let (x, y) = (at(i % EDGE), at(i / EDGE));
        for (b, v) in basis.iter_mut().zip([1.0, x, y, x * x, x * y, y * y]) {
            b[i] = v;
        }
    }
    for k in 0..TERMS {
        let (done, rest) = basis.split_at_mut(k);
        let this = &mut rest[0];
        for other in done.iter() {
            let dot: f64 = this.iter().zip(other).map(|(a, b)| a * b).sum();
            for (a, b) in this.iter_mut().zip(other) {
                *a -= dot * b;
            }
        }
        let norm = this.iter().map(|v| v * v).sum::<f64>().sqrt();
        this.iter_mut().for_each(|v| *v /= norm);
    }
    basis.map(|b| b.map(|v| v as f32))
}

fn tile(mosaic: &Mosaic<'_>, x0: usize, y0: usize, basis: &[[f32; AREA]; TERMS]) -> Option<Tile> {
    let mut sites = [[0.0_f32; AREA]; 4];
    for y in 0..2 * EDGE {
        let row = &mosaic.row(y0 + y)[x0..x0 + 2 * EDGE];
        for (x, &v) in row.iter().enumerate() {
            let site = (y & 1) * 2 + (x & 1);
            sites[site][(y / 2) * EDGE + x / 2] = f32::from(v) - mosaic.black[site];
        }
    }
    let mut found = Products::default();
    lights(&sites, &mut found);
    let signal = found.sums.map(|s| f64::from(s) / AREA as f64);
    for (s, signal) in signal.iter().enumerate() {
        let range = mosaic.white[s] - mosaic.black[s];
        // Clipping at either end takes noise away.
        if found.highest[s] > 0.9 * range || *signal < f64::from(0.004 * range) {
            return None;
        }
    }
    let green = if mosaic.pattern[0] == 1 { 0 } else { 1 };
    products(&mut sites, basis, green, &mut found);
    let variance = found.own.map(|s| f64::from(s) / (AREA - TERMS) as f64);
    let correlation = std::array::from_fn(|i| {
        let (a, b) = PAIRS[i];
        let scale = (variance[a] * variance[b]).sqrt() * (AREA - TERMS) as f64;
        f64::from(found.pairs[i]) / scale.max(1e-9)
    });
    let pairs = (EDGE * (EDGE - 1)) as f64;
    let shared = f64::from(found.beside + found.below) / 2.0 / pairs;
    let colouring = shared / variance[green].max(1e-9);
    // The texture's covariance falls about evenly with distance: known at √2 pixels (the other
    // green site) and at 2, it is extrapolated to 0.
    let (first, second, pair) = if green == 0 { (0, 3, 4) } else { (1, 2, 5) };
    let diagonal = correlation[pair] * (variance[first] * variance[second]).sqrt();
    let further = (diagonal - shared).max(0.0) * SQRT_2 / (2.0 - SQRT_2);
    let own = (variance[first] + variance[second]) / 2.0 - (diagonal + further).max(0.0);
    Some(Tile {
        signal,
        variance,
        correlation,
        colouring,
        own,
    })
}

/// Sums over one tile.
#[derive(Default)]
struct Products {
    sums: [f32; 4],
    highest: [f32; 4],
    /// Of each site with itself, with the others by [`PAIRS`], and of green with its neighbours.
    own: [f32; 4],
    pairs: [f32; 6],
    beside: f32,
    below: f32,
}

/// Lanes that a sum is taken in, added up at the end.
const LANES: usize = 8;

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sum = [0.0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for k in 0..LANES {
            sum[k] += a[k] * b[k];
        }
    }
    sum.iter().sum()
}

vectorised! {
    fn lights<'a>(sites: &'a [[f32; AREA]; 4], to: &'a mut Products) {
        for (s, site) in sites.iter().enumerate() {
            let (mut sum, mut highest) = ([0.0f32; LANES], [f32::MIN; LANES]);
            for part in site.chunks_exact(LANES) {
                for k in 0..LANES {
                    sum[k] += part[k];
                    highest[k] = if part[k] > highest[k] { part[k] } else { highest[k] };
                }
            }
            to.sums[s] = sum.iter().sum();
            to.highest[s] = highest.iter().copied().fold(f32::MIN, f32::max);
        }
    }
}

vectorised! {
    /// Takes the surface of `basis` out of every site, and multiplies what is left.
    fn products<'a>(
        sites: &'a mut [[f32; AREA]; 4],
        basis: &'a [[f32; AREA]; TERMS],
        green: usize,
        to: &'a mut Products,
    ) {
        for (site, own) in sites.iter_mut().zip(&mut to.own) {
            for b in basis {
                let share = dot(site, b);
                for i in 0..AREA {
                    site[i] -= share * b[i];
                }
            }
            *own = dot(site, site);
        }
        for (i, (a, b)) in PAIRS.into_iter().enumerate() {
            to.pairs[i] = dot(&sites[a], &sites[b]);
        }
        let green = &sites[green];
        to.below = dot(&green[..AREA - EDGE], &green[EDGE..]);
        let mut beside = [0.0f32; EDGE - 1];
        for row in green.chunks_exact(EDGE) {
            for i in 0..EDGE - 1 {
                beside[i] += row[i] * row[i + 1];
            }
        }
        to.beside = beside.iter().sum();
    }
}

/// Least-squares line with the weights that a variance of variances proportional to the variance
/// squared asks for: slope, intercept, share explained (`None` if the abscissae are too close).
fn line(points: &[(f64, f64)]) -> (f64, f64, Option<f64>) {
    let (mut w, mut x, mut y) = (0.0, 0.0, 0.0);
    let weight = |v: f64| 1.0 / (v * v).max(1e-12);
    for &(a, b) in points {
        w += weight(b);
        x += weight(b) * a;
        y += weight(b) * b;
    }
    let (x, y) = (x / w, y / w);
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for &(a, b) in points {
        xx += weight(b) * (a - x) * (a - x);
        xy += weight(b) * (a - x) * (b - y);
        yy += weight(b) * (b - y) * (b - y);
    }
    let (lowest, highest) =
        (points.iter().map(|p| p.0)).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if points.len() < 4 || highest < 2.0 * lowest || xx <= 0.0 {
        return (y / x, 0.0, None);
    }
    let slope = xy / xx;
    (slope, y - slope * x, Some(xy * xy / (xx * yy).max(1e-30)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verificator::sensor::mosaic::tests::{mosaic, noise};

    /// A ramp of light, `gain` sample units an electron, on top of read noise of 4 units.
    fn sensor(width: usize, height: usize, gain: f64) -> Vec<u16> {
        let (shot, read) = (noise(width * height, 5), noise(width * height, 6));
        (0..width * height)
            .map(|i| {
                let signal = 100.0 + 3000.0 * (i % width) as f64 / width as f64;
                let value = signal + (gain * signal).sqrt() * shot[i] + 4.0 * read[i];
                (512.0 + value).round() as u16
            })
            .collect()
    }

    #[test]
    fn photon_noise_follows_its_line() {
        let samples = sensor(640, 512, 1.6);
        let found = measure(&mosaic(&samples, 640, 512)).unwrap();
        for (gain, floor) in found.gain.iter().zip(&found.floor) {
            assert!((gain / 1.6 - 1.0).abs() < 0.25, "{found:?}");
            assert!(floor.abs() < 300.0, "{found:?}");
        }
        assert!(found.linearity.unwrap() > 0.9);
        assert!(found.dependence.abs() < 0.06 && found.colouring.abs() < 0.06);
        assert!(found.edge > 0.7);
    }

    #[test]
    fn sites_that_share_noise_are_told() {
        let (width, height) = (640, 512);
        let shared = noise(width * height / 4, 7);
        let mut samples = sensor(width, height, 0.4);
        for (i, s) in samples.iter_mut().enumerate() {
            let (x, y) = (i % width, i / width);
            *s = (f64::from(*s) + 60.0 * shared[y / 2 * (width / 2) + x / 2]) as u16;
        }
        assert!(
            measure(&mosaic(&samples, width, height))
                .unwrap()
                .dependence
                > 0.5
        );
    }

    #[test]
    fn a_surface_without_noise_is_told() {
        let samples: Vec<u16> = (0..640 * 512).map(|i| 700 + (i % 640) as u16 * 3).collect();
        let found = measure(&mosaic(&samples, 640, 512)).unwrap();
        assert!(found.full_well_cleanest.unwrap() > 1e5);
    }
}
