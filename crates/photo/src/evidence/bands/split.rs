//! Splits a picture into its two finest bands, row by row.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over rows whose sizes are fixed at the start"
)]

use crate::raster::gaussian_taps;
use crate::raster::vector::vectorised;

/// Standard deviations of what is taken out: the finest band is what the first one loses, the
/// middle band what the second one loses of the rest.
const NARROW: f32 = 0.8;
const WIDE: f32 = 1.4;

/// Pixels that the two Gaussians reach.
const NARROW_REACH: usize = 3;
const WIDE_REACH: usize = 5;

/// Rows by which the bands are behind what was pushed.
pub(super) const LAG: usize = NARROW_REACH + WIDE_REACH;

/// The last rows of a picture of any height.
pub(super) struct Rows {
    width: usize,
    mask: usize,
    data: Vec<f32>,
}

impl Rows {
    /// Holds `count` rows at least.
    pub fn new(width: usize, count: usize) -> Self {
        Self {
            width,
            mask: count.next_power_of_two() - 1,
            data: vec![0.0; width * count.next_power_of_two()],
        }
    }

    /// Row `y`, which is one of the last ones.
    #[inline(always)]
    pub fn row(&self, y: usize) -> &[f32] {
        let start = (y & self.mask) * self.width;
        &self.data[start..start + self.width]
    }

    /// The place of row `y`, in which a row before those that are held was.
    #[inline(always)]
    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        let start = (y & self.mask) * self.width;
        &mut self.data[start..start + self.width]
    }
}

/// The bands of one picture. Rows before the first are like it; so are columns outside.
pub(super) struct Splitter {
    /// What the narrow Gaussian takes out, up to [`NARROW_REACH`] rows before the last pushed one;
    /// empty where it is not wanted.
    pub fine: Rows,
    /// What the wide one takes out of the rest, up to [`LAG`] rows before the last pushed one.
    pub middle: Rows,
    raw: Rows,
    narrow: Rows,
    narrow_across: Rows,
    wide_across: Rows,
    padded: Vec<f32>,
    narrow_taps: [f32; NARROW_REACH + 1],
    wide_taps: [f32; WIDE_REACH + 1],
    finest: bool,
}

impl Splitter {
    /// For rows of `width` samples; the last `held` rows of the bands can be read.
    pub fn new(width: usize, held: usize, finest: bool) -> Self {
        Self {
            fine: Rows::new(width, if finest { held } else { 0 }),
            middle: Rows::new(width, held),
            raw: Rows::new(width, 4),
            narrow: Rows::new(width, 8),
            narrow_across: Rows::new(width, 8),
            wide_across: Rows::new(width, 16),
            padded: vec![0.0; width + 2 * WIDE_REACH],
            narrow_taps: half(NARROW),
            wide_taps: half(WIDE),
            finest,
        }
    }

    /// The next row; `y` counts them.
    pub fn push(&mut self, y: usize, row: &[f32]) {
        push(self, y, row);
    }
}

/// The taps from the middle one outwards.
fn half<const N: usize>(sigma: f32) -> [f32; N] {
    let taps = gaussian_taps(sigma);
    std::array::from_fn(|k| taps.get(taps.len() / 2 + k).copied().unwrap_or(0.0))
}

vectorised! {
    fn push<'a>(split: &'a mut Splitter, y: usize, row: &'a [f32]) {
        split.raw.row_mut(y).copy_from_slice(row);
        across(row, &split.narrow_taps, &mut split.padded, split.narrow_across.row_mut(y));
        let Some(y) = y.checked_sub(NARROW_REACH) else {
            return;
        };
        let narrow = split.narrow.row_mut(y);
        down(&split.narrow_across, y, &split.narrow_taps, narrow);
        if split.finest {
            less(split.raw.row(y), narrow, split.fine.row_mut(y));
        }
        across(narrow, &split.wide_taps, &mut split.padded, split.wide_across.row_mut(y));
        let Some(y) = y.checked_sub(WIDE_REACH) else {
            return;
        };
        let middle = split.middle.row_mut(y);
        down(&split.wide_across, y, &split.wide_taps, middle);
        for (m, n) in middle.iter_mut().zip(split.narrow.row(y)) {
            *m = n - *m;
        }
    }
}

#[inline(always)]
fn less(a: &[f32], b: &[f32], to: &mut [f32]) {
    for ((t, a), b) in to.iter_mut().zip(a).zip(b) {
        *t = a - b;
    }
}

/// Smooths along the row, its ends repeated.
#[inline(always)]
fn across<const N: usize>(row: &[f32], taps: &[f32; N], padded: &mut [f32], to: &mut [f32]) {
    let (reach, width) = (N - 1, row.len());
    padded[..reach].fill(row[0]);
    padded[reach..reach + width].copy_from_slice(row);
    padded[reach + width..][..reach].fill(row[width - 1]);
    let at = |k: usize| &padded[k..k + width];
    smooth(
        at(reach),
        std::array::from_fn(|k| (at(reach - k), at(reach + k))),
        taps,
        to,
    );
}

/// Smooths along the columns at row `y`, rows before the first being like it.
#[inline(always)]
fn down<const N: usize>(rows: &Rows, y: usize, taps: &[f32; N], to: &mut [f32]) {
    smooth(
        rows.row(y),
        std::array::from_fn(|k| (rows.row(y.saturating_sub(k)), rows.row(y + k))),
        taps,
        to,
    );
}

/// `to[i] = taps[0] · middle[i] + Σ taps[k] · (pairs[k].0[i] + pairs[k].1[i])`, k from 1.
#[inline(always)]
fn smooth<const N: usize>(
    middle: &[f32],
    pairs: [(&[f32], &[f32]); N],
    taps: &[f32; N],
    to: &mut [f32],
) {
    let width = to.len();
    let middle = &middle[..width];
    let pairs = pairs.map(|(a, b)| (&a[..width], &b[..width]));
    for i in 0..width {
        let mut sum = taps[0] * middle[i];
        for k in 1..N {
            sum += taps[k] * (pairs[k].0[i] + pairs[k].1[i]);
        }
        to[i] = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Plane;
    use crate::raster::vector::tests::both;

    const SIZE: (usize, usize) = (61, 50);

    fn bands() -> (Plane, [Rows; 2]) {
        let plane = Plane::from_fn(SIZE.0, SIZE.1, |x, y| {
            ((x * 7919 + y * 104_729 + x * y * 31) % 256) as f32
        });
        let mut splitter = Splitter::new(SIZE.0, SIZE.1 + LAG, true);
        for y in 0..SIZE.1 + LAG {
            splitter.push(y, plane.row(y.min(SIZE.1 - 1)));
        }
        (plane, [splitter.fine, splitter.middle])
    }

    #[test]
    fn the_bands_are_differences_of_gaussians() {
        let (plane, [fine, middle]) = bands();
        let narrow = plane.gaussian(NARROW);
        let wide = narrow.gaussian(WIDE);
        // the last rows know only that the border goes on, not where it begins
        for y in 0..SIZE.1 - LAG {
            for x in 0..SIZE.0 {
                let f = plane.at(x, y) - narrow.at(x, y);
                let m = narrow.at(x, y) - wide.at(x, y);
                assert!((fine.row(y)[x] - f).abs() < 1e-3, "{x} {y}");
                assert!((middle.row(y)[x] - m).abs() < 1e-3, "{x} {y}");
            }
        }
    }

    #[test]
    fn vectors_change_no_bit() {
        let (wide, scalar) = both(|| bands().1.map(|rows| rows.data));
        assert_eq!(wide, scalar);
    }
}
