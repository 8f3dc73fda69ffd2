//! Where the rendition lies on the RAW frame: key points of both pictures are matched, upright
//! and mirrored, for a homography ([`matching`]); small blocks' displacements then bend it, from
//! coarse to fine, into the final [`Warp`] ([`blocks`], [`fit`]). What is found must also look
//! alike: a geometry that the pictures' structure does not confirm is refused.

mod blocks;
mod features;
mod fit;
mod matching;
mod mix;
mod pyramid;

use std::borrow::Cow;

use crate::develop::HalfSize;
use crate::geometry::{Homography, Warp};
use crate::raster::Rgb8;
use blocks::{Shift, Template};
use features::Feature;
use pyramid::{RawPyramid, RenditionLevel, Tone};

/// Pixels of the rendition's longer edge when key points are looked for.
const OVERVIEW: usize = 900;
/// Pixels of the RAW's longer edge when key points are looked for: first, then when that failed.
const RAW_OVERVIEWS: [(usize, usize); 2] = [(1200, 2200), (2200, 6000)];
/// Key points of the rendition.
const KEY_POINTS: usize = 1600;
/// Pixels of the rendition's longer edge at the finest comparison.
const FINEST: usize = 2400;
/// Blocks at one level, about.
const BLOCKS: usize = 640;
/// Shortest edge of a rendition that can be placed.
const SMALLEST: usize = 96;

/// The rendition's place on the RAW frame and how well it is known.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Rendition pixels to RAW frame pixels.
    pub warp: Warp,
    /// Pairs of key points that agreed on the first homography.
    pub inliers: usize,
    /// Median correlation, -1..1, of the structure of the more structured half of the blocks, at
    /// the finest or at the coarsest scale, whichever is higher.
    pub correlation: f64,
    /// Where small blocks of the rendition are seen against where the warp puts them.
    pub residuals: Vec<BlockShift>,
    /// Median length of the sure residuals in rendition pixels.
    pub residual_median: f64,
    /// 90th percentile of it.
    pub residual_p90: f64,
    /// Share of the sure residuals longer than a rendition pixel.
    pub residual_above_1: f64,
}

/// A block's displacement that the warp does not explain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockShift {
    /// Centre in rendition pixels.
    pub x: f64,
    /// Centre in rendition pixels.
    pub y: f64,
    /// Where the block is seen less where the warp puts it, in rendition pixels.
    pub dx: f64,
    /// Where the block is seen less where the warp puts it, in rendition pixels.
    pub dy: f64,
    /// Standard deviation of the worse known direction in rendition pixels, from the block's
    /// own structure and noise.
    pub deviation: f64,
    /// Correlation of the block's structure at the displaced place, -1..1.
    pub confidence: f64,
}

impl BlockShift {
    /// Whether the displacement says something: known to a third of a pixel and like the RAW.
    pub fn sure(&self) -> bool {
        self.deviation < 0.33 && self.confidence > 0.5
    }
}

/// Why a rendition was not placed on the RAW frame.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotRegistered {
    /// There is too little picture to say anything.
    #[error("one of the pictures is too small to be placed on the other")]
    TooSmall,
    /// There is too little structure to say anything.
    #[error("one of the pictures has too little structure to be placed on the other")]
    Featureless,
    /// No geometry was found that enough details agree with.
    #[error(
        "no part of the RAW was found in the picture: at most {inliers} details agree on a place"
    )]
    NoAgreement {
        /// The most pairs of key points that agreed; 0 where it was fewer than 6.
        inliers: usize,
    },
    /// A geometry was found, but at that place the pictures differ.
    #[error(
        "at the only place found for it the picture does not look like the RAW (correlation {correlation:.2})"
    )]
    Unlike {
        /// Pairs of key points that agreed.
        inliers: usize,
        /// Median correlation of structure.
        correlation: f64,
    },
}

