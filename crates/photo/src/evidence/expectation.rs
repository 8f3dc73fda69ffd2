//! How well an untouched tile correlates, learnt from the picture itself.
#![allow(
    clippy::indexing_slicing,
    reason = "tiles of one band, indexed by the band's own size"
)]

use super::bands::{Band, FLOOR, Tile};
use super::noise::Trace;
use crate::tone::curve::{median, quantile};

/// What is expected of a band's tiles, and how far each one is from it.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Picture over prediction: the gain of the band, from its textured tiles.
    pub gain: f32,
    /// Expected correlation of each tile; `None` where the RAW, the compression or clipping leave
    /// nothing to correlate.
    pub correlation: Vec<Option<f32>>,
    /// Log-likelihood ratio of each tile in nats: something else against developed.
    pub ratios: Vec<Option<f32>>,
    /// Energy that nothing explains over what is expected of it, natural logarithm, in spreads.
    pub novelty: Vec<f32>,
    /// Which tiles hold noise and no texture.
    pub flat: Vec<bool>,
    /// Energy of the RAW's noise in each tile: by the sensor's law where that is known, else that
    /// of the flattest tiles of its brightness.
    pub noise: Vec<f32>,
    /// What became of that noise in the picture, where it can be told.
    pub trace: Option<Trace>,
    /// Median energy of the picture in flat tiles over what compression would leave of the RAW's:
    /// near 0 after denoising.
    pub kept: f32,
    /// Median correlation of the tiles with texture.
    pub textured_median: f32,
    /// Tiles that take part.
    pub usable: usize,
}

/// Tiles a stretch needs to tell what is usual in it.
const STRETCH: usize = 60;

/// The flattest twentieth of the tiles hold at least one part in this of the noise, by chance.
const MOST_NOISE: f32 = 1.8;

/// Novelty (spreads) that counts where the RAW is saturated: how a developer blends into its
/// highlights leaves some.
const NEW_IN_LIGHT: f32 = 8.0;

/// A tile's log-likelihood ratio is never trusted beyond these.
const LEAST: f32 = -3.0;
const MOST: f32 = 3.0;

/// Share of the honest tiles that correlate anyhow between nothing and the usual.
const OWN_WAY: f32 = 0.15;

/// A tile with less than this share of the expected energy has lost its detail.
const EMPTY: f32 = 0.5;

/// In a denoised picture one with less than this has.
const THINNED: f32 = 0.85;

impl Expectation {
    /// Learns from all tiles of `band`; of its noise only where `loss_known`, for what an unknown
    /// codec did to that cannot be told.
    pub fn learn(band: &Band, loss_known: bool) -> Self {
        let tiles = &band.tiles;
        let usable: Vec<bool> = tiles
            .iter()
            .map(|t| t.tells() && t.pp > 4.0 * FLOOR)
            .collect();
        let levels = noise_levels(tiles, &usable);
        let level = |t: &Tile| levels[brightness_class(t)];
        let flat: Vec<bool> = tiles.iter().map(|t| t.pp < 2.5 * level(t)).collect();
        let gain = gain(tiles, &usable, &flat);
        let near = greatest_near(band);
        let (loss_flat, loss_textured) = losses(tiles, &usable, &flat, &near, gain);
        // what a tile of this kind should show if nothing but compression and these losses took part
        let model: Vec<(f32, f32)> = tiles
            .iter()
            .zip(&near)
            .map(|(t, near)| {
                let kept = t.pe * t.pe / (t.pp + FLOOR);
                let lost = (t.ee - kept).max(0.0)
                    + loss_flat * level(t).min(*near)
                    + loss_textured * (near - level(t)).max(0.0)
                    + FLOOR / (gain * gain);
                ((kept / (kept + lost)).max(0.0).sqrt(), lost * gain * gain)
            })
            .collect();
        let mut expected = vec![None; tiles.len()];
        let mut spread = vec![0.0; tiles.len()];
        for group in [true, false] {
            let members: Vec<usize> = (0..tiles.len())
                .filter(|&i| usable[i] && flat[i] == group)
                .collect();
            let usual = Usual::learn(&members, &model, tiles);
            for &i in &members {
                let (middle, width) = usual.at(model[i].0);
                expected[i] = Some(middle);
                spread[i] = width;
            }
        }
        let novelty = novelty(tiles, &usable, &model);
        let noise: Vec<f32> = tiles
            .iter()
            .map(|t| t.noise.map_or(level(t), |n| n.min(MOST_NOISE * level(t))))
            .collect();
        let trace = loss_known.then(|| Trace::of(band, &noise, gain)).flatten();
        // Denoising and unknown codecs take detail from places as they please.
        let denoised = !loss_known
            || trace.as_ref().is_some_and(|t| {
                (t.survived < 0.5 && t.own < 0.6) || (t.survived < 0.3 && t.own < 1.2)
            });
        let own = |t: &Tile| t.jj / (gain * gain * t.ee + FLOOR);
        let mut flats: Vec<f32> = (0..tiles.len())
            .filter(|&i| usable[i] && flat[i])
            .map(|i| own(&tiles[i]))
            .collect();
        let kept = if flats.len() < STRETCH {
            1.0
        } else {
            median(&mut flats)
        };
        let ratios = (0..tiles.len())
            .map(|i| {
                let tile = &tiles[i];
                if tile.valid && tile.clipped < 0.1 && tile.saturated >= 0.1 {
                    // no detail of the RAW is left to be missed; new detail still shows
                    return Some((0.5 * (novelty[i] - NEW_IN_LIGHT)).clamp(0.0, MOST));
                }
                expected[i].map(|e| {
                    let ratio = ratio(tile, e, spread[i], band.freedom);
                    let lost = |part: f32| own(tile) < part && ratio > 0.0;
                    let trust = if denoised && lost(THINNED) {
                        0.0
                    } else if lost(EMPTY) {
                        trust_in_loss(kept)
                    } else {
                        1.0
                    };
                    let new = (0.5 * (novelty[i] - 5.0)).clamp(0.0, MOST);
                    (ratio * trust + new).clamp(LEAST, MOST)
                })
            })
            .collect();
        let mut textured: Vec<f32> = (0..tiles.len())
            .filter(|&i| usable[i] && !flat[i])
            .map(|i| tiles[i].correlation())
            .collect();
        Self {
            gain,
            kept,
            correlation: expected,
            ratios,
            novelty,
            noise,
            trace,
            flat: flat.iter().zip(&usable).map(|(f, u)| *f && *u).collect(),
            textured_median: median(&mut textured),
            usable: usable.iter().filter(|&&u| u).count(),
        }
    }
}

