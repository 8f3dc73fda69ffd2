//! Sensor samples as linear values: 0 at black, 1 at saturation.

use flashraw::RawPixelData;
use flashraw::low_level::codecs::dng_opcodes::RowOps;

use crate::raster::vector::vectorised;
use crate::raw::Raw;

/// What is taken off and multiplied to every sample of one row, and what the file says of lens
/// shading.
pub(super) struct Levels<'a> {
    raw: &'a Raw,
    /// Rows after which black and scale repeat.
    period: usize,
    black: Vec<Vec<f32>>,
    scale: Vec<Vec<f32>>,
    shading: Option<RowOps<'a>>,
    /// Multipliers of red, green and blue (a fourth colour last) that make a grey object grey.
    pub balance: [f32; 4],
}

/// Consecutive rows of linear values with `pad` pixels more on each side.
pub(super) struct Rows {
    data: Vec<f32>,
    length: usize,
    pad: usize,
}

impl<'a> Levels<'a> {
    /// `None` for a frame whose buffer is not what its sizes say.
    pub fn new(raw: &'a Raw) -> Option<Self> {
        let frame = &raw.frame;
        let (left, top, width, height) = raw.visible;
        let samples = frame.cpp as usize;
        let stride = frame.width as usize;
        if left + width > stride
            || top + height > frame.height as usize
            || frame.data.len() < stride * frame.height as usize * samples
            || !matches!(frame.data, RawPixelData::U16(_) | RawPixelData::F32(_))
        {
            return None;
        }
        let level = &frame.black_level;
        let mosaic = frame.cfa.map_or(1, |cfa| cfa.height());
        let period = lcm(mosaic, usize::from(level.rows.max(1)));
        let white = |x: usize, y: usize, c: usize| {
            let colour = frame.cfa.map_or(c, |cfa| cfa.color_at(x, y) as usize);
            frame.white_level.at(colour) as f32
        };
        let each = |f: &dyn Fn(usize, usize, usize) -> f32| -> Vec<Vec<f32>> {
            (0..period)
                .map(|y| {
                    let row = (left..left + width).flat_map(|x| (0..samples).map(move |c| (x, c)));
                    row.map(|(x, c)| f(x, y + top, c)).collect()
                })
                .collect()
        };
        // Deltas for single rows are taken off row by row, below.
        let delta = |y: usize| level.row_deltas.get(y).copied().unwrap_or(0.0);
        let black = each(&|x, y, c| level.at(x, y, c) - delta(y));
        let scale = each(&|x, y, c| {
            let column = level.col_deltas.get(x).copied().unwrap_or(0.0);
            let range = white(x, y, c) - (level.at(x, y, c) - delta(y) - column);
            if range > 0.0 { 1.0 / range } else { 1.0 }
        });
        let area = frame.active_area;
        let shading = RowOps::new(
            &raw.shading,
            width,
            samples,
            left.saturating_sub(area.x as usize),
            area.width as usize,
            area.height as usize,
            65_535.0,
        );
        Some(Self {
            raw,
            period,
            black,
            scale,
            shading: shading.filter(|ops| !ops.is_empty()),
            balance: super::colour::balance(raw),
        })
    }

    /// `count` rows from row `first` of the RAW frame. Outside the frame the nearest rows and
    /// columns that lie whole periods of the mosaic inwards are repeated.
    pub fn rows(&self, first: isize, count: usize, pad: usize) -> Rows {
        let (left, top, width, height) = self.raw.visible;
        let samples = self.raw.frame.cpp as usize;
        let (repeat_x, repeat_y) = self
            .raw
            .frame
            .cfa
            .map_or((1, 1), |cfa| (cfa.width(), cfa.height()));
        let length = (width + 2 * pad) * samples;
        let mut data = vec![0.0; length * count];
        for (i, row) in data.chunks_exact_mut(length).enumerate() {
            let y = inside(first + i as isize, height, repeat_y);
            let delta = self.raw.frame.black_level.row_deltas.get(top + y);
            let start = ((top + y) * self.raw.frame.width as usize + left) * samples;
            let (black, scale) = (&self.black[y % self.period], &self.scale[y % self.period]);
            let delta = delta.copied().unwrap_or(0.0);
            let to = &mut row[pad * samples..(pad + width) * samples];
            match &self.raw.frame.data {
                RawPixelData::U16(v) => {
                    linear_u16(&v[start..start + to.len()], black, delta, scale, to);
                }
                RawPixelData::F32(v) => {
                    linear_f32(&v[start..start + to.len()], black, delta, scale, to);
                }
                _ => {}
            }
            if let Some(shading) = &self.shading {
                let area = self.raw.frame.active_area;
                shading.apply((top + y).saturating_sub(area.y as usize), to);
            }
            for x in (0..pad).chain(pad + width..2 * pad + width) {
                let from = pad + inside(x as isize - pad as isize, width, repeat_x);
                row.copy_within(from * samples..(from + 1) * samples, x * samples);
            }
        }
        Rows { data, length, pad }
    }
}

impl Rows {
    /// Row `i`, the padding of both sides included.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.data[i * self.length..(i + 1) * self.length]
    }

    /// Multiplies every site of a Bayer mosaic by its colour's gain; `first` is the frame's row
    /// that lies `pad` rows below the first one held.
    pub fn balance(&mut self, pattern: [usize; 4], first: usize, gain: [f32; 4]) {
        let pad = self.pad;
        for (i, row) in self.data.chunks_exact_mut(self.length).enumerate() {
            let dy = (first + i + pad) % 2;
            let gains = [0, 1].map(|dx| gain[pattern[2 * dy + (dx + pad) % 2]]);
            for pair in row.chunks_mut(2) {
                for (v, g) in pair.iter_mut().zip(gains) {
                    *v = (*v * g).min(1.0);
                }
            }
        }
    }
}

vectorised! {
    fn linear_u16<'a>(from: &'a [u16], black: &'a [f32], delta: f32, scale: &'a [f32], to: &'a mut [f32]) {
        for (((t, &s), b), k) in to.iter_mut().zip(from).zip(black).zip(scale) {
            *t = (f32::from(s) - b - delta) * k;
        }
    }
}

vectorised! {
    fn linear_f32<'a>(from: &'a [f32], black: &'a [f32], delta: f32, scale: &'a [f32], to: &'a mut [f32]) {
        for (((t, &s), b), k) in to.iter_mut().zip(from).zip(black).zip(scale) {
            let value = (s - b - delta) * k;
            *t = if value.is_finite() { value } else { 0.0 };
        }
    }
}

/// The index in 0..n that lies the fewest whole periods away from `i`; the last one where a
/// period is longer than the frame.
fn inside(i: isize, n: usize, period: usize) -> usize {
    let (n, period) = (n as isize, period as isize);
    let i = if i < 0 {
        i.rem_euclid(period)
    } else if i >= n {
        i - (i - n + period) / period * period
    } else {
        i
    };
    i.clamp(0, n - 1) as usize
}

fn lcm(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    a / x * b
}
