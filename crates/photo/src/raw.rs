//! Reading RAW files: the samples of the sensor and what the file says about them.
//!
//! The one decoder is `flashraw`, pure Rust with limits for files of strangers. LibRaw's and
//! `rawler`'s further kinds are left out: the one is C++, the other can abort the process.

mod container;

pub use container::{Container, Directory, Preview, Tag};

use flashraw::low_level::codecs::dng_opcodes::{self, Opcode};
use flashraw::{
    CfaColor, CorruptionPolicy, DecodeOptions, FlashRaw, RawFrame, RawMetadata, SensorLayout,
};

use crate::format::Format;
use crate::{Error, Limits};

/// A decoded RAW file.
#[derive(Debug)]
pub struct Raw {
    /// The decoder's frame: samples in sensor units, CFA, levels, matrices, masked areas.
    pub frame: RawFrame,
    /// Left, top, width, height of the RAW frame (the visible area) in `frame`'s samples; for a
    /// CFA both offsets and both sizes are even, so that the pattern begins the same everywhere.
    pub visible: (usize, usize, usize, usize),
    /// What DNG's second list of opcodes does to linear samples: lens shading, mostly.
    pub shading: Vec<Opcode>,
    /// What the file around the samples is: format, compression, directories, previews.
    pub container: Container,
}

impl Raw {
    /// What the file says about camera, lens, exposure and time.
    pub fn metadata(&self) -> &RawMetadata {
        &self.frame.metadata
    }

    /// Width and height of the RAW frame in full-resolution pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.visible.2, self.visible.3)
    }

    /// The 2 × 2 Bayer pattern at the RAW frame's first pixel, row by row (0 red, 1 green,
    /// 2 blue); `None` for other sensors.
    pub fn bayer(&self) -> Option<[usize; 4]> {
        if self.frame.sensor_layout != SensorLayout::Bayer {
            return None;
        }
        let cfa = self.frame.cfa.as_ref()?;
        let (left, top, ..) = self.visible;
        let at = |dx: usize, dy: usize| match cfa.color_at(left + dx, top + dy) {
            CfaColor::Red => Some(0),
            CfaColor::Green => Some(1),
            CfaColor::Blue => Some(2),
            _ => None,
        };
        Some([at(0, 0)?, at(1, 0)?, at(0, 1)?, at(1, 1)?])
    }
}

/// Decodes a RAW file within the default [`Limits`].
///
/// # Errors
/// As [`read_within`].
pub fn read(bytes: &[u8]) -> Result<Raw, Error> {
    read_within(bytes, &Limits::default())
}

/// Decodes a RAW file.
///
/// Damage is an error, not repaired: samples that a decoder made up would look like a forgery in
/// the picture.
///
/// # Errors
/// [`Error::PictureAsRaw`] for a finished picture; [`Error::Raw`] when it is no RAW file, is cut
/// off or damaged, or is of a kind that is not read; [`Error::TooLarge`], [`Error::FileTooLarge`].
pub fn read_within(bytes: &[u8], limits: &Limits) -> Result<Raw, Error> {
    let file = open(bytes, limits)?;
    let camera = camera(file.metadata());
    let info = file.frame_info();
    limits.check_raw(info.width.into(), info.height.into())?;
    let pixels = u64::from(info.width) * u64::from(info.height);
    if pixels / PIXELS_PER_BYTE > bytes.len() as u64 {
        return Err(Error::Raw {
            camera,
            reason: format!(
                "it claims {} x {} pixels, more than its {} bytes can hold",
                info.width,
                info.height,
                bytes.len()
            ),
        });
    }
    let options = DecodeOptions {
        limits: samples(limits),
        corruption_policy: CorruptionPolicy::Strict,
        ..DecodeOptions::default()
    };
    let frame = file.decode(options).map_err(|e| Error::Raw {
        camera: camera.clone(),
        reason: e.to_string(),
    })?;
    let visible = visible(&frame);
    if !spans_a_range(&frame) {
        return Err(Error::Raw {
            camera,
            reason: "its white level does not exceed its black level".into(),
        });
    }
    if visible.2 < 2 || visible.3 < 2 {
        return Err(Error::Raw {
            camera,
            reason: format!("it has only {} x {} pixels", frame.width, frame.height),
        });
    }
    Ok(Raw {
        container: Container::read(&file),
        shading: shading(file.frame_info()),
        frame,
        visible,
    })
}

