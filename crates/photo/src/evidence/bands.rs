//! Energies and correlations of both pictures in octave bands, tile by tile.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

mod split;

use rayon::prelude::*;

use super::CELL;
use super::survival::Quantiser;
use crate::comparison::Comparison;
use crate::raster::Plane;
use crate::raster::vector::vectorised;
use crate::tone::LUMA;
use split::{Rows, Splitter};

/// One octave of detail.
#[derive(Clone, Debug)]
pub struct Band {
    /// Which, for people: grid pixels of the finest detail in it.
    pub finest: f64,
    /// Grid pixels (edge length) a tile; a multiple of [`CELL`].
    pub tile: usize,
    /// Tiles a row.
    pub columns: usize,
    /// Rows of tiles.
    pub rows: usize,
    /// Degrees of freedom of a tile's samples in this band.
    pub freedom: f32,
    /// Row-major.
    pub tiles: Vec<Tile>,
}

/// Mean products of band-passed luma (8-bit steps squared) over a tile: P is predicted from the
/// RAW, E is P after the picture's quantisation, J is the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tile {
    /// P · P.
    pub pp: f32,
    /// E · E.
    pub ee: f32,
    /// J · J.
    pub jj: f32,
    /// P · J.
    pub pj: f32,
    /// P · E.
    pub pe: f32,
    /// The share of P · P that the exposure's noise alone makes, by the sensor's law; `None` where
    /// no law is known.
    pub noise: Option<f32>,
    /// Mean luma of the picture, 0..255.
    pub brightness: f32,
    /// Share of samples near the RAW's saturation, where developers fill in detail, 0..1.
    pub saturated: f32,
    /// Share of samples that are clipped or crushed in the picture, 0..1.
    pub clipped: f32,
    /// All samples, and those that their bands reach, are within the RAW frame.
    pub valid: bool,
}

impl Tile {
    /// Correlation of P and J, -1..1.
    pub fn correlation(&self) -> f32 {
        self.pj / (self.pp * self.jj + FLOOR).sqrt()
    }

    /// Neither outside the RAW nor clipped in either picture.
    pub fn tells(&self) -> bool {
        self.valid && self.clipped < 0.1 && self.saturated < 0.1
    }

    /// Energy of J that P does not explain.
    pub fn unexplained(&self) -> f32 {
        (self.jj - self.pj * self.pj / (self.pp + FLOOR)).max(0.0)
    }
}

/// Energy of rounding to whole steps that reaches a band, about.
pub const FLOOR: f32 = 0.01;

/// Columns of a stripe that are worked on together, from the first row to the last: its rows stay
/// in the cache.
const STRIPE: usize = 384;

/// Rows and columns beyond it that bands reach, in whole blocks of JPEG.
const HALO: usize = 16;

/// Rows that are fetched at once: whole blocks of JPEG.
const GROUP: usize = 8;

/// Rows of the bands that are held: a tile, a group, and what one band is behind the other.
const HELD: usize = CELL + GROUP + split::LAG;

/// Coarsest level: its pixels are 2^3 pixels of the grid.
const LEVELS: usize = 4;

/// Three pictures at one level, P, E and J, and which pixels are valid.
struct Level {
    planes: [Plane; 3],
    valid: Vec<bool>,
}

/// Where the rows of a level come from.
enum Source<'a> {
    Pair {
        comparison: &'a Comparison,
        predicted: &'a Plane,
        quantiser: Option<Quantiser>,
    },
    Level(Level),
}

/// What a stripe of a level gives: tiles of its bands and of the level after it, row by row.
struct Stripe {
    bands: Vec<Vec<Tile>>,
    halved: [Vec<f32>; 3],
    valid: Vec<bool>,
}

/// The bands of `comparison`, `predicted` being its luma as the RAW predicts it.
pub fn measure(comparison: &Comparison, predicted: &Plane) -> Vec<Band> {
    let mut out = Vec::new();
    if comparison.width() < 4 * CELL || comparison.height() < 4 * CELL {
        return out;
    }
    let quantiser = comparison
        .quantisation
        .as_ref()
        .and_then(|q| Quantiser::new(&q[0], comparison.factor));
    let mut source = Source::Pair {
        comparison,
        predicted,
        quantiser,
    };
    for n in 0..LEVELS {
        let (width, height) = source.size();
        if width < 24 || height < 24 {
            break;
        }
        let (bands, coarser) = level(&source, n);
        out.extend(bands);
        source = Source::Level(coarser);
    }
    mark_saturated(&mut out, comparison);
    out
}

