//! Does what both files say about themselves agree?
//!
//! Everything here is a claim that anyone can write or strike out: what is missing is no offence,
//! and agreement proves little. A contradiction asks for an explanation.
//!
//! # How the evidence is combined
//! As in [`super::sensor`]: every contradiction is worth doubt in nats, the doubts are added, and
//! [`super::sensor::honest`] makes a probability of the sum. Nothing that a wrong clock, a renamed
//! camera or a careless editor explains is worth enough to refuse alone; a declaration that the
//! picture was generated is, and so are several contradictions together.

use serde_json::json;

use super::likeness::{LONG, Small, likeness};
use super::{Check, Measures};
use crate::metadata::{Metadata, Time};
use crate::raw::Raw;
use crate::rendition::Rendition;

/// Kinds of source (IPTC digital source type) that are no capture, or hold parts that are none.
/// Longest first, as each is looked for by itself.
const GENERATED: [&str; 4] = [
    "compositeWithTrainedAlgorithmicMedia",
    "trainedAlgorithmicMedia",
    "compositeSynthetic",
    "algorithmicMedia",
];

/// Programs that make pictures out of words, as they name themselves.
const GENERATORS: [&str; 9] = [
    "midjourney",
    "stable diffusion",
    "dall-e",
    "dall·e",
    "comfyui",
    "novelai",
    "automatic1111",
    "adobe firefly",
    "made with google ai",
];

/// How much of a picture's file is searched for a declaration, from either end.
const SEARCHED: usize = 1 << 22;

/// Doubt that each contradiction is worth, in nats.
const MODEL: f64 = 3.5;
const SERIAL: f64 = 3.5;
const LENS: f64 = 1.5;
const TIME: f64 = 2.5;
const EXPOSURE: f64 = 2.0;
const ENLARGED: f64 = 1.5;
const THUMBNAIL: f64 = 3.0;
const DECLARED: f64 = 8.0;

/// What was compared, and what came of it.
#[derive(Default)]
struct Comparison {
    agreeing: Vec<&'static str>,
    contradicting: Vec<&'static str>,
    doubt: f64,
    reasons: Vec<String>,
}

impl Comparison {
    /// Records the outcome of one comparison; `agree` is `None` where either side is silent.
    fn note(
        &mut self,
        what: &'static str,
        agree: Option<bool>,
        doubt: f64,
        reason: impl FnOnce() -> String,
    ) {
        match agree {
            None => {}
            Some(true) => self.agreeing.push(what),
            Some(false) => {
                self.contradicting.push(what);
                self.doubt += doubt;
                self.reasons.push(reason());
            }
        }
    }
}

/// Compares what the RAW file and the picture say. `file` is the picture's bytes.
pub fn measure(raw: &Raw, rendition: &Rendition, file: &[u8]) -> Measures {
    let (claimed, shown) = (&raw.container.metadata, &rendition.metadata);
    let mut comparison = compare(claimed, shown);
    let enlargement = enlargement(raw.size(), (rendition.rgb.width, rendition.rgb.height));
    comparison.note("size", Some(enlargement <= 1.5), ENLARGED, || {
        format!("the picture is {enlargement:.2} times as large as the RAW")
    });
    let declaration = declaration(shown, file);
    if let Some(declared) = &declaration {
        comparison.contradicting.push("source");
        comparison.doubt += DECLARED;
        comparison
            .reasons
            .push(format!("the picture's file says of itself: {declared}"));
    }
    let thumbnail = thumbnail_likeness(rendition);
    comparison.note(
        "thumbnail",
        thumbnail.map(|likeness| likeness > 0.35),
        THUMBNAIL,
        || {
            format!(
                "the thumbnail inside the picture's file shows something else than the picture \
                 (likeness {:.2} of 1)",
                thumbnail.unwrap_or_default()
            )
        },
    );
    let mut measures = Measures::new(Check::Metadata);
    measures.value("doubt", comparison.doubt);
    measures.value("agreeing", comparison.agreeing.len() as f64);
    measures.value("contradicting", comparison.contradicting.len() as f64);
    measures.value("enlargement", enlargement);
    if let Some(likeness) = thumbnail {
        measures.value("thumbnail_likeness", likeness);
    }
    measures.reasons = comparison.reasons;
    let programs = programs(shown);
    let told = json!({
        "agreeing": comparison.agreeing,
        "contradicting": comparison.contradicting,
        "programs": programs,
        "edits": shown.edits,
        "source_type": shown.source_type,
    });
    if let serde_json::Value::Object(told) = told {
        measures.details = told;
    }
    measures
}

