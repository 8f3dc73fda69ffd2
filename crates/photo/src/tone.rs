//! Explains the rendition's tones from the RAW's: what a developer did that is the same, or
//! changes smoothly, over the whole picture.
//!
//! The model is alternately fitted as in ACE (Breiman & Friedman 1985): linear RAW colour times a
//! radial light fall-off, mixed by a 3 × 3 matrix (white balance, colour profile, black-and-white
//! mix), through one monotone curve a channel; then a quadratic mix of the encoded values
//! (saturation, split toning) and a smooth local field (graduated filters, dodging). Every step is
//! weighted down where it fits badly (Cauchy weights), so that a changed region does not bend it.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

pub mod curve;

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::raster::vector::vectorised;
use crate::raster::{Plane, RgbPlanes};
use curve::{Curve, decode, median};

/// Grid pixels (edge length) a pixel of [`Tone::predicted`] and [`Tone::residual`].
pub const COARSE: usize = 4;

/// Luma weights of JPEG (ITU-R BT.601).
pub const LUMA: [f32; 3] = [0.299, 0.587, 0.114];

/// How far the mix is drawn towards the plain one, relative to the mean energy of a channel: where
/// the picture has little colour, large weights of both signs would fit as well, and carry the
/// wrong noise.
const RIDGE: f64 = 0.1;

/// The same where only the brightness of a black-and-white picture tells of the mix.
const RIDGE_OF_ROOTS: f64 = 0.003;

/// Mean difference of the channels below which a picture is black and white.
const COLOURLESS: f64 = 0.004;

/// What the rendition's tones are made of.
#[derive(Clone, Debug)]
pub struct Tone {
    /// The rendition as the RAW and the global tones predict it: luma, 0..1 (sRGB-encoded), on the
    /// comparison's grid. Meaningless where the comparison is not valid.
    pub luma: Plane,
    /// The same in colour, [`COARSE`] times smaller (box mean).
    pub predicted: RgbPlanes,
    /// Rendition minus prediction, [`COARSE`] times smaller, before the local field took part.
    pub residual: RgbPlanes,
    /// Pixels of the small planes that are wholly inside the RAW frame.
    pub coarse_valid: Vec<bool>,
    /// Stops by which the rendition is brighter than the RAW as saturated by white, at its middle tones.
    pub exposure_ev: f64,
    /// Power of the nearest gamma curve at the middle tones: encoded = linear^(1 / power).
    pub gamma_power: f64,
    /// Slope of the tone curve in the shadows: encoded value over linear value after exposure.
    pub gamma_slope: f64,
    /// Light fall-off taken out or put in: stops at the corner relative to the centre.
    pub vignetting_ev: f64,
    /// Mean difference of the rendition's channels, 0..1: below 0.004 it is black and white.
    pub colourfulness: f64,
    /// Median absolute error of the prediction over the channels, 0..1.
    pub median_error: f64,
    /// Share of the pixels that are clipped white or crushed black in every channel.
    pub clipped_share: f64,
    /// Largest smooth local change, in stops at its middle tones (90th percentile of the field).
    pub local_ev: f64,
    model: Model,
    field: RgbPlanes,
}

impl Tone {
    /// How much the predicted luma (0..1) changes with each channel of the RAW, at a RAW colour
    /// of the pixel (`x`, `y`) of the comparison that was fitted.
    pub fn slope(&self, comparison: &Comparison, raw: [f32; 3], x: usize, y: usize) -> [f32; 3] {
        let (u, v) = Places::new(comparison, &self.field).place(x, y);
        let gain = self.model.gain(u, v);
        let luma = |raw: [f32; 3]| -> f32 {
            let shown = self.model.shown(raw, gain);
            shown.iter().zip(LUMA).map(|(s, l)| s * l).sum()
        };
        [0, 1, 2].map(|c| {
            // wide enough for the curve's knots, narrow against the curve
            let step = 0.05 * raw[c].max(0.002);
            let (mut low, mut high) = (raw, raw);
            low[c] -= step;
            high[c] += step;
            (luma(high) - luma(low)) / (2.0 * step)
        })
    }

