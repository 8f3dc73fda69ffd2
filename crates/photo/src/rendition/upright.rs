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
    let (width, height) = (rgb.width as isize, rgb.height as isize);
    let last_row = width * (height - 1);
    // Where the first output pixel lies in the input, and the way to the next one in its row and
    // in its column.
    let (first, right, down) = match orientation {
        2 => (width - 1, -1, width),
        3 => (last_row + width - 1, -1, -width),
        4 => (last_row, 1, -width),
        5 => (0, width, 1),
        6 => (last_row, -width, 1),
        7 => (last_row + width - 1, -width, -1),
        8 => (width - 1, width, -1),
        _ => return rgb,
    };
    let (out_width, out_height) = match orientation {
        5.. => (rgb.height, rgb.width),
        _ => (rgb.width, rgb.height),
    };
    let mut data = vec![0; rgb.data.len()];
    let chunks = data.par_chunks_mut(out_width * 3 * ROWS).enumerate();
    chunks.for_each(|(chunk, rows)| {
        let start = first + (chunk * ROWS) as isize * down;
        for x in 0..out_width {
            let mut from = start + x as isize * right;
            for row in rows.chunks_exact_mut(out_width * 3) {
                let pixel = &rgb.data[from as usize * 3..from as usize * 3 + 3];
                row[x * 3..x * 3 + 3].copy_from_slice(pixel);
                from += down;
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
