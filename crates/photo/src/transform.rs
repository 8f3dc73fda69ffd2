//! What a [`Warp`] means to a photographer: crop, rotation, mirror, scale, keystone, distortion.
//!
//! Everything is told relative to the **upright frame**: the RAW frame (the visible area of the
//! sensor) turned as the RAW file's own orientation tag shows it. Places on it are edge to edge:
//! its upper left corner is (0, 0) and its lower right corner (width, height).
#![allow(clippy::indexing_slicing, reason = "fixed arrays of four corners")]

use flashraw::Orientation;

use crate::geometry::{Homography, Warp};

/// How the rendition lies on the upright frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Transform {
    /// Width and height of the upright frame in pixels.
    pub frame: (usize, usize),
    /// Width and height of the rendition in pixels.
    pub rendition: (usize, usize),
    /// Where the rendition's upper left, upper right, lower right and lower left corner lie.
    pub corners: [(f64, f64); 4],
    /// Where its border lies, side by side from the upper left corner on; a distortion bends it.
    pub outline: Vec<(f64, f64)>,
    /// What no part of the rendition shows, in pixels from each side.
    pub crop: Sides,
    /// The share of the frame's area that the rendition does not show, 0 to 1.
    pub cropped_area: f64,
    /// Degrees, clockwise, by which the frame's content is turned to become the rendition, in
    /// (−180, 180]; before a mirroring.
    pub rotation: f64,
    /// Whether the content is then mirrored left to right.
    pub mirrored: bool,
    /// Rendition pixels a frame pixel along the rendition's width and height, at its centre.
    pub scale: (f64, f64),
    /// How much larger the frame's pixels appear at the rendition's right than at its left side,
    /// and at its lower than at its upper side: 0.1 is ten in a hundred.
    pub keystone: (f64, f64),
    /// The distortion that was found beyond a projective map.
    pub distortion: Option<Distortion>,
}

/// One number for each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sides {
    /// From the upper side.
    pub top: f64,
    /// From the lower side.
    pub bottom: f64,
    /// From the left side.
    pub left: f64,
    /// From the right side.
    pub right: f64,
}

/// What of the warp is not projective, as the radial polynomial that comes nearest to it: a point
/// at radius `r` (1 is half the longer edge) of the rendition comes from `r (1 + k1 r² + k2 r⁴)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distortion {
    /// Coefficient of the third power of the radius.
    pub k1: f64,
    /// Coefficient of the fifth power of the radius.
    pub k2: f64,
    /// The farthest that any point is moved, in rendition pixels.
    pub farthest: f64,
}

