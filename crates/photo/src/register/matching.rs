//! From key points of both pictures to a homography: pairs of key points, then the largest set
//! of pairs that agree on one.
//!
//! A pair of oriented key points fixes a similarity alone, so every pair is tried as the seed:
//! nothing is drawn at random and one honest pair is enough to start from.
#![allow(
    clippy::indexing_slicing,
    reason = "fixed-size matrices, and indices that this module made"
)]

use nalgebra::{SMatrix, SVector};
use rayon::prelude::*;

use super::features::{DESCRIPTOR, Feature, NORM};
use crate::geometry::Homography;
use crate::raster::vector::vectorised;

/// A key point of the rendition and its likely partner on the RAW frame.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// Place in the rendition's plane.
    pub from: (f64, f64),
    /// Place in the RAW's plane.
    pub to: (f64, f64),
    /// Scale of the RAW's key point over that of the rendition's.
    scale: f64,
    /// Cosine and sine of the angle by which the rendition's key point is turned into the RAW's.
    turn: (f64, f64),
    /// Distance to the best over that to the second best, squared.
    ratio: f32,
}

/// A homography and the pairs that agree with it.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// Rendition plane to RAW plane.
    pub homography: Homography,
    /// How many pairs agree.
    pub inliers: usize,
}

/// Best partners of the rendition's key points, the most distinctive first.
pub fn pairs(rendition: &[Feature], raw: &[Feature]) -> Vec<Pair> {
    const RATIO: f32 = 0.85 * 0.85;
    /// Two key points nearer than this are taken for one when they compete.
    const SAME: f32 = 6.0;
    let descriptors: Vec<i16> = raw.iter().flat_map(|f| f.descriptor).collect();
    let mut found: Vec<Pair> = rendition
        .par_iter()
        .filter_map(|a| {
            let mut products = vec![0; raw.len()];
            products_with(&a.descriptor, &descriptors, &mut products);
            let best = (0..raw.len()).max_by_key(|&i| (products[i], usize::MAX - i))?;
            let b = &raw[best];
            let second = (0..raw.len())
                .filter(|&i| (raw[i].x - b.x).abs().max((raw[i].y - b.y).abs()) > SAME)
                .map(|i| products[i])
                .max()
                .unwrap_or(0);
            let distance = |p: i32| (2.0 * (NORM * NORM - p as f32)).max(1.0);
            let ratio = distance(products[best]) / distance(second);
            (ratio < RATIO).then(|| Pair {
                from: (f64::from(a.x), f64::from(a.y)),
                to: (f64::from(b.x), f64::from(b.y)),
                scale: f64::from(b.scale / a.scale),
                turn: turned(a.direction, b.direction),
                ratio,
            })
        })
        .collect();
    found.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    found
}

/// The direction `to` as seen from `from`.
fn turned(from: (f32, f32), to: (f32, f32)) -> (f64, f64) {
    let (fx, fy) = (f64::from(from.0), f64::from(from.1));
    let (tx, ty) = (f64::from(to.0), f64::from(to.1));
    (fx * tx + fy * ty, fx * ty - fy * tx)
}

vectorised! {
    /// The products of one descriptor with many that lie one after the other.
    fn products_with<'a>(one: &'a [i16; DESCRIPTOR], many: &'a [i16], to: &'a mut [i32]) {
        for (to, other) in to.iter_mut().zip(many.chunks_exact(DESCRIPTOR)) {
            let pairs = one.iter().zip(other);
            *to = pairs.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum();
        }
    }
}

/// The homography with which the most pairs agree; `None` when it would be of fewer than 6.
pub fn agree(pairs: &[Pair]) -> Option<Agreement> {
    const SEEDS: usize = 1500;
    const KEPT: usize = 16;
    let mut seeds: Vec<(usize, usize)> = pairs[..pairs.len().min(SEEDS)]
        .par_iter()
        .enumerate()
        .map(|(i, seed)| {
            let agreeing = pairs.iter().filter(|p| p.follows(seed)).count();
            (agreeing, i)
        })
        .collect();
    seeds.sort_by_key(|&(count, i)| (usize::MAX - count, i));
    // Seeds within one another's support lead to the same homography: keep one of each.
    let mut kept: Vec<usize> = Vec::new();
    for (count, i) in seeds {
        if count < 5 || kept.len() == KEPT {
            break;
        }
        let near = |&k: &usize| pairs[k].follows(&pairs[i]) && pairs[i].follows(&pairs[k]);
        if kept.iter().filter(|k| near(k)).count() < 3 {
            kept.push(i);
        }
    }
    let candidates: Vec<Option<Agreement>> =
        kept.par_iter().map(|&i| grow(pairs, &pairs[i])).collect();
    // The first of the best, so that the order of threads does not matter.
    candidates.into_iter().flatten().reduce(|best, next| {
        if next.inliers > best.inliers {
            next
        } else {
            best
        }
    })
}

impl Pair {
    /// Where the similarity that `self` fixes sends a point.
    fn send(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (cos, sin) = self.turn;
        let (dx, dy) = (x - self.from.0, y - self.from.1);
        (
            self.to.0 + self.scale * (cos * dx - sin * dy),
            self.to.1 + self.scale * (sin * dx + cos * dy),
        )
    }

