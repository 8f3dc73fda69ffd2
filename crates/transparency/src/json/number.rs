//! Numbers: their source text, and which of them every reader sees alike.

use super::Problem;

/// The largest magnitude of an integer that JSON readers agree on: 2^53.
const MAX_INTEGER: i64 = 1 << 53;

/// A JSON number: its source text, which is also a finite double.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(String);

impl Number {
    /// Takes a literal of the JSON grammar whose value every reader agrees on.
    pub(super) fn read(literal: &str) -> Result<Self, Problem> {
        let double: f64 = literal.parse().map_err(|_| Problem::InvalidNumber)?;
        if double.is_infinite() {
            return Err(Problem::NumberOverflow);
        }
        let exact = if literal.contains(['.', 'e', 'E']) {
            let written = Decimal::of(literal);
            let unchanged = || written == Decimal::of(ryu_js::Buffer::new().format(double));
            if double.abs() <= MAX_INTEGER as f64 {
                !written.is_integer() || unchanged()
            } else {
                // RFC 8785 prints these as plain integers up to 10^21 and with an exponent
                // from there on; what it prints must be readable again.
                double.abs() >= 1e21 && unchanged()
            }
        } else {
            literal
                .parse()
                .is_ok_and(|integer: i64| (-MAX_INTEGER..=MAX_INTEGER).contains(&integer))
        };
        if exact {
            Ok(Self(literal.to_owned()))
        } else {
            Err(Problem::InexactInteger)
        }
    }

    /// An integer of at most 2^53 in magnitude; `None` beyond, where doubles have gaps.
    #[must_use]
    pub fn from_integer(value: i64) -> Option<Self> {
        (-MAX_INTEGER..=MAX_INTEGER)
            .contains(&value)
            .then(|| Self(value.to_string()))
    }

    /// The number exactly as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest double; always finite.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        // The text was checked when the number was made, so the default is unreachable.
        self.0.parse().unwrap_or_default()
    }

    /// The value, if it is written as a plain non-negative integer.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self(value.to_string())
    }
}

/// The exact value of a number literal: `digits` × 10^`exponent`, with no zero at either
/// end of the digits. Signs are left out; rounding never changes them.
#[derive(PartialEq, Eq)]
struct Decimal {
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn of(literal: &str) -> Self {
        let literal = literal.trim_start_matches('-');
        let (mantissa, exponent) = literal.split_once(['e', 'E']).unwrap_or((literal, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = [whole, fraction].concat();
        let digits = all.trim_end_matches('0');
        let shift = (all.len() - digits.len()) as i64 - fraction.len() as i64;
        let digits = digits.trim_start_matches('0').to_owned();
        // An exponent too long for 64 bits belongs to a zero or to an underflow, because
        // overflow was refused before: any large negative number stands for it.
        let exponent = exponent.parse::<i64>().unwrap_or(i64::MIN / 2);
        let exponent = if digits.is_empty() {
            0
        } else {
            exponent.saturating_add(shift)
        };
        Self { digits, exponent }
    }

    fn is_integer(&self) -> bool {
        self.exponent >= 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_integers_that_a_double_would_round_in_every_spelling() {
        for inexact in [
            "9007199254740993",
            "-9007199254740993",
            "9007199254740994",
            "9007199254740993.0",
            "9007199254740993e0",
            "9007199254740993.5",
            "1.6354925884327956e19",
            "900719925474099.3e1",
            "18446744073709551616",
            "1000000000000000000000000000001e0",
        ] {
            assert_eq!(
                Number::read(inexact),
                Err(Problem::InexactInteger),
                "{inexact}"
            );
        }
        for exact in [
            "9007199254740992",
            "-9007199254740992",
            "1E30",
            "1e22",
            "1.5e300",
            "0.1",
            "333333333.33333329",
            "0e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            assert!(Number::read(exact).is_ok(), "{exact}");
        }
    }
}
