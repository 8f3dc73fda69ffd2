//! Reading the picture that is said to be an export.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::Error;
use crate::raster::Rgb8;

/// A decoded picture.
#[derive(Debug)]
pub struct Rendition {
    /// sRGB-encoded pixels, upright.
    pub rgb: Rgb8,
    /// Luma and chroma quantisation tables in natural (not zig-zag) order, for a JPEG.
    pub quantisation: Option<[[u16; 64]; 2]>,
}

/// Decodes a picture.
///
/// # Errors
/// [`Error::Rendition`] when it is none that can be read.
pub fn read(bytes: &[u8]) -> Result<Rendition, Error> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let data = decoder
        .decode()
        .map_err(|e| Error::Rendition(e.to_string()))?;
    let (width, height) = decoder
        .dimensions()
        .ok_or_else(|| Error::Rendition("it has no size".into()))?;
    Ok(Rendition {
        rgb: Rgb8 {
            width,
            height,
            data,
        },
        quantisation: None,
    })
}