/// Places the rendition on the RAW frame.
///
/// # Errors
/// [`NotRegistered`] when that is not possible, with the reason.
pub fn register(raw: &HalfSize, rendition: &Rgb8) -> Result<Registration, NotRegistered> {
    let green = &raw.planes[1];
    let shortest = green
        .width
        .min(green.height)
        .min(rendition.width)
        .min(rendition.height);
    if shortest < SMALLEST || rendition.data.len() != rendition.width * rendition.height * 3 {
        return Err(NotRegistered::TooSmall);
    }
    let size = (rendition.width, rendition.height);
    let long = size.0.max(size.1);
    let finest = long.div_ceil(FINEST);
    let encoded = pyramid::luma(rendition, finest);
    // A strip that is hardly a pixel wide at this scale.
    if encoded.width.min(encoded.height) < 16 {
        return Err(NotRegistered::TooSmall);
    }
    let scale = (OVERVIEW as f64 / encoded.width.max(encoded.height) as f64).min(1.0);
    let resized = |v: usize| ((v as f64 * scale).round() as usize).clamp(1, v);
    let small = encoded.resize_area(resized(encoded.width), resized(encoded.height));
    let tone = Tone::new(&small);
    let per = (
        encoded.width as f64 / small.width as f64 * finest as f64,
        encoded.height as f64 / small.height as f64 * finest as f64,
    );
    let overview = RenditionLevel::new(&small, 1, &tone).plane;
    let (pyramid, features) = rayon::join(
        || RawPyramid::new(Cow::Borrowed(green)),
        || features::detect(&overview, KEY_POINTS),
    );
    if features.len() < 8 {
        return Err(NotRegistered::Featureless);
    }
    let mirrored: Vec<Feature> = features.iter().map(|f| f.mirrored(small.width)).collect();
    let mirror = Homography([
        [-1.0, 0.0, (small.width - 1) as f64],
        [0.0, 1.0, 0.0],
        [0.0, 0.0, 1.0],
    ]);
    let to_small = Homography::resize(1.0 / per.0, 1.0 / per.1);
    let mut failure = NotRegistered::NoAgreement { inliers: 0 };
    for (long, most) in RAW_OVERVIEWS {
        let (plane, per) = pyramid.overview(long);
        let raw_features = features::detect(&plane, most);
        if raw_features.len() < 8 {
            return Err(NotRegistered::Featureless);
        }
        let to_raw = Homography::resize(per.0, per.1);
        for (features, flip) in [(&features, None), (&mirrored, Some(&mirror))] {
            let pairs = matching::pairs(features, &raw_features);
            let Some(found) = matching::agree(&pairs) else {
                continue;
            };
            let upright = flip.map_or(found.homography, |m| found.homography.after(m));
            let homography = to_raw.after(&upright).after(&to_small);
            let start = Warp::projective(homography, size);
            if !sensible(&start) {
                continue;
            }
            let levels = levels(&encoded, finest, &tone);
            match refine(start, &levels, raw, &pyramid, found.inliers) {
                Ok(registration) => return Ok(registration),
                Err(reason) => failure = worse(failure, reason),
            }
        }
    }
    Err(failure)
}