    /// The rendition as the RAW and the tones predict it, in colour, on the whole grid of the
    /// comparison that was fitted.
    pub fn expected(&self, comparison: &Comparison) -> RgbPlanes {
        let at = Places::new(comparison, &self.field);
        [0, 1, 2].map(|c| {
            Plane::from_fn(comparison.width(), comparison.height(), |x, y| {
                let (u, v) = at.place(x, y);
                let raw = [0, 1, 2].map(|k| comparison.raw[k].at(x, y));
                let shown = self.model.shown(raw, self.model.gain(u, v))[c];
                (shown + at.local(&self.field[c], x, y)).clamp(0.0, 1.0)
            })
        })
    }
}

/// What the fit found, to be evaluated anywhere.
#[derive(Clone, Debug)]
struct Model {
    /// The mix is of the roots of the RAW's channels: as a black-and-white conversion of encoded
    /// values mixes them.
    rooted: bool,
    mix: [[f32; 3]; 3],
    curves: [Curve; 3],
    falloff: [f64; 5],
    polish: [[f32; 10]; 3],
}

/// One place of the grid that takes part in the fit.
struct Sample {
    raw: [f32; 3],
    shown: [f32; 3],
    place: (f64, f64),
}

/// Explains the rendition of `comparison`.
pub fn fit(comparison: &Comparison) -> Tone {
    let small = Small::new(comparison);
    let samples = small.samples();
    let colour = |s: &Sample| {
        let [r, g, b] = s.shown;
        f64::from(r.max(g).max(b) - r.min(g).min(b))
    };
    let colourfulness = samples.iter().map(colour).sum::<f64>() / samples.len().max(1) as f64;
    let (mut model, mut median_error) = Model::fit(&samples, false);
    if colourfulness < COLOURLESS {
        let (rooted, error) = Model::fit(&samples, true);
        if error < median_error {
            (model, median_error) = (rooted, error);
        }
    }
    let predicted = small.predict(&model);
    let residual: RgbPlanes = [0, 1, 2].map(|c| small.shown[c].zip(&predicted[c], |j, p| j - p));
    let field = small.field(&residual);
    let luma = model.luma(comparison, &field);
    let described = describe(&samples, &model);
    let clipped = |v: &[f32; 3]| v.iter().all(|&v| v > 0.98) || v.iter().all(|&v| v < 0.012);
    let share = |f: &dyn Fn(&Sample) -> bool| {
        samples.iter().filter(|s| f(s)).count() as f64 / samples.len().max(1) as f64
    };
    let mut strength: Vec<f32> = field[1].data.iter().map(|v| v.abs()).collect();
    Tone {
        luma,
        predicted,
        residual,
        coarse_valid: small.valid,
        exposure_ev: described.0,
        gamma_power: described.1,
        gamma_slope: described.2,
        vignetting_ev: model.corner_ev(),
        colourfulness,
        median_error,
        clipped_share: share(&|s| clipped(&s.shown)),
        // an encoded step of 0.11 is half a stop at middle grey
        local_ev: f64::from(curve::quantile(&mut strength, 0.9)) / 0.22,
        model,
        field,
    }
}

/// Both pictures, small, where the model is fitted.
struct Small {
    raw: RgbPlanes,
    shown: RgbPlanes,
    valid: Vec<bool>,
    width: usize,
    height: usize,
}

impl Small {
    fn new(comparison: &Comparison) -> Self {
        let raw = [0, 1, 2].map(|c| comparison.raw[c].decimate(COARSE));
        let shown = [0, 1, 2].map(|c| comparison.rendition[c].decimate(COARSE));
        let (width, height) = (raw[0].width, raw[0].height);
        let full = comparison.width();
        let valid = (0..width * height)
            .map(|i| {
                let (x, y) = (i % width * COARSE, i / width * COARSE);
                (0..COARSE).all(|dy| {
                    let start = (y + dy) * full + x;
                    comparison.valid[start..start + COARSE].iter().all(|&v| v)
                })
            })
            .collect();
        Self {
            raw,
            shown,
            valid,
            width,
            height,
        }
    }

