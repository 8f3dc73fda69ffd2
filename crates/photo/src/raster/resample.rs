//! Planes of another size: averaging over squares and areas, reading between samples.

use rayon::prelude::*;

use super::vector::{combine, group};
use super::{Plane, Rgb8, RgbPlanes};

impl Plane {
    /// The mean of every `factor` × `factor` square; a rest at the right and lower border is left
    /// out. The centre of output pixel (0, 0) lies at `(factor - 1) / 2` of the input.
    pub fn decimate(&self, factor: usize) -> Self {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut out = Self::filled(width, height, 0.0);
        if out.data.is_empty() {
            return out;
        }
        let scale = 1.0 / (factor * factor) as f32;
        let ones = vec![1.0; factor];
        let rows = out.data.par_chunks_mut(width).enumerate();
        rows.for_each_init(
            || vec![0.0; width * factor],
            |line, (y, to)| {
                let rows: Vec<&[f32]> = (0..factor).map(|k| self.row(y * factor + k)).collect();
                combine(&rows, &ones, line);
                group(line, factor, scale, to);
            },
        );
        out
    }

    /// Area-averaged to `width` × `height` (not larger than the input): each output pixel is the
    /// exact mean of what it covers.
    pub fn resize_area(&self, width: usize, height: usize) -> Self {
        let columns = coverage(self.width, width);
        let rows = coverage(self.height, height);
        let mut out = Self::filled(width, height, 0.0);
        if out.data.is_empty() {
            return out;
        }
        let lines = out.data.par_chunks_mut(width).zip(&rows);
        lines.for_each_init(
            || vec![0.0; self.width],
            |line, (to, (start, weights))| {
                let from: Vec<&[f32]> = (0..weights.len()).map(|i| self.row(start + i)).collect();
                combine(&from, weights, line);
                for (t, (start, weights)) in to.iter_mut().zip(&columns) {
                    *t = weights
                        .iter()
                        .zip(&line[*start..])
                        .map(|(w, s)| w * s)
                        .sum();
                }
            },
        );
        out
    }

