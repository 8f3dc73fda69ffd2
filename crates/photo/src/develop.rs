//! From sensor samples to a linear picture: black and white level, lens shading where the file
//! tags it, white balance, demosaicing, colour matrix. A measurable picture, not a beautiful one.
//!
//! Two ways: [`half_size`] gives linear camera RGB at half the size, all three channels sampled at
//! the same places, for whatever compares pictures; [`picture`] gives one to look at.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

mod bayer;
mod colour;
mod lattice;
mod levels;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

pub use colour::Rgb16;

use crate::raster::{Plane, RgbPlanes};
use crate::raw::Raw;
use lattice::Lattice;
use levels::Levels;

/// The RAW frame at half its resolution in linear camera RGB, white-balanced as shot: 0 is black,
/// 1 the saturation of green (other channels may pass it).
#[derive(Clone, Debug)]
pub struct HalfSize {
    /// Red, green and blue, all sampled at the centre of each 2 × 2 square: the centre of pixel
    /// (0, 0) lies at (0.5, 0.5) of the RAW frame.
    pub planes: RgbPlanes,
}

/// Multipliers of red, green and blue (a fourth colour last) that [`half_size`] applies: they make
/// a grey object grey, as the camera saw it.
pub fn white_balance(raw: &Raw) -> [f32; 4] {
    colour::balance(raw)
}

/// Rows of the result that one task makes; fixed, so that no result depends on the number of
/// threads.
const BAND: usize = 16;

/// How the samples of a sensor are arranged.
enum Sensor {
    /// A 2 × 2 Bayer mosaic: colour of each site (0 red, 1 green, 2 blue), row by row.
    Bayer([usize; 4]),
    /// Any other mosaic.
    Mosaic(Lattice),
    /// One sample a pixel without a filter.
    Monochrome,
    /// Three or more samples a pixel.
    Full,
}

impl Sensor {
    fn of(raw: &Raw, step: usize) -> Option<Self> {
        if let Some(pattern) = raw.bayer() {
            return Some(Self::Bayer(pattern));
        }
        if raw.frame.cpp >= 3 {
            return Some(Self::Full);
        }
        match &raw.frame.cfa {
            Some(cfa) => Lattice::new(raw, cfa, step).map(Self::Mosaic),
            None => Some(Self::Monochrome),
        }
    }
}

/// The RAW frame at half its size.
///
/// * Bayer: green is the mean of the square's two sites, red and blue are interpolated to its
///   centre from the four nearest sites of their colour (weights 9, 3, 3, 1 of 16).
/// * X-Trans, quad Bayer and other mosaics: each channel is the local linear fit to the sites of
///   its colour around the square's centre.
/// * Monochrome: the mean of the square, the same in all planes. Three samples a pixel (linear
///   DNG, sRAW, Foveon): the mean of the square, channel by channel.
///
/// `None` for a frame without 2 × 2 pixels or a mosaic whose colours make no RGB.
pub fn half_size(raw: &Raw) -> Option<HalfSize> {
    let (width, height) = (raw.size().0 / 2, raw.size().1 / 2);
    if width == 0 || height == 0 {
        return None;
    }
    let sensor = Sensor::of(raw, 2)?;
    let levels = Levels::new(raw)?;
    let gain = levels.balance;
    let pad = match &sensor {
        Sensor::Mosaic(lattice) => lattice.reach(),
        _ => 2,
    };
    let mut planes = [0; 3].map(|_| Plane::filled(width, height, 0.0));
    for_bands(&mut planes, width, |first, to| {
        let rows = levels.rows(
            2 * first as isize - pad as isize,
            2 * to[0].len() / width + 2 * pad,
            pad,
        );
        for (i, mut line) in lines(to, width) {
            let row = |k: usize| rows.row(2 * i + k);
            match &sensor {
                Sensor::Bayer(pattern) => {
                    bayer::bin([row(1), row(2), row(3), row(4)], pad, *pattern, gain, line);
                }
                Sensor::Mosaic(lattice) => lattice.row(&rows, 2 * i, first + i, &mut line),
                Sensor::Monochrome => {
                    let [r, g, b] = line;
                    bayer::mean(row(pad), row(pad + 1), pad, 1, 0, 1.0, r);
                    g.copy_from_slice(r);
                    b.copy_from_slice(r);
                }
                Sensor::Full => {
                    let samples = raw.frame.cpp as usize;
                    for (c, to) in line.into_iter().enumerate() {
                        bayer::mean(row(pad), row(pad + 1), pad, samples, c, gain[c], to);
                    }
                }
            }
        }
    });
    Some(HalfSize { planes })
}

