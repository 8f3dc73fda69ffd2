//! Perceptual hashes: do both look alike at a glance?
//!
//! Two hashes of grey pictures: 64 bits of the low frequencies of a DCT (the "pHash" of C. Zauner,
//! "Implementation and benchmarking of perceptual image hash functions", 2010: 32 × 32 means,
//! DCT-II, the 8 × 8 lowest frequencies but for the constant, each over or under their median) and
//! 256 bits of differences (the "dHash" of N. Krawetz, 2013, at 16 × 16: is the cell to the right
//! brighter?). Crop, rotation and mirroring are undone by the registration before they are
//! compared; curves keep their order, so they change few bits.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use std::ops::Range;

use super::{Check, Measures};
use crate::comparison::Comparison;
use crate::raster::{Plane, Rgb8};
use crate::tone::{LUMA, Tone};

/// Cells a side from which the DCT is made.
const CELLS: usize = 32;

/// Both hashes of one grey picture, with how far each bit is from turning over.
#[derive(Clone, Debug, PartialEq)]
pub struct Hash {
    /// 64 bits, DCT.
    pub frequencies: Bits,
    /// 256 bits, differences.
    pub differences: Bits,
}

/// Bits with their margins.
#[derive(Clone, Debug, PartialEq)]
pub struct Bits {
    set: Vec<bool>,
    margin: Vec<f32>,
}

impl Bits {
    fn of(values: impl Iterator<Item = f32>) -> Self {
        let values: Vec<f32> = values.collect();
        Self {
            set: values.iter().map(|&v| v > 0.0).collect(),
            margin: values.iter().map(|v| v.abs()).collect(),
        }
    }

    /// The first bit is the highest of the first digit.
    pub fn hex(&self) -> String {
        let digit = |bits: &[bool]| bits.iter().fold(0, |d, &b| d << 1 | u32::from(b));
        let digits = self.set.chunks(4).map(digit);
        digits.filter_map(|d| char::from_digit(d, 16)).collect()
    }

    /// How many bits differ.
    pub fn distance(&self, other: &Self) -> usize {
        self.set
            .iter()
            .zip(&other.set)
            .filter(|(a, b)| a != b)
            .count()
    }

    /// The share of the differing bits, each weighed with the smaller of its margins (a bit that
    /// hardly had a value says little), 0 to 1.
    pub fn weighed_distance(&self, other: &Self) -> f64 {
        let (mut differing, mut all) = (0.0_f64, 0.0_f64);
        let scale = |b: &Self| 1.0 / b.margin.iter().sum::<f32>().max(1e-12);
        let (s, o) = (scale(self), scale(other));
        for i in 0..self.set.len().min(other.set.len()) {
            let weight = f64::from((self.margin[i] * s).min(other.margin[i] * o));
            all += weight;
            if self.set[i] != other.set[i] {
                differing += weight;
            }
        }
        if all > 0.0 { differing / all } else { 0.0 }
    }
}

/// The hashes of a grey picture of any size of at least one pixel.
pub fn hash(grey: &Plane) -> Hash {
    hash_of((grey.width, grey.height), |y, line| {
        line.copy_from_slice(grey.row(y));
    })
}

