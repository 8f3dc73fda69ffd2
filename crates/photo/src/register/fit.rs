//! A smooth warp through measured displacements: robust least squares of a homography and a
//! displacement polynomial, of no higher degree than held-out blocks ask for.
#![allow(
    clippy::indexing_slicing,
    reason = "matrices whose sizes are fixed where they are made"
)]

use nalgebra::{DMatrix, DVector};

use super::blocks::Shift;
use crate::geometry::{Homography, Warp, monomials};

/// Degrees of displacement polynomial that are tried: none, radial distortion's first term, its
/// second.
const DEGREES: [i32; 3] = [0, 3, 5];
/// Parameters of the homography's small changes.
const PROJECTIVE: usize = 8;
/// How much better held-out blocks must get for a higher degree.
const BETTER: f64 = 0.97;
/// What no model explains, in rendition pixels times the level's factor.
const INADEQUACY: f64 = 0.04;

/// Bends `warp` so that `shifts` vanish; `factor` is how many rendition pixels a measured pixel
/// had. `None` when there are too few of them or they cannot be fitted.
pub fn bend(warp: &Warp, shifts: &[Shift], factor: f64) -> Option<Warp> {
    let observations: Vec<Observation> = shifts
        .iter()
        .enumerate()
        .filter_map(|(i, s)| Observation::new(warp, s, factor, fold(i)))
        .collect();
    let mut best: Option<(f64, Vec<usize>)> = None;
    for degree in DEGREES {
        let terms = terms(degree);
        if observations.len() * 2 < 3 * (PROJECTIVE + 2 * terms.len()) {
            break;
        }
        let Some(score) = held_out(&observations, &terms, factor) else {
            break;
        };
        if best.as_ref().is_none_or(|(b, _)| score < BETTER * b) {
            best = Some((score, terms));
        }
    }
    let (_, terms) = best?;
    let solution = solve(&observations, &terms, factor, |_| true)?;
    Some(apply(warp, &terms, &solution))
}

/// Which half of the blocks the i-th is in: mixed, but always the same.
fn fold(i: usize) -> bool {
    (i as u32).wrapping_mul(0x9e37_79b9) >> 31 == 1
}

/// One block's displacement from the homography alone.
struct Observation {
    u: f64,
    v: f64,
    target: (f64, f64),
    information: (f64, f64, f64),
    weight: f64,
    fold: bool,
    powers: [f64; 21],
}

impl Observation {
    fn new(warp: &Warp, s: &Shift, factor: f64, fold: bool) -> Option<Self> {
        let (width, height) = (warp.size.0 as f64, warp.size.1 as f64);
        let r = width.max(height) / 2.0;
        let (cx, cy) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
        let already = warp.displacement(s.x, s.y);
        // Covariance with a floor: (Λ⁻¹ + f² I)⁻¹.
        let (xx, xy, yy) = s.information;
        let ridge = 1e-9 * (xx + yy) + 1e-12;
        let (xx, yy) = (xx + ridge, yy + ridge);
        let det = xx * yy - xy * xy;
        let floor = (INADEQUACY * factor).powi(2);
        let (cxx, cxy, cyy) = (yy / det + floor, -xy / det, xx / det + floor);
        let det = cxx * cyy - cxy * cxy;
        let information = (cyy / det, -cxy / det, cxx / det);
        let sound = [information.0, information.1, information.2, s.d.0, s.d.1]
            .iter()
            .all(|v| v.is_finite());
        sound.then(|| Self {
            u: (s.x - cx) / r,
            v: (s.y - cy) / r,
            target: (already.0 + s.d.0, already.1 + s.d.1),
            information,
            weight: s.correlation.max(0.0).powi(2),
            fold,
            powers: powers((s.x - cx) / r, (s.y - cy) / r),
        })
    }
}

/// The polynomial's terms beyond those of a homography, as indices of [`monomials`].
fn terms(degree: i32) -> Vec<usize> {
    monomials()
        .enumerate()
        .filter(|(_, (i, j))| (2..=degree).contains(&(i + j)))
        .map(|(k, _)| k)
        .collect()
}

fn powers(u: f64, v: f64) -> [f64; 21] {
    let mut out = [0.0; 21];
    let (mut of_u, mut of_v) = ([1.0; 6], [1.0; 6]);
    for k in 1..6 {
        of_u[k] = of_u[k - 1] * u;
        of_v[k] = of_v[k - 1] * v;
    }
    for (o, (i, j)) in out.iter_mut().zip(monomials()) {
        *o = of_u[i as usize] * of_v[j as usize];
    }
    out
}

/// Rows of the design: what each parameter adds to dx and dy.
fn design(o: &Observation, terms: &[usize]) -> (Vec<f64>, Vec<f64>) {
    let n = PROJECTIVE + 2 * terms.len();
    let (mut x, mut y) = (vec![0.0; n], vec![0.0; n]);
    let (u, v) = (o.u, o.v);
    x[..3].copy_from_slice(&[1.0, u, v]);
    y[3..6].copy_from_slice(&[1.0, u, v]);
    x[6..8].copy_from_slice(&[u * u, u * v]);
    y[6..8].copy_from_slice(&[u * v, v * v]);
    for (k, &term) in terms.iter().enumerate() {
        x[PROJECTIVE + k] = o.powers[term];
        y[PROJECTIVE + terms.len() + k] = o.powers[term];
    }
    (x, y)
}

