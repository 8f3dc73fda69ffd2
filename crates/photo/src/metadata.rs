//! What a file says about itself, in one shape for RAW file and picture.
//!
//! From EXIF and the maker's notes as far as the RAW decoder reads them, then, where those are
//! silent, from XMP. Everything here is a claim: anyone can write it.

mod time;
pub mod xmp;

pub use time::Time;

use std::collections::BTreeMap;

use flashraw::RawMetadata;
use serde::Serialize;

use crate::tiff::{Directories, Entry, Kind, tag};
use xmp::Packet;

/// At most so many steps of an edit history are kept.
const EDITS: usize = 256;
/// At most so many development settings are kept.
const SETTINGS: usize = 1024;

/// What a file says about itself. Absent is what it does not say or says absurdly.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metadata {
    /// The camera's maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// The camera's model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The camera body's serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_serial: Option<String>,
    /// The lens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens: Option<String>,
    /// The lens' serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lens_serial: Option<String>,
    /// When the picture was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<Time>,
    /// When the file was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified_at: Option<Time>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_time: Option<f64>,
    /// The aperture's f-number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub f_number: Option<f64>,
    /// ISO speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iso: Option<u32>,
    /// Exposure compensation in EV.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposure_bias: Option<f64>,
    /// Millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_length: Option<f64>,
    /// Millimetres on 35 mm film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focal_length_35mm: Option<u32>,
    /// The EXIF orientation, 1 to 8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orientation: Option<u32>,
    /// Pixels a row, as decoded before the orientation is applied; of a RAW its default crop.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u32,
    /// Rows, likewise.
    #[serde(skip_serializing_if = "is_zero")]
    pub height: u32,
    /// The width that EXIF states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_width: Option<u32>,
    /// The height that EXIF states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stated_height: Option<u32>,
    /// What wrote the file: a camera's firmware or a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software: Option<String>,
    /// What first made the document, by XMP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_tool: Option<String>,
    /// Who took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// Who may do what with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copyright: Option<String>,
    /// Whether it says where it was taken.
    pub gps: bool,
    /// `sRGB`, `Adobe RGB`, `uncalibrated`, by EXIF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour_space: Option<String>,
    /// The exposure's unique identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// Bytes of the maker's note.
    #[serde(skip_serializing_if = "is_zero")]
    pub maker_note: u32,
    /// The RAW file's name, by the program that developed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw_file_name: Option<String>,
    /// The kind of source that XMP declares (IPTC digital source type), the last part of its
    /// address: `digitalCapture`, `trainedAlgorithmicMedia`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_type: Option<String>,
    /// What was done to the file, by XMP's history, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
    /// Development settings (`crs:` of XMP) by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// One step of an edit history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// `created`, `derived`, `saved`, `converted`, …
    #[serde(skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// The program that did it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub software: String,
    /// When.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub when: String,
    /// In what way.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameters: String,
    /// Which parts of the file it changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub changed: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Metadata {
    /// Reads what directories and an XMP packet say. The directories of one file may lie in
    /// several blocks.
    pub fn read(blocks: &[Directories<'_>], packet: Option<&[u8]>) -> Self {
        let mut found = Self::default();
        found.read_exif(blocks);
        if let Some(packet) = packet {
            found.read_xmp(&Packet::read(packet));
        }
        found
    }

    /// Fills what the directories left open from what the RAW decoder found in the maker's notes.
    pub fn complete(&mut self, raw: &RawMetadata) {
        let text = |value: &str| crate::tiff::clean_text(value.as_bytes());
        let or = |field: &mut Option<String>, value: Option<&str>| {
            *field = field.take().or_else(|| value.and_then(text));
        };
        or(&mut self.make, Some(&raw.make));
        or(&mut self.model, Some(&raw.model));
        or(&mut self.body_serial, raw.serial.as_deref());
        or(&mut self.lens, raw.lens.model.as_deref());
        or(&mut self.lens_serial, raw.lens.serial.as_deref());
        or(&mut self.software, raw.software.as_deref());
        or(&mut self.artist, raw.artist.as_deref());
        or(&mut self.copyright, raw.copyright.as_deref());
        let exposure = &raw.exposure;
        let positive = |v: f64| (v.is_finite() && v > 0.0).then_some(v);
        self.exposure_time = self
            .exposure_time
            .or_else(|| positive(exposure.exposure_time?));
        self.f_number = self
            .f_number
            .or_else(|| positive(exposure.f_number?.into()));
        self.focal_length = self
            .focal_length
            .or_else(|| positive(exposure.focal_length?.into()));
        self.focal_length_35mm = self.focal_length_35mm.or(exposure.focal_length_35mm);
        self.iso = self.iso.or(exposure.iso);
        self.captured_at = self
            .captured_at
            .take()
            .or_else(|| Time::parse(raw.capture_time.as_deref()?));
        self.orientation = self.orientation.or(Some(raw.orientation.exif()));
        self.gps |= raw.gps.is_some();
        (self.width, self.height) = (raw.width, raw.height);
    }

    fn read_exif(&mut self, blocks: &[Directories<'_>]) {
        let first = |kind, number| blocks.iter().find_map(|b| b.get(kind, number));
        // Cameras write many tags of the EXIF directory into the main one too.
        let find = |number| {
            first(Kind::Main(0), number)
                .or_else(|| first(Kind::Exif, number))
                .or_else(|| blocks.iter().find_map(|b| b.find(number)))
        };
        let text = |number| find(number).and_then(Entry::text);
        let positive = |number| find(number)?.number(0).filter(|v| *v > 0.0);
        let whole = |number| find(number)?.integer(0).filter(|v| *v > 0);
        self.make = text(tag::MAKE);
        self.model = text(tag::MODEL);
        self.body_serial = text(tag::BODY_SERIAL).or_else(|| text(tag::CAMERA_SERIAL));
        self.lens = text(tag::LENS_MODEL);
        self.lens_serial = text(tag::LENS_SERIAL);
        let time = |number, subsecond, offset| {
            Time::from_exif(
                &text(number)?,
                text(subsecond).as_deref(),
                text(offset).as_deref(),
            )
        };
        self.captured_at = time(
            tag::DATE_TIME_ORIGINAL,
            tag::SUBSEC_ORIGINAL,
            tag::OFFSET_TIME_ORIGINAL,
        )
        .or_else(|| time(tag::DATE_TIME_DIGITIZED, 0, 0));
        self.modified_at = time(tag::DATE_TIME, 0, tag::OFFSET_TIME);
        self.exposure_time = positive(tag::EXPOSURE_TIME);
        self.f_number = positive(tag::F_NUMBER);
        // 65,535 stands for "more than this field can say".
        self.iso = whole(tag::ISO)
            .filter(|v| *v < 65_535)
            .or_else(|| whole(tag::RECOMMENDED_EXPOSURE_INDEX));
        self.exposure_bias = find(tag::EXPOSURE_BIAS).and_then(|e| e.number(0));
        self.focal_length = positive(tag::FOCAL_LENGTH);
        self.focal_length_35mm = whole(tag::FOCAL_LENGTH_35MM);
        self.orientation = first(Kind::Main(0), tag::ORIENTATION)
            .and_then(|e| e.integer(0))
            .filter(|o| (1..=8).contains(o));
        self.stated_width = whole(tag::PIXEL_X);
        self.stated_height = whole(tag::PIXEL_Y);
        self.software = text(tag::SOFTWARE);
        self.artist = text(tag::ARTIST).or_else(|| text(tag::CAMERA_OWNER));
        self.copyright = text(tag::COPYRIGHT);
        self.gps = first(Kind::Gps, GPS_LATITUDE).is_some_and(|e| !e.is_empty());
        let adobe = first(Kind::Interoperability, 1)
            .and_then(Entry::text)
            .is_some_and(|t| t == "R03");
        self.colour_space = match find(tag::COLOR_SPACE).and_then(|e| e.integer(0)) {
            Some(1) => Some("sRGB".into()),
            Some(2) => Some("Adobe RGB".into()),
            Some(65_535) if adobe => Some("Adobe RGB".into()),
            Some(65_535) => Some("uncalibrated".into()),
            _ => None,
        };
        self.unique_id = text(tag::IMAGE_UNIQUE_ID).or_else(|| {
            let bytes = find(tag::RAW_DATA_UNIQUE_ID)?.data.get(..16)?;
            Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
        });
        self.maker_note = find(tag::MAKER_NOTE).map_or(0, |e| e.data.len() as u32);
        self.raw_file_name =
            find(tag::ORIGINAL_RAW_NAME).and_then(|e| crate::tiff::clean_text(e.data));
    }

    fn read_xmp(&mut self, packet: &Packet) {
        let or = |field: &mut Option<String>, names: &[&str]| {
            let value = || names.iter().find_map(|name| packet.get(name));
            *field = field.take().or_else(|| value().map(str::to_owned));
        };
        or(&mut self.make, &["tiff:Make"]);
        or(&mut self.model, &["tiff:Model"]);
        or(
            &mut self.body_serial,
            &["exifEX:BodySerialNumber", "aux:SerialNumber"],
        );
        or(&mut self.lens, &["exifEX:LensModel", "aux:Lens"]);
        or(
            &mut self.lens_serial,
            &["exifEX:LensSerialNumber", "aux:LensSerialNumber"],
        );
        or(&mut self.creator_tool, &["xmp:CreatorTool"]);
        or(&mut self.artist, &["dc:creator[1]"]);
        or(&mut self.copyright, &["dc:rights[1]"]);
        or(
            &mut self.raw_file_name,
            &["crs:RawFileName", "xmpMM:PreservedFileName"],
        );
        or(&mut self.source_type, &["Iptc4xmpExt:DigitalSourceType"]);
        if let Some(address) = &mut self.source_type
            && let Some((_, last)) = address.rsplit_once('/')
        {
            *address = last.to_owned();
        }
        let time = |names: &[&str]| names.iter().find_map(|name| Time::parse(packet.get(name)?));
        self.captured_at = self
            .captured_at
            .take()
            .or_else(|| time(&["exif:DateTimeOriginal", "photoshop:DateCreated"]));
        self.modified_at = self
            .modified_at
            .take()
            .or_else(|| time(&["xmp:ModifyDate"]));
        self.gps |= packet.get("exif:GPSLatitude").is_some();
        for step in 1..=EDITS {
            let field = |name: &str| {
                let path = format!("xmpMM:History[{step}]/stEvt:{name}");
                packet.get(&path).unwrap_or_default().to_owned()
            };
            let edit = Edit {
                action: field("action"),
                software: field("softwareAgent"),
                when: field("when"),
                parameters: field("parameters"),
                changed: field("changed"),
            };
            if edit == Edit::default() {
                break;
            }
            self.edits.push(edit);
        }
        let settings = packet.all().filter_map(|(name, value)| {
            let name = name.strip_prefix("crs:")?;
            Some((name.to_owned(), value.to_owned()))
        });
        self.settings = settings.take(SETTINGS).collect();
    }

    /// As a JSON object.
    pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        }
    }
}

