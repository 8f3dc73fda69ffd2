//! The directories of a TIFF structure: TIFF-based RAW files, whatever their magic number, and the
//! EXIF block of any picture.
//!
//! Tolerant by design: what a file says about itself is evidence, so one damaged entry must not
//! hide the others. Every read is bounds-checked; cycles, depth, directories and entries are
//! bounded. (TIFF 6.0; EXIF 3.0 § 4.6; TIFF/EP, ISO 12234-2.)

use std::collections::{BTreeSet, VecDeque};

/// At most so many directories are followed.
const DIRECTORIES: usize = 128;
/// At most so many entries are kept in all.
const ENTRIES: usize = 16_384;
/// Text longer than this is cut, in characters.
pub const TEXT: usize = 1024;

/// What a directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// One of the main chain, by its place in it.
    Main(usize),
    /// One that a main directory names as its part (`SubIFDs`): previews and the sensor's samples.
    Sub,
    /// The EXIF directory.
    Exif,
    /// The GPS directory.
    Gps,
    /// The interoperability directory.
    Interoperability,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Main(n) => write!(f, "IFD{n}"),
            Self::Sub => f.write_str("SubIFD"),
            Self::Exif => f.write_str("EXIF"),
            Self::Gps => f.write_str("GPS"),
            Self::Interoperability => f.write_str("Interop"),
        }
    }
}

/// One entry of a directory, its value still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The tag's number.
    pub tag: u16,
    /// The field type, 1 to 13.
    pub kind: u16,
    /// How many values the entry claims.
    pub count: u32,
    /// The value's bytes: fewer than claimed where the file ends before.
    pub data: &'a [u8],
    big_endian: bool,
}

/// A directory and its entries.
#[derive(Clone, Debug)]
pub struct Directory<'a> {
    /// What it is for.
    pub kind: Kind,
    /// Its entries, in the file's order.
    pub entries: Vec<Entry<'a>>,
}

/// All directories of a file.
#[derive(Clone, Debug)]
pub struct Directories<'a> {
    /// Byte order: true for `MM`.
    pub big_endian: bool,
    /// The number after the byte order: 42 in a plain TIFF.
    pub magic: u16,
    /// The directories, the main chain's first first.
    pub list: Vec<Directory<'a>>,
    /// What is wrong with the structure, in words: cycles, directories outside the file.
    pub faults: Vec<&'static str>,
}

