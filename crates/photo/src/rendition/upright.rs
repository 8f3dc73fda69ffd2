//! Turning a picture upright.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

use rayon::prelude::*;

use crate::raster::Rgb8;

/// Rows of output that one task makes: a column of the input is then read in runs that stay in the
/// cache.
const ROWS: usize = 16;

/// Applies an EXIF orientation (1 to 8).
pub(super) fn upright(rgb: Rgb8, orientation: u8) -> Rgb8 {
    if !(2..=8).contains(&orientation) {
        return rgb;
    }
    let (width, height) = (rgb.width, rgb.height);
    let swapped = orientation >= 5;
    let (out_width, out_height) = if swapped {
        (height, width)
    } else {
        (width, height)
    };
    let mut data = vec![0; rgb.data.len()];
    let source = |x: usize, y: usize| match orientation {
        2 => (width - 1 - x, y),
        3 => (width - 1 - x, height - 1 - y),
        4 => (x, height - 1 - y),
        5 => (y, x),
        6 => (y, height - 1 - x),
        7 => (width - 1 - y, height - 1 - x),
        _ => (width - 1 - y, x),
    };
    let chunks = data.par_chunks_mut(out_width * 3 * ROWS).enumerate();
    chunks.for_each(|(chunk, rows)| {
        let count = rows.len() / (out_width * 3);
        for x in 0..out_width {
            for row in 0..count {
                let (sx, sy) = source(x, chunk * ROWS + row);
                let from = (sy * width + sx) * 3;
                let to = (row * out_width + x) * 3;
                rows[to..to + 3].copy_from_slice(&rgb.data[from..from + 3]);
            }
        }
    });
    Rgb8 {
        width: out_width,
        height: out_height,
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 3 × 2 picture turned by every orientation, as `exiftool`'s description of the tag has it:
    /// 1 2 3 / 4 5 6.
    #[test]
    fn every_orientation() {
        let picture = |width, height, values: &[u8]| Rgb8 {
            width,
            height,
            data: values.iter().flat_map(|&v| [v; 3]).collect(),
        };
        let stored = || picture(3, 2, &[1, 2, 3, 4, 5, 6]);
        let cases = [
            (1, picture(3, 2, &[1, 2, 3, 4, 5, 6])),
            (2, picture(3, 2, &[3, 2, 1, 6, 5, 4])),
            (3, picture(3, 2, &[6, 5, 4, 3, 2, 1])),
            (4, picture(3, 2, &[4, 5, 6, 1, 2, 3])),
            (5, picture(2, 3, &[1, 4, 2, 5, 3, 6])),
            (6, picture(2, 3, &[4, 1, 5, 2, 6, 3])),
            (7, picture(2, 3, &[6, 3, 5, 2, 4, 1])),
            (8, picture(2, 3, &[3, 6, 2, 5, 1, 4])),
        ];
        for (orientation, expected) in cases {
            assert_eq!(upright(stored(), orientation), expected, "{orientation}");
        }
    }
}
