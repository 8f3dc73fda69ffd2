//! Key points with gradient-orientation descriptors after D. Lowe, "Distinctive image features from
//! scale-invariant keypoints" (IJCV 2004), with the square-root normalisation of R. Arandjelović
//! and A. Zisserman (CVPR 2012). Descriptors are kept as integers, so that their products are
//! exact whatever the machine.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use crate::raster::Plane;

/// Numbers in a descriptor: 4 × 4 cells of 8 directions.
pub const DESCRIPTOR: usize = 128;
/// Length of a descriptor as a vector.
pub const NORM: f32 = 512.0;

const INTERVALS: usize = 3;
/// Powers of 2 to thirds: an octave's scales.
const FINER: [f32; INTERVALS + 2] = [1.0, 1.259_921, 1.587_401, 2.0, 2.519_842];
const BASE_SIGMA: f32 = 1.6;
/// What blur a sampled picture is taken to have already.
const CAMERA_SIGMA: f32 = 0.5;
const SMALLEST: usize = 20;
const BORDER: usize = 5;
/// Squared ratio rule of the edge test, for a ratio of principal curvatures of 10.
const EDGE: f32 = 11.0 * 11.0 / 10.0;
const CELLS: usize = 10;

/// A key point.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Column in pixels of the plane.
    pub x: f32,
    /// Row in pixels of the plane.
    pub y: f32,
    /// Standard deviation in pixels of the scale at which it was found.
    pub scale: f32,
    /// Direction (cosine, sine) of the dominant gradient.
    pub direction: (f32, f32),
    /// Its surroundings.
    pub descriptor: [i16; DESCRIPTOR],
}

impl Feature {
    /// The same key point in the picture mirrored left to right, `width` pixels wide.
    pub fn mirrored(&self, width: usize) -> Self {
        let mut descriptor = [0; DESCRIPTOR];
        for (i, row) in descriptor.chunks_exact_mut(32).enumerate() {
            for (j, cell) in row.chunks_exact_mut(8).enumerate() {
                for (k, value) in cell.iter_mut().enumerate() {
                    *value = self.descriptor[(3 - i) * 32 + j * 8 + (8 - k) % 8];
                }
            }
        }
        Self {
            x: (width - 1) as f32 - self.x,
            y: self.y,
            scale: self.scale,
            direction: (-self.direction.0, self.direction.1),
            descriptor,
        }
    }
}

struct Extremum {
    x: f32,
    y: f32,
    /// Which of the octave's blurred planes is nearest.
    layer: usize,
    /// Standard deviation in the octave's pixels.
    sigma: f32,
    strength: f32,
}

struct Octave {
    blurred: Vec<Plane>,
    extrema: Vec<Extremum>,
}

/// The strongest key points of a plane of logarithms, at most about `most`, spread over it.
pub fn detect(plane: &Plane, most: usize) -> Vec<Feature> {
    let mut octaves = Vec::new();
    let mut base = plane.gaussian((BASE_SIGMA * BASE_SIGMA - CAMERA_SIGMA * CAMERA_SIGMA).sqrt());
    while base.width.min(base.height) >= SMALLEST {
        let blurred = blur_series(base);
        base = every_second(&blurred[INTERVALS]);
        let extrema = extrema(&blurred);
        octaves.push(Octave { blurred, extrema });
    }
    let chosen = spread(&octaves, plane, most);
    chosen
        .par_iter()
        .flat_map_iter(|&(o, e)| describe(&octaves[o], e, (1 << o) as f32))
        .collect()
}

fn blur_series(base: Plane) -> Vec<Plane> {
    let mut blurred = vec![base];
    for (i, before) in FINER.iter().enumerate() {
        let more = BASE_SIGMA * before * (FINER[1] * FINER[1] - 1.0).sqrt();
        blurred.push(blurred[i].gaussian(more));
    }
    blurred
}

fn every_second(plane: &Plane) -> Plane {
    Plane::from_fn(plane.width / 2, plane.height / 2, |x, y| {
        plane.at(2 * x, 2 * y)
    })
}

/// Extrema of the differences of neighbouring blurs over place and scale.
fn extrema(blurred: &[Plane]) -> Vec<Extremum> {
    let differences: Vec<Plane> = blurred
        .windows(2)
        .map(|pair| pair[1].zip(&pair[0], |a, b| a - b))
        .collect();
    let (width, height) = (blurred[0].width, blurred[0].height);
    if width <= 2 * BORDER || height <= 2 * BORDER {
        return Vec::new();
    }
    (1..=INTERVALS)
        .into_par_iter()
        .flat_map(|layer| {
            let stack = [
                &differences[layer - 1],
                &differences[layer],
                &differences[layer + 1],
            ];
            (BORDER..height - BORDER)
                .into_par_iter()
                .flat_map_iter(move |y| {
                    (BORDER..width - BORDER).filter_map(move |x| extremum(stack, x, y, layer))
                })
        })
        .collect()
}