/// "Something else": a correlation around nothing. "Developed": around what is usual.
fn ratio(tile: &Tile, expected: f32, spread: f32, freedom: f32) -> f32 {
    let seen = tile.correlation();
    let chance = (1.0 / freedom + 0.02).sqrt();
    let developed = (spread * spread + (1.0 - expected * expected).powi(2) / freedom).sqrt();
    let log_normal = |middle: f32, width: f32| {
        let z = (seen - middle) / width;
        -0.5 * z * z - width.ln()
    };
    // some tiles of an honest export are developed in their own way, but few lose all
    let lost = (0.5 - seen / expected.max(0.1)).max(0.0);
    let tail = (OWN_WAY / expected.max(0.1)).ln() + 0.5 * std::f32::consts::TAU.ln() - 6.0 * lost;
    let as_developed = if seen >= expected {
        -developed.ln()
    } else {
        log_normal(expected, developed).max(tail)
    };
    let as_other = if seen <= 0.0 {
        -chance.ln()
    } else {
        log_normal(0.0, chance)
    };
    as_other - as_developed
}

/// How much it means that a tile has lost its detail, where flat tiles all over the picture have
/// `kept` theirs or not: nothing in a denoised picture.
fn trust_in_loss(kept: f32) -> f32 {
    ((kept - 0.25) / 0.25).clamp(0.0, 1.0)
}

const CLASSES: usize = 8;

fn brightness_class(tile: &Tile) -> usize {
    ((tile.brightness / 256.0 * CLASSES as f32) as usize).min(CLASSES - 1)
}

/// Energy of the RAW's noise by brightness: the flattest tiles have nothing else.
fn noise_levels(tiles: &[Tile], usable: &[bool]) -> [f32; CLASSES] {
    let mut classes: [Vec<f32>; CLASSES] = std::array::from_fn(|_| Vec::new());
    let mut all = Vec::new();
    for (tile, _) in tiles.iter().zip(usable).filter(|(_, u)| **u) {
        classes[brightness_class(tile)].push(tile.pp);
        all.push(tile.pp);
    }
    let overall = quantile(&mut all, 0.05);
    classes.map(|mut class| {
        if class.len() < STRETCH {
            overall
        } else {
            quantile(&mut class, 0.05).max(0.3 * overall)
        }
    })
}

fn gain(tiles: &[Tile], usable: &[bool], flat: &[bool]) -> f32 {
    let of = |textured: bool| {
        let mut gains: Vec<f32> = (0..tiles.len())
            .filter(|&i| usable[i] && (!textured || !flat[i]) && tiles[i].pe > 0.5 * tiles[i].pp)
            .map(|i| tiles[i].pj / tiles[i].pe)
            .collect();
        (gains.len() >= STRETCH).then(|| median(&mut gains))
    };
    of(true)
        .or_else(|| of(false))
        .unwrap_or(1.0)
        .clamp(0.05, 5.0)
}

