//! Every product answers in its own words, wherever it is mounted, whatever is asked.

use colophon_testkit::{Answer, Request};
use serde_json::Value;

use crate::on_every_database;

/// Where the code and the words stand in each product's errors.
fn words(answer: &Answer, product: &str) -> (String, String) {
    let body = answer.json();
    let [code, words] = match product {
        "trackorigin" => [&body["code"], &body["detail"]],
        "lumethic" => [&body["detail"]["error_code"], &body["detail"]["message"]],
        "certivu" => [&body["error"], &body["message"]],
        "tokportal" | "idle-atlas" => [&body["error"]["code"], &body["error"]["message"]],
        _ => [&body["code"], &body["detail"]],
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    text(code)
        .zip(text(words))
        .unwrap_or_else(|| panic!("not the envelope of {product}: {body}"))
}

#[test]
fn an_unknown_path_is_404_in_the_envelope_of_its_product() {
    on_every_database(|app| {
        for (path, product) in [
            ("/v1/me/webhooks", "trackorigin"),
            ("/v1/public/artists/x/nothing", "trackorigin"),
            ("/api/v1/nothing", "trackorigin"),
            ("/trackorigin", "trackorigin"),
            ("/trackorigin/nothing", "trackorigin"),
            ("/v1/verifications/x/nothing", "lumethic"),
            ("/lumethic/nothing/at/all", "lumethic"),
            ("/certivu/nothing", "certivu"),
            ("/v1/records/x/nothing", "certivu"),
            ("/api/ext/me", "tokportal"),
            ("/api/ext/bundles/x/nothing", "tokportal"),
            ("/tokportal/api/ext/me", "tokportal"),
            ("/api/customer/v1/nothing", "idle-atlas"),
            ("/idle-atlas/nothing", "idle-atlas"),
            ("/nothing", "own"),
            ("/log/nothing", "own"),
            ("/files", "own"),
            ("/certivux/v1/records", "own"),
            ("//", "own"),
            ("/%00", "own"),
        ] {
            let method = if path == "/files" { "DELETE" } else { "GET" };
            let answer = app.send(&Request::new(method, path));
            let status = if path == "/files" { 405 } else { 404 };
            // The root may have a page.
            if path == "//" && answer.status == 200 {
                continue;
            }
            assert_eq!(answer.status, status, "{path}: {}", answer.text());
            let (code, detail) = words(&answer, product);
            assert!(!code.is_empty() && !detail.is_empty(), "{path}");
            let content_type = answer.header("content-type").unwrap();
            let own = if product == "own" {
                "application/problem+json"
            } else {
                "application/json"
            };
            assert_eq!(content_type, own, "{path}");
        }
    });
}

#[test]
fn a_method_that_a_path_lacks_is_405_with_those_it_has() {
    on_every_database(|app| {
        for (method, path, allow, product) in [
            ("GET", "/v1/records", "POST", "certivu"),
            ("DELETE", "/v1/records/x", "GET,HEAD", "certivu"),
            ("PUT", "/certivu/v1/records", "POST", "certivu"),
            (
                "POST",
                "/api/v1/transparency/sth",
                "GET,HEAD",
                "trackorigin",
            ),
            ("POST", "/v1/public/health", "GET,HEAD", "lumethic"),
            ("PATCH", "/log/checkpoint", "GET,HEAD", "own"),
            ("BREW", "/v1/healthz", "GET,HEAD", "trackorigin"),
        ] {
            let answer = app.send(&Request::new(method, path));
            assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            let mut allowed: Vec<&str> = answer
                .header("allow")
                .unwrap()
                .split(',')
                .map(str::trim)
                .collect();
            // A public path answers its preflight, too.
            allowed.retain(|method| *method != "OPTIONS");
            assert_eq!(allowed.join(","), allow, "{method} {path}");
            assert_eq!(
                words(&answer, product).0.to_lowercase(),
                "method_not_allowed",
                "{path}"
            );
        }
    });
}

#[test]
fn head_is_get_without_the_body() {
    on_every_database(|app| {
        for path in [
            "/v1/healthz",
            "/log/checkpoint",
            "/log/key",
            "/certivu/openapi.json",
            "/v1/records/x",
        ] {
            let get = app.get(path);
            let head = app.send(&Request::new("HEAD", path));
            assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
            for name in ["content-type", "content-length", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
        }
    });
}

#[test]
fn public_reads_are_open_to_pages_of_any_origin_and_writes_to_none() {
    on_every_database(|app| {
        let from_page = |method: &str, path: &str| {
            let request = Request::new(method, path).header("Origin", "https://example.org");
            app.send(&request.header("Access-Control-Request-Method", "GET"))
        };
        for path in [
            "/v1/records/x",
            "/certivu/v1/records/x",
            "/files/x",
            "/bundles/x",
            "/log/checkpoint",
            "/log/key",
            "/log/tile/0/000",
            "/log/proof/inclusion",
            "/api/v1/transparency/log",
            "/.well-known/jwks.json",
            "/.well-known/trackorigin-public-keys.json",
            "/openapi.json",
        ] {
            for method in ["GET", "OPTIONS"] {
                let answer = from_page(method, path);
                assert_eq!(
                    answer.header("access-control-allow-origin"),
                    Some("*"),
                    "{method} {path}"
                );
                assert_eq!(
                    answer.header("access-control-allow-credentials"),
                    None,
                    "{path}"
                );
            }
        }
        for (method, path) in [
            ("OPTIONS", "/v1/records"),
            ("POST", "/v1/records"),
            ("GET", "/metrics"),
            ("POST", "/files"),
        ] {
            assert_eq!(
                from_page(method, path).header("access-control-allow-origin"),
                None,
                "{path}"
            );
        }
    });
}

#[test]
fn every_answer_names_its_request() {
    on_every_database(|app| {
        let ask = |id: &str| {
            let answer = app.send(&Request::new("GET", "/nothing").header("X-Request-ID", id));
            let shown = answer.header("x-request-id").unwrap().to_owned();
            assert_eq!(answer.json()["request_id"], shown.as_str());
            shown
        };
        assert_eq!(ask("my-request_1.2"), "my-request_1.2");
        for hostile in ["", "a b", "a\tb", "<script>", "x".repeat(129).as_str(), "é"] {
            let made = ask(hostile);
            assert!(made.starts_with("req_") && made.len() == 36, "{made}");
        }
        assert!(app.log().contains("my-request_1.2"));
    });
}

#[test]
fn the_contracts_are_served_as_they_are_written() {
    on_every_database(|app| {
        for (path, document) in [
            ("/trackorigin/openapi.json", colophon_api_music::DOCUMENT),
            ("/lumethic/openapi.json", colophon_api_photo::DOCUMENT),
            ("/certivu/openapi.json", colophon_api_content::DOCUMENT),
            ("/tokportal/openapi.json", colophon_api_publish::DOCUMENT),
            ("/idle-atlas/openapi.json", colophon_api_org::DOCUMENT),
            ("/api/customer/v1/openapi.json", colophon_api_org::DOCUMENT),
            ("/openapi.json", colophon_api_registry::DOCUMENT),
        ] {
            let answer = app.get(path);
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.body == document.as_bytes(), "{path} differs");
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{path}"
            );
        }
    });
}

