//! The pictures that a report shows: what was compared, small enough for a page.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use flashraw::Orientation;
use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::develop::HalfSize;
use crate::raster::{Plane, Rgb8, RgbPlanes};
use crate::raw::Raw;
use crate::transform::Transform;

/// Longest edge of an exhibit in pixels.
pub const LONGEST: usize = 1280;

/// From this difference of tones on, in steps of 255, the heat map shows a place.
const COLD: f32 = 6.0;
/// From this difference on it is as hot as can be.
const HOT: f32 = 48.0;

/// What a report shows.
#[derive(Clone, Debug)]
pub struct Exhibits {
    /// The whole RAW frame, developed plainly, upright.
    pub raw: Rgb8,
    /// The picture.
    pub picture: Rgb8,
    /// Both on one grid; `None` when the picture was not found in the RAW.
    pub overlay: Option<Overlay>,
}

/// The picture and what the RAW makes of it, pixel upon pixel.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// The picture.
    pub picture: Rgb8,
    /// The RAW, laid upon it and toned as the picture is.
    pub expected: Rgb8,
    /// Where they differ: grey where they do not, through amber to red.
    pub difference: Rgb8,
    /// How tones became others, for red, green and blue: (EV below saturation, encoded value 0 to
    /// 1), the mean over the picture, from dark to light.
    pub curves: [Vec<(f32, f32)>; 3],
}

impl Overlay {
    /// Shrinks `comparison` and the tones `expected` from its RAW to a page's size.
    pub fn new(comparison: &Comparison, expected: &RgbPlanes) -> Self {
        let picture = shrink(&comparison.rendition);
        let expected = shrink(expected);
        let mask = Plane {
            width: comparison.width(),
            height: comparison.height(),
            data: comparison
                .valid
                .iter()
                .map(|&v| f32::from(u8::from(v)))
                .collect(),
        };
        let mask = mask.resize_area(picture[0].width, picture[0].height);
        let difference = difference(&picture, &expected, &mask);
        Self {
            difference: heat(&picture[1], &difference),
            picture: encode(&picture),
            expected: encode(&expected),
            curves: [0, 1, 2].map(|c| curve(comparison, c)),
        }
    }
}

/// The RAW frame, plainly developed, upright, its longest edge at most [`LONGEST`].
pub fn raw_frame(raw: &Raw, half: &HalfSize) -> Rgb8 {
    let planes = shrink(&half.planes);
    let matrix = camera_to_srgb(raw);
    let linear = [0, 1, 2].map(|c| {
        let row = matrix[c];
        let mut out = planes[0].map(|v| v * row[0]);
        for (k, plane) in planes.iter().enumerate().skip(1) {
            out = out.zip(plane, |sum, v| sum + v * row[k]);
        }
        out
    });
    // Plain, but not dark: the brightest hundredth of green is put near white.
    let mut sorted = linear[1].data.clone();
    sorted.sort_unstable_by(f32::total_cmp);
    let bright = sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(1.0);
    let gain = 0.9 / bright.max(1e-4);
    let encoded = linear.map(|p| p.map(|v| srgb(v * gain)));
    upright(&encode(&encoded), raw.metadata().orientation)
}

/// The crop map: the RAW frame with everything that the picture does not show darkened, the
/// picture's outline, and a mark at its upper left corner.
pub fn crop_map(frame: &Rgb8, transform: &Transform) -> Rgb8 {
    let scale = (
        frame.width as f64 / transform.frame.0.max(1) as f64,
        frame.height as f64 / transform.frame.1.max(1) as f64,
    );
    let outline: Vec<(f64, f64)> = transform
        .outline
        .iter()
        .map(|p| (p.0 * scale.0, p.1 * scale.1))
        .collect();
    let corner = (
        transform.corners[0].0 * scale.0,
        transform.corners[0].1 * scale.1,
    );
    let mut map = frame.clone();
    let rows = map
        .data
        .par_chunks_mut((3 * frame.width).max(1))
        .enumerate();
    rows.for_each(|(y, row)| {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let at = (x as f64 + 0.5, y as f64 + 0.5);
            let (inside, distance) = relation(at, &outline);
            if distance < 1.5 || (at.0 - corner.0).hypot(at.1 - corner.1) < 7.0 {
                pixel.copy_from_slice(&[255, 176, 32]);
            } else if !inside {
                pixel.iter_mut().for_each(|v| *v = (*v >> 2) + 12);
            }
        }
    });
    map
}

/// Whether a point lies in a polygon (even-odd rule), and how far from its border.
fn relation(at: (f64, f64), polygon: &[(f64, f64)]) -> (bool, f64) {
    let mut inside = false;
    let mut nearest = f64::INFINITY;
    let closed = polygon.iter().zip(polygon.iter().cycle().skip(1));
    for (&a, &b) in closed {
        if (a.1 > at.1) != (b.1 > at.1) && at.0 < a.0 + (at.1 - a.1) / (b.1 - a.1) * (b.0 - a.0) {
            inside = !inside;
        }
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = (dx * dx + dy * dy).max(1e-12);
        let t = (((at.0 - a.0) * dx + (at.1 - a.1) * dy) / length).clamp(0.0, 1.0);
        nearest = nearest.min((at.0 - a.0 - t * dx).hypot(at.1 - a.1 - t * dy));
    }
    (inside, nearest)
}

