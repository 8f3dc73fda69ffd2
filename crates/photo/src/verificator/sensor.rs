//! Does the RAW hold the data of a real sensor?
//!
//! # How the evidence is combined
//! Every sign against a real sensor is worth doubt, in nats of log odds; the doubts are added, and
//! [`honest`] turns the sum into a probability, with e³ to 1 for a real sensor before anything was
//! seen. The weights follow from what else could leave the sign:
//!
//! - **lattice**: `2.5 · (s - 3)`, at most 10, where `s` is the lesser of both directions'
//!   significances. Each is Rayleigh-distributed without a lattice, so that 5 in both has odds of
//!   1 to 10¹⁰ against chance; what counts is what else repeats every 8 samples in both directions
//!   and in all rows alike, and no sensor or raw coder known to us does.
//! - **container**: 6.5 for a maker's name on a DNG that this maker's cameras do not write, with a
//!   size the named model does not have and without anything a converter leaves; 1.5 where only
//!   the traces are missing. Any of the three alone has an innocent explanation.
//! - **noise**: 4 where even patches have no noise at all, 3.5 where the noise of neighbouring
//!   sites of different colours is opposite, as the stripes of a screen make it.
//! - **preview**: 4 where the preview inside the file shows something else.
//! - **period**: 3 where a period off the axes lies under the whole picture.
//!
//! The dependence of neighbouring sites, the whiteness and the line of variance over signal are
//! measured and told, but worth no doubt: fine texture makes honest mosaics fail them.
//!
//! # What this cannot exclude
//! A mosaic computed from a picture that was never compressed, or was made smaller by a fraction
//! after compression, with photon noise added as a sensor would, in a container copied from a real
//! file, holds nothing that any of this sees.

pub mod container;
pub mod fingerprint;
pub mod lattice;
pub mod mosaic;
pub mod noise;
pub mod periodicity;
pub mod preview;

pub use fingerprint::{Fingerprint, correlate, fingerprint};

use serde_json::json;

use super::{Check, Measures};
use crate::evidence::noise::Law;
use crate::raw::Raw;
use container::Container;
use lattice::Lattice;
use mosaic::Mosaic;
use noise::Noise;
use periodicity::Periodicity;

/// Doubt from which the check fails: 20 to 1 against a real sensor.
pub const REFUSED: f64 = 6.0;

/// The probability of a real sensor at a sum of doubts (nats).
pub fn honest(doubt: f64) -> f64 {
    1.0 / (1.0 + (doubt - 3.0).exp())
}

/// Measures what speaks for and against a real sensor, and how much noise it makes. `file` is the
/// RAW file's bytes.
///
/// `values["doubt"]` is the sum of doubts. It is absent where the samples are no Bayer mosaic or
/// too few were usable, and the container tells nothing either: then this check cannot speak.
pub fn measure(raw: &Raw, file: &[u8]) -> (Measures, Option<Law>) {
    let mut measures = Measures::new(Check::Sensor);
    let container = container::read(raw);
    let mosaic = Mosaic::of(raw);
    let (mut noise, mut lattice, mut periodicity, mut preview) = (None, None, None, None);
    if let Some(mosaic) = &mosaic {
        rayon::scope(|scope| {
            scope.spawn(|_| noise = noise::measure(mosaic));
            scope.spawn(|_| lattice = lattice::measure(mosaic));
            scope.spawn(|_| periodicity = periodicity::measure(mosaic));
            scope.spawn(|_| preview = preview::agreement(mosaic, file));
        });
    }
    let mut doubt = Doubt::default();
    doubt.container(&container);
    if let Some(noise) = &noise {
        tell_noise(&mut measures, noise);
        doubt.noise(noise);
    }
    if let Some(lattice) = &lattice {
        tell_lattice(&mut measures, lattice);
        doubt.lattice(lattice);
    }
    if let Some(found) = &periodicity {
        measures.value("period_strength", found.strength);
        measures.value("period_share", found.share);
        doubt.periodicity(found);
    }
    if let Some(likeness) = preview {
        measures.value("preview_likeness", likeness);
        doubt.preview(likeness);
    }
    tell_container(&mut measures, &container);
    if noise.is_some() || lattice.is_some() || doubt.sum > 0.0 {
        measures.value("doubt", doubt.sum);
    }
    measures.reasons = doubt.reasons;
    measures.details.insert(
        "not_excluded".into(),
        "a mosaic computed from an uncompressed or reduced picture with well-simulated noise, in a \
         container copied from a real file"
            .into(),
    );
    let law = mosaic.zip(noise);
    let law = law.and_then(|(mosaic, noise)| Law::of(raw, &noise, mosaic.range()));
    (measures, law)
}

fn tell_noise(measures: &mut Measures, noise: &Noise) {
    measures.value("site_dependence", noise.dependence);
    measures.value("noise_colouring", noise.colouring);
    measures.value("full_well", noise.full_well);
    if let Some(cleanest) = noise.full_well_cleanest {
        measures.value("full_well_cleanest", cleanest);
    }
    measures.value("noise_edge", noise.edge);
    if let Some(linearity) = noise.linearity {
        measures.value("noise_linearity", linearity);
    }
    let law = json!({ "tiles": noise.tiles, "gain": noise.gain, "floor": noise.floor });
    measures.details.insert("noise_law".into(), law);
}