#[test]
fn the_products_are_served_below_their_prefixes_too() {
    on_every_database(|app| {
        for path in [
            "/v1/healthz",
            "/trackorigin/v1/healthz",
            "/trackorigin/.well-known/trackorigin-pubkey.pem",
            "/trackorigin/api/v1/transparency/sth",
            "/v1/public/health",
            "/lumethic/v1/public/health",
            "/v1/public/health/",
            "/idle-atlas/api/customer/v1/openapi.json",
        ] {
            assert_eq!(app.get(path).status, 200, "{path}");
        }
    });
}

#[test]
fn a_request_that_is_no_http_gets_an_answer_and_harms_nobody() {
    on_every_database(|app| {
        use std::io::Write as _;
        for nonsense in [
            &b"\x16\x03\x01\x02\x00\x01\x00"[..],
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\r\n\r\n\r\n",
        ] {
            let mut stream = app.connect();
            stream.write_all(nonsense).unwrap();
            let _ = stream.shutdown(std::net::Shutdown::Write);
            if let Ok(answer) = Answer::read(&mut stream) {
                assert_eq!(answer.status, 400);
            }
        }
        let long = "x".repeat(1 << 20);
        let request = Request::new("GET", "/v1/healthz").header("X-Long", &long);
        let mut stream = app.connect();
        let _ = stream.write_all(&request.to_bytes());
        if let Ok(answer) = Answer::read(&mut stream) {
            assert_eq!(answer.status, 431);
        }
        assert_eq!(app.get("/v1/healthz").status, 200);
    });
}

#[test]
fn whoever_opens_a_page_of_a_contract_is_refused_with_a_page_and_programs_with_its_envelope() {
    on_every_database(|app| {
        let person = app.person("Grace");
        for (method, path, status) in [
            ("GET", "/oauth/authorize", 400),
            ("POST", "/oauth/authorize/decide", 403),
        ] {
            let request = || {
                Request::new(method, path)
                    .cookies(&person.cookies)
                    .form(&[])
            };
            let page = app.send(&request().header("Accept", "text/html,*/*;q=0.8"));
            assert_eq!(page.status, status, "{path}: {}", page.text());
            let media_type = page.header("content-type").unwrap();
            assert!(media_type.starts_with("text/html"), "{path}: {media_type}");
            let program = app.send(&request().header("Accept", "*/*"));
            assert!(program.json().get("detail").is_some(), "{path}");
        }
        let token = Request::new("POST", "/oauth/token").form(&[("grant_type", "x")]);
        let token = app.send(&token.header("Accept", "text/html"));
        assert_eq!(token.json()["error"], "unsupported_grant_type");
    });
}
