//! How far small blocks of the rendition lie from where a warp says: correlation over whole
//! pixels, then a Lucas–Kanade step (S. Baker and I. Matthews, "Lucas-Kanade 20 years on",
//! IJCV 2004) on band-passed log luma normalised block by block, which tone curves and local
//! dodging leave nearly as it is.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over patches of fixed size; places are checked before they are sampled"
)]

use rayon::prelude::*;

use super::pyramid::{RawPyramid, RenditionLevel, Square};
use crate::geometry::Warp;
use crate::raster::Plane;
use crate::raster::vector::vectorised;

/// Pixels of a block's edge.
pub const BLOCK: usize = 32;
/// Pixels that the band pass takes at every side.
const MARGIN: usize = 6;
const FURTHEST: usize = 6;
const WIDEST: usize = BLOCK + 2 + 2 * FURTHEST + 2 * MARGIN;

/// A block of the rendition, ready to be found again.
pub struct Template {
    /// Centre in rendition pixels.
    pub x: f64,
    /// Centre in rendition pixels.
    pub y: f64,
    /// Root mean square of its band-passed log luma.
    pub contrast: f32,
    /// Band-passed log luma of mean 0 and length 1, with the gradients of it.
    shape: Vec<f32>,
    across: Vec<f32>,
    down: Vec<f32>,
}

/// What was measured at a block.
#[derive(Clone, Copy, Debug)]
pub struct Shift {
    /// Centre in rendition pixels.
    pub x: f64,
    /// Centre in rendition pixels.
    pub y: f64,
    /// Displacement from the warp's place in rendition pixels.
    pub d: (f64, f64),
    /// Inverse covariance (xx, xy, yy) of `d`, in rendition pixels to the power −2.
    pub information: (f64, f64, f64),
    /// Normalised correlation at the found place, -1..1.
    pub correlation: f64,
    /// Contrast of the template.
    pub contrast: f64,
}

impl Template {
    fn square(&self, step: f64, side: usize) -> Square {
        Square {
            centre: (self.x, self.y),
            step,
            side,
        }
    }

    /// The RAW's channels at the block's place; `planes` are they at half size, halved `level`
    /// times. `None` when it leaves the frame.
    pub fn colours(
        &self,
        planes: &[Plane; 3],
        level: usize,
        factor: f64,
        warp: &Warp,
    ) -> Option<Colours> {
        const SIDE: usize = BLOCK + 2 * MARGIN;
        let patch = self.square(factor, SIDE).affine(warp)?;
        let mut light = [0f32; SIDE * SIDE];
        let mut means = [0.0; 3];
        let mut changes: [Vec<f32>; 3] = Default::default();
        for ((plane, mean), change) in planes.iter().zip(&mut means).zip(&mut changes) {
            patch.sample(plane, level, &mut light)?;
            *mean = light.iter().sum::<f32>() / light.len() as f32;
            *change = band_pass(&light, SIDE);
        }
        let dot = |a: &[f32], b: &[f32]| f64::from(product(a, b));
        Some(Colours {
            means: means.map(f64::from),
            products: std::array::from_fn(|i| {
                std::array::from_fn(|j| dot(&changes[i], &changes[j]))
            }),
            with_shape: std::array::from_fn(|i| dot(&changes[i], &self.shape)),
        })
    }
}

/// How a block's channels and its luma in the rendition go together.
pub struct Colours {
    /// Mean light.
    pub means: [f64; 3],
    /// Products of the channels' band-passed light.
    pub products: [[f64; 3]; 3],
    /// Products of the channels' band-passed light with the block's shape.
    pub with_shape: [f64; 3],
}

/// Templates on a grid over one level, at most about `most`.
pub fn templates(level: &RenditionLevel, most: usize) -> Vec<Template> {
    let plane = &level.plane;
    let needed = BLOCK + 2 + 2 * MARGIN;
    if plane.width < needed || plane.height < needed {
        return Vec::new();
    }
    let area = (plane.width * plane.height) as f64;
    let spacing = (area / most as f64).sqrt().max(BLOCK as f64 * 0.75);
    let line = |size: usize| -> Vec<usize> {
        let room = size - needed;
        let n = (room as f64 / spacing) as usize + 1;
        let step = if n > 1 {
            room as f64 / (n - 1) as f64
        } else {
            0.0
        };
        (0..n).map(|i| (i as f64 * step) as usize).collect()
    };
    let columns = line(plane.width);
    let places: Vec<(usize, usize)> = line(plane.height)
        .into_iter()
        .flat_map(|y| columns.iter().map(move |&x| (x, y)))
        .collect();
    places
        .into_par_iter()
        .filter_map(|(left, top)| {
            let mut patch = [0f32; WIDEST * WIDEST];
            for y in 0..needed {
                let row = &plane.row(top + y)[left..left + needed];
                patch[y * needed..(y + 1) * needed].copy_from_slice(row);
            }
            let wide = band_pass(&patch[..needed * needed], needed);
            let side = BLOCK + 2;
            let centre = (needed - 1) as f64 / 2.0;
            let (x, y) = level.to_rendition(left as f64 + centre, top as f64 + centre);
            template(&wide, side, x, y)
        })
        .collect()
}

