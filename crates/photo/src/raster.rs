//! Planes of samples and the few operations that every stage shares.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

/// One channel of 32-bit samples, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Samples a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height` samples.
    pub data: Vec<f32>,
}

/// Three planes of one size: red, green, blue.
pub type RgbPlanes = [Plane; 3];

/// An 8-bit RGB picture, interleaved, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb8 {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 3` bytes.
    pub data: Vec<u8>,
}

impl Plane {
    /// A plane of one value.
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        Self {
            width,
            height,
            data: vec![value; width * height],
        }
    }

    /// A plane of `f(x, y)`.
    pub fn from_fn(width: usize, height: usize, f: impl Fn(usize, usize) -> f32 + Sync) -> Self {
        let mut plane = Self::filled(width, height, 0.0);
        if width > 0 {
            let rows = plane.data.par_chunks_mut(width).enumerate();
            rows.for_each(|(y, row)| {
                for (x, v) in row.iter_mut().enumerate() {
                    *v = f(x, y);
                }
            });
        }
        plane
    }

    /// One row.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    /// The sample at (x, y).
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.data[y * self.width + x]
    }

    /// Every sample through `f`.
    pub fn map(&self, f: impl Fn(f32) -> f32 + Sync + Send) -> Self {
        Self {
            width: self.width,
            height: self.height,
            data: self.data.par_iter().map(|&v| f(v)).collect(),
        }
    }

    /// Two planes of one size, sample by sample.
    pub fn zip(&self, other: &Self, f: impl Fn(f32, f32) -> f32 + Sync + Send) -> Self {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let pairs = self.data.par_iter().zip(&other.data);
        Self {
            width: self.width,
            height: self.height,
            data: pairs.map(|(&a, &b)| f(a, b)).collect(),
        }
    }

    /// The value at a place between samples, bilinear, the border repeated.
    pub fn bilinear(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp(0.0, (self.width - 1) as f32);
        let y = y.clamp(0.0, (self.height - 1) as f32);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(self.width - 1), (y0 + 1).min(self.height - 1));
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let top = self.at(x0, y0) * (1.0 - fx) + self.at(x1, y0) * fx;
        let bottom = self.at(x0, y1) * (1.0 - fx) + self.at(x1, y1) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// A Gaussian blur of standard deviation `sigma` pixels, the border repeated.
    pub fn gaussian(&self, sigma: f32) -> Self {
        let radius = (3.0 * sigma).ceil().max(1.0) as usize;
        let mut kernel: Vec<f32> = (0..=2 * radius)
            .map(|i| {
                let d = (i as f32 - radius as f32) / sigma;
                (-0.5 * d * d).exp()
            })
            .collect();
        let sum: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|k| *k /= sum);
        self.convolve_rows(&kernel).convolve_columns(&kernel)
    }

    fn convolve_rows(&self, kernel: &[f32]) -> Self {
        let radius = kernel.len() / 2;
        let mut out = Self::filled(self.width, self.height, 0.0);
        let rows = out.data.par_chunks_mut(self.width).enumerate();
        rows.for_each(|(y, to)| {
            let row = self.row(y);
            let mut padded = Vec::with_capacity(row.len() + 2 * radius);
            padded.extend(std::iter::repeat_n(row[0], radius));
            padded.extend_from_slice(row);
            padded.extend(std::iter::repeat_n(row[row.len() - 1], radius));
            for (k, &weight) in kernel.iter().enumerate() {
                for (t, &s) in to.iter_mut().zip(&padded[k..]) {
                    *t += weight * s;
                }
            }
        });
        out
    }

    fn convolve_columns(&self, kernel: &[f32]) -> Self {
        let radius = kernel.len() / 2;
        let mut out = Self::filled(self.width, self.height, 0.0);
        let rows = out.data.par_chunks_mut(self.width).enumerate();
        rows.for_each(|(y, to)| {
            for (k, &weight) in kernel.iter().enumerate() {
                let from = (y + k).saturating_sub(radius).min(self.height - 1);
                for (t, &s) in to.iter_mut().zip(self.row(from)) {
                    *t += weight * s;
                }
            }
        });
        out
    }

    /// The mean of every `factor` × `factor` square; a rest at the right and lower border is left
    /// out. The centre of output pixel (0, 0) lies at `(factor - 1) / 2` of the input.
    pub fn decimate(&self, factor: usize) -> Self {
        let scale = 1.0 / (factor * factor) as f32;
        Self::from_fn(self.width / factor, self.height / factor, |x, y| {
            let mut sum = 0.0;
            for dy in 0..factor {
                let start = (y * factor + dy) * self.width + x * factor;
                sum += self.data[start..start + factor].iter().sum::<f32>();
            }
            sum * scale
        })
    }

    /// Area-averaged to `width` × `height` (not larger than the input): each output pixel is the
    /// exact mean of what it covers.
    pub fn resize_area(&self, width: usize, height: usize) -> Self {
        let columns = coverage(self.width, width);
        let rows = coverage(self.height, height);
        let mut narrow = Self::filled(width, self.height, 0.0);
        let lines = narrow.data.par_chunks_mut(width).enumerate();
        lines.for_each(|(y, to)| {
            let row = self.row(y);
            for (t, (start, weights)) in to.iter_mut().zip(&columns) {
                *t = weights.iter().zip(&row[*start..]).map(|(w, s)| w * s).sum();
            }
        });
        let mut out = Self::filled(width, height, 0.0);
        let lines = out.data.par_chunks_mut(width).zip(&rows);
        lines.for_each(|(to, (start, weights))| {
            for (i, w) in weights.iter().enumerate() {
                for (t, s) in to.iter_mut().zip(narrow.row(start + i)) {
                    *t += w * s;
                }
            }
        });
        out
    }
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