/// Tag numbers that are read by name.
#[allow(missing_docs, reason = "the names are those of the specifications")]
pub mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 0x00FE;
    pub const IMAGE_WIDTH: u16 = 0x0100;
    pub const IMAGE_LENGTH: u16 = 0x0101;
    pub const COMPRESSION: u16 = 0x0103;
    pub const PHOTOMETRIC: u16 = 0x0106;
    pub const IMAGE_DESCRIPTION: u16 = 0x010E;
    pub const MAKE: u16 = 0x010F;
    pub const MODEL: u16 = 0x0110;
    pub const ORIENTATION: u16 = 0x0112;
    pub const SOFTWARE: u16 = 0x0131;
    pub const DATE_TIME: u16 = 0x0132;
    pub const ARTIST: u16 = 0x013B;
    pub const SUB_IFDS: u16 = 0x014A;
    pub const JPEG_OFFSET: u16 = 0x0201;
    pub const JPEG_LENGTH: u16 = 0x0202;
    pub const XMP: u16 = 0x02BC;
    pub const COPYRIGHT: u16 = 0x8298;
    pub const EXPOSURE_TIME: u16 = 0x829A;
    pub const F_NUMBER: u16 = 0x829D;
    pub const EXIF_IFD: u16 = 0x8769;
    pub const ICC_PROFILE: u16 = 0x8773;
    pub const GPS_IFD: u16 = 0x8825;
    pub const ISO: u16 = 0x8827;
    pub const SENSITIVITY_TYPE: u16 = 0x8830;
    pub const RECOMMENDED_EXPOSURE_INDEX: u16 = 0x8832;
    pub const DATE_TIME_ORIGINAL: u16 = 0x9003;
    pub const DATE_TIME_DIGITIZED: u16 = 0x9004;
    pub const OFFSET_TIME: u16 = 0x9010;
    pub const OFFSET_TIME_ORIGINAL: u16 = 0x9011;
    pub const SHUTTER_SPEED: u16 = 0x9201;
    pub const APERTURE: u16 = 0x9202;
    pub const EXPOSURE_BIAS: u16 = 0x9204;
    pub const FLASH: u16 = 0x9209;
    pub const FOCAL_LENGTH: u16 = 0x920A;
    pub const MAKER_NOTE: u16 = 0x927C;
    pub const SUBSEC_ORIGINAL: u16 = 0x9291;
    pub const COLOR_SPACE: u16 = 0xA001;
    pub const PIXEL_X: u16 = 0xA002;
    pub const PIXEL_Y: u16 = 0xA003;
    pub const INTEROPERABILITY_IFD: u16 = 0xA005;
    pub const FILE_SOURCE: u16 = 0xA300;
    pub const CFA_PATTERN: u16 = 0xA302;
    pub const FOCAL_LENGTH_35MM: u16 = 0xA405;
    pub const IMAGE_UNIQUE_ID: u16 = 0xA420;
    pub const CAMERA_OWNER: u16 = 0xA430;
    pub const BODY_SERIAL: u16 = 0xA431;
    pub const LENS_SPECIFICATION: u16 = 0xA432;
    pub const LENS_MAKE: u16 = 0xA433;
    pub const LENS_MODEL: u16 = 0xA434;
    pub const LENS_SERIAL: u16 = 0xA435;
    pub const DNG_VERSION: u16 = 0xC612;
    pub const DNG_BACKWARD_VERSION: u16 = 0xC613;
    pub const UNIQUE_CAMERA_MODEL: u16 = 0xC614;
    pub const CAMERA_SERIAL: u16 = 0xC62F;
    pub const DNG_LENS_INFO: u16 = 0xC630;
    pub const DNG_PRIVATE_DATA: u16 = 0xC634;
    pub const RAW_DATA_UNIQUE_ID: u16 = 0xC65D;
    pub const ORIGINAL_RAW_NAME: u16 = 0xC68B;
    pub const ORIGINAL_RAW_DATA: u16 = 0xC68C;
}

fn u16_at(data: &[u8], at: usize, big_endian: bool) -> Option<u16> {
    let bytes = data.get(at..at.checked_add(2)?)?.try_into().ok()?;
    Some(if big_endian {
        u16::from_be_bytes(bytes)
    } else {
        u16::from_le_bytes(bytes)
    })
}

fn u32_at(data: &[u8], at: usize, big_endian: bool) -> Option<u32> {
    let bytes = data.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(if big_endian {
        u32::from_be_bytes(bytes)
    } else {
        u32::from_le_bytes(bytes)
    })
}

