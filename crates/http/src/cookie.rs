//! Cookies, read and written (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::{DateTime, Utc};
use colophon_core::identity::Credentials;

/// How this server writes cookies; an extension of the routes that do.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    /// Whether browsers may send them over HTTPS only.
    pub secure: bool,
}

/// A session's cookie, for our own pages.
pub const SESSION: &str = "colophon_session";
/// The same session's cookie under the name of the Idle Atlas contract; behind TLS it has the
/// prefix `__Secure-`.
pub const ATLAS_SESSION: &str = "better-auth.session_token";
/// The access token (TrackOrigin contract).
pub const ACCESS: &str = "to_at";
/// The refresh token (TrackOrigin contract).
pub const REFRESH: &str = "to_rt";
/// What state-changing requests with cookies repeat in `X-CSRF-Token` (TrackOrigin contract);
/// the only cookie that scripts can read.
pub const CSRF: &str = "to_csrf";
/// What an operator's browser is known by when it guesses passwords (TrackOrigin contract).
pub const OPERATOR_FINGERPRINT: &str = "to_admin_fp";

/// The value of the session cookie of our own pages.
#[must_use]
pub fn session(headers: &HeaderMap) -> Option<&str> {
    get(headers, SESSION)
}

/// The value of the Idle Atlas session cookie, under either of its names.
#[must_use]
pub fn atlas_session(headers: &HeaderMap) -> Option<&str> {
    get(headers, "__Secure-better-auth.session_token").or_else(|| get(headers, ATLAS_SESSION))
}

/// When a browser sends a cookie along with requests that other sites cause.
#[derive(Clone, Copy, Debug)]
pub enum SameSite {
    /// Only when a link leads here.
    Lax,
    /// Never.
    Strict,
}

/// The value of a cookie of the request.
#[must_use]
pub fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

impl Cookies {
    /// Adds a cookie that no script can read; without `max_age` (seconds) it ends with the browser.
    /// `value` is letters, digits, hyphens, dots and underscores.
    pub fn set(
        self,
        headers: &mut HeaderMap,
        name: &str,
        value: &str,
        same_site: SameSite,
        max_age: Option<u64>,
    ) {
        self.write(headers, name, value, "; HttpOnly", same_site, max_age);
    }

    /// Sets the cookies of a session that was just started or refreshed, under the names by which
    /// each contract's pages and clients know it.
    pub fn sign_in(self, headers: &mut HeaderMap, credentials: &Credentials, now: DateTime<Utc>) {
        let until = |end: DateTime<Utc>| {
            let seconds = end.signed_duration_since(now).num_seconds();
            Some(u64::try_from(seconds).unwrap_or(0))
        };
        let session = until(credentials.expires_at);
        let lax = SameSite::Lax;
        if let Some(cookie) = &credentials.cookie {
            self.set(headers, SESSION, cookie, lax, session);
            self.set(headers, self.atlas_name(), cookie, lax, session);
        }
        let access = until(credentials.access_expires_at);
        self.set(headers, ACCESS, &credentials.access, lax, access);
        self.set(headers, REFRESH, &credentials.refresh, lax, session);
        self.write(headers, CSRF, &credentials.csrf, "", lax, session);
    }

    /// Takes every cookie of a session back.
    pub fn sign_out(self, headers: &mut HeaderMap) {
        for name in [SESSION, self.atlas_name(), ACCESS, REFRESH, CSRF] {
            self.end(headers, name);
        }
    }

    fn atlas_name(self) -> &'static str {
        if self.secure {
            "__Secure-better-auth.session_token"
        } else {
            ATLAS_SESSION
        }
    }

    fn write(
        self,
        headers: &mut HeaderMap,
        name: &str,
        value: &str,
        http_only: &str,
        same_site: SameSite,
        max_age: Option<u64>,
    ) {
        let max_age = max_age
            .map(|seconds| format!("; Max-Age={seconds}"))
            .unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let line =
            format!("{name}={value}; Path=/{http_only}; SameSite={same_site:?}{secure}{max_age}");
        if let Ok(mut line) = HeaderValue::try_from(line) {
            line.set_sensitive(true);
            headers.append(header::SET_COOKIE, line);
        }
    }

    /// Takes a cookie back.
    pub fn end(self, headers: &mut HeaderMap, name: &str) {
        self.set(headers, name, "", SameSite::Lax, Some(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name_only() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; xsession=2;session=3"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("b=4=5"));
        assert_eq!(get(&headers, "session"), Some("3"));
        assert_eq!(get(&headers, "b"), Some("4=5"));
        assert_eq!(get(&headers, "x"), None);
    }

    #[test]
    fn a_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let mut headers = HeaderMap::new();
        let cookies = Cookies { secure: true };
        cookies.set(&mut headers, "session", "abc", SameSite::Lax, Some(60));
        cookies.end(&mut headers, "session");
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(
            lines[0],
            "session=abc; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
        );
        assert_eq!(
            lines[1],
            "session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
        );
    }
}
