//! Every refusal is in the envelope of the product that was asked, with the request's id.

use colophon_core::{Error, Kind};
use colophon_http::{Path, Result, Routes};
use serde_json::json;

use crate::client::{app, get, post, request, send, start};

async fn fail(Path(kind): Path<String>) -> Result<()> {
    let kind = match kind.as_str() {
        "invalid" => Kind::Invalid,
        "unauthenticated" => Kind::Unauthenticated,
        "payment" => Kind::PaymentRequired,
        "forbidden" => Kind::Forbidden,
        "not-found" => Kind::NotFound,
        "not-acceptable" => Kind::NotAcceptable,
        "timeout" => Kind::RequestTimeout,
        "conflict" => Kind::Conflict,
        "gone" => Kind::Gone,
        "too-large" => Kind::TooLarge,
        "media-type" => Kind::UnsupportedMediaType,
        "range" => Kind::RangeNotSatisfiable,
        "rate" => Kind::RateLimited,
        "unavailable" => return Err(Error::unavailable("database", "host=10.0.0.7 refused").into()),
        "internal" => return Err(Error::internal("SELECT secret FROM api_key").into()),
        _ => panic!("the handler's own mistake"),
    };
    let mut error = Error::new(kind, "the_code", "The words.");
    error.retry_after = (kind == Kind::RateLimited).then_some(7);
    Err(error.into())
}

fn failing() -> Routes {
    Routes::new()
        .get("/v1/songs/{id}", fail)
        .get("/v1/photos/{id}/views", fail)
        .get("/files/{kind}", fail)
}

const STATUSES: [(&str, u16); 16] = [
    ("invalid", 400),
    ("unauthenticated", 401),
    ("payment", 402),
    ("forbidden", 403),
    ("not-found", 404),
    ("not-acceptable", 406),
    ("timeout", 408),
    ("conflict", 409),
    ("gone", 410),
    ("too-large", 413),
    ("media-type", 415),
    ("range", 416),
    ("rate", 429),
    ("internal", 500),
    ("panic", 500),
    ("unavailable", 503),
];

#[tokio::test]
async fn every_status_has_the_body_of_its_product() {
    let server = start(app(failing())).await;
    for (kind, status) in STATUSES {
        let answer = get(server, &format!("/v1/songs/{kind}")).await;
        let own = if status == 400 { 422 } else { status };
        assert_eq!(answer.status, own, "{kind}");
        assert!(
            answer.json()["detail"].is_string(),
            "{kind}: {}",
            answer.body
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));

        let answer = get(server, &format!("/v1/photos/{kind}/views")).await;
        assert_eq!(answer.status, status, "{kind}");
        assert!(
            answer.json()["error"]["code"].is_string(),
            "{kind}: {}",
            answer.body
        );

        let answer = get(server, &format!("/files/{kind}")).await;
        assert_eq!(answer.status, status, "{kind}");
        let problem = answer.json();
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(problem["status"], status);
        assert_eq!(
            problem["request_id"],
            answer.header("x-request-id").unwrap()
        );
    }
}

#[tokio::test]
async fn causes_and_panic_messages_stay_inside_and_the_server_lives_on() {
    let server = start(app(failing())).await;
    for kind in ["internal", "panic", "unavailable"] {
        let answer = get(server, &format!("/files/{kind}")).await;
        for secret in ["SELECT", "10.0.0.7", "own mistake"] {
            assert!(!answer.body.contains(secret), "{}", answer.body);
        }
    }
    assert_eq!(get(server, "/files/gone").await.status, 410);
}

#[tokio::test]
async fn retry_after_and_challenge_are_sent() {
    let server = start(app(failing())).await;
    assert_eq!(
        get(server, "/v1/songs/rate").await.header("retry-after"),
        Some("7")
    );
    let answer = get(server, "/files/unauthenticated").await;
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn unknown_paths_belong_to_the_nearest_product() {
    let server = start(app(failing())).await;
    for (path, product) in [
        ("/alpha", "alpha"),
        ("/alpha/nothing", "alpha"),
        ("/beta/v1/songs", "beta"),
        ("/v1/songs/1/2/3", "alpha"),
        ("/v1/photos/1", "beta"),
        ("/v1/photos", "beta"),
        ("/v1/public/walls", "beta"),
        ("/v1/public/walls/3", "beta"),
        ("/v1/public/nothing", "alpha"),
        ("/v1/takes", "alpha"),
        ("/v1/takes/", "alpha"),
        ("/v1/nothing", "ours"),
        ("/alphabet", "ours"),
        ("/", "ours"),
        ("/%ff", "ours"),
        ("//", "ours"),
    ] {
        let answer = get(server, path).await;
        assert_eq!(answer.status, 404, "{path}");
        let body = answer.json();
        let seen = match () {
            () if body.get("error").is_some() => "beta",
            () if body.get("title").is_some() => "ours",
            () => "alpha",
        };
        assert_eq!(seen, product, "{path}");
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_405_with_allow() {
    let server = start(app(failing())).await;
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "QUERY", "BREW",
    ] {
        let answer = send(server, request(method, "/v1/photos/1/views", &[], "")).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method}");
        assert_eq!(answer.json()["error"]["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn odd_request_targets_are_answered() {
    let server = start(app(failing())).await;
    assert_eq!(
        send(server, request("OPTIONS", "*", &[], "")).await.status,
        404
    );
    assert_eq!(
        send(server, request("CONNECT", "example.org:443", &[], ""))
            .await
            .status,
        404
    );
    let absolute = request("GET", "http://test/v1/songs/gone?x=1", &[], "");
    assert_eq!(send(server, absolute).await.status, 410);
}

#[tokio::test]
async fn a_good_request_id_is_echoed_and_a_bad_one_replaced() {
    let server = start(app(failing())).await;
    let long = "x".repeat(129);
    for (sent, kept) in [
        ("abc-1.2_Z", true),
        (&*"y".repeat(128), true),
        (&*long, false),
        ("two words", false),
        ("", false),
    ] {
        let headers = [("X-Request-ID", sent)];
        let answer = send(server, request("GET", "/files/gone", &headers, "")).await;
        let echoed = answer.header("x-request-id").unwrap();
        assert_eq!(echoed == sent, kept, "{sent:?} {echoed:?}");
        assert_eq!(answer.json()["request_id"], echoed);
        if !kept {
            let digits = echoed.strip_prefix("req_").unwrap();
            assert!(digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        }
    }
}

#[tokio::test]
async fn refusals_carry_the_security_headers() {
    let server = start(app(failing())).await;
    let answer = post(server, "/nowhere", &[], "{}").await;
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        ),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert_eq!(answer.header("strict-transport-security"), None);
    assert_eq!(answer.json()["type"], json!("about:blank"));
}
