//! Links to files that we serve ourselves: signed, and good until they expire.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use url::form_urlencoded::{Serializer, parse};
use zeroize::Zeroizing;

use crate::{Error, Kind, Result};

/// Signs links: 32 random bytes that never leave the server.
pub type LinkSecret = [u8; 32];

/// Separates these signatures from any other use of the same secret.
const PURPOSE: &[u8] = b"colophon-media/1\n";

/// `/media/{sha256}?expires=<unix seconds>&name=<file name>&type=<content type>&sig=<base64url
/// HMAC-SHA256 of all before it>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedUrl {
    /// Names the content.
    pub sha256: [u8; 32],
    /// Good before this time, in whole seconds.
    pub expires: DateTime<Utc>,
    /// What the browser saves it as.
    pub filename: String,
    /// What it is served as.
    pub content_type: String,
}

impl SignedUrl {
    /// The path and query of the link.
    #[must_use]
    pub fn sign(&self, secret: &LinkSecret) -> String {
        let unsigned = self.unsigned();
        let signature = mac(secret, &unsigned).finalize().into_bytes();
        format!("{unsigned}&sig={}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Reads a link back from the path's last segment and the query.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] with code `invalid_link` unless we signed exactly this, or
    /// `link_expired`.
    pub fn verify(
        sha256: &str,
        query: &str,
        now: DateTime<Utc>,
        secret: &LinkSecret,
    ) -> Result<Self> {
        let (url, signature) = Self::read(sha256, query).ok_or_else(invalid)?;
        mac(secret, &url.unsigned())
            .verify_slice(&signature)
            .map_err(|_| invalid())?;
        if now >= url.expires {
            return Err(Error::new(
                Kind::Forbidden,
                "link_expired",
                "This link has expired; ask for a new one.",
            ));
        }
        Ok(url)
    }

    fn read(sha256: &str, query: &str) -> Option<(Self, Vec<u8>)> {
        let mut pairs = parse(query.as_bytes());
        let mut next = |wanted: &str| {
            pairs
                .next()
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let url = Self {
            sha256: parse_sha256(sha256)?,
            expires: DateTime::from_timestamp(next("expires")?.parse().ok()?, 0)?,
            filename: next("name")?,
            content_type: next("type")?,
        };
        let signature = URL_SAFE_NO_PAD.decode(next("sig")?).ok()?;
        pairs.next().is_none().then_some((url, signature))
    }

    fn unsigned(&self) -> String {
        let path = format!("/media/{}?", hex::encode(self.sha256));
        let start = path.len();
        Serializer::for_suffix(path, start)
            .append_pair("expires", &self.expires.timestamp().to_string())
            .append_pair("name", &self.filename)
            .append_pair("type", &self.content_type)
            .finish()
    }
}

/// The one spelling of a hash in a path: 64 lower-case hexadecimal digits.
fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let mut sha256 = [0; 32];
    hex::decode_to_slice(text, &mut sha256).ok()?;
    (hex::encode(sha256) == text).then_some(sha256)
}

pub(super) fn expiry(now: DateTime<Utc>, ttl: std::time::Duration) -> DateTime<Utc> {
    TimeDelta::from_std(ttl)
        .ok()
        .and_then(|ttl| now.checked_add_signed(ttl))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn invalid() -> Error {
    Error::new(
        Kind::Forbidden,
        "invalid_link",
        "This link was not made by this server.",
    )
}

fn mac(secret: &LinkSecret, unsigned: &str) -> Hmac<Sha256> {
    // HMAC pads a short key to SHA-256's block with zeros; done here, it cannot fail.
    let mut key = Zeroizing::new([0; 64]);
    key.iter_mut()
        .zip(secret)
        .for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new((&*key).into());
    mac.update(PURPOSE);
    mac.update(unsigned.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &LinkSecret = &[42; 32];

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn split(url: &str) -> (&str, &str) {
        url.strip_prefix("/media/")
            .unwrap()
            .split_once('?')
            .unwrap()
    }

    proptest! {
        #[test]
        fn any_name_and_type_come_back(sha256: [u8; 32], filename in "\\PC*", content_type in "\\PC*") {
            let url = SignedUrl { sha256, expires: at(60), filename, content_type };
            let text = url.sign(SECRET);
            prop_assert!(text.is_ascii());
            let (path, query) = split(&text);
            prop_assert_eq!(SignedUrl::verify(path, query, at(59), SECRET).unwrap(), url);
        }

        #[test]
        fn a_change_anywhere_is_refused(position: prop::sample::Index, byte in 0x21..0x7eu8) {
            let url = SignedUrl {
                sha256: [7; 32],
                expires: at(60),
                filename: "a b&name=c.png".into(),
                content_type: "image/png".into(),
            };
            let mut text = url.sign(SECRET).into_bytes();
            let position = "/media/".len() + position.index(text.len() - "/media/".len());
            prop_assume!(text[position] != byte);
            text[position] = byte;
            let text = String::from_utf8(text).unwrap();
            if let Some((path, query)) = text["/media/".len()..].split_once('?') {
                let read = SignedUrl::verify(path, query, at(0), SECRET);
                // The same link spelled otherwise (%2f for %2F) is still the same link.
                prop_assert!(read.is_err() || read.unwrap() == url);
            }
        }
    }

    #[test]
    fn links_expire_and_are_bound_to_the_secret() {
        let url = SignedUrl {
            sha256: [0xab; 32],
            expires: at(60),
            filename: "proof.json".into(),
            content_type: "application/json".into(),
        };
        let text = url.sign(SECRET);
        let (path, query) = split(&text);
        let code = |now, secret: &LinkSecret| {
            SignedUrl::verify(path, query, now, secret)
                .unwrap_err()
                .code
        };
        assert_eq!(code(at(60), SECRET), "link_expired");
        assert_eq!(code(at(0), &[43; 32]), "invalid_link");
        for (path, query) in [
            ("../../etc/passwd", query.to_owned()),
            (&path.to_uppercase(), query.to_owned()),
            (path, format!("{query}&name=other")),
            (path, format!("name=other&{query}")),
            (path, String::new()),
        ] {
            let error = SignedUrl::verify(path, &query, at(0), SECRET).unwrap_err();
            assert_eq!(error.code, "invalid_link", "{path} {query}");
        }
    }
}
