//! The `Content-Disposition` header of a download (RFC 6266).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 8187 calls attr-char, the rest escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The header that saves a download under this name, whatever characters it has: always a valid
/// header value, never one that adds a parameter or a path.
#[must_use]
pub fn content_disposition(filename: &str) -> String {
    let plain: String = filename
        .chars()
        .map(|char| match char {
            ' ' | '.' | '-' | '_' => char,
            char if char.is_ascii_alphanumeric() => char,
            _ => '_',
        })
        .collect();
    let exact = utf8_percent_encode(filename, ESCAPED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

#[cfg(test)]
mod tests {
    use super::content_disposition;

    #[test]
    fn any_name_makes_a_safe_header() {
        assert_eq!(
            content_disposition("Überblick \"1\".pdf"),
            "attachment; filename=\"_berblick _1_.pdf\"; filename*=UTF-8''%C3%9Cberblick%20%221%22.pdf"
        );
        assert_eq!(
            content_disposition("../a\r\nX: y;"),
            "attachment; filename=\".._a__X_ y_\"; filename*=UTF-8''..%2Fa%0D%0AX%3A%20y%3B"
        );
    }
}