#[inline(always)]
fn template(wide: &[f32], side: usize, x: f64, y: f64) -> Option<Template> {
    const LEAST: f32 = 2e-3;
    let mut shape = Vec::with_capacity(BLOCK * BLOCK);
    for row in wide.chunks_exact(side).skip(1).take(BLOCK) {
        shape.extend_from_slice(&row[1..=BLOCK]);
    }
    let mean = shape.iter().sum::<f32>() / shape.len() as f32;
    shape.iter_mut().for_each(|v| *v -= mean);
    let length = shape.iter().map(|v| v * v).sum::<f32>().sqrt();
    let contrast = length / BLOCK as f32;
    if contrast < LEAST {
        return None;
    }
    shape.iter_mut().for_each(|v| *v /= length);
    let scale = 0.5 / length;
    let mut across = Vec::with_capacity(BLOCK * BLOCK);
    let mut down = Vec::with_capacity(BLOCK * BLOCK);
    for rows in wide.windows(2 * side + BLOCK + 2).step_by(side).take(BLOCK) {
        let (above, middle, below) = (&rows[1..], &rows[side..], &rows[2 * side + 1..]);
        across.extend((0..BLOCK).map(|x| (middle[x + 2] - middle[x]) * scale));
        down.extend((0..BLOCK).map(|x| (below[x] - above[x]) * scale));
    }
    Some(Template {
        x,
        y,
        contrast,
        shape,
        across,
        down,
    })
}

/// A binomial blur of standard deviation 1 less the mean of 13 × 13 pixels, without the border.
#[inline(always)]
fn band_pass(patch: &[f32], side: usize) -> Vec<f32> {
    let inner = side - 2 * MARGIN;
    let mut smooth = vec![0f32; side * inner];
    let mut mean = vec![0f32; side * inner];
    for ((row, smooth), mean) in patch
        .chunks_exact(side)
        .zip(smooth.chunks_exact_mut(inner))
        .zip(mean.chunks_exact_mut(inner))
    {
        for (x, smooth) in smooth.iter_mut().enumerate() {
            let c = &row[x + MARGIN - 2..x + MARGIN + 3];
            *smooth = (c[0] + c[4] + 4.0 * (c[1] + c[3]) + 6.0 * c[2]) / 16.0;
        }
        let mut sum: f32 = row[..2 * MARGIN].iter().sum();
        for (x, mean) in mean.iter_mut().enumerate() {
            sum += row[x + 2 * MARGIN];
            *mean = sum;
            sum -= row[x];
        }
    }
    let mut out = vec![0f32; inner * inner];
    let scale = 1.0 / ((2 * MARGIN + 1) * (2 * MARGIN + 1)) as f32;
    let mut sums = vec![0f32; inner];
    for row in mean.chunks_exact(inner).take(2 * MARGIN) {
        for (sum, v) in sums.iter_mut().zip(row) {
            *sum += v;
        }
    }
    for (y, out) in out.chunks_exact_mut(inner).enumerate() {
        let entering = &mean[(y + 2 * MARGIN) * inner..][..inner];
        let leaving = &mean[y * inner..][..inner];
        let rows: [&[f32]; 5] =
            std::array::from_fn(|k| &smooth[(y + MARGIN - 2 + k) * inner..][..inner]);
        for x in 0..inner {
            sums[x] += entering[x];
            let smooth =
                (rows[0][x] + rows[4][x] + 4.0 * (rows[1][x] + rows[3][x]) + 6.0 * rows[2][x])
                    / 16.0;
            out[x] = smooth - scale * sums[x];
            sums[x] -= leaving[x];
        }
    }
    out
}

