//! What must hold for any bytes whatever that are given to the photo engine as a file: no panic,
//! and what is accepted keeps to the limits.

use colophon_photo::format::Format;
use colophon_photo::metadata::Metadata;
use colophon_photo::metadata::xmp::Packet;
use colophon_photo::rendition::jpeg;
use colophon_photo::tiff::{self, Directories};
use colophon_photo::{Limits, develop, raw, rendition};

/// Small enough that the largest allowed picture takes no time.
pub const LIMITS: Limits = Limits {
    file: 1 << 20,
    raw: 1 << 18,
    picture: 1 << 18,
    side: 1 << 14,
};

/// A file given as RAW.
pub fn raw(data: &[u8]) {
    let Ok(raw) = raw::read_within(data, &LIMITS) else {
        return;
    };
    let (left, top, width, height) = raw.visible;
    let frame = (raw.frame.width as usize, raw.frame.height as usize);
    assert!(left + width <= frame.0 && top + height <= frame.1);
    assert!(width >= 2 && height >= 2);
    assert!(frame.0 as u64 * frame.1 as u64 <= LIMITS.raw);
    let samples = frame.0 * frame.1 * raw.frame.cpp as usize;
    assert_eq!(raw.frame.data.len(), samples);
    if let Some(half) = develop::half_size(&raw) {
        for plane in &half.planes {
            assert_eq!(plane.data.len(), plane.width * plane.height);
            assert!(plane.data.iter().all(|v| v.is_finite()));
        }
    }
}

/// A file given as the picture.
pub fn rendition(data: &[u8]) {
    let Ok(picture) = rendition::read_within(data, &LIMITS) else {
        return;
    };
    let pixels = picture.rgb.width * picture.rgb.height;
    assert!(pixels as u64 <= LIMITS.picture);
    assert_eq!(picture.rgb.data.len(), pixels * 3);
    assert!((1..=8).contains(&picture.orientation));
}

/// Everything that is read without decoding pixels.
pub fn metadata(data: &[u8]) {
    let _ = Format::of(data);
    let directories = Directories::read(data);
    let found = Metadata::read(directories.as_slice(), Some(data));
    for text in [&found.make, &found.software, &found.creator_tool] {
        assert!(
            text.as_ref()
                .is_none_or(|t| t.chars().count() <= tiff::TEXT)
        );
    }
    for number in [found.exposure_time, found.f_number, found.exposure_bias] {
        assert!(number.is_none_or(f64::is_finite));
    }
    let json = serde_json::Value::Object(found.to_json());
    assert!(json.to_string().parse::<serde_json::Value>().is_ok());
    let _ = Packet::read(data);
    let _ = jpeg::parse(data);
    let _ = jpeg::exif_block(data);
    let _ = raw::describe(data, &LIMITS);
}
