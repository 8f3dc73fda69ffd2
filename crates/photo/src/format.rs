//! What kind of file bytes are, by what they begin with, never by a name.

use crate::tiff::{Directories, Kind, tag};

/// A kind of file as far as its first bytes and directories tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF that holds a finished picture.
    Tiff,
    /// WebP.
    Webp,
    /// HEIF with HEVC inside.
    Heic,
    /// A picture or document that is not read; its name.
    Other(&'static str),
    /// A RAW file, or nothing that is known.
    Unknown,
}

impl Format {
    /// The name by which people know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::Webp => "WebP",
            Self::Heic => "HEIC",
            Self::Other(name) => name,
            Self::Unknown => "unknown",
        }
    }

    /// Tells the format of a file.
    pub fn of(bytes: &[u8]) -> Self {
        const SIGNATURES: [(&[u8], Format); 15] = [
            (b"\xFF\xD8\xFF", Format::Jpeg),
            (b"\x89PNG\r\n\x1A\n", Format::Png),
            (b"GIF87a", Format::Other("GIF")),
            (b"GIF89a", Format::Other("GIF")),
            (b"BM", Format::Other("BMP")),
            (b"8BPS", Format::Other("Photoshop")),
            (b"%PDF-", Format::Other("PDF")),
            (b"\xFF\x0A", Format::Other("JPEG XL")),
            (b"\0\0\0\x0CJXL ", Format::Other("JPEG XL")),
            (b"\0\0\0\x0CjP  ", Format::Other("JPEG 2000")),
            (b"\xFF\x4F\xFF\x51", Format::Other("JPEG 2000")),
            (b"\x76\x2F\x31\x01", Format::Other("OpenEXR")),
            (b"II\x2B\0", Format::Other("BigTIFF")),
            (b"MM\0\x2B", Format::Other("BigTIFF")),
            (b"II\xBC", Format::Other("JPEG XR")),
        ];
        if let Some((_, format)) = SIGNATURES.iter().find(|(s, _)| bytes.starts_with(s)) {
            return *format;
        }
        match bytes {
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Self::Webp,
            [_, _, _, _, b'f', b't', b'y', b'p', rest @ ..] => heif(rest),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => match Directories::read(bytes) {
                Some(directories) if !is_raw(bytes, &directories) => Self::Tiff,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}

/// The brands of a file type box, from the major brand on.
fn heif(rest: &[u8]) -> Format {
    let brands: Vec<&[u8]> = rest.chunks_exact(4).take(16).collect();
    let major = brands.first().copied().unwrap_or_default();
    let any = |names: &[&[u8]]| names.iter().any(|n| brands.contains(n));
    match major {
        b"crx " => Format::Unknown,
        b"avif" | b"avis" => Format::Other("AVIF"),
        b"heic" | b"heix" | b"heim" | b"heis" => Format::Heic,
        b"mif1" | b"mif2" | b"msf1" if any(&[b"avif", b"avis"]) => Format::Other("AVIF"),
        b"mif1" | b"mif2" | b"msf1" => Format::Heic,
        b"hevc" | b"hevx" => Format::Other("HEIF sequence"),
        _ => Format::Other("MPEG-4"),
    }
}

/// Whether a TIFF structure holds a sensor's samples: a DNG, a Canon RAW, or any directory whose
/// samples are a colour filter array's, are linear RAW, or are packed as only cameras do.
fn is_raw(bytes: &[u8], directories: &Directories<'_>) -> bool {
    /// Sony, Nikon packed and Huffman, Samsung, Kodak 262, 65000, 32867, Pentax: compressions
    /// that only RAW files have.
    const COMPRESSIONS: [u32; 9] = [
        32_767, 34_713, 32_769, 32_770, 32_772, 262, 65_000, 32_867, 65_535,
    ];
    let value = |entry: &crate::tiff::Entry<'_>| entry.integer(0);
    bytes.get(8..10) == Some(b"CR")
        || directories.find(tag::DNG_VERSION).is_some()
        || directories
            .all(tag::PHOTOMETRIC)
            .filter_map(value)
            .any(|p| matches!(p, 32_803 | 34_892))
        || directories
            .all(tag::COMPRESSION)
            .filter_map(value)
            .any(|c| COMPRESSIONS.contains(&c))
        || directories.get(Kind::Main(0), LEAF_PKTS).is_some()
}

/// Leaf's packet tag, the mark of a MOS file.
const LEAF_PKTS: u16 = 0x8606;
