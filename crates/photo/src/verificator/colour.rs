//! Can a development have made these colours?
//!
//! Whatever is done to a whole picture (curves, matrices, hue and saturation, split toning, black
//! and white, look-up tables) makes the picture's colour a *function* of the RAW's: things of one
//! colour in the RAW keep one colour. Paint is no function: some of the grey is red now and the
//! rest is grey. So after the tone model's prediction the mean deviation of the chroma is learnt
//! for every RAW colour (a median in a table of colours, which takes hue shifts and look-up tables
//! that the model does not have), with a smooth field over the picture (graduated white balance),
//! and what is left over is looked at in connected regions. A thing whose colour nothing else
//! has can be turned by a hue slider just as well as by a brush: it is not held against the
//! picture.
//!
//! The transport distances are one-dimensional (sorted samples, the exact optimal transport of
//! `|x − y|`) for luma and both chroma axes of ITU-R BT.601.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use std::collections::BTreeMap;

use nalgebra::{SMatrix, SVector};
use serde_json::json;

use super::{Check, Measures};
use crate::comparison::Comparison;
use crate::raster::RgbPlanes;
use crate::tone::{COARSE, Tone};

/// Longer edge of the picture that is looked at, in cells.
const CELLS: usize = 288;
/// Edge of a box in the table of RAW colours, in cube roots of linear values.
const BOX: f32 = 0.06;
/// Samples that a box of the table needs to say anything.
const ENOUGH: usize = 30;
/// Chroma deviation, 0..1, that is never called paint.
const LEAST: f32 = 0.06;