/// A picture to look at: the whole RAW frame demosaiced at full resolution (Bayer: the gradient
/// corrected linear interpolation of Malvar, He and Cutler, 2004; others: local linear fits),
/// saturated samples clipped, the camera's colour matrix to linear sRGB, the sRGB curve,
/// orientation applied. No tone curve, no denoising, no sharpening.
///
/// `None` where [`half_size`] gives none.
pub fn picture(raw: &Raw) -> Option<Rgb16> {
    let camera = camera_rgb(raw)?;
    Some(colour::encode(raw, camera))
}

/// The RAW frame at full resolution in linear camera RGB, white-balanced as shot and clipped to
/// 0..=1, in sensor orientation.
pub fn camera_rgb(raw: &Raw) -> Option<RgbPlanes> {
    let (width, height) = raw.size();
    if width < 2 || height < 2 {
        return None;
    }
    let sensor = Sensor::of(raw, 1)?;
    let levels = Levels::new(raw)?;
    let gain = levels.balance;
    let pad = match &sensor {
        Sensor::Mosaic(lattice) => lattice.reach(),
        _ => 2,
    };
    let mut planes = [0; 3].map(|_| Plane::filled(width, height, 0.0));
    for_bands(&mut planes, width, |first, to| {
        let top = first as isize - pad as isize;
        let mut rows = levels.rows(top, to[0].len() / width + 2 * pad, pad);
        if let Sensor::Bayer(pattern) = &sensor {
            // The gradients of one colour correct another: they must be balanced first.
            rows.balance(*pattern, first, gain);
        }
        for (i, mut line) in lines(to, width) {
            match &sensor {
                Sensor::Bayer(pattern) => {
                    let five = [0, 1, 2, 3, 4].map(|k| rows.row(i + k));
                    bayer::malvar(five, *pattern, first + i, &mut line);
                }
                Sensor::Mosaic(lattice) => lattice.row(&rows, i, first + i, &mut line),
                Sensor::Monochrome => {
                    for to in &mut line {
                        to.copy_from_slice(&rows.row(i + pad)[pad..pad + width]);
                    }
                }
                Sensor::Full => {
                    let samples = raw.frame.cpp as usize;
                    let row = &rows.row(i + pad)[pad * samples..];
                    for (c, to) in line.iter_mut().enumerate() {
                        for (t, pixel) in to.iter_mut().zip(row.chunks_exact(samples)) {
                            *t = pixel[c] * gain[c];
                        }
                    }
                }
            }
            for v in line.into_iter().flatten() {
                *v = v.clamp(0.0, 1.0);
            }
        }
    });
    Some(planes)
}

/// Calls `make(first row, rows of the three planes)` for every band.
fn for_bands(planes: &mut RgbPlanes, width: usize, make: impl Fn(usize, [&mut [f32]; 3]) + Sync) {
    let [r, g, b] = planes;
    let bands = r.data.par_chunks_mut(width * BAND);
    bands
        .zip(g.data.par_chunks_mut(width * BAND))
        .zip(b.data.par_chunks_mut(width * BAND))
        .enumerate()
        .for_each(|(band, ((r, g), b))| make(band * BAND, [r, g, b]));
}

/// The lines of a band, each with its index.
fn lines(band: [&mut [f32]; 3], width: usize) -> impl Iterator<Item = (usize, [&mut [f32]; 3])> {
    let [r, g, b] = band.map(|plane| plane.chunks_exact_mut(width));
    r.zip(g).zip(b).map(|((r, g), b)| [r, g, b]).enumerate()
}