/// Shrinks a picture so that its longest edge is at most [`LONGEST`].
pub fn shrink_picture(rgb: &Rgb8) -> Rgb8 {
    let factor = rgb.width.max(rgb.height).div_ceil(LONGEST).max(1);
    let (width, height) = (rgb.width / factor, rgb.height / factor);
    if factor == 1 || width == 0 || height == 0 {
        return rgb.clone();
    }
    let mut data = vec![0; width * height * 3];
    let area = (factor * factor) as u32;
    data.par_chunks_mut(width * 3)
        .enumerate()
        .for_each(|(y, row)| {
            for (i, v) in row.iter_mut().enumerate() {
                let (x, c) = (i / 3, i % 3);
                let mut sum = area / 2;
                for dy in 0..factor {
                    let start = ((y * factor + dy) * rgb.width + x * factor) * 3 + c;
                    sum += (0..factor)
                        .map(|dx| u32::from(rgb.data[start + 3 * dx]))
                        .sum::<u32>();
                }
                *v = (sum / area) as u8;
            }
        });
    Rgb8 {
        width,
        height,
        data,
    }
}

fn shrink(planes: &RgbPlanes) -> RgbPlanes {
    let (w, h) = (planes[0].width, planes[0].height);
    let scale = LONGEST as f64 / w.max(h).max(1) as f64;
    if scale >= 1.0 {
        return planes.clone();
    }
    let edge = |v: usize| ((v as f64 * scale).round() as usize).clamp(1, v.max(1));
    [0, 1, 2].map(|c| planes[c].resize_area(edge(w), edge(h)))
}

fn encode(planes: &RgbPlanes) -> Rgb8 {
    let [r, g, b] = planes;
    let byte = |v: &f32| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
    let pixels = r.data.iter().zip(&g.data).zip(&b.data);
    Rgb8 {
        width: r.width,
        height: r.height,
        data: pixels
            .flat_map(|((r, g), b)| [byte(r), byte(g), byte(b)])
            .collect(),
    }
}

/// The greatest difference of the three channels, smoothed a little, in steps of 255.
fn difference(picture: &RgbPlanes, expected: &RgbPlanes, mask: &Plane) -> Plane {
    let gaps = [0, 1, 2].map(|c| {
        let gap = picture[c].zip(&expected[c], |a, b| (a - b) * 255.0);
        gap.zip(mask, |d, m| if m > 0.99 { d } else { 0.0 })
            .gaussian(1.2)
    });
    let most = gaps[0].zip(&gaps[1], |a, b| a.abs().max(b.abs()));
    most.zip(&gaps[2], |a, b| a.max(b.abs()))
}

/// The green plane as a faint grey, and heat upon it.
fn heat(green: &Plane, difference: &Plane) -> Rgb8 {
    let pixels = green.data.iter().zip(&difference.data);
    let data = pixels.flat_map(|(&g, &d)| {
        let grey = 40.0 + 120.0 * g.clamp(0.0, 1.0);
        let t = ((d - COLD) / (HOT - COLD)).clamp(0.0, 1.0);
        // Amber first, then red.
        let colour = [255.0, 190.0 * (1.0 - t), 40.0 * (1.0 - t)];
        let strength = (t * 3.0).min(1.0);
        colour.map(|c| (grey + (c - grey) * strength) as u8)
    });
    Rgb8 {
        width: green.width,
        height: green.height,
        data: data.collect(),
    }
}

/// The mean encoded value at each third of an EV of the linear RAW.
fn curve(comparison: &Comparison, channel: usize) -> Vec<(f32, f32)> {
    const STEPS: usize = 36;
    let mut sums = [(0.0f64, 0u32); STEPS];
    let linear = &comparison.raw[channel].data;
    let encoded = &comparison.rendition[channel].data;
    for ((&raw, &value), &valid) in linear.iter().zip(encoded).zip(&comparison.valid) {
        let ev = -raw.log2();
        if valid && raw > 0.0 && (0.0..12.0).contains(&ev) {
            let (sum, count) = &mut sums[(ev * 3.0) as usize];
            *sum += f64::from(value);
            *count += 1;
        }
    }
    let points = sums.iter().enumerate().rev();
    points
        .filter(|(_, (_, count))| *count >= 50)
        .map(|(i, (sum, count))| {
            let ev = -(i as f32 + 0.5) / 3.0;
            (ev, (sum / f64::from(*count)) as f32)
        })
        .collect()
}