impl Transform {
    /// Reads `warp` against a RAW frame of `size` pixels whose file asks to be shown by
    /// `orientation`.
    pub fn new(warp: &Warp, size: (usize, usize), orientation: Orientation) -> Self {
        let upright = upright(size, orientation);
        let turned = matches!(
            orientation,
            Orientation::Transpose
                | Orientation::Rotate90
                | Orientation::Transverse
                | Orientation::Rotate270
        );
        let frame = if turned { (size.1, size.0) } else { size };
        let place = |x: f64, y: f64| {
            let (x, y) = warp.apply(x, y);
            upright.apply(x, y)
        };
        let (w, h) = (warp.size.0 as f64, warp.size.1 as f64);
        let corners = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)].map(|(x, y)| {
            let (x, y) = place(x - 0.5, y - 0.5);
            (x + 0.5, y + 0.5)
        });
        let outline = outline(warp.size, |x, y| {
            let (x, y) = place(x - 0.5, y - 0.5);
            (x + 0.5, y + 0.5)
        });
        let seen = clip(&outline, frame);
        let bound = |pick: fn(&(f64, f64)) -> f64, best: fn(f64, f64) -> f64| {
            outline.iter().map(pick).reduce(best).unwrap_or(0.0)
        };
        let (fw, fh) = (frame.0 as f64, frame.1 as f64);
        let crop = Sides {
            top: bound(|p| p.1, f64::min).clamp(0.0, fh),
            bottom: (fh - bound(|p| p.1, f64::max)).clamp(0.0, fh),
            left: bound(|p| p.0, f64::min).clamp(0.0, fw),
            right: (fw - bound(|p| p.0, f64::max)).clamp(0.0, fw),
        };

        let (cx, cy) = ((w - 1.0) / 2.0, (h - 1.0) / 2.0);
        let jacobian = |x: f64, y: f64| {
            let ((ax, ay), (bx, by)) = (place(x - 0.5, y), place(x + 0.5, y));
            let ((cx, cy), (dx, dy)) = (place(x, y - 0.5), place(x, y + 0.5));
            [[bx - ax, dx - cx], [by - ay, dy - cy]]
        };
        let j = jacobian(cx, cy);
        let determinant = j[0][0] * j[1][1] - j[0][1] * j[1][0];
        let mirrored = determinant < 0.0;
        // The way from the rendition undoes the mirroring first.
        let sign = if mirrored { -1.0 } else { 1.0 };
        // The rotation nearest to the map (polar decomposition of a 2 × 2 matrix).
        let angle = (sign * j[1][0] - j[0][1]).atan2(sign * j[0][0] + j[1][1]);
        let rotation = match -angle.to_degrees() {
            degrees if degrees <= -180.0 => degrees + 360.0,
            degrees => degrees,
        };
        let length = |column: usize| j[0][column].hypot(j[1][column]);
        let scale = (1.0 / length(0), 1.0 / length(1));

        let size_at = |x: f64, y: f64| {
            let j = jacobian(x, y);
            (j[0][0] * j[1][1] - j[0][1] * j[1][0]).abs().sqrt().recip()
        };
        let keystone = (
            size_at(w - 1.0, cy) / size_at(0.0, cy) - 1.0,
            size_at(cx, h - 1.0) / size_at(cx, 0.0) - 1.0,
        );
        Self {
            frame,
            rendition: warp.size,
            corners,
            outline,
            crop,
            cropped_area: (1.0 - area(&seen) / (fw * fh)).clamp(0.0, 1.0),
            rotation,
            mirrored,
            scale,
            keystone,
            distortion: distortion(warp),
        }
    }

    /// The crop in hundredths of the frame's width and height.
    pub fn crop_percent(&self) -> Sides {
        let (w, h) = (self.frame.0 as f64 / 100.0, self.frame.1 as f64 / 100.0);
        Sides {
            top: self.crop.top / h,
            bottom: self.crop.bottom / h,
            left: self.crop.left / w,
            right: self.crop.right / w,
        }
    }

    /// What was done, in a few words each; empty when the rendition shows the whole frame as it
    /// is.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let percent = self.crop_percent();
        let sides = [
            ("top", percent.top),
            ("bottom", percent.bottom),
            ("left", percent.left),
            ("right", percent.right),
        ];
        let cut: Vec<String> = sides
            .iter()
            .filter(|(_, share)| *share >= 0.05)
            .map(|(side, share)| format!("{side} {share:.1} %"))
            .collect();
        if !cut.is_empty() {
            words.push(format!("cropped ({})", cut.join(", ")));
        }
        let quarter = (self.rotation / 90.0).round();
        let fine = self.rotation - quarter * 90.0;
        if quarter != 0.0 || fine.abs() >= 0.05 {
            let hand = if self.rotation < 0.0 {
                "anticlockwise"
            } else {
                "clockwise"
            };
            let digits = if fine.abs() < 0.05 { 0 } else { 1 };
            words.push(format!("turned {:.digits$}° {hand}", self.rotation.abs()));
        }
        if self.mirrored {
            words.push("mirrored left to right".to_owned());
        }
        let (x, y) = self.scale;
        if (x / y - 1.0).abs() >= 0.002 {
            words.push(format!(
                "scaled to {:.1} % in width and {:.1} % in height",
                x * 100.0,
                y * 100.0
            ));
        } else if ((x * y).sqrt() - 1.0).abs() >= 0.002 {
            words.push(format!("scaled to {:.1} %", (x * y).sqrt() * 100.0));
        }
        if self.keystone.0.abs().max(self.keystone.1.abs()) >= 0.005 {
            words.push(format!(
                "perspective changed (scale differs by {:.1} % left to right, {:.1} % top to bottom)",
                self.keystone.0 * 100.0,
                self.keystone.1 * 100.0
            ));
        }
        let edge = self.rendition.0.max(self.rendition.1) as f64;
        if let Some(found) = self.distortion.filter(|d| d.farthest >= edge / 1000.0) {
            words.push(format!(
                "lens distortion changed (by up to {:.1} px)",
                found.farthest
            ));
        }
        words
    }
}

/// From RAW frame pixels to those of the upright frame.
fn upright((width, height): (usize, usize), orientation: Orientation) -> Homography {
    let (w, h) = (width as f64 - 1.0, height as f64 - 1.0);
    let (x, y) = match orientation {
        Orientation::Normal => ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]),
        Orientation::FlipH => ([-1.0, 0.0, w], [0.0, 1.0, 0.0]),
        Orientation::Rotate180 => ([-1.0, 0.0, w], [0.0, -1.0, h]),
        Orientation::FlipV => ([1.0, 0.0, 0.0], [0.0, -1.0, h]),
        Orientation::Transpose => ([0.0, 1.0, 0.0], [1.0, 0.0, 0.0]),
        Orientation::Rotate90 => ([0.0, -1.0, h], [1.0, 0.0, 0.0]),
        Orientation::Transverse => ([0.0, -1.0, h], [-1.0, 0.0, w]),
        Orientation::Rotate270 => ([0.0, 1.0, 0.0], [-1.0, 0.0, w]),
    };
    Homography([x, y, [0.0, 0.0, 1.0]])
}

