//! The report: one page of HTML that holds everything it shows, asks nothing of any network and
//! runs no code.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use serde_json::{Map, Value};

use crate::exhibits::{self, Exhibits};
use crate::raster::Rgb8;
use crate::response::VERSION;
use crate::transform::Transform;
use crate::verdict::{Answer, ToneShift, Verdict};
use crate::verificator::{Finding, Outcome};

/// Quality of the page's pictures.
const QUALITY: u8 = 78;

/// The page about a verdict. `names` are the two files' names, as the reader knows them.
///
/// # Errors
/// When a picture has more pixels than a JPEG can hold, which exhibits never have.
pub fn page(
    verdict: &Verdict,
    exhibits: &Exhibits,
    names: (&str, &str),
) -> Result<String, askama::Error> {
    let transform = verdict.placement.as_ref().map(|p| &p.transform);
    let overlay = exhibits.overlay.as_ref();
    let page = Page {
        verdict,
        names,
        state: state(verdict.answer),
        certainty: certainty(verdict),
        version: VERSION,
        picture: data_uri(&exhibits.picture)?,
        raw: match transform {
            Some(t) => data_uri(&exhibits::crop_map(&exhibits.raw, t))?,
            None => data_uri(&exhibits.raw)?,
        },
        overlay: match overlay {
            Some(o) => Some(Layers {
                width: o.picture.width,
                height: o.picture.height,
                picture: data_uri(&o.picture)?,
                expected: data_uri(&o.expected)?,
                difference: data_uri(&o.difference)?,
                regions: regions(verdict),
            }),
            None => None,
        },
        curves: overlay.map(|o| Plot::of(&o.curves)),
        checks: verdict.findings.iter().map(Row::of).collect(),
        transform,
        tone: verdict.placement.as_ref().and_then(|p| p.tone),
        said: said(&verdict.raw.metadata, &verdict.image.metadata),
    };
    page.render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    verdict: &'a Verdict,
    names: (&'a str, &'a str),
    state: &'static str,
    certainty: String,
    version: &'static str,
    picture: String,
    raw: String,
    overlay: Option<Layers>,
    curves: Option<Plot>,
    checks: Vec<Row<'a>>,
    transform: Option<&'a Transform>,
    tone: Option<ToneShift>,
    said: Vec<Said>,
}

struct Layers {
    width: usize,
    height: usize,
    picture: String,
    expected: String,
    difference: String,
    regions: Vec<Region>,
}

/// A place in the picture that a check points at, in hundredths of its width and height.
struct Region {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

struct Row<'a> {
    finding: &'a Finding,
    state: &'static str,
    word: &'static str,
    words: Vec<&'a str>,
    values: Vec<(String, String)>,
    /// The calibration's rules that weighed them, in words.
    rules: Vec<String>,
}

impl<'a> Row<'a> {
    fn of(finding: &'a Finding) -> Self {
        let (state, word) = match finding.outcome {
            Outcome::Passed => ("good", "passed"),
            Outcome::Failed => ("bad", "failed"),
            Outcome::CannotTell => ("unsure", "cannot tell"),
            Outcome::NotApplicable => ("none", "not applicable"),
        };
        let values = finding.values.iter();
        Self {
            finding,
            state,
            word,
            words: finding.words(),
            values: values
                .map(|(name, value)| (name.replace('_', " "), figure(*value)))
                .collect(),
            rules: finding
                .details
                .get("rules")
                .and_then(Value::as_array)
                .map(|rules| rules.iter().filter_map(rule).collect())
                .unwrap_or_default(),
        }
    }
}

/// A rule's score and points ([`crate::calibration::Calibration::judge`]) in words.
fn rule(told: &Value) -> Option<String> {
    let number = |name: &str| told.get(name).and_then(Value::as_f64);
    let accuses = number("accuses_below").map_or_else(
        || "it only informs".to_owned(),
        |point| format!("it accuses below {point:.2}"),
    );
    Some(format!(
        "“{}” scores {:.2}: {accuses} and passes from {:.2}.",
        told.get("rule")?.as_str()?,
        number("score")?,
        number("passes_from")?,
    ))
}

/// One thing that a file says about itself.
struct Said {
    name: String,
    raw: String,
    image: String,
    differs: bool,
}

/// The tone curves as SVG paths on a field of 360 × 240: 12 EV across, 0 to 1 up.
struct Plot {
    red: String,
    green: String,
    blue: String,
}

impl Plot {
    fn of(curves: &[Vec<(f32, f32)>; 3]) -> Self {
        let [red, green, blue] = curves;
        let path = |points: &Vec<(f32, f32)>| {
            let mut d = String::new();
            for (i, (ev, value)) in points.iter().enumerate() {
                let (x, y) = (360.0 + ev * 30.0, 240.0 - value * 240.0);
                d.push_str(&format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" }));
            }
            d
        };
        Self {
            red: path(red),
            green: path(green),
            blue: path(blue),
        }
    }
}

fn state(answer: Answer) -> &'static str {
    match answer {
        Answer::Honest => "good",
        Answer::Refused => "bad",
        Answer::CannotTell => "unsure",
    }
}