/// Luma and the two chroma axes (blue and red) of an sRGB-encoded colour.
fn ycc([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    [y, (b - y) * 0.564, (r - y) * 0.713]
}

/// A cell: what the RAW, the prediction and the picture show there.
#[derive(Clone, Copy)]
struct Cell {
    /// Cube roots of linear camera RGB: luma and two chroma axes.
    raw: [f32; 3],
    predicted: [f32; 3],
    shown: [f32; 3],
    /// Neither dark nor clipped in either, and inside the RAW.
    usable: bool,
}

/// The cells of a picture, row by row.
struct Cells {
    width: usize,
    height: usize,
    /// Pixels of the picture (edge length) a cell.
    edge: usize,
    data: Vec<Cell>,
}

/// A region whose colours are no function of the RAW's.
#[derive(Clone, Debug, PartialEq)]
struct Region {
    /// Share of the usable cells.
    share: f64,
    /// Left, top, width, height in picture pixels.
    place: [usize; 4],
    /// Mean deviation of the chroma, 0..1.
    strength: f64,
    /// How much of it appears within three cells across its border, 0..1.
    sharpness: f64,
    /// Whether it has a colour that the RAW does not have there: not merely kept or lost.
    painted: bool,
    /// Mean chroma (blue, red) as predicted and as shown.
    chroma: [[f64; 2]; 2],
}

/// Measures the colours of the picture against what the RAW and a global edit explain.
///
/// Values: `transport_luma` and `transport_chroma` (mean way from predicted to shown, 0..1),
/// `painted_share`, `painted_strength` and `painted_sharpness` of the largest region that was
/// painted (0 when there is none), `lost_share` of the largest where colour was kept or taken out
/// locally, `spread` (median deviation of the chroma that is left).
pub fn measure(comparison: &Comparison, tone: &Tone) -> Measures {
    let mut out = Measures::new(Check::Colour);
    let Some(cells) = cells(comparison, tone) else {
        return out;
    };
    let usable = cells.data.iter().filter(|c| c.usable).count();
    if usable < 1000 || 8 * usable < cells.data.len() {
        return out;
    }
    for (name, axes) in [("transport_luma", &[0][..]), ("transport_chroma", &[1, 2])] {
        let way: f64 = axes.iter().map(|&a| transport(&cells, a).powi(2)).sum();
        out.value(name, way.sqrt());
    }
    let residual = residual(&cells);
    let mut sizes: Vec<f32> = cells
        .data
        .iter()
        .zip(&residual)
        .filter(|(c, _)| c.usable)
        .map(|(_, r)| r[0].hypot(r[1]))
        .collect();
    sizes.sort_by(f32::total_cmp);
    let spread = sizes[sizes.len() / 2];
    out.value("spread", f64::from(spread));
    let threshold = LEAST.max(5.0 * spread);
    let regions = regions(&cells, &residual, threshold, usable);
    let painted = regions.iter().find(|r| r.painted);
    let lost = regions.iter().find(|r| !r.painted);
    out.value("painted_share", painted.map_or(0.0, |r| r.share));
    out.value("painted_strength", painted.map_or(0.0, |r| r.strength));
    out.value("painted_sharpness", painted.map_or(0.0, |r| r.sharpness));
    out.value("lost_share", lost.map_or(0.0, |r| r.share));
    let list: Vec<_> = regions
        .iter()
        .take(4)
        .map(|r| {
            json!({
                "left_top_width_height": r.place,
                "share": round(r.share, 4),
                "strength": round(r.strength, 3),
                "sharpness": round(r.sharpness, 2),
                "painted": r.painted,
            })
        })
        .collect();
    if !list.is_empty() {
        out.details.insert("regions".into(), list.into());
    }
    if let Some(r) = painted {
        let [x, y, w, h] = r.place;
        let (across, down) = (cells.width * cells.edge, cells.height * cells.edge);
        let border = if r.sharpness > 0.6 {
            "a sharp"
        } else {
            "a soft"
        };
        out.reasons.push(format!(
            "A region of {w} × {h} pixels ({:.1} % of the picture) at {} % from the left and {} % \
             from the top, with {border} border, is {} where the RAW has {}, while the same colour \
             of the RAW is shown otherwise elsewhere.",
            100.0 * r.share,
            100 * (x + w / 2) / across.max(1),
            100 * (y + h / 2) / down.max(1),
            colour_name(r.chroma[1]),
            colour_name(r.chroma[0]),
        ));
    }
    out
}

fn round(v: f64, digits: i32) -> f64 {
    let k = 10.0_f64.powi(digits);
    (v * k).round() / k
}

/// The name of a chroma (blue, red).
fn colour_name([blue, red]: [f64; 2]) -> &'static str {
    if blue.hypot(red) < 0.02 {
        return "grey";
    }
    // Angles of the sRGB primaries and their opposites in this plane.
    const NAMES: [(f64, &str); 7] = [
        (-11.0, "blue-violet"),
        (40.0, "magenta"),
        (108.0, "red"),
        (140.0, "orange"),
        (171.0, "yellow"),
        (232.0, "green"),
        (288.0, "cyan"),
    ];
    let angle = red.atan2(blue).to_degrees();
    let away = |a: f64| ((angle - a + 540.0).rem_euclid(360.0) - 180.0).abs();
    NAMES
        .iter()
        .min_by(|a, b| away(a.0).total_cmp(&away(b.0)))
        .map_or("grey", |n| n.1)
}

fn cells(comparison: &Comparison, tone: &Tone) -> Option<Cells> {
    let coarse = (tone.predicted[0].width, tone.predicted[0].height);
    let group = coarse.0.max(coarse.1).div_ceil(CELLS).max(1);
    let (width, height) = (coarse.0 / group, coarse.1 / group);
    if width < 24 || height < 24 || tone.coarse_valid.len() != coarse.0 * coarse.1 {
        return None;
    }
    let mean = |planes: &RgbPlanes, x: usize, y: usize, edge: usize| -> [f32; 3] {
        [0, 1, 2].map(|c| {
            let mut sum = 0.0;
            for dy in 0..edge {
                let row = planes[c].row(y * edge + dy);
                sum += row[x * edge..(x + 1) * edge].iter().sum::<f32>();
            }
            sum / (edge * edge) as f32
        })
    };
    let mut data = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let valid = (0..group * group).all(|i| {
                tone.coarse_valid[(y * group + i / group) * coarse.0 + x * group + i % group]
            });
            let raw = mean(&comparison.raw, x, y, group * COARSE);
            let predicted = mean(&tone.predicted, x, y, group);
            let residual = mean(&tone.residual, x, y, group);
            let shown = [0, 1, 2].map(|c| predicted[c] + residual[c]);
            let root = raw.map(|v| v.max(0.0).cbrt());
            let clipped = raw.iter().any(|&v| v > 0.9);
            let in_range =
                |c: &[f32; 3]| c.iter().all(|&v| v < 0.97) && c.iter().any(|&v| v > 0.06);
            data.push(Cell {
                raw: ycc(root),
                predicted: ycc(predicted),
                shown: ycc(shown),
                usable: valid
                    && !clipped
                    && root[1] > 0.2
                    && in_range(&shown)
                    && in_range(&predicted),
            });
        }
    }
    Some(Cells {
        width,
        height,
        edge: comparison.factor * COARSE * group,
        data,
    })
}