/// Bytes of one value of a field type; `None` for a type that does not exist.
fn width(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

impl<'a> Entry<'a> {
    /// How many whole values are there.
    pub fn len(&self) -> usize {
        let available = self.data.len() / width(self.kind).unwrap_or(1);
        available.min(self.count as usize)
    }

    /// Whether there is no whole value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `i` as a whole number; `None` for other types and negative numbers.
    pub fn integer(&self, i: usize) -> Option<u32> {
        if i >= self.len() {
            return None;
        }
        match self.kind {
            1 | 7 => self.data.get(i).map(|&v| u32::from(v)),
            3 => u16_at(self.data, i * 2, self.big_endian).map(u32::from),
            4 | 13 => u32_at(self.data, i * 4, self.big_endian),
            6 | 8 | 9 => u32::try_from(self.signed(i)?).ok(),
            _ => None,
        }
    }

    fn signed(&self, i: usize) -> Option<i32> {
        match self.kind {
            6 => self.data.get(i).map(|&v| i32::from(v.cast_signed())),
            8 => u16_at(self.data, i * 2, self.big_endian).map(|v| i32::from(v.cast_signed())),
            9 => u32_at(self.data, i * 4, self.big_endian).map(u32::cast_signed),
            _ => None,
        }
    }

    /// Value `i` as a number; `None` for text, and for what is no finite number (a fraction whose
    /// denominator is zero).
    pub fn number(&self, i: usize) -> Option<f64> {
        if i >= self.len() {
            return None;
        }
        let part = |at: usize| u32_at(self.data, i * 8 + at, self.big_endian);
        let value = match self.kind {
            5 => f64::from(part(0)?) / f64::from(part(4)?),
            10 => f64::from(part(0)?.cast_signed()) / f64::from(part(4)?.cast_signed()),
            11 => f64::from(f32::from_bits(u32_at(self.data, i * 4, self.big_endian)?)),
            12 => {
                let (high, low) = if self.big_endian { (0, 4) } else { (4, 0) };
                f64::from_bits(u64::from(part(high)?) << 32 | u64::from(part(low)?))
            }
            6 | 8 | 9 => f64::from(self.signed(i)?),
            2 => return None,
            _ => f64::from(self.integer(i)?),
        };
        value.is_finite().then_some(value)
    }

    /// The value as text: to its first NUL, without control characters and surrounding blanks, cut
    /// at [`TEXT`] characters; `None` if nothing is left. Bytes that are not UTF-8 are read as
    /// ISO 8859-1.
    pub fn text(&self) -> Option<String> {
        if !matches!(self.kind, 1 | 2 | 7) {
            return None;
        }
        clean_text(self.data)
    }

    /// The value for a person: text, numbers with blanks between, or how many bytes it has.
    pub fn display(&self) -> String {
        const SHOWN: usize = 16;
        let printable = self.kind == 2
            || (self.kind == 7
                && self.data.len() <= 64
                && self.data.iter().all(|b| (0x20..0x7F).contains(b)));
        if printable {
            return self.text().unwrap_or_default();
        }
        if self.kind == 7 || (self.kind == 1 && self.count as usize > SHOWN) {
            return format!("{} bytes", self.count);
        }
        let mut values: Vec<String> = (0..self.len().min(SHOWN))
            .map(|i| self.number(i).map_or("?".into(), |v| v.to_string()))
            .collect();
        if self.count as usize > SHOWN {
            values.push(format!("… ({} values)", self.count));
        }
        values.join(" ")
    }
}

/// Bytes of unknown encoding as text for a person; see [`Entry::text`].
pub fn clean_text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    // No character has more than four bytes, so that what follows cannot be part of the cut text.
    let bytes = bytes.get(..end.min(TEXT * 4))?;
    let latin = || bytes.iter().map(|&b| char::from(b)).collect();
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // A cut at the byte limit may have split the last character.
        Err(e) if e.error_len().is_none() && bytes.len() == TEXT * 4 => {
            String::from_utf8_lossy(bytes.get(..e.valid_up_to())?).into_owned()
        }
        Err(_) => latin(),
    };
    let kept: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(TEXT)
        .collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

impl<'a> Directories<'a> {
    /// Reads the directories of a structure that begins with `II` or `MM`; `None` for anything
    /// else and where not even the first directory can be read.
    pub fn read(data: &'a [u8]) -> Option<Self> {
        Self::read_as(data, Kind::Main(0))
    }

