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

pub mod noise;

use rayon::prelude::*;

use crate::develop::HalfSize;
use crate::format::Format;
use crate::geometry::Warp;
use crate::raster::vector::{add_bytes, vectorised};
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
    /// Is it known what compression took from the rendition? Of a JPEG it is, and of PNG and TIFF,
    /// which lose nothing.
    pub loss_known: bool,
    /// What white noise of unit variance at the sites of a Bayer mosaic becomes on the grid, in
    /// [`noise::WINDOW`] pixels (edge length) at several places of it; none where the grid is smaller.
    pub noise: Vec<RgbPlanes>,
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
            loss_known: matches!(rendition.format, Format::Jpeg | Format::Png | Format::Tiff),
            noise: noise::windows(&nodes, (width, height), pixel, reduction),
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
    rows.enumerate().for_each_init(
        || vec![0; width * factor * 3],
        |sums, (y, ((r, g), b))| {
            // Whole numbers add up exactly, in any order.
            sums.fill(0);
            for dy in 0..factor {
                let start = (y * factor + dy) * rgb.width * 3;
                add_bytes(&rgb.data[start..start + width * factor * 3], sums);
            }
            let out = r.iter_mut().zip(g).zip(b);
            for (((r, g), b), pixel) in out.zip(sums.chunks_exact(3 * factor)) {
                let mut sum = [0; 3];
                for p in pixel.chunks_exact(3) {
                    for (sum, v) in sum.iter_mut().zip(p) {
                        *sum += v;
                    }
                }
                [*r, *g, *b] = sum.map(|v| v as f32 * scale);
            }
        },
    );
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

    /// The node at the upper left of the cell of pixel (x, y).
    fn at(&self, x: usize, y: usize) -> usize {
        y / STEP * self.across + x / STEP
    }

    /// The nodes of a square of `cells` cells from (x, y) on, moved by whole samples so that its
    /// centre is read near (`centre`, `centre`).
    fn window(&self, (x, y): (usize, usize), cells: usize, centre: f32) -> Self {
        let first = self.at(x, y);
        let rows = (0..=cells).map(|i| first + i * self.across);
        let places = rows.flat_map(|start| &self.places[start..=start + cells]);
        let middle = self.places[first + cells / 2 * (self.across + 1)];
        let (du, dv) = (centre - middle.0.floor(), centre - middle.1.floor());
        Self {
            across: cells + 1,
            places: places.map(|&(u, v)| (u + du, v + dv)).collect(),
        }
    }

    /// The least and the greatest place of the pixels of `cells` cells from (x, y) on.
    fn bounds(&self, x: usize, y: usize, cells: usize) -> [(f32, f32); 2] {
        let top = self.at(x, y);
        let corners = self.places[top..=top + cells]
            .iter()
            .chain(&self.places[top + self.across..=top + self.across + cells]);
        let none = [(f32::MAX, f32::MIN); 2];
        corners.fold(none, |[(l, r), (t, b)], &(u, v)| {
            [(l.min(u), r.max(u)), (t.min(v), b.max(v))]
        })
    }
}

/// Cells that are read together, side by side.
const CELLS: usize = 4;

/// Pixels of a [`Window`] at most; what is larger is read from the planes pixel by pixel.
const LARGEST: usize = 1 << 14;

/// A smaller spread changes less than rounding a RAW's samples to 11 bits: one reading will do.
const LEAST_SPREAD: f32 = 0.02;

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
    let spread = if spread < LEAST_SPREAD { 0.0 } else { spread };
    let mut planes = [0, 1, 2].map(|_| Plane::filled(width, height, 0.0));
    let mut valid = vec![true; width * height];
    let [r, g, b] = &mut planes;
    let band = width.max(1) * STEP;
    let bands = r.data.par_chunks_mut(band);
    let bands = bands.zip(g.data.par_chunks_mut(band));
    let bands = bands.zip(b.data.par_chunks_mut(band));
    let bands = bands.zip(valid.par_chunks_mut(band));
    bands
        .enumerate()
        .for_each_init(Window::default, |window, (i, (((r, g), b), valid))| {
            for x in (0..width).step_by(CELLS * STEP) {
                let cells = (width - x).div_ceil(STEP).min(CELLS);
                let mut to = Target {
                    planes: [&mut *r, &mut *g, &mut *b],
                    valid: &mut *valid,
                    width,
                    left: x,
                };
                let [u, v] = nodes.bounds(x, i * STEP, cells);
                window.show(source, u, v);
                read_cells(nodes, window, spread, cells, i * STEP, &mut to);
            }
        });
    (planes, valid)
}

