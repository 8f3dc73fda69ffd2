//! Block boundaries that the picture's own compression does not explain.
//!
//! The second cross difference |a − b − c + d| of a 2 × 2 square is raised on the boundaries of
//! 8 × 8 blocks. Within the blocks of the last compression it is symmetric about their middle on
//! average; a grid of an earlier compression that lies elsewhere is not, so what counts is the
//! asymmetry. (W. Chen and Y. Shi, Z. Fan and R. de Queiroz, "Identification of bitmap compression
//! history", IEEE TIP 2003, on the cross difference; the symmetry is the new part.) A grid shifted
//! by exactly half a block is symmetric itself and is not seen.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use crate::raster::Rgb8;

/// Pixels a side of a tile.
pub const TILE: usize = 64;
/// Differences are cut off here: edges of things say nothing about blocks.
const CUT: i16 = 12;
/// Tiles that are looked at, at most.
const TILES: usize = 1600;
/// How much a grid through the whole picture raises its boundaries at least, in units of the mean
/// difference. Demosaicing without resizing raises the first boundary by less.
const RAISED: f32 = 0.1;
/// Differences of less than this, in mean absolute code values, leave nothing to measure.
const QUIET: f32 = 0.05;

/// The asymmetry of one tile, by offset 0 to 7 of a supposed grid, horizontal and vertical, in
/// units of the tile's mean difference.
#[derive(Clone, Copy, Debug)]
struct Tile {
    column: usize,
    row: usize,
    asymmetry: [[f32; 8]; 2],
}

/// What was found of other grids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grids {
    /// Tiles measured.
    pub tiles: usize,
    /// A grid that runs through the whole picture.
    pub everywhere: Option<Everywhere>,
    /// A grid of one region only.
    pub local: Option<Local>,
}

/// A grid of an earlier compression that the whole picture has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Everywhere {
    /// Its offset from the picture's first pixel, horizontal and vertical; `None` in a direction
    /// where it coincides with the present one or does not show.
    pub offset: [Option<usize>; 2],
    /// How much it is raised in the middle tile, in units of the mean difference.
    pub strength: f64,
}

/// A grid that only one region has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Local {
    /// Its offset from the picture's first pixel.
    pub offset: [usize; 2],
    /// Left, top, width, height in picture pixels.
    pub place: [usize; 4],
    /// Tiles of it.
    pub tiles: usize,
    /// Share of the measured tiles.
    pub share: f64,
    /// Mean of its tiles in standard deviations of the others, both directions together.
    pub strength: f64,
}

/// Looks for grids other than the one that begins at `origin` (0 to 7 each).
pub fn grids(picture: &Rgb8, origin: (usize, usize)) -> Grids {
    let (columns, rows) = (picture.width / TILE, picture.height / TILE);
    if columns < 3 || rows < 3 {
        return Grids::default();
    }
    // Every tile of every `stride`th row of tiles' upper part: regions are wider than that.
    let lines = (TILE * TILES / (columns * rows)).clamp(8, TILE) & !7;
    let tiles: Vec<Tile> = (0..rows)
        .into_par_iter()
        .flat_map_iter(|row| measure_row(picture, origin, row, columns, lines))
        .collect();
    let mut grids = Grids {
        tiles: tiles.len(),
        ..Grids::default()
    };
    if tiles.len() < 9 {
        return grids;
    }
    let middle = medians(&tiles);
    grids.everywhere = everywhere(&middle, origin);
    // Where the whole picture has an earlier grid, its own unevenness is no region's.
    if grids.everywhere.is_none() {
        let spread: [[f32; 8]; 2] = std::array::from_fn(|d| {
            std::array::from_fn(|o| {
                let off = |t: &Tile| (t.asymmetry[d][o] - middle[d][o]).abs();
                let mut v: Vec<f32> = tiles.iter().map(off).collect();
                v.sort_by(f32::total_cmp);
                1.4826 * v[v.len() / 2].max(0.01)
            })
        });
        grids.local = local(&tiles, &middle, &spread, (columns, rows), origin);
    }
    grids
}

fn measure_row(
    picture: &Rgb8,
    origin: (usize, usize),
    row: usize,
    columns: usize,
    lines: usize,
) -> Vec<Tile> {
    let width = columns * TILE;
    let luma = |y: usize| -> Vec<i16> {
        let start = 3 * y * picture.width;
        let pixels = picture.data[start..start + 3 * picture.width].chunks_exact(3);
        pixels
            .map(|p| (2 * i16::from(p[0]) + 5 * i16::from(p[1]) + i16::from(p[2])) >> 1)
            .collect()
    };
    let top = row * TILE;
    let mut by_column = vec![0_i32; width];
    let mut by_row = vec![[0_i32; 8]; columns];
    let mut above = luma(top);
    let last = (top + lines).min(picture.height - 1);
    for y in top..last {
        let below = luma(y + 1);
        let phase = (y + 8 - origin.1) % 8;
        for (c, sums) in by_row.iter_mut().enumerate() {
            let end = ((c + 1) * TILE).min(picture.width - 1);
            let mut sum = 0_i32;
            for x in c * TILE..end {
                let d = (above[x] - above[x + 1] - below[x] + below[x + 1])
                    .abs()
                    .min(4 * CUT);
                by_column[x] += i32::from(d);
                sum += i32::from(d);
            }
            sums[phase] += sum;
        }
        above = below;
    }
    (0..columns)
        .filter_map(|column| {
            let mut across = [0_i32; 8];
            for x in column * TILE..(column + 1) * TILE {
                across[(x + 8 - origin.0) % 8] += by_column[x];
            }
            let total: i32 = across.iter().sum();
            let mean = total as f32 / 8.0;
            let quiet = QUIET * 4.0 * (TILE * lines / 8) as f32;
            (mean > quiet).then(|| Tile {
                column,
                row,
                asymmetry: [across, by_row[column]].map(|sums| asymmetry(&sums)),
            })
        })
        .collect()
}

