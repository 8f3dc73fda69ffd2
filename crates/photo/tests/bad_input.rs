//! Files that are damaged, absurd, or not what they are given as: a typed error or an honest
//! reading, within the limits. The seeds are the small synthetic files of the fuzzing corpus.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use colophon_photo::format::Format;
use colophon_photo::raw::Raw;
use colophon_photo::rendition::Rendition;
use colophon_photo::verify::verify;
use colophon_photo::{Error, Limits, raw, rendition};

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name)
}

fn seed(name: &str) -> Vec<u8> {
    std::fs::read(corpus(name)).unwrap()
}

fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(corpus(folder)).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let named = |name: String| {
        let bytes = seed(&format!("{folder}/{name}"));
        (name, bytes)
    };
    names.into_iter().map(named).collect()
}

const DNG: &str = "photo_raw/uncompressed.dng";
const JPEG: &str = "photo_rendition/baseline_420.jpg";

/// Where the entries of a tag are in a little-endian TIFF, by their twelve bytes' start.
fn entries(bytes: &[u8], tag: u16) -> Vec<usize> {
    let starts = (8..bytes.len() - 12).step_by(2);
    let matching = starts.filter(|&at| {
        bytes[at..at + 2] == tag.to_le_bytes() && matches!(bytes[at + 2..at + 4], [1..=13, 0])
    });
    matching.collect()
}

/// A seed with every entry of `tag` set to one 32-bit value.
fn with_tag(mut bytes: Vec<u8>, tag: u16, value: u32) -> Vec<u8> {
    let places = entries(&bytes, tag);
    assert!(!places.is_empty(), "no tag {tag:04x}");
    for at in places {
        bytes[at + 2..at + 4].copy_from_slice(&4_u16.to_le_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&1_u32.to_le_bytes());
        bytes[at + 8..at + 12].copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

fn raw_error(bytes: &[u8]) -> String {
    match raw::read(bytes) {
        Err(e) => e.to_string(),
        Ok(raw) => panic!("read as {:?}", raw.size()),
    }
}

fn picture_error(bytes: &[u8]) -> String {
    match rendition::read(bytes) {
        Err(e) => e.to_string(),
        Ok(picture) => panic!("read as {:?}", picture.stored),
    }
}

#[test]
fn a_truncated_raw_is_an_error_that_says_so() {
    for name in [
        "uncompressed.dng",
        "lossless_jpeg.dng",
        "fujifilm_xtrans.raf",
    ] {
        let whole = seed(&format!("photo_raw/{name}"));
        // The samples are not the last thing in every file.
        let end = if name.ends_with("raf") { 0 } else { 800 };
        let cut = &whole[..whole.len() - end - 100];
        let error = raw_error(cut);
        assert!(
            error.contains("truncated") || error.contains("corrupt"),
            "{name}: {error}"
        );
        for length in (0..whole.len() - end - 100).step_by(37) {
            raw_error(&whole[..length]);
        }
    }
    assert!(
        raw_error(&seed(DNG)[..4000]).contains("Synthetic One"),
        "it names the camera"
    );
}

#[test]
fn a_truncated_picture_is_an_error_that_says_so() {
    let whole = seed(JPEG);
    assert!(picture_error(&whole[..whole.len() - 20]).contains("cut off"));
    for (name, whole) in seeds("photo_rendition") {
        if name.starts_with("polyglot") || name.ends_with(".tif") {
            continue;
        }
        for length in (0..whole.len() * 9 / 10).step_by(13) {
            assert!(
                rendition::read(&whole[..length]).is_err(),
                "{name} {length}"
            );
        }
    }
}

#[test]
fn a_polyglot_is_read_as_the_picture_it_begins_with_and_noted() {
    let picture = rendition::read(&seed("photo_rendition/polyglot_zip.jpg")).unwrap();
    assert_eq!(picture.jpeg.unwrap().trailing, 22);
    assert_eq!(picture.notes, ["22 bytes follow the end of the picture"]);
}

#[test]
fn one_pixel_and_a_line_of_pixels() {
    for name in ["one.jpg", "one.png"] {
        let picture = rendition::read(&seed(&format!("photo_rendition/{name}"))).unwrap();
        assert_eq!((picture.rgb.width, picture.rgb.height), (1, 1));
    }
    for (width, height) in [(1_u16, 65_500_u16), (65_500, 1)] {
        let mut jpeg = Vec::new();
        let pixels = vec![100; usize::from(width) * usize::from(height) * 3];
        jpeg_encoder::Encoder::new(&mut jpeg, 80)
            .encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        let picture = rendition::read(&jpeg).unwrap();
        assert_eq!(picture.stored, (width.into(), height.into()));
        // An error or a verdict, but an answer.
        drop(verify(&seed(DNG), &jpeg, &|_| ControlFlow::Continue(())));
    }
    let narrow = with_tag(with_tag(seed(DNG), 0x0100, 1), 0xC68D, 0);
    assert!(raw::read(&narrow).is_err());
}

#[test]
fn a_claim_of_300_megapixels_is_refused_at_once() {
    let start = Instant::now();
    let claim = |width, height| with_tag(with_tag(seed(DNG), 0x0100, width), 0x0101, height);
    for bytes in [
        claim(20_000, 15_000),
        claim(u32::MAX, u32::MAX),
        claim(1, 1 << 20),
    ] {
        raw_error(&bytes);
    }
    // Within the limit, but more than so few bytes can hold.
    assert!(raw_error(&claim(16_000, 12_000)).contains("can hold"));

    let mut jpeg = seed(JPEG);
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x3A, 0x98, 0x4E, 0x20]);
    assert!(matches!(
        rendition::read(&jpeg),
        Err(Error::TooLarge {
            width: 20_000,
            height: 15_000,
            ..
        })
    ));
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x2E, 0xE0, 0x3E, 0x80]);
    assert!(picture_error(&jpeg).contains("can hold"));

    let mut png = seed("photo_rendition/rgb8.png");
    png[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x3A, 0x98]);
    let check = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&check.to_be_bytes());
    assert!(matches!(rendition::read(&png), Err(Error::TooLarge { .. })));

    let tiff = with_tag(
        with_tag(seed("photo_rendition/raw.tif"), 0x0100, 20_000),
        0x0101,
        15_000,
    );
    picture_error(&tiff);
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// The checksum of PNG's chunks (ISO/IEC 15948 annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