/// The mean way between the distributions of one axis, predicted and shown.
fn transport(cells: &Cells, axis: usize) -> f64 {
    let sorted = |f: &dyn Fn(&Cell) -> f32| {
        let mut v: Vec<f32> = cells.data.iter().filter(|c| c.usable).map(f).collect();
        v.sort_by(f32::total_cmp);
        v
    };
    let (a, b) = (sorted(&|c| c.predicted[axis]), sorted(&|c| c.shown[axis]));
    let way: f64 = a
        .iter()
        .zip(&b)
        .map(|(a, b)| f64::from((a - b).abs()))
        .sum();
    way / a.len().max(1) as f64
}

/// What no function of the RAW's colour and no smooth field explains of the chroma.
fn residual(cells: &Cells) -> Vec<[f32; 2]> {
    let mut left: Vec<[f32; 2]> = cells
        .data
        .iter()
        .map(|c| [c.shown[1] - c.predicted[1], c.shown[2] - c.predicted[2]])
        .collect();
    // The field takes from the table and the table from the field: twice around settles it.
    for _ in 0..2 {
        take_table(cells, &mut left);
        take_field(cells, &mut left);
    }
    for (r, c) in left.iter_mut().zip(&cells.data) {
        if !c.usable {
            *r = [0.0; 2];
        }
    }
    left
}

/// Takes the median of every box of RAW colours from its members. Boxes of too few members are
/// taken together with their neighbours of other lightness, or else are left alone at zero: they
/// say nothing.
fn take_table(cells: &Cells, left: &mut [[f32; 2]]) {
    let key = |c: &Cell, lightness: f32| {
        (
            (c.raw[1] / BOX).round() as i32,
            (c.raw[2] / BOX).round() as i32,
            (c.raw[0] / lightness).floor() as i32,
        )
    };
    let table = |lightness: f32| {
        let mut members: BTreeMap<(i32, i32, i32), Vec<usize>> = BTreeMap::new();
        for (i, c) in cells.data.iter().enumerate() {
            if c.usable {
                members.entry(key(c, lightness)).or_default().push(i);
            }
        }
        members
    };
    let (fine, coarse) = (table(0.15), table(10.0));
    let medians = |members: &[usize], left: &[[f32; 2]]| {
        [0, 1].map(|a| {
            let mut v: Vec<f32> = members.iter().map(|&i| left[i][a]).collect();
            v.sort_by(f32::total_cmp);
            v[v.len() / 2]
        })
    };
    let before = left.to_vec();
    let wide: BTreeMap<_, _> = coarse
        .iter()
        .filter(|(_, m)| m.len() >= ENOUGH)
        .map(|(k, m)| (*k, medians(m, &before)))
        .collect();
    for members in fine.values() {
        let m = if members.len() >= ENOUGH {
            Some(medians(members, &before))
        } else {
            members
                .first()
                .and_then(|&i| wide.get(&key(&cells.data[i], 10.0)).copied())
        };
        for &i in members {
            left[i] = m.map_or([0.0; 2], |m| [before[i][0] - m[0], before[i][1] - m[1]]);
        }
    }
}