/// A part of the three planes with the samples of a pixel side by side, so that one load reads all
/// of them, and small enough for the first cache.
#[derive(Default)]
struct Window<'a> {
    source: Option<&'a RgbPlanes>,
    /// Left, top, width, height in the source; without width where it would be too large.
    place: [usize; 4],
    /// Red, green, blue and nothing.
    data: Vec<[f32; 4]>,
}

impl<'a> Window<'a> {
    /// Holds what readings at the places from `u.0` to `u.1` and from `v.0` to `v.1` reach.
    fn show(&mut self, source: &'a RgbPlanes, u: (f32, f32), v: (f32, f32)) {
        self.source = Some(source);
        let span = |(least, greatest): (f32, f32), length: usize| {
            let from = (least.max(0.0) as usize).saturating_sub(REACH).min(length);
            let to = (greatest.max(0.0) as usize).saturating_add(REACH + 2);
            (from, to.clamp(from, length) - from)
        };
        let (left, width) = span(u, source[0].width);
        let (top, height) = span(v, source[0].height);
        self.data.clear();
        if width.saturating_mul(height) > LARGEST {
            self.place = [0; 4];
            return;
        }
        self.place = [left, top, width, height];
        self.data.resize(width * height, [0.0; 4]);
        if width > 0 {
            for (y, line) in self.data.chunks_exact_mut(width).enumerate() {
                let row = |c: usize| &source[c].row(top + y)[left..left + width];
                interleave(row(0), row(1), row(2), line);
            }
        }
    }
}

vectorised! {
    fn interleave<'a>(r: &'a [f32], g: &'a [f32], b: &'a [f32], to: &'a mut [[f32; 4]]) {
        for (((to, r), g), b) in to.iter_mut().zip(r).zip(g).zip(b) {
            *to = [*r, *g, *b, 0.0];
        }
    }
}

/// Where the pixels of a row of cells go.
struct Target<'a> {
    /// [`STEP`] rows, or fewer at the lower border.
    planes: [&'a mut [f32]; 3],
    valid: &'a mut [bool],
    /// Pixels a row.
    width: usize,
    /// Column of the first cell's first pixel.
    left: usize,
}

vectorised! {
    /// Reads `cells` cells of which `top` is the first row.
    fn read_cells<'a>(
        nodes: &'a Nodes,
        window: &'a Window<'a>,
        spread: f32,
        cells: usize,
        top: usize,
        to: &'a mut Target<'a>,
    ) {
        for i in 0..cells {
            let x = to.left + i * STEP;
            if spread > 0.0 {
                read_cell::<5, 20>(nodes, window, spread, (x, top), to);
            } else {
                read_cell::<4, 16>(nodes, window, spread, (x, top), to);
            }
        }
    }
}

