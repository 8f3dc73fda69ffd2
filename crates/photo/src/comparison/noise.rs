//! Noise of a sensor's sites on its way to the grid of a comparison: how much of it arrives depends
//! on how the RAW is binned, decimated and read between its samples.

use super::{Nodes, STEP, resample};
use crate::raster::{Plane, RgbPlanes};

/// Edge length of a window in pixels of the grid.
pub const WINDOW: usize = 12 * STEP;

/// Largest `cover` of [`windows`]; decimation keeps it below 2 as far as it reaches.
const COARSEST: f64 = 4.0;

/// Noise of unit variance at the sites, brought onto the grid as the RAW was, in windows at the
/// centre and at four places around it; none where the grid is smaller than a window, or so coarse
/// that hardly any noise arrives on it. `cover` is
/// the edge length of a pixel of the grid in pixels of the half-size RAW decimated `reduction`
/// times.
pub(super) fn windows(
    nodes: &Nodes,
    (width, height): (usize, usize),
    cover: f64,
    reduction: usize,
) -> Vec<RgbPlanes> {
    // also bounds the patch, whatever warp a hostile picture leads to
    let fine = cover <= COARSEST;
    if width < WINDOW || height < WINDOW || !fine {
        return Vec::new();
    }
    // however a window is turned, it fits
    let edge = (1.5 * cover * WINDOW as f64) as usize + 16;
    let patch = of_sites(edge, reduction);
    let start = |free: usize, quarters: usize| free * quarters / 4 / STEP * STEP;
    [(2, 2), (1, 1), (3, 1), (1, 3), (3, 3)]
        .map(|(x, y)| {
            let (left, top) = (start(width - WINDOW, x), start(height - WINDOW, y));
            let window = nodes.window((left, top), WINDOW / STEP, (edge / 2) as f32);
            resample(&patch, &window, WINDOW, WINDOW, cover).0
        })
        .into()
}

/// Independent noise of unit variance at the sites of a Bayer mosaic, at half size as
/// [`crate::develop::half_size`] makes it, and decimated `reduction` times.
fn of_sites(edge: usize, reduction: usize) -> RgbPlanes {
    let share = 1.0 / reduction as f32;
    let white = |seed: usize| {
        Plane::from_fn(edge, edge, |x, y| {
            // SplitMix64 (Steele, Lea and Flood 2014), evenly distributed over ± √3
            let i = ((seed * edge + y) * edge + x) as u64;
            let z = i.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            let even = ((z ^ (z >> 31)) >> 40) as f32 / (1u32 << 24) as f32;
            share * (even - 0.5) * 12.0_f32.sqrt()
        })
    };
    let single = |seed: usize| {
        let sites = white(seed);
        if reduction > 1 {
            return sites;
        }
        // the weights of the four nearest sites of a colour
        Plane::from_fn(edge, edge, |x, y| {
            let (x1, y1) = ((x + 1).min(edge - 1), (y + 1).min(edge - 1));
            let beside = sites.at(x1, y) + sites.at(x, y1);
            (9.0 * sites.at(x, y) + 3.0 * beside + sites.at(x1, y1)) / 16.0
        })
    };
    let green = white(1).map(|v| v * std::f32::consts::FRAC_1_SQRT_2);
    [single(0), green, single(2)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Homography, Warp};

    fn grid(cover: f64) -> Vec<RgbPlanes> {
        let size = (320, 256);
        let warp = Warp::projective(Homography::resize(2.0 * cover, 2.0 * cover), size);
        windows(&Nodes::new(&warp, 1, size, 1), size, cover, 1)
    }

    #[test]
    fn coarser_pixels_hold_less_noise_and_green_less_than_one_site() {
        let energy =
            |plane: &Plane| plane.data.iter().map(|v| v * v).sum::<f32>() / plane.data.len() as f32;
        let green = |cover| grid(cover).iter().map(|w| energy(&w[1])).sum::<f32>() / 5.0;
        let (fine, coarse) = (green(0.65), green(1.9));
        assert!(
            fine < 0.5 && coarse < fine && coarse > 0.05,
            "{fine} {coarse}"
        );
    }

    #[test]
    fn an_absurd_scale_asks_for_no_memory() {
        assert!(grid(1e9).is_empty());
        assert!(grid(f64::INFINITY).is_empty());
        assert!(grid(f64::NAN).is_empty());
    }
}
