//! From two files to a verdict: which stage follows which.

use std::ops::ControlFlow;

use sha2::{Digest as _, Sha256};

use crate::calibration::Calibration;
use crate::comparison::Comparison;
use crate::exhibits::{self, Exhibits, Overlay};
use crate::register::{self, NotRegistered, Registration};
use crate::rendition::Rendition;
use crate::tone::{self, Tone};
use crate::transform::Transform;
use crate::verdict::{Decision, Placement, Subject, ToneShift, Verdict};
use crate::verificator::{
    Check, Finding, Measures, Outcome, chain, colour, exposure, hash, metadata, recapture, sensor,
    structure,
};
use crate::{Error, develop, evidence, raw, rendition};

/// The stages of a comparison, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Both files are hashed and decoded.
    Read,
    /// The mosaic becomes a linear picture.
    Develop,
    /// The picture's place on the RAW frame is sought.
    Register,
    /// Both are brought onto one grid.
    Compare,
    /// The verdict is drawn up.
    Conclude,
}

/// Told before each stage begins; it may keep a clock, which this crate does not, and may end the
/// work.
pub type Observer<'a> = &'a (dyn Fn(Stage) -> ControlFlow<()> + Sync);

/// What was found out about two files, before it is weighed.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The RAW file.
    pub raw: Subject,
    /// The picture.
    pub image: Subject,
    /// How the picture lies on the RAW, or why that was not found.
    pub placement: Result<Placement, NotRegistered>,
    /// What the checks measured that could be made.
    pub measures: Vec<Measures>,
}

/// Judges whether `image` is an honest export of `raw`.
///
/// # Errors
/// When a file cannot be read, asks for more than the limits, or `observer` ends the work.
pub fn verify(raw: &[u8], image: &[u8], observer: Observer<'_>) -> Result<Verdict, Error> {
    examine(raw, image, observer, false).map(|(verdict, _)| verdict)
}

/// The same, and the pictures for a report where `wanted` and the RAW's pixels can be shown.
///
/// # Errors
/// As [`verify`].
pub fn examine(
    raw: &[u8],
    image: &[u8],
    observer: Observer<'_>,
    wanted: bool,
) -> Result<(Verdict, Option<Exhibits>), Error> {
    let (measured, exhibits) = measure(raw, image, observer, wanted)?;
    enter(observer, Stage::Conclude)?;
    let calibration = Calibration::embedded().map_err(|e| Error::Calibration(e.to_string()))?;
    Ok((conclude(measured, calibration), exhibits))
}

/// Measures everything and weighs nothing; with the pictures for a report where `wanted`.
///
/// # Errors
/// As [`verify`].
pub fn measure(
    raw_file: &[u8],
    image_file: &[u8],
    observer: Observer<'_>,
    wanted: bool,
) -> Result<(Measured, Option<Exhibits>), Error> {
    enter(observer, Stage::Read)?;
    // A RAW takes longer to decode than to hash a picture and the RAW.
    let (raw, (rendition, sums)) = rayon::join(
        || raw::read(raw_file),
        || {
            let rendition = rendition::read(image_file);
            (rendition, (sha256(raw_file), sha256(image_file)))
        },
    );
    let (raw, rendition, (raw_sha256, image_sha256)) = (raw?, rendition?, sums);
    let raw_said = raw.container.metadata.to_json();
    let image_said = rendition.metadata.to_json();
    let frame = Frame {
        size: raw.size(),
        orientation: raw.metadata().orientation,
    };
    enter(observer, Stage::Develop)?;
    let half = develop::half_size(&raw);
    let mut exhibits = half.as_ref().filter(|_| wanted).map(|half| Exhibits {
        raw: exhibits::raw_frame(&raw, half),
        picture: exhibits::shrink_picture(&rendition.rgb),
        overlay: None,
    });
    enter(observer, Stage::Register)?;
    // The mosaic is large: it goes as soon as it has said what it has to say.
    let ((mut measures, law), registration) = rayon::join(
        || {
            let raw = raw;
            let (sensor, law) = sensor::measure(&raw, raw_file);
            let metadata = metadata::measure(&raw, &rendition, image_file);
            (vec![metadata, sensor], law)
        },
        || match &half {
            Some(half) => register::register(half, &rendition.rgb),
            None => Err(NotRegistered::Featureless),
        },
    );

    enter(observer, Stage::Compare)?;
    let warp = registration.as_ref().ok().map(|r| &r.warp);
    let (comparison, mut pattern) = rayon::join(
        || Some(Comparison::new(half.as_ref()?, &rendition, warp?)),
        || Some(recapture::measure(half.as_ref()?, &rendition.rgb, warp)),
    );
    drop(half);
    let (tone, (chain, whole)) = rayon::join(
        || comparison.as_ref().map(tone::fit),
        || {
            let compression = chain::Compression::of(&rendition);
            (
                chain::measure(&rendition.rgb, compression.as_ref(), warp),
                hash::picture(&rendition.rgb),
            )
        },
    );
    measures.push(chain);
    let image_size = size(&rendition);
    drop(rendition);
    let placement = match (registration, comparison.zip(tone)) {
        (Ok(registration), Some((comparison, tone))) => {
            let (evidence, (hash, colour)) = rayon::join(
                || evidence::weigh(&comparison, &tone, law.as_ref()),
                || {
                    if let Some(pattern) = &mut pattern {
                        recapture::add_bands(pattern, &tone);
                    }
                    (
                        hash::measure(whole.as_ref(), &comparison, &tone),
                        colour::measure(&comparison, &tone),
                    )
                },
            );
            measures.extend([hash, colour]);
            measures.push(structure::measure(&evidence, &registration));
            measures.push(exposure::measure(&evidence));
            if let Some(exhibits) = &mut exhibits {
                exhibits.overlay = Some(Overlay::new(&comparison, &tone.expected(&comparison)));
            }
            Ok(frame.placement(registration, &comparison, &tone))
        }
        (Err(reason), _) => Err(reason),
        (Ok(_), None) => Err(NotRegistered::Featureless),
    };
    measures.extend(pattern);
    let measured = Measured {
        raw: Subject {
            sha256: raw_sha256,
            bytes: raw_file.len() as u64,
            size: frame.shown(),
            metadata: raw_said,
        },
        image: Subject {
            sha256: image_sha256,
            bytes: image_file.len() as u64,
            size: image_size,
            metadata: image_said,
        },
        placement,
        measures,
    };
    Ok((measured, exhibits))
}