    fn samples(&self) -> Vec<Sample> {
        let step = (((self.width * self.height) as f64 / 20_000.0).sqrt() as usize).max(1);
        let mut out = Vec::new();
        for y in (0..self.height).step_by(step) {
            for x in (0..self.width).step_by(step) {
                let i = y * self.width + x;
                if self.valid[i] {
                    out.push(Sample {
                        raw: [0, 1, 2].map(|c| self.raw[c].data[i]),
                        shown: [0, 1, 2].map(|c| self.shown[c].data[i]),
                        place: self.place(x as f64, y as f64),
                    });
                }
            }
        }
        out
    }

    /// Coordinates from the centre in halves of the longer edge.
    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let r = self.width.max(self.height) as f64 / 2.0;
        (
            (x + 0.5 - self.width as f64 / 2.0) / r,
            (y + 0.5 - self.height as f64 / 2.0) / r,
        )
    }

    fn predict(&self, model: &Model) -> RgbPlanes {
        let mut out = [0, 1, 2].map(|_| Plane::filled(self.width, self.height, 0.0));
        let [r, g, b] = &mut out;
        let rows = r.data.par_chunks_mut(self.width.max(1));
        let rows = rows.zip(g.data.par_chunks_mut(self.width.max(1)));
        let rows = rows.zip(b.data.par_chunks_mut(self.width.max(1)));
        rows.enumerate().for_each(|(y, ((r, g), b))| {
            for x in 0..self.width {
                let i = y * self.width + x;
                let (u, v) = self.place(x as f64, y as f64);
                let raw = [0, 1, 2].map(|c| self.raw[c].data[i]);
                [r[x], g[x], b[x]] = model.shown(raw, model.gain(u, v));
            }
        });
        out
    }

    /// The smooth part of the residual, on a grid of [`cell`] small pixels.
    fn field(&self, residual: &RgbPlanes) -> RgbPlanes {
        let cell = cell(self.width, self.height);
        let (w, h) = (self.width.div_ceil(cell), self.height.div_ceil(cell));
        let mut weight = Plane::filled(w, h, 0.0);
        let mut sums = [0, 1, 2].map(|_| Plane::filled(w, h, 0.0));
        for y in 0..self.height {
            for x in 0..self.width {
                let i = y * self.width + x;
                if self.valid[i] {
                    let at = y / cell * w + x / cell;
                    weight.data[at] += 1.0;
                    for (sum, plane) in sums.iter_mut().zip(residual) {
                        sum.data[at] += plane.data[i].clamp(-0.1, 0.1);
                    }
                }
            }
        }
        if w == 0 || h == 0 {
            return sums;
        }
        // a width of about a sixteenth of the longer edge
        let weight = weight.gaussian(6.0);
        sums.map(|s| s.gaussian(6.0).zip(&weight, |s, w| s / (w + 1e-3)))
    }
}

/// `f` of every sample.
fn each<T: Send>(samples: &[Sample], f: impl Fn(&Sample) -> T + Sync + Send) -> Vec<T> {
    samples.par_iter().with_min_len(1 << 11).map(f).collect()
}

impl Model {
    fn fit(samples: &[Sample], rooted: bool) -> (Self, f64) {
        let mut model = Self {
            rooted,
            mix: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            curves: [0, 1, 2].map(|_| Curve::fit(std::iter::empty())),
            falloff: [0.0; 5],
            polish: [[0.0; 10]; 3],
        };
        if samples.len() < 50 {
            return (model, 1.0);
        }
        let start = |v: f32| if rooted { v } else { decode(v) };
        let mut linear: Vec<[f32; 3]> = samples.iter().map(|s| s.shown.map(start)).collect();
        let mut weights = vec![1.0; samples.len()];
        for _ in 0..5 {
            let gains = model.gains(samples);
            model.fit_mix(samples, &linear, &weights, &gains);
            model.fit_falloff(samples, &linear, &weights, &gains);
            let gains = model.gains(samples);
            let fit = |c: usize| {
                let pairs = samples.iter().zip(&gains);
                Curve::fit(pairs.map(|(s, g)| (model.mixed(s.raw, *g)[c], s.shown[c])))
            };
            let (red, (green, blue)) = rayon::join(|| fit(0), || rayon::join(|| fit(1), || fit(2)));
            model.curves = [red, green, blue];
            linear = each(samples, |s| {
                std::array::from_fn(|c| model.curves[c].inverse(s.shown[c]))
            });
            model.reweight(samples, &mut weights);
        }
        let mut error = 1.0;
        for _ in 0..3 {
            model.fit_polish(samples, &weights);
            error = model.reweight(samples, &mut weights);
        }
        (model, error)
    }