fn extremum(stack: [&Plane; 3], x: usize, y: usize, layer: usize) -> Option<Extremum> {
    const WEAKEST: f32 = 0.004;
    let width = stack[1].width;
    let at = y * width + x;
    let centre = stack[1].data[at];
    if centre.abs() < WEAKEST {
        return None;
    }
    let sign = centre.signum();
    let value = centre.abs();
    let row = |plane: &Plane, start: usize| {
        let d = &plane.data[start - 1..start + 2];
        (sign * d[0]).max(sign * d[1]).max(sign * d[2])
    };
    let d = &stack[1].data;
    if sign * d[at - 1] >= value
        || sign * d[at + 1] >= value
        || row(stack[1], at - width) >= value
        || row(stack[1], at + width) >= value
    {
        return None;
    }
    for plane in [stack[0], stack[2]] {
        if row(plane, at) >= value
            || row(plane, at - width) >= value
            || row(plane, at + width) >= value
        {
            return None;
        }
    }
    let (dx, dy) = (
        (d[at + 1] - d[at - 1]) / 2.0,
        (d[at + width] - d[at - width]) / 2.0,
    );
    let ds = (stack[2].data[at] - stack[0].data[at]) / 2.0;
    let xx = d[at + 1] + d[at - 1] - 2.0 * centre;
    let yy = d[at + width] + d[at - width] - 2.0 * centre;
    let ss = stack[2].data[at] + stack[0].data[at] - 2.0 * centre;
    let xy = (d[at + width + 1] - d[at + width - 1] - d[at - width + 1] + d[at - width - 1]) / 4.0;
    let (trace, det) = (xx + yy, xx * yy - xy * xy);
    if det <= 0.0 || trace * trace > EDGE * det {
        return None;
    }
    let ox = (-(yy * dx - xy * dy) / det).clamp(-0.7, 0.7);
    let oy = (-(xx * dy - xy * dx) / det).clamp(-0.7, 0.7);
    let os = if ss.abs() > 1e-9 {
        (-ds / ss).clamp(-0.5, 0.5)
    } else {
        0.0
    };
    // Linear between the layers: to 1 %.
    let sigma = BASE_SIGMA * FINER[layer] * (1.0 + 0.231 * os);
    Some(Extremum {
        x: x as f32 + ox,
        y: y as f32 + oy,
        layer,
        sigma,
        strength: value,
    })
}

/// The strongest extrema as (octave, extremum), no part of the picture taking more than thrice
/// its share.
fn spread<'a>(octaves: &'a [Octave], plane: &Plane, most: usize) -> Vec<(usize, &'a Extremum)> {
    let mut all: Vec<(usize, &Extremum)> = octaves
        .iter()
        .enumerate()
        .flat_map(|(o, octave)| octave.extrema.iter().map(move |e| (o, e)))
        .collect();
    all.sort_by(|a, b| b.1.strength.total_cmp(&a.1.strength));
    let share = (3 * most).div_ceil(CELLS * CELLS);
    let mut taken = [0; CELLS * CELLS];
    all.retain(|(o, e)| {
        let scale = (1 << o) as f32;
        let cell = |v: f32, size: usize| {
            ((v * scale / size as f32 * CELLS as f32) as usize).min(CELLS - 1)
        };
        let count = &mut taken[cell(e.y, plane.height) * CELLS + cell(e.x, plane.width)];
        *count += 1;
        *count <= share
    });
    all.truncate(most);
    all
}

/// The key points of one extremum: one for each dominant direction (at most two).
fn describe(octave: &Octave, e: &Extremum, scale: f32) -> Vec<Feature> {
    let plane = &octave.blurred[e.layer];
    directions(plane, e)
        .into_iter()
        .map(|direction| Feature {
            // Every second sample is kept from octave to octave, so that places only scale.
            x: e.x * scale,
            y: e.y * scale,
            scale: e.sigma * scale,
            direction,
            descriptor: descriptor(plane, e, direction),
        })
        .collect()
}

/// Angle of (x, y) in full turns, 0..1, to 5e-5. Of plain arithmetic only, like [`direction`], so
/// that it is the same on every machine.
fn turn(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let t = ax.min(ay) / ax.max(ay).max(1e-20);
    let s = t * t;
    let a = ((-0.007_400_2 * s + 0.025_355_6) * s - 0.052_142_8) * s * t + t * 0.159_154_94;
    let a = if ay > ax { 0.25 - a } else { a };
    let a = if x < 0.0 { 0.5 - a } else { a };
    let a = if y < 0.0 { 1.0 - a } else { a };
    if a >= 1.0 { 0.0 } else { a }
}

