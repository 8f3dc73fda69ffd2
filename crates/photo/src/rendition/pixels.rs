//! The decoders behind [`super::read_within`].

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use super::colour::{self, Channels, Profile};
use super::{Decoded, jpeg};
use crate::format::Format;
use crate::raster::Rgb8;
use crate::{Error, Limits};

fn unread(e: impl std::fmt::Display) -> Error {
    Error::Rendition(e.to_string())
}

/// Every 64 samples of a component take at least one bit (T.81 § F.1.2), and a picture's largest
/// component has as many samples as the picture has pixels.
const JPEG_PIXELS_PER_BYTE: u64 = 512;

pub(super) fn jpeg(bytes: &[u8], limits: &Limits) -> Result<Decoded, Error> {
    let structure =
        jpeg::parse(bytes).ok_or_else(|| unread("it begins as a JPEG but has no frame header"))?;
    let (width, height) = (u64::from(structure.width), u64::from(structure.height));
    limits.check_picture(width, height)?;
    if width * height / JPEG_PIXELS_PER_BYTE > bytes.len() as u64 {
        return Err(unread(format!(
            "it claims {width} x {height} pixels, more than its {} bytes can hold",
            bytes.len()
        )));
    }
    if !structure.complete {
        return Err(unread(
            "its data end before the end of the picture: the file is cut off",
        ));
    }
    let mut notes = Vec::new();
    if structure.trailing > 0 {
        notes.push(format!(
            "{} bytes follow the end of the picture",
            structure.trailing
        ));
    }
    let (samples, channels) = jpeg_samples(bytes, &structure, true).or_else(|damage| {
        let read = jpeg_samples(bytes, &structure, false)?;
        notes.push(format!("not all of its data follow the standard: {damage}"));
        Ok::<_, Error>(read)
    })?;
    let (data, profile) = colour::to_srgb(samples, channels, structure.icc.as_deref());
    Ok(Decoded {
        rgb: Rgb8 {
            width: width as usize,
            height: height as usize,
            data,
        },
        bits: structure.precision,
        profile,
        exif: structure.exif.clone(),
        xmp: structure.xmp.clone(),
        orientation: None,
        jpeg: Some(structure),
        notes,
    })
}

/// The samples of a JPEG in the channels of its profile.
fn jpeg_samples(
    bytes: &[u8],
    structure: &jpeg::Jpeg,
    strict: bool,
) -> Result<(Vec<u8>, Channels), Error> {
    let (space, channels) = match structure.components.len() {
        1 => (ColorSpace::Luma, Channels::Grey),
        3 => (ColorSpace::RGB, Channels::Rgb),
        // The Adobe segment says whether three of the four are luma and chroma.
        4 if structure.adobe_transform == Some(2) => (ColorSpace::YCCK, Channels::Cmyk),
        4 => (ColorSpace::CMYK, Channels::Cmyk),
        n => return Err(unread(format!("it has {n} colour components"))),
    };
    let side = usize::from(u16::MAX);
    let options = DecoderOptions::default()
        .set_max_width(side)
        .set_max_height(side)
        .set_strict_mode(strict)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let mut samples = decoder.decode().map_err(unread)?;
    let pixels = usize::from(structure.width) * usize::from(structure.height);
    let expected = pixels * structure.components.len();
    if samples.len() != expected {
        return Err(unread("its frame header contradicts its data"));
    }
    if channels == Channels::Cmyk {
        to_ink(&mut samples, structure);
    }
    Ok((samples, channels))
}

/// Four stored components as amounts of ink. Luma and chroma stand for the complement of the three
/// colours; Adobe's files, which all of them are in practice, store the complement of every ink.
fn to_ink(samples: &mut [u8], structure: &jpeg::Jpeg) {
    let luma_and_chroma = structure.adobe_transform == Some(2);
    let inverted = structure.adobe_transform.is_some();
    for ink in samples.chunks_exact_mut(4) {
        if let (true, [y, cb, cr, _]) = (luma_and_chroma, &mut *ink) {
            let luma = f32::from(*y);
            let (blue, red) = (f32::from(*cb) - 128.0, f32::from(*cr) - 128.0);
            let [r, g, b] = [
                luma + 1.402 * red,
                luma - 0.344_136 * blue - 0.714_136 * red,
                luma + 1.772 * blue,
            ]
            .map(|v| v.round().clamp(0.0, 255.0) as u8);
            (*y, *cb, *cr) = (255 - r, 255 - g, 255 - b);
        }
        if inverted {
            ink.iter_mut().for_each(|v| *v = 255 - *v);
        }
    }
}

