//! Pictures made from a seed, to measure and to test with where no camera is at hand: a textured
//! scene, the mosaic a sensor would record of it with its noise, and an uncompressed DNG around
//! the samples. Nothing here is taken for evidence of a camera.

use rayon::prelude::*;

/// An uncompressed DNG file in the making (Adobe, Digital Negative Specification 1.6). The empty
/// value of a field leaves its tag out.
#[derive(Clone, Debug, Default)]
pub struct Dng {
    /// Samples a row, of every colour.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width * height * samples_per_pixel` values.
    pub samples: Vec<u16>,
    /// 1 for a mosaic or monochrome, 3 for LinearRaw.
    pub samples_per_pixel: u16,
    /// Columns, rows and colours (0 red, 1 green, 2 blue) of the mosaic's repeating pattern.
    pub pattern: Option<(u16, u16, Vec<u8>)>,
    /// Black level of the sites of each 2 × 2 square.
    pub black: [u16; 4],
    /// Saturation.
    pub white: u16,
    /// The camera's response to the scene's white.
    pub neutral: Option<[f64; 3]>,
    /// XYZ of D65 to camera, row by row.
    pub matrix: Option<[f64; 9]>,
    /// EXIF orientation.
    pub orientation: u16,
    /// Left, top, width and height of the light-sensitive area; the whole where `None`.
    pub active_area: Option<(u32, u32, u32, u32)>,
    /// OpcodeList2 as stored.
    pub opcodes: Vec<u8>,
}

/// One entry of an image file directory: tag, type, count, value bytes.
struct Entry(u16, u16, u32, Vec<u8>);

impl Entry {
    fn short(tag: u16, values: &[u16]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self(tag, 3, values.len() as u32, bytes)
    }

    fn long(tag: u16, values: &[u32]) -> Self {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        Self(tag, 4, values.len() as u32, bytes)
    }

    fn bytes(tag: u16, values: &[u8]) -> Self {
        Self(tag, 1, values.len() as u32, values.to_vec())
    }

    fn ascii(tag: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        Self(tag, 2, bytes.len() as u32, bytes)
    }

    /// Ratios over 1,000,000, signed or not.
    fn ratio(tag: u16, signed: bool, values: &[f64]) -> Self {
        const DENOMINATOR: i32 = 1_000_000;
        let bytes = values.iter().flat_map(|v| {
            let numerator = (v * f64::from(DENOMINATOR)).round() as i32;
            [numerator.to_le_bytes(), DENOMINATOR.to_le_bytes()].concat()
        });
        Self(
            tag,
            if signed { 10 } else { 5 },
            values.len() as u32,
            bytes.collect(),
        )
    }
}

impl Dng {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (w, h) = (self.width as u32, self.height as u32);
        let (left, top, width, height) = self.active_area.unwrap_or((0, 0, w, h));
        let photometric = if self.samples_per_pixel == 1 && self.pattern.is_some() {
            32_803
        } else {
            34_892
        };
        let size = self.samples.len() as u32 * 2;
        let mut entries = vec![
            Entry::long(254, &[0]),
            Entry::long(256, &[w]),
            Entry::long(257, &[h]),
            Entry::short(258, &vec![16; usize::from(self.samples_per_pixel)]),
            Entry::short(259, &[1]),
            Entry::short(262, &[photometric]),
            Entry::ascii(271, "Colophon"),
            Entry::ascii(272, "Synthetic sensor"),
            Entry::long(273, &[0]),
            Entry::short(274, &[self.orientation.max(1)]),
            Entry::short(277, &[self.samples_per_pixel]),
            Entry::long(278, &[h]),
            Entry::long(279, &[size]),
            Entry::short(284, &[1]),
            Entry::bytes(50_706, &[1, 4, 0, 0]),
            Entry::bytes(50_707, &[1, 1, 0, 0]),
            Entry::ascii(50_708, "Colophon synthetic sensor"),
            Entry::short(
                50_717,
                &vec![self.white; usize::from(self.samples_per_pixel)],
            ),
            Entry::long(50_719, &[0, 0]),
            Entry::long(50_720, &[width, height]),
            Entry::long(50_829, &[top, left, top + height, left + width]),
        ];
        if let Some((columns, rows, colours)) = &self.pattern {
            entries.push(Entry::short(33_421, &[*rows, *columns]));
            entries.push(Entry::bytes(33_422, colours));
            entries.push(Entry::bytes(50_710, &[0, 1, 2]));
            entries.push(Entry::short(50_711, &[1]));
            entries.push(Entry::short(50_713, &[2, 2]));
            entries.push(Entry::short(50_714, &self.black));
        } else {
            let [black, ..] = self.black;
            let black = vec![black; usize::from(self.samples_per_pixel)];
            entries.push(Entry::short(50_714, &black));
        }
        if let Some(matrix) = &self.matrix {
            entries.push(Entry::ratio(50_721, true, matrix));
            entries.push(Entry::short(50_778, &[21]));
        }
        if let Some(neutral) = &self.neutral {
            entries.push(Entry::ratio(50_728, false, neutral));
        }
        if !self.opcodes.is_empty() {
            let size = self.opcodes.len() as u32;
            entries.push(Entry(51_009, 7, size, self.opcodes.clone()));
        }
        entries.sort_by_key(|e| e.0);
        directory(entries, &self.samples)
    }
}