/// The sRGB encoding of a linear value (IEC 61966-2-1).
fn srgb(v: f32) -> f32 {
    let v = v.clamp(0.0, 1.0);
    if v <= 0.003_130_8 {
        12.92 * v
    } else {
        1.055 * v.powf(1.0 / 2.4) - 0.055
    }
}

/// From white-balanced camera RGB to linear sRGB, by the file's colour matrix; without one, as it
/// is. Neutral stays neutral.
fn camera_to_srgb(raw: &Raw) -> [[f32; 3]; 3] {
    const IDENTITY: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    /// Linear sRGB to XYZ, D65 (IEC 61966-2-1).
    const XYZ: [[f64; 3]; 3] = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ];
    let matrix = raw.frame.color_matrices.preferred();
    let Some(matrix) = matrix.filter(|m| m.values.len() == 9) else {
        return IDENTITY;
    };
    let mut camera = nalgebra::Matrix3::<f64>::zeros();
    for i in 0..3 {
        for j in 0..3 {
            camera[(i, j)] = (0..3)
                .map(|k| f64::from(matrix.values[3 * i + k]) * XYZ[k][j])
                .sum();
        }
        let sum: f64 = (0..3).map(|j| camera[(i, j)]).sum();
        if sum.abs() < 1e-6 {
            return IDENTITY;
        }
        (0..3).for_each(|j| camera[(i, j)] /= sum);
    }
    match camera.try_inverse() {
        Some(m) => std::array::from_fn(|i| std::array::from_fn(|j| m[(i, j)] as f32)),
        None => IDENTITY,
    }
}

/// Turns a picture as an orientation asks.
fn upright(rgb: &Rgb8, orientation: Orientation) -> Rgb8 {
    use Orientation::*;
    let (w, h) = (rgb.width, rgb.height);
    let turned = matches!(orientation, Transpose | Rotate90 | Transverse | Rotate270);
    let (width, height) = if turned { (h, w) } else { (w, h) };
    let mut data = Vec::with_capacity(rgb.data.len());
    for y in 0..height {
        for x in 0..width {
            let (sx, sy) = match orientation {
                Normal => (x, y),
                FlipH => (w - 1 - x, y),
                Rotate180 => (w - 1 - x, h - 1 - y),
                FlipV => (x, h - 1 - y),
                Transpose => (y, x),
                Rotate90 => (y, h - 1 - x),
                Transverse => (w - 1 - y, h - 1 - x),
                Rotate270 => (w - 1 - y, x),
            };
            let at = (sy * w + sx) * 3;
            data.extend_from_slice(&rgb.data[at..at + 3]);
        }
    }
    Rgb8 {
        width,
        height,
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Homography, Warp};

    fn ramp(width: usize, height: usize) -> Rgb8 {
        Rgb8 {
            width,
            height,
            data: (0..width * height * 3).map(|i| (i % 251) as u8).collect(),
        }
    }

    /// Turning a picture and asking the transform where its corner went must agree.
    #[test]
    fn the_picture_is_turned_as_the_transform_says() {
        let rgb = ramp(5, 3);
        let first = &rgb.data[..3];
        for orientation in (1..=8).map(Orientation::from_exif) {
            let shown = upright(&rgb, orientation);
            // A rendition of one pixel at the RAW frame's first.
            let warp = Warp::projective(Homography::IDENTITY, (1, 1));
            let t = Transform::new(&warp, (5, 3), orientation);
            assert_eq!(t.frame, (shown.width, shown.height), "{orientation:?}");
            let at = |v: fn(&(f64, f64)) -> f64| {
                t.corners
                    .iter()
                    .map(v)
                    .fold(f64::INFINITY, f64::min)
                    .round() as usize
            };
            let start = (at(|c| c.1) * shown.width + at(|c| c.0)) * 3;
            assert_eq!(&shown.data[start..start + 3], first, "{orientation:?}");
        }
    }

    #[test]
    fn the_crop_map_darkens_what_is_cut_off() {
        let frame = Rgb8 {
            width: 100,
            height: 60,
            data: vec![200; 100 * 60 * 3],
        };
        let warp = Warp::projective(Homography::translation(50.0, 0.0), (50, 60));
        let map = crop_map(
            &frame,
            &Transform::new(&warp, (100, 60), Orientation::Normal),
        );
        let at = |x: usize, y: usize| map.data[(y * 100 + x) * 3];
        assert_eq!((at(20, 30), at(75, 30)), (62, 200));
        assert_eq!(at(50, 30), 255);
    }

    #[test]
    fn a_picture_shrinks_to_the_means_of_its_squares() {
        let long = Rgb8 {
            width: 2 * LONGEST,
            height: 4,
            data: (0..2 * LONGEST * 4)
                .flat_map(|i| [(i % 2) as u8 * 100, 7, 9])
                .collect(),
        };
        let small = shrink_picture(&long);
        assert_eq!((small.width, small.height), (LONGEST, 2));
        assert!(small.data.chunks(3).all(|p| p == [50, 7, 9]));
    }
}