fn tell_lattice(measures: &mut Measures, lattice: &Lattice) {
    measures.value("lattice_horizontal", lattice.horizontal.significance);
    measures.value("lattice_vertical", lattice.vertical.significance);
    let axis = |a: &lattice::Axis| {
        json!({
            "amplitude": a.amplitude, "significance": a.significance,
            "offset": a.offset, "concentration": a.concentration,
        })
    };
    let found = json!({
        "tiles": lattice.tiles,
        "horizontal": axis(&lattice.horizontal), "vertical": axis(&lattice.vertical),
    });
    measures.details.insert("lattice".into(), found);
}

fn tell_container(measures: &mut Measures, container: &Container) {
    let told = json!({
        "camera": container.camera,
        "size": container.size,
        "known_sizes": container.known_sizes,
        "size_known": container.size_known,
        "levels_known": container.levels_known,
        "maker_notes": container.maker_notes,
        "previews": container.previews,
        "original_named": container.original,
        "converted": container.converted,
        "lossy": container.lossy,
    });
    measures.details.insert("container".into(), told);
}

/// The sum of doubts and the reasons for them.
#[derive(Default)]
struct Doubt {
    sum: f64,
    reasons: Vec<String>,
}

impl Doubt {
    fn add(&mut self, nats: f64, reason: String) {
        self.sum += nats;
        self.reasons.push(reason);
    }

    fn container(&mut self, container: &Container) {
        if !container.traceless() || !container.converted {
            return;
        }
        let nothing = "no maker notes, no preview and no name of the original, one of which every \
                       converter keeps";
        if container.size_known == Some(false) {
            let (width, height) = container.size;
            let known: Vec<String> = (container.known_sizes.iter())
                .map(|(w, h)| format!("{w} × {h}"))
                .collect();
            self.add(
                6.5,
                format!(
                    "the file says it is from a {}, which gives {} samples; it holds {width} × \
                     {height}, with {nothing}",
                    container.camera,
                    known.join(" or ")
                ),
            );
        } else {
            self.add(
                1.5,
                format!(
                    "the file says it is from a {}, with {nothing}",
                    container.camera
                ),
            );
        }
    }

    fn lattice(&mut self, lattice: &Lattice) {
        let (h, v) = (&lattice.horizontal, &lattice.vertical);
        let both = h.significance.min(v.significance);
        let even = h.concentration < 0.5 && v.concentration < 0.5;
        if both > 3.0 && even {
            self.add(
                (2.5 * (both - 3.0)).min(10.0),
                format!(
                    "the mosaic is cut into blocks of 8 × 8 samples, as JPEG cuts a picture \
                     ({:.1} standard errors across, {:.1} down)",
                    h.significance, v.significance
                ),
            );
        }
    }

    fn noise(&mut self, noise: &Noise) {
        // No sensor holds a hundred million electrons in one site.
        if noise.full_well_cleanest.is_some_and(|w| w > 1e8) {
            self.add(
                4.0,
                "even patches of the mosaic have no noise at all".into(),
            );
        }
        if noise.dependence < -0.2 {
            self.add(
                3.5,
                format!(
                    "in even patches neighbouring sites of different colours vary against each \
                     other (correlation {:.2}), as the coloured stripes of a screen make them",
                    noise.dependence
                ),
            );
        }
    }

    fn preview(&mut self, likeness: f64) {
        if likeness < 0.3 {
            self.add(
                4.0,
                format!(
                    "the preview inside the RAW file does not show what its mosaic shows \
                     (likeness {likeness:.2} of 1)"
                ),
            );
        }
    }

    fn periodicity(&mut self, found: &Periodicity) {
        if found.strength > 2.0 && found.share > 0.6 {
            let (x, y) = found.frequency;
            self.add(
                3.0,
                format!(
                    "a pattern with a period of {:.1} pixels lies under the whole mosaic, as when a \
                     screen is photographed",
                    1.0 / x.hypot(y)
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(size: (u32, u32)) -> Container {
        Container {
            camera: "Canon EOS 30D".into(),
            size,
            known_sizes: vec![(3504, 2336)],
            size_known: Some(size == (3504, 2336)),
            converted: true,
            ..Container::default()
        }
    }

    #[test]
    fn a_claimed_camera_is_doubted_by_size_and_traces_together() {
        let doubt = |c: &Container| {
            let mut doubt = Doubt::default();
            doubt.container(c);
            assert_eq!(doubt.sum > 0.0, !doubt.reasons.is_empty());
            doubt.sum
        };
        assert!(doubt(&container((2400, 1598))) >= REFUSED);
        assert!(doubt(&container((3504, 2336))) < REFUSED);
        let kept = Container {
            previews: 1,
            ..container((2400, 1598))
        };
        assert_eq!(doubt(&kept), 0.0);
        let unknown = Container {
            converted: false,
            ..container((2400, 1598))
        };
        assert_eq!(doubt(&unknown), 0.0);
    }

    #[test]
    fn one_direction_or_focus_pixels_are_no_lattice() {
        let axis = |significance, concentration| lattice::Axis {
            significance,
            concentration,
            ..lattice::Axis::default()
        };
        let doubt = |horizontal, vertical| {
            let mut doubt = Doubt::default();
            doubt.lattice(&Lattice {
                horizontal,
                vertical,
                tiles: 200,
            });
            doubt.sum
        };
        assert!(doubt(axis(8.0, 0.2), axis(7.0, 0.2)) >= REFUSED);
        assert_eq!(doubt(axis(20.0, 0.2), axis(1.0, 0.2)), 0.0);
        assert_eq!(doubt(axis(20.0, 0.9), axis(20.0, 0.2)), 0.0);
        assert!(honest(0.0) > 0.95 && honest(REFUSED) < 0.05);
    }
}
