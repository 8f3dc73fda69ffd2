//! `colophon photo calibrate DIR`

use anyhow::{Context as _, ensure};
use colophon_photo::calibration::{self, Manifest};
use serde_json::json;

use super::write;
use crate::cli::PhotoCalibrate;
use crate::terminal::{Answer, one_line, progress, warn};

/// Measures the folder's labelled pairs, fits a calibration on them and reports it.
pub fn run(arguments: &PhotoCalibrate) -> anyhow::Result<Answer> {
    let folder = &arguments.folder;
    let path = folder.join("manifest.json");
    let manifest = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let manifest = Manifest::parse(&manifest)?;
    let data = arguments.data_root.as_ref().unwrap_or(folder);
    let read = |path: &str| {
        let near = folder.join(path);
        std::fs::read(if near.exists() { near } else { data.join(path) })
    };
    let bar = progress(manifest.pairs.len() as u64, "pairs");
    let samples = calibration::survey(&manifest, &read, &|pair, found| {
        bar.inc(1);
        if let Err(error) = found {
            warn(format_args!("{}: {}", one_line(&pair.id), one_line(error)));
        }
    });
    bar.finish_and_clear();
    ensure!(!samples.is_empty(), "none of the pairs could be measured");
    let words = format!("{} pairs of {}", samples.len(), folder.display());
    let fitted = calibration::fit(&samples, env!("CARGO_PKG_VERSION"), &words);
    if let Some(path) = &arguments.out {
        let json = serde_json::to_string_pretty(&fitted.calibration)?;
        write(path, json + "\n")?;
    }
    let report = calibration::markdown(&fitted, &samples);
    if let Some(path) = &arguments.report {
        write(path, &report)?;
    }
    let shown = json!({"pairs": samples.len(), "calibration": fitted.calibration});
    arguments.print.line(&shown, || report)?;
    Ok(Answer::Yes)
}
