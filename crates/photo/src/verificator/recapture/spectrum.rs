//! Isolated peaks of a picture's spectrum, window by window.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use std::sync::Arc;

use rustfft::num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::raster::vector::combine;

/// Half the side of the square whose mean log power a bin is compared with.
const NEIGHBOURHOOD: usize = 10;
/// Peaks kept of one window.
const KEPT: usize = 12;

/// A spectral line: a pattern of one frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Cycles a sample to the right, −0.5..0.5.
    pub x: f64,
    /// Cycles a sample downwards, 0..=0.5.
    pub y: f64,
    /// Natural logarithm of its power over the geometric mean of its neighbourhood's. Noise
    /// alone seldom passes 3.5 in a window of 256 × 256.
    pub prominence: f64,
    /// Amplitude of the pattern in units of the window's mean value.
    pub amplitude: f64,
}

/// The spectrum of two signals over one square window of `size` samples a side.
pub struct Analyser {
    size: usize,
    fft: Arc<dyn Fft<f32>>,
    taper: Vec<f32>,
}

/// The log power of one window over its neighbourhood, the half plane y ≥ 0.
pub struct Spectrum {
    size: usize,
    /// `size / 2 + 1` rows of `size`, frequency (x, y) at row y, column x modulo `size`.
    prominence: Vec<f32>,
    amplitude: Vec<f32>,
}

impl Analyser {
    /// For windows of `size` × `size` samples; `size` is a power of two.
    pub fn new(size: usize) -> Self {
        let taper = (0..size)
            .map(|i| {
                let phase = std::f64::consts::TAU * (i as f64 + 0.5) / size as f64;
                (0.5 - 0.5 * phase.cos()) as f32
            })
            .collect();
        Self {
            size,
            fft: FftPlanner::new().plan_fft_forward(size),
            taper,
        }
    }

    /// Samples a side.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The stronger of two real signals' spectra at every frequency. `floor` is the standard
    /// deviation of the white noise that is assumed at least (rounding to 8 bits and a JPEG's
    /// zeroed coefficients leave spectra with nothing in between the lines).
    pub fn spectrum(&self, first: &[f32], second: &[f32], floor: f32) -> Spectrum {
        let n = self.size;
        assert!(first.len() == n * n && second.len() == n * n);
        let mean = |s: &[f32]| s.iter().sum::<f32>() / (n * n) as f32;
        let (m1, m2) = (mean(first), mean(second));
        // Two real signals in one complex transform.
        let mut z: Vec<Complex32> = first
            .iter()
            .zip(second)
            .enumerate()
            .map(|(i, (a, b))| {
                Complex32::new(a - m1, b - m2) * (self.taper[i % n] * self.taper[i / n])
            })
            .collect();
        self.fft.process(&mut z);
        let mut transposed = transpose(&z, n);
        self.fft.process(&mut transposed);
        // transposed[fx * n + fy]
        let at = |x: usize, y: usize| transposed[(x % n) * n + y % n];
        let energy: f32 = self.taper.iter().map(|t| t * t).sum();
        let noise = floor * floor * energy * energy;
        let sum: f32 = self.taper.iter().sum();
        let gain = 2.0 / (sum * sum) / m1.abs().max(1e-6);
        let rows = n / 2 + 1;
        let mut prominence = vec![0.0_f32; rows * n];
        let mut amplitude = vec![0.0_f32; rows * n];
        let (mut log_a, mut log_b) = (vec![0.0_f32; rows * n], vec![0.0_f32; rows * n]);
        for y in 0..rows {
            for x in 0..n {
                let (p, q) = (at(x, y), at(n - x, n - y).conj());
                let a = ((p + q) * 0.5).norm_sqr();
                let b = ((p - q) * 0.5).norm_sqr();
                log_a[y * n + x] = (a + noise).ln();
                log_b[y * n + x] = (b + noise).ln();
                amplitude[y * n + x] = a.max(b).sqrt() * gain;
            }
        }
        let (mean_a, mean_b) = (
            neighbourhood(&log_a, n, rows),
            neighbourhood(&log_b, n, rows),
        );
        for (i, p) in prominence.iter_mut().enumerate() {
            *p = (log_a[i] - mean_a[i]).max(log_b[i] - mean_b[i]);
        }
        Spectrum {
            size: n,
            prominence,
            amplitude,
        }
    }
}

