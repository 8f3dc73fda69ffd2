//! White balance, the camera's colour matrix and the sRGB curve.

use flashraw::{CfaColor, CfaPattern, SensorLayout};
use nalgebra::Matrix3;
use rayon::prelude::*;

use crate::raster::{Rgb8, RgbPlanes};
use crate::raw::Raw;

/// A 16-bit RGB picture, interleaved, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rgb16 {
    /// Pixels a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * 3` samples, 65535 is white.
    pub data: Vec<u16>,
}

impl Rgb16 {
    /// Rounded to 8 bits.
    pub fn to_rgb8(&self) -> Rgb8 {
        let data = self.data.par_iter();
        Rgb8 {
            width: self.width,
            height: self.height,
            data: data.map(|&v| ((u32::from(v) + 128) / 257) as u8).collect(),
        }
    }
}

/// Linear sRGB to XYZ of D65 (IEC 61966-2-1).
const XYZ_FROM_SRGB: Matrix3<f64> = Matrix3::new(
    0.412_453, 0.357_580, 0.180_423, //
    0.212_671, 0.715_160, 0.072_169, //
    0.019_334, 0.119_193, 0.950_227,
);

/// Multipliers of red, green, blue and a fourth colour that make a grey object grey: as shot;
/// where the file has none, those of daylight by the camera's matrix; else all one. A Foveon's are
/// scaled so that none is below one, or its saturated samples would not be white.
pub(super) fn balance(raw: &Raw) -> [f32; 4] {
    let frame = &raw.frame;
    if frame.white_balance_applied {
        return [1.0; 4];
    }
    let shot = frame.white_balance.map(|b| b.coeffs);
    let daylight = || {
        let matrix = frame.color_matrices.preferred()?;
        let m = matrix.multipliers_for([1.0; 3])?;
        let green = *m.get(1)?;
        let at = |i: usize| m.get(i).map_or(1.0, |v| v / green);
        Some([at(0), 1.0, at(2), at(3)])
    };
    let gain = shot.or_else(daylight).unwrap_or([1.0; 4]);
    if !gain.iter().all(|g| g.is_finite() && *g > 0.0) {
        return [1.0; 4];
    }
    if frame.sensor_layout == SensorLayout::Foveon {
        let least = gain[..3].iter().copied().fold(f32::INFINITY, f32::min);
        return gain.map(|g| g / least);
    }
    gain
}

/// The colours of a mosaic and how much of red, green and blue each gives, white balance
/// included; `None` for colours that make no RGB.
pub(super) fn channels(raw: &Raw, cfa: &CfaPattern) -> Option<(Vec<CfaColor>, Vec<[f32; 3]>)> {
    let gain = balance(raw);
    let primary = [CfaColor::Red, CfaColor::Green, CfaColor::Blue];
    let present = cfa.distinct_colors();
    if primary.iter().all(|c| present.contains(c)) {
        // A fourth colour (white, emerald) adds nothing that the three do not show.
        let mix = (0..3).map(|c| std::array::from_fn(|k| if k == c { gain[c] } else { 0.0 }));
        return Some((primary.to_vec(), mix.collect()));
    }
    let order = cfa.four_colour_order()?;
    let matrix = flashraw::process::camera4_to_srgb(&raw.frame.color_matrices)?;
    let mix = (0..4).map(|k| std::array::from_fn(|c| matrix[c][k] * gain[k]));
    Some((order.to_vec(), mix.collect()))
}

/// Balanced camera RGB to linear sRGB: the inverse of the matrix from sRGB by way of XYZ to the
/// camera (DNG's ColorMatrix), its rows scaled so that white stays white. The identity where the
/// camera is not known, its filters already gave sRGB, or there is no colour.
pub(super) fn matrix(raw: &Raw) -> [[f32; 3]; 3] {
    let frame = &raw.frame;
    let known = frame.color_matrices.preferred();
    let mut rows = Matrix3::identity();
    if let Some(m) = known.filter(|m| m.rows == 3 && m.values.len() == 9)
        && (frame.cfa.is_some() || frame.cpp >= 3)
    {
        let camera = Matrix3::from_fn(|i, j| f64::from(m.values[3 * i + j])) * XYZ_FROM_SRGB;
        let sums = camera.column_sum();
        let unit = Matrix3::from_fn(|i, j| camera[(i, j)] / sums[i]);
        let inverse = unit
            .try_inverse()
            .filter(|m| m.iter().all(|v| v.is_finite()));
        rows = inverse.unwrap_or_else(Matrix3::identity);
    }
    std::array::from_fn(|i| std::array::from_fn(|j| rows[(i, j)] as f32))
}

/// Balanced camera RGB in sensor orientation to an upright sRGB picture.
pub(super) fn encode(raw: &Raw, camera: RgbPlanes) -> Rgb16 {
    let m = matrix(raw);
    let curve = curve();
    let [r, g, b] = &camera;
    let (w, h) = (r.width, r.height);
    let turn = raw.frame.orientation;
    let (width, height) = if turn.swaps_dimensions() {
        (h, w)
    } else {
        (w, h)
    };
    let mut data = vec![0; width * height * 3];
    let rows = data.par_chunks_mut(width * 3).enumerate();
    rows.for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let (sx, sy) = stored(turn.exif(), x, y, w, h);
            let rgb = [r.at(sx, sy), g.at(sx, sy), b.at(sx, sy)];
            for (out, m) in pixel.iter_mut().zip(&m) {
                let v = m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2];
                let place = v.clamp(0.0, 1.0) * (curve.len() - 2) as f32;
                let i = place as usize;
                let f = place - i as f32;
                *out = (curve[i] * (1.0 - f) + curve[i + 1] * f + 0.5) as u16;
            }
        }
    });
    Rgb16 {
        width,
        height,
        data,
    }
}

/// Where the pixel (x, y) of the upright picture is stored in a `w` × `h` frame with this EXIF
/// orientation.
fn stored(exif: u32, x: usize, y: usize, w: usize, h: usize) -> (usize, usize) {
    match exif {
        2 => (w - 1 - x, y),
        3 => (w - 1 - x, h - 1 - y),
        4 => (x, h - 1 - y),
        5 => (y, x),
        6 => (y, h - 1 - x),
        7 => (w - 1 - y, h - 1 - x),
        8 => (w - 1 - y, x),
        _ => (x, y),
    }
}

/// The sRGB curve at 16,384 even steps (and one more, to interpolate to), 0..=65535.
fn curve() -> Vec<f32> {
    (0..=16_385)
        .map(|i| {
            let v = (f64::from(i) / 16_384.0).min(1.0);
            let s = if v <= 0.003_130_8 {
                12.92 * v
            } else {
                1.055 * v.powf(1.0 / 2.4) - 0.055
            };
            (s * 65_535.0) as f32
        })
        .collect()
}
