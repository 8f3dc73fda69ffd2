//! `colophon photo develop RAW OUT`

use std::io::Cursor;
use std::path::Path;

use anyhow::{Context as _, bail};
use colophon_photo::{develop, raw};
use image::{DynamicImage, ImageBuffer, ImageFormat};
use serde_json::json;

use super::{read, write};
use crate::terminal::{Answer, Print, one_line};

/// Writes the whole RAW frame as a picture; what kind is chosen by the name's ending.
pub fn run(raw: &Path, out: &Path, print: Print) -> anyhow::Result<Answer> {
    let ending = out.extension().unwrap_or_default().to_string_lossy();
    let format = match ending.to_lowercase().as_str() {
        "png" => ImageFormat::Png,
        "tif" | "tiff" => ImageFormat::Tiff,
        "jpg" | "jpeg" => ImageFormat::Jpeg,
        _ => bail!("{}: its name must end in .png, .tif or .jpg", out.display()),
    };
    let raw = raw::read(&read(raw)?)?;
    let picture = develop::picture(&raw).context("this kind of sensor cannot be developed")?;
    let (width, height) = (picture.width, picture.height);
    let (w, h) = (u32::try_from(width)?, u32::try_from(height)?);
    let picture = match format {
        ImageFormat::Jpeg => {
            ImageBuffer::from_raw(w, h, picture.to_rgb8().data).map(DynamicImage::ImageRgb8)
        }
        _ => ImageBuffer::from_raw(w, h, picture.data).map(DynamicImage::ImageRgb16),
    };
    let mut bytes = Cursor::new(Vec::new());
    picture
        .context("the developed picture has the wrong size")?
        .write_to(&mut bytes, format)?;
    write(out, bytes.into_inner())?;
    let shown = json!({"out": out.to_string_lossy(), "width": width, "height": height});
    print.line(&shown, || {
        format!("{}: {width} × {height} pixels", one_line(out.display()))
    })?;
    Ok(Answer::Yes)
}
