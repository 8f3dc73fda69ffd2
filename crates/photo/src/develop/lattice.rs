//! Mosaics that are not 2 × 2 Bayer (X-Trans, quad Bayer, four colours): every channel is the
//! local linear fit to the sites of its colour, weighted by a tent around the place asked for.
//! Sums of weights are one and their centre is the place, so that a linear ramp comes out exactly.

use flashraw::{CfaColor, CfaPattern};

use super::colour;
use super::levels::Rows;
use crate::raw::Raw;

/// A sample beside the place asked for, and its weight: row and column offset from the first
/// sample of the square (or the pixel).
struct Tap {
    dx: usize,
    dy: usize,
    weight: f32,
}

/// The taps of each channel for every phase of the mosaic.
pub(super) struct Lattice {
    /// Results after which the phases repeat, along x and y.
    period: (usize, usize),
    /// RAW pixels a result.
    step: usize,
    reach: usize,
    /// `[phase y * period.0 + phase x][channel]`.
    taps: Vec<Vec<Vec<Tap>>>,
    /// Red, green, blue from the mosaic's channels.
    mix: Vec<[f32; 3]>,
}

impl Lattice {
    /// For results at the centres of `step` × `step` pixels; `None` when a channel cannot be
    /// fitted anywhere near, or the colours make no RGB.
    pub fn new(raw: &Raw, cfa: &CfaPattern, step: usize) -> Option<Self> {
        let (channels, mix) = colour::channels(raw, cfa)?;
        let at = |x: isize, y: isize| {
            let x = raw.visible.0 as isize + x;
            let y = raw.visible.1 as isize + y;
            let x = x.rem_euclid(cfa.width() as isize) as usize;
            let y = y.rem_euclid(cfa.height() as isize) as usize;
            cfa.color_at(x, y)
        };
        let period = (repeat(cfa.width(), step), repeat(cfa.height(), step));
        (2..=6).find_map(|reach| {
            let mut taps = Vec::with_capacity(period.0 * period.1);
            for py in 0..period.1 {
                for px in 0..period.0 {
                    let origin = ((px * step) as isize, (py * step) as isize);
                    let fit = |&colour: &CfaColor| {
                        let same =
                            |dx: isize, dy: isize| at(origin.0 + dx, origin.1 + dy) == colour;
                        local_fit(reach, step, same)
                    };
                    taps.push(channels.iter().map(fit).collect::<Option<Vec<_>>>()?);
                }
            }
            Some(Self {
                period,
                step,
                reach,
                taps,
                mix: mix.clone(),
            })
        })
    }

    /// Rows and columns that it looks at around the frame.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// Row `y` of the result from linear rows, the first of which, `top` in `rows`, lies
    /// [`Self::reach`] above the result's place.
    pub fn row(&self, rows: &Rows, top: usize, y: usize, to: &mut [&mut [f32]; 3]) {
        let phases = &self.taps[y % self.period.1 * self.period.0..][..self.period.0];
        let [r, g, b] = to;
        for (x, ((r, g), b)) in r.iter_mut().zip(g.iter_mut()).zip(b.iter_mut()).enumerate() {
            let left = x * self.step;
            let mut rgb = [0.0; 3];
            for (taps, mix) in phases[x % self.period.0].iter().zip(&self.mix) {
                let mut sum = 0.0;
                for tap in taps {
                    sum += tap.weight * rows.row(top + tap.dy)[left + tap.dx];
                }
                for (v, m) in rgb.iter_mut().zip(mix) {
                    *v += m * sum;
                }
            }
            [*r, *g, *b] = rgb;
        }
    }
}

/// Weights of the sites of one colour within a tent of half-width `reach` around the centre of a
/// `step` × `step` square: those of a straight plane fitted by weighted least squares, read at the
/// centre. A site at the very centre is taken as it is.
fn local_fit(reach: usize, step: usize, same: impl Fn(isize, isize) -> bool) -> Option<Vec<Tap>> {
    let centre = (step as f64 - 1.0) / 2.0;
    let pad = reach as isize;
    let mut sites = Vec::new();
    for dy in -pad..step as isize + pad {
        for dx in -pad..step as isize + pad {
            let (x, y) = (dx as f64 - centre, dy as f64 - centre);
            let tent = (1.0 - x.abs() / reach as f64) * (1.0 - y.abs() / reach as f64);
            let near = x.abs() < reach as f64 && y.abs() < reach as f64;
            if near && same(dx, dy) {
                if x == 0.0 && y == 0.0 {
                    return Some(vec![Tap {
                        dx: reach,
                        dy: reach,
                        weight: 1.0,
                    }]);
                }
                sites.push((dx, dy, x, y, tent));
            }
        }
    }
    let mut normal = nalgebra::Matrix3::zeros();
    for &(_, _, x, y, tent) in &sites {
        let v = nalgebra::Vector3::new(1.0, x, y);
        normal += tent * v * v.transpose();
    }
    if normal.determinant() < 1e-3 {
        return None;
    }
    let fit = normal.try_inverse()?.column(0).into_owned();
    let tap = |&(dx, dy, x, y, tent): &(isize, isize, f64, f64, f64)| Tap {
        dx: (dx + pad) as usize,
        dy: (dy + pad) as usize,
        weight: (tent * (fit[0] + fit[1] * x + fit[2] * y)) as f32,
    };
    Some(sites.iter().map(tap).collect())
}

/// Results of `step` pixels after which a mosaic of `n` repeats.
fn repeat(n: usize, step: usize) -> usize {
    (1..=n).find(|k| (k * step).is_multiple_of(n)).unwrap_or(n)
}
