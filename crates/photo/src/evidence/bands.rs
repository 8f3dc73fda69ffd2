//! Energies and correlations of both pictures in octave bands, tile by tile.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use super::CELL;
use super::survival::Quantiser;
use crate::comparison::Comparison;
use crate::raster::Plane;
use crate::tone::LUMA;

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
    /// P · J with P moved by [`MOVED`] pixels to the left, right, up and down: what similarity of
    /// texture alone gives.
    pub moved: [f32; 4],
    /// Mean luma of the picture, 0..255.
    pub brightness: f32,
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

    /// Energy of J that P does not explain.
    pub fn unexplained(&self) -> f32 {
        (self.jj - self.pj * self.pj / (self.pp + FLOOR)).max(0.0)
    }
}

/// Energy of rounding to whole steps that reaches a band, about.
pub const FLOOR: f32 = 0.01;

/// By how many pixels the wrong alignments are off.
pub const MOVED: usize = 9;

/// Rows of a strip that are worked on together, and those beyond them that bands and moved copies
/// reach (both whole blocks of JPEG).
const STRIP: usize = 128;
const HALO: usize = 16;

/// Coarsest level: its pixels are 2^3 pixels of the grid.
const LEVELS: usize = 4;

/// Three pictures at one level: P, E, J, and where they are valid (1) or not (0).
struct Level {
    planes: [Plane; 3],
    valid: Plane,
}

/// The bands of `comparison`, `predicted` being its luma as the RAW predicts it.
pub fn measure(comparison: &Comparison, predicted: &Plane) -> Vec<Band> {
    let (width, height) = (comparison.width(), comparison.height());
    let mut out = Vec::new();
    if width < 4 * CELL || height < 4 * CELL {
        return out;
    }
    let quantiser = comparison
        .quantisation
        .as_ref()
        .and_then(|q| Quantiser::new(&q[0], comparison.factor));
    let finest = |from: usize, rows: usize| {
        finest_strip(comparison, predicted, quantiser.as_ref(), from, rows)
    };
    let (bands, mut next) = level(width, height, 0, &finest);
    out.extend(bands);
    for n in 1..LEVELS {
        let (width, height) = (next.valid.width, next.valid.height);
        if width < 24 || height < 24 {
            break;
        }
        let strip = |from: usize, rows: usize| coarser_strip(&next, from, rows);
        let (bands, coarser) = level(width, height, n, &strip);
        out.extend(bands);
        next = coarser;
    }
    out
}

/// Rows `from - HALO ..` of all pictures, the border repeated.
fn finest_strip(
    comparison: &Comparison,
    predicted: &Plane,
    quantiser: Option<&Quantiser>,
    from: usize,
    rows: usize,
) -> Level {
    let (width, height) = (comparison.width(), comparison.height());
    let padded = (rows + 2 * HALO).next_multiple_of(8);
    let place = |i: usize| (from + i).saturating_sub(HALO).min(height - 1);
    let mut p = Plane::filled(width, padded, 0.0);
    let mut j = Plane::filled(width, padded, 0.0);
    let mut valid = Plane::filled(width, padded, 0.0);
    for i in 0..padded {
        let y = place(i);
        let line = i * width..(i + 1) * width;
        for (to, v) in p.data[line.clone()].iter_mut().zip(predicted.row(y)) {
            *to = 255.0 * v;
        }
        let [r, g, b] = [0, 1, 2].map(|c| comparison.rendition[c].row(y));
        for (x, to) in j.data[line.clone()].iter_mut().enumerate() {
            *to = 255.0 * (LUMA[0] * r[x] + LUMA[1] * g[x] + LUMA[2] * b[x]);
        }
        let mask = &comparison.valid[y * width..(y + 1) * width];
        for (to, &v) in valid.data[line].iter_mut().zip(mask) {
            *to = f32::from(u8::from(v));
        }
    }
    let mut e = p.clone();
    if let Some(quantiser) = quantiser {
        // strips begin at whole blocks, but the first one's halo repeats the border
        quantiser.apply(&mut e.data, width);
    }
    Level {
        planes: [p, e, j],
        valid,
    }
}

fn coarser_strip(level: &Level, from: usize, rows: usize) -> Level {
    let height = level.valid.height;
    let take = |plane: &Plane| {
        let mut out = Plane::filled(plane.width, rows + 2 * HALO, 0.0);
        for i in 0..rows + 2 * HALO {
            let y = (from + i).saturating_sub(HALO).min(height - 1);
            out.data[i * plane.width..(i + 1) * plane.width].copy_from_slice(plane.row(y));
        }
        out
    };
    Level {
        planes: [0, 1, 2].map(|k| take(&level.planes[k])),
        valid: take(&level.valid),
    }
}

