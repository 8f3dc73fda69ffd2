//! The preview inside the RAW file against its mosaic: whoever swaps one of them for something
//! else leaves the other.

use flashraw::FlashRaw;

use super::mosaic::Mosaic;
use crate::verificator::likeness::{LONG, Small, likeness};

/// How alike the mosaic and the embedded preview are ([`likeness`], framings down to nine tenths).
/// `None` without a preview that can be decoded, or where either is flat.
pub fn agreement(mosaic: &Mosaic<'_>, file: &[u8]) -> Option<f64> {
    let open = FlashRaw::open(file).ok()?;
    // The smallest that is large enough: a full-size preview takes long to decode.
    let info = (open.previews().iter())
        .filter(|p| p.width.max(p.height) >= 96 || p.width == 0)
        .min_by_key(|p| (u64::from(p.width) * u64::from(p.height), p.length))?;
    let preview = open.decode_preview_rgb(info).ok()?;
    let (width, height) = (preview.width as usize, preview.height as usize);
    if width.max(height) < LONG {
        return None;
    }
    likeness(
        &small(mosaic)?,
        &Small::of_rgb(width, height, &preview.rgb)?,
        0.9,
    )
}

/// The mosaic's brightness, four sites a place.
fn small(mosaic: &Mosaic<'_>) -> Option<Small> {
    if mosaic.width < 2 || mosaic.height < 2 {
        return None;
    }
    Some(Small::of(mosaic.width / 2, mosaic.height / 2, |x, y| {
        let sum: f32 = (0..2)
            .flat_map(|dy| {
                let row = mosaic.row(2 * y + dy).iter().skip(2 * x).take(2);
                row.zip(mosaic.black.iter().skip(2 * dy))
                    .map(|(&v, b)| f32::from(v) - b)
            })
            .sum();
        sum.max(0.0)
    }))
}
