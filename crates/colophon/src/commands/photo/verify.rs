//! `colophon photo verify RAW IMAGE`

use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use colophon_photo::exhibits::{self, Exhibits};
use colophon_photo::raster::Rgb8;
use colophon_photo::verdict::{self, Verdict};
use colophon_photo::verificator::Outcome;
use colophon_photo::{Error, report, verify};
use image::{ExtendedColorType, ImageEncoder as _};

use super::{read, write};
use crate::cli::PhotoVerify;
use crate::terminal::{Answer, one_line, warn};

/// Yes for an honest export, no for a refused picture, undecided when it cannot be told.
pub fn run(arguments: &PhotoVerify) -> anyhow::Result<Answer> {
    let (raw, image) = (read(&arguments.raw)?, read(&arguments.image)?);
    let end = Instant::now() + Duration::from_secs(arguments.time_limit);
    let observer = |_| {
        if Instant::now() < end {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let wanted = arguments.report.is_some() || arguments.crop_map.is_some();
    let examined = verify::examine(&raw, &image, &observer, wanted);
    let (verdict, exhibits) = examined.map_err(|error| match error {
        Error::Ended => anyhow::anyhow!("{error}: --time-limit is over"),
        error => error.into(),
    })?;
    if wanted {
        let exhibits = exhibits.context("this RAW file's pixels cannot be shown")?;
        show(arguments, &verdict, &exhibits)?;
    }
    arguments
        .print
        .line(&verdict.to_json(), || describe(arguments, &verdict))?;
    Ok(match verdict.answer {
        verdict::Answer::Honest => Answer::Yes,
        verdict::Answer::Refused => Answer::No,
        verdict::Answer::CannotTell => Answer::Undecided,
    })
}

/// Writes the report and the crop map.
fn show(arguments: &PhotoVerify, verdict: &Verdict, exhibits: &Exhibits) -> anyhow::Result<()> {
    if let Some(path) = &arguments.report {
        let names = (name(&arguments.raw), name(&arguments.image));
        let page = report::page(verdict, exhibits, (&names.0, &names.1))?;
        write(path, page)?;
        warn(format_args!(
            "The report is in {}.",
            one_line(path.display())
        ));
    }
    if let Some(path) = &arguments.crop_map {
        match &verdict.placement {
            Some(placement) => {
                let map = exhibits::crop_map(&exhibits.raw, &placement.transform);
                write(path, png(&map)?)?;
                warn(format_args!(
                    "The crop map is in {}.",
                    one_line(path.display())
                ));
            }
            None => warn("There is no crop map: the picture was not found in the RAW."),
        }
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn png(rgb: &Rgb8) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = (u32::try_from(rgb.width)?, u32::try_from(rgb.height)?);
    image::codecs::png::PngEncoder::new(&mut bytes).write_image(
        &rgb.data,
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    Ok(bytes.into_inner())
}

/// The verdict for people.
fn describe(arguments: &PhotoVerify, verdict: &Verdict) -> String {
    let mut lines = vec![format!(
        "{} against {}",
        one_line(arguments.image.display()),
        one_line(arguments.raw.display())
    )];
    for finding in &verdict.findings {
        let mark = match finding.outcome {
            Outcome::Passed => "✓",
            Outcome::Failed => "✗",
            Outcome::CannotTell => "?",
            Outcome::NotApplicable => "–",
        };
        let words = finding.words().join(" ");
        let name = finding.check.name();
        lines.push(format!("  {mark} {name:<10} {}", one_line(words)));
    }
    if let Some(placement) = &verdict.placement {
        let mut words = placement.transform.words();
        if let Some(tone) = placement.tone {
            words.push(format!("exposed {:+.1} EV", tone.exposure));
        }
        lines.push(String::new());
        lines.push(match words.as_slice() {
            [] => "The picture shows the whole RAW as it is.".to_owned(),
            words => format!("The RAW was {}.", words.join("; ")),
        });
    }
    lines.push(String::new());
    // No evidence is surer than this.
    let confidence = (verdict.confidence() * 100.0).min(99.0);
    lines.push(match verdict.answer {
        verdict::Answer::CannotTell => verdict.answer.sentence().to_owned(),
        answer => format!("{} ({confidence:.0} % sure)", answer.sentence()),
    });
    lines.join("\n")
}