/// The bands of one level, and the next coarser level.
fn level(
    width: usize,
    height: usize,
    n: usize,
    strip: &(dyn Fn(usize, usize) -> Level + Sync),
) -> (Vec<Band>, Level) {
    let side = if n == 0 { CELL } else { CELL / 2 };
    let (columns, rows) = (width / side, height / side);
    let strips: Vec<_> = (0..height.div_ceil(STRIP))
        .into_par_iter()
        .map(|i| {
            let from = i * STRIP;
            let count = STRIP.min(height - from);
            let level = strip(from, count);
            let tiles = tiles(&level, side, columns, count / side, n == 0);
            (tiles, halved(&level, count))
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
            tiles: Vec::with_capacity(columns * rows),
        })
        .collect();
    let (w, h) = (width / 2, height / 2);
    let mut next = Level {
        planes: [0, 1, 2].map(|_| Plane::filled(w, 0, 0.0)),
        valid: Plane::filled(w, 0, 0.0),
    };
    for (tiles, half) in strips {
        for (band, tiles) in out.iter_mut().zip(tiles) {
            band.tiles.extend(tiles);
        }
        for (to, from) in next.planes.iter_mut().zip(half.planes) {
            to.data.extend(from.data);
        }
        next.valid.data.extend(half.valid.data);
    }
    for plane in next.planes.iter_mut().chain([&mut next.valid]) {
        plane.height = h;
        plane.data.truncate(w * h);
    }
    (out, next)
}

/// A strip's own rows at half its size.
fn halved(level: &Level, rows: usize) -> Level {
    let take = |plane: &Plane| {
        let w = plane.width;
        Plane {
            width: w,
            height: rows,
            data: plane.data[HALO * w..(HALO + rows) * w].to_vec(),
        }
        .decimate(2)
    };
    Level {
        planes: [0, 1, 2].map(|k| take(&level.planes[k])),
        // a pixel that is partly outside is outside
        valid: take(&level.valid).map(|v| if v > 0.999 { 1.0 } else { 0.0 }),
    }
}

fn tiles(level: &Level, side: usize, columns: usize, rows: usize, finest: bool) -> Vec<Vec<Tile>> {
    let narrow = level.planes.each_ref().map(|p| p.gaussian(0.8));
    let wide = narrow.each_ref().map(|p| p.gaussian(1.4));
    let middle: [Plane; 3] = [0, 1, 2].map(|k| narrow[k].zip(&wide[k], |a, b| a - b));
    let mut bands = Vec::new();
    if finest {
        let fine: [Plane; 3] = [0, 1, 2].map(|k| level.planes[k].zip(&narrow[k], |a, b| a - b));
        bands.push(sums(&fine, side, columns, rows, level));
    }
    bands.push(sums(&middle, side, columns, rows, level));
    bands
}

fn sums(band: &[Plane; 3], side: usize, columns: usize, rows: usize, level: &Level) -> Vec<Tile> {
    let width = band[0].width;
    let [p, e, j] = band.each_ref();
    let mut out = vec![Tile::default(); columns * rows];
    let share = 1.0 / (side * side) as f32;
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    for (ty, line) in out.chunks_mut(columns.max(1)).enumerate() {
        for dy in 0..side {
            let y = HALO + ty * side + dy;
            let (pl, el, jl) = (p.row(y), e.row(y), j.row(y));
            let (above, below) = (p.row(y - MOVED), p.row(y + MOVED));
            let picture = level.planes[2].row(y);
            for (tx, tile) in line.iter_mut().enumerate() {
                let at = tx * side..(tx + 1) * side;
                let (ps, es, js) = (&pl[at.clone()], &el[at.clone()], &jl[at.clone()]);
                tile.pp += share * dot(ps, ps);
                tile.ee += share * dot(es, es);
                tile.jj += share * dot(js, js);
                tile.pj += share * dot(ps, js);
                tile.pe += share * dot(ps, es);
                let left = (at.start.saturating_sub(MOVED)).min(width - side);
                let right = (at.start + MOVED).min(width - side);
                tile.moved[0] += share * dot(&pl[left..left + side], js);
                tile.moved[1] += share * dot(&pl[right..right + side], js);
                tile.moved[2] += share * dot(&above[at.clone()], js);
                tile.moved[3] += share * dot(&below[at.clone()], js);
                for &v in &picture[at] {
                    tile.brightness += share * v;
                    if !(4.0..=248.0).contains(&v) {
                        tile.clipped += share;
                    }
                }
            }
        }
        for (tx, tile) in line.iter_mut().enumerate() {
            let from = (tx * side).saturating_sub(REACH);
            let to = ((tx + 1) * side + REACH).min(width);
            tile.valid = (HALO + ty * side - REACH..HALO + (ty + 1) * side + REACH)
                .all(|y| level.valid.row(y)[from..to].iter().all(|&v| v > 0.5));
        }
    }
    out
}

/// Pixels by which a band's filter reaches out of a tile with some weight.
const REACH: usize = 3;
