//! A monotone tone curve from a linear signal to an encoded value.
#![allow(clippy::indexing_slicing, reason = "fixed arrays of KNOTS values")]

/// Knots of a curve, evenly spaced in the square root of the linear signal (dark tones count most).
pub const KNOTS: usize = 96;

/// The largest linear signal that is told apart: two stops above the saturation of green.
pub const LARGEST: f32 = 4.0;

/// Samples a knot's interval needs to speak for itself.
const ENOUGH: usize = 12;

/// Encoded values at the knots, never falling; between them linear, beyond them constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve(pub [f32; KNOTS]);

/// A curve to be read by an index of seven bits.
pub(super) type Steps = [[f32; 2]; 128];

impl Curve {
    /// The curve nearest to the samples `(linear, encoded)`: the median of each interval, then
    /// the pool-adjacent-violators algorithm (Barlow et al. 1972) to make it rise.
    pub fn fit(samples: impl Iterator<Item = (f32, f32)>) -> Self {
        let mut bins: Vec<Vec<f32>> = vec![Vec::new(); KNOTS];
        for (linear, encoded) in samples {
            bins[(knot(linear) + 0.5) as usize % KNOTS].push(encoded);
        }
        let medians: Vec<(f32, Option<f32>, f32)> = bins
            .iter_mut()
            .enumerate()
            .map(|(i, bin)| {
                let enough = bin.len() >= ENOUGH;
                (i as f32, enough.then(|| median(bin)), bin.len() as f32)
            })
            .collect();
        let known: Vec<(f32, f32)> = medians
            .iter()
            .filter_map(|&(i, m, _)| m.map(|m| (i, m)))
            .collect();
        if known.is_empty() {
            return Self(std::array::from_fn(|i| {
                encode((((i as f32) / KNOTS as f32).powi(2)) * LARGEST)
            }));
        }
        let mut pools: Vec<(f32, f32, usize)> = Vec::with_capacity(KNOTS);
        for (i, _, count) in &medians {
            pools.push((interpolate(&known, *i), count + 1e-3, 1));
            while let [.., a, b] = pools[..] {
                if a.0 <= b.0 {
                    break;
                }
                pools.pop();
                pools.pop();
                let weight = a.1 + b.1;
                pools.push(((a.0 * a.1 + b.0 * b.1) / weight, weight, a.2 + b.2));
            }
        }
        let mut values = pools
            .iter()
            .flat_map(|&(v, _, n)| std::iter::repeat_n(v, n));
        Self(std::array::from_fn(|_| values.next().unwrap_or(1.0)))
    }

    /// The encoded value of a linear signal.
    pub fn apply(&self, linear: f32) -> f32 {
        self.at(knot(linear))
    }

    /// The value at each knot and the rise to the next one; beyond the last nothing.
    pub(super) fn steps(&self) -> Steps {
        std::array::from_fn(|i| match (self.0.get(i), self.0.get(i + 1)) {
            (Some(a), Some(b)) => [*a, b - a],
            (Some(a), None) => [*a, 0.0],
            _ => [0.0; 2],
        })
    }

    /// The encoded value at a place among the knots, as [`knot`] gives it.
    fn at(&self, k: f32) -> f32 {
        let i = (k as usize).min(KNOTS - 2);
        let f = k - i as f32;
        self.0[i] + (self.0[i + 1] - self.0[i]) * f
    }

    /// A linear signal that has this encoded value; the nearest end where none has.
    pub fn inverse(&self, encoded: f32) -> f32 {
        // a slight rise makes level stretches invertible
        let tilted = |i: usize| self.0[i] + i as f32 * 1e-6;
        let mut low = 0;
        let mut high = KNOTS - 1;
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if tilted(middle) <= encoded {
                low = middle;
            } else {
                high = middle;
            }
        }
        let f = (encoded - tilted(low)) / (tilted(high) - tilted(low));
        let k = (low as f32 + f.clamp(0.0, 1.0) + 0.5) / KNOTS as f32;
        k * k * LARGEST
    }
}

/// Where a linear signal lies among the knots, 0 to KNOTS - 1.
#[inline(always)]
pub(super) fn knot(linear: f32) -> f32 {
    let root = (linear.clamp(0.0, LARGEST) / LARGEST).sqrt();
    (root * KNOTS as f32 - 0.5).clamp(0.0, (KNOTS - 1) as f32)
}

fn interpolate(known: &[(f32, f32)], at: f32) -> f32 {
    let after = known.partition_point(|k| k.0 < at);
    match (after.checked_sub(1).map(|i| known[i]), known.get(after)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (at - a.0) / (b.0 - a.0),
        (Some(a), None) => a.1,
        (None, Some(b)) => b.1,
        (None, None) => 0.0,
    }
}

/// The middle value; 0 of none.
pub(crate) fn median(values: &mut [f32]) -> f32 {
    quantile(values, 0.5)
}

/// The value that a share `q` of the others lie below; 0 of none.
pub(crate) fn quantile(values: &mut [f32], q: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * q).round() as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// The sRGB encoding of a linear value (IEC 61966-2-1).
pub fn encode(linear: f32) -> f32 {
    if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    }
}

/// The linear value of an sRGB-encoded one.
pub fn decode(encoded: f32) -> f32 {
    if encoded <= 0.040_45 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_curve_is_found_and_inverted() {
        let samples = (0..20_000).map(|i| {
            let linear = 1.2 * i as f32 / 20_000.0;
            (linear, encode(linear.min(1.0)))
        });
        let curve = Curve::fit(samples);
        for linear in [0.01, 0.1, 0.4, 0.8_f32] {
            assert!(
                (curve.apply(linear) - encode(linear)).abs() < 0.02,
                "{linear}"
            );
            let back = curve.inverse(encode(linear));
            assert!(
                (back - linear).abs() < 0.03 * (linear + 0.1),
                "{linear} {back}"
            );
        }
        assert!(curve.0.windows(2).all(|w| w[0] <= w[1]));
        assert!(curve.apply(3.9) >= 0.98);
    }

    #[test]
    fn no_samples_make_a_plain_curve() {
        let curve = Curve::fit(std::iter::empty());
        assert!((curve.apply(0.5) - encode(0.5)).abs() < 0.05);
    }
}