/// Marks what lies near the brightest that the RAW has, in any channel.
fn mark_saturated(bands: &mut [Band], comparison: &Comparison) {
    const SPARSE: usize = 4;
    const NEAR: f32 = 0.9;
    let (width, height) = (comparison.width(), comparison.height());
    let limits = comparison.raw.each_ref().map(|plane| {
        let rows = (0..height).step_by(SPARSE).map(|y| plane.row(y));
        let brightest = rows.flat_map(|row| row.iter().step_by(SPARSE));
        NEAR * brightest.copied().fold(f32::MIN, f32::max)
    });
    for band in bands {
        let (columns, edge) = (band.columns, band.tile);
        for (i, tile) in band.tiles.iter_mut().enumerate() {
            let (left, top) = (i % columns.max(1) * edge, i / columns.max(1) * edge);
            let (mut near, mut all) = (0, 0);
            for y in (top..(top + edge).min(height)).step_by(SPARSE) {
                for x in (left..(left + edge).min(width)).step_by(SPARSE) {
                    let bright = |c: usize| comparison.raw[c].row(y)[x] > limits[c];
                    near += usize::from((0..3).any(bright));
                    all += 1;
                }
            }
            tile.saturated = near as f32 / all.max(1) as f32;
        }
    }
}

/// Mean squares of `planes` in the bands, finest first, [`HALO`] pixels of their border left out:
/// what [`measure`] would call P · P.
pub fn energies(planes: &[Plane; 3]) -> Vec<[f32; 3]> {
    let mean_square = |plane: &Plane| {
        let (w, h) = (plane.width, plane.height);
        let inner = (HALO..h - HALO).map(|y| &plane.row(y)[HALO..w - HALO]);
        let sum: f32 = inner.flatten().map(|v| v * v).sum();
        sum / ((w - 2 * HALO) * (h - 2 * HALO)) as f32
    };
    let mut out = Vec::new();
    let mut level = planes.clone();
    while level[0].width.min(level[0].height) > 3 * HALO {
        let narrow = level.each_ref().map(|p| p.gaussian(0.8));
        let between = |a: &Plane, b: &Plane| mean_square(&a.zip(b, |a, b| a - b));
        if out.is_empty() {
            out.push([0, 1, 2].map(|k| between(&level[k], &narrow[k])));
        }
        out.push([0, 1, 2].map(|k| between(&narrow[k], &narrow[k].gaussian(1.4))));
        level = level.map(|p| p.decimate(2));
    }
    out
}

impl Source<'_> {
    fn size(&self) -> (usize, usize) {
        match self {
            Self::Pair { comparison, .. } => (comparison.width(), comparison.height()),
            Self::Level(level) => (level.planes[0].width, level.planes[0].height),
        }
    }

    fn valid(&self) -> &[bool] {
        match self {
            Self::Pair { comparison, .. } => &comparison.valid,
            Self::Level(level) => &level.valid,
        }
    }

    /// Columns `columns` of [`GROUP`] rows of P, E and J, the first of them `first - HALO`, the
    /// border repeated.
    fn fetch(&self, first: usize, columns: std::ops::Range<usize>, to: &mut [Vec<f32>; 3]) {
        let (_, height) = self.size();
        let place = |i: usize| (first + i).saturating_sub(HALO).min(height - 1);
        let wide = columns.len();
        let [p, e, j] = to;
        match self {
            Self::Pair {
                comparison,
                predicted,
                quantiser,
            } => {
                for i in 0..GROUP {
                    let line = i * wide..(i + 1) * wide;
                    let row = |plane: &'_ Plane| -> std::ops::Range<usize> {
                        let start = place(i) * plane.width;
                        start + columns.start..start + columns.end
                    };
                    scaled(&predicted.data[row(predicted)], &mut p[line.clone()]);
                    let [r, g, b] = comparison.rendition.each_ref();
                    let rgb = [&r.data[row(r)], &g.data[row(g)], &b.data[row(b)]];
                    luma(rgb, &mut j[line]);
                }
                e.copy_from_slice(p);
                if let Some(quantiser) = quantiser {
                    quantiser.apply(e, wide);
                }
            }
            Self::Level(level) => {
                for (plane, to) in level.planes.iter().zip([p, e, j]) {
                    for (i, line) in to.chunks_exact_mut(wide).enumerate() {
                        line.copy_from_slice(&plane.row(place(i))[columns.clone()]);
                    }
                }
            }
        }
    }
}

vectorised! {
    fn scaled<'a>(from: &'a [f32], to: &'a mut [f32]) {
        for (t, s) in to.iter_mut().zip(from) {
            *t = 255.0 * s;
        }
    }
}

