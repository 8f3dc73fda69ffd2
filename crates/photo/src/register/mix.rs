//! What mix of the RAW's channels the rendition's luma shows: a colour filter before a black and
//! white conversion, or a camera's matrix, weighs them in its own way, and with a lens's lateral
//! colour each channel has a geometry of its own.
#![allow(clippy::indexing_slicing, reason = "fixed 3 × 3 arrays")]

use nalgebra::{Matrix3, Vector3};
use rayon::prelude::*;

use super::blocks::{Colours, Template};
use super::pyramid::Square;
use crate::develop::HalfSize;
use crate::geometry::Warp;
use crate::raster::Plane;

/// Weights of linear red, green and blue; they add up to one.
pub type Mix = [f64; 3];

/// What luma shows where nothing says otherwise.
const USUAL: Mix = [0.25, 0.75, 0.0];

/// The mix whose structure is most like the templates', by least squares over all blocks, each
/// with a contrast of its own. `factor` is how many rendition pixels the templates' pixels have.
pub fn estimate(raw: &HalfSize, warp: &Warp, templates: &[Template], factor: f64) -> Mix {
    let (cx, cy) = (warp.size.0 as f64 / 2.0, warp.size.1 as f64 / 2.0);
    let middle = Square {
        centre: (cx, cy),
        step: factor,
        side: 2,
    };
    let level = middle.affine(warp).map_or(0, |p| p.level().min(6));
    let planes: [Plane; 3] = std::array::from_fn(|c| raw.planes[c].decimate(1 << level));
    let blocks: Vec<Colours> = templates
        .par_iter()
        .filter_map(|t| t.colours(&planes, level, factor, warp))
        .collect();
    let mut mix = Vector3::from(USUAL);
    for _ in 0..6 {
        let mut a = Matrix3::zeros();
        let mut b = Vector3::zeros();
        for block in &blocks {
            let light = Vector3::from(block.means).dot(&mix);
            if light <= 0.0 {
                continue;
            }
            let products = Matrix3::from(block.products).transpose() / (light * light);
            let with_shape = Vector3::from(block.with_shape) / light;
            let energy = (products * mix).dot(&mix);
            let agreement = with_shape.dot(&mix);
            if energy <= 0.0 || agreement <= 0.0 {
                continue;
            }
            // The block's contrast in the rendition over that in the mix; a block that is not
            // like the mix counts for little.
            let gain = agreement / energy;
            let like = agreement * agreement / energy;
            a += products * (gain * gain * like);
            b += with_shape * (gain * like);
        }
        let ridge = 0.01 * a.trace() + 1e-12;
        a += Matrix3::identity() * ridge;
        b += Vector3::from(USUAL) * ridge;
        let Some(solved) = a.cholesky().map(|c| c.solve(&b)) else {
            return USUAL;
        };
        let bounded = solved.map(|v| v.clamp(-0.5, 1.5));
        let sum = bounded.sum();
        if !(sum.is_finite() && sum > 0.2) {
            return USUAL;
        }
        mix = bounded / sum;
    }
    [mix[0], mix[1], mix[2]]
}

/// The mixed plane at half size.
pub fn apply(raw: &HalfSize, mix: &Mix) -> Plane {
    let [r, g, b] = mix.map(|w| w as f32);
    let [red, green, blue] = &raw.planes;
    let mut out = Plane::filled(green.width, green.height, 0.0);
    let width = green.width.max(1);
    out.data
        .par_chunks_mut(width)
        .zip(red.data.par_chunks(width))
        .zip(green.data.par_chunks(width))
        .zip(blue.data.par_chunks(width))
        .for_each(|(((to, red), green), blue)| {
            for (((t, &x), &y), &z) in to.iter_mut().zip(red).zip(green).zip(blue) {
                *t = r * x + g * y + b * z;
            }
        });
    out
}
