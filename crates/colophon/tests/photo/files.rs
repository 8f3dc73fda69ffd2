//! RAW files and pictures to try the command on.

use colophon_photo::synthetic::{self, Dng};
use colophon_photo::{develop, raw};
use image::RgbImage;

/// A folder that goes away with the test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> String {
        self.0
            .path()
            .join(name.replace('/', "\u{2215}"))
            .to_str()
            .unwrap()
            .to_owned()
    }

    pub fn write(&self, name: &str, bytes: Vec<u8>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A RAW file of 960 × 640 pixels; each seed is another scene.
pub fn raw(seed: u64) -> Dng {
    synthetic::exposure(960, 640, seed, seed)
}

/// What a plain developer makes of it.
pub fn picture(original: &Dng) -> RgbImage {
    let raw = raw::read(&original.to_bytes()).unwrap();
    let developed = develop::picture(&raw).unwrap().to_rgb8();
    let (width, height) = (developed.width as u32, developed.height as u32);
    RgbImage::from_raw(width, height, developed.data).unwrap()
}

pub fn jpeg(picture: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 92)
        .encode_image(picture)
        .unwrap();
    bytes
}