/// The GPS directory's latitude.
const GPS_LATITUDE: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF structure: a main directory, then an EXIF directory it points to.
    fn structure(main: &[(u16, u16, u32, [u8; 4])], exif: &[(u16, u16, u32, [u8; 4])]) -> Vec<u8> {
        let mut out = b"II*\0\x08\0\0\0".to_vec();
        let after = 8 + 2 + 12 * (main.len() as u32 + 1) + 4;
        let directory = |entries: &[(u16, u16, u32, [u8; 4])], out: &mut Vec<u8>| {
            out.extend((entries.len() as u16).to_le_bytes());
            for (tag, kind, count, value) in entries {
                out.extend(tag.to_le_bytes());
                out.extend(kind.to_le_bytes());
                out.extend(count.to_le_bytes());
                out.extend(value);
            }
            out.extend([0; 4]);
        };
        let mut main = main.to_vec();
        main.push((tag::EXIF_IFD, 4, 1, after.to_le_bytes()));
        directory(&main, &mut out);
        directory(exif, &mut out);
        out
    }

    fn read(bytes: &[u8]) -> Metadata {
        Metadata::read(&[Directories::read(bytes).unwrap()], None)
    }

    #[test]
    fn plain_tags() {
        let found = read(&structure(
            &[
                (tag::MAKE, 2, 4, *b"Abc\0"),
                (tag::ORIENTATION, 3, 1, [6, 0, 0, 0]),
            ],
            &[
                (tag::ISO, 3, 1, [200, 0, 0, 0]),
                (tag::COLOR_SPACE, 3, 1, [1, 0, 0, 0]),
                (tag::FOCAL_LENGTH_35MM, 3, 1, [50, 0, 0, 0]),
            ],
        ));
        assert_eq!(found.make.as_deref(), Some("Abc"));
        assert_eq!(found.orientation, Some(6));
        assert_eq!(found.iso, Some(200));
        assert_eq!(found.colour_space.as_deref(), Some("sRGB"));
        assert_eq!(found.focal_length_35mm, Some(50));
        assert_eq!(
            serde_json::Value::Object(found.to_json()),
            serde_json::json!({
                "make": "Abc", "orientation": 6, "iso": 200, "colour_space": "sRGB",
                "focal_length_35mm": 50, "gps": false,
            })
        );
    }

    #[test]
    fn absurd_values_are_absent() {
        let mut bytes = structure(
            &[
                // Text that is not UTF-8, and an orientation that does not exist.
                (tag::MODEL, 2, 3, [0xE9, b'X', 0, 0]),
                (tag::ORIENTATION, 3, 1, [77, 0, 0, 0]),
                // A type that does not exist, and a count past the end of everything.
                (tag::SOFTWARE, 99, 1, [0; 4]),
                (tag::ARTIST, 2, u32::MAX, [8, 0, 0, 0]),
            ],
            // The fraction lies at 0, whose second half is "8": patched below to n/0.
            &[(tag::EXPOSURE_TIME, 5, 1, [0, 1, 0, 0])],
        );
        bytes.resize(256, 0);
        bytes.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        let found = read(&bytes);
        assert_eq!(found.model.as_deref(), Some("éX"));
        assert_eq!(found.orientation, None);
        assert_eq!(found.exposure_time, None);
        assert_eq!(found.software, None);
        assert!(found.artist.unwrap_or_default().len() <= bytes.len());
    }

    #[test]
    fn a_megabyte_of_text_is_cut() {
        let mut bytes = structure(&[(tag::SOFTWARE, 2, 1 << 20, [0, 1, 0, 0])], &[]);
        bytes.resize(256, 0);
        bytes.extend(std::iter::repeat_n(b'x', 1 << 20));
        assert_eq!(read(&bytes).software.unwrap().len(), crate::tiff::TEXT);
    }
}
