//! What of the RAW is in the picture, place by place: the ground on which structure and exposure
//! are judged.
//!
//! Both pictures' lumas (the RAW's after [`crate::tone`]) are split into octave bands; in each tile
//! of each band they are correlated. Correlation does not change when somebody brightens, softens
//! or sharpens a place; it falls to nothing when the place shows something else. How much is to be
//! expected is learnt twice: the RAW's prediction is compressed with the picture's own
//! quantisation tables ([`survival`]), and the picture itself tells what its developer did to
//! noise and to texture everywhere ([`expectation`]). What is left is one log-likelihood ratio a
//! tile, "shows something else" against "was developed", and [`scan`] finds the places where it
//! gathers.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

pub mod bands;
pub mod expectation;
pub mod invention;
pub mod noise;
pub mod scan;
pub mod survival;

use rayon::prelude::*;

use crate::comparison::Comparison;
use crate::raster::Plane;
use crate::tone::Tone;
use bands::Band;
use expectation::Expectation;
use noise::Law;
use scan::Region;

/// Grid pixels (edge length) a cell of the map.
pub const CELL: usize = 16;

/// The bands of a pair, what was expected of them, and where the picture deviates.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Finest band first.
    pub bands: Vec<Band>,
    /// For each band what an untouched tile shows.
    pub expectations: Vec<Expectation>,
    /// Log-likelihood ratio a cell in nats: above 0 the place shows something that the RAW does
    /// not hold. A cell is [`CELL`] pixels of the comparison's grid; 0 where nothing can be told.
    pub deviation: Plane,
    /// Places where the deviation gathers, strongest first; five at most.
    pub regions: Vec<Region>,
    /// Places that lack the exposure's noise in the finest band and have as much detail as others,
    /// strongest first; five at most. Their `survival` is that of the noise.
    pub invented: Vec<Region>,
    /// Share of the cells that can be judged, 0..1.
    pub judged_share: f64,
    /// Mean difference of the rendition's channels, 0..1: near 0 it is black and white, and which
    /// mix of the RAW's colours it shows is only roughly known.
    pub colourfulness: f64,
    /// Rendition pixels (edge length) a cell.
    pub cell_in_rendition: usize,
}

