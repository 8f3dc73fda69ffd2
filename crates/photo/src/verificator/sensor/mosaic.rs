//! A Bayer mosaic with what is needed to weigh its samples.
#![allow(
    clippy::indexing_slicing,
    reason = "the samples' extent is checked once, in `Mosaic::of`"
)]

use crate::raw::Raw;

/// The visible part of a Bayer mosaic. Its first sample is the RAW frame's first pixel; site
/// `(y & 1) * 2 + (x & 1)` of the 2 × 2 pattern.
#[derive(Clone, Copy, Debug)]
pub struct Mosaic<'a> {
    samples: &'a [u16],
    stride: usize,
    left: usize,
    top: usize,
    /// Samples a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Colour of each site: 0 red, 1 green, 2 blue.
    pub pattern: [usize; 4],
    /// Black level of each site in sample units.
    pub black: [f32; 4],
    /// Saturation level of each site in sample units.
    pub white: [f32; 4],
}

impl<'a> Mosaic<'a> {
    /// `None` for other sensors, for samples that are no integers, and where black is not below
    /// white.
    pub fn of(raw: &'a Raw) -> Option<Self> {
        let pattern = raw.bayer()?;
        let samples = raw.frame.as_u16()?;
        let (left, top, width, height) = raw.visible;
        let stride = raw.frame.width as usize;
        if left + width > stride || samples.len() < stride * (top + height) || raw.frame.cpp != 1 {
            return None;
        }
        let black = std::array::from_fn(|site| {
            let (x, y) = (left + site % 2, top + site / 2);
            raw.frame.black_level.at(x, y, 0)
        });
        let white = pattern.map(|color| raw.frame.white_level.at(color) as f32);
        let usable = black.iter().zip(&white).all(|(b, w)| w - b > 16.0);
        usable.then_some(Self {
            samples,
            stride,
            left,
            top,
            width,
            height,
            pattern,
            black,
            white,
        })
    }

    /// One visible row.
    pub fn row(&self, y: usize) -> &'a [u16] {
        let start = (self.top + y) * self.stride + self.left;
        &self.samples[start..start + self.width]
    }

    /// The range from black to white, in sample units: the mean over the sites.
    pub fn range(&self) -> f32 {
        (0..4).map(|s| self.white[s] - self.black[s]).sum::<f32>() / 4.0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::Mosaic;

    /// An RGGB mosaic of all `samples`, black 512, white 16383.
    pub fn mosaic(samples: &[u16], width: usize, height: usize) -> Mosaic<'_> {
        Mosaic {
            samples,
            stride: width,
            left: 0,
            top: 0,
            width,
            height,
            pattern: [0, 1, 1, 2],
            black: [512.0; 4],
            white: [16383.0; 4],
        }
    }

    /// Normally distributed numbers (Irwin–Hall over a linear congruential generator).
    pub fn noise(count: usize, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut uniform = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 24)
        };
        (0..count)
            .map(|_| (0..12).map(|_| uniform()).sum::<f64>() - 6.0)
            .collect()
    }
}