/// Looks for every template near where `warp` says, up to `radius` of the level's pixels away.
pub fn measure(
    templates: &[Template],
    level: &RenditionLevel,
    raw: &RawPyramid,
    warp: &Warp,
    radius: usize,
) -> Vec<Shift> {
    templates
        .par_iter()
        .filter_map(|t| {
            let mut shift = None;
            look_widely(
                t,
                level.factor as f64,
                raw,
                warp,
                radius.min(FURTHEST),
                &mut shift,
            );
            shift
        })
        .collect()
}

vectorised! {
    /// [`look`] with the widest vectors there are.
    fn look_widely<'a>(
        template: &'a Template,
        factor: f64,
        raw: &'a RawPyramid<'a>,
        warp: &'a Warp,
        radius: usize,
        shift: &'a mut Option<Shift>,
    ) {
        *shift = look(template, factor, raw, warp, radius);
    }
}

#[inline(always)]
fn look(
    template: &Template,
    factor: f64,
    raw: &RawPyramid,
    warp: &Warp,
    radius: usize,
) -> Option<Shift> {
    let side = BLOCK + 2 + 2 * radius;
    let outer = side + 2 * MARGIN;
    let mut patch = [0f32; WIDEST * WIDEST];
    let square = template.square(factor, outer);
    raw.sample(warp, &square, &mut patch[..outer * outer])?;
    let wide = band_pass(&patch[..outer * outer], outer);
    let (sx, sy) = best_place(&template.shape, &wide, side, radius)?;
    let found = self::template(
        &window(&wide, side, sx, sy),
        BLOCK + 2,
        template.x,
        template.y,
    )?;
    let correlation = product(&template.shape, &found.shape);
    let parts = normal_equations(template, &found);
    let whole = parts
        .iter()
        .fold(Normal::default(), |sum, part| sum.plus(part));
    let Normal {
        xx,
        xy,
        yy,
        bx,
        by,
        rest,
    } = whole;
    // The gradients hold noise too, and a block without structure in one direction must not run.
    let ridge = 1e-3 * (xx + yy) + 1e-9;
    let det = (xx + ridge) * (yy + ridge) - xy * xy;
    let dx = ((yy + ridge) * bx - xy * by) / det;
    let dy = ((xx + ridge) * by - xy * bx) / det;
    let reach = (dx * dx + dy * dy).sqrt();
    let limit = if reach > 1.5 { 1.5 / reach } else { 1.0 };
    let offset = |s: usize| s as f64 - radius as f64;
    let d = (
        factor * (offset(sx) + dx * limit),
        factor * (offset(sy) + dy * limit),
    );
    // The scatter of what the block's parts say for themselves: unlike the size of the rest alone
    // it knows of the correlation of compression's noise from pixel to pixel. What independent
    // noise would do is added, so that it is never nothing.
    let independent = (rest - bx * dx - by * dy).max(1e-3 * rest + 1e-6) / (BLOCK * BLOCK) as f64;
    let mut scatter = (
        independent * (xx + ridge),
        independent * xy,
        independent * (yy + ridge),
    );
    for part in &parts {
        let rx = part.bx - part.xx * dx - part.xy * dy;
        let ry = part.by - part.xy * dx - part.yy * dy;
        scatter.0 += rx * rx;
        scatter.1 += rx * ry;
        scatter.2 += ry * ry;
    }
    // The inverse covariance: the normal matrix, the inverse of the scatter, the normal matrix.
    let (sxx, sxy, syy) = scatter;
    let per = 1.0 / ((sxx * syy - sxy * sxy) * factor * factor);
    let (px, py) = (xx * syy - xy * sxy, xy * sxx - xx * sxy);
    let (qx, qy) = (xy * syy - yy * sxy, yy * sxx - xy * sxy);
    Some(Shift {
        x: template.x,
        y: template.y,
        d,
        information: (
            (px * xx + py * xy) * per,
            (px * xy + py * yy) * per,
            (qx * xy + qy * yy) * per,
        ),
        correlation: f64::from(correlation),
        contrast: f64::from(template.contrast),
    })
}

/// Sums over a part of a block: of the products of the mean gradients of both pictures with one
/// another (`xx`, `xy`, `yy`) and with their difference (`bx`, `by`), and of its square (`rest`).
#[derive(Clone, Copy, Debug, Default)]
struct Normal {
    xx: f64,
    xy: f64,
    yy: f64,
    bx: f64,
    by: f64,
    rest: f64,
}

impl Normal {
    fn plus(&self, other: &Self) -> Self {
        Self {
            xx: self.xx + other.xx,
            xy: self.xy + other.xy,
            yy: self.yy + other.yy,
            bx: self.bx + other.bx,
            by: self.by + other.by,
            rest: self.rest + other.rest,
        }
    }
}

