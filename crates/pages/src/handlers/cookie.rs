//! Cookies, read and written (RFC 6265).

use axum::http::{HeaderMap, HeaderValue, header};

/// How this server writes cookies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    /// Whether browsers may send them over HTTPS only.
    pub(super) secure: bool,
}

/// When a browser sends a cookie along with requests that other sites cause.
#[derive(Clone, Copy, Debug)]
pub(super) enum SameSite {
    /// Only when a link leads here.
    Lax,
    /// Never.
    Strict,
}

/// The value of a cookie of the request.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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
    /// `value` is letters, digits and hyphens.
    pub(super) fn set(
        self,
        headers: &mut HeaderMap,
        name: &str,
        value: &str,
        same_site: SameSite,
        max_age: Option<u64>,
    ) {
        let max_age = max_age
            .map(|seconds| format!("; Max-Age={seconds}"))
            .unwrap_or_default();
        let secure = if self.secure { "; Secure" } else { "" };
        let line =
            format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site:?}{secure}{max_age}");
        if let Ok(mut line) = HeaderValue::try_from(line) {
            line.set_sensitive(true);
            headers.append(header::SET_COOKIE, line);
        }
    }

    /// Takes a cookie back.
    pub(super) fn end(self, headers: &mut HeaderMap, name: &str) {
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
