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
    let green = usize::from(here[1] == 1);
    let [r, g, b] = to;
    if along == 0 {
        gradient_corrected(rows, green, r, g, b);
    } else {
        gradient_corrected(rows, green, b, g, r);
    }
}

vectorised! {
    /// `green` is 0 where the first site of the row is green, 1 where the second is; `along` is
    /// the other colour of the row, `across` that of the rows above and below.
    fn gradient_corrected<'a>(
        rows: [&'a [f32]; 5],
        green: usize,
        along: &'a mut [f32],
        middle: &'a mut [f32],
        across: &'a mut [f32],
    ) {
        let n = along.len();
        let [above, upper, row, lower, below] = rows;
        let (a, e) = (&above[2..2 + n], &below[2..2 + n]);
        let (b0, b1, b2) = (&upper[1..1 + n], &upper[2..2 + n], &upper[3..3 + n]);
        let (d0, d1, d2) = (&lower[1..1 + n], &lower[2..2 + n], &lower[3..3 + n]);
        let (c0, c1, c2) = (&row[..n], &row[1..1 + n], &row[2..2 + n]);
        let (c3, c4) = (&row[3..3 + n], &row[4..4 + n]);
        let (middle, across) = (&mut middle[..n], &mut across[..n]);
        for x in 0..n {
            let own = c2[x];
            let (beside, vertical) = (c1[x] + c3[x], b1[x] + d1[x]);
            let (far_x, far_y) = (c0[x] + c4[x], a[x] + e[x]);
            let diagonal = b0[x] + b2[x] + d0[x] + d2[x];
            let is_green = x % 2 == green;
            let same_row = (5.0 * own + 4.0 * beside - diagonal - far_x + 0.5 * far_y) / 8.0;
            let other_row = (5.0 * own + 4.0 * vertical - diagonal - far_y + 0.5 * far_x) / 8.0;
            let opposite = (6.0 * own + 2.0 * diagonal - 1.5 * (far_x + far_y)) / 8.0;
            let fitted = (4.0 * own + 2.0 * (beside + vertical) - far_x - far_y) / 8.0;
            along[x] = if is_green { same_row } else { own };
            middle[x] = if is_green { own } else { fitted };
            across[x] = if is_green { other_row } else { opposite };
        }
    }
}
