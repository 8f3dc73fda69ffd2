//! Paths, methods and origins.

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use colophon_http::{Json, Path, Query, Result, Routes, immutable};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{app, get, request, send, start};

async fn show(Path(id): Path<String>) -> Json<Value> {
    Json(json!({ "id": id }))
}

async fn list() -> Json<Value> {
    Json(json!([]))
}

async fn number(Path(number): Path<u32>) -> Json<Value> {
    Json(json!(number))
}

#[derive(Deserialize)]
struct Page {
    limit: u32,
}

async fn page(Query(page): Query<Page>) -> Result<Json<Value>> {
    Ok(Json(json!(page.limit)))
}

async fn document(headers: HeaderMap) -> Response {
    immutable(&headers, "abc", "text")
}

fn routes() -> Routes {
    Routes::new()
        .get("/v1/songs/{id}", show)
        .public()
        .get("/v1/takes/", list)
        .get("/numbers/{number}", number)
        .get("/pages", page)
        .get("/documents/1", document)
        .get("/page", async || {
            ([("content-security-policy", "script-src 'self'")], "").into_response()
        })
}

#[tokio::test]
async fn both_spellings_of_a_path_and_every_mount_reach_the_handler() {
    let server = start(app(routes())).await;
    for path in [
        "/v1/takes",
        "/v1/takes/",
        "/alpha/v1/takes/",
        "/v1/songs/7/",
        "/alpha/v1/songs/7",
    ] {
        assert_eq!(get(server, path).await.status, 200, "{path}");
    }
    assert_eq!(
        get(server, "/v1/songs/7/").await.json(),
        json!({ "id": "7" })
    );
    assert_eq!(get(server, "/pages/?limit=3").await.json(), 3);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let server = start(app(routes())).await;
    let answer = send(server, request("HEAD", "/v1/songs/7", &[], "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), Some("10"));
    let answer = send(server, request("HEAD", "/nowhere", &[], "")).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, ""));
}

#[tokio::test]
async fn queries_and_paths_name_what_is_wrong() {
    let server = start(app(routes())).await;
    for (path, field) in [
        ("/pages", "limit"),
        ("/pages?limit=x", "limit"),
        ("/pages?limit=1&limit=2", "limit"),
        ("/numbers/-1", "number"),
    ] {
        let answer = get(server, path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert_eq!(
            answer.json()["fields"][0]["field"],
            field,
            "{path}: {}",
            answer.body
        );
        let message = answer.json()["fields"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(
            !message.contains("u32") && !message.contains('`'),
            "{message}"
        );
    }
    // Nothing is named by bytes that are no text.
    assert_eq!(get(server, "/numbers/%ff").await.status, 404);
}

#[tokio::test]
async fn public_routes_are_readable_from_any_origin_and_others_are_not() {
    let server = start(app(routes())).await;
    let origin = ("Origin", "https://example.org");
    let answer = send(server, request("GET", "/v1/songs/7", &[origin], "")).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(
        answer
            .header("access-control-expose-headers")
            .unwrap()
            .contains("x-request-id")
    );
    let asks = [origin, ("Access-Control-Request-Method", "GET")];
    let answer = send(server, request("OPTIONS", "/v1/songs/7", &asks, "")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-methods"),
        Some("GET,HEAD")
    );
    assert_eq!(answer.header("access-control-allow-credentials"), None);

    let answer = send(server, request("GET", "/v1/takes", &[origin], "")).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(
        send(server, request("OPTIONS", "/v1/takes", &asks, ""))
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn a_page_keeps_its_own_policy() {
    let server = start(app(routes())).await;
    let answer = get(server, "/page").await;
    assert_eq!(
        answer.header("content-security-policy"),
        Some("script-src 'self'")
    );
}

#[tokio::test]
async fn immutable_documents_are_sent_once() {
    let server = start(app(routes())).await;
    let answer = get(server, "/documents/1").await;
    assert_eq!(
        (answer.status, answer.header("etag")),
        (200, Some("\"abc\""))
    );
    for held in ["\"abc\"", "\"x\", W/\"abc\""] {
        let headers = [("If-None-Match", held)];
        let answer = send(server, request("GET", "/documents/1", &headers, "")).await;
        assert_eq!((answer.status, answer.body.as_str()), (304, ""));
    }
}