/// The rendition's border, 32 steps a side, put through `place`: a distortion bends it.
fn outline(size: (usize, usize), place: impl Fn(f64, f64) -> (f64, f64)) -> Vec<(f64, f64)> {
    const STEPS: u32 = 32;
    let (w, h) = (size.0 as f64, size.1 as f64);
    let side = |from: (f64, f64), to: (f64, f64)| {
        (0..STEPS).map(move |i| {
            let t = f64::from(i) / f64::from(STEPS);
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
        })
    };
    let corners = [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)];
    (0..4)
        .flat_map(|i| side(corners[i], corners[(i + 1) % 4]))
        .map(|(x, y)| place(x, y))
        .collect()
}

/// What of a polygon lies within the frame (Sutherland and Hodgman 1974).
fn clip(polygon: &[(f64, f64)], (width, height): (usize, usize)) -> Vec<(f64, f64)> {
    let (w, h) = (width as f64, height as f64);
    let inside: [&dyn Fn((f64, f64)) -> f64; 4] = [&|p| p.0, &|p| w - p.0, &|p| p.1, &|p| h - p.1];
    let mut points = polygon.to_vec();
    for depth in inside {
        let closed = points.iter().zip(points.iter().cycle().skip(1));
        let mut kept = Vec::with_capacity(points.len() + 4);
        for (&a, &b) in closed {
            let (da, db) = (depth(a), depth(b));
            if da >= 0.0 {
                kept.push(a);
            }
            if (da >= 0.0) != (db >= 0.0) {
                let t = da / (da - db);
                kept.push((a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t));
            }
        }
        points = kept;
    }
    points
}

/// The area of a polygon (shoelace formula).
fn area(polygon: &[(f64, f64)]) -> f64 {
    let closed = polygon.iter().zip(polygon.iter().cycle().skip(1));
    closed
        .map(|(a, b)| a.0 * b.1 - a.1 * b.0)
        .sum::<f64>()
        .abs()
        / 2.0
}