/// Takes a robust quadratic surface.
fn take_field(cells: &Cells, left: &mut [[f32; 2]]) {
    let terms = |i: usize| {
        let u = 2.0 * (i % cells.width) as f64 / cells.width as f64 - 1.0;
        let v = 2.0 * (i / cells.width) as f64 / cells.height as f64 - 1.0;
        SVector::<f64, 6>::from([1.0, u, v, u * u, u * v, v * v])
    };
    let usable: Vec<usize> = (0..left.len()).filter(|&i| cells.data[i].usable).collect();
    for axis in [0, 1] {
        let mut solution = SVector::<f64, 6>::zeros();
        for _ in 0..4 {
            let mut normal = SMatrix::<f64, 6, 6>::identity() * 1e-6;
            let mut right = SVector::<f64, 6>::zeros();
            for &i in &usable {
                let t = terms(i);
                let value = f64::from(left[i][axis]);
                let error = (value - t.dot(&solution)) / 0.02;
                let weight = 1.0 / (1.0 + error * error);
                normal += t * t.transpose() * weight;
                right += t * (weight * value);
            }
            let Some(inverse) = normal.try_inverse() else {
                return;
            };
            solution = inverse * right;
        }
        for &i in &usable {
            left[i][axis] -= terms(i).dot(&solution) as f32;
        }
    }
}

/// Connected regions beyond `threshold`, largest first; those of less than a thousandth are left
/// out.
fn regions(cells: &Cells, residual: &[[f32; 2]], threshold: f32, usable: usize) -> Vec<Region> {
    let (w, h) = (cells.width, cells.height);
    let smooth = smoothed(cells, residual);
    let size = |i: usize| smooth[i][0].hypot(smooth[i][1]);
    let mut seen = vec![false; w * h];
    let mut out = Vec::new();
    for start in 0..w * h {
        if seen[start] || size(start) < threshold {
            continue;
        }
        let (mut members, mut open) = (Vec::new(), vec![start]);
        seen[start] = true;
        while let Some(i) = open.pop() {
            members.push(i);
            let (x, y) = (i % w, i / w);
            for dy in 0..3 {
                for dx in 0..3 {
                    let (nx, ny) = (x + dx, y + dy);
                    if nx == 0 || ny == 0 || nx > w || ny > h {
                        continue;
                    }
                    let j = (ny - 1) * w + nx - 1;
                    // One region has one direction of change.
                    let same = smooth[i][0] * smooth[j][0] + smooth[i][1] * smooth[j][1] > 0.0;
                    if !seen[j] && same && size(j) >= threshold {
                        seen[j] = true;
                        open.push(j);
                    }
                }
            }
        }
        if 1000 * members.len() >= usable {
            out.push(region(cells, residual, &members, usable));
        }
    }
    out.sort_by(|a, b| b.share.total_cmp(&a.share));
    out
}

/// The mean over 3 × 3 usable cells.
fn smoothed(cells: &Cells, residual: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let (w, h) = (cells.width, cells.height);
    (0..w * h)
        .map(|i| {
            if !cells.data[i].usable {
                return [0.0; 2];
            }
            let (x, y) = (i % w, i / w);
            let (mut sum, mut count) = ([0.0_f32; 2], 0.0_f32);
            for ny in y.saturating_sub(1)..=(y + 1).min(h - 1) {
                for nx in x.saturating_sub(1)..=(x + 1).min(w - 1) {
                    let j = ny * w + nx;
                    if cells.data[j].usable {
                        sum = [sum[0] + residual[j][0], sum[1] + residual[j][1]];
                        count += 1.0;
                    }
                }
            }
            [sum[0] / count, sum[1] / count]
        })
        .collect()
}

