//! Reading the picture that is said to be an export: upright, in sRGB, with what its file tells.

pub mod colour;
pub mod jpeg;
mod pixels;
mod upright;

pub use colour::Profile;
pub use jpeg::Jpeg;

use crate::format::Format;
use crate::metadata::Metadata;
use crate::raster::Rgb8;
use crate::tiff::{Directories, Kind, tag};
use crate::{Error, Limits};

/// A decoded picture.
#[derive(Debug)]
pub struct Rendition {
    /// sRGB-encoded pixels, upright.
    pub rgb: Rgb8,
    /// Luma and chroma quantisation tables in natural (not zig-zag) order, for a JPEG.
    pub quantisation: Option<[[u16; 64]; 2]>,
    /// What the file is, by its content.
    pub format: Format,
    /// Width and height as stored, before the orientation is applied.
    pub stored: (usize, usize),
    /// The EXIF orientation that was applied, 1 to 8; 1 leaves the pixels as stored.
    pub orientation: u8,
    /// The colour profile and what was done with it.
    pub profile: Profile,
    /// Bits a sample, as stored.
    pub bits: u8,
    /// The segments of a JPEG.
    pub jpeg: Option<Jpeg>,
    /// The EXIF block, from its byte-order mark on.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// The bytes of the EXIF thumbnail, a JPEG.
    pub thumbnail: Option<Vec<u8>>,
    /// What the file says about the exposure and itself.
    pub metadata: Metadata,
    /// What was odd about the file, in words for a person.
    pub notes: Vec<String>,
}

impl Rendition {
    /// A picture that was never a file: upright sRGB pixels, nothing known besides.
    pub fn of_pixels(rgb: Rgb8) -> Self {
        Self {
            stored: (rgb.width, rgb.height),
            rgb,
            quantisation: None,
            format: Format::Unknown,
            orientation: 1,
            profile: Profile::None,
            bits: 8,
            jpeg: None,
            exif: None,
            xmp: None,
            thumbnail: None,
            metadata: Metadata::default(),
            notes: Vec::new(),
        }
    }
}

/// Pixels as a decoder hands them over, with what the file says about them.
struct Decoded {
    rgb: Rgb8,
    bits: u8,
    profile: Profile,
    exif: Option<Vec<u8>>,
    xmp: Option<Vec<u8>>,
    /// The orientation still to be applied where it does not stand in the EXIF block.
    orientation: Option<u8>,
    jpeg: Option<Jpeg>,
    notes: Vec<String>,
}

/// Decodes a picture within the default [`Limits`].
///
/// # Errors
/// As [`read_within`].
pub fn read(bytes: &[u8]) -> Result<Rendition, Error> {
    read_within(bytes, &Limits::default())
}

/// Decodes a picture: JPEG, PNG, TIFF, WebP or HEIC, told apart by content. Its colour profile is
/// converted to sRGB, transparency is laid on white, the EXIF orientation is applied.
///
/// # Errors
/// [`Error::RawAsPicture`] for a RAW file, [`Error::Rendition`] for what is no picture, is cut
/// off, or is of a kind that is not read; [`Error::TooLarge`], [`Error::FileTooLarge`].
pub fn read_within(bytes: &[u8], limits: &Limits) -> Result<Rendition, Error> {
    limits.check_file("the picture", bytes)?;
    let format = Format::of(bytes);
    let decoded = match format {
        Format::Jpeg => pixels::jpeg(bytes, limits)?,
        Format::Png | Format::Tiff | Format::Webp => pixels::other(bytes, format, limits)?,
        Format::Heic => pixels::heic(bytes, limits)?,
        Format::Other(name) => {
            return Err(Error::Rendition(format!(
                "it is a {name} file, which is not read; JPEG, PNG, TIFF, WebP and HEIC are"
            )));
        }
        Format::Unknown => {
            return Err(match flashraw::supports(bytes) {
                Some(raw) => Error::RawAsPicture(raw.name().to_owned()),
                None => {
                    Error::Rendition("its content is none of JPEG, PNG, TIFF, WebP and HEIC".into())
                }
            });
        }
    };
    if decoded.rgb.data.is_empty() {
        return Err(Error::Rendition("it has no pixels".into()));
    }
    let directories = match format {
        Format::Tiff => Directories::read(bytes),
        _ => decoded.exif.as_deref().and_then(Directories::read),
    };
    let tagged = directories
        .as_ref()
        .and_then(|d| d.get(Kind::Main(0), tag::ORIENTATION)?.integer(0))
        .and_then(|v| u8::try_from(v).ok());
    let orientation = decoded
        .orientation
        .or(tagged)
        .filter(|o| (1..=8).contains(o))
        .unwrap_or(1);
    let thumbnail = directories
        .as_ref()
        .and_then(|d| thumbnail(d, decoded.exif.as_deref()?));
    let stored = (decoded.rgb.width, decoded.rgb.height);
    let mut metadata = Metadata::read(directories.as_slice(), decoded.xmp.as_deref());
    (metadata.width, metadata.height) = (stored.0 as u32, stored.1 as u32);
    Ok(Rendition {
        rgb: upright::upright(decoded.rgb, orientation),
        quantisation: decoded.jpeg.as_ref().and_then(Jpeg::quantisation),
        format,
        stored,
        orientation,
        profile: decoded.profile,
        bits: decoded.bits,
        jpeg: decoded.jpeg,
        thumbnail,
        metadata,
        exif: decoded.exif,
        xmp: decoded.xmp,
        notes: decoded.notes,
    })
}

/// The JPEG of an EXIF block's second directory.
fn thumbnail(directories: &Directories<'_>, exif: &[u8]) -> Option<Vec<u8>> {
    let value = |number| directories.get(Kind::Main(1), number)?.integer(0);
    let start = value(tag::JPEG_OFFSET)? as usize;
    let length = value(tag::JPEG_LENGTH)? as usize;
    let bytes = exif.get(start..start.checked_add(length)?)?;
    bytes.starts_with(&[0xFF, 0xD8]).then(|| bytes.to_vec())
}
