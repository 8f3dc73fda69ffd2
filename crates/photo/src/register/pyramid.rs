//! Both pictures at the scales that are compared, as logarithms of light.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use std::borrow::Cow;

use rayon::prelude::*;

use crate::geometry::Warp;
use crate::raster::vector::add_bytes;
use crate::raster::{Plane, Rgb8};

/// Light that is added before the logarithm, as a share of what is bright in the picture: keeps
/// the noise of the shadows down.
const FLOOR: f32 = 0.02;

/// One plane of the RAW at half size and at halves of that, linear.
pub struct RawPyramid<'a> {
    base: Cow<'a, Plane>,
    smaller: Vec<Plane>,
    /// 1 / what counts as bright.
    gain: f32,
}

impl<'a> RawPyramid<'a> {
    /// All levels of at least 64 pixels.
    pub fn new(base: Cow<'a, Plane>) -> Self {
        let mut smaller: Vec<Plane> = Vec::new();
        loop {
            let last = smaller.last().unwrap_or(&base);
            if last.width.min(last.height) < 128 {
                break;
            }
            let next = last.decimate(2);
            smaller.push(next);
        }
        let bright = bright(smaller.get(2).or(smaller.last()).unwrap_or(&base));
        Self {
            base,
            smaller,
            gain: 1.0 / bright.max(1e-9),
        }
    }

    fn level(&self, index: usize) -> &Plane {
        if index == 0 {
            &self.base
        } else {
            &self.smaller[index - 1]
        }
    }

    /// Logarithms of light at about `long` pixels of the longer edge (never enlarged), and how
    /// many RAW frame pixels each is.
    pub fn overview(&self, long: usize) -> (Plane, (f64, f64)) {
        let size = |p: &Plane| p.width.max(p.height);
        let from = (0..=self.smaller.len())
            .rev()
            .map(|i| self.level(i))
            .find(|p| size(p) >= long)
            .unwrap_or(&self.base);
        let scale = (long as f64 / size(from) as f64).min(1.0);
        let resized = |v: usize| ((v as f64 * scale).round() as usize).clamp(1, v);
        let (width, height) = (resized(from.width), resized(from.height));
        let gain = self.gain;
        let plane = from
            .resize_area(width, height)
            .map(|v| ln(v.max(0.0) * gain + FLOOR));
        let per = (
            2.0 * self.base.width as f64 / width as f64,
            2.0 * self.base.height as f64 / height as f64,
        );
        (plane, per)
    }

    /// Logarithms of the light in a `square` of the rendition; `None` when it leaves the frame.
    #[inline(always)]
    pub fn sample(&self, warp: &Warp, square: &Square, out: &mut [f32]) -> Option<()> {
        let patch = square.affine(warp)?;
        let index = patch.level().min(self.smaller.len());
        patch.sample(self.level(index), index, out)?;
        let gain = self.gain;
        for v in out {
            *v = ln(v.max(0.0) * gain + FLOOR);
        }
        Some(())
    }
}

/// A square of points of the rendition.
#[derive(Clone, Copy, Debug)]
pub struct Square {
    /// Its centre in rendition pixels.
    pub centre: (f64, f64),
    /// Distance of neighbouring points in rendition pixels.
    pub step: f64,
    /// Points along an edge.
    pub side: usize,
}

/// A [`Square`] on the RAW frame: the warp is taken for affine over it.
#[derive(Clone, Copy, Debug)]
pub struct RawPatch {
    centre: (f64, f64),
    /// RAW pixels from one point to the next in a row.
    along: (f64, f64),
    /// RAW pixels from one row to the next.
    down: (f64, f64),
    side: usize,
}

impl Square {
    /// Where it lies on the RAW frame; `None` where the warp has no finite place for it.
    pub fn affine(&self, warp: &Warp) -> Option<RawPatch> {
        let (x, y) = self.centre;
        let h = self.step * self.side as f64 / 4.0;
        let (right, left) = (warp.apply(x + h, y), warp.apply(x - h, y));
        let (down, up) = (warp.apply(x, y + h), warp.apply(x, y - h));
        let per = self.step / (2.0 * h);
        let patch = RawPatch {
            centre: warp.apply(x, y),
            along: ((right.0 - left.0) * per, (right.1 - left.1) * per),
            down: ((down.0 - up.0) * per, (down.1 - up.1) * per),
            side: self.side,
        };
        (patch.scale().is_finite() && patch.centre.0.is_finite()).then_some(patch)
    }
}

impl RawPatch {
    /// RAW pixels between neighbouring points.
    fn scale(&self) -> f64 {
        let (a, b) = (self.along, self.down);
        (a.0 * b.1 - a.1 * b.0).abs().sqrt()
    }

    /// How often the half-size plane may be halved with pixels no larger than the points' distance.
    pub fn level(&self) -> usize {
        let mut level = 0;
        while level < 12 && self.scale() >= f64::from(4u32 << level) {
            level += 1;
        }
        level
    }