    /// Whether the similarity of `seed` explains this pair, as loosely as key points' scales and
    /// directions are known.
    fn follows(&self, seed: &Self) -> bool {
        if !(0.6..1.67).contains(&(self.scale / seed.scale)) {
            return false;
        }
        // Within 28 degrees.
        if self.turn.0 * seed.turn.0 + self.turn.1 * seed.turn.1 < 0.88 {
            return false;
        }
        let (x, y) = seed.send(self.from);
        let reach = distance(self.to, seed.to);
        distance((x, y), self.to) < 8.0 + 0.15 * reach
    }
}

/// From a seed's similarity over affine maps to a homography, the tolerance tightening.
fn grow(pairs: &[Pair], seed: &Pair) -> Option<Agreement> {
    const AFFINE: [f64; 3] = [40.0, 20.0, 12.0];
    const PROJECTIVE: [f64; 5] = [12.0, 9.0, 7.0, 5.0, 5.0];
    const TIGHT: f64 = 5.0;
    let mut support: Vec<&Pair> = pairs.iter().filter(|p| p.follows(seed)).collect();
    let mut homography = None;
    for (tolerance, projective) in AFFINE
        .iter()
        .map(|&t| (t, false))
        .chain(PROJECTIVE.iter().map(|&t| (t, true)))
    {
        if support.len() < if projective { 6 } else { 4 } {
            return None;
        }
        let h = fit(&support, homography.as_ref(), tolerance, projective)?;
        support = pairs.iter().filter(|p| p.off(&h, tolerance)).collect();
        homography = Some(h);
    }
    let homography = homography?;
    let mut places: Vec<(i64, i64)> = support
        .iter()
        .filter(|p| p.off(&homography, TIGHT))
        .map(|p| (p.to.0.round() as i64 / 3, p.to.1.round() as i64 / 3))
        .collect();
    // Several key points of one place count once.
    places.sort_unstable();
    places.dedup();
    (places.len() >= 6).then_some(Agreement {
        homography,
        inliers: places.len(),
    })
}

impl Pair {
    fn off(&self, h: &Homography, tolerance: f64) -> bool {
        distance(h.apply(self.from.0, self.from.1), self.to) < tolerance
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    ((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).sqrt()
}

/// Least squares of an affine map or a homography, twice reweighted.
fn fit(
    pairs: &[&Pair],
    start: Option<&Homography>,
    tolerance: f64,
    projective: bool,
) -> Option<Homography> {
    let (centre, spread) = moments(pairs.iter().map(|p| p.from));
    let (target, reach) = moments(pairs.iter().map(|p| p.to));
    let normal = Homography([
        [1.0 / spread, 0.0, -centre.0 / spread],
        [0.0, 1.0 / spread, -centre.1 / spread],
        [0.0, 0.0, 1.0],
    ]);
    let back = Homography([
        [reach, 0.0, target.0],
        [0.0, reach, target.1],
        [0.0, 0.0, 1.0],
    ]);
    let mut homography = start.copied();
    for _ in 0..3 {
        let mut a = SMatrix::<f64, 8, 8>::zeros();
        let mut b = SVector::<f64, 8>::zeros();
        for p in pairs {
            let weight = homography.map_or(1.0, |h| {
                let r = distance(h.apply(p.from.0, p.from.1), p.to) / (tolerance / 2.0);
                1.0 / (1.0 + r * r)
            });
            let (x, y) = normal.apply(p.from.0, p.from.1);
            let (u, v) = ((p.to.0 - target.0) / reach, (p.to.1 - target.1) / reach);
            for (row, value) in [
                ([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u),
                ([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v),
            ] {
                let row = SVector::<f64, 8>::from(row);
                a += weight * row * row.transpose();
                b += weight * value * row;
            }
        }
        let ridge = 1e-9 * a.trace();
        for i in 0..8 {
            a[(i, i)] += ridge;
        }
        if !projective {
            for i in 6..8 {
                for j in 0..8 {
                    a[(i, j)] = 0.0;
                    a[(j, i)] = 0.0;
                }
                a[(i, i)] = 1.0;
                b[i] = 0.0;
            }
        }
        let s = a.cholesky()?.solve(&b);
        let fitted = Homography([[s[0], s[1], s[2]], [s[3], s[4], s[5]], [s[6], s[7], 1.0]]);
        homography = Some(back.after(&fitted).after(&normal));
    }
    homography
}

fn moments(points: impl Iterator<Item = (f64, f64)> + Clone) -> ((f64, f64), f64) {
    let n = points.clone().count().max(1) as f64;
    let (sx, sy) = points
        .clone()
        .fold((0.0, 0.0), |s, p| (s.0 + p.0, s.1 + p.1));
    let centre = (sx / n, sy / n);
    let square: f64 = points
        .map(|p| (p.0 - centre.0).powi(2) + (p.1 - centre.1).powi(2))
        .sum();
    (centre, (square / n).sqrt().max(1e-6))
}