/// What both say about camera, lens, time and exposure.
fn compare(raw: &Metadata, picture: &Metadata) -> Comparison {
    let mut found = Comparison::default();
    let both = |a: &Option<String>, b: &Option<String>| Some((a.clone()?, b.clone()?));
    let cameras = both(&raw.model, &picture.model);
    let make = |m: &Metadata| m.make.clone().unwrap_or_default();
    found.note(
        "camera",
        cameras
            .as_ref()
            .map(|(a, b)| same_camera(&make(raw), a, &make(picture), b)),
        MODEL,
        || {
            let (a, b) = cameras.clone().unwrap_or_default();
            format!("the RAW is from a {a}, the picture says it is from a {b}")
        },
    );
    let serials = both(&raw.body_serial, &picture.body_serial);
    found.note(
        "serial number",
        serials.as_ref().and_then(|(a, b)| same_serial(a, b)),
        SERIAL,
        || "the RAW and the picture name different camera bodies".into(),
    );
    let lenses = both(&raw.lens, &picture.lens);
    found.note(
        "lens",
        lenses
            .as_ref()
            .and_then(|(a, b)| Some(focal_range(a)? == focal_range(b)?)),
        LENS,
        || {
            let (a, b) = lenses.clone().unwrap_or_default();
            format!("the RAW was taken with the lens {a}, the picture says {b}")
        },
    );
    let times = raw.captured_at.as_ref().zip(picture.captured_at.as_ref());
    found.note("time", times.map(|(a, b)| same_time(a, b)), TIME, || {
        let text = |t: Option<&Time>| {
            let [y, mo, d, h, mi, s] = t.map(|t| t.fields).unwrap_or_default();
            format!("{y:04}-{mo:02}-{d:02} {h:02}:{mi:02}:{s:02}")
        };
        format!(
            "the RAW was taken at {}, the picture says {}",
            text(times.map(|t| t.0)),
            text(times.map(|t| t.1))
        )
    });
    let numbers = [
        (
            "exposure time",
            raw.exposure_time,
            picture.exposure_time,
            0.1,
            "s",
        ),
        ("aperture", raw.f_number, picture.f_number, 0.08, ""),
        (
            "sensitivity",
            raw.iso.map(f64::from),
            picture.iso.map(f64::from),
            0.15,
            "ISO",
        ),
        (
            "focal length",
            raw.focal_length,
            picture.focal_length,
            0.05,
            "mm",
        ),
    ];
    for (what, ours, theirs, tolerance, unit) in numbers {
        let pair = ours.zip(theirs).filter(|(a, b)| *a > 0.0 && *b > 0.0);
        let near = |(a, b): (f64, f64)| (a / b).ln().abs() <= tolerance || (a - b).abs() < 1e-4;
        found.note(what, pair.map(near), EXPOSURE, || {
            let (a, b) = pair.unwrap_or_default();
            format!("{what}: the RAW says {a:.6} {unit}, the picture {b:.6} {unit}")
        });
    }
    found
}

