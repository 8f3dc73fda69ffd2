//! From sensor samples to a linear picture: black level, white balance, binning, colour matrix.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use crate::raster::{Plane, RgbPlanes};
use crate::raw::Raw;

/// The RAW frame at half its resolution in linear camera RGB, white-balanced as shot: 0 is black,
/// 1 the saturation of green (other channels may pass it).
#[derive(Clone, Debug)]
pub struct HalfSize {
    /// Red, green and blue, all sampled at the centre of each 2 × 2 square: the centre of pixel
    /// (0, 0) lies at (0.5, 0.5) of the RAW frame.
    pub planes: RgbPlanes,
}

/// Bins a Bayer mosaic to half its size; `None` for other sensors.
pub fn half_size(raw: &Raw) -> Option<HalfSize> {
    let pattern = raw.bayer()?;
    let samples = raw.frame.as_u16()?;
    let stride = raw.frame.width as usize;
    let (left, top, width, height) = raw.visible;
    let balance = raw.frame.white_balance;
    let gain = match balance {
        Some(b) if !raw.frame.white_balance_applied => [b.coeffs[0], 1.0, b.coeffs[2]],
        _ => [1.0; 3],
    };
    let site = |color: usize| {
        (0..4)
            .filter(move |&i| pattern[i] == color)
            .map(|i| (i % 2, i / 2))
    };
    let planes = [0, 1, 2].map(|color| {
        let sites: Vec<(usize, usize)> = site(color).collect();
        let scaled: Vec<(usize, usize, f32, f32)> = sites
            .iter()
            .map(|&(dx, dy)| {
                let black = raw.frame.black_level.at(left + dx, top + dy, 0);
                let white = raw.frame.white_level.at(color) as f32;
                (
                    dx,
                    dy,
                    black,
                    gain[color] / (white - black) / sites.len() as f32,
                )
            })
            .collect();
        Plane::from_fn(width / 2, height / 2, |x, y| {
            scaled
                .iter()
                .map(|&(dx, dy, black, scale)| {
                    let at = (top + 2 * y + dy) * stride + left + 2 * x + dx;
                    (f32::from(samples[at]) - black) * scale
                })
                .sum()
        })
    });
    Some(HalfSize { planes })
}