    /// The value at a place between samples, bilinear, the border repeated.
    pub fn bilinear(&self, x: f32, y: f32) -> f32 {
        let (x0, x1, fx) = between(x, self.width);
        let (y0, y1, fy) = between(y, self.height);
        let top = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
        let bottom = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// [`Self::bilinear`] at the places `(x[i], y[i])`.
    pub fn bilinear_row(&self, x: &[f32], y: &[f32], to: &mut [f32]) {
        for ((t, &x), &y) in to.iter_mut().zip(x).zip(y) {
            *t = self.bilinear(x, y);
        }
    }

    /// The value at a place between samples, by the cubic convolution of Keys (1981, a = −½), the
    /// border repeated.
    pub fn bicubic(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (wx, wy) = (cubic(x - x0 as f32), cubic(y - y0 as f32));
        let line = |row: &[f32]| {
            if let (Some(start), true) = (x0.checked_sub(1), x0 + 2 < row.len()) {
                let s = &row[start..start + 4];
                wx[0] * s[0] + wx[1] * s[1] + wx[2] * s[2] + wx[3] * s[3]
            } else {
                let at = |k: usize| row[(x0 + k).saturating_sub(1).min(row.len() - 1)];
                wx[0] * at(0) + wx[1] * at(1) + wx[2] * at(2) + wx[3] * at(3)
            }
        };
        let row = |k: usize| line(self.row((y0 + k).saturating_sub(1).min(self.height - 1)));
        wy[0] * row(0) + wy[1] * row(1) + wy[2] * row(2) + wy[3] * row(3)
    }

    /// A new plane of `width` × `height` whose pixel (x, y) is read at `place(x, y)`, bilinear.
    pub fn warp(
        &self,
        width: usize,
        height: usize,
        place: impl Fn(usize, usize) -> (f32, f32) + Sync,
    ) -> Self {
        Self::from_fn(width, height, |x, y| {
            let (x, y) = place(x, y);
            self.bilinear(x, y)
        })
    }

    /// Means of `factor` × `factor` squares that also cover `pad` squares outside each border,
    /// the border repeated.
    pub(super) fn reduce_padded(&self, factor: usize, pad: usize) -> Self {
        let width = self.width.div_ceil(factor) + 2 * pad;
        let height = self.height.div_ceil(factor) + 2 * pad;
        let mut out = Self::filled(width, height, 0.0);
        let scale = 1.0 / (factor * factor) as f32;
        let ones = vec![1.0; factor];
        let rows = out.data.par_chunks_mut(width).enumerate();
        rows.for_each_init(
            || (vec![0.0; self.width], vec![0.0; width * factor]),
            |(line, padded), (y, to)| {
                let from: Vec<&[f32]> = (0..factor)
                    .map(|k| {
                        let y = (y * factor + k).saturating_sub(pad * factor);
                        self.row(y.min(self.height - 1))
                    })
                    .collect();
                combine(&from, &ones, line);
                let (start, end) = (pad * factor, pad * factor + self.width);
                padded[..start].fill(line[0]);
                padded[start..end].copy_from_slice(line);
                padded[end..].fill(line[self.width - 1]);
                group(padded, factor, scale, to);
            },
        );
        out
    }

    /// The way back from [`Self::reduce_padded`] by linear interpolation.
    pub(super) fn enlarge(&self, factor: usize, pad: usize, width: usize, height: usize) -> Self {
        let step = 1.0 / factor as f32;
        // Each of `factor` phases reads two neighbours with its own weights.
        let places = |n: usize| -> Vec<(usize, f32)> {
            (0..n)
                .map(|i| {
                    let at = (i as f32 + 0.5) * step - 0.5 + pad as f32;
                    (at as usize, at - at.floor())
                })
                .collect()
        };
        let (columns, rows) = (places(width), places(height));
        let mut out = Self::filled(width, height, 0.0);
        let lines = out.data.par_chunks_mut(width).zip(&rows);
        lines.for_each_init(
            || vec![0.0; self.width],
            |line, (to, &(y, f))| {
                combine(&[self.row(y), self.row(y + 1)], &[1.0 - f, f], line);
                for (t, &(x, f)) in to.iter_mut().zip(&columns) {
                    *t = line[x] * (1.0 - f) + line[x + 1] * f;
                }
            },
        );
        out
    }
}

impl Rgb8 {
    /// Each byte through `table`, then the mean of every `factor` × `factor` square, as
    /// [`Plane::decimate`] does, without planes of the full size in between.
    pub fn decimate(&self, factor: usize, table: &[f32; 256]) -> RgbPlanes {
        let (width, height) = (self.width / factor, self.height / factor);
        let mut planes = [0; 3].map(|_| Plane::filled(width, height, 0.0));
        if width == 0 {
            return planes;
        }
        let scale = 1.0 / (factor * factor) as f32;
        let [r, g, b] = &mut planes;
        let rows = r.data.par_chunks_mut(width);
        rows.zip(g.data.par_chunks_mut(width))
            .zip(b.data.par_chunks_mut(width))
            .enumerate()
            .for_each(|(y, ((r, g), b))| {
                for k in 0..factor {
                    let start = (y * factor + k) * self.width * 3;
                    let line = &self.data[start..start + width * factor * 3];
                    for (x, square) in line.chunks_exact(3 * factor).enumerate() {
                        for pixel in square.chunks_exact(3) {
                            r[x] += table[usize::from(pixel[0])];
                            g[x] += table[usize::from(pixel[1])];
                            b[x] += table[usize::from(pixel[2])];
                        }
                    }
                }
                for v in r.iter_mut().chain(g).chain(b) {
                    *v *= scale;
                }
            });
        planes
    }
}

/// The two samples around a place, and how far it is past the first; the border repeated.
fn between(at: f32, length: usize) -> (usize, usize, f32) {
    let at = at.clamp(0.0, (length - 1) as f32);
    let first = at as usize;
    (first, (first + 1).min(length - 1), at - first as f32)
}

/// Weights of the samples at −1, 0, 1 and 2 for a place `t` in 0..1.
fn cubic(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        -0.5 * t3 + t2 - 0.5 * t,
        1.5 * t3 - 2.5 * t2 + 1.0,
        -1.5 * t3 + 2.0 * t2 + 0.5 * t,
        0.5 * t3 - 0.5 * t2,
    ]
}

/// For each of `to` output samples: where its input begins and with what weights it is averaged.
fn coverage(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    let step = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let (low, high) = (i as f64 * step, (i + 1) as f64 * step);
            let start = low.floor() as usize;
            let end = (high.ceil() as usize).min(from).max(start + 1);
            let weights = (start..end)
                .map(|s| ((high.min((s + 1) as f64) - low.max(s as f64)).max(0.0) / step) as f32)
                .collect();
            (start, weights)
        })
        .collect()
}
