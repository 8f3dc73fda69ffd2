//! The RAW and the rendition side by side on one grid of pixels.
//!
//! The grid is the rendition's, decimated by a whole factor (exact box mean), so coarse that a
//! pixel covers at least [`MIN_COVER`] RAW pixels: finer detail is not in the half-size
//! development, and the lower frequencies of the exposure's noise are those that survive resizing
//! and JPEG. The RAW is resampled onto it: box-decimated where the grid is much coarser,
//! Catmull-Rom interpolated at four points of the pixel where it is a little coarser, at its
//! centre otherwise.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use crate::develop::HalfSize;
use crate::geometry::Warp;
use crate::raster::{Plane, RgbPlanes};
use crate::rendition::Rendition;

/// RAW pixels (edge length) that a pixel of the grid covers at least.
pub const MIN_COVER: f64 = 1.3;

/// Pixels of the grid at most.
pub const MAX_PIXELS: usize = 6_200_000;

/// Two pictures of one size, aligned pixel by pixel.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Rendition pixels (edge length) a pixel of the grid. Grid pixel (x, y) has its centre at
    /// `factor * x + (factor - 1) / 2` of the rendition; a rest at the right and lower border is
    /// left out.
    pub factor: usize,
    /// RAW pixels (edge length) a pixel of the grid covers at the picture's centre.
    pub cover: f64,
    /// Linear camera RGB as [`HalfSize`] has it (1 = saturation of green); 0 where not `valid`.
    pub raw: RgbPlanes,
    /// The rendition's sRGB-encoded values, 0..1.
    pub rendition: RgbPlanes,
    /// Row-major: does the RAW frame have data for this pixel?
    pub valid: Vec<bool>,
    /// Luma and chroma quantisation of the rendition, natural order, for a JPEG.
    pub quantisation: Option<[[u16; 64]; 2]>,
}

impl Comparison {
    /// Brings both onto one grid.
    ///
    /// A rendition without pixels gives a comparison without pixels.
    pub fn new(raw: &HalfSize, rendition: &Rendition, warp: &Warp) -> Self {
        let (w, h) = (rendition.rgb.width, rendition.rgb.height);
        let centre = (w as f64 / 2.0, h as f64 / 2.0);
        let scale = warp.homography.scale_at(centre.0, centre.1);
        let factor = factor(w, h, scale);
        let (width, height) = (w / factor, h / factor);
        let cover = scale * factor as f64;
        let reduction = (cover / 2.0).clamp(1.0, 64.0) as usize;
        let reduced;
        let source = if reduction > 1 {
            reduced = [0, 1, 2].map(|c| raw.planes[c].decimate(reduction));
            &reduced
        } else {
            &raw.planes
        };
        let nodes = Nodes::new(warp, factor, (width, height), reduction);
        let fine = cover / 2.0 / reduction as f64 > 1.0;
        let (planes, valid) = resample(source, &nodes, width, height, fine);
        Self {
            factor,
            cover,
            raw: planes,
            rendition: decimated(rendition, factor, width, height),
            valid,
            quantisation: rendition.quantisation,
        }
    }

    /// Pixels a row.
    pub fn width(&self) -> usize {
        self.rendition[0].width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.rendition[0].height
    }

    /// Share of the pixels that the RAW frame has data for, 0..1.
    pub fn valid_share(&self) -> f64 {
        let n = self.valid.iter().filter(|&&v| v).count();
        n as f64 / self.valid.len().max(1) as f64
    }
}

fn factor(width: usize, height: usize, scale: f64) -> usize {
    let by_cover = (MIN_COVER / scale.max(1e-3)).ceil().min(64.0) as usize;
    let pixels = (width * height) as f64 / MAX_PIXELS as f64;
    let by_size = pixels.sqrt().ceil() as usize;
    let most = width.min(height).max(1);
    by_cover.max(by_size).clamp(1, most)
}

