//! What a RAW file is as a file: its directories, previews and maker's data.

use flashraw::{FlashRaw, PreviewEncoding};

use crate::metadata::Metadata;
use crate::tiff::{Directories, Entry, Kind, clean_text, tag};

/// The file around a sensor's samples.
#[derive(Clone, Debug, Default)]
pub struct Container {
    /// `CR2`, `DNG`, …
    pub format: String,
    /// How the samples are packed, if that is known.
    pub compression: Option<String>,
    /// The version of a DNG, most significant first.
    pub dng_version: Option<[u8; 4]>,
    /// Bytes of the camera maker's note; 0 if there is none.
    pub maker_note: usize,
    /// Bytes of a DNG's private data, where converters keep the maker's note.
    pub private_data: usize,
    /// The name of the file a DNG was made from.
    pub original_name: Option<String>,
    /// The directories and their tags, in the order of the file.
    pub directories: Vec<Directory>,
    /// What is wrong with the directories, in words.
    pub faults: Vec<&'static str>,
    /// The embedded pictures.
    pub previews: Vec<Preview>,
    /// The bytes of the largest embedded JPEG.
    pub preview_jpeg: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// What the file says about the exposure and itself.
    pub metadata: Metadata,
}

/// One directory of a RAW file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// `IFD0`, `SubIFD`, `EXIF`, `GPS`.
    pub name: String,
    /// Its tags in the order of the file.
    pub tags: Vec<Tag>,
}

/// One tag of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub number: u16,
    /// Its field type.
    pub kind: u16,
    /// How many values it claims.
    pub count: u32,
    /// The value for a person, cut where it is long.
    pub value: String,
}

/// One embedded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Its place in the file.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
    /// Pixels a row as the file states them; 0 if it does not.
    pub width: u32,
    /// Rows as the file states them; 0 if it does not.
    pub height: u32,
    /// The EXIF orientation that turns it upright, 1 to 8.
    pub orientation: u32,
    /// Whether it is a JPEG.
    pub jpeg: bool,
}

impl Container {
    pub(super) fn read(file: &FlashRaw<'_>) -> Self {
        let bytes = file.bytes();
        let metadata = file.metadata();
        let structures = structures(bytes);
        let find = |number| structures.iter().find_map(|s| s.find(number));
        let length = |number| find(number).map_or(0, |e: &Entry<'_>| e.data.len());
        let largest = file
            .previews()
            .iter()
            .filter(|p| p.encoding == PreviewEncoding::Jpeg)
            .max_by_key(|p| (u64::from(p.width) * u64::from(p.height), p.length));
        let xmp = find(tag::XMP).map(|e| e.data);
        let maker_note = length(tag::MAKER_NOTE).max(cr3_maker_note(bytes));
        let mut about = Metadata::read(&structures, xmp);
        about.complete(metadata);
        about.maker_note = u32::try_from(maker_note).unwrap_or(u32::MAX);
        Self {
            format: file.format().name().to_owned(),
            compression: metadata.compression.map(|c| c.name().to_owned()),
            dng_version: metadata.dng_version,
            maker_note,
            private_data: length(tag::DNG_PRIVATE_DATA),
            original_name: find(tag::ORIGINAL_RAW_NAME).and_then(|e| clean_text(e.data)),
            directories: structures
                .iter()
                .flat_map(|s| &s.list)
                .map(|d| Directory {
                    name: d.kind.to_string(),
                    tags: d.entries.iter().map(described).collect(),
                })
                .collect(),
            faults: structures.iter().flat_map(|s| s.faults.clone()).collect(),
            previews: file
                .previews()
                .iter()
                .map(|p| Preview {
                    offset: p.offset,
                    length: p.length,
                    width: p.width,
                    height: p.height,
                    orientation: p.orientation.exif(),
                    jpeg: p.encoding == PreviewEncoding::Jpeg,
                })
                .collect(),
            preview_jpeg: largest
                .and_then(|p| file.preview_bytes(p).ok())
                .map(<[u8]>::to_vec),
            xmp: xmp.map(<[u8]>::to_vec),
            metadata: about,
        }
    }
}

fn described(entry: &Entry<'_>) -> Tag {
    Tag {
        number: entry.tag,
        kind: entry.kind,
        count: entry.count,
        value: entry.display(),
    }
}

/// Make and model as the header has them, for a file that cannot be read any further.
pub(super) fn header_camera(bytes: &[u8]) -> Option<String> {
    structures(bytes).into_iter().find_map(|directories| {
        let text = |number| directories.find(number).and_then(Entry::text);
        let model = text(tag::MODEL)?;
        let make = text(tag::MAKE).filter(|make| !model.starts_with(make.as_str()));
        Some(make.map_or(model.clone(), |make| format!("{make} {model}")))
    })
}

/// The directories of a file: those of the whole of a TIFF-based file, of the blocks of a Canon
/// CR3, of the EXIF block of the JPEG in a Fujifilm RAF.
fn structures(bytes: &[u8]) -> Vec<Directories<'_>> {
    if bytes.starts_with(b"FUJIFILMCCD-RAW") {
        let exif = raf_jpeg(bytes).and_then(crate::rendition::jpeg::exif_block);
        return exif.and_then(Directories::read).into_iter().collect();
    }
    if bytes.get(4..12) == Some(b"ftypcrx ") {
        const BLOCKS: [(&[u8; 4], Kind); 3] = [
            (b"CMT1", Kind::Main(0)),
            (b"CMT2", Kind::Exif),
            (b"CMT4", Kind::Gps),
        ];
        return BLOCKS
            .into_iter()
            .filter_map(|(name, kind)| Directories::read_as(cr3_box(bytes, name)?, kind))
            .collect();
    }
    Directories::read(bytes).into_iter().collect()
}

/// The full-size JPEG of a RAF: its place and length stand at 84 and 88, big-endian.
fn raf_jpeg(bytes: &[u8]) -> Option<&[u8]> {
    let number = |at: usize| -> Option<usize> {
        let bytes = bytes.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let start = number(84)?;
    bytes.get(start..start.checked_add(number(88)?)?)
}

/// Canon's own box inside `moov`, which holds the directories of a CR3.
const CANON: [u8; 16] = [
    0x85, 0xC0, 0xB6, 0x87, 0x82, 0x0F, 0x11, 0xE0, 0x81, 0x11, 0xF4, 0xCE, 0x46, 0x2B, 0x6A, 0x48,
];

fn cr3_box<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let movie = boxes(bytes).find(|(kind, _)| *kind == b"moov")?.1;
    let canon = boxes(movie).find_map(|(kind, body)| {
        (kind == b"uuid")
            .then(|| body.strip_prefix(&CANON))
            .flatten()
    })?;
    Some(boxes(canon).find(|(kind, _)| *kind == name)?.1)
}

fn cr3_maker_note(bytes: &[u8]) -> usize {
    if bytes.get(4..12) != Some(b"ftypcrx ") {
        return 0;
    }
    cr3_box(bytes, b"CMT3").map_or(0, <[u8]>::len)
}

/// The boxes of an ISO base media file (ISO/IEC 14496-12), each with its body.
fn boxes(mut rest: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let kind = rest.get(4..8)?;
        let (header, size) = match size {
            0 => (8, rest.len()),
            1 => {
                let wide = u64::from_be_bytes(rest.get(8..16)?.try_into().ok()?);
                (16, usize::try_from(wide).ok()?)
            }
            size => (8, size as usize),
        };
        let body = rest.get(header..size)?;
        rest = rest.get(size..)?;
        Some((kind, body))
    })
}