/// Weighs `comparison` whose tones `tone` explains; `law` says how much noise the sensor made.
pub fn weigh(comparison: &Comparison, tone: &Tone, law: Option<&Law>) -> Evidence {
    let mut bands = bands::measure(comparison, &tone.luma);
    if let Some(law) = law {
        noise::tell(&mut bands, comparison, tone, law);
    }
    let expectations: Vec<Expectation> = bands
        .par_iter()
        .enumerate()
        // an unknown codec takes away what is finest
        .map(|(i, band)| Expectation::learn(band, comparison.loss_known || i > 1))
        .collect();
    let (columns, rows) = (comparison.width() / CELL, comparison.height() / CELL);
    let mut deviation = Plane::filled(columns, rows, 0.0);
    let mut judged = vec![false; columns * rows];
    for (band, expectation) in bands.iter().zip(&expectations) {
        let span = band.tile / CELL;
        let share = 1.0 / (span * span) as f32;
        for y in 0..rows {
            for x in 0..columns {
                let (tx, ty) = (x / span, y / span);
                if tx < band.columns && ty < band.rows {
                    let i = ty * band.columns + tx;
                    if let Some(ratio) = expectation.ratios[i] {
                        deviation.data[y * columns + x] += share * ratio;
                        judged[y * columns + x] = true;
                    }
                }
            }
        }
    }
    let regions = scan::regions(&deviation, &bands, &expectations);
    let learnt = expectations
        .first()
        .and_then(|e| Some((e, e.trace.as_ref()?)));
    let invented = match (bands.first(), learnt) {
        // the finest band's tiles are the cells
        (Some(band), Some((learnt, trace))) => {
            let map = Plane {
                width: band.columns,
                height: band.rows,
                data: invention::ratios(band, &learnt.noise, trace),
            };
            let mut found = scan::regions(&map, &bands[..1], &expectations[..1]);
            for region in &mut found {
                region.survival = invention::survived(region, band, &learnt.noise, trace);
            }
            found
        }
        _ => Vec::new(),
    };
    Evidence {
        regions,
        invented,
        deviation,
        judged_share: judged.iter().filter(|&&j| j).count() as f64 / judged.len().max(1) as f64,
        colourfulness: tone.colourfulness,
        cell_in_rendition: CELL * comparison.factor,
        bands,
        expectations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::RgbPlanes;
    use crate::tone::{self, curve::encode};
    use crate::verificator::{exposure, structure};

    const SIZE: (usize, usize) = (384, 288);

    /// Evenly distributed noise of one exposure, unit variance, the same for the same arguments.
    fn noise(exposure: u64, i: usize, channel: usize) -> f32 {
        let mut s = exposure
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add((i as u64 * 3 + channel as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93));
        for _ in 0..3 {
            s ^= s >> 32;
            s = s.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        }
        ((s >> 40) as f32 / (1u64 << 24) as f32 - 0.5) * 3.46
    }

    /// Smooth light, and fine texture in the lower half.
    fn scene(x: usize, y: usize, channel: usize) -> f32 {
        let (u, v) = (x as f32 / SIZE.0 as f32, y as f32 / SIZE.1 as f32);
        let light = 0.12 + 0.25 * u + 0.1 * v + 0.02 * channel as f32;
        let texture = if v > 0.5 { 0.15 } else { 0.0 };
        let fine = (x as f32 * 0.61 + (y as f32 * 0.13).sin() * 5.0).sin();
        let slow = (x as f32 * 0.05).sin() * (y as f32 * 0.07).cos();
        light * (1.0 + texture * fine + 0.2 * slow)
    }

    fn exposed(exposure: u64) -> RgbPlanes {
        [0, 1, 2].map(|c| {
            Plane::from_fn(SIZE.0, SIZE.1, |x, y| {
                let s = scene(x, y, c);
                s + noise(exposure, y * SIZE.0 + x, c) * 0.03 * s.sqrt()
            })
            .gaussian(0.6)
        })
    }

    fn developed(raw: &RgbPlanes) -> RgbPlanes {
        [0, 1, 2].map(|c| raw[c].map(|v| encode((1.3 * v).clamp(0.0, 1.0))))
    }

    /// Replaces what lies in a square of 64 pixels at (160, 96).
    fn paint(planes: &mut RgbPlanes, with: impl Fn(usize, usize, usize, f32) -> f32) {
        for (c, plane) in planes.iter_mut().enumerate() {
            for y in 96..160 {
                for x in 160..224 {
                    let v = &mut plane.data[y * SIZE.0 + x];
                    *v = with(x, y, c, *v);
                }
            }
        }
    }

    fn judge(raw: RgbPlanes, rendition: RgbPlanes) -> Evidence {
        let comparison = Comparison {
            factor: 1,
            cover: 2.0,
            raw,
            // as eight bits hold it
            rendition: rendition.map(|p| p.map(|v| (v * 255.0).round() / 255.0)),
            valid: vec![true; SIZE.0 * SIZE.1],
            quantisation: None,
            loss_known: true,
            noise: Vec::new(),
        };
        weigh(&comparison, &tone::fit(&comparison), None)
    }

    /// Whether a place is told as changed.
    fn accused(evidence: &Evidence) -> bool {
        evidence
            .regions
            .iter()
            .any(|r| r.survival < 0.5 && r.evidence > 20.0)
    }

    fn survival(evidence: &Evidence) -> f64 {
        exposure::measure(evidence).values["noise_survival"]
    }

    #[test]
    fn an_export_keeps_its_exposures_noise() {
        let raw = exposed(1);
        let evidence = judge(raw.clone(), developed(&raw));
        assert!(!accused(&evidence), "{:?}", evidence.regions.first());
        assert!(survival(&evidence) > 0.7, "{}", survival(&evidence));
        assert!(structure::places(&evidence).reasons.is_empty());
    }

    #[test]
    fn another_frame_of_the_same_scene_has_other_noise() {
        let evidence = judge(exposed(1), developed(&exposed(2)));
        assert!(survival(&evidence) < 0.15, "{}", survival(&evidence));
    }

    /// What became of exposure 1's noise in a picture of `exposure`, with texture all over.
    fn traced(exposure: u64) -> noise::Trace {
        let textured = |exposure| -> RgbPlanes {
            let rough = |x: usize, y: usize| {
                let (u, v) = (x as f32, y as f32);
                0.01 * (u * 0.9 + (v * 0.4).sin()).sin() * (v * 0.7).cos()
            };
            let raw: RgbPlanes = exposed(exposure);
            [0, 1, 2].map(|c| Plane::from_fn(SIZE.0, SIZE.1, |x, y| raw[c].at(x, y) + rough(x, y)))
        };
        let raw = textured(1);
        let edge = crate::comparison::noise::WINDOW;
        let unit = [0, 1, 2]
            .map(|c| Plane::from_fn(edge, edge, |x, y| noise(9, y * edge + x, c)).gaussian(0.6));
        let comparison = Comparison {
            factor: 1,
            cover: 2.0,
            raw,
            rendition: developed(&textured(exposure)),
            valid: vec![true; SIZE.0 * SIZE.1],
            quantisation: None,
            loss_known: true,
            noise: vec![unit],
        };
        let law = Law {
            slope: [0.0009; 3],
            floor: [0.0; 3],
        };
        let evidence = weigh(&comparison, &tone::fit(&comparison), Some(&law));
        evidence.expectations[1]
            .trace
            .clone()
            .expect("enough noise")
    }

    #[test]
    fn texture_does_not_hide_whose_noise_it_is() {
        let (own, other) = (traced(1), traced(2));
        assert!((0.8..1.2).contains(&own.survived), "{own:?}");
        assert!(own.own < 0.5, "{own:?}");
        assert!(other.survived < 0.3, "{other:?}");
        assert!(other.own > 0.6, "{other:?}");
    }

    #[test]
    fn a_painted_place_is_found() {
        let raw = exposed(1);
        let mut picture = developed(&raw);
        paint(&mut picture, |x, y, c, _| {
            encode(1.3 * scene(x, 96, c) + 0.01 * noise(7, y * SIZE.0 + x, c))
        });
        let evidence = judge(raw, picture);
        assert!(accused(&evidence), "{:?}", evidence.regions);
        let (left, top, right, bottom) = evidence.regions[0].bounds;
        let near = |a: usize, b: usize| a.abs_diff(b) <= 2;
        assert!(near(left, 10) && near(right, 14) && near(top, 6) && near(bottom, 10));
        let told = structure::places(&evidence).reasons;
        assert!(told[0].contains("centre"), "{told:?}");
    }

    #[test]
    fn a_dodged_place_is_not_accused() {
        let raw = exposed(1);
        let mut picture = developed(&raw);
        for plane in &mut picture {
            *plane = Plane::from_fn(SIZE.0, SIZE.1, |x, y| {
                let (u, v) = (x as f32 - 192.0, y as f32 - 128.0);
                plane.at(x, y) * (1.0 + 0.35 * (-(u * u + v * v) / 3200.0).exp())
            });
        }
        let evidence = judge(raw, picture);
        assert!(!accused(&evidence), "{:?}", evidence.regions.first());
    }

    #[test]
    fn a_clipped_place_is_not_accused() {
        let raw = exposed(1);
        let mut picture = developed(&raw);
        paint(&mut picture, |_, _, _, _| 1.0);
        let mut light = raw;
        paint(&mut light, |_, _, _, v| v + 1.5);
        let evidence = judge(light, picture);
        assert!(!accused(&evidence), "{:?}", evidence.regions.first());
    }

    #[test]
    fn denoising_everywhere_is_no_accusation_of_a_place() {
        let raw = exposed(1);
        let smooth = [0, 1, 2].map(|c| Plane::from_fn(SIZE.0, SIZE.1, |x, y| scene(x, y, c)));
        let evidence = judge(raw, developed(&smooth));
        assert!(!accused(&evidence), "{:?}", evidence.regions.first());
        let own = exposure::measure(&evidence).values["own_fine"];
        assert!(own < 0.3, "{own}");
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let raw = exposed(1);
                let mut picture = developed(&raw);
                paint(&mut picture, |_, _, _, v| 1.0 - v);
                judge(raw, picture)
            })
        };
        let (one, three) = (run(1), run(3));
        assert_eq!(one.deviation, three.deviation);
        assert_eq!(one.regions, three.regions);
    }

    #[test]
    fn a_picture_smaller_than_its_tiles_says_nothing() {
        let comparison = Comparison {
            factor: 1,
            cover: 2.0,
            raw: [0, 1, 2].map(|_| Plane::filled(20, 9, 0.2)),
            rendition: [0, 1, 2].map(|_| Plane::filled(20, 9, 0.2)),
            valid: vec![true; 180],
            quantisation: None,
            loss_known: true,
            noise: Vec::new(),
        };
        let evidence = weigh(&comparison, &tone::fit(&comparison), None);
        assert!(evidence.regions.is_empty() && evidence.bands.is_empty());
    }
}