/// Letters and digits only, in lower case.
fn plain(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// Whether two names mean the same camera: however the maker is written, with or without it in
/// front of the model, under the names it has on other continents.
fn same_camera(make: &str, model: &str, other_make: &str, other: &str) -> bool {
    let name = |make: &str, model: &str| {
        let canonical = flashraw_camera_db::canonical_make(make);
        let maker = if canonical.is_empty() {
            make
        } else {
            canonical
        };
        let stripped = |text: &str| -> String {
            let words = text.split_whitespace();
            let of_maker = |w: &&str| plain(make).contains(&plain(w)) || plain(maker) == plain(w);
            words.skip_while(of_maker).collect::<Vec<_>>().join(" ")
        };
        let short = stripped(model);
        let short = if short.is_empty() {
            model.to_owned()
        } else {
            short
        };
        plain(flashraw_camera_db::base_model(maker, &short))
    };
    let known = |make, model| flashraw_camera_db::find_any(make, model).map(|c| (c.make, c.model));
    if let Some(camera) = known(make, model)
        && known(other_make, other) == Some(camera)
    {
        return true;
    }
    let (a, b) = (name(make, model), name(other_make, other));
    a == b || plain(model) == plain(other) || a.is_empty() || b.is_empty()
}

/// Whether two serial numbers are one: makers pad them with zeros and put letters around them.
/// `None` where either is no number a person could compare.
fn same_serial(a: &str, b: &str) -> Option<bool> {
    let digits = |s: &str| -> String {
        let digits: String = s.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').to_owned()
    };
    let (a, b) = (digits(a), digits(b));
    let comparable = a.len() >= 4 && b.len() >= 4;
    comparable.then(|| a.ends_with(&b) || b.ends_with(&a) || a.starts_with(&b) || b.starts_with(&a))
}

/// The focal lengths in a lens' name, in tenths of a millimetre: `24-105mm`, `50 mm`, `10.0-20.0`.
fn focal_range(name: &str) -> Option<(u32, u32)> {
    let lower = name.to_ascii_lowercase();
    let end = lower.find("mm")?;
    let part = lower.get(..end)?.trim_end();
    let start = part
        .rfind(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-'))
        .map_or(0, |i| {
            i + part
                .get(i..)
                .and_then(|p| p.chars().next())
                .map_or(1, char::len_utf8)
        });
    let mut ends = part.get(start..)?.split('-').map(|n| n.parse::<f64>().ok());
    let first = ends.next()??;
    let last = ends.next().unwrap_or(Some(first))?;
    Some(((first * 10.0) as u32, (last * 10.0) as u32))
}

/// Whether two times are one, give or take two seconds and a whole number of quarter hours up to
/// 14 hours: time zones, and programs that write universal for local time.
fn same_time(a: &Time, b: &Time) -> bool {
    let apart = (a.local_seconds() - b.local_seconds()).abs();
    let rest = apart % 900;
    rest.min(900 - rest) <= 2 && apart <= 14 * 3600 + 2
}

/// How many times the RAW's longer edge the picture's is, or the shorter edges' where that is
/// more.
fn enlargement(raw: (usize, usize), picture: (usize, usize)) -> f64 {
    let edges = |(w, h): (usize, usize)| (w.max(h) as f64, w.min(h) as f64);
    let ((long, short), (wide, high)) = (edges(raw), edges(picture));
    (wide / long.max(1.0)).max(high / short.max(1.0))
}

/// The programs that the picture names, each once.
fn programs(picture: &Metadata) -> Vec<String> {
    let history = picture.edits.iter().map(|e| e.software.clone());
    let named = [picture.software.clone(), picture.creator_tool.clone()];
    let mut programs: Vec<String> = Vec::new();
    for program in named.into_iter().flatten().chain(history) {
        if !program.trim().is_empty() && !programs.contains(&program) {
            programs.push(program);
        }
    }
    programs
}

/// What in the file declares the picture, or parts of it, to be generated.
fn declaration(picture: &Metadata, file: &[u8]) -> Option<String> {
    let programs = programs(picture);
    let generator = programs.iter().find(|program| {
        let program = program.to_lowercase();
        GENERATORS.iter().any(|g| program.contains(g))
    });
    if let Some(program) = generator {
        return Some(format!("made with {program}"));
    }
    // Content Credentials (C2PA) and XMP both spell the kind of source out.
    let (head, tail) = if file.len() <= 2 * SEARCHED {
        (file, &[][..])
    } else {
        let (head, rest) = file.split_at(SEARCHED);
        (head, rest.split_at(rest.len() - SEARCHED).1)
    };
    let kind = GENERATED
        .iter()
        .find(|kind| contains(head, kind) || contains(tail, kind))?;
    Some(format!("digital source type {kind}"))
}

fn contains(bytes: &[u8], text: &str) -> bool {
    // As the last part of its address, so that no longer word that holds it is meant.
    let mut needle = vec![b'/'];
    needle.extend(text.bytes());
    memchr::memmem::find(bytes, &needle).is_some()
}

/// How alike the picture and the thumbnail in its EXIF block are; the picture may be a part of it.
fn thumbnail_likeness(rendition: &Rendition) -> Option<f64> {
    let bytes = rendition.thumbnail.as_deref()?;
    let thumbnail = crate::rendition::read(bytes).ok()?.rgb;
    if thumbnail.width.max(thumbnail.height) < LONG {
        return None;
    }
    let small = |rgb: &crate::raster::Rgb8| Small::of_rgb(rgb.width, rgb.height, &rgb.data);
    let (picture, thumbnail) = (small(&rendition.rgb)?, small(&thumbnail)?);
    let whole = likeness(&picture, &thumbnail, 0.9)?;
    if whole > 0.35 {
        return Some(whole);
    }
    likeness(&picture, &thumbnail, 0.25)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera() -> Metadata {
        Metadata {
            make: Some("Canon".into()),
            model: Some("Canon EOS 30D".into()),
            body_serial: Some("0330240014".into()),
            lens: Some("EF24-105mm f/4L IS USM".into()),
            captured_at: Time::parse("2008:05:30 15:56:01"),
            exposure_time: Some(1.0 / 400.0),
            f_number: Some(5.6),
            iso: Some(640),
            focal_length: Some(50.0),
            ..Metadata::default()
        }
    }

    #[test]
    fn an_export_under_other_spellings_agrees() {
        let export = Metadata {
            make: Some("CANON".into()),
            model: Some("EOS 30D ".into()),
            body_serial: Some("330240014".into()),
            lens: Some("24.0-105.0 mm".into()),
            captured_at: Time::parse("2008:05:30 17:56:00"),
            exposure_time: Some(0.0025),
            ..camera()
        };
        let found = compare(&camera(), &export);
        assert_eq!(found.contradicting, Vec::<&str>::new());
        assert_eq!(found.agreeing.len(), 8);
    }

    #[test]
    fn silence_is_no_offence() {
        let found = compare(&camera(), &Metadata::default());
        assert_eq!((found.agreeing.len(), found.contradicting.len()), (0, 0));
        assert_eq!(found.doubt, 0.0);
    }

    #[test]
    fn another_camera_time_and_exposure_add_up_to_a_refusal() {
        let other = Metadata {
            model: Some("Canon EOS 40D".into()),
            captured_at: Time::parse("2008:05:30 16:03:10"),
            exposure_time: Some(1.0 / 60.0),
            ..camera()
        };
        let found = compare(&camera(), &other);
        assert_eq!(found.contradicting, ["camera", "time", "exposure time"]);
        assert_eq!(found.reasons.len(), 3);
        assert!(found.doubt >= super::super::sensor::REFUSED);
        // None of them alone.
        for one in [MODEL, SERIAL, LENS, TIME, EXPOSURE, ENLARGED, THUMBNAIL] {
            assert!(one < super::super::sensor::REFUSED);
        }
    }

    #[test]
    fn regional_names_are_one_camera() {
        assert!(same_camera(
            "NIKON CORPORATION",
            "NIKON D90",
            "Nikon",
            "D90"
        ));
        assert!(!same_camera(
            "NIKON CORPORATION",
            "NIKON D90",
            "Nikon",
            "D80"
        ));
        let (here, there) = ("Canon EOS 1000D", "Canon EOS DIGITAL REBEL XS");
        assert!(same_camera("Canon", here, "Canon", there));
    }

    #[test]
    fn serials_that_no_one_can_compare_say_nothing() {
        assert_eq!(same_serial("00A1", "0330240014"), None);
        assert_eq!(same_serial("0330240014", "330240014"), Some(true));
        assert_eq!(same_serial("0330240014", "0330240015"), Some(false));
    }

    #[test]
    fn a_declared_source_is_found() {
        let file = b"..http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia..";
        let found = declaration(&Metadata::default(), file).unwrap();
        assert!(found.contains("trainedAlgorithmicMedia"));
        assert_eq!(declaration(&Metadata::default(), b"digitalCapture"), None);
        let made = Metadata {
            software: Some("Midjourney 6".into()),
            ..Metadata::default()
        };
        assert!(declaration(&made, b"").unwrap().contains("Midjourney"));
    }

    #[test]
    fn enlargement_looks_at_both_edges() {
        assert_eq!(enlargement((3000, 2000), (1000, 1500)), 0.5);
        assert_eq!(enlargement((3000, 2000), (2000, 4000)), 4.0 / 3.0);
    }
}