/// PNG, TIFF and WebP.
pub(super) fn other(bytes: &[u8], format: Format, limits: &Limits) -> Result<Decoded, Error> {
    let kind = match format {
        Format::Png => ImageFormat::Png,
        Format::Tiff => ImageFormat::Tiff,
        _ => ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(limits.side);
    bounds.max_image_height = Some(limits.side);
    // Four channels of 16 bits.
    bounds.max_alloc = Some(limits.picture.saturating_mul(8));
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(unread)?;
    let (width, height) = decoder.dimensions();
    limits.check_picture(width.into(), height.into())?;
    let icc = decoder.icc_profile().ok().flatten();
    let xmp = decoder.xmp_metadata().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let picture = DynamicImage::from_decoder(decoder).map_err(unread)?;
    let colour = picture.color();
    let bits = (colour.bits_per_pixel() / u16::from(colour.channel_count())) as u8;
    let (samples, channels) = flattened(picture);
    let (data, profile) = colour::to_srgb(samples, channels, icc.as_deref());
    Ok(Decoded {
        rgb: Rgb8 {
            width: width as usize,
            height: height as usize,
            data,
        },
        bits,
        profile,
        exif,
        xmp,
        orientation: None,
        jpeg: None,
        notes: Vec::new(),
    })
}

/// 8-bit samples of grey or RGB, transparency laid on white.
fn flattened(picture: DynamicImage) -> (Vec<u8>, Channels) {
    let over_white = |v: u8, alpha: u8| {
        let (v, alpha) = (u32::from(v), u32::from(alpha));
        ((v * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match picture.color().channel_count() {
        1 => (picture.into_luma8().into_raw(), Channels::Grey),
        2 => {
            let grey = picture.into_luma_alpha8();
            let samples = grey.pixels().map(|p| over_white(p.0[0], p.0[1]));
            (samples.collect(), Channels::Grey)
        }
        4 => {
            let colour = picture.into_rgba8();
            let samples = colour.pixels().flat_map(|p| {
                let [r, g, b, a] = p.0;
                [r, g, b].map(|v| over_white(v, a))
            });
            (samples.collect(), Channels::Rgb)
        }
        _ => (picture.into_rgb8().into_raw(), Channels::Rgb),
    }
}

/// HEIC: the crop, rotation and mirroring stand in the container and are applied by the decoder;
/// the EXIF orientation only repeats them.
pub(super) fn heic(bytes: &[u8], limits: &Limits) -> Result<Decoded, Error> {
    let options = heifer::Options {
        max_threads: rayon::current_num_threads(),
        max_pixels: limits.picture,
    };
    let metadata = heifer::read_metadata(bytes).map_err(unread)?;
    let (image, profile) = match heifer::decode_srgb_rgba8(bytes, &options) {
        Ok(image) => (image, Profile::Converted("as the file states it".into())),
        Err(heifer::Error::Unsupported(reason)) => {
            let plain = heifer::decode_rgba8(bytes, &options).map_err(unread)?;
            (plain, Profile::Unusable(reason))
        }
        Err(e) => return Err(unread(e)),
    };
    let (width, height) = (image.width, image.height);
    limits.check_picture(width.into(), height.into())?;
    let bits = image.bit_depth;
    let rgba = image::RgbaImage::from_raw(width, height, image.data)
        .ok_or_else(|| unread("its size contradicts its data"))?;
    let (data, _) = flattened(DynamicImage::ImageRgba8(rgba));
    Ok(Decoded {
        rgb: Rgb8 {
            width: width as usize,
            height: height as usize,
            data,
        },
        bits,
        profile,
        exif: metadata.exif,
        xmp: metadata.xmp,
        orientation: Some(1),
        jpeg: None,
        notes: Vec::new(),
    })
}
