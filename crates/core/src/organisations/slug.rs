//! Names in addresses.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A slug of a name: its letters without their marks and its digits, as far as they are ASCII, in
/// lower case, and eight random characters, so that nobody's choice of a name takes another's.
pub(super) fn unique(name: &str) -> String {
    let mut slug = String::with_capacity(40);
    for char in name.nfkd().filter(|char| !is_combining_mark(*char)) {
        if char.is_ascii_alphanumeric() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 32 {
            break;
        }
    }
    let base = match slug.trim_end_matches('-') {
        "" => "org",
        base => base,
    };
    format!("{base}-{}", hex::encode(crate::entropy::bytes::<4>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_what_an_address_can_hold() {
        for (name, start) in [
            ("Example Labs", "example-labs-"),
            ("  Ünïcode & Söhne ", "unicode-sohne-"),
            ("Haus der Töne", "haus-der-tone-"),
            ("日本", "org-"),
            (&"x".repeat(200), &format!("{}-", "x".repeat(32))),
        ] {
            let slug = unique(name);
            assert!(slug.starts_with(start), "{slug}");
            assert!(
                slug.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            );
            assert_ne!(slug, unique(name));
        }
    }
}
