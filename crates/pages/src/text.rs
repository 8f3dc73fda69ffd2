//! Numbers, times and long identifiers as people read them.

use chrono::{DateTime, SecondsFormat, Utc};
use colophon_core::access::Role;

/// A time as views take it and pages mark it up: RFC 3339, UTC, whole seconds.
pub(crate) fn utc(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same in words.
pub(crate) fn when(at: &DateTime<Utc>) -> String {
    moment(&utc(at))
}

/// A role's name.
pub(crate) fn role(key: &str) -> &str {
    Role::find(key).map_or(key, |role| role.label)
}

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

/// What a browser or program says it is, in as many words as people use: `Firefox on Linux`.
pub(crate) fn device(user_agent: &str) -> String {
    // The order matters: most browsers also name those that they want to be taken for.
    const PROGRAMS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let named = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(mark, _)| user_agent.contains(mark));
        found.map(|(_, name)| *name)
    };
    match (named(&PROGRAMS), named(&SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        _ => match user_agent.split_whitespace().next() {
            Some(program) => program.to_owned(),
            None => "A program that does not say what it is".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_told_from_what_its_browser_says() {
        for (said, told) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            ("certivu-python/2.6.0 httpx", "certivu-python/2.6.0"),
            ("", "A program that does not say what it is"),
        ] {
            assert_eq!(device(said), told);
        }
    }

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