/// The greatest energy of P among each tile and its eight neighbours: an edge that is a fraction
/// of a pixel off spills over.
fn greatest_near(band: &Band) -> Vec<f32> {
    let (w, h) = (band.columns, band.rows);
    (0..w * h)
        .map(|i| {
            let (x, y) = (i % w, i / w);
            let mut most = 0.0_f32;
            for yy in y.saturating_sub(1)..(y + 2).min(h) {
                for xx in x.saturating_sub(1)..(x + 2).min(w) {
                    most = most.max(band.tiles[yy * w + xx].pp);
                }
            }
            most
        })
        .collect()
}

/// Unexplained energy beyond quantisation, in parts of the RAW's own energy: in flat and in
/// textured tiles.
fn losses(tiles: &[Tile], usable: &[bool], flat: &[bool], near: &[f32], gain: f32) -> (f32, f32) {
    let of = |group: bool| {
        let mut parts: Vec<f32> = (0..tiles.len())
            .filter(|&i| usable[i] && flat[i] == group)
            .map(|i| {
                let t = &tiles[i];
                let quantised = (t.ee - t.pe * t.pe / (t.pp + FLOOR)).max(0.0);
                (t.unexplained() / (gain * gain) - quantised) / near[i].max(FLOOR)
            })
            .collect();
        (parts.len() >= STRETCH).then(|| median(&mut parts))
    };
    (
        of(true).unwrap_or(0.5).clamp(0.02, 8.0),
        of(false).unwrap_or(0.1).clamp(0.005, 2.0),
    )
}

/// Middle and spread of the observed correlation along the modelled one.
struct Usual {
    /// Modelled correlation, middle, spread; rising.
    stretches: Vec<(f32, f32, f32)>,
}

impl Usual {
    fn learn(members: &[usize], model: &[(f32, f32)], tiles: &[Tile]) -> Self {
        let mut order: Vec<usize> = members.to_vec();
        order.sort_by(|&a, &b| model[a].0.total_cmp(&model[b].0).then(a.cmp(&b)));
        let count = (order.len() / STRETCH).clamp(1, 8);
        let mut stretches: Vec<(f32, f32, f32)> = Vec::new();
        if order.len() >= STRETCH {
            for k in 0..count {
                let part = &order[k * order.len() / count..(k + 1) * order.len() / count];
                let mut places: Vec<f32> = part.iter().map(|&i| model[i].0).collect();
                let mut seen: Vec<f32> = part.iter().map(|&i| tiles[i].correlation()).collect();
                let middle = median(&mut seen);
                let low = quantile(&mut seen, 0.16);
                stretches.push((median(&mut places), middle, (middle - low).max(0.06)));
            }
            // what survives better cannot correlate worse: carry the running maximum on
            let mut most = f32::MIN;
            for s in &mut stretches {
                most = most.max(s.1);
                s.1 = most;
            }
        }
        Self { stretches }
    }

    fn at(&self, modelled: f32) -> (f32, f32) {
        let after = self.stretches.partition_point(|s| s.0 < modelled);
        match (
            after.checked_sub(1).map(|i| self.stretches[i]),
            self.stretches.get(after).copied(),
        ) {
            (Some(a), Some(b)) => {
                let f = (modelled - a.0) / (b.0 - a.0).max(1e-6);
                (a.1 + (b.1 - a.1) * f, a.2 + (b.2 - a.2) * f)
            }
            (Some(a), None) | (None, Some(a)) => (a.1, a.2),
            // too few to tell what is usual: the model alone, with a wide spread
            (None, None) => (0.8 * modelled, 0.3),
        }
    }
}

/// How far above the usual the unexplained energy is, in robust spreads.
fn novelty(tiles: &[Tile], usable: &[bool], model: &[(f32, f32)]) -> Vec<f32> {
    let logs: Vec<f32> = tiles
        .iter()
        .zip(model)
        .map(|(t, m)| ((t.unexplained() + 0.05) / (m.1 + 0.05)).ln())
        .collect();
    let mut seen: Vec<f32> = (0..tiles.len())
        .filter(|&i| usable[i])
        .map(|i| logs[i])
        .collect();
    let middle = median(&mut seen);
    let high = quantile(&mut seen, 0.84);
    let spread = (high - middle).max(0.35);
    logs.iter()
        .map(|l| (l - middle.max(-1.0)) / spread)
        .collect()
}