fn decimated(rendition: &Rendition, factor: usize, width: usize, height: usize) -> RgbPlanes {
    let rgb = &rendition.rgb;
    let scale = 1.0 / (255.0 * (factor * factor) as f32);
    let mut planes = [0, 1, 2].map(|_| Plane::filled(width, height, 0.0));
    let [r, g, b] = &mut planes;
    let rows = r.data.par_chunks_mut(width.max(1));
    let rows = rows.zip(g.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(b.data.par_chunks_mut(width.max(1)));
    rows.enumerate().for_each(|(y, ((r, g), b))| {
        for dy in 0..factor {
            let start = (y * factor + dy) * rgb.width * 3;
            let line = &rgb.data[start..start + width * factor * 3];
            for (x, pixel) in line.chunks_exact(3 * factor).enumerate() {
                for p in pixel.chunks_exact(3) {
                    r[x] += f32::from(p[0]);
                    g[x] += f32::from(p[1]);
                    b[x] += f32::from(p[2]);
                }
            }
        }
        for row in [r, g, b] {
            row.iter_mut().for_each(|v| *v *= scale);
        }
    });
    planes
}

/// The warp at every [`STEP`]th pixel; between them it is as good as linear.
struct Nodes {
    across: usize,
    places: Vec<(f32, f32)>,
}

const STEP: usize = 16;

impl Nodes {
    fn new(warp: &Warp, factor: usize, size: (usize, usize), reduction: usize) -> Self {
        let across = size.0.div_ceil(STEP) + 1;
        let down = size.1.div_ceil(STEP) + 1;
        let f = factor as f64;
        let d = reduction as f64;
        let places = (0..across * down)
            .into_par_iter()
            .map(|i| {
                let x = (i % across * STEP) as f64 * f + (f - 1.0) / 2.0;
                let y = (i / across * STEP) as f64 * f + (f - 1.0) / 2.0;
                let (u, v) = warp.apply(x, y);
                // RAW frame -> half size -> its decimation, all by pixel centres
                let place = |t: f64| (((t - 0.5) / 2.0 - (d - 1.0) / 2.0) / d) as f32;
                (place(u), place(v))
            })
            .collect();
        Self { across, places }
    }

    /// Places of the pixels of row `y`, each moved by (dx, dy) pixels.
    fn row(&self, y: usize, dx: f32, dy: f32, out: &mut [(f32, f32)]) {
        let top = y / STEP * self.across;
        let fy = (y % STEP) as f32 / STEP as f32 + dy / STEP as f32;
        let mix =
            |a: (f32, f32), b: (f32, f32), f: f32| (a.0 + (b.0 - a.0) * f, a.1 + (b.1 - a.1) * f);
        for (i, cell) in out.chunks_mut(STEP).enumerate() {
            let at = top + i;
            let left = mix(self.places[at], self.places[at + self.across], fy);
            let right = mix(self.places[at + 1], self.places[at + self.across + 1], fy);
            for (j, place) in cell.iter_mut().enumerate() {
                *place = mix(left, right, (j as f32 + dx) / STEP as f32);
            }
        }
    }
}

fn resample(
    source: &RgbPlanes,
    nodes: &Nodes,
    width: usize,
    height: usize,
    fine: bool,
) -> (RgbPlanes, Vec<bool>) {
    let offsets: &[(f32, f32)] = if fine {
        &[(-0.25, -0.25), (0.25, -0.25), (-0.25, 0.25), (0.25, 0.25)]
    } else {
        &[(0.0, 0.0)]
    };
    let share = 1.0 / offsets.len() as f32;
    let mut planes = [0, 1, 2].map(|_| Plane::filled(width, height, 0.0));
    let mut valid = vec![true; width * height];
    let [r, g, b] = &mut planes;
    let rows = r.data.par_chunks_mut(width.max(1));
    let rows = rows.zip(g.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(b.data.par_chunks_mut(width.max(1)));
    let rows = rows.zip(valid.par_chunks_mut(width.max(1)));
    rows.enumerate().for_each(|(y, (((r, g), b), valid))| {
        let mut places = vec![(0.0, 0.0); width];
        for &(dx, dy) in offsets {
            nodes.row(y, dx, dy, &mut places);
            for (x, &(u, v)) in places.iter().enumerate() {
                let Some(tap) = Tap::new(&source[0], u, v) else {
                    valid[x] = false;
                    continue;
                };
                r[x] += share * tap.read(&source[0]);
                g[x] += share * tap.read(&source[1]);
                b[x] += share * tap.read(&source[2]);
            }
        }
        for (x, ok) in valid.iter().enumerate() {
            if !ok {
                (r[x], g[x], b[x]) = (0.0, 0.0, 0.0);
            }
        }
    });
    (planes, valid)
}

/// Catmull-Rom weights (Keys 1981, a = -1/2) around one place.
struct Tap {
    start: usize,
    wx: [f32; 4],
    wy: [f32; 4],
}

impl Tap {
    fn new(plane: &Plane, x: f32, y: f32) -> Option<Self> {
        // also refuses NaN
        let inside =
            x >= 1.0 && y >= 1.0 && x < plane.width as f32 - 2.0 && y < plane.height as f32 - 2.0;
        if !inside {
            return None;
        }
        let (ix, iy) = (x as usize, y as usize);
        Some(Self {
            start: (iy - 1) * plane.width + ix - 1,
            wx: catmull_rom(x - ix as f32),
            wy: catmull_rom(y - iy as f32),
        })
    }

    fn read(&self, plane: &Plane) -> f32 {
        let mut sum = 0.0;
        for (i, wy) in self.wy.iter().enumerate() {
            let start = self.start + i * plane.width;
            let s = &plane.data[start..start + 4];
            sum += wy
                * (self.wx[0] * s[0] + self.wx[1] * s[1] + self.wx[2] * s[2] + self.wx[3] * s[3]);
        }
        sum
    }
}

fn catmull_rom(t: f32) -> [f32; 4] {
    let (t2, t3) = (t * t, t * t * t);
    [
        0.5 * (-t3 + 2.0 * t2 - t),
        0.5 * (3.0 * t3 - 5.0 * t2 + 2.0),
        0.5 * (-3.0 * t3 + 4.0 * t2 + t),
        0.5 * (t3 - t2),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::raster::Rgb8;

    fn rendition(width: usize, height: usize) -> Rendition {
        Rendition::of_pixels(Rgb8 {
            width,
            height,
            data: (0..width * height * 3).map(|i| (i % 251) as u8).collect(),
        })
    }

    fn ramp(width: usize, height: usize) -> HalfSize {
        // the value of RAW frame position x + 1000 y at each half-size pixel's centre
        let plane = Plane::from_fn(width, height, |x, y| {
            (2 * x) as f32 + 0.5 + 1000.0 * ((2 * y) as f32 + 0.5)
        });
        HalfSize {
            planes: [plane.clone(), plane.clone(), plane],
        }
    }

    #[test]
    fn linear_places_are_met_at_any_scale() {
        for scale in [0.4, 1.0, 1.46, 2.7, 5.3] {
            let half = ramp(200, 160);
            let size = ((380.0 / scale) as usize, (300.0 / scale) as usize);
            let h = Homography::translation(6.0, 5.0).after(&Homography::resize(scale, scale));
            let warp = Warp::projective(h, size);
            let c = Comparison::new(&half, &rendition(size.0, size.1), &warp);
            assert!(c.cover >= MIN_COVER || size.0 < c.factor);
            assert!(c.valid_share() > 0.8, "{scale}: {}", c.valid_share());
            let f = c.factor as f64;
            for y in (0..c.height()).step_by(7) {
                for x in (0..c.width()).step_by(5) {
                    if !c.valid[y * c.width() + x] {
                        continue;
                    }
                    let place = |t: usize| f * t as f64 + (f - 1.0) / 2.0;
                    let (u, v) = warp.apply(place(x), place(y));
                    let want = u + 1000.0 * v;
                    let got = f64::from(c.raw[1].at(x, y));
                    assert!((got - want).abs() < 0.5, "{scale} {x} {y}: {got} {want}");
                }
            }
        }
    }

    #[test]
    fn the_rendition_is_the_box_mean() {
        let warp = Warp::projective(Homography::resize(0.5, 0.5), (31, 22));
        let r = rendition(31, 22);
        let c = Comparison::new(&ramp(20, 20), &r, &warp);
        assert_eq!((c.factor, c.width(), c.height()), (3, 10, 7));
        let sum: u32 = (0..9)
            .map(|i| u32::from(r.rgb.data[((6 + i / 3) * 31 + 3 + i % 3) * 3 + 1]))
            .sum();
        let want = sum as f32 / 9.0 / 255.0;
        assert!((c.rendition[1].at(1, 2) - want).abs() < 1e-6);
    }

    #[test]
    fn what_lies_outside_the_raw_is_not_valid() {
        let h = Homography::translation(-50.0, 0.0).after(&Homography::resize(2.0, 2.0));
        let c = Comparison::new(
            &ramp(100, 100),
            &rendition(60, 60),
            &Warp::projective(h, (60, 60)),
        );
        assert!(!c.valid[30 * 60 + 10] && c.valid[30 * 60 + 40]);
        assert_eq!(c.raw[0].at(10, 30), 0.0);
        let empty = Comparison::new(
            &ramp(10, 10),
            &rendition(0, 0),
            &Warp::projective(Homography::IDENTITY, (0, 0)),
        );
        assert_eq!((empty.width(), empty.valid_share()), (0, 0.0));
    }
}
