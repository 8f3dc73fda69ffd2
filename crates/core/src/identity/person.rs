//! A person, and what may stand in their account.

use chrono::{DateTime, Utc};

use crate::{Error, PersonId, Result};

/// A person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their id.
    pub id: PersonId,
    /// Their e-mail address, in lower case.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their public name in addresses: lower-case ASCII, unique.
    pub handle: Option<String>,
    /// Whether they run this server.
    pub operator: bool,
    /// When they showed that the address is theirs.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// What they say about themselves.
    pub bio: String,
    /// Where they say they are.
    pub location: String,
    /// Their links elsewhere.
    pub links: Vec<ExternalLink>,
    /// SHA-256 of their picture, a JPEG.
    pub avatar: Option<[u8; 32]>,
    /// Whether their uploads must not improve anything.
    pub ml_opt_out: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

impl Person {
    /// Somebody new, of whom only this is known.
    pub(super) fn new(id: PersonId, email: String, name: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            email,
            name,
            handle: None,
            operator: false,
            email_verified_at: None,
            bio: String::new(),
            location: String::new(),
            links: Vec::new(),
            avatar: None,
            ml_opt_out: false,
            created_at: now,
        }
    }
}

/// A link elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct ExternalLink {
    /// What it leads to: `website`, `bandcamp`.
    #[serde(rename = "type")]
    pub kind: String,
    /// An `http` or `https` address.
    pub url: String,
}

/// Characters of a handle.
const HANDLE: std::ops::RangeInclusive<usize> = 3..=30;
/// Handles that would be mistaken for the server's own pages or people.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "api",
    "colophon",
    "console",
    "help",
    "login",
    "me",
    "null",
    "official",
    "root",
    "security",
    "signup",
    "staff",
    "status",
    "support",
    "system",
    "trackorigin",
    "undefined",
    "verify",
    "verified",
    "www",
];

/// Reads a handle. Only ASCII, so that no letter of another script passes for one of it; lower
/// case, so that there is one spelling.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `handle`.
pub fn handle(text: &str) -> Result<String> {
    let text = text.trim().trim_start_matches('@').to_ascii_lowercase();
    let fits = text
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
    let ends = [text.chars().next(), text.chars().next_back()];
    let ends_well = ends
        .iter()
        .all(|end| end.is_some_and(|end| end.is_ascii_alphanumeric()));
    if !fits || !ends_well || !HANDLE.contains(&text.len()) {
        return Err(Error::invalid(
            "handle",
            "must have 3 to 30 of a-z, 0-9, - and _, and begin and end with a letter or digit",
        ));
    }
    if RESERVED.contains(&text.as_str()) {
        return Err(Error::invalid("handle", "is reserved"));
    }
    Ok(text)
}

/// What a handle looks like: two handles of one look are one to a hurried reader.
pub(super) fn look(handle: &str) -> String {
    handle
        .replace("rn", "m")
        .replace("vv", "w")
        .chars()
        .filter(|char| *char != '-' && *char != '_')
        .map(|char| match char {
            '0' => 'o',
            '1' | 'i' => 'l',
            '5' => 's',
            char => char,
        })
        .collect()
}

/// Reads an e-mail address: trimmed, in lower case, at most 254 characters, one line.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `field`.
pub fn email_address(field: &str, text: &str) -> Result<String> {
    let text = crate::text::line(field, text, 254)?.to_lowercase();
    let valid = text.parse::<lettre::Address>().is_ok()
        && text.split_once('@').is_some_and(|(_, domain)| {
            // A name on this machine has no dot; it is what a first try on a laptop uses.
            domain == "localhost"
                || domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
        });
    if valid {
        Ok(text)
    } else {
        Err(Error::invalid(field, "must be an e-mail address"))
    }
}

/// Reads a link elsewhere.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `external_links.N.type` or `.url`.
pub(super) fn external_link(index: usize, link: &ExternalLink) -> Result<ExternalLink> {
    let field = |name| format!("external_links.{index}.{name}");
    let kind = crate::text::line(&field("type"), &link.kind, 32)?;
    let url = crate::text::line(&field("url"), &link.url, 256)?;
    let web = url::Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !web {
        return Err(Error::invalid(
            field("url"),
            "must begin with https:// or http://",
        ));
    }
    Ok(ExternalLink { kind, url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_ascii_and_has_one_spelling() {
        assert_eq!(handle(" @Ada_L-1 ").unwrap(), "ada_l-1");
        for bad in [
            "ab",
            "аda-lovelace", // a Cyrillic а
            "ada lovelace",
            "-ada",
            "ada_",
            "ada/../x",
            "admin",
            &"a".repeat(31),
            "",
        ] {
            assert!(handle(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn handles_that_look_alike_have_one_look() {
        assert_eq!(look("pau1-morn1ng"), look("paul_moming"));
        assert_ne!(look("ada"), look("adam"));
    }

    #[test]
    fn an_address_is_one_line_with_a_domain() {
        assert_eq!(
            email_address("email", " Ada@Example.ORG ").unwrap(),
            "ada@example.org"
        );
        for bad in [
            "ada",
            "ada@",
            "@example.org",
            "ada@example",
            "ada@.org",
            "ada@example.org\r\nBcc: x@example.org",
            "ada@example.org, eve@example.org",
            "ada lovelace@example.org",
        ] {
            assert!(email_address("email", bad).is_err(), "{bad}");
        }
    }
}