vectorised! {
    fn luma<'a>(rgb: [&'a [f32]; 3], to: &'a mut [f32]) {
        let [r, g, b] = rgb;
        for (((t, r), g), b) in to.iter_mut().zip(r).zip(g).zip(b) {
            *t = 255.0 * (LUMA[0] * r + LUMA[1] * g + LUMA[2] * b);
        }
    }
}

/// The bands of level `n`, and the next coarser level.
fn level(source: &Source<'_>, n: usize) -> (Vec<Band>, Level) {
    let (width, height) = source.size();
    let side = if n == 0 { CELL } else { CELL / 2 };
    let (columns, rows) = (width / side, height / side);
    let stripes: Vec<Stripe> = (0..width.div_ceil(STRIPE))
        .into_par_iter()
        .map(|i| {
            let from = i * STRIPE;
            stripe(source, from..width.min(from + STRIPE), side, n == 0)
        })
        .collect();
    let bands = if n == 0 { 2 } else { 1 };
    let mut out: Vec<Band> = (0..bands)
        .map(|b| Band {
            finest: if bands == 2 && b == 0 {
                2.0
            } else {
                3.0 * f64::from(1 << n)
            },
            tile: side << n,
            columns,
            rows,
            freedom: (side * side) as f32 * if bands == 2 && b == 0 { 0.45 } else { 0.15 },
            tiles: vec![Tile::default(); columns * rows],
        })
        .collect();
    let (w, h) = (width / 2, height / 2);
    let mut next = Level {
        planes: [0, 1, 2].map(|_| Plane::filled(w, h, 0.0)),
        valid: vec![false; w * h],
    };
    for (i, stripe) in stripes.iter().enumerate() {
        for (band, tiles) in out.iter_mut().zip(&stripe.bands) {
            beside(&mut band.tiles, columns, tiles, rows, i * (STRIPE / side));
        }
        for (plane, half) in next.planes.iter_mut().zip(&stripe.halved) {
            beside(&mut plane.data, w, half, h, i * (STRIPE / 2));
        }
        beside(&mut next.valid, w, &stripe.valid, h, i * (STRIPE / 2));
    }
    (out, next)
}

/// Puts `from`, of `rows` rows, into the columns of `to` from `left` on.
fn beside<T: Copy>(to: &mut [T], width: usize, from: &[T], rows: usize, left: usize) {
    let own = from.len() / rows.max(1);
    if own > 0 {
        for (line, from) in to.chunks_exact_mut(width).zip(from.chunks_exact(own)) {
            line[left..left + own].copy_from_slice(from);
        }
    }
}

/// Columns `own` of a level. What is fetched beyond them ends at the picture's border, which the
/// bands repeat.
fn stripe(source: &Source<'_>, own: std::ops::Range<usize>, side: usize, finest: bool) -> Stripe {
    let (width, height) = source.size();
    let left = own.start.saturating_sub(HALO);
    let fetched = left..width.min(own.end + HALO);
    let inner = own.start - left..own.end - left;
    let wide = fetched.len();
    let (columns, rows) = (own.len() / side, height / side);
    let mut group = [0, 1, 2].map(|_| vec![0.0; GROUP * wide]);
    let mut splitters = [0, 1, 2].map(|_| Splitter::new(wide, HELD, finest));
    let mut picture = Rows::new(wide, HELD);
    let mut fine = Vec::new();
    let mut middle = Vec::with_capacity(columns * rows);
    let half = (own.len() / 2, height / 2);
    let mut halved = [0, 1, 2].map(|_| Vec::with_capacity(half.0 * half.1));
    for first in (0..height + 2 * HALO).step_by(GROUP) {
        source.fetch(first, fetched.clone(), &mut group);
        for i in 0..GROUP {
            let line = i * wide..(i + 1) * wide;
            for (splitter, rows) in splitters.iter_mut().zip(&group) {
                splitter.push(first + i, &rows[line.clone()]);
            }
            let row = picture.row_mut(first + i);
            row.copy_from_slice(&group[2][line]);
        }
        for i in (0..GROUP).step_by(2) {
            if (HALO..HALO + 2 * half.1).contains(&(first + i)) {
                for (to, rows) in halved.iter_mut().zip(&group) {
                    let line = |i: usize| &rows[i * wide..][inner.clone()];
                    halve(line(i), line(i + 1), to);
                }
            }
        }
        // all rows of the next tiles
        while middle.len() < columns * rows {
            let top = HALO + middle.len() / columns * side;
            if top + side + split::LAG > first + GROUP {
                break;
            }
            let brightness = brightness(&picture, top, inner.start, side, columns);
            let line = |bands: [&Rows; 3], out: &mut Vec<Tile>| {
                let start = out.len();
                out.extend_from_slice(&brightness);
                sums(bands, top, inner.start, side, &mut out[start..]);
            };
            if finest {
                line(splitters.each_ref().map(|s| &s.fine), &mut fine);
            }
            line(splitters.each_ref().map(|s| &s.middle), &mut middle);
        }
    }
    // a pixel that is partly outside is outside
    let line = |y: usize| source.valid()[y * width..][own.clone()].chunks_exact(2);
    let pairs = (0..half.1).flat_map(|y| line(2 * y).zip(line(2 * y + 1)));
    let valid = pairs.map(|(a, b)| (a[0] & a[1]) & (b[0] & b[1])).collect();
    for (i, tile) in middle.iter_mut().enumerate() {
        let (x, y) = (own.start + i % columns * side, i / columns * side);
        tile.valid = within(source.valid(), (width, height), (x, y), side);
    }
    for (tile, other) in fine.iter_mut().zip(&middle) {
        tile.valid = other.valid;
    }
    Stripe {
        bands: if finest {
            vec![fine, middle]
        } else {
            vec![middle]
        },
        halved,
        valid,
    }
}