/// DNG's second list of opcodes; one that cannot be read changes nothing.
fn shading(info: &flashraw::FrameInfo) -> Vec<Opcode> {
    let lists = info.opcodes.as_ref().map(|o| &o.lists);
    let list = lists.and_then(|[_, linear, _]| dng_opcodes::parse(linear).ok());
    list.unwrap_or_default()
}

/// What a RAW file says about itself and which directories it has, without decoding its samples.
///
/// # Errors
/// As [`read_within`], but for damaged samples.
pub fn describe(bytes: &[u8], limits: &Limits) -> Result<(RawMetadata, Container), Error> {
    let file = open(bytes, limits)?;
    Ok((file.metadata().clone(), Container::read(&file)))
}

/// No RAW file has so many pixels in a byte: the most wasteful claim a real one makes is a flat
/// area in a lossy DNG, some tens.
const PIXELS_PER_BYTE: u64 = 512;

fn samples(limits: &Limits) -> flashraw::Limits {
    flashraw::Limits::default()
        .with_max_samples(limits.raw.saturating_mul(3))
        .with_max_dimension(limits.side)
}

fn open<'a>(bytes: &'a [u8], limits: &Limits) -> Result<FlashRaw<'a>, Error> {
    limits.check_file("the RAW file", bytes)?;
    let unread = |reason: String| Error::Raw {
        camera: None,
        reason,
    };
    match Format::of(bytes) {
        Format::Unknown => {}
        Format::Tiff if flashraw::FlashRaw::open_with(bytes, samples(limits)).is_ok() => {}
        Format::Other(name @ ("PDF" | "MPEG-4" | "HEIF sequence")) => {
            return Err(unread(format!("it is a {name} file")));
        }
        picture => return Err(Error::PictureAsRaw(picture.name())),
    }
    // Without a header the decoder would guess by the file's length alone.
    if flashraw::supports(bytes).is_none() {
        return Err(unread(
            "it has no header of a RAW file that is known here".into(),
        ));
    }
    FlashRaw::open_with(bytes, samples(limits)).map_err(|e| match e {
        flashraw::Error::CameraUnsupported {
            make,
            model,
            reason,
        } => Error::Raw {
            camera: Some(format!("{make} {model}")),
            reason: format!("this camera's files are not read{}", after_colon(&reason)),
        },
        e => Error::Raw {
            camera: container::header_camera(bytes),
            reason: e.to_string(),
        },
    })
}

fn after_colon(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    }
}

fn camera(metadata: &RawMetadata) -> Option<String> {
    Some(metadata.camera()).filter(|c| !c.trim().is_empty())
}

/// Whether every sample's white level lies above its black level: the division by their difference
/// is what all development begins with.
fn spans_a_range(frame: &RawFrame) -> bool {
    let black = &frame.black_level;
    let lowest_white = frame.white_level.min() as f32;
    let all = black
        .values
        .iter()
        .chain(&black.row_deltas)
        .chain(&black.col_deltas);
    let highest = |values: &[f32]| values.iter().copied().fold(0.0, f32::max);
    all.into_iter().all(|v| v.is_finite())
        && highest(&black.values) + highest(&black.row_deltas) + highest(&black.col_deltas)
            < lowest_white
}

/// The visible area; of a CFA the largest part of it that begins and ends on even samples.
fn visible(frame: &RawFrame) -> (usize, usize, usize, usize) {
    let area = frame.active_area;
    let span = |start: u32, length: u32| {
        let (start, end) = (start as usize, start as usize + length as usize);
        if frame.cfa.is_none() {
            return (start, end - start);
        }
        let start = start.next_multiple_of(2);
        (start, end.saturating_sub(start) & !1)
    };
    let (left, width) = span(area.x, area.width);
    let (top, height) = span(area.y, area.height);
    (left, top, width, height)
}