/// Accumulators side by side: the order of a sum is fixed, and wide registers can hold them.
const LANES: usize = 8;

/// Parts along an edge of a block.
const PARTS: usize = BLOCK / LANES;

/// For each of the block's parts of 8 × 8 pixels.
#[inline(always)]
fn normal_equations(a: &Template, b: &Template) -> [Normal; PARTS * PARTS] {
    let mut parts = [Normal::default(); PARTS * PARTS];
    for (k, part) in parts.iter_mut().enumerate() {
        let mut sums = [[0f32; LANES]; 6];
        for y in 0..LANES {
            let start = (k / PARTS * LANES + y) * BLOCK + k % PARTS * LANES;
            let lanes = start..start + LANES;
            let (ax, bx) = (&a.across[lanes.clone()], &b.across[lanes.clone()]);
            let (ay, by) = (&a.down[lanes.clone()], &b.down[lanes.clone()]);
            let (sa, sb) = (&a.shape[lanes.clone()], &b.shape[lanes]);
            for i in 0..LANES {
                let gx = 0.5 * (ax[i] + bx[i]);
                let gy = 0.5 * (ay[i] + by[i]);
                let e = sa[i] - sb[i];
                sums[0][i] += gx * gx;
                sums[1][i] += gx * gy;
                sums[2][i] += gy * gy;
                sums[3][i] += gx * e;
                sums[4][i] += gy * e;
                sums[5][i] += e * e;
            }
        }
        let [xx, xy, yy, bx, by, rest] = sums.map(|s| f64::from(s.iter().sum::<f32>()));
        *part = Normal {
            xx,
            xy,
            yy,
            bx,
            by,
            rest,
        };
    }
    parts
}

#[inline(always)]
fn product(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    sums.iter().sum()
}

/// The block and a pixel around it, with the block's shift (sx, sy) of 0..=2·radius.
#[inline(always)]
fn window(wide: &[f32], side: usize, sx: usize, sy: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity((BLOCK + 2) * (BLOCK + 2));
    for row in wide.chunks_exact(side).skip(sy).take(BLOCK + 2) {
        out.extend_from_slice(&row[sx..sx + BLOCK + 2]);
    }
    out
}

/// The shift of the highest normalised correlation.
#[inline(always)]
fn best_place(shape: &[f32], wide: &[f32], side: usize, radius: usize) -> Option<(usize, usize)> {
    if radius == 0 {
        return Some((0, 0));
    }
    let shifts = 2 * radius + 1;
    let energies = energies(wide, side, shifts);
    let mut best = (f32::MIN, 0, 0);
    for sy in 0..shifts {
        for sx in 0..shifts {
            let mut sums = [0f32; LANES];
            for (y, row) in shape.chunks_exact(BLOCK).enumerate() {
                let from = &wide[(y + sy + 1) * side + sx + 1..][..BLOCK];
                for (t, f) in row.chunks_exact(LANES).zip(from.chunks_exact(LANES)) {
                    for i in 0..LANES {
                        sums[i] += t[i] * f[i];
                    }
                }
            }
            let energy = energies[sy * shifts + sx];
            let correlation = sums.iter().sum::<f32>() / energy.max(1e-12).sqrt();
            if correlation > best.0 {
                best = (correlation, sx, sy);
            }
        }
    }
    (best.0 > f32::MIN).then_some((best.1, best.2))
}

/// Sums of squares about the mean of the block at every shift.
#[inline(always)]
fn energies(wide: &[f32], side: usize, shifts: usize) -> Vec<f32> {
    let rows = BLOCK + shifts - 1;
    // Sums and sums of squares along rows, then down.
    let mut along = Vec::with_capacity(rows * shifts);
    for row in wide.chunks_exact(side).skip(1).take(rows) {
        for s in 0..shifts {
            let part = &row[s + 1..=s + BLOCK];
            along.push((part.iter().sum::<f32>(), product(part, part)));
        }
    }
    let n = (BLOCK * BLOCK) as f32;
    let mut out = Vec::with_capacity(shifts * shifts);
    for sy in 0..shifts {
        for sx in 0..shifts {
            let (sum, square) = (sy..sy + BLOCK).fold((0.0, 0.0), |(a, b), y| {
                let (sum, square) = along[y * shifts + sx];
                (a + sum, b + square)
            });
            out.push(square - sum * sum / n);
        }
    }
    out
}