/// Fits the radial polynomial to the displacement on a grid over the rendition, by least squares.
fn distortion(warp: &Warp) -> Option<Distortion> {
    if warp.coefficients.is_empty() {
        return None;
    }
    const STEPS: i32 = 16;
    let (w, h) = (warp.size.0 as f64, warp.size.1 as f64);
    let half = w.max(h) / 2.0;
    let mut farthest = 0.0f64;
    // Normal equations of k1 r³ + k2 r⁵ = the displacement along the radius, in half edges.
    let (mut a11, mut a12, mut a22, mut b1, mut b2) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for iy in 0..=STEPS {
        for ix in 0..=STEPS {
            let x = f64::from(ix) / f64::from(STEPS) * (w - 1.0);
            let y = f64::from(iy) / f64::from(STEPS) * (h - 1.0);
            let (dx, dy) = warp.displacement(x, y);
            farthest = farthest.max(dx.hypot(dy));
            let (u, v) = ((x - (w - 1.0) / 2.0) / half, (y - (h - 1.0) / 2.0) / half);
            let r = u.hypot(v);
            if r > 0.0 {
                let along = (dx * u + dy * v) / (r * half);
                let (p, q) = (r.powi(3), r.powi(5));
                a11 += p * p;
                a12 += p * q;
                a22 += q * q;
                b1 += p * along;
                b2 += q * along;
            }
        }
    }
    let determinant = a11 * a22 - a12 * a12;
    let solve = |top: f64| {
        if determinant > 0.0 {
            top / determinant
        } else {
            0.0
        }
    };
    Some(Distortion {
        k1: solve(b1 * a22 - b2 * a12),
        k2: solve(b2 * a11 - b1 * a12),
        farthest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::monomials;

    const ALL: [Orientation; 8] = [
        Orientation::Normal,
        Orientation::FlipH,
        Orientation::Rotate180,
        Orientation::FlipV,
        Orientation::Transpose,
        Orientation::Rotate90,
        Orientation::Transverse,
        Orientation::Rotate270,
    ];

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    /// The export that only shows the frame as the RAW file asks: nothing was done to it.
    #[test]
    fn an_upright_export_is_neither_turned_nor_cropped() {
        for orientation in ALL {
            let size = (60, 40);
            let back = upright(size, orientation).inverse().unwrap();
            let turned = (orientation as u16) >= 5;
            let shown = if turned { (40, 60) } else { (60, 40) };
            let t = Transform::new(&Warp::projective(back, shown), size, orientation);
            assert_eq!(t.frame, shown, "{orientation:?}");
            assert!(t.words().is_empty(), "{orientation:?}: {:?}", t.words());
            assert!(near(t.rotation, 0.0) && !t.mirrored, "{orientation:?}");
            assert!(near(t.cropped_area, 0.0));
            assert!(near(t.corners[0].0, 0.0) && near(t.corners[2].0, shown.0 as f64));
        }
    }

    #[test]
    fn a_crop_is_told_by_side() {
        // Rendition 50 × 25 of the frame's (10, 5) to (60, 30), at full size.
        let warp = Warp::projective(Homography::translation(10.0, 5.0), (50, 25));
        let t = Transform::new(&warp, (100, 50), Orientation::Normal);
        assert!(near(t.crop.left, 10.0) && near(t.crop.right, 40.0));
        assert!(near(t.crop.top, 5.0) && near(t.crop.bottom, 20.0));
        assert!(near(t.crop_percent().right, 40.0) && near(t.crop_percent().bottom, 40.0));
        assert!(near(t.cropped_area, 0.75));
        assert!(near(t.scale.0, 1.0));
        let words = t.words().join("; ");
        assert_eq!(
            words,
            "cropped (top 10.0 %, bottom 40.0 %, left 10.0 %, right 40.0 %)"
        );
    }

    #[test]
    fn half_size_is_a_scale_of_a_half() {
        let warp = Warp::projective(Homography::resize(2.0, 2.0), (50, 25));
        let t = Transform::new(&warp, (100, 50), Orientation::Normal);
        assert!(near(t.scale.0, 0.5) && near(t.scale.1, 0.5));
        assert_eq!(t.words(), ["scaled to 50.0 %"]);
    }

    /// A quarter turn clockwise: the rendition's upper left corner is the frame's lower left.
    #[test]
    fn turns_are_clockwise_and_a_mirror_comes_after_them() {
        let turn = Homography([[0.0, 1.0, 0.0], [-1.0, 0.0, 49.0], [0.0, 0.0, 1.0]]);
        let t = Transform::new(
            &Warp::projective(turn, (50, 100)),
            (100, 50),
            Orientation::Normal,
        );
        assert!(near(t.rotation, 90.0) && !t.mirrored, "{t:?}");
        assert!(near(t.corners[0].0, 0.0) && near(t.corners[0].1, 50.0));
        let mirror = Homography([[-1.0, 0.0, 49.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        let both = turn.after(&mirror);
        let t = Transform::new(
            &Warp::projective(both, (50, 100)),
            (100, 50),
            Orientation::Normal,
        );
        assert!(near(t.rotation, 90.0) && t.mirrored, "{t:?}");
        assert!(near(t.cropped_area, 0.0));
        assert_eq!(
            t.words(),
            ["turned 90° clockwise", "mirrored left to right"]
        );
    }

    #[test]
    fn a_free_rotation_shows_in_degrees_and_in_what_is_cut_off() {
        let a = 3f64.to_radians();
        let spin = Homography([
            [a.cos(), -a.sin(), 0.0],
            [a.sin(), a.cos(), 0.0],
            [0.0, 0.0, 1.0],
        ]);
        let centre = Homography::translation(-29.5, -19.5);
        let place = Homography::translation(49.5, 49.5)
            .after(&spin)
            .after(&centre);
        let t = Transform::new(
            &Warp::projective(place, (60, 40)),
            (100, 100),
            Orientation::Normal,
        );
        assert!(near(t.rotation, -3.0), "{}", t.rotation);
        assert!(near(t.cropped_area, 0.76), "{}", t.cropped_area);
    }

    #[test]
    fn keystone_and_distortion_are_told_apart() {
        let lean = Homography([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.001, 1.0]]);
        let t = Transform::new(
            &Warp::projective(lean, (100, 100)),
            (100, 100),
            Orientation::Normal,
        );
        assert!(
            near(t.keystone.0, 0.0) && t.keystone.1 > 0.1,
            "{:?}",
            t.keystone
        );
        assert!(t.distortion.is_none());
        // dx = 0.02 · r² · x: a barrel of k1 = 0.02.
        let k = 0.02 * 50.0;
        let coefficients = monomials()
            .map(|(i, j)| match (i, j) {
                (3, 0) => (k, 0.0),
                (1, 2) => (k, 0.0),
                (2, 1) => (0.0, k),
                (0, 3) => (0.0, k),
                _ => (0.0, 0.0),
            })
            .collect();
        let warp = Warp {
            coefficients,
            ..Warp::projective(Homography::IDENTITY, (100, 80))
        };
        let found = Transform::new(&warp, (100, 80), Orientation::Normal)
            .distortion
            .unwrap();
        assert!(
            (found.k1 - 0.02).abs() < 1e-9 && found.k2.abs() < 1e-9,
            "{found:?}"
        );
    }
}