/// By offset of a grid's first column from the present one's: how much its boundary (between it
/// and the column before) is raised over its mirror image in the block. Offsets 0 (the present
/// grid) and 4 (its own mirror image) stay 0.
fn asymmetry(sums: &[i32; 8]) -> [f32; 8] {
    // The difference at place i is between columns i and i + 1: a grid that begins at o raises
    // place o − 1, whose mirror image in a block of places 0 to 6 is 6 − (o − 1).
    let inner: i32 = sums[..7].iter().sum();
    let mean = (inner as f32 / 7.0).max(1e-6);
    std::array::from_fn(|o| match o {
        0 | 4 => 0.0,
        _ => (sums[o - 1] - sums[7 - o]) as f32 / mean,
    })
}

/// The asymmetry that the middle tile has, by direction and offset.
fn medians(tiles: &[Tile]) -> [[f32; 8]; 2] {
    std::array::from_fn(|d| {
        std::array::from_fn(|o| {
            let mut v: Vec<f32> = tiles.iter().map(|t| t.asymmetry[d][o]).collect();
            v.sort_by(f32::total_cmp);
            v.get(v.len() / 2).copied().unwrap_or(0.0)
        })
    })
}

/// The offset at which most tiles are raised: a grid through the whole picture, not of a region.
fn everywhere(medians: &[[f32; 8]; 2], origin: (usize, usize)) -> Option<Everywhere> {
    let offset: [Option<usize>; 2] = std::array::from_fn(|d| {
        let best = (0..8).max_by(|&a, &b| medians[d][a].total_cmp(&medians[d][b]))?;
        (medians[d][best] > RAISED).then_some((best + [origin.0, origin.1][d]) % 8)
    });
    let strength = medians.iter().flatten().copied().fold(0.0, f32::max);
    offset.iter().any(Option::is_some).then_some(Everywhere {
        offset,
        strength: f64::from(strength),
    })
}

/// The connected region of tiles that has a grid of its own, the strongest of all offsets.
fn local(
    tiles: &[Tile],
    middle: &[[f32; 8]; 2],
    spread: &[[f32; 8]; 2],
    size: (usize, usize),
    origin: (usize, usize),
) -> Option<Local> {
    let mut best: Option<Local> = None;
    for ox in 0..8 {
        for oy in 0..8 {
            if matches!(ox, 0 | 4) || matches!(oy, 0 | 4) {
                continue;
            }
            let offset = [(ox + origin.0) % 8, (oy + origin.1) % 8];
            let mut map = vec![f32::NAN; size.0 * size.1];
            for t in tiles {
                let (a, b) = (
                    (t.asymmetry[0][ox] - middle[0][ox]) / spread[0][ox],
                    (t.asymmetry[1][oy] - middle[1][oy]) / spread[1][oy],
                );
                // Both directions must speak: a real edge raises one.
                map[t.row * size.0 + t.column] = a.min(b);
            }
            for region in regions(&map, size, 1.5) {
                let strength = region.iter().map(|&i| f64::from(map[i])).sum::<f64>()
                    / region.len() as f64
                    * (region.len() as f64).sqrt();
                if region.len() >= 3 && best.is_none_or(|b| strength > b.strength) {
                    best = Some(Local {
                        offset,
                        place: bounds(&region, size.0),
                        tiles: region.len(),
                        share: region.len() as f64 / tiles.len() as f64,
                        strength,
                    });
                }
            }
        }
    }
    best.filter(|b| b.strength > 6.0)
}

fn bounds(region: &[usize], columns: usize) -> [usize; 4] {
    let x = || region.iter().map(|i| i % columns);
    let y = || region.iter().map(|i| i / columns);
    let (left, right) = (x().min().unwrap_or(0), x().max().unwrap_or(0));
    let (top, bottom) = (y().min().unwrap_or(0), y().max().unwrap_or(0));
    [
        left * TILE,
        top * TILE,
        (right + 1 - left) * TILE,
        (bottom + 1 - top) * TILE,
    ]
}

/// Connected (by sides) cells of at least `threshold`.
fn regions(map: &[f32], size: (usize, usize), threshold: f32) -> Vec<Vec<usize>> {
    let mut seen = vec![false; map.len()];
    let mut out = Vec::new();
    for start in 0..map.len() {
        if seen[start] || map[start].is_nan() || map[start] < threshold {
            continue;
        }
        let (mut region, mut open) = (Vec::new(), vec![start]);
        seen[start] = true;
        while let Some(i) = open.pop() {
            region.push(i);
            let (x, y) = (i % size.0, i / size.0);
            let beside = [
                (x > 0).then(|| i - 1),
                (x + 1 < size.0).then(|| i + 1),
                (y > 0).then(|| i - size.0),
                (y + 1 < size.1).then(|| i + size.0),
            ];
            for j in beside.into_iter().flatten() {
                if !seen[j] && map[j] >= threshold {
                    seen[j] = true;
                    open.push(j);
                }
            }
        }
        out.push(region);
    }
    out
}
