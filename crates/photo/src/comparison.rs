//! The RAW and the rendition side by side on one grid of pixels.
//!
//! The grid is the rendition's, decimated by a whole factor (exact box mean), so coarse that a
//! pixel covers at least [`MIN_COVER`] RAW pixels: finer detail is not in the half-size
//! development, and the lower frequencies of the exposure's noise are those that survive resizing
//! and JPEG. The RAW is resampled onto it: box-decimated where the grid is much coarser, then
//! Catmull-Rom interpolated, spread as far as the pixel is larger than a half-size one.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use crate::develop::HalfSize;
use crate::geometry::Warp;
use crate::raster::vector::vectorised;
use crate::raster::{Plane, RgbPlanes};
use crate::rendition::Rendition;

/// RAW pixels (edge length) that a pixel of the grid covers at least.
pub const MIN_COVER: f64 = 1.3;

/// Pixels of the grid at most.
pub const MAX_PIXELS: usize = 6_200_000;

/// Two pictures of one size, aligned pixel by pixel.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Rendition pixels (edge length) a pixel of the grid. Grid pixel (x, y) has its centre at
    /// `factor * x + (factor - 1) / 2` of the rendition; a rest at the right and lower border is
    /// left out.
    pub factor: usize,
    /// RAW pixels (edge length) a pixel of the grid covers at the picture's centre.
    pub cover: f64,
    /// Linear camera RGB as [`HalfSize`] has it (1 = saturation of green); 0 where not `valid`.
    pub raw: RgbPlanes,
    /// The rendition's sRGB-encoded values, 0..1.
    pub rendition: RgbPlanes,
    /// Row-major: does the RAW frame have data for this pixel?
    pub valid: Vec<bool>,
    /// Luma and chroma quantisation of the rendition, natural order, for a JPEG.
    pub quantisation: Option<[[u16; 64]; 2]>,
}

impl Comparison {
    /// Brings both onto one grid.
    ///
    /// A rendition without pixels gives a comparison without pixels.
    pub fn new(raw: &HalfSize, rendition: &Rendition, warp: &Warp) -> Self {
        let (w, h) = (rendition.rgb.width, rendition.rgb.height);
        let centre = (w as f64 / 2.0, h as f64 / 2.0);
        let scale = warp.homography.scale_at(centre.0, centre.1);
        let factor = factor(w, h, scale);
        let (width, height) = (w / factor, h / factor);
        let cover = scale * factor as f64;
        let reduction = (cover / 2.0).clamp(1.0, 64.0) as usize;
        let reduced;
        let source = if reduction > 1 {
            reduced = [0, 1, 2].map(|c| raw.planes[c].decimate(reduction));
            &reduced
        } else {
            &raw.planes
        };
        let nodes = Nodes::new(warp, factor, (width, height), reduction);
        let pixel = cover / 2.0 / reduction as f64;
        let (planes, valid) = resample(source, &nodes, width, height, pixel);
        Self {
            factor,
            cover,
            raw: planes,
            rendition: decimated(rendition, factor, width, height),
            valid,
            quantisation: rendition.quantisation,
        }
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.rendition[0].width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.rendition[0].height
    }

    /// Share of the pixels that the RAW frame has data for, 0..1.
    pub fn valid_share(&self) -> f64 {
        let n = self.valid.iter().filter(|&&v| v).count();
        n as f64 / self.valid.len().max(1) as f64
    }
}

fn factor(width: usize, height: usize, scale: f64) -> usize {
    let by_cover = (MIN_COVER / scale.max(1e-3)).ceil().min(64.0) as usize;
    let pixels = (width * height) as f64 / MAX_PIXELS as f64;
    let by_size = pixels.sqrt().ceil() as usize;
    let most = width.min(height).max(1);
    by_cover.max(by_size).clamp(1, most)
}