/// `WIDE` is the number of samples in a row of taps.
#[inline(always)]
fn read_cell<const TAPS: usize, const WIDE: usize>(
    nodes: &Nodes,
    window: &Window<'_>,
    spread: f32,
    (x, top): (usize, usize),
    to: &mut Target<'_>,
) {
    let Some(source) = window.source else {
        return;
    };
    let (width, height) = (source[0].width, source[0].height);
    let [left, above, across, _] = window.place;
    let at = nodes.at(x, top);
    let corner = |i: usize| nodes.places[at + i];
    let (upper, lower) = ((corner(0), corner(1)), nodes.across);
    let lower = (corner(lower), corner(lower + 1));
    let mix = |a: (f32, f32), b: (f32, f32), f: f32| (a.0 + (b.0 - a.0) * f, a.1 + (b.1 - a.1) * f);
    let count = STEP.min(to.width - x);
    for (dy, valid) in to.valid.chunks_exact_mut(to.width).enumerate() {
        let fy = dy as f32 / STEP as f32;
        let first = mix(upper.0, lower.0, fy);
        let last = mix(upper.1, lower.1, fy);
        let (mut u, mut v) = ([0.0; STEP], [0.0; STEP]);
        for j in 0..STEP {
            (u[j], v[j]) = mix(first, last, j as f32 / STEP as f32);
        }
        let columns = Taps::<TAPS>::new(&u, spread, width);
        let rows = Taps::<TAPS>::new(&v, spread, height);
        for j in 0..count {
            if !(columns.inside[j] && rows.inside[j]) {
                valid[x + j] = false;
                continue;
            }
            let (column, row) = (columns.first[j] as usize, rows.first[j] as usize);
            let mut sums = [0.0f32; WIDE];
            for i in 0..TAPS {
                let weight = rows.weights[i][j];
                let mut held = [0.0; WIDE];
                let line = if across > 0 {
                    let start = (row + i - above) * across + column - left;
                    window.data[start..start + TAPS].as_flattened()
                } else {
                    let start = (row + i) * width + column;
                    for (k, pixel) in held.chunks_exact_mut(4).enumerate() {
                        for c in 0..3 {
                            pixel[c] = source[c].data[start + k];
                        }
                    }
                    &held
                };
                let line = &line[..WIDE];
                for k in 0..WIDE {
                    sums[k] += weight * line[k];
                }
            }
            let mut value = [0.0f32; 4];
            for k in 0..TAPS {
                let weight = columns.weights[k][j];
                for c in 0..4 {
                    value[c] += weight * sums[4 * k + c];
                }
            }
            for (plane, value) in to.planes.iter_mut().zip(value) {
                plane[dy * to.width + x + j] = value;
            }
        }
    }
}

/// Samples that a reading reaches before the one at its place (and one more after it).
const REACH: usize = 2;

/// The weights along one axis of a row of pixels: the mean of two Catmull-Rom readings (Keys 1981,
/// a = -1/2) at ± spread, four where there is no spread and else five.
struct Taps<const N: usize> {
    first: [u32; STEP],
    weights: [[f32; STEP]; N],
    /// Whether the plane reaches so far.
    inside: [bool; STEP],
}

impl<const N: usize> Taps<N> {
    #[inline(always)]
    fn new(at: &[f32; STEP], spread: f32, length: usize) -> Self {
        let mut out = Self {
            first: [0; STEP],
            weights: [[0.0; STEP]; N],
            inside: [false; STEP],
        };
        for j in 0..STEP {
            // also refuses NaN
            out.inside[j] = at[j] >= 2.0 && at[j] < length as f32 - 3.0;
            let at = if out.inside[j] { at[j] } else { 2.0 };
            let whole = at as i32;
            let t = at - whole as f32;
            if N == 4 {
                out.first[j] = whole as u32 - 1;
                for (weight, w) in out.weights.iter_mut().zip(catmull_rom(t)) {
                    weight[j] = w;
                }
            } else {
                let (low, high) = (t - spread, t + spread);
                let below = low < 0.0;
                // Where one of the two lies in the next cell, its weights are one sample further on.
                let first = catmull_rom(if below { low + 1.0 } else { low });
                let beyond = high >= 1.0;
                let second = catmull_rom(if beyond { high - 1.0 } else { high });
                let apart = below || beyond;
                for k in 0..N {
                    let own = if k < 4 { first[k] } else { 0.0 };
                    let same = if k < 4 { second[k] } else { 0.0 };
                    let next = if k > 0 { second[k - 1] } else { 0.0 };
                    out.weights[k][j] = 0.5 * own + 0.5 * if apart { next } else { same };
                }
                out.first[j] = whole as u32 - 1 - u32::from(below);
            }
        }
        out
    }
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