/// Iteratively reweighted least squares over the observations that `used` admits.
fn solve(
    observations: &[Observation],
    terms: &[usize],
    factor: f64,
    used: impl Fn(&Observation) -> bool,
) -> Option<DVector<f64>> {
    const ROUNDS: usize = 5;
    let n = PROJECTIVE + 2 * terms.len();
    let chosen: Vec<(&Observation, Vec<f64>, Vec<f64>)> = observations
        .iter()
        .filter(|o| used(o))
        .map(|o| {
            let (x, y) = design(o, terms);
            (o, x, y)
        })
        .collect();
    if 2 * chosen.len() < n + 4 {
        return None;
    }
    let mut solution: Option<DVector<f64>> = None;
    for _ in 0..ROUNDS {
        let rests: Option<Vec<f64>> = solution.as_ref().map(|s| {
            chosen
                .iter()
                .map(|(o, x, y)| {
                    let (rx, ry) = rest(o, x, y, s);
                    (rx * rx + ry * ry).sqrt()
                })
                .collect()
        });
        let scale = rests.as_ref().map_or(1.0, |r| {
            let mut sorted = r.clone();
            sorted.sort_by(f64::total_cmp);
            (2.0 * sorted[sorted.len() / 2]).max(0.1 * factor)
        });
        let mut a = DMatrix::<f64>::zeros(n, n);
        let mut b = DVector::<f64>::zeros(n);
        for (i, (o, x, y)) in chosen.iter().enumerate() {
            let robust = rests.as_ref().map_or(1.0, |r| {
                let q = r[i] / scale;
                let one = 1.0 + q * q;
                1.0 / (one * one)
            });
            let w = o.weight * robust;
            let (xx, xy, yy) = o.information;
            let (xx, xy, yy) = (w * xx, w * xy, w * yy);
            let (tx, ty) = o.target;
            for j in 0..n {
                let (px, py) = (xx * x[j] + xy * y[j], xy * x[j] + yy * y[j]);
                if px == 0.0 && py == 0.0 {
                    continue;
                }
                b[j] += px * tx + py * ty;
                for k in 0..=j {
                    a[(j, k)] += px * x[k] + py * y[k];
                }
            }
        }
        let mean = (0..n).map(|j| a[(j, j)]).sum::<f64>() / n as f64;
        for j in 0..n {
            for k in 0..j {
                a[(k, j)] = a[(j, k)];
            }
            a[(j, j)] += mean * if j < PROJECTIVE { 1e-9 } else { 1e-6 };
        }
        solution = Some(a.cholesky()?.solve(&b));
    }
    solution
}

fn rest(o: &Observation, x: &[f64], y: &[f64], s: &DVector<f64>) -> (f64, f64) {
    let sum = |row: &[f64]| row.iter().zip(s.iter()).map(|(a, b)| a * b).sum::<f64>();
    (o.target.0 - sum(x), o.target.1 - sum(y))
}

/// How well each half of the blocks foretells the other.
fn held_out(observations: &[Observation], terms: &[usize], factor: f64) -> Option<f64> {
    let mut total = 0.0;
    for fold in [false, true] {
        let solution = solve(observations, terms, factor, |o| o.fold == fold)?;
        for o in observations.iter().filter(|o| o.fold != fold) {
            let (x, y) = design(o, terms);
            let (rx, ry) = rest(o, &x, &y, &solution);
            let (xx, xy, yy) = o.information;
            let distance = xx * rx * rx + 2.0 * xy * rx * ry + yy * ry * ry;
            // A misplaced block costs no more than one ten deviations away.
            total += o.weight * distance / (1.0 + distance / 100.0);
        }
    }
    Some(total)
}

fn apply(warp: &Warp, terms: &[usize], s: &DVector<f64>) -> Warp {
    let (width, height) = (warp.size.0 as f64, warp.size.1 as f64);
    let r = width.max(height) / 2.0;
    let (cx, cy) = ((width - 1.0) / 2.0, (height - 1.0) / 2.0);
    let normal = Homography([
        [1.0 / r, 0.0, -cx / r],
        [0.0, 1.0 / r, -cy / r],
        [0.0, 0.0, 1.0],
    ]);
    let back = Homography([[r, 0.0, cx], [0.0, r, cy], [0.0, 0.0, 1.0]]);
    let step = Homography([
        [1.0 + s[1] / r, s[2] / r, s[0] / r],
        [s[4] / r, 1.0 + s[5] / r, s[3] / r],
        [-s[6] / r, -s[7] / r, 1.0],
    ]);
    let moved = warp.homography.after(&back.after(&step).after(&normal));
    let unit = moved.0[2][2];
    let homography = Homography(moved.0.map(|row| row.map(|v| v / unit)));
    let coefficients = match terms.last() {
        None => Vec::new(),
        Some(&last) => {
            let mut c = vec![(0.0, 0.0); last + 1];
            for (k, &term) in terms.iter().enumerate() {
                c[term] = (s[PROJECTIVE + k], s[PROJECTIVE + terms.len() + k]);
            }
            c
        }
    };
    Warp {
        homography,
        size: warp.size,
        coefficients,
    }
}