#[test]
fn a_file_longer_than_allowed_is_not_looked_at() {
    let limits = Limits {
        file: 100,
        ..Limits::default()
    };
    assert!(matches!(
        raw::read_within(&seed(DNG), &limits),
        Err(Error::FileTooLarge { limit: 100, .. })
    ));
    assert!(matches!(
        rendition::read_within(&seed(JPEG), &limits),
        Err(Error::FileTooLarge { limit: 100, .. })
    ));
}

#[test]
fn cyclic_directories_end() {
    // A sub-directory and the EXIF directory that are the main one, a chain that returns.
    for (tag, to) in [(0x014A, 8), (0x8769, 8), (0x8825, 8)] {
        let bytes = with_tag(seed(DNG), tag, to);
        if let Ok(raw) = raw::read(&bytes) {
            let faults = &raw.container.faults;
            assert!(
                faults.contains(&"a directory is referred to twice"),
                "{faults:?}"
            );
        }
    }
    let mut bytes = seed(DNG);
    let count = usize::from(bytes[8]) + usize::from(bytes[9]) * 256;
    bytes[10 + count * 12..14 + count * 12].copy_from_slice(&8_u32.to_le_bytes());
    let raw = raw::read(&bytes).unwrap();
    assert_eq!(raw.container.faults, ["a directory is referred to twice"]);
}

#[test]
fn absurd_tags_are_an_error_or_a_usable_frame() {
    // Levels, areas, pattern, bits, samples a pixel, strips, compression, white balance.
    const TAGS: [u16; 15] = [
        0x0102, 0x0103, 0x0106, 0x0111, 0x0115, 0x0116, 0x0117, 0x011C, 0x0112, 0x828D, 0xC61A,
        0xC61D, 0xC621, 0xC628, 0xC68D,
    ];
    for tag in TAGS {
        for value in [0, 1, 2, 3, 77, 65_535, 65_536, i32::MAX as u32, u32::MAX] {
            let Ok(raw) = raw::read(&with_tag(seed(DNG), tag, value)) else {
                continue;
            };
            if let Some(half) = colophon_photo::develop::half_size(&raw) {
                let finite = half
                    .planes
                    .iter()
                    .flat_map(|p| &p.data)
                    .all(|v| v.is_finite());
                assert!(finite, "tag {tag:04x} = {value}");
            }
        }
    }
}

#[test]
fn what_a_file_is_stands_in_it() {
    let formats = [
        ("photo_rendition/baseline_420.jpg", Format::Jpeg),
        ("photo_rendition/rgb8.png", Format::Png),
        ("photo_rendition/raw.tif", Format::Tiff),
        ("photo_rendition/lossy.webp", Format::Webp),
        (DNG, Format::Unknown),
    ];
    for (name, format) in formats {
        assert_eq!(Format::of(&seed(name)), format, "{name}");
    }
    for bytes in [
        &b""[..],
        b"\xFF",
        b"text",
        b"PK\x03\x04 an archive of some kind",
    ] {
        assert!(picture_error(bytes).contains("none of JPEG"));
        raw_error(bytes);
    }
    let avif = b"\0\0\0\x1Cftypavif\0\0\0\0avifmif1miaf";
    assert!(picture_error(avif).contains("AVIF"));
    // Files that LibRaw and others guess by their length alone are not guessed.
    assert!(raw_error(&vec![7; 2_247_168]).contains("no header"));
}

#[test]
fn raw_and_picture_swapped() {
    for (name, bytes) in seeds("photo_raw") {
        assert!(
            matches!(rendition::read(&bytes), Err(Error::RawAsPicture(_))),
            "{name}"
        );
    }
    for (name, bytes) in seeds("photo_rendition") {
        assert!(
            matches!(raw::read(&bytes), Err(Error::PictureAsRaw(_))),
            "{name}: {:?}",
            raw::read(&bytes).map(|r: Raw| r.size())
        );
    }
    let told = verify(&seed(JPEG), &seed(DNG), &|_| ControlFlow::Continue(()));
    assert!(told.unwrap_err().to_string().contains("comes first"));
}

#[test]
fn the_same_file_twice() {
    for name in [DNG, JPEG] {
        let bytes = seed(name);
        let told = verify(&bytes, &bytes, &|_| ControlFlow::Continue(()));
        assert!(told.unwrap_err().to_string().contains("comes first"));
    }
}

#[test]
fn a_broken_profile_is_named_and_left_out() {
    let mut bytes = seed("photo_rendition/orientation6_srgb.jpg");
    let at = bytes.windows(4).position(|w| w == b"acsp").unwrap();
    bytes[at] ^= 0xFF;
    let Rendition { profile, .. } = rendition::read(&bytes).unwrap();
    assert!(profile.name().contains("profile"), "{profile:?}");
}