    /// The matrix from RAW colour to the curves' input, by relative error.
    fn fit_mix(&mut self, samples: &[Sample], linear: &[[f32; 3]], weights: &[f64], gains: &[f32]) {
        let row = |c: usize| {
            let mut fit = LeastSquares::<3>::default();
            for ((s, l), (w, g)) in samples.iter().zip(linear).zip(weights.iter().zip(gains)) {
                if s.shown[c] > 0.012 && s.shown[c] < 0.98 {
                    let target = f64::from(l[c]);
                    let weight = w / (target + 0.01).powi(2);
                    fit.add(self.seen(s.raw).map(|v| f64::from(v * g)), target, weight);
                }
            }
            let mut own = [0.0; 3];
            own[c] = fit.right[c] / fit.matrix[c][c].max(1e-12);
            let ridge = if self.rooted { RIDGE_OF_ROOTS } else { RIDGE };
            fit.solve_near(own, ridge)
        };
        let (red, (green, blue)) = rayon::join(|| row(0), || rayon::join(|| row(1), || row(2)));
        for (mix, row) in self.mix.iter_mut().zip([red, green, blue]) {
            if let Some(row) = row {
                *mix = row.map(|v| v as f32);
            }
        }
    }

    /// The radial and slanted fall-off, from the logarithm of what the matrix leaves.
    fn fit_falloff(
        &mut self,
        samples: &[Sample],
        linear: &[[f32; 3]],
        weights: &[f64],
        gains: &[f32],
    ) {
        let mut fit = LeastSquares::<6>::default();
        for ((s, l), (w, g)) in samples.iter().zip(linear).zip(weights.iter().zip(gains)) {
            if s.shown.iter().all(|&v| v > 0.03 && v < 0.97) {
                let sum = |v: [f32; 3]| f64::from(v[0] + v[1] + v[2]) + 0.006;
                let ratio = (sum(*l) / sum(self.mixed(s.raw, *g))).ln();
                let [a, b, c, d, e] = falloff_terms(s.place.0, s.place.1);
                fit.add([1.0, a, b, c, d, e], ratio, *w);
            }
        }
        if let Some([_, rest @ ..]) = fit.solve(1e-4) {
            for (sum, v) in self.falloff.iter_mut().zip(rest) {
                *sum += v;
            }
        }
    }

    fn fit_polish(&mut self, samples: &[Sample], weights: &[f64]) {
        let mut fits = [0, 1, 2].map(|_| LeastSquares::<10>::default());
        for (s, w) in samples.iter().zip(weights) {
            let plain = self.curved(s.raw, self.gain(s.place.0, s.place.1));
            let terms = quadratic(plain).map(f64::from);
            let [red, green, blue] = &mut fits;
            red.add(terms, f64::from(s.shown[0] - plain[0]), *w);
            green.add_target(terms, f64::from(s.shown[1] - plain[1]), *w);
            blue.add_target(terms, f64::from(s.shown[2] - plain[2]), *w);
        }
        // all three weigh the same terms
        let matrix = fits[0].matrix;
        fits.iter_mut().for_each(|fit| fit.matrix = matrix);
        for (polish, fit) in self.polish.iter_mut().zip(&fits) {
            if let Some(row) = fit.solve(1e-4) {
                *polish = row.map(|v| v as f32);
            }
        }
    }

