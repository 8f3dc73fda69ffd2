//! Rate limits and deadlines.

use std::net::IpAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use colophon_db::Clock;
use colophon_http::{App, ClientIp, CredentialId, Rate, RatePolicy, Routes, Settings};

use crate::client::{app, get, products, request, send, start};

fn rate() -> Rate {
    let policy = RatePolicy {
        name: "test",
        anonymous_per_minute: 2,
        key_per_minute: 3,
        published_per_minute: 0,
        headers: true,
    };
    let now = chrono::DateTime::from_timestamp(1_000_000, 0).unwrap();
    Rate::new(policy, Clock::fixed(now))
}

/// Stands for a product's authentication.
async fn authenticate(mut request: Request, next: Next) -> Response {
    if let Some(key) = request.headers().get("x-api-key") {
        let id = CredentialId(key.to_str().unwrap().to_owned());
        request.extensions_mut().insert(id);
    }
    next.run(request).await
}

fn routes() -> Routes {
    let rate = rate();
    Routes::new()
        .get("/v1/photos", async || "one")
        .with(rate.layer())
        .get("/v1/photos/{id}/views", async || "two")
        .with(rate.layer())
        .get("/free", async || "three")
        .layer(from_fn(authenticate))
}

#[tokio::test]
async fn answers_tell_what_is_left_and_refusals_when_to_come_back() {
    let server = start(app(routes())).await;
    let seen = |answer: &crate::client::Answer| {
        [
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset",
        ]
        .map(|name| answer.header(name).unwrap().to_owned())
    };
    let first = get(server, "/v1/photos").await;
    assert_eq!(seen(&first), ["2", "1", "1000030"]);
    // Routes of one policy draw from one bucket.
    let second = get(server, "/v1/photos/7/views").await;
    assert_eq!(
        (second.status, seen(&second)),
        (200, ["2", "0", "1000060"].map(String::from))
    );
    let third = get(server, "/v1/photos").await;
    assert_eq!(third.status, 429);
    assert_eq!(seen(&third)[1], "0");
    assert_eq!(third.json()["error"]["code"], "rate_limited");
    let wait: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(get(server, "/free").await.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn every_key_has_a_bucket_of_its_own() {
    let server = start(app(routes())).await;
    for key in ["a", "b"] {
        for status in [200, 200, 200, 429] {
            let keyed = request("GET", "/v1/photos", &[("X-API-Key", key)], "");
            assert_eq!(send(server, keyed).await.status, status, "{key}");
        }
    }
    assert_eq!(get(server, "/v1/photos").await.status, 200);
}

async fn address(request: Request) -> String {
    request
        .extensions()
        .get::<ClientIp>()
        .unwrap()
        .0
        .to_string()
}

#[tokio::test]
async fn only_trusted_proxies_say_where_a_request_comes_from() {
    for (hops, forwarded, expected) in [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (3, "203.0.113.9", "127.0.0.1"),
        (1, "not an address", "127.0.0.1"),
        (1, "[2001:db8::1]:4711", "2001:db8::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        let settings = Settings {
            trusted_proxies: hops,
            tls: false,
        };
        let routes = Routes::new().get("/address", address);
        let server = start(App::new(products(), routes.into_router(), settings)).await;
        let headers = [("X-Forwarded-For", forwarded)];
        let answer = send(server, request("GET", "/address", &headers, "")).await;
        assert_eq!(
            answer.body.parse::<IpAddr>().unwrap(),
            expected.parse::<IpAddr>().unwrap()
        );
    }
}

#[tokio::test]
async fn an_ipv6_subscriber_has_one_bucket() {
    let settings = Settings {
        trusted_proxies: 1,
        tls: false,
    };
    let server = start(App::new(products(), routes().into_router(), settings)).await;
    for (address, status) in [
        ("2001:db8::1", 200),
        ("2001:db8::ffff:0:0:1", 200),
        ("2001:db8::2", 429),
        ("2001:db8:0:1::1", 200),
    ] {
        let headers = [("X-Forwarded-For", address)];
        let answer = send(server, request("GET", "/v1/photos", &headers, "")).await;
        assert_eq!(answer.status, status, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_takes_too_long_is_503() {
    let forever = async || tokio::time::sleep(Duration::from_secs(3600)).await;
    let routes = Routes::new()
        .get("/v1/photos", forever)
        .get("/long", forever)
        .no_deadline();
    let server = start(app(routes)).await;
    let answer = get(server, "/v1/photos").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["code"], "deadline_exceeded");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(server, "/long").await.status, 200);
}
