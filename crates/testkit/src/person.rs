//! People with accounts, and the letters they get.

use std::fs;
use std::io::BufRead as _;
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::site::{fail, must, text};
use crate::{Answer, Request, Server, Site, TestApp};

/// What every person of a test signs in with.
pub const PASSWORD: &str = "correct horse battery staple";

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// `per_…`
    pub id: String,
    /// Their address, verified.
    pub email: String,
    /// What goes into `Authorization: Bearer`.
    pub access: String,
    /// What the access token is renewed with.
    pub refresh: String,
    /// Every cookie of the session, as a browser sends them.
    pub cookies: String,
}

impl Person {
    /// The value of one of the cookies.
    ///
    /// # Panics
    /// When there is no such cookie.
    #[must_use]
    #[track_caller]
    pub fn cookie(&self, name: &str) -> &str {
        let found = self.cookies.split("; ").find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then_some(value)
        });
        match found {
            Some(value) => value,
            None => fail(&format!("no cookie {name} in {:?}", self.cookies)),
        }
    }

    /// A request as a program sends it, with the access token.
    #[must_use]
    pub fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, path).bearer(&self.access)
    }
}

impl Request {
    /// Shows cookies.
    #[must_use]
    pub fn cookies(self, cookies: &str) -> Self {
        self.header("Cookie", cookies)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn value(self, body: &Value) -> Self {
        self.json(body.to_string())
    }

    /// Sets the fields of a form.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }
}

impl Server {
    /// Signs in at the TrackOrigin contract.
    ///
    /// # Panics
    /// When it is refused.
    #[track_caller]
    pub fn sign_in(&self, email: &str, password: &str) -> Person {
        let body = json!({ "email": email, "password": password });
        let answer = self.send(&Request::new("POST", "/v1/auth/login").value(&body));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        let id = body.pointer("/artist/artist_id").and_then(Value::as_str);
        Person {
            id: id.unwrap_or_default().to_owned(),
            email: email.to_owned(),
            access: text(&body, "access_token"),
            refresh: text(&body, "refresh_token"),
            cookies: cookies(&answer),
        }
    }
}

impl TestApp {
    /// Signs somebody up and in; they have shown that the address is theirs.
    ///
    /// # Panics
    /// When anything of it is refused.
    #[must_use]
    #[track_caller]
    pub fn person(&self, name: &str) -> Person {
        let email = format!("{}@example.org", name.to_lowercase().replace(' ', "."));
        let signed_up = json!({
            "email": email, "password": PASSWORD, "display_name": name,
            "accept_terms": true, "confirm_age_18": true,
        });
        let answer = self.send(&Request::new("POST", "/v1/auth/signup").value(&signed_up));
        assert_eq!(answer.status, 201, "{}", answer.text());
        // Whoever reads a letter at an address has it; programs have this way to show it.
        let asked = json!({ "email": email });
        let request = Request::new("POST", "/v1/auth/password-reset/request").value(&asked);
        assert_eq!(self.send(&request).status, 200);
        let token = self.site.token(&email, "/reset-password");
        let chosen = json!({ "token": token, "new_password": PASSWORD });
        let request = Request::new("POST", "/v1/auth/password-reset/confirm").value(&chosen);
        let answer = self.send(&request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.sign_in(&email, PASSWORD)
    }

    /// Makes the operator's account with the link that a new server prints, and signs in: what
    /// goes into `Authorization: Bearer` for `/v1/admin`.
    ///
    /// # Panics
    /// When there was an operator before, or anything of it is refused.
    #[must_use]
    #[track_caller]
    pub fn operator(&mut self) -> String {
        let mut link = String::new();
        let printed = self.server.process.stdout.as_mut();
        let lines = printed.map(|stdout| stdout.lines().map_while(Result::ok));
        for line in lines.into_iter().flatten() {
            if let Some((_, path)) = line.split_once("/console/setup?") {
                path.clone_into(&mut link);
                break;
            }
        }
        let token = link.trim_start_matches("token=").to_owned();
        let form = self.get(&format!("/console/setup?{link}"));
        let cookies = cookies(&form);
        let csrf = cookies.trim_start_matches("colophon_form=");
        let email = "operator@example.org";
        let fields = [
            ("csrf", csrf),
            ("setup_token", token.as_str()),
            ("name", "Marta"),
            ("email", email),
            ("password", PASSWORD),
        ];
        let made = Request::new("POST", "/console/setup")
            .cookies(&cookies)
            .form(&fields);
        let made = self.send(&made);
        assert_eq!(made.status, 303, "{}", made.text());
        let body = json!({ "username": email, "password": PASSWORD });
        let signed_in = Request::new("POST", "/v1/admin/login").value(&body);
        text(&self.json_at(&signed_in, 200), "access_token")
    }

    /// Sends a request that must be answered with this status, in JSON.
    ///
    /// # Panics
    /// As [`Server::send`], and for any other status.
    #[track_caller]
    pub fn json_at(&self, request: &Request, status: u16) -> Value {
        let answer = self.send(request);
        let (method, path) = (&request.method, &request.path);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        answer.json()
    }
}

impl Site {
    /// The letters to an address, oldest first.
    #[must_use]
    pub fn letters(&self, to: &str) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.data().join("outbox")) else {
            return Vec::new();
        };
        let mut paths: Vec<_> = folder
            .map(|entry| must(entry).path())
            .filter(|path| path.extension().is_some_and(|end| end == "eml"))
            .collect();
        // Named by time: UUIDv7.
        paths.sort();
        paths
            .iter()
            .map(|path| must(fs::read_to_string(path)))
            .filter(|letter| letter.contains(&format!("To: {to}\r\n")))
            .collect()
    }

    /// The token of the newest link to `path` in a letter to an address; waits for the letter.
    ///
    /// # Panics
    /// When none comes within ten seconds.
    #[must_use]
    #[track_caller]
    pub fn token(&self, to: &str, path: &str) -> String {
        let link = format!("{path}?token=");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let letters = self.letters(to);
            let found = letters.iter().rev().find_map(|letter| {
                let (_, rest) = letter.split_once(&link)?;
                rest.split_whitespace().next()
            });
            if let Some(token) = found {
                return token.to_owned();
            }
            if Instant::now() > deadline {
                fail(&format!("no link to {path} for {to} in {letters:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The cookies that an answer sets, as the next request sends them.
#[must_use]
pub fn cookies(answer: &Answer) -> String {
    let set = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    let pairs: Vec<&str> = set
        .filter_map(|(_, line)| line.split(';').next())
        .filter(|pair| !pair.ends_with('='))
        .collect();
    pairs.join("; ")
}