/// How sure the answer is, in words and a number.
fn certainty(verdict: &Verdict) -> String {
    let percent = verdict.confidence() * 100.0;
    match verdict.answer {
        Answer::CannotTell => format!(
            "The evidence is weak: an honest export is {percent:.0} % probable by it, and 50 % \
             would be knowing nothing."
        ),
        _ if percent >= 99.0 => "The evidence is more than 99 % sure of it.".to_owned(),
        _ => format!("The evidence is {percent:.0} % sure of it."),
    }
}

/// The places that failed checks point at, in the order of the checks.
fn regions(verdict: &Verdict) -> Vec<Region> {
    let (width, height) = verdict.image.size;
    let failed = verdict
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Failed);
    let named = failed.flat_map(|f| {
        let listed = f.details.get("regions").and_then(Value::as_array);
        listed.into_iter().flatten()
    });
    let number = |region: &Value, name: &str| region.get(name).and_then(Value::as_f64);
    let share = |v: f64, of: usize| (v * 100.0 / of.max(1) as f64).clamp(0.0, 100.0);
    named
        .filter_map(|region| {
            Some((
                share(number(region, "left")?, width),
                share(number(region, "top")?, height),
                share(number(region, "width")?, width),
                share(number(region, "height")?, height),
            ))
        })
        .take(12)
        .map(|(left, top, width, height)| Region {
            left,
            top,
            width,
            height,
        })
        .collect()
}

/// Both files' statements side by side: those that both make first.
fn said(raw: &Map<String, Value>, image: &Map<String, Value>) -> Vec<Said> {
    let mut names: Vec<&String> = raw.keys().chain(image.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut rows: Vec<Said> = names
        .into_iter()
        .map(|name| {
            let (r, i) = (raw.get(name).map(words), image.get(name).map(words));
            Said {
                name: name.replace('_', " "),
                differs: matches!((&r, &i), (Some(r), Some(i)) if r != i) && comparable(name),
                raw: r.unwrap_or_default(),
                image: i.unwrap_or_default(),
            }
        })
        .filter(|row| !row.raw.is_empty() || !row.image.is_empty())
        .collect();
    rows.sort_by_key(|row| row.raw.is_empty() || row.image.is_empty());
    rows
}

/// Whether an export says the same as its RAW under this name.
fn comparable(name: &str) -> bool {
    matches!(
        name,
        "make"
            | "model"
            | "body_serial"
            | "lens"
            | "lens_serial"
            | "captured_at"
            | "exposure_time"
            | "f_number"
            | "iso"
            | "focal_length"
    )
}

fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(n) => n.as_f64().map_or(n.to_string(), figure),
        Value::Array(list) => list.iter().map(words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A number with as many digits as help a reader.
fn figure(value: f64) -> String {
    let size = value.abs();
    let digits = match size {
        _ if value == value.round() && size < 1e9 => 0,
        s if s >= 100.0 => 1,
        s if s >= 1.0 => 2,
        s if s >= 0.001 => 4,
        _ => return format!("{value:.2e}"),
    };
    format!("{value:.digits$}")
}

fn data_uri(rgb: &Rgb8) -> Result<String, askama::Error> {
    let mut jpeg = Vec::new();
    let (width, height) = (rgb.width as u32, rgb.height as u32);
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode(&rgb.data, width, height, ExtendedColorType::Rgb8)
        .map_err(askama::Error::custom)?;
    Ok(format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_help() {
        let shown = [0.0, 12.0, 1234.56, 2.34567, 0.01234, 0.000_012_3].map(figure);
        assert_eq!(shown, ["0", "12", "1234.6", "2.35", "0.0123", "1.23e-5"]);
    }

    #[test]
    fn what_both_files_say_differently_is_marked() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let raw = object(serde_json::json!({"make": "A", "iso": 100, "width": 10, "artist": "X"}));
        let image = object(serde_json::json!({"make": "B", "iso": 100, "width": 5, "gps": true}));
        let rows = said(&raw, &image);
        let marked: Vec<&str> = rows
            .iter()
            .filter(|r| r.differs)
            .map(|r| r.name.as_str())
            .collect();
        assert_eq!(marked, ["make"], "an export may have another size");
        let both: Vec<&str> = rows.iter().take(3).map(|r| r.name.as_str()).collect();
        assert_eq!(both, ["iso", "make", "width"], "what both say comes first");
    }

    #[test]
    fn a_curve_runs_from_the_dark_to_white() {
        let plot = Plot::of(&[vec![(-12.0, 0.0), (0.0, 1.0)], Vec::new(), Vec::new()]);
        assert_eq!(plot.red, "M0.0 240.0L360.0 0.0");
        assert!(plot.green.is_empty());
    }
}