/// Cosine and sine of an angle in full turns.
fn direction(turns: f32) -> (f32, f32) {
    let quarters = turns.rem_euclid(1.0) * 4.0;
    let a = quarters.fract() * std::f32::consts::FRAC_PI_2;
    let s = a * a;
    let sin = a * (1.0 - s * (0.166_666_55 - s * (0.008_331_8 - s * 0.000_194_6)));
    let cos = (1.0 - sin * sin).max(0.0).sqrt();
    match quarters as i32 {
        0 => (cos, sin),
        1 => (-sin, cos),
        2 => (-cos, -sin),
        _ => (sin, -cos),
    }
}

fn directions(plane: &Plane, e: &Extremum) -> Vec<(f32, f32)> {
    const BINS: usize = 36;
    let sigma = 1.5 * e.sigma;
    let radius = (2.5 * sigma).round() as isize;
    let (cx, cy) = (e.x.round() as isize, e.y.round() as isize);
    let mut histogram = [0f32; BINS];
    let (w, h) = (plane.width as isize, plane.height as isize);
    for y in (cy - radius).max(1)..=(cy + radius).min(h - 2) {
        for x in (cx - radius).max(1)..=(cx + radius).min(w - 2) {
            let at = (y * w + x) as usize;
            let gx = plane.data[at + 1] - plane.data[at - 1];
            let gy = plane.data[at + w as usize] - plane.data[at - w as usize];
            let r2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) as f32 / (sigma * sigma);
            if r2 > 6.25 {
                continue;
            }
            // A quartic stands in for the Gaussian window.
            let window = (1.0 - r2 / 6.25) * (1.0 - r2 / 6.25);
            let bin = (turn(gy, gx) * BINS as f32) as usize;
            histogram[bin.min(BINS - 1)] += window * (gx * gx + gy * gy).sqrt();
        }
    }
    for _ in 0..3 {
        let before = histogram;
        for (i, v) in histogram.iter_mut().enumerate() {
            *v = (before[(i + BINS - 1) % BINS] + before[i] + before[(i + 1) % BINS]) / 3.0;
        }
    }
    let peak = histogram.iter().copied().fold(0.0, f32::max);
    if peak <= 0.0 {
        return Vec::new();
    }
    let mut found: Vec<(f32, f32)> = (0..BINS)
        .filter_map(|i| {
            let (l, c, r) = (
                histogram[(i + BINS - 1) % BINS],
                histogram[i],
                histogram[(i + 1) % BINS],
            );
            if c < 0.8 * peak || c <= l || c < r {
                return None;
            }
            let offset = 0.5 * (l - r) / (l - 2.0 * c + r);
            Some((c, (i as f32 + 0.5 + offset) / BINS as f32))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.truncate(2);
    found
        .into_iter()
        .map(|(_, turns)| direction(turns))
        .collect()
}

fn descriptor(plane: &Plane, e: &Extremum, (cos, sin): (f32, f32)) -> [i16; DESCRIPTOR] {
    const SIDE: usize = 18;
    let step = 0.75 * e.sigma;
    let mut patch = [[0f32; SIDE]; SIDE];
    for (j, row) in patch.iter_mut().enumerate() {
        let v = (j as f32 - 8.5) * step;
        for (i, to) in row.iter_mut().enumerate() {
            let u = (i as f32 - 8.5) * step;
            *to = plane.bilinear(e.x + u * cos - v * sin, e.y + u * sin + v * cos);
        }
    }
    let mut histogram = [0f32; DESCRIPTOR];
    for j in 0..16 {
        let v = j as f32 - 7.5;
        let row = (j as f32 - 1.5) / 4.0;
        for i in 0..16 {
            let u = i as f32 - 7.5;
            let gx = patch[j + 1][i + 2] - patch[j + 1][i];
            let gy = patch[j + 2][i + 1] - patch[j][i + 1];
            let window = 1.0 - (u * u + v * v) / 160.0;
            let weight = window * window * (gx * gx + gy * gy).sqrt();
            let direction = turn(gy, gx) * 8.0;
            let column = (i as f32 - 1.5) / 4.0;
            let (r0, c0, d0) = (row.floor(), column.floor(), direction as usize % 8);
            let (fr, fc, fd) = (row - r0, column - c0, direction.fract());
            for (r, wr) in [(r0 as i32, 1.0 - fr), (r0 as i32 + 1, fr)] {
                for (c, wc) in [(c0 as i32, 1.0 - fc), (c0 as i32 + 1, fc)] {
                    if !(0..4).contains(&r) || !(0..4).contains(&c) {
                        continue;
                    }
                    let cell = (r * 4 + c) as usize * 8;
                    let w = weight * wr * wc;
                    histogram[cell + d0] += w * (1.0 - fd);
                    histogram[cell + (d0 + 1) % 8] += w * fd;
                }
            }
        }
    }
    let length = |h: &[f32]| h.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    let most = 0.2 * length(&histogram);
    histogram.iter_mut().for_each(|v| *v = v.min(most));
    let sum: f32 = histogram.iter().sum::<f32>().max(1e-12);
    histogram.map(|v| ((v / sum).sqrt() * NORM).round() as i16)
}
