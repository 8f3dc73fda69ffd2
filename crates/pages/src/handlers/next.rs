//! Where somebody was on the way to when they were asked to sign in.

use axum::http::HeaderMap;
use colophon_http::cookie::{self, Cookies, SameSite};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const COOKIE: &str = "colophon_next";
/// Seconds: as long as the link that verifies an address lives.
const LIVES: u64 = 24 * 60 * 60;

/// What stands for itself in the value of a query, as people like to read it.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The text if it is a path on this server. Browsers read `//host`, `/\host` and, because they
/// drop tabs and line breaks, `/\t/host` as another server.
pub(super) fn local_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (plain && !rest.starts_with('/')).then_some(text)
}

/// The address of a page that leads on to `next`.
pub(super) fn with(page: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => format!("{page}?next={}", encoded(next)),
        None => page.to_owned(),
    }
}

/// The text as the value of a query.
pub(super) fn encoded(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, VALUE)
}

/// Remembers the way for whoever signs up: the link in their mailbox does not know it.
pub(super) fn remember(cookies: Cookies, headers: &mut HeaderMap, next: &str) {
    let value = hex::encode(next);
    cookies.set(headers, COOKIE, &value, SameSite::Lax, Some(LIVES));
}

/// The way that was remembered.
pub(super) fn remembered(headers: &HeaderMap) -> Option<String> {
    let bytes = hex::decode(cookie::get(headers, COOKIE)?).ok()?;
    let next = String::from_utf8(bytes).ok()?;
    local_path(&next).map(str::to_owned)
}

/// Forgets it.
pub(super) fn forget(cookies: Cookies, headers: &mut HeaderMap) {
    cookies.end(headers, COOKIE);
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    const ELSEWHERE: [&str; 9] = [
        "",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "evil.example",
        "/\t/evil.example",
        "/\n//evil.example",
        "/\r\nset-cookie:a=b",
        " /console",
    ];

    #[test]
    fn signing_in_leads_to_this_server_only() {
        for path in ["/", "/console/log?before=3", "/console/organisations/org_1"] {
            assert_eq!(local_path(path), Some(path));
        }
        for elsewhere in ELSEWHERE {
            assert_eq!(local_path(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_cookie_leads_to_this_server_only() {
        let with_cookie = |next: &str| {
            let line = format!("{COOKIE}={}", hex::encode(next));
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::try_from(line).unwrap());
            remembered(&headers)
        };
        assert_eq!(
            with_cookie("/invitation?token=1"),
            Some("/invitation?token=1".into())
        );
        for elsewhere in ELSEWHERE {
            assert_eq!(with_cookie(elsewhere), None, "{elsewhere:?}");
        }
    }

    #[test]
    fn a_path_with_a_query_survives_the_way() {
        let back = "/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fb.example%2F&state=c+d";
        let address = with("/login", Some(back));
        let (_, query) = address.split_once('?').unwrap();
        let decoded = percent_encoding::percent_decode_str(query.strip_prefix("next=").unwrap());
        assert_eq!(decoded.decode_utf8().unwrap(), back);
        assert!(!query.contains('&'), "{query}");
    }
}
