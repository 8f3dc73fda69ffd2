//! Making an avatar of any picture: nothing of the file survives but what is to be seen.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, Rgb, RgbImage, RgbaImage,
};

use crate::{Error, Result};

/// Width and height of the result.
const SIDE: u32 = 512;
/// The largest picture that is decoded.
const PIXELS: u64 = 40_000_000;
/// What decoding may take: the largest picture in 16-bit RGBA. Making it small takes up to 52 MB
/// more, when it is a square: 512 lines of 6,324 pixels of 16 bytes.
const MEMORY: u64 = PIXELS * 8;
/// JPEG quality of the result.
const QUALITY: u8 = 85;

fn refused(why: &str) -> Error {
    Error::invalid("file", why)
}

fn malformed() -> Error {
    refused("is damaged or cut off")
}

/// A square of 512 × 512 pixels from the middle of a JPEG, PNG or WebP file, upright as its EXIF
/// orientation says, on white where it is transparent, as a JPEG without metadata.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `file`: another format, more than 40 megapixels, an animation,
/// anything after the picture's end, damage.
pub(super) fn picture(bytes: &[u8]) -> Result<Vec<u8>> {
    let format = match bytes {
        [0xff, 0xd8, 0xff, ..] => jpeg::check(bytes).map(|()| ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', rest @ ..] => {
            png::check(rest).map(|()| ImageFormat::Png)
        }
        [
            b'R',
            b'I',
            b'F',
            b'F',
            a,
            b,
            c,
            d,
            b'W',
            b'E',
            b'B',
            b'P',
            rest @ ..,
        ] => webp::check(u32::from_le_bytes([*a, *b, *c, *d]), rest).map(|()| ImageFormat::WebP),
        _ => Err(refused("must be a JPEG, PNG or WebP picture")),
    }?;
    let (seen, orientation) = decode(bytes, format)?;
    let mut square = DynamicImage::from(middle(&seen));
    drop(seen);
    square.apply_orientation(orientation);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY)
        .encode_image(&on_white(&square))
        .map_err(Error::internal)?;
    Ok(jpeg)
}

fn decode(bytes: &[u8], format: ImageFormat) -> Result<(DynamicImage, Orientation)> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| malformed())?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(malformed());
    }
    if u64::from(width) * u64::from(height) > PIXELS {
        return Err(refused("must have at most 40 megapixels"));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let seen = DynamicImage::from_decoder(decoder).map_err(|_| malformed())?;
    Ok((seen, orientation))
}

/// Reads out of the picture as it is: a copy of it, or of its middle, may take as much again.
fn middle(seen: &DynamicImage) -> RgbaImage {
    let (width, height) = (seen.width(), seen.height());
    let side = width.min(height);
    let square = imageops::crop_imm(seen, (width - side) / 2, (height - side) / 2, side, side);
    imageops::resize(&*square, SIDE, SIDE, FilterType::Lanczos3)
}

