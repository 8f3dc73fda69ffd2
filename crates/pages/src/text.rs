//! Numbers, times and long identifiers as people read them.

/// A whole number in groups of three: `1234567` → `1,234,567`.
pub(crate) fn thousands(number: impl std::fmt::Display) -> String {
    let text = number.to_string();
    let digits = text.trim_start_matches('-');
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if digits.len() < text.len() {
        grouped.push('−');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with its noun: `1 entry`, `2,000 entries`.
pub(crate) fn counted(number: impl std::fmt::Display, one: &str, many: &str) -> String {
    let number = thousands(number);
    let noun = if number == "1" { one } else { many };
    format!("{number} {noun}")
}

/// RFC 3339 UTC in words: `2026-11-22T02:31:42Z` → `22 November 2026, 02:31 UTC` (the last space
/// does not break). Anything else is returned as it came.
pub(crate) fn moment(rfc3339: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let in_words = || {
        let (date, time) = rfc3339.strip_suffix('Z')?.split_once('T')?;
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let month = MONTHS.get(month.parse::<usize>().ok()?.checked_sub(1)?)?;
        let day: u8 = day.parse().ok()?;
        Some(format!("{day} {month} {year}, {}\u{a0}UTC", time.get(..5)?))
    };
    in_words().unwrap_or_else(|| rfc3339.to_owned())
}

/// The two ends of a long identifier: enough to compare by eye.
pub(crate) fn ends(identifier: &str) -> String {
    let length = identifier.chars().count();
    if length <= 20 {
        return identifier.to_owned();
    }
    let head: String = identifier.chars().take(8).collect();
    let tail: String = identifier.chars().skip(length - 8).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_times_and_identifiers_read_well() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_000_u64), "1,000");
        assert_eq!(thousands(-1_234_567), "−1,234,567");
        assert_eq!(counted(1, "entry", "entries"), "1 entry");
        assert_eq!(counted(1_000, "entry", "entries"), "1,000 entries");
        assert_eq!(
            moment("2026-11-02T02:31:42Z"),
            "2 November 2026, 02:31\u{a0}UTC"
        );
        assert_eq!(moment("yesterday"), "yesterday");
        assert_eq!(moment("2026-13-02T02:31:42Z"), "2026-13-02T02:31:42Z");
        assert_eq!(ends("short"), "short");
        assert_eq!(
            ends("0123456789abcdef0123456789abcdef"),
            "01234567…89abcdef"
        );
    }
}
