//! How alike two small pictures are, whatever was done to their tones.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

/// Samples of the longer edge at which pictures are compared.
pub const LONG: usize = 32;

/// A small picture of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Small {
    width: usize,
    height: usize,
    data: Vec<f32>,
}

impl Small {
    /// A sparse area average of `at(x, y)` over `width` × `height` (neither 0): every sample is
    /// the mean of 64 places of what it covers.
    pub fn of(width: usize, height: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let scale = width.max(height) as f64 / LONG as f64;
        let size = |n: usize| ((n as f64 / scale).round() as usize).max(1);
        let (w, h) = (size(width), size(height));
        let place = |i: usize, sub: usize, limit: usize| {
            (((i as f64 + (sub as f64 + 0.5) / 8.0) * scale) as usize).min(limit - 1)
        };
        let data = (0..w * h)
            .map(|i| {
                let sum: f32 = (0..64)
                    .map(|s| at(place(i % w, s % 8, width), place(i / w, s / 8, height)))
                    .sum();
                sum / 64.0
            })
            .collect();
        Self {
            width: w,
            height: h,
            data,
        }
    }

    /// Of interleaved 8-bit RGB; `None` where the bytes do not fill it.
    pub fn of_rgb(width: usize, height: usize, rgb: &[u8]) -> Option<Self> {
        let size = width.checked_mul(height)?.checked_mul(3)?;
        if size == 0 || rgb.len() < size {
            return None;
        }
        Some(Self::of(width, height, |x, y| {
            let at = (y * width + x) * 3;
            let [r, g, b] = [0, 1, 2].map(|c| f32::from(rgb[at + c]));
            r + 2.0 * g + b
        }))
    }

    /// One of the eight ways to turn and mirror it.
    fn turned(&self, turn: usize) -> Self {
        let (w, h) = (self.width, self.height);
        let (width, height) = if turn & 1 == 1 { (h, w) } else { (w, h) };
        let data = (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                let (x, y) = if turn & 1 == 1 { (y, x) } else { (x, y) };
                let x = if turn & 2 != 0 { w - 1 - x } else { x };
                let y = if turn & 4 != 0 { h - 1 - y } else { y };
                self.data[y * w + x]
            })
            .collect();
        Self {
            width,
            height,
            data,
        }
    }
}

/// The rank correlation of brightness in the best of the eight ways to turn and mirror `other` and
/// over the framings in which `picture` may be a part of it, down to `least` of its edges: 1 is
/// the same picture, below 0.3 hardly. `None` where either is flat.
pub fn likeness(picture: &Small, other: &Small, least: f64) -> Option<f64> {
    let mut best: Option<f64> = None;
    for turn in 0..8 {
        // Certain enough: the rest of the search could only find more of the same.
        if best.is_some_and(|b| b > 0.9) {
            break;
        }
        let turned = other.turned(turn);
        let (bw, bh) = (turned.width as f64, turned.height as f64);
        let (aw, ah) = (picture.width as f64, picture.height as f64);
        // `turned` samples a sample of `picture` when the one just covers the other.
        let whole = (bw / aw).min(bh / ah);
        let mut zoom = whole.max((bw / aw).max(bh / ah).min(1.1 * whole));
        while zoom > 0.97 * least * whole {
            // From the middle outwards, a sample further each way than there is room for.
            let steps = |b: f64, a: f64| ((b - a * zoom) / 2.0).max(0.0) as i32 + 1;
            let (across, down) = (steps(bw, aw), steps(bh, ah));
            let stride = if across.max(down) > 3 { 2 } else { 1 };
            for i in -down / stride..=down / stride {
                for j in -across / stride..=across / stride {
                    let shift = (f64::from(j * stride), f64::from(i * stride));
                    if let Some(found) = correlation(picture, &turned, zoom, shift) {
                        best = Some(best.map_or(found, |b: f64| b.max(found)));
                    }
                }
            }
            zoom *= 0.9;
        }
    }
    best
}

/// Spearman's rank correlation over what both show, centres `shift` apart.
fn correlation(a: &Small, b: &Small, zoom: f64, shift: (f64, f64)) -> Option<f64> {
    let half = |n: usize| n as f64 / 2.0;
    let mut pairs = Vec::with_capacity(a.data.len());
    for y in 0..a.height {
        for x in 0..a.width {
            let u = (x as f64 + 0.5 - half(a.width)) * zoom + shift.0 + half(b.width);
            let v = (y as f64 + 0.5 - half(a.height)) * zoom + shift.1 + half(b.height);
            if u >= 0.0 && v >= 0.0 && u < b.width as f64 && v < b.height as f64 {
                pairs.push((
                    a.data[y * a.width + x],
                    b.data[v as usize * b.width + u as usize],
                ));
            }
        }
    }
    if pairs.len() * 10 < a.data.len() * 8 {
        return None;
    }
    let first = ranks(pairs.iter().map(|p| p.0));
    let second = ranks(pairs.iter().map(|p| p.1));
    let mean = (pairs.len() as f64 - 1.0) / 2.0;
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (p, q) in first.iter().zip(&second) {
        xy += (p - mean) * (q - mean);
        xx += (p - mean) * (p - mean);
        yy += (q - mean) * (q - mean);
    }
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// The rank of each value; equal values share the mean of their ranks.
fn ranks(values: impl Iterator<Item = f32>) -> Vec<f64> {
    let values: Vec<f32> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && values[order[end]] == values[order[start]] {
            end += 1;
        }
        let rank = (start + end - 1) as f64 / 2.0;
        order[start..end].iter().for_each(|&i| ranks[i] = rank);
        start = end;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(seed: u32) -> impl Fn(usize, usize) -> f32 {
        move |x, y| {
            let (x, y, s) = (x as f32 / 40.0, y as f32 / 40.0, seed as f32);
            (x * (1.0 + s) + s).sin() + (y * (2.0 + s)).cos() + (x * y * 0.3 + s).sin() + 4.0
        }
    }

    #[test]
    fn tones_turns_and_crops_leave_a_picture_like_itself() {
        let whole = Small::of(300, 200, scene(1));
        let at = scene(1);
        let turned = Small::of(200, 300, |x, y| at(y, 199 - x).powi(3));
        assert!(likeness(&whole, &turned, 0.9).unwrap() > 0.9);
        let part = Small::of(180, 120, |x, y| at(x + 60, y + 50));
        assert!(likeness(&part, &whole, 0.5).unwrap() > 0.9);
    }

    #[test]
    fn another_picture_is_not_like_it() {
        let (a, b) = (Small::of(300, 200, scene(1)), Small::of(300, 200, scene(4)));
        assert!(likeness(&a, &b, 0.9).unwrap() < 0.5);
        assert_eq!(likeness(&a, &Small::of(300, 200, |_, _| 1.0), 0.9), None);
    }
}
