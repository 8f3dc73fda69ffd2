//! Planes of samples and the few operations that every stage shares.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

mod blur;
mod resample;
#[cfg(test)]
mod tests;
pub(crate) mod vector;

pub(crate) use blur::gaussian_taps;
use rayon::prelude::*;

/// Rows that one task works on; fixed, so that no result depends on the number of threads.
const BAND: usize = 64;

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
}