/// Weighs what was measured.
pub fn conclude(measured: Measured, calibration: &Calibration) -> Verdict {
    let measures = measured.measures.into_iter();
    let mut findings: Vec<Finding> = measures.map(|m| calibration.judge(m)).collect();
    if let Err(reason) = &measured.placement {
        findings.push(unplaced(reason));
    }
    findings.sort_by_key(|finding| finding.check);
    let decision = Decision::of(&mut findings);
    Verdict {
        answer: decision.answer,
        honest: decision.honest,
        reasons: decision.reasons,
        findings,
        raw: measured.raw,
        image: measured.image,
        placement: measured.placement.ok(),
        calibration: calibration.engine.clone(),
    }
}

/// How probable an export is honest of which nothing was found in the RAW. No calibration can
/// say: among its honest exports there is none.
const UNPLACED: f64 = 0.02;

/// What it means that the picture was not found in the RAW: that there is too little to find is no
/// accusation.
fn unplaced(reason: &NotRegistered) -> Finding {
    let mut said = Measures::new(Check::Structure);
    let (sentence, accuses) = match reason {
        NotRegistered::TooSmall => (
            "One of the two is too small to be found in the other.",
            false,
        ),
        NotRegistered::Featureless => (
            "One of the two has too little structure to be found in the other.",
            false,
        ),
        NotRegistered::NoAgreement { inliers } => {
            said.value("inliers", *inliers as f64);
            ("Nothing that the picture shows was found in the RAW.", true)
        }
        NotRegistered::Unlike {
            inliers,
            correlation,
        } => {
            said.value("inliers", *inliers as f64);
            said.value("correlation", *correlation);
            (
                "Where the picture fits the RAW best, the two do not look alike.",
                true,
            )
        }
    };
    Finding {
        check: said.check,
        outcome: if accuses {
            Outcome::Failed
        } else {
            Outcome::CannotTell
        },
        honest: if accuses { UNPLACED } else { 0.5 },
        reasons: vec![sentence.to_owned()],
        values: said.values,
        details: said.details,
    }
}

/// The RAW frame's size and how its file asks to be shown.
struct Frame {
    size: (usize, usize),
    orientation: flashraw::Orientation,
}

impl Frame {
    fn placement(
        &self,
        registration: Registration,
        comparison: &Comparison,
        tone: &Tone,
    ) -> Placement {
        let warp = registration.warp;
        let mut straight = warp.clone();
        straight.coefficients.clear();
        Placement {
            transform: Transform::new(&warp, self.size, self.orientation),
            corrected: Transform::new(&straight, self.size, self.orientation),
            warp,
            tone: tone.gamma_power.is_finite().then_some(ToneShift {
                exposure: tone.exposure_ev,
                gamma_power: tone.gamma_power,
                gamma_slope: tone.gamma_slope,
            }),
            grid: (comparison.width(), comparison.height()),
        }
    }
}

fn enter(observer: Observer<'_>, stage: Stage) -> Result<(), Error> {
    match observer(stage) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Ended),
    }
}

fn size(rendition: &Rendition) -> (usize, usize) {
    (rendition.rgb.width, rendition.rgb.height)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Frame {
    /// Its size as the file asks to be shown.
    fn shown(&self) -> (usize, usize) {
        let (width, height) = self.size;
        match self.orientation.exif() {
            1..=4 => (width, height),
            _ => (height, width),
        }
    }
}
