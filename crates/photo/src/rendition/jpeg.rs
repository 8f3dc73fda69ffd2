//! The structure of a JPEG file: its segments, quantisation tables and sampling factors, what
//! follows its end, without decoding it (ITU-T T.81 annex B).

use std::collections::BTreeMap;

/// At most so many segments are listed.
const SEGMENTS: usize = 4096;

/// Place in the natural order (row by row) of each coefficient of the zig-zag order.
pub const ZIG_ZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A quantisation table in natural order.
pub type Table = [u16; 64];

/// One colour component of the frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Its identifier.
    pub id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub horizontal: u8,
    /// Vertical sampling factor, 1 to 4.
    pub vertical: u8,
    /// Which quantisation table it uses.
    pub table: u8,
}

/// An application segment or a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The marker's second byte: 0xE0 to 0xEF for APP0 to APP15, 0xFE for a comment.
    pub marker: u8,
    /// What it begins with, as far as it is text: `Exif`, `JFIF`, `ICC_PROFILE`, …
    pub signature: String,
    /// Its length in bytes, without marker and length field.
    pub length: usize,
}

/// What the segments of a JPEG say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jpeg {
    /// Pixels a row, as stored.
    pub width: u16,
    /// Rows, as stored.
    pub height: u16,
    /// The frame header's marker: 0xC0 baseline, 0xC1 extended, 0xC2 progressive, …
    pub frame: u8,
    /// Bits a sample.
    pub precision: u8,
    /// The components, in the order of the frame header.
    pub components: Vec<Component>,
    /// The quantisation tables the components use, by number.
    pub tables: BTreeMap<u8, Table>,
    /// How many table definitions the file has: a usual writer defines each once.
    pub definitions: usize,
    /// Scans begun.
    pub scans: usize,
    /// MCUs between restart markers, where the file defines it (0: none).
    pub restart_interval: Option<u16>,
    /// Application segments and comments in the file's order.
    pub segments: Vec<Segment>,
    /// The transform of the Adobe segment: 0 none, 1 YCbCr, 2 YCCK.
    pub adobe_transform: Option<u8>,
    /// Whether the end-of-image marker was found.
    pub complete: bool,
    /// Bytes after the end-of-image marker.
    pub trailing: usize,
    /// The EXIF block, from its byte-order mark on.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// The ICC profile, its parts joined.
    pub icc: Option<Vec<u8>>,
}

impl Jpeg {
    /// Whether coefficients come in several passes.
    pub fn progressive(&self) -> bool {
        matches!(self.frame, 0xC2 | 0xC6 | 0xCA | 0xCE)
    }

    /// How many components share the chroma's resolution: `4:4:4`, `4:2:2`, `4:2:0`, `4:4:0`,
    /// `4:1:1`, or the factors themselves for any other.
    pub fn subsampling(&self) -> String {
        let [luma, chroma @ ..] = self.components.as_slice() else {
            return String::new();
        };
        let same = chroma
            .first()
            .filter(|&c| {
                chroma
                    .iter()
                    .all(|o| (o.horizontal, o.vertical) == (c.horizontal, c.vertical))
            })
            .map(|c| ((luma.horizontal, c.horizontal), (luma.vertical, c.vertical)));
        match same {
            None if chroma.is_empty() => "4:0:0".into(),
            Some((h, v)) if h.0 == h.1 && v.0 == v.1 => "4:4:4".into(),
            Some((h, v)) if h.0 == 2 * h.1 && v.0 == v.1 => "4:2:2".into(),
            Some((h, v)) if h.0 == 2 * h.1 && v.0 == 2 * v.1 => "4:2:0".into(),
            Some((h, v)) if h.0 == h.1 && v.0 == 2 * v.1 => "4:4:0".into(),
            Some((h, v)) if h.0 == 4 * h.1 && v.0 == v.1 => "4:1:1".into(),
            _ => self
                .components
                .iter()
                .map(|c| format!("{}x{}", c.horizontal, c.vertical))
                .collect::<Vec<_>>()
                .join(","),
        }
    }

    /// Luma and chroma table in natural order; a picture in grey has the luma table twice.
    pub fn quantisation(&self) -> Option<[Table; 2]> {
        let table = |i: usize| self.tables.get(&self.components.get(i)?.table).copied();
        let luma = table(0)?;
        Some([luma, table(1).unwrap_or(luma)])
    }

    /// The quality at which the Independent JPEG Group's library makes the luma and the chroma
    /// table; `None` where a table is not one of its own.
    pub fn quality(&self) -> [Option<u8>; 2] {
        let Some([luma, chroma]) = self.quantisation() else {
            return [None; 2];
        };
        let colour = self.components.len() >= 3;
        [
            standard_quality(&luma, &LUMA),
            colour.then(|| standard_quality(&chroma, &CHROMA)).flatten(),
        ]
    }
}

/// T.81 table K.1.
const LUMA: Table = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 table K.2.
const CHROMA: Table = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// A table of T.81 annex K scaled to a quality from 1 to 100 as `jpeg_set_quality` of the
/// Independent JPEG Group's library does.
fn scaled(base: &Table, quality: u8) -> Table {
    let scale = match u32::from(quality) {
        q @ 1..50 => 5000 / q,
        q => 200 - 2 * q.min(100),
    };
    base.map(|v| ((u32::from(v) * scale + 50) / 100).clamp(1, 255) as u16)
}

fn standard_quality(table: &Table, base: &Table) -> Option<u8> {
    (1..=100).rev().find(|&q| scaled(base, q) == *table)
}

