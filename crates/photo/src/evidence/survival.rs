//! What JPEG leaves of a picture: its quantisation, replayed on a prediction.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over blocks whose sizes are checked at their start"
)]

use std::f32::consts::PI;

use crate::raster::vector::vectorised;

/// The quantisation of luma on a grid that is `factor` times coarser than the JPEG.
///
/// Decimated by 2 or 4, a block of 8 × 8 samples is one of 4 × 4 or 2 × 2, and its DCT is the low
/// frequencies' part of the whole one, `factor` times smaller: what scaled JPEG decoding uses the
/// other way round.
#[derive(Clone, Debug)]
pub struct Quantiser {
    /// Edge length of a block on the grid: 8, 4 or 2.
    pub edge: usize,
    basis: Vec<f32>,
    steps: Vec<f32>,
}

impl Quantiser {
    /// From a luma table in natural order; `None` when the grid has no whole blocks.
    pub fn new(table: &[u16; 64], factor: usize) -> Option<Self> {
        let edge = match factor {
            1 => 8,
            2 => 4,
            4 => 2,
            _ => return None,
        };
        let n = edge as f32;
        let basis = (0..edge * edge)
            .map(|i| {
                let (k, x) = ((i / edge) as f32, (i % edge) as f32);
                let scale = if i < edge {
                    (1.0 / n).sqrt()
                } else {
                    (2.0 / n).sqrt()
                };
                scale * ((2.0 * x + 1.0) * k * PI / (2.0 * n)).cos()
            })
            .collect();
        let steps = (0..edge * edge)
            .map(|i| f32::from(table[i / edge * 8 + i % edge].max(1)) / factor as f32)
            .collect();
        Some(Self { edge, basis, steps })
    }

    /// Quantises rows of 0..255 luma in place; `rows.len()` is a multiple of `width`, the number
    /// of rows a multiple of [`Quantiser::edge`]. A broken block at the right border repeats its
    /// last column.
    pub fn apply(&self, rows: &mut [f32], width: usize) {
        quantise(self, rows, width);
    }

    #[inline(always)]
    fn blocks<const N: usize>(&self, rows: &mut [f32], width: usize) {
        let mut basis = [[0.0; N]; N];
        let mut steps = [[0.0; N]; N];
        for i in 0..N * N {
            basis[i / N][i % N] = self.basis[i];
            steps[i / N][i % N] = self.steps[i];
        }
        let turned: [[f32; N]; N] = std::array::from_fn(|i| std::array::from_fn(|j| basis[j][i]));
        for line in rows.chunks_exact_mut(width * N) {
            for x in (0..width).step_by(N) {
                let whole = x + N <= width;
                let mut block = [[0.0; N]; N];
                for (i, row) in block.iter_mut().enumerate() {
                    if whole {
                        row.copy_from_slice(&line[i * width + x..][..N]);
                    } else {
                        *row = std::array::from_fn(|j| line[i * width + (x + j).min(width - 1)]);
                    }
                    row.iter_mut().for_each(|v| *v -= 128.0);
                }
                block = product(&product(&basis, &block), &turned);
                for (row, steps) in block.iter_mut().zip(&steps) {
                    for (v, step) in row.iter_mut().zip(steps) {
                        *v = (*v / step).round_ties_even() * step;
                    }
                }
                block = product(&product(&turned, &block), &basis);
                for (i, row) in block.iter_mut().enumerate() {
                    row.iter_mut().for_each(|v| *v += 128.0);
                    let n = N.min(width - x);
                    line[i * width + x..][..n].copy_from_slice(&row[..n]);
                }
            }
        }
    }
}

vectorised! {
    fn quantise<'a>(quantiser: &'a Quantiser, rows: &'a mut [f32], width: usize) {
        match quantiser.edge {
            8 => quantiser.blocks::<8>(rows, width),
            4 => quantiser.blocks::<4>(rows, width),
            _ => quantiser.blocks::<2>(rows, width),
        }
    }
}

#[inline(always)]
fn product<const N: usize>(a: &[[f32; N]; N], b: &[[f32; N]; N]) -> [[f32; N]; N] {
    let mut out = [[0.0; N]; N];
    for (row, a) in out.iter_mut().zip(a) {
        for (scale, b) in a.iter().zip(b) {
            for (to, v) in row.iter_mut().zip(b) {
                *to += scale * v;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fine_steps_change_nothing_and_coarse_ones_leave_the_mean() {
        let picture: Vec<f32> = (0..16 * 20)
            .map(|i| 100.0 + ((i * 37) % 23) as f32)
            .collect();
        for factor in [1, 2, 4] {
            let mut fine = picture.clone();
            Quantiser::new(&[1; 64], factor)
                .unwrap()
                .apply(&mut fine, 20);
            let most = fine.iter().zip(&picture).map(|(a, b)| (a - b).abs());
            assert!(most.fold(0.0, f32::max) < 4.5);
            let mut coarse = picture.clone();
            let mut table = [u16::MAX; 64];
            table[0] = 1;
            Quantiser::new(&table, factor)
                .unwrap()
                .apply(&mut coarse, 20);
            let edge = 8 / factor;
            for i in 0..edge * 20 {
                let start = i / 20 * 20 + i % 20 / edge * edge;
                assert!((coarse[i] - coarse[start]).abs() < 1e-3);
            }
        }
        assert!(Quantiser::new(&[1; 64], 3).is_none());
    }
}
