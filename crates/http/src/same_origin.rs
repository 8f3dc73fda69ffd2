//! Whether a request with cookies was sent from a page of this server.

use axum::http::{HeaderMap, header};
use colophon_core::{Error, Kind, Result};

/// Refuses what another site made the browser send. The tokens of the session would stop it too;
/// this holds even if one leaked.
///
/// `Sec-Fetch-Site` is the browser's own word and comes over HTTPS and on this machine. Elsewhere
/// `Origin` must be this server as the browser addressed it or as `public_url` says.
///
/// # Errors
/// [`Kind::Forbidden`], code `cross_site`.
pub fn require(headers: &HeaderMap, public_url: &str) -> Result<()> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let own = match (text("sec-fetch-site"), headers.get(header::ORIGIN)) {
        // `none` is the person: a reload, never a page.
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => {
            let origin = origin.to_str().unwrap_or_default();
            let host = origin.split_once("://").map(|(_, host)| host);
            origin == public_url || host.is_some() && host == text("host")
        }
        // Not a browser, so there are no cookies that another site could use.
        (None, None) => true,
    };
    if own {
        return Ok(());
    }
    Err(Error::new(
        Kind::Forbidden,
        "cross_site",
        "This was sent from another site. Open the page here and send it again.",
    ))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_this_servers_own_pages_may_send_forms() {
        let admitted = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            require(&headers, "https://example.org").is_ok()
        };
        assert!(admitted(&[
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(admitted(&[
            ("origin", "http://10.0.0.7:8787"),
            ("host", "10.0.0.7:8787")
        ]));
        assert!(admitted(&[
            ("origin", "https://example.org"),
            ("host", "inside:8787")
        ]));
        assert!(admitted(&[]));
        assert!(!admitted(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "https://example.org")
        ]));
        assert!(!admitted(&[("sec-fetch-site", "cross-site")]));
        assert!(!admitted(&[("origin", "null"), ("host", "null")]));
        assert!(!admitted(&[
            ("origin", "https://evil.example"),
            ("host", "example.org")
        ]));
        assert!(!admitted(&[("origin", "https://example.org.evil.example")]));
    }
}
