//! Reading RAW files: the samples of the sensor and what the file says about them.

use flashraw::{CfaColor, DecodeOptions, FlashRaw, RawFrame, RawMetadata, SensorLayout};

use crate::Error;

/// A decoded RAW file.
#[derive(Debug)]
pub struct Raw {
    /// The decoder's frame: samples in sensor units, CFA, levels, matrices, masked areas.
    pub frame: RawFrame,
    /// Left, top, width, height of the RAW frame (the visible area) in `frame`'s samples; for a
    /// CFA both offsets and both sizes are even, so that the pattern begins the same everywhere.
    pub visible: (usize, usize, usize, usize),
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

/// Decodes a RAW file.
///
/// # Errors
/// [`Error::Raw`] when it is none, is damaged beyond use, or is of a kind that is not read.
pub fn read(bytes: &[u8]) -> Result<Raw, Error> {
    let fail = |camera: Option<String>, e: flashraw::Error| Error::Raw {
        camera,
        reason: e.to_string(),
    };
    let file = FlashRaw::open(bytes).map_err(|e| fail(None, e))?;
    let camera = Some(file.metadata().camera()).filter(|c| !c.trim().is_empty());
    let frame = file
        .decode(DecodeOptions::default())
        .map_err(|e| fail(camera, e))?;
    let area = frame.active_area;
    let even = if frame.cfa.is_some() { !1 } else { !0 };
    let left = (area.x as usize + 1) & even;
    let top = (area.y as usize + 1) & even;
    let (left, top) = if even == !1 {
        (left, top)
    } else {
        (area.x as usize, area.y as usize)
    };
    let width = (area.x as usize + area.width as usize - left) & even;
    let height = (area.y as usize + area.height as usize - top) & even;
    Ok(Raw {
        frame,
        visible: (left, top, width, height),
    })
}