/// JPEG has no transparency.
fn on_white(seen: &DynamicImage) -> RgbImage {
    let seen = seen.to_rgba8();
    let mut opaque = RgbImage::new(seen.width(), seen.height());
    for (to, from) in opaque.pixels_mut().zip(seen.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let over = |colour: u8| {
            let alpha = u16::from(alpha);
            let mixed = (u16::from(colour) * alpha + 255 * (255 - alpha)) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        *to = Rgb([over(red), over(green), over(blue)]);
    }
    opaque
}

fn trailing() -> Error {
    refused("must end where the picture ends; this one has other data behind it")
}

fn animated() -> Error {
    refused("must not be animated")
}

/// Where a JPEG ends (ITU-T T.81 annex B).
mod jpeg {
    use super::{Result, malformed, trailing};

    /// Whether the file is one JPEG, or several that the first one announces: cameras put previews
    /// and gain maps behind the picture (CIPA DC-007, "MPF").
    pub(super) fn check(bytes: &[u8]) -> Result<()> {
        let (mut rest, announced) = after(bytes)?;
        while !rest.is_empty() {
            if !announced || !rest.starts_with(&[0xff, 0xd8]) {
                return Err(trailing());
            }
            (rest, _) = after(rest)?;
        }
        Ok(())
    }

    /// What follows the first picture, and whether it announces others.
    fn after(bytes: &[u8]) -> Result<(&[u8], bool)> {
        let mut rest = bytes.get(2..).ok_or_else(malformed)?;
        let mut announces = false;
        loop {
            match rest {
                // Fill bytes before a marker.
                [0xff, 0xff, ..] => rest = rest.get(1..).unwrap_or_default(),
                [0xff, 0xd9, rest @ ..] => return Ok((rest, announces)),
                [0xff, 0x01 | 0xd0..=0xd7, after @ ..] => rest = after,
                [0xff, marker, high, low, ..] => {
                    let length = usize::from(u16::from_be_bytes([*high, *low]));
                    let body = rest.get(4..2 + length).ok_or_else(malformed)?;
                    announces |= *marker == 0xe2 && body.starts_with(b"MPF\0");
                    rest = rest.get(2 + length..).unwrap_or_default();
                    if *marker == 0xda {
                        rest = after_scan(rest)?;
                    }
                }
                _ => return Err(malformed()),
            }
        }
    }

    /// Entropy-coded data has no marker but restarts; its own `ff` bytes are followed by `00`.
    fn after_scan(bytes: &[u8]) -> Result<&[u8]> {
        let end = bytes
            .windows(2)
            .position(|pair| matches!(pair, [0xff, next] if !matches!(next, 0 | 0xd0..=0xd7)))
            .ok_or_else(malformed)?;
        bytes.get(end..).ok_or_else(malformed)
    }
}

/// Where a PNG ends (W3C PNG 3, §5).
mod png {
    use super::{Result, animated, malformed, trailing};

    /// Whether there are chunks of one still picture after the signature, and nothing else.
    pub(super) fn check(mut rest: &[u8]) -> Result<()> {
        loop {
            let (head, body) = rest.split_at_checked(8).ok_or_else(malformed)?;
            let [a, b, c, d, kind @ ..] = head else {
                return Err(malformed());
            };
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            let length = usize::try_from(length).map_err(|_| malformed())?;
            // With the checksum behind it.
            let after = length.checked_add(4).and_then(|end| body.get(end..));
            rest = after.ok_or_else(malformed)?;
            match kind {
                b"acTL" => return Err(animated()),
                b"IEND" if rest.is_empty() => return Ok(()),
                b"IEND" => return Err(trailing()),
                _ => {}
            }
        }
    }
}

/// Where a WebP file ends (RFC 9649 §2).
mod webp {
    use super::{Result, animated, malformed, trailing};

    /// Whether the file has the length that it says, and chunks of one still picture.
    pub(super) fn check(says: u32, mut rest: &[u8]) -> Result<()> {
        let length = usize::try_from(says).map_err(|_| malformed())?;
        // It counts the four letters `WEBP`.
        match length.checked_sub(4).ok_or_else(malformed)? {
            length if length < rest.len() => return Err(trailing()),
            length if length > rest.len() => return Err(malformed()),
            _ => {}
        }
        while !rest.is_empty() {
            let (head, body) = rest.split_at_checked(8).ok_or_else(malformed)?;
            let [kind @ .., a, b, c, d] = head else {
                return Err(malformed());
            };
            if matches!(kind, b"ANIM" | b"ANMF") {
                return Err(animated());
            }
            let length = u32::from_le_bytes([*a, *b, *c, *d]);
            let length = usize::try_from(length).map_err(|_| malformed())?;
            let padded = length.checked_add(length % 2).ok_or_else(malformed)?;
            rest = body.get(padded..).ok_or_else(malformed)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgba};

    use super::*;

    /// Red on the left, blue on the right.
    fn sample(width: u32, height: u32) -> DynamicImage {
        ImageBuffer::from_fn(width, height, |x, _| {
            if x < width / 2 {
                Rgba([255u8, 0, 0, 255])
            } else {
                Rgba([0, 0, 255, 255])
            }
        })
        .into()
    }

    fn file(format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let sample = sample(900, 600);
        match format {
            ImageFormat::Jpeg => DynamicImage::from(sample.to_rgb8()),
            _ => sample,
        }
        .write_to(&mut bytes, format)
        .unwrap();
        bytes.into_inner()
    }

    fn pixel(avatar: &[u8], x: u32, y: u32) -> [u8; 3] {
        let seen = image::load_from_memory_with_format(avatar, ImageFormat::Jpeg).unwrap();
        assert_eq!((seen.width(), seen.height()), (512, 512));
        seen.to_rgb8().get_pixel(x, y).0
    }

    fn is_red([red, _, blue]: [u8; 3]) -> bool {
        red > 200 && blue < 60
    }

    fn message(bytes: &[u8]) -> String {
        picture(bytes).unwrap_err().detail
    }

    const FORMATS: [ImageFormat; 3] = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];

    #[test]
    fn a_picture_of_each_format_becomes_a_square_jpeg() {
        for format in FORMATS {
            let avatar = picture(&file(format)).unwrap();
            assert!(is_red(pixel(&avatar, 10, 256)), "{format:?}");
            assert!(!is_red(pixel(&avatar, 500, 256)), "{format:?}");
        }
    }

    #[test]
    fn data_behind_the_picture_and_damage_are_refused() {
        for format in FORMATS {
            let whole = file(format);
            let polyglot = [whole.as_slice(), b"PK\x03\x04 and more"].concat();
            assert!(message(&polyglot).contains("behind"), "{format:?}");
            assert!(picture(&whole[..whole.len() / 2]).is_err(), "{format:?}");
        }
        for other in [b"GIF89a".as_slice(), b"<svg/>", b"", b"\xff\xd8\xff"] {
            assert!(picture(other).is_err());
        }
    }

    #[test]
    fn metadata_is_gone_and_the_orientation_is_honoured() {
        // EXIF: little-endian TIFF with one entry, orientation 6 (turn clockwise).
        let tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let exif = [b"Exif\0\0".as_slice(), tiff].concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let plain = file(ImageFormat::Jpeg);
        let turned = [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat();
        let avatar = picture(&turned).unwrap();
        assert!(is_red(pixel(&avatar, 256, 10)));
        assert!(!is_red(pixel(&avatar, 256, 500)));
        assert!(!avatar.windows(4).any(|four| four == b"Exif"));
    }

    #[test]
    fn animations_and_too_many_pixels_are_refused() {
        let png = file(ImageFormat::Png);
        let control = [b"\0\0\0\x08acTL".as_slice(), &[0; 12]].concat();
        let moving = [&png[..33], &control, &png[33..]].concat();
        assert!(message(&moving).contains("animated"));

        let webp = [b"ANIM\x06\0\0\0".as_slice(), &[0; 6]].concat();
        let length = u32::try_from(webp.len() + 4).unwrap().to_le_bytes();
        let moving = [b"RIFF".as_slice(), &length, b"WEBP", &webp].concat();
        assert!(message(&moving).contains("animated"));

        let mut large = png;
        large[16..20].copy_from_slice(&8_000u32.to_be_bytes());
        large[20..24].copy_from_slice(&8_000u32.to_be_bytes());
        let sum = crc32fast::hash(&large[12..29]).to_be_bytes();
        large[29..33].copy_from_slice(&sum);
        assert!(message(&large).contains("megapixels"));
    }
}
