//! Finds the places where deviation gathers.
#![allow(
    clippy::indexing_slicing,
    reason = "cells of one map, indexed by the map's own size"
)]

use super::bands::Band;
use super::expectation::Expectation;
use crate::raster::Plane;

/// A connected place of the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Left, top, right, bottom in cells, the last ones excluded.
    pub bounds: (usize, usize, usize, usize),
    /// Its cells (row-major numbers), rising.
    pub cells: Vec<usize>,
    /// Share of all cells, 0..1.
    pub area: f64,
    /// Sum of the log-likelihood ratios, nats.
    pub evidence: f64,
    /// Correlation in it over what was expected of it, pooled over the bands by their weight: 1 as
    /// everywhere, 0 nothing of the RAW.
    pub survival: f64,
    /// Correlation that was expected of it, pooled over the bands, 0..1.
    pub expected: f64,
    /// Mean of the evidence a cell, nats.
    pub strength: f64,
}

impl Region {
    /// How strongly it speaks: much evidence, and little of the RAW in it.
    fn weight(&self) -> f64 {
        self.evidence * (1.0 - self.survival).max(0.0)
    }
}

/// Cells on a side of the squares over which the deviation is averaged, finest first.
const SQUARES: [usize; 3] = [1, 2, 4];

/// Mean nats a cell above which a square's centre belongs to a region.
const GATHERED: f32 = 0.35;

/// At most five regions of `deviation`, strongest first.
pub fn regions(deviation: &Plane, bands: &[Band], expectations: &[Expectation]) -> Vec<Region> {
    let (w, h) = (deviation.width, deviation.height);
    let mut found: Vec<Region> = Vec::new();
    if w == 0 || h == 0 {
        return found;
    }
    for radius in SQUARES {
        let mean = box_mean(deviation, radius);
        let member: Vec<bool> = mean.data.iter().map(|&m| m > GATHERED).collect();
        for cells in connected(&member, w, h) {
            let evidence: f64 = cells.iter().map(|&i| f64::from(deviation.data[i])).sum();
            if evidence > 0.0 {
                found.push(describe(cells, evidence, (w, h), bands, expectations));
            }
        }
    }
    found.sort_by(|a, b| {
        b.weight()
            .total_cmp(&a.weight())
            .then(a.cells.cmp(&b.cells))
    });
    let mut out: Vec<Region> = Vec::new();
    for region in found {
        let apart = |r: &Region| {
            !region
                .cells
                .iter()
                .any(|c| r.cells.binary_search(c).is_ok())
        };
        if out.len() < 5 && out.iter().all(apart) {
            out.push(region);
        }
    }
    out
}

fn box_mean(plane: &Plane, radius: usize) -> Plane {
    let (w, h) = (plane.width, plane.height);
    Plane::from_fn(w, h, |x, y| {
        let (x0, x1) = (x.saturating_sub(radius), (x + radius + 1).min(w));
        let (y0, y1) = (y.saturating_sub(radius), (y + radius + 1).min(h));
        let mut sum = 0.0;
        for yy in y0..y1 {
            sum += plane.row(yy)[x0..x1].iter().sum::<f32>();
        }
        sum / ((x1 - x0) * (y1 - y0)) as f32
    })
}

/// Connected sets (eight neighbours) of members, each rising.
fn connected(member: &[bool], w: usize, h: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; member.len()];
    let mut out = Vec::new();
    for start in 0..member.len() {
        if !member[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let mut cells = vec![start];
        let mut next = 0;
        while let Some(&i) = cells.get(next) {
            next += 1;
            let (x, y) = (i % w, i / w);
            for yy in y.saturating_sub(1)..(y + 2).min(h) {
                for xx in x.saturating_sub(1)..(x + 2).min(w) {
                    let k = yy * w + xx;
                    if member[k] && !seen[k] {
                        seen[k] = true;
                        cells.push(k);
                    }
                }
            }
        }
        cells.sort_unstable();
        out.push(cells);
    }
    out
}

fn describe(
    cells: Vec<usize>,
    evidence: f64,
    (w, h): (usize, usize),
    bands: &[Band],
    expectations: &[Expectation],
) -> Region {
    let (mut left, mut top, mut right, mut bottom) = (w, h, 0, 0);
    for &i in &cells {
        (left, right) = (left.min(i % w), right.max(i % w + 1));
        (top, bottom) = (top.min(i / w), bottom.max(i / w + 1));
    }
    let (mut seen, mut expected, mut weight) = (0.0, 0.0, 0.0);
    for (band, expectation) in bands.iter().zip(expectations) {
        let span = band.tile / super::CELL;
        for &i in &cells {
            let (x, y) = (i % w / span, i / w / span);
            if x >= band.columns || y >= band.rows {
                continue;
            }
            let t = y * band.columns + x;
            if let Some(e) = expectation.correlation[t] {
                // a tile tells by how far apart the two stories are
                let e = f64::from(e.max(0.0));
                let say = e * e * f64::from(band.freedom) / (span * span) as f64;
                seen += say * f64::from(band.tiles[t].correlation());
                expected += say * e;
                weight += say;
            }
        }
    }
    Region {
        bounds: (left, top, right, bottom),
        area: cells.len() as f64 / (w * h) as f64,
        strength: evidence / cells.len() as f64,
        survival: if expected > 0.0 { seen / expected } else { 1.0 },
        expected: if weight > 0.0 { expected / weight } else { 0.0 },
        evidence,
        cells,
    }
}
