//! Every kind of picture file shows the same small gradient: read right, whatever its coding.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use colophon_photo::rendition::{self, Profile, Rendition};

const WIDTH: usize = 33;
const HEIGHT: usize = 17;

fn seed(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/photo_rendition");
    std::fs::read(folder.join(name)).unwrap()
}

fn gradient(x: usize, y: usize) -> [u8; 3] {
    [(x * 7) as u8, (y * 14) as u8, (255 - x * 4) as u8]
}

/// The mean difference from a picture, a channel and pixel.
fn difference(picture: &Rendition, expected: impl Fn(usize, usize) -> [u8; 3]) -> f64 {
    assert_eq!((picture.rgb.width, picture.rgb.height), (WIDTH, HEIGHT));
    let mut sum = 0;
    for (i, pixel) in picture.rgb.data.chunks_exact(3).enumerate() {
        let wanted = expected(i % WIDTH, i / WIDTH);
        sum += pixel
            .iter()
            .zip(wanted)
            .map(|(a, b)| u64::from(a.abs_diff(b)))
            .sum::<u64>();
    }
    sum as f64 / picture.rgb.data.len() as f64
}

fn grey(x: usize, y: usize) -> [u8; 3] {
    let [r, g, b] = gradient(x, y).map(f64::from);
    [(0.299 * r + 0.587 * g + 0.114 * b).round() as u8; 3]
}

#[test]
fn every_coding_shows_the_gradient() {
    for (name, tolerance) in [
        ("baseline_444.jpg", 1.5),
        ("baseline_422.jpg", 3.0),
        ("baseline_420.jpg", 4.0),
        ("baseline_440.jpg", 4.0),
        ("baseline_411.jpg", 6.0),
        ("progressive_420.jpg", 4.0),
        ("restart.jpg", 1.5),
        ("cmyk.jpg", 3.0),
        ("ycck.jpg", 4.0),
        ("orientation6_srgb.jpg", 1.5),
        ("polyglot_zip.jpg", 4.0),
        ("rgb8.png", 0.0),
        ("palette.png", 12.0),
        ("raw.tif", 0.0),
        ("tiff_lzw.tif", 0.0),
        ("tiff_adobe_deflate.tif", 0.0),
        ("packbits.tif", 0.0),
        ("lossy.webp", 6.0),
        ("lossless.webp", 0.0),
        ("gradient.heic", 3.0),
    ] {
        let picture = rendition::read(&seed(name)).unwrap();
        let found = difference(&picture, gradient);
        assert!(found <= tolerance, "{name}: {found}");
        assert_eq!(
            picture.notes.is_empty(),
            name != "polyglot_zip.jpg",
            "{name}"
        );
    }
}

#[test]
fn grey_and_transparent() {
    for name in ["grey.jpg", "grey.png", "grey16.png"] {
        let found = difference(&rendition::read(&seed(name)).unwrap(), grey);
        assert!(found <= 1.5, "{name}: {found}");
    }
    let half = |x, y| gradient(x, y).map(|v| ((u32::from(v) * 128 + 255 * 127 + 127) / 255) as u8);
    for name in ["alpha.png", "alpha.webp"] {
        assert_eq!(
            difference(&rendition::read(&seed(name)).unwrap(), half),
            0.0
        );
    }
}

#[test]
fn what_a_jpeg_tells() {
    let picture = rendition::read(&seed("orientation6_srgb.jpg")).unwrap();
    assert_eq!(picture.stored, (HEIGHT, WIDTH));
    assert_eq!(picture.orientation, 6);
    assert!(
        matches!(picture.profile, Profile::Srgb(_)),
        "{:?}",
        picture.profile
    );
    let metadata = &picture.metadata;
    assert_eq!(metadata.make.as_deref(), Some("Synthetic"));
    assert_eq!(metadata.exposure_time, Some(0.008));
    assert_eq!(metadata.iso, Some(200));
    assert_eq!(
        metadata.captured_at.as_ref().unwrap().to_string(),
        "2026-11-22T12:00:00"
    );

    for (name, subsampling) in [
        ("baseline_444.jpg", "4:4:4"),
        ("baseline_422.jpg", "4:2:2"),
        ("baseline_420.jpg", "4:2:0"),
        ("baseline_440.jpg", "4:4:0"),
        ("baseline_411.jpg", "4:1:1"),
        ("grey.jpg", "4:0:0"),
    ] {
        let jpeg = rendition::read(&seed(name)).unwrap().jpeg.unwrap();
        assert_eq!(jpeg.subsampling(), subsampling, "{name}");
        assert_eq!(jpeg.quality()[0], Some(92), "{name}");
        assert!(!jpeg.progressive());
    }
    let progressive = rendition::read(&seed("progressive_420.jpg")).unwrap();
    let jpeg = progressive.jpeg.unwrap();
    assert!(jpeg.progressive() && jpeg.scans > 1);
    // Quality 92 scales by 16 %: 16 becomes 3, 11 becomes 2 (T.81 table K.1); natural order.
    let [luma, chroma] = progressive.quantisation.unwrap();
    assert_eq!(luma[..9], [3, 2, 2, 3, 4, 6, 8, 10, 2]);
    assert_eq!(chroma[..3], [3, 3, 4]);
}

/// The left half without ink, the right half full of black ink, with a profile of four inks.
#[test]
fn ink_with_a_profile() {
    let picture = rendition::read(&seed("cmyk_profile.jpg")).unwrap();
    assert_eq!(picture.profile, Profile::Converted("Synthetic".into()));
    let at = |x: usize| &picture.rgb.data[(8 * WIDTH + x) * 3..][..3];
    assert!(at(4).iter().all(|&v| v >= 250), "{:?}", at(4));
    assert!(at(28).iter().all(|&v| v <= 5), "{:?}", at(28));
}