    /// Cauchy weights by the present error; returns its median.
    fn reweight(&self, samples: &[Sample], weights: &mut [f64]) -> f64 {
        let errors = each(samples, |s| {
            let p = self.shown(s.raw, self.gain(s.place.0, s.place.1));
            (0..3).map(|c| (p[c] - s.shown[c]).abs()).sum::<f32>() / 3.0
        });
        let middle = f64::from(median(&mut errors.clone()));
        let scale = 2.0 * (middle * 1.5).max(2e-3);
        for (w, e) in weights.iter_mut().zip(&errors) {
            *w = 1.0 / (1.0 + (f64::from(*e) / scale).powi(2));
        }
        middle
    }

    fn gains(&self, samples: &[Sample]) -> Vec<f32> {
        each(samples, |s| self.gain(s.place.0, s.place.1))
    }

    fn gain(&self, u: f64, v: f64) -> f32 {
        let terms = falloff_terms(u, v);
        let sum: f64 = terms.iter().zip(&self.falloff).map(|(t, f)| t * f).sum();
        sum.clamp(-3.0, 3.0).exp() as f32
    }

    /// What is mixed of RAW colour `raw`.
    fn seen(&self, raw: [f32; 3]) -> [f32; 3] {
        if self.rooted {
            raw.map(|v| v.max(0.0).sqrt())
        } else {
            raw
        }
    }

    fn mixed(&self, raw: [f32; 3], gain: f32) -> [f32; 3] {
        let raw = self.seen(raw);
        self.mix
            .map(|m| (gain * (m[0] * raw[0] + m[1] * raw[1] + m[2] * raw[2])).max(1e-5))
    }

    fn curved(&self, raw: [f32; 3], gain: f32) -> [f32; 3] {
        let mixed = self.mixed(raw, gain);
        std::array::from_fn(|c| self.curves[c].apply(mixed[c]))
    }

    /// The encoded colour that RAW colour `raw` becomes.
    fn shown(&self, raw: [f32; 3], gain: f32) -> [f32; 3] {
        let plain = self.curved(raw, gain);
        let terms = quadratic(plain);
        std::array::from_fn(|c| {
            let add: f32 = terms.iter().zip(&self.polish[c]).map(|(t, p)| t * p).sum();
            (plain[c] + add).clamp(0.0, 1.0)
        })
    }

    /// The predicted luma over the whole grid, the local field added.
    fn luma(&self, comparison: &Comparison, field: &RgbPlanes) -> Plane {
        let (width, height) = (comparison.width(), comparison.height());
        let at = Places::new(comparison, field);
        let mut field_luma = field[0].map(|v| v * LUMA[0]);
        for c in [1, 2] {
            field_luma = field_luma.zip(&field[c], |s, v| s + v * LUMA[c]);
        }
        let mut out = Plane::filled(width, height, 0.0);
        let curves = self.curves.each_ref().map(Curve::steps);
        let rows = out.data.par_chunks_mut(width.max(1)).enumerate();
        rows.for_each(|(y, row)| {
            // gain and field change slowly: once for every eight pixels
            let middle = |i: usize| i * LANES + (width - i * LANES).min(LANES) / 2;
            let parts = 0..width.div_ceil(LANES);
            let gains: Vec<f32> = parts
                .clone()
                .map(|i| {
                    let (u, v) = at.place(middle(i), y);
                    self.gain(u, v)
                })
                .collect();
            let locals: Vec<f32> = parts.map(|i| at.local(&field_luma, middle(i), y)).collect();
            let raw = [0, 1, 2].map(|c| comparison.raw[c].row(y));
            luma_row(self, &curves, raw, &gains, &locals, row);
        });
        out
    }

    fn corner_ev(&self) -> f64 {
        let corners = [(0.83, 0.55), (-0.83, 0.55), (0.83, -0.55), (-0.83, -0.55)];
        let sum: f64 = corners
            .iter()
            .map(|&(u, v)| f64::from(self.gain(u, v)).log2())
            .sum();
        sum / 4.0
    }
}

/// Pixels that share one gain and are worked on together.
const LANES: usize = 8;

