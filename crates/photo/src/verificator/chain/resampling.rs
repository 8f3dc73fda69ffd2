//! Traces of resampling: the second difference of an interpolated picture is periodic.
//!
//! Interpolation between samples makes some pixels smoother than others, with the period of the
//! two grids' beat. (A. Gallagher, "Detection of linear and cubic interpolation in JPEG compressed
//! images", CRV 2005; B. Mahdian and S. Saic, "Blind authentication using periodic properties of
//! interpolation", IEEE TIFS 2008.)
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex32;

use crate::raster::Rgb8;

/// Pixels of a profile.
const LENGTH: usize = 512;
/// Rows that are averaged to one profile.
const THICKNESS: usize = 96;
/// Profiles of each direction.
const PROFILES: usize = 12;

/// A period of the picture's smoothness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trace {
    /// 0 along rows, 1 along columns.
    pub direction: usize,
    /// Cycles a pixel, 0 to 0.5.
    pub frequency: f64,
    /// Power over the median of the neighbouring frequencies.
    pub prominence: f64,
}

/// The periods found, strongest first, without those of JPEG blocks (multiples of 1/8).
pub fn traces(picture: &Rgb8) -> Vec<Trace> {
    let mut out = Vec::new();
    for direction in 0..2 {
        let (length, breadth) = match direction {
            0 => (picture.width, picture.height),
            _ => (picture.height, picture.width),
        };
        if length < LENGTH + 2 || breadth < THICKNESS {
            continue;
        }
        let along = (length - LENGTH - 2).min(2 * LENGTH);
        let places: Vec<(usize, usize)> = (0..PROFILES)
            .map(|i| {
                let start = 1 + (length - LENGTH - 2 - along) / 2 + along * (i % 3) / 3;
                let rows = (breadth - THICKNESS) * (i / 3) / (PROFILES / 3 - 1);
                (start, rows)
            })
            .collect();
        let fft = FftPlanner::new().plan_fft_forward(LENGTH);
        let spectra: Vec<Vec<f32>> = places
            .par_iter()
            .map(|&(start, across)| {
                let mut z = profile(picture, direction, start, across);
                fft.process(&mut z);
                let power: Vec<f32> = z[..=LENGTH / 2].iter().map(Complex32::norm_sqr).collect();
                let mean = power.iter().sum::<f32>() / power.len() as f32;
                power.iter().map(|p| p / mean.max(1e-12)).collect()
            })
            .collect();
        let sum: Vec<f32> = (0..=LENGTH / 2)
            .map(|i| spectra.iter().map(|s| s[i].min(60.0)).sum::<f32>() / PROFILES as f32)
            .collect();
        for i in 12..=LENGTH / 2 {
            if i % (LENGTH / 8) < 3 || i % (LENGTH / 8) > LENGTH / 8 - 3 {
                continue;
            }
            let (from, to) = (i.saturating_sub(16), (i + 16).min(LENGTH / 2));
            let mut around = sum[from..=to].to_vec();
            around.sort_by(f32::total_cmp);
            let median = around[around.len() / 2];
            let prominence = sum[i] / median.max(1e-12);
            let summit = sum[from.max(i - 2)..=(i + 2).min(LENGTH / 2)]
                .iter()
                .all(|&v| v <= sum[i]);
            if prominence > 6.0 && summit {
                out.push(Trace {
                    direction,
                    frequency: i as f64 / LENGTH as f64,
                    prominence: f64::from(prominence),
                });
            }
        }
    }
    out.sort_by(|a, b| b.prominence.total_cmp(&a.prominence));
    out.truncate(6);
    out
}

/// The mean absolute second difference, tapered, along a strip.
fn profile(picture: &Rgb8, direction: usize, start: usize, across: usize) -> Vec<Complex32> {
    let green = |along: usize, line: usize| {
        let (x, y) = if direction == 0 {
            (along, line)
        } else {
            (line, along)
        };
        i32::from(picture.data[3 * (y * picture.width + x) + 1])
    };
    let mut sums = vec![0_i32; LENGTH];
    if direction == 0 {
        for line in across..across + THICKNESS {
            for (i, s) in sums.iter_mut().enumerate() {
                let x = start + i;
                let d = 2 * green(x, line) - green(x - 1, line) - green(x + 1, line);
                *s += d.abs().min(24);
            }
        }
    } else {
        for (i, s) in sums.iter_mut().enumerate() {
            let y = start + i;
            for line in across..across + THICKNESS {
                let d = 2 * green(y, line) - green(y - 1, line) - green(y + 1, line);
                *s += d.abs().min(24);
            }
        }
    }
    // What is left after a running mean: the scene's own slow changes go.
    let value: Vec<f32> = sums.iter().map(|&s| (s as f32 + 1.0).ln()).collect();
    (0..LENGTH)
        .map(|i| {
            let (from, to) = (i.saturating_sub(8), (i + 8).min(LENGTH - 1));
            let mean = value[from..=to].iter().sum::<f32>() / (to - from + 1) as f32;
            let phase = std::f32::consts::TAU * (i as f32 + 0.5) / LENGTH as f32;
            Complex32::new((value[i] - mean) * (0.5 - 0.5 * phase.cos()), 0.0)
        })
        .collect()
}

/// Can a picture of `scale` RAW pixels a pixel have this trace by the found transform alone? The
/// RAW's lattice (period 1) and its mosaic's (period 2), seen at the picture's pixels.
pub fn explained(trace: &Trace, scale: f64) -> bool {
    (1..=6).any(|m| {
        let f = f64::from(m) * 0.5 * scale;
        let folded = (f - f.round()).abs();
        (folded - trace.frequency).abs() < 2.5 / LENGTH as f64
    })
}
