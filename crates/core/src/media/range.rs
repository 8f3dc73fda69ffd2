//! The `Range` request header (RFC 9110 §14.2).

use std::ops::Range;

use crate::{Error, Kind};

/// None of the bytes asked for exist; the answer is 416 with `Content-Range: bytes */size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file has {size} bytes and none in the range asked for")]
pub struct Unsatisfiable {
    /// How long the file is, in bytes.
    pub size: u64,
}

impl From<Unsatisfiable> for Error {
    fn from(error: Unsatisfiable) -> Self {
        Self::new(
            Kind::RangeNotSatisfiable,
            "range_not_satisfiable",
            error.to_string(),
        )
    }
}

/// The bytes of a file of `size` bytes that a `Range` header asks for; `None` means all of it,
/// which is the answer to several ranges, to other units and to what makes no sense.
///
/// # Errors
/// [`Unsatisfiable`] when the one range lies beyond the end of the file.
pub fn parse_range(header: &str, size: u64) -> Result<Option<Range<u64>>, Unsatisfiable> {
    let Some((unit, range)) = header.trim().split_once('=') else {
        return Ok(None);
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Ok(None);
    };
    if !unit.eq_ignore_ascii_case("bytes") || range.contains(',') {
        return Ok(None);
    }
    match (position(first), position(last)) {
        (Some(first), Some(last)) if last < first => Ok(None),
        (Some(first), _) if first >= size && (last.is_empty() || position(last).is_some()) => {
            Err(Unsatisfiable { size })
        }
        (Some(first), Some(last)) => Ok(Some(first..last.saturating_add(1).min(size))),
        (Some(first), None) if last.is_empty() => Ok(Some(first..size)),
        (None, Some(0)) if first.is_empty() => Err(Unsatisfiable { size }),
        // The last bytes of an empty file are all of it, and no `Content-Range` can say so.
        (None, Some(length)) if first.is_empty() && size > 0 => {
            Ok(Some(size.saturating_sub(length)..size))
        }
        _ => Ok(None),
    }
}

/// Digits only. A number too large for us is beyond every file.
fn position(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_mean_what_rfc_9110_says() {
        let beyond = Err(Unsatisfiable { size: 1000 });
        for (header, expected) in [
            ("bytes=0-499", Ok(Some(0..500))),
            ("bytes=500-999", Ok(Some(500..1000))),
            ("bytes=500-5000", Ok(Some(500..1000))),
            ("bytes=-500", Ok(Some(500..1000))),
            ("bytes=-5000", Ok(Some(0..1000))),
            ("bytes=999-", Ok(Some(999..1000))),
            ("BYTES= 0-0 ", Ok(Some(0..1))),
            ("bytes=0-99999999999999999999999", Ok(Some(0..1000))),
            ("bytes=1000-", beyond.clone()),
            ("bytes=1000-2000", beyond.clone()),
            ("bytes=99999999999999999999999-", beyond.clone()),
            ("bytes=-0", beyond),
            ("bytes=0-0,-1", Ok(None)),
            ("bytes=5-4", Ok(None)),
            ("bytes=2000-1999", Ok(None)),
            ("bytes=-", Ok(None)),
            ("bytes=a-b", Ok(None)),
            ("bytes=2000-x", Ok(None)),
            ("bytes=+1-2", Ok(None)),
            ("bytes=--1", Ok(None)),
            ("items=0-5", Ok(None)),
            ("bytes", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(parse_range(header, 1000), expected, "{header}");
        }
        assert_eq!(parse_range("bytes=-1", 0), Ok(None));
        assert_eq!(parse_range("bytes=0-", 0), Err(Unsatisfiable { size: 0 }));
    }

    proptest! {
        #[test]
        fn a_range_is_never_empty_and_never_beyond_the_end(header in "(bytes=)?[-0-9, a]{0,12}|\\PC*", size: u64) {
            if let Ok(Some(range)) = parse_range(&header, size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }

        #[test]
        fn first_and_last_are_both_included(first: u32, length in 1..1000u64, size in 1..u64::from(u32::MAX)) {
            let (first, last) = (u64::from(first), u64::from(first) + length - 1);
            let expected = if first < size { Ok(Some(first..(last + 1).min(size))) } else { Err(Unsatisfiable { size }) };
            prop_assert_eq!(parse_range(&format!("bytes={first}-{last}"), size), expected);
            prop_assert_eq!(parse_range(&format!("bytes=-{length}"), size), Ok(Some(size.saturating_sub(length)..size)));
        }
    }
}
