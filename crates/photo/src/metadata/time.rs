//! Points in time as cameras write them: local, often without a time zone.

use serde::{Serialize, Serializer};

/// A local time, as exact and as certain as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// Year, month, day, hour, minute, second.
    pub fields: [u16; 6],
    /// The digits after the second's decimal point.
    pub subsecond: Option<String>,
    /// Minutes that local time is ahead of UTC.
    pub offset: Option<i16>,
}

impl Time {
    /// Reads EXIF's `2021:03:04 05:06:07` with the subsecond and the offset of other tags.
    pub fn from_exif(text: &str, subsecond: Option<&str>, offset: Option<&str>) -> Option<Self> {
        let time = Self::parse(text)?;
        let digits = |s: &&str| (1..=9).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
        Some(Self {
            subsecond: subsecond.map(str::trim).filter(digits).map(str::to_owned),
            offset: offset.and_then(|o| minutes(o.trim())),
            ..time
        })
    }

    /// Reads ISO 8601 (`2021-03-04T05:06:07.12+02:00`), EXIF's spelling, and either without
    /// seconds; `None` for a day or an hour that does not exist.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = |range: std::ops::Range<usize>| -> Option<u16> {
            let part = text.get(range)?;
            part.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| part.parse().ok())?
        };
        let has_seconds = text.as_bytes().get(16) == Some(&b':');
        let fields = [
            number(0..4)?,
            number(5..7)?,
            number(8..10)?,
            number(11..13)?,
            number(14..16)?,
            if has_seconds { number(17..19)? } else { 0 },
        ];
        let [year, month, day, hour, minute, second] = fields;
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !exists {
            return None;
        }
        let rest = text.get(if has_seconds { 19 } else { 16 }..)?;
        let (subsecond, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let end = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                let (digits, rest) = rest.split_at(end);
                let kept = digits.get(..9.min(digits.len()))?;
                (Some(kept.to_owned()).filter(|d| !d.is_empty()), rest)
            }
            None => (None, rest),
        };
        Some(Self {
            fields,
            subsecond,
            offset: minutes(rest),
        })
    }

    /// Seconds of local time since the beginning of 1970, for differences between clocks that
    /// show the same zone.
    pub fn local_seconds(&self) -> i64 {
        let [year, month, day, hour, minute, second] = self.fields.map(i64::from);
        // Days of the proleptic Gregorian calendar, years counted from March.
        let (year, month) = if month > 2 {
            (year, month - 3)
        } else {
            (year - 1, month + 9)
        };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        ((days - 719_469) * 24 + hour) * 3600 + minute * 60 + second
    }
}

/// `+02:00`, `-0330` or `Z` in minutes.
fn minutes(text: &str) -> Option<i16> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let (hours, minutes): (i16, i16) = (
        hours.parse().ok()?,
        minutes.strip_prefix(':').unwrap_or(minutes).parse().ok()?,
    );
    ((0..=15).contains(&hours) && (0..60).contains(&minutes))
        .then_some(sign * (hours * 60 + minutes))
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [year, month, day, hour, minute, second] = self.fields;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if let Some(digits) = &self.subsecond {
            write!(f, ".{digits}")?;
        }
        if let Some(offset) = self.offset {
            let sign = if offset < 0 { '-' } else { '+' };
            let offset = offset.abs();
            write!(f, "{sign}{:02}:{:02}", offset / 60, offset % 60)?;
        }
        Ok(())
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for (text, shown) in [
            ("2021:03:04 05:06:07", "2021-03-04T05:06:07"),
            (
                " 2021-03-04T05:06:07.120+02:00",
                "2021-03-04T05:06:07.120+02:00",
            ),
            ("2021-03-04T05:06-0330", "2021-03-04T05:06:00-03:30"),
            ("2021-03-04T05:06:07Z", "2021-03-04T05:06:07+00:00"),
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), shown);
        }
        let time = Time::from_exif("2021:03:04 05:06:07", Some(" 12 "), Some("+02:00")).unwrap();
        assert_eq!(time.to_string(), "2021-03-04T05:06:07.12+02:00");
        for text in [
            "",
            "0000:00:00 00:00:00",
            "2021:13:04 05:06:07",
            "2021:03:04 25:06:07",
            "    :  :     :  :  ",
            "20é1:03:04 05:06:07",
            "2021:03:04",
        ] {
            assert_eq!(Time::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00", 0),
            ("2000-02-29T12:00:00", 951_825_600),
            ("2026-11-22T12:00:00", 1_795_348_800),
        ] {
            assert_eq!(Time::parse(text).unwrap().local_seconds(), seconds);
        }
    }
}