/// Reads the structure of a JPEG; `None` if it does not begin as one or has no frame header.
pub fn parse(data: &[u8]) -> Option<Jpeg> {
    let mut jpeg = Jpeg::default();
    let mut tables = BTreeMap::new();
    let mut icc = BTreeMap::new();
    for (marker, body) in segments(data)? {
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => frame(&mut jpeg, marker, body),
            0xD9 => (jpeg.complete, jpeg.trailing) = (true, body.len()),
            0xDA => jpeg.scans += 1,
            0xDB => jpeg.definitions += quantisation_tables(&mut tables, body),
            0xDD => jpeg.restart_interval = body.first_chunk().map(|&b| u16::from_be_bytes(b)),
            0xE0..=0xEF | 0xFE => application(&mut jpeg, &mut icc, marker, body),
            _ => {}
        }
    }
    if jpeg.components.is_empty() {
        return None;
    }
    tables.retain(|id, _| jpeg.components.iter().any(|c| c.table == *id));
    jpeg.tables = tables;
    if !icc.is_empty() {
        jpeg.icc = Some(icc.into_values().flatten().copied().collect());
    }
    Some(jpeg)
}

/// The EXIF block of a JPEG, from its byte-order mark on.
pub fn exif_block(data: &[u8]) -> Option<&[u8]> {
    segments(data)?
        .take_while(|(marker, _)| *marker != 0xDA)
        .find_map(|(marker, body)| exif(marker, body))
}

fn exif(marker: u8, body: &[u8]) -> Option<&[u8]> {
    let block = body.strip_prefix(b"Exif\0").filter(|_| marker == 0xE1)?;
    block.get(1..)
}

/// The segments after the start-of-image marker, each with what follows its length field; the last
/// is the end-of-image marker with the rest of the file. Ends early where a segment is cut off.
fn segments(data: &[u8]) -> Option<impl Iterator<Item = (u8, &[u8])>> {
    let mut rest = data.strip_prefix(&[0xFF, 0xD8])?;
    Some(std::iter::from_fn(move || {
        loop {
            let (marker, after) = next_marker(rest)?;
            rest = after;
            match marker {
                0xD9 => return Some((marker, std::mem::take(&mut rest))),
                0x01 | 0xD0..=0xD8 => {}
                _ => {
                    let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?));
                    let body = rest.get(2..length)?;
                    rest = rest.get(length..)?;
                    return Some((marker, body));
                }
            }
        }
    }))
}

/// The next marker and what follows it; skips entropy-coded data and fill bytes.
fn next_marker(mut rest: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = rest.iter().position(|&b| b == 0xFF)?;
        rest = rest.get(at + 1..)?;
        match rest.split_first()? {
            (0x00, after) => rest = after,
            (0xFF, _) => {}
            (&marker, after) => return Some((marker, after)),
        }
    }
}

fn application<'a>(jpeg: &mut Jpeg, icc: &mut BTreeMap<u8, &'a [u8]>, marker: u8, body: &'a [u8]) {
    if jpeg.segments.len() < SEGMENTS {
        let text = body.iter().take(40).take_while(|b| b.is_ascii_graphic());
        jpeg.segments.push(Segment {
            marker,
            signature: text.map(|&b| char::from(b)).collect(),
            length: body.len(),
        });
    }
    match marker {
        0xE1 => {
            let packet = body.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0");
            jpeg.exif = jpeg
                .exif
                .take()
                .or_else(|| exif(marker, body).map(<[u8]>::to_vec));
            jpeg.xmp = jpeg.xmp.take().or_else(|| packet.map(<[u8]>::to_vec));
        }
        0xE2 => {
            if let Some([part, _, data @ ..]) = body.strip_prefix(b"ICC_PROFILE\0") {
                icc.entry(*part).or_insert(data);
            }
        }
        0xEE => {
            if let Some(rest) = body.strip_prefix(b"Adobe") {
                jpeg.adobe_transform = rest.get(6).copied();
            }
        }
        _ => {}
    }
}

fn frame(jpeg: &mut Jpeg, marker: u8, body: &[u8]) {
    // A second frame header would belong to a hierarchical file, which no decoder here reads.
    let (true, Some(&[precision, h1, h0, w1, w0, count])) =
        (jpeg.components.is_empty(), body.first_chunk())
    else {
        return;
    };
    jpeg.frame = marker;
    jpeg.precision = precision;
    jpeg.height = u16::from_be_bytes([h1, h0]);
    jpeg.width = u16::from_be_bytes([w1, w0]);
    let components = body.get(6..).unwrap_or_default().chunks_exact(3);
    jpeg.components = components
        .take(usize::from(count))
        .filter_map(|c| match *c {
            [id, factors, table] => Some(Component {
                id,
                horizontal: factors >> 4,
                vertical: factors & 15,
                table,
            }),
            _ => None,
        })
        .collect();
}

/// Takes the table definitions of a DQT segment; returns how many there are.
fn quantisation_tables(tables: &mut BTreeMap<u8, Table>, mut body: &[u8]) -> usize {
    let mut count = 0;
    while let Some((&head, rest)) = body.split_first() {
        let wide = head >> 4 != 0;
        let Some((values, rest)) = rest.split_at_checked(if wide { 128 } else { 64 }) else {
            break;
        };
        let mut table = [0; 64];
        for (i, place) in ZIG_ZAG.iter().enumerate() {
            let value = if wide {
                let bytes = values.get(2 * i..).and_then(<[u8]>::first_chunk);
                bytes.map(|&b| u16::from_be_bytes(b))
            } else {
                values.get(i).map(|&v| u16::from(v))
            };
            if let (Some(to), Some(value)) = (table.get_mut(usize::from(*place)), value) {
                *to = value;
            }
        }
        // The picture is coded with the table in force at its scan; the last definition is that of
        // all but deliberately odd files.
        tables.insert(head & 15, table);
        count += 1;
        body = rest;
    }
    count
}