/// Of two failures the one that came nearer to a place.
fn worse(a: NotRegistered, b: NotRegistered) -> NotRegistered {
    let rank = |f: &NotRegistered| match f {
        NotRegistered::Unlike { correlation, .. } => 1.0 + correlation,
        _ => 0.0,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// The rendition from coarse to fine.
fn levels(encoded: &crate::raster::Plane, finest: usize, tone: &Tone) -> Vec<RenditionLevel> {
    const COARSEST: usize = 700;
    let mut planes = vec![(encoded.clone(), finest)];
    while let Some((last, factor)) = planes.last()
        && last.width.max(last.height) > COARSEST
    {
        let next = (last.decimate(2), factor * 2);
        planes.push(next);
    }
    planes
        .iter()
        .rev()
        .map(|(plane, factor)| RenditionLevel::new(plane, *factor, tone))
        .collect()
}

/// Whether a warp is one that an export can have: nowhere folded, torn or squeezed.
fn sensible(warp: &Warp) -> bool {
    let (w, h) = (warp.size.0 as f64, warp.size.1 as f64);
    let mut areas: Vec<f64> = Vec::new();
    for j in 0..=4 {
        for i in 0..=4 {
            let (x, y) = (w * f64::from(i) / 4.0 - 0.5, h * f64::from(j) / 4.0 - 0.5);
            let m = &warp.homography.0;
            if m[2][0] * x + m[2][1] * y + m[2][2] <= 0.0 {
                return false;
            }
            let o = warp.apply(x, y);
            let a = warp.apply(x + 1.0, y);
            let b = warp.apply(x, y + 1.0);
            let (ax, ay, bx, by) = (a.0 - o.0, a.1 - o.1, b.0 - o.0, b.1 - o.1);
            let area = ax * by - ay * bx;
            let squares = ax * ax + ay * ay + bx * bx + by * by;
            // Singular values s ≥ t: s² + t² and s·t give their ratio.
            if squares.is_nan() || squares > 4.0 * area.abs() {
                return false;
            }
            areas.push(area);
        }
    }
    let least = areas.iter().copied().fold(f64::MAX, f64::min);
    let most = areas.iter().copied().fold(f64::MIN, f64::max);
    least * most > 0.0
        && (most / least).max(least / most) < 9.0
        && most.abs().max(least.abs()) > 0.02
}

/// Bends the first homography level by level; after the coarsest one against the mix of the RAW's
/// channels that the rendition's luma turns out to be.
fn refine(
    start: Warp,
    levels: &[RenditionLevel],
    raw: &HalfSize,
    green: &RawPyramid,
    inliers: usize,
) -> Result<Registration, NotRegistered> {
    let [coarsest, finer @ ..] = levels else {
        return Err(NotRegistered::TooSmall);
    };
    let mut templates = blocks::templates(coarsest, BLOCKS);
    let warp = bend(start, &templates, coarsest, green, &[6, 2]);
    let mix = mix::estimate(raw, &warp, &templates, coarsest.factor as f64);
    let mixed = RawPyramid::new(Cow::Owned(mix::apply(raw, &mix)));
    let mut warp = bend(warp, &templates, coarsest, &mixed, &[1]);
    // Where noise drowns the fine structure, the coarse one still tells whether it is the place.
    let alike = likeness(&blocks::measure(&templates, coarsest, &mixed, &warp, 1));
    let mut finest = coarsest;
    for level in finer {
        templates = blocks::templates(level, BLOCKS);
        warp = bend(warp, &templates, level, &mixed, &[2, 1]);
        finest = level;
    }
    let shifts = blocks::measure(&templates, finest, &mixed, &warp, 3);
    judge(warp, &shifts, alike, inliers)
}

/// Bends a warp to what the templates show, once for each radius of search.
fn bend(
    mut warp: Warp,
    templates: &[Template],
    level: &RenditionLevel,
    raw: &RawPyramid,
    radii: &[usize],
) -> Warp {
    const PLAUSIBLE: f64 = 0.4;
    for &radius in radii {
        let mut shifts = blocks::measure(templates, level, raw, &warp, radius);
        shifts.retain(|s| s.correlation > PLAUSIBLE);
        if let Some(bent) = fit::bend(&warp, &shifts, level.factor as f64)
            && sensible(&bent)
        {
            warp = bent;
        }
    }
    warp
}

/// Median correlation of the more structured half of the blocks; `None` where they are too few.
fn likeness(shifts: &[Shift]) -> Option<f64> {
    const FEWEST: usize = 8;
    let mut contrasts: Vec<f64> = shifts.iter().map(|s| s.contrast).collect();
    let half = median(&mut contrasts)?;
    let mut correlations: Vec<f64> = shifts
        .iter()
        .filter(|s| s.contrast >= half)
        .map(|s| s.correlation)
        .collect();
    (correlations.len() >= FEWEST).then(|| median(&mut correlations))?
}

/// Accepts a warp when the structure at its place is the same, the fine or the coarse one.
fn judge(
    warp: Warp,
    shifts: &[Shift],
    coarse: Option<f64>,
    inliers: usize,
) -> Result<Registration, NotRegistered> {
    const ALIKE: f64 = 0.45;
    // A warp bent to a wrong place finds coarse likeness, but not this much of it, nor so many pairs.
    const ALIKE_AFAR: f64 = 0.85;
    const MANY: usize = 40;
    let (fine, coarse) = (likeness(shifts), coarse.unwrap_or(0.0));
    let afar = inliers >= MANY && coarse >= ALIKE_AFAR;
    let correlation = fine.unwrap_or(0.0).max(if afar { coarse } else { 0.0 });
    if fine.is_none() || correlation < ALIKE {
        return Err(NotRegistered::Unlike {
            inliers,
            correlation,
        });
    }
    let residuals: Vec<BlockShift> = shifts.iter().map(block_shift).collect();
    let mut lengths: Vec<f64> = residuals
        .iter()
        .filter(|r| r.sure())
        .map(|r| r.dx.hypot(r.dy))
        .collect();
    lengths.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = lengths.len().saturating_sub(1);
        lengths
            .get((last as f64 * share).round() as usize)
            .copied()
            .unwrap_or(0.0)
    };
    let above = lengths.iter().filter(|&&l| l > 1.0).count();
    Ok(Registration {
        inliers,
        correlation,
        residual_median: at(0.5),
        residual_p90: at(0.9),
        residual_above_1: above as f64 / lengths.len().max(1) as f64,
        warp,
        residuals,
    })
}

fn block_shift(s: &Shift) -> BlockShift {
    let (xx, xy, yy) = s.information;
    let middle = (xx + yy) / 2.0;
    let least = middle - ((xx - yy) / 2.0).hypot(xy);
    BlockShift {
        x: s.x,
        y: s.y,
        dx: s.d.0,
        dy: s.d.1,
        deviation: 1.0 / least.max(1e-6).sqrt(),
        confidence: s.correlation,
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests;
