//! What the file around the samples says: does it look like what the named camera, or a converter,
//! writes?
//!
//! A camera nobody has heard of is no offence; a known camera's name on something that neither the
//! camera nor any converter writes is.

use flashraw::RawFormat;
use flashraw_camera_db::Camera;

use crate::raw::Raw;

/// Makers whose cameras write no DNG: one with their name on it comes from a converter, and
/// converters keep maker notes, previews and the original's name.
const WRITES_NO_DNG: [&str; 6] = ["canon", "nikon", "sony", "fujifilm", "panasonic", "olympus"];

/// Sizes this near (samples) count as the same: active areas are counted in several ways.
const SIZE_TOLERANCE: u32 = 96;

/// What was found around the samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Container {
    /// Make and model as the file says.
    pub camera: String,
    /// Width and height of the samples and, where the camera is known, those it is known to give.
    pub size: (u32, u32),
    /// Sizes that the camera is known to give; empty for an unknown camera.
    pub known_sizes: Vec<(u32, u32)>,
    /// Whether `size` is one of them, or shares an edge with one (other aspect ratios of the same
    /// sensor); `None` for an unknown camera.
    pub size_known: Option<bool>,
    /// Whether the levels of black and white are near those the camera is known for.
    pub levels_known: Option<bool>,
    /// Maker notes, or a converter's private copy of them.
    pub maker_notes: bool,
    /// Embedded previews and thumbnails.
    pub previews: usize,
    /// The original's name or bytes, which converters keep.
    pub original: bool,
    /// A DNG with the name of a maker whose cameras write none.
    pub converted: bool,
    /// The samples went through a lossy coder.
    pub lossy: bool,
}

impl Container {
    /// Nothing that a camera or a converter leaves: no maker notes, preview or original's name.
    pub fn traceless(&self) -> bool {
        !self.maker_notes && self.previews == 0 && !self.original
    }
}

/// Reads what the container says.
pub fn read(raw: &Raw) -> Container {
    let metadata = raw.metadata();
    let around = &raw.container;
    let dng = metadata.format == Some(RawFormat::Dng);
    let make = metadata.canonical_make.to_ascii_lowercase();
    let converted = dng
        && WRITES_NO_DNG
            .iter()
            .any(|m| make.starts_with(m) || metadata.make.to_ascii_lowercase().starts_with(m));
    let entries = known(&metadata.make, &metadata.model);
    let known_sizes = sizes(&entries);
    let (width, height) = raw.size();
    let size = (width as u32, height as u32);
    let near = |a: u32, b: u32| a.abs_diff(b) <= SIZE_TOLERANCE;
    let size_known = (!known_sizes.is_empty()).then(|| {
        let buffer = (metadata.raw_width, metadata.raw_height);
        [size, buffer, (metadata.width, metadata.height)]
            .iter()
            .any(|s| known_sizes.iter().any(|k| near(s.0, k.0) || near(s.1, k.1)))
    });
    let black = raw.frame.black_level.at(0, 0, 0);
    let white = raw.frame.white_level.max() as f32;
    let levels: Vec<_> = entries.iter().flat_map(|c| c.sensors).collect();
    let levels_known = (!levels.is_empty()).then(|| {
        levels.iter().any(|s| {
            (white - s.white as f32).abs() < 0.35 * s.white as f32
                && (black - s.black as f32).abs() < 0.03 * s.white as f32
        })
    });
    let compression = metadata.compression.map(|c| format!("{c:?}"));
    Container {
        camera: metadata.camera(),
        size,
        known_sizes,
        size_known,
        levels_known,
        maker_notes: around.maker_note > 0 || around.private_data > 0 || !dng,
        previews: around.previews.len(),
        original: around.original_name.is_some(),
        converted,
        lossy: compression.is_some_and(|c| LOSSY.iter().any(|l| c.starts_with(l))),
    }
}

/// Coders that lose something, or may.
const LOSSY: [&str; 9] = [
    "LossyJpeg",
    "JpegXl",
    "CanonCrx",
    "NikonHuffman",
    "NikonHighEfficiency",
    "SonyArw",
    "FujiCompressed",
    "Kodak",
    "Samsung",
];

/// Every entry of the camera, whatever the mode.
fn known(make: &str, model: &str) -> Vec<&'static Camera> {
    let Some(first) = flashraw_camera_db::find_any(make, model) else {
        return Vec::new();
    };
    flashraw_camera_db::all()
        .iter()
        .filter(|c| c.make == first.make && c.model == first.model)
        .collect()
}

fn sizes(entries: &[&'static Camera]) -> Vec<(u32, u32)> {
    let mut sizes: Vec<(u32, u32)> = Vec::new();
    for camera in entries {
        if let Some([_, _, width, height]) = camera.crop
            && width > 0
            && height > 0
        {
            sizes.push((width.unsigned_abs(), height.unsigned_abs()));
        }
        for crop in camera.image_crops {
            sizes.push((crop.area[0], crop.area[1]));
            sizes.push((crop.crop[2], crop.crop[3]));
        }
    }
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}