    /// Bilinear samples of a half-size plane that was halved `level` times; `None` when the patch
    /// leaves it.
    #[inline(always)]
    pub fn sample(&self, plane: &Plane, level: usize, out: &mut [f32]) -> Option<()> {
        let size = (1u32 << level) as f64;
        let shrink = 1.0 / (2.0 * size);
        let (ax, ay) = (
            (self.along.0 * shrink) as f32,
            (self.along.1 * shrink) as f32,
        );
        let (bx, by) = ((self.down.0 * shrink) as f32, (self.down.1 * shrink) as f32);
        let to_level = |v: f64| (((v - 0.5) / 2.0 - (size - 1.0) / 2.0) / size) as f32;
        let (cx, cy) = (to_level(self.centre.0), to_level(self.centre.1));
        let half = (self.side as f32 - 1.0) / 2.0;
        let (mx, my) = ((ax.abs() + bx.abs()) * half, (ay.abs() + by.abs()) * half);
        let (limit_x, limit_y) = (plane.width as f32 - 1.01, plane.height as f32 - 1.01);
        if !(cx - mx >= 0.01 && cy - my >= 0.01 && cx + mx < limit_x && cy + my < limit_y) {
            return None;
        }
        let width = plane.width;
        for (j, row) in out.chunks_exact_mut(self.side).enumerate() {
            let v = j as f32 - half;
            let (x0, y0) = (cx + bx * v - ax * half, cy + by * v - ay * half);
            for (i, to) in row.iter_mut().enumerate() {
                let (x, y) = (x0 + ax * i as f32, y0 + ay * i as f32);
                let (xi, yi) = (x as u32, y as u32);
                let (fx, fy) = (x - xi as f32, y - yi as f32);
                let at = yi as usize * width + xi as usize;
                let d = plane.data.get(at..at + width + 2)?;
                let top = d[0] + (d[1] - d[0]) * fx;
                let bottom = d[width] + (d[width + 1] - d[width]) * fx;
                *to = top + (bottom - top) * fy;
            }
        }
        Some(())
    }
}

/// What counts as bright in a plane of light: the 95th percentile.
fn bright(plane: &Plane) -> f32 {
    let mut sample: Vec<f32> = plane.data.iter().copied().step_by(7).collect();
    if sample.is_empty() {
        return 1.0;
    }
    let at = sample.len() * 95 / 100;
    *sample.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The rendition's luma, as encoded (0..255), in squares of `factor` × `factor` pixels.
pub fn luma(rendition: &Rgb8, factor: usize) -> Plane {
    let scale = 1.0 / (256 * factor * factor) as f32;
    let (width, height) = (rendition.width / factor, rendition.height / factor);
    let mut out = Plane::filled(width, height, 0.0);
    if width == 0 || height == 0 {
        return out;
    }
    let stride = rendition.width * 3;
    let rows = out.data.par_chunks_mut(width).enumerate();
    let sums = || vec![0; width * factor * 3];
    rows.for_each_init(sums, |sums, (y, to)| {
        sums.fill(0);
        for dy in 0..factor {
            let start = (y * factor + dy) * stride;
            add_bytes(&rendition.data[start..start + width * factor * 3], sums);
        }
        for (t, square) in to.iter_mut().zip(sums.chunks_exact(factor * 3)) {
            let pixels = square.chunks_exact(3);
            let sum: u32 = pixels.map(|p| 77 * p[0] + 150 * p[1] + 29 * p[2]).sum();
            *t = sum as f32 * scale;
        }
    });
    out
}

/// The rendition at one scale.
pub struct RenditionLevel {
    /// Logarithms of light.
    pub plane: Plane,
    /// Rendition pixels along an edge of one of the plane's.
    pub factor: usize,
}

impl RenditionLevel {
    /// From luma as encoded.
    pub fn new(encoded: &Plane, factor: usize, tone: &Tone) -> Self {
        Self {
            plane: encoded.map(|v| tone.apply(v)),
            factor,
        }
    }

    /// Where a point of the plane lies in the rendition.
    pub fn to_rendition(&self, x: f64, y: f64) -> (f64, f64) {
        let f = self.factor as f64;
        (x * f + (f - 1.0) / 2.0, y * f + (f - 1.0) / 2.0)
    }
}

/// From luma as encoded, 0..255, to the logarithm of light.
pub struct Tone(Vec<f32>);

impl Tone {
    /// With the brightness of a small version of the picture.
    pub fn new(encoded: &Plane) -> Self {
        // The power 2.25, in plain arithmetic: near enough to every encoding in use.
        let light = |v: f32| {
            let v = v / 255.0;
            v * v * v.sqrt().sqrt()
        };
        let gain = 1.0 / light(bright(encoded)).max(1e-3);
        Self(
            (0..=1024)
                .map(|i| ln(light(i as f32 / 4.0) * gain + FLOOR))
                .collect(),
        )
    }

    fn apply(&self, encoded: f32) -> f32 {
        let v = (encoded * 4.0).clamp(0.0, 1023.0);
        let i = v as usize;
        self.0[i] + (self.0[i + 1] - self.0[i]) * (v - i as f32)
    }
}

/// Natural logarithm of a positive number to 2e-5, the same on every machine and quick in loops.
#[inline(always)]
fn ln(v: f32) -> f32 {
    let bits = v.to_bits();
    let exponent = ((bits >> 23) as i32 - 127) as f32;
    let m = f32::from_bits(bits & 0x007f_ffff | 0x3f80_0000) - 1.0;
    let p = m
        * (1.441_917
            + m * (-0.709_096_4 + m * (0.415_606 + m * (-0.193_575_7 + m * 0.045_149_03))));
    (exponent + p) * std::f32::consts::LN_2
}
