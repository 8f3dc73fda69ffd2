//! Where a point of the rendition lies on the RAW frame.
#![allow(clippy::indexing_slicing, reason = "fixed 3 × 3 arrays")]

/// A projective map of the plane (homography), row-major, acting on column vectors (x, y, 1).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Homography(pub [[f64; 3]; 3]);

impl Homography {
    /// Leaves every point where it is.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// From a resized picture's pixels to those of the picture it was made from, `sx` and `sy`
    /// old pixels a new one: (0, 0) goes to `((sx - 1) / 2, (sy - 1) / 2)`.
    pub fn resize(sx: f64, sy: f64) -> Self {
        Self([
            [sx, 0.0, (sx - 1.0) / 2.0],
            [0.0, sy, (sy - 1.0) / 2.0],
            [0.0, 0.0, 1.0],
        ])
    }

    /// Moves by (dx, dy).
    pub fn translation(dx: f64, dy: f64) -> Self {
        Self([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])
    }

    /// Where (x, y) goes.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let m = &self.0;
        let d = m[2][0] * x + m[2][1] * y + m[2][2];
        (
            (m[0][0] * x + m[0][1] * y + m[0][2]) / d,
            (m[1][0] * x + m[1][1] * y + m[1][2]) / d,
        )
    }

    /// First `first`, then `self`.
    pub fn after(&self, first: &Self) -> Self {
        let mut out = [[0.0; 3]; 3];
        for (i, row) in out.iter_mut().enumerate() {
            for (j, v) in row.iter_mut().enumerate() {
                *v = (0..3).map(|k| self.0[i][k] * first.0[k][j]).sum();
            }
        }
        Self(out)
    }

    /// The way back; `None` when there is none.
    pub fn inverse(&self) -> Option<Self> {
        let m = nalgebra::Matrix3::from_fn(|i, j| self.0[i][j]).try_inverse()?;
        Some(Self(std::array::from_fn(|i| {
            std::array::from_fn(|j| m[(i, j)])
        })))
    }

    /// RAW pixels a rendition pixel at (x, y): the square root of the local change of area.
    pub fn scale_at(&self, x: f64, y: f64) -> f64 {
        let (ox, oy) = self.apply(x, y);
        let (ax, ay) = self.apply(x + 1.0, y);
        let (bx, by) = self.apply(x, y + 1.0);
        ((ax - ox) * (by - oy) - (ay - oy) * (bx - ox)).abs().sqrt()
    }
}

/// The whole way from the rendition to the RAW frame: a smooth displacement of rendition
/// coordinates (lens distortion and what else is not projective), then a homography.
///
/// With `u = (x - cx) / r`, `v = (y - cy) / r`, where (cx, cy) is the rendition's centre and `r`
/// half its longer edge, a point (x, y) is first moved by `Σ coefficients[k] · uⁱ vʲ` (both
/// components in rendition pixels), k counting [`monomials`], and then mapped by `homography`.
#[derive(Clone, Debug, PartialEq)]
pub struct Warp {
    /// Rendition pixels to RAW frame pixels.
    pub homography: Homography,
    /// Rendition width and height in pixels: they fix the centre and `r`.
    pub size: (usize, usize),
    /// Displacement polynomial in rendition pixels, (dx, dy) each; empty when there is none.
    pub coefficients: Vec<(f64, f64)>,
}

impl Warp {
    /// A homography and nothing else.
    pub fn projective(homography: Homography, size: (usize, usize)) -> Self {
        Self {
            homography,
            size,
            coefficients: Vec::new(),
        }
    }

    /// The displacement at (x, y) in rendition pixels.
    pub fn displacement(&self, x: f64, y: f64) -> (f64, f64) {
        if self.coefficients.is_empty() {
            return (0.0, 0.0);
        }
        let (w, h) = (self.size.0 as f64, self.size.1 as f64);
        let r = w.max(h) / 2.0;
        let (u, v) = ((x - (w - 1.0) / 2.0) / r, (y - (h - 1.0) / 2.0) / r);
        let mut sum = (0.0, 0.0);
        for ((i, j), (a, b)) in monomials().zip(&self.coefficients) {
            let m = u.powi(i) * v.powi(j);
            sum = (sum.0 + a * m, sum.1 + b * m);
        }
        sum
    }

    /// Where rendition pixel (x, y) lies on the RAW frame.
    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        let (dx, dy) = self.displacement(x, y);
        self.homography.apply(x + dx, y + dy)
    }
}

/// The powers (i, j) of [`Warp::coefficients`], by rising degree: (0,0), (1,0), (0,1), (2,0), …
pub fn monomials() -> impl Iterator<Item = (i32, i32)> {
    (0..=5).flat_map(|degree| (0..=degree).map(move |j| (degree - j, j)))
}