fn decimated(rendition: &Rendition, factor: usize, width: usize, height: usize) -> RgbPlanes {
    let rgb = &rendition.rgb;
    let scale = 1.0 / (255.0 * (factor * factor) as f32);
    let mut planes = [0, 1, 2].map(|_| Plane::filled(width, height, 0.0));
    let [r, g, b] = &mut planes;
    let rows = r.data.par_chunks_mut(width.max(1));
    let rows = rows.zip(g.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(b.data.par_chunks_mut(width.max(1)));
    rows.enumerate().for_each(|(y, ((r, g), b))| {
        for dy in 0..factor {
            let start = (y * factor + dy) * rgb.width * 3;
            let line = &rgb.data[start..start + width * factor * 3];
            for (x, pixel) in line.chunks_exact(3 * factor).enumerate() {
                for p in pixel.chunks_exact(3) {
                    r[x] += f32::from(p[0]);
                    g[x] += f32::from(p[1]);
                    b[x] += f32::from(p[2]);
                }
            }
        }
        for row in [r, g, b] {
            row.iter_mut().for_each(|v| *v *= scale);
        }
    });
    planes
}

/// The warp at every [`STEP`]th pixel; between them it is as good as linear.
struct Nodes {
    across: usize,
    places: Vec<(f32, f32)>,
}

const STEP: usize = 16;

impl Nodes {
    fn new(warp: &Warp, factor: usize, size: (usize, usize), reduction: usize) -> Self {
        let across = size.0.div_ceil(STEP) + 1;
        let down = size.1.div_ceil(STEP) + 1;
        let f = factor as f64;
        let d = reduction as f64;
        let places = (0..across * down)
            .into_par_iter()
            .map(|i| {
                let x = (i % across * STEP) as f64 * f + (f - 1.0) / 2.0;
                let y = (i / across * STEP) as f64 * f + (f - 1.0) / 2.0;
                let (u, v) = warp.apply(x, y);
                // RAW frame -> half size -> its decimation, all by pixel centres
                let place = |t: f64| (((t - 0.5) / 2.0 - (d - 1.0) / 2.0) / d) as f32;
                (place(u), place(v))
            })
            .collect();
        Self { across, places }
    }

    /// Places of the pixels of row `y`.
    fn row(&self, y: usize, out: &mut [(f32, f32)]) {
        let top = y / STEP * self.across;
        let fy = (y % STEP) as f32 / STEP as f32;
        let mix =
            |a: (f32, f32), b: (f32, f32), f: f32| (a.0 + (b.0 - a.0) * f, a.1 + (b.1 - a.1) * f);
        for (i, cell) in out.chunks_mut(STEP).enumerate() {
            let at = top + i;
            let left = mix(self.places[at], self.places[at + self.across], fy);
            let right = mix(self.places[at + 1], self.places[at + self.across + 1], fy);
            for (j, place) in cell.iter_mut().enumerate() {
                *place = mix(left, right, j as f32 / STEP as f32);
            }
        }
    }
}

/// Lanes that the taps along x fill; only the first four or five have weight.
const LANES: usize = 8;

/// Reads the source at every pixel's place: Catmull-Rom where a pixel is as large as one of the
/// source, spread to the variance of a box where it is larger.
fn resample(
    source: &RgbPlanes,
    nodes: &Nodes,
    width: usize,
    height: usize,
    cover: f64,
) -> (RgbPlanes, Vec<bool>) {
    // Two readings at ± spread have its variance: that of a box of `cover` pixels less that of
    // the source's own pixel.
    let spread = ((cover * cover - 1.0).max(0.0) / 12.0).sqrt().min(0.5) as f32;
    let mut planes = [0, 1, 2].map(|_| Plane::filled(width, height, 0.0));
    let mut valid = vec![true; width * height];
    let [r, g, b] = &mut planes;
    let rows = r.data.par_chunks_mut(width.max(1));
    let rows = rows.zip(g.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(b.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(valid.par_chunks_mut(width.max(1)));
    rows.enumerate().for_each_init(
        || vec![(0.0, 0.0); width],
        |places, (y, (((r, g), b), valid))| {
            nodes.row(y, places);
            read_row(source, places, spread, [r, g, b], valid);
        },
    );
    (planes, valid)
}

vectorised! {
    fn read_row<'a>(
        source: &'a RgbPlanes,
        places: &'a [(f32, f32)],
        spread: f32,
        to: [&'a mut [f32]; 3],
        valid: &'a mut [bool],
    ) {
        let (width, height) = (source[0].width, source[0].height);
        for (x, (&(u, v), valid)) in places.iter().zip(valid).enumerate() {
            let (Some(across), Some(down)) = (taps(u, spread, width), taps(v, spread, height))
            else {
                *valid = false;
                continue;
            };
            let left = across.0.min(width - LANES);
            let mut weights = [0.0; LANES];
            weights[across.0 - left..][..TAPS].copy_from_slice(&across.1);
            for c in 0..3 {
                let mut sum = [0.0f32; LANES];
                for (i, weight) in down.1.iter().enumerate() {
                    let row = &source[c].data[(down.0 + i) * width + left..][..LANES];
                    for k in 0..LANES {
                        sum[k] += weight * row[k];
                    }
                }
                let mut value = 0.0;
                for k in 0..LANES {
                    value += weights[k] * sum[k];
                }
                to[c][x] = value;
            }
        }
    }
}

/// Weights along one axis: the mean of two Catmull-Rom readings (Keys 1981, a = -1/2).
const TAPS: usize = 5;

/// The first sample and the weights to read at `at` ± `spread` (0..=0.5); `None` where the plane
/// does not reach.
#[inline(always)]
fn taps(at: f32, spread: f32, length: usize) -> Option<(usize, [f32; TAPS])> {
    // also refuses NaN
    let inside = at >= 2.0 && at < length as f32 - 3.0 && length >= LANES;
    if !inside {
        return None;
    }
    let whole = at as usize;
    let t = at - whole as f32;
    let (low, high) = (t - spread, t + spread);
    let below = low < 0.0;
    // Where one of the two lies in the next cell, its weights are one sample further on.
    let first = catmull_rom(if below { low + 1.0 } else { low });
    let beyond = high >= 1.0;
    let second = catmull_rom(if beyond { high - 1.0 } else { high });
    let apart = below || beyond;
    let mut weights = [0.0; TAPS];
    for k in 0..4 {
        weights[k] += 0.5 * first[k];
        weights[k + usize::from(apart)] += 0.5 * second[k];
    }
    Some((whole - 1 - usize::from(below), weights))
}

#[inline(always)]
fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::raster::Rgb8;

    fn rendition(width: usize, height: usize) -> Rendition {
        Rendition::of_pixels(Rgb8 {
            width,
            height,
            data: (0..width * height * 3).map(|i| (i % 251) as u8).collect(),
        })
    }

    fn ramp(width: usize, height: usize) -> HalfSize {
        // the value of RAW frame position x + 1000 y at each half-size pixel's centre
        let plane = Plane::from_fn(width, height, |x, y| {
            (2 * x) as f32 + 0.5 + 1000.0 * ((2 * y) as f32 + 0.5)
        });
        HalfSize {
            planes: [plane.clone(), plane.clone(), plane],
        }
    }

    #[test]
    fn linear_places_are_met_at_any_scale() {
        for scale in [0.4, 1.0, 1.46, 2.7, 5.3] {
            let half = ramp(200, 160);
            let size = ((380.0 / scale) as usize, (300.0 / scale) as usize);
            let h = Homography::translation(6.0, 5.0).after(&Homography::resize(scale, scale));
            let warp = Warp::projective(h, size);
            let c = Comparison::new(&half, &rendition(size.0, size.1), &warp);
            assert!(c.cover >= MIN_COVER || size.0 < c.factor);
            assert!(c.valid_share() > 0.8, "{scale}: {}", c.valid_share());
            let f = c.factor as f64;
            for y in (0..c.height()).step_by(7) {
                for x in (0..c.width()).step_by(5) {
                    if !c.valid[y * c.width() + x] {
                        continue;
                    }
                    let place = |t: usize| f * t as f64 + (f - 1.0) / 2.0;
                    let (u, v) = warp.apply(place(x), place(y));
                    let want = u + 1000.0 * v;
                    let got = f64::from(c.raw[1].at(x, y));
                    assert!((got - want).abs() < 0.5, "{scale} {x} {y}: {got} {want}");
                }
            }
        }
    }

    #[test]
    fn the_rendition_is_the_box_mean() {
        let warp = Warp::projective(Homography::resize(0.5, 0.5), (31, 22));
        let r = rendition(31, 22);
        let c = Comparison::new(&ramp(20, 20), &r, &warp);
        assert_eq!((c.factor, c.width(), c.height()), (3, 10, 7));
        let sum: u32 = (0..9)
            .map(|i| u32::from(r.rgb.data[((6 + i / 3) * 31 + 3 + i % 3) * 3 + 1]))
            .sum();
        let want = sum as f32 / 9.0 / 255.0;
        assert!((c.rendition[1].at(1, 2) - want).abs() < 1e-6);
    }

    #[test]
    fn what_lies_outside_the_raw_is_not_valid() {
        let h = Homography::translation(-50.0, 0.0).after(&Homography::resize(2.0, 2.0));
        let c = Comparison::new(
            &ramp(100, 100),
            &rendition(60, 60),
            &Warp::projective(h, (60, 60)),
        );
        assert!(!c.valid[30 * 60 + 10] && c.valid[30 * 60 + 40]);
        assert_eq!(c.raw[0].at(10, 30), 0.0);
        let empty = Comparison::new(
            &ramp(10, 10),
            &rendition(0, 0),
            &Warp::projective(Homography::IDENTITY, (0, 0)),
        );
        assert_eq!((empty.width(), empty.valid_share()), (0, 0.0));
    }
}
