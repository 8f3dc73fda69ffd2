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

/// Samples that one task works on where rows do not matter.
const CHUNK: usize = 1 << 14;

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
        let mut out = Self::filled(self.width, self.height, 0.0);
        let chunks = out.data.par_chunks_mut(CHUNK);
        chunks
            .zip(self.data.par_chunks(CHUNK))
            .for_each(|(to, from)| {
                for (to, v) in to.iter_mut().zip(from) {
                    *to = f(*v);
                }
            });
        out
    }

    /// Two planes of one size, sample by sample.
    pub fn zip(&self, other: &Self, f: impl Fn(f32, f32) -> f32 + Sync + Send) -> Self {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let mut out = Self::filled(self.width, self.height, 0.0);
        let chunks = out.data.par_chunks_mut(CHUNK);
        chunks
            .zip(self.data.par_chunks(CHUNK))
            .zip(other.data.par_chunks(CHUNK))
            .for_each(|((to, a), b)| {
                for ((to, a), b) in to.iter_mut().zip(a).zip(b) {
                    *to = f(*a, *b);
                }
            });
        out
    }
}
