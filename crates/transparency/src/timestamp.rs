//! Time stamps in signed documents: RFC 3339, UTC, whole seconds, one spelling
//! (`2026-11-22T02:31:42Z`), so that they also sort as text.

/// Seconds since 1970-01-01T00:00:00Z, or `None` if `text` is not a real instant in that
/// spelling (leap seconds are not).
#[must_use]
pub fn seconds(text: &str) -> Option<i64> {
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = text.get(from..to)?;
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        part.parse().ok()
    };
    let separators = [
        (4, '-'),
        (7, '-'),
        (10, 'T'),
        (13, ':'),
        (16, ':'),
        (19, 'Z'),
    ];
    let separated = separators
        .iter()
        .all(|&(at, separator)| text.get(at..=at) == Some(separator.encode_utf8(&mut [0; 4])));
    if text.len() != 20 || !separated {
        return None;
    }
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let month_length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=month_length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from civil, with the year starting in March so that leap days come last.
    let (y, m) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day
            - 1
            - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_real_instants_in_one_spelling() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-02-29T12:00:01Z"), Some(951_825_601));
        assert_eq!(seconds("2026-11-22T02:31:42Z"), Some(1_795_314_702));
        assert_eq!(seconds("1969-12-31T23:59:59Z"), Some(-1));
        for bad in [
            "2026-11-22T02:31:42+00:00",
            "2026-11-22T02:31:42.0Z",
            "2026-11-22 02:31:42Z",
            "2026-11-22t02:31:42z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T02:31:60Z",
            "+026-11-22T02:31:42Z",
            "é026-11-22T02:31:42",
            "",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
