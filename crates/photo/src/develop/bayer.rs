//! Bayer mosaics: binning to half the size and demosaicing at full size.

use crate::raster::vector::vectorised;

/// One row of half-size RGB from the four rows of linear samples around it (the two rows of the
/// squares are the middle ones), each with `pad` samples more on the left.
pub(super) fn bin(
    rows: [&[f32]; 4],
    pad: usize,
    pattern: [usize; 4],
    gain: [f32; 4],
    to: [&mut [f32]; 3],
) {
    for (colour, to) in to.into_iter().enumerate() {
        let mut sites = (0..4)
            .filter(|&i| pattern[i] == colour)
            .map(|i| (i % 2, i / 2));
        let (Some((dx, dy)), second) = (sites.next(), sites.next()) else {
            continue;
        };
        match second {
            // Two sites on a diagonal: their middle is the centre of the square.
            Some((ex, ey)) => pair(
                &rows[1 + dy][pad + dx..],
                &rows[1 + ey][pad + ex..],
                0.5 * gain[colour],
                to,
            ),
            None => {
                let (near, far) = (rows[1 + dy], rows[if dy == 0 { 3 } else { 0 }]);
                let beside = if dx == 0 { pad + 2 } else { pad - 1 };
                let (a, b) = (pad + dx, beside);
                let corners = [&near[a..], &near[b..], &far[a..], &far[b..]];
                quad(corners, gain[colour] / 16.0, to);
            }
        }
    }
}

/// One row of the means of 2 × 2 pixels of sample `c` of `samples` a pixel.
pub(super) fn mean(
    upper: &[f32],
    lower: &[f32],
    pad: usize,
    samples: usize,
    c: usize,
    gain: f32,
    to: &mut [f32],
) {
    for (x, t) in to.iter_mut().enumerate() {
        let a = (pad + 2 * x) * samples + c;
        let b = a + samples;
        *t = (upper[a] + upper[b] + lower[a] + lower[b]) * 0.25 * gain;
    }
}

vectorised! {
    fn pair<'a>(a: &'a [f32], b: &'a [f32], gain: f32, to: &'a mut [f32]) {
        for ((t, a), b) in to.iter_mut().zip(a.chunks_exact(2)).zip(b.chunks_exact(2)) {
            *t = (a[0] + b[0]) * gain;
        }
    }
}

vectorised! {
    fn quad<'a>(corners: [&'a [f32]; 4], gain: f32, to: &'a mut [f32]) {
        let [a, b, c, d] = corners.map(|row| row.chunks_exact(2));
        for ((((t, a), b), c), d) in to.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *t = (9.0 * a[0] + 3.0 * (b[0] + c[0]) + d[0]) * gain;
        }
    }
}

/// One row demosaiced by gradient-corrected linear interpolation (Malvar, He, Cutler:
/// High-quality linear interpolation for demosaicing of Bayer-patterned color images, ICASSP
/// 2004) from five balanced rows padded by two samples; `y` is the row in the frame.
pub(super) fn malvar(rows: [&[f32]; 5], pattern: [usize; 4], y: usize, to: &mut [&mut [f32]; 3]) {
    let here = [pattern[2 * (y % 2)], pattern[2 * (y % 2) + 1]];
    // The colour that is not green in this row, and the one of the rows above and below.
    let along = if here[0] == 1 { here[1] } else { here[0] };
    let across = 2 - along;
    let [a, b, c, d, e] = rows;
    for x in 0..to[0].len() {
        let i = x + 2;
        let plus = b[i] + d[i] + c[i - 1] + c[i + 1];
        let far_x = c[i - 2] + c[i + 2];
        let far_y = a[i] + e[i];
        let diagonal = b[i - 1] + b[i + 1] + d[i - 1] + d[i + 1];
        let own = c[i];
        if here[x % 2] == 1 {
            to[1][x] = own;
            let beside = c[i - 1] + c[i + 1];
            let above = b[i] + d[i];
            to[along][x] = (5.0 * own + 4.0 * beside - diagonal - far_x + 0.5 * far_y) / 8.0;
            to[across][x] = (5.0 * own + 4.0 * above - diagonal - far_y + 0.5 * far_x) / 8.0;
        } else {
            to[along][x] = own;
            to[1][x] = (4.0 * own + 2.0 * plus - far_x - far_y) / 8.0;
            to[across][x] = (6.0 * own + 2.0 * diagonal - 1.5 * (far_x + far_y)) / 8.0;
        }
    }
}