fn region(cells: &Cells, residual: &[[f32; 2]], members: &[usize], usable: usize) -> Region {
    let (w, h) = (cells.width, cells.height);
    let mut inside = vec![false; w * h];
    members.iter().for_each(|&i| inside[i] = true);
    let mean = |f: &dyn Fn(usize) -> f32| {
        members.iter().map(|&i| f64::from(f(i))).sum::<f64>() / members.len() as f64
    };
    let strength = mean(&|i| residual[i][0].hypot(residual[i][1]));
    let direction = [mean(&|i| residual[i][0]), mean(&|i| residual[i][1])];
    let length = direction[0].hypot(direction[1]).max(1e-9);
    // Across the border: one cell inside against two cells outside, along the mean change.
    let along = |i: usize| {
        (f64::from(residual[i][0]) * direction[0] + f64::from(residual[i][1]) * direction[1])
            / length
    };
    let (mut near, mut far, mut count) = (0.0, 0.0, 0.0_f64);
    for &i in members {
        let (x, y) = ((i % w) as isize, (i / w) as isize);
        for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
            let place = |k: isize| {
                let (nx, ny) = (x + k * dx, y + k * dy);
                let in_picture = nx >= 0 && ny >= 0 && nx < w as isize && ny < h as isize;
                in_picture.then(|| (ny * w as isize + nx) as usize)
            };
            let (Some(a), Some(b), Some(c)) = (place(-1), place(1), place(2)) else {
                continue;
            };
            if !inside[b] && inside[a] && !inside[c] && cells.data[c].usable {
                near += along(a);
                far += along(c);
                count += 1.0;
            }
        }
    }
    let sharpness = if count > 0.0 {
        ((near - far) / count / strength.max(1e-9)).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let shown = [
        mean(&|i| cells.data[i].shown[1]),
        mean(&|i| cells.data[i].shown[2]),
    ];
    let own = [
        mean(&|i| cells.data[i].raw[1]),
        mean(&|i| cells.data[i].raw[2]),
    ];
    let predicted = [
        mean(&|i| cells.data[i].predicted[1]),
        mean(&|i| cells.data[i].predicted[2]),
    ];
    let (colourful, natural) = (shown[0].hypot(shown[1]), own[0].hypot(own[1]));
    let cosine = (shown[0] * own[0] + shown[1] * own[1]) / (colourful * natural).max(1e-9);
    let kept = colourful < 0.03 || (cosine > 0.7 && colourful < 2.0 * natural + 0.03);
    let xs = || members.iter().map(|i| i % w);
    let ys = || members.iter().map(|i| i / w);
    let (left, right) = (xs().min().unwrap_or(0), xs().max().unwrap_or(0));
    let (top, bottom) = (ys().min().unwrap_or(0), ys().max().unwrap_or(0));
    let e = cells.edge;
    Region {
        share: members.len() as f64 / usable as f64,
        place: [
            left * e,
            top * e,
            (right + 1 - left) * e,
            (bottom + 1 - top) * e,
        ],
        strength,
        sharpness,
        painted: !kept,
        chroma: [predicted, shown],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::develop::HalfSize;
    use crate::geometry::{Homography, Warp};
    use crate::raster::{Plane, Rgb8};
    use crate::rendition::Rendition;

    const SIZE: (usize, usize) = (480, 360);

    /// Linear colour of a scene of patches in twelve colours that come back everywhere, under a
    /// soft light, with grain.
    fn scene(x: usize, y: usize) -> [f32; 3] {
        const COLOURS: [[f32; 3]; 12] = [
            [0.3, 0.3, 0.3],
            [0.45, 0.2, 0.12],
            [0.1, 0.25, 0.4],
            [0.6, 0.6, 0.55],
            [0.2, 0.35, 0.1],
            [0.5, 0.42, 0.1],
            [0.1, 0.1, 0.1],
            [0.4, 0.15, 0.3],
            [0.15, 0.4, 0.38],
            [0.7, 0.5, 0.4],
            [0.2, 0.2, 0.22],
            [0.35, 0.3, 0.6],
        ];
        let (i, j) = (x / 24, y / 20);
        let cell = ((i * 64 + j) as u32).wrapping_mul(2_654_435_761);
        let pick = (cell ^ cell >> 15).wrapping_mul(2_246_822_519) >> 16;
        let light = 0.8 + 0.2 * (x as f32 / 150.0).sin() * (y as f32 / 110.0).cos();
        let seed = (x as u32).wrapping_mul(7919) ^ (y as u32).wrapping_mul(104_729);
        let mixed = seed.wrapping_mul(2_654_435_761);
        let grain =
            ((mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) >> 16) as f32 / 65536.0 - 0.5;
        COLOURS[pick as usize % 12].map(|v| v * light * (1.0 + 0.06 * grain))
    }

    fn encode(v: f32) -> f32 {
        if v <= 0.003_130_8 {
            12.92 * v
        } else {
            1.055 * v.powf(1.0 / 2.4) - 0.055
        }
    }

    /// What is measured of the scene after `edit` of its encoded colours.
    fn measured(edit: impl Fn(usize, usize, [f32; 3]) -> [f32; 3]) -> Measures {
        let planes = [0, 1, 2].map(|c| Plane::from_fn(SIZE.0, SIZE.1, |x, y| scene(x, y)[c]));
        let mut data = Vec::new();
        for i in 0..SIZE.0 * SIZE.1 {
            let (x, y) = (i % SIZE.0, i / SIZE.0);
            let shown = edit(x, y, scene(x, y).map(encode));
            data.extend(shown.map(|v| (255.0 * v).clamp(0.0, 255.0).round() as u8));
        }
        let rgb = Rgb8 {
            width: SIZE.0,
            height: SIZE.1,
            data,
        };
        let warp = Warp::projective(Homography::resize(2.0, 2.0), SIZE);
        let comparison = Comparison::new(&HalfSize { planes }, &Rendition::of_pixels(rgb), &warp);
        measure(&comparison, &crate::tone::fit(&comparison))
    }

    fn grey(c: [f32; 3]) -> f32 {
        0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]
    }

    #[test]
    fn global_edits_of_colour_are_accepted() {
        let turned =
            |_, _, [r, g, b]: [f32; 3]| [0.7 * r + 0.3 * g, 0.8 * g + 0.2 * b, 0.7 * b + 0.3 * r];
        let sepia = |_, _, c: [f32; 3]| [1.1, 0.95, 0.75].map(|k| k * grey(c));
        let split = |_, _, c: [f32; 3]| {
            let k = grey(c) - 0.5;
            [c[0] + 0.12 * k, c[1], c[2] - 0.12 * k]
        };
        let table = |_, _, c: [f32; 3]| [c[0] * c[0] + 0.1, c[1].sqrt(), 0.2 + 0.6 * c[2] * c[0]];
        for (name, m) in [
            ("unchanged", measured(|_, _, c| c)),
            ("hue", measured(turned)),
            ("sepia", measured(sepia)),
            ("split tone", measured(split)),
            ("look-up table", measured(table)),
        ] {
            assert_eq!(m.values["painted_share"], 0.0, "{name}: {m:?}");
            assert!(m.reasons.is_empty());
        }
    }

    #[test]
    fn a_graduated_white_balance_is_accepted() {
        let m = measured(|_, y, [r, g, b]| {
            let k = 0.15 * y as f32 / SIZE.1 as f32;
            [r * (1.0 + k), g, b * (1.0 - k)]
        });
        assert_eq!(m.values["painted_share"], 0.0, "{m:?}");
    }

    #[test]
    fn a_painted_region_is_found_at_its_place() {
        let inside = |x: usize, y: usize| (200..320).contains(&x) && (120..220).contains(&y);
        let m = measured(|x, y, [r, g, b]| {
            if inside(x, y) {
                [0.3 * g, 0.5 * r, b.max(0.5)]
            } else {
                [r, g, b]
            }
        });
        assert!(m.values["painted_share"] > 0.03, "{m:?}");
        assert!(m.values["painted_sharpness"] > 0.6, "{m:?}");
        let place = &m.details["regions"][0]["left_top_width_height"];
        let at = |i: usize| place[i].as_u64().unwrap() as i64;
        for (i, expected) in [200, 120, 120, 100].into_iter().enumerate() {
            assert!((at(i) - expected).abs() <= 16, "{place}");
        }
        assert!(m.reasons[0].contains("sharp border"), "{:?}", m.reasons);
    }

    #[test]
    fn one_region_left_in_colour_is_not_painted() {
        let m = measured(|x, y, c| {
            if (200..320).contains(&x) && (120..220).contains(&y) {
                c
            } else {
                [grey(c); 3]
            }
        });
        assert_eq!(m.values["painted_share"], 0.0, "{m:?}");
        assert!(m.values["lost_share"] > 0.005, "{m:?}");
    }
}