/// Means of squares of two by two.
fn halve(above: &[f32], below: &[f32], to: &mut Vec<f32>) {
    let pairs = above.chunks_exact(2).zip(below.chunks_exact(2));
    to.extend(pairs.map(|(a, b)| ((a[0] + b[0]) + (a[1] + b[1])) * 0.25));
}

/// Whether a tile and what its bands reach is valid.
fn within(
    valid: &[bool],
    (width, height): (usize, usize),
    (x, y): (usize, usize),
    side: usize,
) -> bool {
    let from = x.saturating_sub(REACH);
    let to = (x + side + REACH).min(width);
    (y.saturating_sub(REACH)..(y + side + REACH).min(height))
        .all(|y| valid[y * width + from..y * width + to].iter().all(|&v| v))
}

/// Lanes that a sum is taken in, added up at the end.
const LANES: usize = 8;

/// Tiles that have their brightness and nothing else.
fn brightness(picture: &Rows, top: usize, left: usize, side: usize, count: usize) -> Vec<Tile> {
    let mut out = vec![Tile::default(); count];
    shine(picture, top, left, side, &mut out);
    out
}

vectorised! {
    fn shine<'a>(picture: &'a Rows, top: usize, left: usize, side: usize, to: &'a mut [Tile]) {
        let share = 1.0 / (side * side) as f32;
        for (i, tile) in to.iter_mut().enumerate() {
            let (mut sum, mut out) = ([0.0f32; LANES], [0.0f32; LANES]);
            for dy in 0..side {
                let row = &picture.row(top + dy)[left + i * side..][..side];
                for part in row.chunks_exact(LANES) {
                    for k in 0..LANES {
                        sum[k] += part[k];
                        let within = part[k] >= 4.0 && part[k] <= 248.0;
                        out[k] += if within { 0.0 } else { 1.0 };
                    }
                }
            }
            tile.brightness = share * sum.iter().sum::<f32>();
            tile.clipped = share * out.iter().sum::<f32>();
        }
    }
}

vectorised! {
    /// The products of a row of tiles, `top` being their first row and `left` their first column.
    fn sums<'a>(bands: [&'a Rows; 3], top: usize, left: usize, side: usize, to: &'a mut [Tile]) {
        let [p, e, j] = bands;
        let share = 1.0 / (side * side) as f32;
        for (i, tile) in to.iter_mut().enumerate() {
            let x = left + i * side;
            let mut sum = [[0.0f32; LANES]; 5];
            for y in top..top + side {
                let (ps, es, js) = (p.row(y), e.row(y), j.row(y));
                for at in (x..x + side).step_by(LANES) {
                    let take = |row: &'a [f32]| &row[at..at + LANES];
                    let (ps, es, js) = (take(ps), take(es), take(js));
                    for k in 0..LANES {
                        sum[0][k] += ps[k] * ps[k];
                        sum[1][k] += es[k] * es[k];
                        sum[2][k] += js[k] * js[k];
                        sum[3][k] += ps[k] * js[k];
                        sum[4][k] += ps[k] * es[k];
                    }
                }
            }
            let [pp, ee, jj, pj, pe] = sum.map(|s| share * s.iter().sum::<f32>());
            (tile.pp, tile.ee, tile.jj) = (pp, ee, jj);
            (tile.pj, tile.pe) = (pj, pe);
        }
    }
}

/// Pixels by which a band's filter reaches out of a tile with some weight.
const REACH: usize = 3;
