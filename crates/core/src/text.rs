//! Rules that every short text from outside obeys.

use crate::{Error, Result};

/// One line of text, trimmed: 1 to `most` characters, none of them a control character.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `field`.
pub fn line(field: &str, text: &str, most: usize) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > most {
        return Err(Error::invalid(
            field,
            format!("must have 1 to {most} characters"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// As [`line`], but it may have line breaks.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `field`.
pub fn paragraph(field: &str, text: &str, most: usize) -> Result<String> {
    let text = text.trim().replace("\r\n", "\n");
    line(field, &text.replace('\n', " "), most)?;
    Ok(text)
}
