//! How far small blocks of the rendition lie from where a warp says: correlation over whole
//! pixels, then a Lucas–Kanade step (S. Baker and I. Matthews, "Lucas-Kanade 20 years on",
//! IJCV 2004) on band-passed log luma normalised block by block, which tone curves and local
//! dodging leave nearly as it is.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over patches of fixed size; places are checked before they are sampled"
)]

use rayon::prelude::*;

use super::pyramid::{RawPyramid, RenditionLevel};
use crate::geometry::Warp;

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
    gradient: Vec<(f32, f32)>,
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
    let gradient = (0..BLOCK * BLOCK)
        .map(|i| {
            let at = (i / BLOCK + 1) * side + i % BLOCK + 1;
            (
                (wide[at + 1] - wide[at - 1]) / (2.0 * length),
                (wide[at + side] - wide[at - side]) / (2.0 * length),
            )
        })
        .collect();
    Some(Template {
        x,
        y,
        contrast,
        shape,
        gradient,
    })
}

/// A binomial blur of standard deviation 1 less the mean of 13 × 13 pixels, without the border.
fn band_pass(patch: &[f32], side: usize) -> Vec<f32> {
    let inner = side - 2 * MARGIN;
    let mut smooth = vec![0f32; side * inner];
    let mut mean = vec![0f32; side * inner];
    for ((row, smooth), mean) in patch
        .chunks_exact(side)
        .zip(smooth.chunks_exact_mut(inner))
        .zip(mean.chunks_exact_mut(inner))
    {
        for x in 0..inner {
            let c = &row[x + MARGIN - 2..x + MARGIN + 3];
            smooth[x] = (c[0] + c[4] + 4.0 * (c[1] + c[3]) + 6.0 * c[2]) / 16.0;
            mean[x] = row[x..x + 2 * MARGIN + 1].iter().sum::<f32>();
        }
    }
    let mut out = vec![0f32; inner * inner];
    let scale = 1.0 / ((2 * MARGIN + 1) * (2 * MARGIN + 1)) as f32;
    for (y, out) in out.chunks_exact_mut(inner).enumerate() {
        for k in 0..2 * MARGIN + 1 {
            for (o, m) in out.iter_mut().zip(&mean[(y + k) * inner..]) {
                *o -= m;
            }
        }
        out.iter_mut().for_each(|o| *o *= scale);
        for (k, weight) in [1.0, 4.0, 6.0, 4.0, 1.0].iter().enumerate() {
            let row = &smooth[(y + MARGIN - 2 + k) * inner..];
            for (o, s) in out.iter_mut().zip(row) {
                *o += weight / 16.0 * s;
            }
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
        .filter_map(|t| look(t, level.factor as f64, raw, warp, radius.min(FURTHEST)))
        .collect()
}

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
    raw.sample(
        warp,
        (template.x, template.y),
        factor,
        outer,
        &mut patch[..outer * outer],
    )?;
    let wide = band_pass(&patch[..outer * outer], outer);
    let (sx, sy) = best_place(&template.shape, &wide, side, radius)?;
    let found = self::template(
        &window(&wide, side, sx, sy),
        BLOCK + 2,
        template.x,
        template.y,
    )?;
    let correlation: f32 = product(&template.shape, &found.shape);
    let (mut xx, mut xy, mut yy, mut bx, mut by) = (0f64, 0f64, 0f64, 0f64, 0f64);
    let mut rest = 0f64;
    for i in 0..BLOCK * BLOCK {
        let (t, f) = (template.gradient[i], found.gradient[i]);
        let gx = f64::from(t.0 + f.0) / 2.0;
        let gy = f64::from(t.1 + f.1) / 2.0;
        let e = f64::from(template.shape[i] - found.shape[i]);
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
        bx += gx * e;
        by += gy * e;
        rest += e * e;
    }
    // The gradients hold noise too, and a block without structure in one direction must not run.
    let ridge = 1e-3 * (xx + yy) + 1e-9;
    let det = (xx + ridge) * (yy + ridge) - xy * xy;
    let dx = ((yy + ridge) * bx - xy * by) / det;
    let dy = ((xx + ridge) * by - xy * bx) / det;
    let reach = dx.hypot(dy);
    let limit = if reach > 1.5 { 1.5 / reach } else { 1.0 };
    let offset = |s: usize| s as f64 - radius as f64;
    let d = (
        factor * (offset(sx) + dx * limit),
        factor * (offset(sy) + dy * limit),
    );
    // Neighbouring samples of band-passed noise are not independent: about one in four counts.
    let variance =
        (rest - bx * dx - by * dy).max(1e-3 * rest + 1e-6) / (BLOCK * BLOCK) as f64 * 4.0;
    let per = 1.0 / (variance * factor * factor);
    Some(Shift {
        x: template.x,
        y: template.y,
        d,
        information: (xx * per, xy * per, yy * per),
        correlation: f64::from(correlation),
        contrast: f64::from(template.contrast),
    })
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The block and a pixel around it, with the block's shift (sx, sy) of 0..=2·radius.
fn window(wide: &[f32], side: usize, sx: usize, sy: usize) -> Vec<f32> {
    let mut out = Vec::with_capacity((BLOCK + 2) * (BLOCK + 2));
    for row in wide.chunks_exact(side).skip(sy).take(BLOCK + 2) {
        out.extend_from_slice(&row[sx..sx + BLOCK + 2]);
    }
    out
}

/// The shift of the highest normalised correlation.
fn best_place(shape: &[f32], wide: &[f32], side: usize, radius: usize) -> Option<(usize, usize)> {
    if radius == 0 {
        return Some((0, 0));
    }
    let n = (BLOCK * BLOCK) as f32;
    let mut best = (f32::MIN, 0, 0);
    for sy in 0..=2 * radius {
        for sx in 0..=2 * radius {
            let (mut product, mut sum, mut square) = ([0f32; 8], [0f32; 8], [0f32; 8]);
            for (y, row) in shape.chunks_exact(BLOCK).enumerate() {
                let start = (y + sy + 1) * side + sx + 1;
                let from = &wide[start..start + BLOCK];
                for (t, f) in row.chunks_exact(8).zip(from.chunks_exact(8)) {
                    for i in 0..8 {
                        product[i] += t[i] * f[i];
                        sum[i] += f[i];
                        square[i] += f[i] * f[i];
                    }
                }
            }
            let total = |a: [f32; 8]| a.iter().sum::<f32>();
            let sum = total(sum);
            let energy = total(square) - sum * sum / n;
            let correlation = total(product) / energy.max(1e-12).sqrt();
            if correlation > best.0 {
                best = (correlation, sx, sy);
            }
        }
    }
    (best.0 > f32::MIN).then_some((best.1, best.2))
}