/// A little-endian TIFF file of one directory and one strip; the entry for the strip's offset is
/// filled in.
fn directory(mut entries: Vec<Entry>, samples: &[u16]) -> Vec<u8> {
    let start = 8 + 2 + 12 * entries.len() + 4;
    let outside: usize = entries
        .iter()
        .map(|e| e.3.len())
        .filter(|&n| n > 4)
        .map(even)
        .sum();
    let strip = (start + outside) as u32;
    for entry in &mut entries {
        if entry.0 == 273 {
            entry.3 = strip.to_le_bytes().to_vec();
        }
    }
    let mut out = Vec::with_capacity(strip as usize + 2 * samples.len());
    out.extend_from_slice(b"II*\0\x08\0\0\0");
    out.extend_from_slice(&(entries.len() as u16).to_le_bytes());
    let mut beyond = Vec::with_capacity(outside);
    for Entry(tag, kind, count, value) in &entries {
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&kind.to_le_bytes());
        out.extend_from_slice(&count.to_le_bytes());
        if value.len() > 4 {
            out.extend_from_slice(&((start + beyond.len()) as u32).to_le_bytes());
            beyond.extend_from_slice(value);
            beyond.resize(even(beyond.len()), 0);
        } else {
            let mut field = [0; 4];
            for (to, from) in field.iter_mut().zip(value) {
                *to = *from;
            }
            out.extend_from_slice(&field);
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&beyond);
    for v in samples {
        out.extend_from_slice(&v.to_le_bytes());
    }
    out
}

fn even(n: usize) -> usize {
    n.next_multiple_of(2)
}

/// The matrix of a common camera (Canon EOS 30D, as LibRaw has it) and its response to daylight.
const MATRIX: [f64; 9] = [
    0.6257, -0.0303, -0.1000, -0.7880, 1.5621, 0.2396, -0.1714, 0.1904, 0.7046,
];
const NEUTRAL: [f64; 3] = [0.465, 1.0, 0.712];

/// A sensor's view of the scene of `seed`: an RGGB mosaic of 14 bits with the noise of 40,000
/// electrons at saturation and 4 of reading. Equal seeds with another `exposure` number see the
/// same scene with other noise.
pub fn exposure(width: usize, height: usize, seed: u64, exposure: u64) -> Dng {
    const BLACK: f64 = 512.0;
    const WHITE: f64 = 16_383.0;
    let mut samples = vec![0; width * height];
    let rows = samples.par_chunks_mut(width.max(1)).enumerate();
    rows.for_each(|(y, row)| {
        for (x, v) in row.iter_mut().enumerate() {
            let colour = x % 2 + y % 2;
            let light = scene(x as f64, y as f64, width.max(height) as f64, seed);
            let [r, g, b] = NEUTRAL;
            let (signal, response) = match (light, colour) {
                ([s, _, _], 0) => (s, r),
                ([_, s, _], 1) => (s, g),
                ([_, _, s], _) => (s, b),
            };
            let electrons = 40_000.0 * signal * response;
            let sigma = (electrons + 16.0).sqrt();
            let draw = normal(exposure ^ hash(seed, x as i64, y as i64));
            let value = BLACK + (electrons + sigma * draw) / 40_000.0 * (WHITE - BLACK);
            *v = value.round().clamp(0.0, WHITE) as u16;
        }
    });
    Dng {
        width,
        height,
        samples,
        samples_per_pixel: 1,
        pattern: Some((2, 2, vec![0, 1, 1, 2])),
        black: [512; 4],
        white: 16_383,
        neutral: Some(NEUTRAL),
        matrix: Some(MATRIX),
        orientation: 1,
        ..Dng::default()
    }
}