/// The hashes of a grey picture of which `row` writes row y.
fn hash_of((w, h): (usize, usize), row: impl Fn(usize, &mut [f32])) -> Hash {
    let mut small = Cells::new(w, h, CELLS, CELLS);
    let mut wide = Cells::new(w, h, 17, 16);
    let mut line = vec![0.0; w];
    for y in 0..h {
        row(y, &mut line);
        small.add(y, &line);
        wide.add(y, &line);
    }
    let (small, wide) = (small.means(), wide.means());
    let mean = small.iter().sum::<f32>() / small.len() as f32;
    let basis: Vec<Vec<f32>> = (0..8)
        .map(|u| {
            (0..CELLS)
                .map(|x| {
                    let angle =
                        (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / (2 * CELLS) as f64;
                    angle.cos() as f32
                })
                .collect()
        })
        .collect();
    let coefficient = |u: usize, v: usize| -> f32 {
        (0..CELLS)
            .map(|y| {
                let row = &small[y * CELLS..(y + 1) * CELLS];
                let along: f32 = row.iter().zip(&basis[u]).map(|(s, b)| (s - mean) * b).sum();
                along * basis[v][y]
            })
            .sum()
    };
    let low: Vec<f32> = (0..64).map(|i| coefficient(i % 8, i / 8)).collect();
    let mut sorted = low[1..].to_vec();
    sorted.sort_by(f32::total_cmp);
    let median = sorted[sorted.len() / 2];
    let differences = (0..256).map(|i| {
        let at = i / 16 * 17 + i % 16;
        wide[at + 1] - wide[at]
    });
    Hash {
        frequencies: Bits::of(low.iter().map(|c| c - median)),
        differences: Bits::of(differences),
    }
}

/// Means of equal cells, gathered row by row.
struct Cells {
    columns: Vec<Range<usize>>,
    rows: Vec<Range<usize>>,
    sums: Vec<f32>,
}

impl Cells {
    fn new(width: usize, height: usize, columns: usize, rows: usize) -> Self {
        let spans = |n: usize, length: usize| -> Vec<Range<usize>> {
            let span = |i: usize| {
                let start = (i * length / n).min(length - 1);
                start..((i + 1) * length / n).clamp(start + 1, length)
            };
            (0..n).map(span).collect()
        };
        Self {
            columns: spans(columns, width),
            rows: spans(rows, height),
            sums: vec![0.0; columns * rows],
        }
    }

    fn add(&mut self, y: usize, line: &[f32]) {
        let rows = self.sums.chunks_exact_mut(self.columns.len());
        for (sums, _) in rows.zip(&self.rows).filter(|(_, r)| r.contains(&y)) {
            for (sum, span) in sums.iter_mut().zip(&self.columns) {
                *sum += line[span.clone()].iter().sum::<f32>();
            }
        }
    }

    fn means(&self) -> Vec<f32> {
        let columns = self.columns.len();
        let count = |i: usize| self.rows[i / columns].len() * self.columns[i % columns].len();
        let sums = self.sums.iter().enumerate();
        sums.map(|(i, sum)| sum / count(i) as f32).collect()
    }
}

/// The hashes of a whole picture, by which others can look it up; `None` without pixels.
pub fn picture(picture: &Rgb8) -> Option<Hash> {
    let pixels = picture.width > 0 && picture.height > 0;
    pixels.then(|| hash(&thumbnail(picture)))
}

/// Hashes of the tone-explained RAW and of the picture on the part that both show, and those of
/// the `whole` picture.
///
/// Values: `frequency_bits` (of 64) and `difference_bits` (of 256) that differ,
/// `frequency_distance` and `difference_distance` (0 to 1, bits weighed with their margins; about
/// 0.5 for pictures that have nothing to do with one another), `distance` (their mean).
pub fn measure(whole: Option<&Hash>, comparison: &Comparison, tone: &Tone) -> Measures {
    let mut out = Measures::new(Check::Hash);
    let Some(whole) = whole else {
        return out;
    };
    out.details
        .insert("picture_dct64".into(), whole.frequencies.hex().into());
    out.details.insert(
        "picture_difference256".into(),
        whole.differences.hex().into(),
    );
    let grid = (comparison.width(), comparison.height());
    if grid.0 < CELLS
        || grid.1 < CELLS
        || comparison.valid_share() < 0.25
        || tone.luma.data.len() != comparison.valid.len()
    {
        return out;
    }
    // What the RAW lacks is made alike on both.
    let valid = |y: usize| comparison.valid[y * grid.0..].iter();
    let (own, raw) = rayon::join(
        || {
            hash_of(grid, |y, line| {
                let [r, g, b] = comparison.rendition.each_ref().map(|p| p.row(y));
                for (to, ((r, g), b)) in line.iter_mut().zip(r.iter().zip(g).zip(b)) {
                    *to = LUMA[0] * r + LUMA[1] * g + LUMA[2] * b;
                }
                for (to, v) in line.iter_mut().zip(valid(y)) {
                    *to = if *v { *to } else { 0.0 };
                }
            })
        },
        || {
            hash_of(grid, |y, line| {
                for (to, (v, l)) in line.iter_mut().zip(valid(y).zip(tone.luma.row(y))) {
                    *to = if *v { *l } else { 0.0 };
                }
            })
        },
    );
    let bits = own.frequencies.distance(&raw.frequencies);
    let steps = own.differences.distance(&raw.differences);
    out.value("frequency_bits", bits as f64);
    out.value("difference_bits", steps as f64);
    let distances = [
        own.frequencies.weighed_distance(&raw.frequencies),
        own.differences.weighed_distance(&raw.differences),
    ];
    out.value("frequency_distance", distances[0]);
    out.value("difference_distance", distances[1]);
    out.value("distance", (distances[0] + distances[1]) / 2.0);
    out.details
        .insert("raw_dct64".into(), raw.frequencies.hex().into());
    out.details
        .insert("registered_dct64".into(), own.frequencies.hex().into());
    if bits > 20 {
        out.reasons.push(format!(
            "At a glance they do not look alike: {bits} of 64 bits of a perceptual hash and \
             {steps} of 256 of a second one differ after registration."
        ));
    }
    out
}

/// The picture in grey, small enough to be hashed quickly.
fn thumbnail(picture: &Rgb8) -> Plane {
    let step = (picture.width.min(picture.height) / 256).max(1);
    let (w, h) = (picture.width / step, picture.height / step);
    Plane::from_fn(w.max(1), h.max(1), |x, y| {
        let i = 3 * (y * step * picture.width + x * step);
        let at = |c: usize| f32::from(picture.data[i + c]) / 255.0;
        0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(seed: u32) -> Plane {
        let noise = Plane::from_fn(200, 150, |x, y| {
            let a = (x as u32 * 7919) ^ (y as u32 * 104_729) ^ (seed * 31_337);
            let b = a.wrapping_mul(2_654_435_761);
            ((b ^ b >> 15).wrapping_mul(2_246_822_519) >> 16) as f32 / 65536.0
        });
        noise
            .gaussian(12.0)
            .map(|v| ((v - 0.5) * 12.0 + 0.5).clamp(0.02, 0.98))
    }

    #[test]
    fn curves_and_vignettes_change_few_bits() {
        let plain = scene(1);
        let curved = plain.map(|v| (v * v * (3.0 - 2.0 * v)).powf(0.7) * 0.8 + 0.1);
        let darker = Plane::from_fn(200, 150, |x, y| {
            let (u, v) = (x as f32 / 100.0 - 1.0, y as f32 / 75.0 - 1.0);
            plain.at(x, y) * (1.0 - 0.1 * (u * u + v * v))
        });
        let own = hash(&plain);
        for other in [hash(&curved), hash(&darker)] {
            assert!(own.frequencies.distance(&other.frequencies) <= 8);
            assert!(own.differences.distance(&other.differences) <= 40);
            assert!(own.frequencies.weighed_distance(&other.frequencies) < 0.05);
            assert!(own.differences.weighed_distance(&other.differences) < 0.05);
        }
    }

    #[test]
    fn another_picture_differs_in_many_bits() {
        let (a, b) = (hash(&scene(1)), hash(&scene(2)));
        assert!(a.frequencies.distance(&b.frequencies) > 20);
        assert!(a.differences.distance(&b.differences) > 80);
        assert!(a.frequencies.weighed_distance(&b.frequencies) > 0.3);
        assert!(a.differences.weighed_distance(&b.differences) > 0.3);
    }

    #[test]
    fn hashes_are_told_in_hexadecimal_digits_of_fixed_length() {
        let h = hash(&scene(1));
        assert_eq!(h.frequencies.hex().len(), 16);
        assert_eq!(h.differences.hex().len(), 64);
        assert_eq!(
            hash(&Plane::filled(1, 1, 0.5)).differences.hex(),
            "0".repeat(64)
        );
    }
}