vectorised! {
    /// One row of [`Model::luma`]: what [`Model::shown`] gives, pixel by pixel.
    fn luma_row<'a>(
        model: &'a Model,
        curves: &'a [curve::Steps; 3],
        raw: [&'a [f32]; 3],
        gains: &'a [f32],
        locals: &'a [f32],
        to: &'a mut [f32],
    ) {
        let parts = to.chunks_mut(LANES).zip(gains).zip(locals).enumerate();
        for (i, ((to, &gain), &local)) in parts {
            let mut rgb = [[0.0f32; LANES]; 3];
            for (lanes, row) in rgb.iter_mut().zip(raw) {
                let from = &row[i * LANES..i * LANES + to.len()];
                lanes[..to.len()].copy_from_slice(from);
                if model.rooted {
                    lanes.iter_mut().for_each(|v| *v = v.max(0.0).sqrt());
                }
            }
            let mut plain = [[0.0f32; LANES]; 3];
            for (c, plain) in plain.iter_mut().enumerate() {
                let m = model.mix[c];
                // Added to a small number, 2^23 leaves its whole part in the lowest bits.
                const WHOLE: f32 = (1 << 23) as f32;
                let (mut below, mut beyond) = ([0u32; LANES], [0.0f32; LANES]);
                for j in 0..LANES {
                    let mixed = gain * (m[0] * rgb[0][j] + m[1] * rgb[1][j] + m[2] * rgb[2][j]);
                    let knot = curve::knot(mixed.max(1e-5));
                    let whole = (knot - 0.5).max(0.0) + WHOLE;
                    below[j] = whole.to_bits();
                    beyond[j] = knot - (whole - WHOLE);
                }
                let mut steps = [[0.0f32; 2]; LANES];
                for j in 0..LANES {
                    steps[j] = curves[c][(below[j] & 127) as usize];
                }
                for j in 0..LANES {
                    plain[j] = steps[j][0] + steps[j][1] * beyond[j];
                }
            }
            let mut luma = [local; LANES];
            for j in 0..LANES {
                let terms = quadratic([plain[0][j], plain[1][j], plain[2][j]]);
                let mut sum = 0.0;
                for c in 0..3 {
                    let polish = model.polish[c];
                    let mut add = 0.0;
                    for k in 0..terms.len() {
                        add += terms[k] * polish[k];
                    }
                    sum += (plain[c][j] + add).clamp(0.0, 1.0) * LUMA[c];
                }
                luma[j] = (sum + luma[j]).clamp(0.0, 1.0);
            }
            let n = to.len();
            to.copy_from_slice(&luma[..n]);
        }
    }
}

/// Where a pixel of the whole grid lies in the fit's coordinates and in the local field.
struct Places {
    centre: (f64, f64),
    half: f64,
    cell: f32,
}

impl Places {
    fn new(comparison: &Comparison, field: &RgbPlanes) -> Self {
        let (w, h) = (comparison.width() / COARSE, comparison.height() / COARSE);
        let cell = cell(w, h) * COARSE;
        debug_assert!(field[0].width == w.div_ceil(cell / COARSE));
        Self {
            centre: ((w * COARSE) as f64 / 2.0, (h * COARSE) as f64 / 2.0),
            half: (w.max(h).max(1) * COARSE) as f64 / 2.0,
            cell: cell as f32,
        }
    }

    /// Coordinates from the centre in halves of the longer edge.
    fn place(&self, x: usize, y: usize) -> (f64, f64) {
        (
            (x as f64 + 0.5 - self.centre.0) / self.half,
            (y as f64 + 0.5 - self.centre.1) / self.half,
        )
    }

    fn local(&self, field: &Plane, x: usize, y: usize) -> f32 {
        if field.data.is_empty() {
            return 0.0;
        }
        let place = |t: usize| (t as f32 + 0.5) / self.cell - 0.5;
        field.bilinear(place(x), place(y))
    }
}

/// Small pixels a cell of the local field.
fn cell(width: usize, height: usize) -> usize {
    (width.max(height) / 100).max(1)
}