/// Balanced linear RGB of the scene at a place: smooth ground, structures of every size down to a
/// few pixels, and edges.
fn scene(x: f64, y: f64, size: f64, seed: u64) -> [f64; 3] {
    let mut light = 0.25;
    let (mut period, mut strength) = (size / 4.0, 0.16);
    let mut octave = 0;
    while period > 3.0 {
        light += strength * (smooth_noise(x / period, y / period, seed + octave) - 0.5);
        period /= 2.3;
        strength *= 0.78;
        octave += 1;
    }
    let patch = |n: f64, seed: u64| {
        // Cells with wandering borders: sharp edges in every direction.
        let wander = 0.35 * smooth_noise(x / n * 3.0, y / n * 3.0, seed + 7);
        let cell = |v: f64| (v / n + wander).floor() as i64;
        unit(hash(seed, cell(x), cell(y)))
    };
    light *= 0.6 + 0.8 * patch(size / 25.0, seed + 101);
    light *= 0.8 + 0.4 * patch(size / 90.0, seed + 102);
    let warm = 0.5 + 0.5 * smooth_noise(x / size * 9.0, y / size * 9.0, seed + 103);
    let green = 0.75 + 0.25 * patch(size / 40.0, seed + 104);
    [light * warm * 1.3, light * green, light * (1.6 - warm)].map(|v| v.clamp(0.002, 0.98))
}

/// Value noise: random values on whole places, smoothly joined.
fn smooth_noise(x: f64, y: f64, seed: u64) -> f64 {
    let (x0, y0) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (fx, fy) = (ease(x - x0), ease(y - y0));
    let at = |dx: i64, dy: i64| unit(hash(seed, x0 as i64 + dx, y0 as i64 + dy));
    let top = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
    let bottom = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
    top * (1.0 - fy) + bottom * fy
}

/// Steele, Lea and Flood's SplitMix64 step.
fn mix(v: u64) -> u64 {
    let v = v.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    v ^ (v >> 31)
}

fn hash(seed: u64, x: i64, y: i64) -> u64 {
    mix(mix(mix(seed) ^ x as u64) ^ y as u64)
}

/// 0..1 of a hash.
fn unit(v: u64) -> f64 {
    (v >> 11) as f64 / (1u64 << 53) as f64
}

/// A draw of the standard normal distribution (Box and Muller).
fn normal(v: u64) -> f64 {
    let (a, b) = (unit(mix(v)).max(1e-12), unit(mix(v ^ 0x5555)));
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw;

    #[test]
    fn the_file_reads_back_as_what_was_written() {
        let dng = exposure(64, 48, 3, 1);
        let raw = raw::read(&dng.to_bytes()).unwrap();
        assert_eq!(raw.size(), (64, 48));
        assert_eq!(raw.frame.as_u16().unwrap(), dng.samples);
        assert_eq!(raw.bayer(), Some([0, 1, 1, 2]));
        assert_eq!(raw.frame.black_level.at(1, 1, 0), 512.0);
        assert_eq!(raw.frame.white_level.at(0), 16_383);
        let balance = raw.frame.white_balance.unwrap().coeffs;
        assert!((f64::from(balance[0]) - 1.0 / 0.465).abs() < 1e-3);
        assert!(raw.frame.color_matrices.preferred().is_some());
    }

    #[test]
    fn one_scene_has_other_noise_in_another_exposure() {
        let [a, b, c] = [(3, 1), (3, 1), (3, 2)].map(|(s, e)| exposure(32, 32, s, e).samples);
        assert_eq!(a, b);
        assert_ne!(a, c);
        let mean = |v: &[u16]| v.iter().map(|&v| f64::from(v)).sum::<f64>() / v.len() as f64;
        assert!((mean(&a) / mean(&c) - 1.0).abs() < 0.01);
    }
}
