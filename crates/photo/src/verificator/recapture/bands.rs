//! Wide bands over the whole picture that the RAW does not have: moiré of a screen whose pixels
//! lie almost as close as the camera's, flicker and rolling bands of a screen or a lamp.

use crate::raster::{Plane, RgbPlanes};
use crate::tone::LUMA;

use super::spectrum::{Analyser, Peak};

/// Samples a side of the square that the whole picture is brought to.
const SIZE: usize = 256;
/// Bands narrower than this many to the picture are the scene's or the edit's.
const FEWEST: f64 = 5.0;
/// Log power over the neighbourhood from which on bands count.
const PROMINENT: f64 = 5.0;
/// Log power from which on the prediction is taken to have them as well.
const ALSO_THERE: f64 = 3.2;
/// Least amplitude, relative to the light.
const LEAST: f64 = 0.003;

/// The strongest bands, in cycles a picture (width, height) instead of cycles a sample; `None`
/// where the picture is too small to tell, or lies partly beside the RAW.
///
/// `predicted` and `residual` are small planes of what the RAW makes expect and of what the picture
/// shows beyond it, 0..1; `valid` says where both are known.
pub fn strongest(
    predicted: &RgbPlanes,
    residual: &RgbPlanes,
    valid: &[bool],
) -> Option<Option<Peak>> {
    let (width, height) = (predicted[0].width, predicted[0].height);
    let known = valid.iter().filter(|&&v| v).count();
    if width < SIZE || height < SIZE / 2 || 10 * known < 9 * width * height {
        return None;
    }
    let mut own = [
        Plane::filled(width, height, 1.0),
        Plane::filled(width, height, 0.0),
    ];
    let mut scene = own.clone();
    let [luma, chroma] = &mut own;
    let [light, colour] = &mut scene;
    for i in 0..width * height {
        let at =
            |planes: &[Plane; 3]| [0, 1, 2].map(|c| planes[c].data.get(i).copied().unwrap_or(0.0));
        let (p, r) = (at(predicted), at(residual));
        let grey = |v: [f32; 3]| LUMA[0] * v[0] + LUMA[1] * v[1] + LUMA[2] * v[2];
        let base = grey(p).max(0.0) + 0.05;
        if valid.get(i) != Some(&true) {
            continue;
        }
        if let Some(v) = luma.data.get_mut(i) {
            *v = 1.0 + (grey(r) / base).clamp(-0.25, 0.25);
        }
        if let Some(v) = chroma.data.get_mut(i) {
            *v = ((r[0] - r[2]) / base).clamp(-0.25, 0.25);
        }
        if let Some(v) = light.data.get_mut(i) {
            *v = base;
        }
        if let Some(v) = colour.data.get_mut(i) {
            *v = p[0] - p[2];
        }
    }
    let square = |p: &Plane| stretched(p);
    let analyser = Analyser::new(SIZE);
    let shown = analyser.spectrum(&square(luma), &square(chroma), 1e-4);
    let predicted = analyser.spectrum(&square(light), &square(colour), 1e-4);
    let found = shown
        .peaks(PROMINENT, FEWEST / SIZE as f64, |_, _| false)
        .into_iter()
        .find(|p| p.amplitude >= LEAST && predicted.prominence_near(p.x, p.y, 1) < ALSO_THERE)
        .map(|p| Peak {
            x: p.x * SIZE as f64,
            y: p.y * SIZE as f64,
            ..p
        });
    Some(found)
}

/// Brought to `SIZE` × `SIZE`: area means where it is larger, interpolated where it is smaller.
fn stretched(plane: &Plane) -> Vec<f32> {
    let tall = if plane.height < SIZE {
        Plane::from_fn(plane.width, SIZE, |x, y| {
            let v = (y as f32 + 0.5) * plane.height as f32 / SIZE as f32 - 0.5;
            plane.bilinear(x as f32, v)
        })
    } else {
        plane.clone()
    };
    tall.resize_area(SIZE, SIZE).data
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 300;
    const HEIGHT: usize = 200;

    fn noise(x: usize, y: usize) -> f32 {
        let seed = (x as u32).wrapping_mul(7919) ^ (y as u32).wrapping_mul(104_729);
        let mixed = seed.wrapping_mul(2_654_435_761);
        ((mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) >> 16) as f32 / 65536.0 - 0.5
    }

    fn grey(f: impl Fn(usize, usize) -> f32 + Sync) -> RgbPlanes {
        [0, 1, 2].map(|_| Plane::from_fn(WIDTH, HEIGHT, &f))
    }

    fn bands(y: usize) -> f32 {
        (std::f32::consts::TAU * 17.0 * y as f32 / HEIGHT as f32).sin()
    }

    #[test]
    fn the_flicker_of_a_screen_is_found_and_the_scenes_own_bands_are_not() {
        let valid = vec![true; WIDTH * HEIGHT];
        let plain = grey(|x, y| 0.5 + 0.1 * noise(x, y));
        let quiet = grey(|x, y| 0.01 * noise(x + 999, y));
        let flicker = grey(|x, y| 0.01 * noise(x + 999, y) + 0.01 * bands(y));
        let shutters = grey(|x, y| 0.5 + 0.1 * noise(x, y) + 0.1 * bands(y));
        assert_eq!(strongest(&plain, &quiet, &valid), Some(None));
        let found = strongest(&plain, &flicker, &valid).flatten().unwrap();
        assert!((found.x.hypot(found.y) - 17.0).abs() < 1.5, "{found:?}");
        assert_eq!(strongest(&shutters, &flicker, &valid), Some(None));
        assert_eq!(strongest(&plain, &flicker, &vec![false; valid.len()]), None);
    }
}