    /// As [`Self::read`], for a structure whose first directory is of another kind.
    pub fn read_as(data: &'a [u8], first: Kind) -> Option<Self> {
        let big_endian = match data.get(..2)? {
            b"II" => false,
            b"MM" => true,
            _ => return None,
        };
        let magic = u16_at(data, 2, big_endian)?;
        let mut found = Self {
            big_endian,
            magic,
            list: Vec::new(),
            faults: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        let mut entries = 0;
        let mut waiting = VecDeque::from([(first, u32_at(data, 4, big_endian)?)]);
        while let Some((kind, offset)) = waiting.pop_front() {
            if !seen.insert(offset) {
                found.fault("a directory is referred to twice");
                continue;
            }
            if found.list.len() >= DIRECTORIES || entries >= ENTRIES {
                found.fault("there are more directories than are read");
                break;
            }
            let Some((directory, next)) =
                found.directory(data, kind, offset as usize, ENTRIES - entries)
            else {
                found.fault("a directory lies outside the file");
                continue;
            };
            entries += directory.entries.len();
            for entry in &directory.entries {
                let kind = match entry.tag {
                    tag::SUB_IFDS => Kind::Sub,
                    tag::EXIF_IFD => Kind::Exif,
                    tag::GPS_IFD => Kind::Gps,
                    tag::INTEROPERABILITY_IFD => Kind::Interoperability,
                    _ => continue,
                };
                let offsets = (0..entry.len().min(DIRECTORIES)).filter_map(|i| entry.integer(i));
                waiting.extend(offsets.map(|offset| (kind, offset)));
            }
            if let (Kind::Main(n), 1..) = (kind, next) {
                waiting.push_back((Kind::Main(n + 1), next));
            }
            found.list.push(directory);
        }
        (!found.list.is_empty()).then_some(found)
    }

    fn fault(&mut self, what: &'static str) {
        if !self.faults.contains(&what) {
            self.faults.push(what);
        }
    }

    /// The directory at `offset` and the place of the next one (0: none).
    fn directory(
        &mut self,
        data: &'a [u8],
        kind: Kind,
        offset: usize,
        room: usize,
    ) -> Option<(Directory<'a>, u32)> {
        let big_endian = self.big_endian;
        let count = usize::from(u16_at(data, offset, big_endian)?);
        let mut entries = Vec::new();
        for i in 0..count.min(room) {
            let at = offset + 2 + i * 12;
            let Some(header) = data.get(at..at + 12) else {
                self.fault("a directory ends outside the file");
                break;
            };
            let (tag, kind, count) = (
                u16_at(header, 0, big_endian)?,
                u16_at(header, 2, big_endian)?,
                u32_at(header, 4, big_endian)?,
            );
            let Some(width) = width(kind) else {
                self.fault("an entry has a type that does not exist");
                continue;
            };
            let length = (count as usize).saturating_mul(width);
            let value = if length <= 4 {
                header.get(8..8 + length)?
            } else {
                let start = u32_at(header, 8, big_endian)? as usize;
                let end = start.saturating_add(length);
                if end > data.len() {
                    self.fault("a value lies outside the file");
                }
                data.get(start.min(data.len())..end.min(data.len()))?
            };
            entries.push(Entry {
                tag,
                kind,
                count,
                data: value,
                big_endian,
            });
        }
        let next = u32_at(data, offset + 2 + count * 12, big_endian).unwrap_or(0);
        Some((Directory { kind, entries }, next))
    }

    /// The first entry of this tag in directories of this kind.
    pub fn get(&self, kind: Kind, tag: u16) -> Option<&Entry<'a>> {
        let mut of_kind = self.list.iter().filter(|d| d.kind == kind);
        of_kind.find_map(|d| d.entries.iter().find(|e| e.tag == tag))
    }

    /// The first entry of this tag anywhere.
    pub fn find(&self, tag: u16) -> Option<&Entry<'a>> {
        self.all(tag).next()
    }

    /// Every entry of this tag.
    pub fn all(&self, tag: u16) -> impl Iterator<Item = &Entry<'a>> {
        let entries = self.list.iter().flat_map(|d| &d.entries);
        entries.filter(move |e| e.tag == tag)
    }
}