fn falloff_terms(u: f64, v: f64) -> [f64; 5] {
    let r2 = u * u + v * v;
    [u, v, r2, r2 * r2, u * v]
}

#[inline(always)]
fn quadratic([r, g, b]: [f32; 3]) -> [f32; 10] {
    [1.0, r, g, b, r * r, g * g, b * b, r * g, g * b, r * b]
}

/// Exposure shift (EV), power and toe slope of the curve.
fn describe(samples: &[Sample], model: &Model) -> (f64, f64, f64) {
    let luma = |v: [f32; 3]| v.iter().zip(LUMA).map(|(v, l)| v * l).sum::<f32>();
    let mut shifts = Vec::new();
    let mut fit = LeastSquares::<2>::default();
    for s in samples {
        let (raw, shown) = (luma(s.raw), luma(s.shown));
        if raw > 1e-4 && (0.15..0.85).contains(&shown) {
            shifts.push((decode(shown) / raw).log2());
            fit.add([1.0, f64::from(raw).ln()], f64::from(shown).ln(), 1.0);
        }
    }
    let ev = median(&mut shifts);
    let power = fit.solve(1e-9).map_or(f64::NAN, |[_, p]| 1.0 / p);
    // the toe: what a grey of 0.4 % of white becomes
    let toe = 0.004_f32;
    let shown = model.shown([toe * 2.0_f32.powf(-ev); 3], 1.0);
    let black = model.shown([0.0; 3], 1.0);
    let slope = f64::from((luma(shown) - luma(black)) / toe);
    (f64::from(ev), power, slope)
}

/// Weighted normal equations of a linear model with `N` terms.
struct LeastSquares<const N: usize> {
    matrix: [[f64; N]; N],
    right: [f64; N],
}

impl<const N: usize> Default for LeastSquares<N> {
    fn default() -> Self {
        Self {
            matrix: [[0.0; N]; N],
            right: [0.0; N],
        }
    }
}

impl<const N: usize> LeastSquares<N> {
    fn add(&mut self, terms: [f64; N], target: f64, weight: f64) {
        for i in 0..N {
            for j in 0..=i {
                self.matrix[i][j] += weight * terms[i] * terms[j];
            }
        }
        self.add_target(terms, target, weight);
    }

    /// The part of [`Self::add`] that the terms alone do not determine.
    fn add_target(&mut self, terms: [f64; N], target: f64, weight: f64) {
        for (right, term) in self.right.iter_mut().zip(terms) {
            *right += weight * term * target;
        }
    }

    /// The coefficients, drawn towards `prior`.
    fn solve_near(&self, prior: [f64; N], ridge: f64) -> Option<[f64; N]> {
        let right = std::array::from_fn(|i| {
            let explained: f64 = (0..N)
                .map(|j| self.matrix[i.max(j)][i.min(j)] * prior[j])
                .sum();
            self.right[i] - explained
        });
        let rest = Self {
            matrix: self.matrix,
            right,
        };
        let more = rest.solve(ridge)?;
        Some(std::array::from_fn(|i| prior[i] + more[i]))
    }