impl Spectrum {
    /// Samples a side of the window.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The strongest isolated peaks of at least `prominence`, beyond `low` cycles a sample and
    /// not where `masked` (given x and y in cycles a sample) says so, strongest first.
    pub fn peaks(&self, prominence: f64, low: f64, masked: impl Fn(f64, f64) -> bool) -> Vec<Peak> {
        let n = self.size;
        let rows = n / 2 + 1;
        let mut found = Vec::new();
        for y in 0..rows {
            for x in 0..n {
                let p = self.prominence[y * n + x];
                if f64::from(p) < prominence {
                    continue;
                }
                // The row of y = 0 and that of the highest y hold every line twice.
                if (y == 0 || y == n / 2) && x > n / 2 {
                    continue;
                }
                let signed = if x >= n / 2 {
                    x as f64 - n as f64
                } else {
                    x as f64
                };
                let (fx, fy) = (signed / n as f64, y as f64 / n as f64);
                if fx.hypot(fy) < low || masked(fx, fy) || !self.is_summit(x, y) {
                    continue;
                }
                found.push(Peak {
                    x: fx,
                    y: fy,
                    prominence: f64::from(p),
                    amplitude: f64::from(self.amplitude[y * n + x]),
                });
            }
        }
        found.sort_by(|a, b| b.prominence.total_cmp(&a.prominence));
        found.truncate(KEPT);
        found
    }

    fn is_summit(&self, x: usize, y: usize) -> bool {
        let n = self.size;
        let here = self.prominence[y * n + x];
        for dy in -2_isize..=2 {
            let yy = y as isize + dy;
            if yy < 0 || yy > (n / 2) as isize {
                continue;
            }
            for dx in 0..5_usize {
                let xx = (x + n + dx - 2) % n;
                let there = self.prominence[yy as usize * n + xx];
                if there > here {
                    return false;
                }
            }
        }
        true
    }

    /// The largest prominence within `tolerance` bins of a frequency (cycles a sample, any
    /// alias).
    pub fn prominence_near(&self, x: f64, y: f64, tolerance: usize) -> f64 {
        let n = self.size as isize;
        let bx = (x * n as f64).round() as isize;
        let by = (y * n as f64).round() as isize;
        let t = tolerance as isize;
        let mut best = f32::MIN;
        for dy in -t..=t {
            for dx in -t..=t {
                let (mut x, mut y) = ((bx + dx).rem_euclid(n), (by + dy).rem_euclid(n));
                if y > n / 2 {
                    (x, y) = ((n - x) % n, n - y);
                }
                best = best.max(self.prominence[(y * n + x) as usize]);
            }
        }
        f64::from(best)
    }
}

fn transpose(z: &[Complex32], n: usize) -> Vec<Complex32> {
    const TILE: usize = 16;
    let mut out = vec![Complex32::default(); n * n];
    for y0 in (0..n).step_by(TILE) {
        for x0 in (0..n).step_by(TILE) {
            for y in y0..(y0 + TILE).min(n) {
                for x in x0..(x0 + TILE).min(n) {
                    out[x * n + y] = z[y * n + x];
                }
            }
        }
    }
    out
}

/// The mean over a square around every bin, without the 3 × 3 bins in its middle; x wraps, y is
/// cut off at both ends.
fn neighbourhood(log: &[f32], n: usize, rows: usize) -> Vec<f32> {
    let r = NEIGHBOURHOOD;
    let (wide, wide_count) = box_sum(log, n, rows, r);
    let (narrow, narrow_count) = box_sum(log, n, rows, 1);
    let mut out = vec![0.0; rows * n];
    for y in 0..rows {
        let count = wide_count[y] - narrow_count[y];
        for x in 0..n {
            out[y * n + x] = (wide[y * n + x] - narrow[y * n + x]) / count;
        }
    }
    out
}

fn box_sum(values: &[f32], n: usize, rows: usize, r: usize) -> (Vec<f32>, Vec<f32>) {
    let mut horizontal = vec![0.0_f32; rows * n];
    // The row goes on at its other end.
    let mut round = vec![0.0_f32; n + 2 * r + 1];
    for y in 0..rows {
        let row = &values[y * n..(y + 1) * n];
        round[..r].copy_from_slice(&row[n - r..]);
        round[r..r + n].copy_from_slice(row);
        round[r + n..].copy_from_slice(&row[..r + 1]);
        let mut sum: f32 = round[..2 * r + 1].iter().sum();
        let steps = round[2 * r + 1..].iter().zip(&round);
        for (to, (next, last)) in horizontal[y * n..(y + 1) * n].iter_mut().zip(steps) {
            *to = sum;
            sum += next - last;
        }
    }
    let mut out = vec![0.0_f32; rows * n];
    let mut counts = vec![0.0_f32; rows];
    let ones = vec![1.0; 2 * r + 1];
    for (y, to) in out.chunks_exact_mut(n).enumerate() {
        let (from, last) = (y.saturating_sub(r), (y + r).min(rows - 1));
        counts[y] = ((last - from + 1) * (2 * r + 1)) as f32;
        let lines: Vec<&[f32]> = horizontal[from * n..(last + 1) * n].chunks(n).collect();
        combine(&lines, &ones, to);
    }
    (out, counts)
}