    /// The coefficients; `ridge` is relative to the mean of the diagonal.
    fn solve(&self, ridge: f64) -> Option<[f64; N]> {
        let mean = (0..N).map(|i| self.matrix[i][i]).sum::<f64>() / N as f64;
        let matrix = DMatrix::from_fn(N, N, |i, j| {
            let v = self.matrix[i.max(j)][i.min(j)];
            if i == j { v + ridge * mean + 1e-12 } else { v }
        });
        let solution = matrix
            .cholesky()?
            .solve(&DVector::from_row_slice(&self.right));
        let out: [f64; N] = std::array::from_fn(|i| solution[i]);
        out.iter().all(|v| v.is_finite()).then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::curve::encode;
    use super::*;
    use crate::raster::vector::tests::both;

    #[test]
    fn vectors_change_no_bit_and_follow_the_model() {
        let c = comparison(|v, x, y| v.map(|v| encode(v * (0.7 + 0.2 * x - 0.1 * y))));
        let (wide, scalar) = both(|| fit(&c));
        assert_eq!(wide.luma, scalar.luma);
        let at = Places::new(&c, &wide.field);
        for (x, y) in [(4, 0), (164, 101), (316, 239)] {
            let (u, v) = at.place(x, y);
            let raw = [0, 1, 2].map(|k| c.raw[k].at(x, y));
            let shown = wide.model.shown(raw, wide.model.gain(u, v));
            let local: f32 = (0..3)
                .map(|k| LUMA[k] * at.local(&wide.field[k], x, y))
                .sum();
            let luma: f32 = shown.iter().zip(LUMA).map(|(s, l)| s * l).sum::<f32>() + local;
            assert!((wide.luma.at(x, y) - luma.clamp(0.0, 1.0)).abs() < 1e-5);
        }
    }

    fn comparison(shown: impl Fn([f32; 3], f32, f32) -> [f32; 3] + Sync) -> Comparison {
        let (w, h) = (320, 240);
        let scene = |x: usize, y: usize, c: usize| {
            let (fx, fy) = (x as f32 / w as f32, y as f32 / h as f32);
            let waves = (fx * 23.0 + c as f32).sin() * (fy * 17.0).cos();
            (0.02 + 0.5 * fx * fy + 0.2 * (waves + 1.0) * fy).clamp(0.0, 1.0)
        };
        let raw = [0, 1, 2].map(|c| Plane::from_fn(w, h, |x, y| scene(x, y, c)));
        let rendition = [0, 1, 2].map(|c| {
            Plane::from_fn(w, h, |x, y| {
                let v = [0, 1, 2].map(|c| scene(x, y, c));
                shown(v, x as f32 / w as f32 - 0.5, y as f32 / h as f32 - 0.5)[c].clamp(0.0, 1.0)
            })
        });
        Comparison {
            factor: 1,
            cover: 2.0,
            raw,
            rendition,
            valid: vec![true; w * h],
            loss_known: true,
            noise: Vec::new(),
            quantisation: None,
        }
    }

    #[test]
    fn exposure_and_white_balance_are_explained() {
        let tone = fit(&comparison(|[r, g, b], _, _| {
            [r * 1.3, g, b * 0.8].map(|v| encode((v * 1.4).min(1.0)))
        }));
        assert!(tone.median_error < 0.006, "{}", tone.median_error);
        assert!(
            (tone.exposure_ev - 0.5).abs() < 0.25,
            "{}",
            tone.exposure_ev
        );
        assert!(tone.colourfulness > 0.02);
        assert!(
            (1.7..3.4).contains(&tone.gamma_power),
            "{}",
            tone.gamma_power
        );
    }

    #[test]
    fn black_and_white_with_a_vignette_is_explained() {
        let tone = fit(&comparison(|[r, g, b], u, v| {
            let fall = 1.0 - 0.8 * (u * u + v * v);
            [encode((0.6 * r + 0.3 * g + 0.1 * b) * fall); 3]
        }));
        assert!(tone.median_error < 0.008, "{}", tone.median_error);
        assert!(tone.colourfulness < 1e-6);
        assert!(tone.vignetting_ev < -0.2, "{}", tone.vignetting_ev);
    }

    #[test]
    fn a_changed_region_does_not_bend_the_tones() {
        let tone = fit(&comparison(|[r, g, b], u, v| {
            if u.abs() < 0.1 && v.abs() < 0.1 {
                [0.9, 0.1, 0.2]
            } else {
                [r, g, b].map(encode)
            }
        }));
        assert!(tone.median_error < 0.004, "{}", tone.median_error);
        let (w, h) = (tone.residual[0].width, tone.residual[0].height);
        assert!(tone.residual[0].at(w / 2, h / 2) > 0.3);
        assert!(tone.residual[0].at(w / 8, h / 2).abs() < 0.03);
    }

    #[test]
    fn nothing_to_fit_is_no_panic() {
        let mut empty = comparison(|v, _, _| v);
        empty.valid.iter_mut().for_each(|v| *v = false);
        assert!(fit(&empty).median_error >= 1.0);
    }
}
