//! Bodies that are too large, too slow, or not what they say.

use axum::extract::{Multipart, Request};
use axum::response::IntoResponse;
use colophon_http::{Form, Json, Result, Routes, StrictJson, body_error};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::client::{app, post, read, request, send, start};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Song {
    title: String,
    #[serde(default)]
    takes: Vec<Take>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {
    seconds: u32,
}

async fn create(Json(song): Json<Song>) -> Json<Value> {
    let seconds: u32 = song.takes.iter().map(|take| take.seconds).sum();
    Json(json!({ "title": song.title, "seconds": seconds }))
}

async fn exact(StrictJson(_, value): StrictJson<Value>) -> Json<Value> {
    Json(json!(format!("{value:?}")))
}

async fn form(Form(song): Form<Song>) -> Json<Value> {
    Json(json!(song.title))
}

async fn upload(mut parts: Multipart) -> Result<Json<Value>> {
    let mut size = 0;
    while let Some(mut part) = parts
        .next_field()
        .await
        .map_err(|error| body_error(&error))?
    {
        while let Some(piece) = part.chunk().await.map_err(|error| body_error(&error))? {
            size += piece.len();
        }
    }
    Ok(Json(json!(size)))
}

async fn stream(request: Request) -> Result<impl IntoResponse> {
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        piece.map_err(|error| body_error(&error))?;
    }
    Ok(())
}

fn routes() -> Routes {
    Routes::new()
        .post("/songs", create)
        .post("/exact", exact)
        .post("/form", form)
        .post("/upload", upload)
        .body_limit(5_000_000)
        .no_deadline()
        .post("/stream", stream)
        .body_limit(1000)
        .no_deadline()
        .post("/unread", async || {
            colophon_http::Failure::from(colophon_core::Error::not_found("song"))
        })
        .body_limit(50_000_000)
}

#[tokio::test]
async fn json_errors_name_the_field() {
    let server = start(app(routes())).await;
    let answer = post(
        server,
        "/songs",
        &[],
        r#"{"title":"a","takes":[{"seconds":2}]}"#,
    )
    .await;
    assert_eq!(answer.json(), json!({ "title": "a", "seconds": 2 }));
    for (body, field, message) in [
        ("{}", "title", "is required"),
        (r#"["a"]"#, "body", "expected an object"),
        (
            r#"{"title":"a","takes":[[1]]}"#,
            "takes[0]",
            "expected an object",
        ),
        (r#"{"title":1}"#, "title", ""),
        (
            r#"{"title":"a","takes":[{"seconds":1},{}]}"#,
            "takes[1].seconds",
            "is required",
        ),
        (
            r#"{"title":"a","takes":[{"seconds":-1}]}"#,
            "takes[0].seconds",
            "",
        ),
        (
            r#"{"title":"a","year":1}"#,
            "year",
            "is not a field of this request",
        ),
        (
            r#"{"title":"a","takes":[{"seconds":1,"x":1}]}"#,
            "takes[0].x",
            "is not a field of this request",
        ),
    ] {
        let answer = post(server, "/songs", &[], body).await;
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (400, &json!("validation_failed")),
            "{body}"
        );
        assert_eq!(problem["fields"][0]["field"], field, "{body}: {problem}");
        let said = problem["fields"][0]["message"].as_str().unwrap();
        assert!(
            said.contains(message) && !said.contains("line 1"),
            "{body}: {said}"
        );
    }
}

#[tokio::test]
async fn an_integer_is_one_however_it_is_written() {
    let server = start(app(routes())).await;
    for (written, seconds) in [("2", 2), ("2.0", 2), ("2e3", 2_000)] {
        let body = format!(r#"{{"title":"a","takes":[{{"seconds":{written}}}]}}"#);
        let answer = post(server, "/songs", &[], &body).await;
        assert_eq!(answer.json()["seconds"], seconds, "{written}");
    }
    for bad in ["2.5", "1e21", "4294967296"] {
        let body = format!(r#"{{"title":"a","takes":[{{"seconds":{bad}}}]}}"#);
        assert_eq!(
            post(server, "/songs", &[], &body).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn ambiguous_json_is_refused_with_its_place() {
    let server = start(app(routes())).await;
    let deep = "[".repeat(100) + &"]".repeat(100);
    for body in [
        r#"{"title":"a","title":"b"}"#,
        r#"{"title":"\ud800"}"#,
        r#"{"title":9007199254740993}"#,
        r#"{"title":"a"} x"#,
        r#"{"title":"#,
        "\u{feff}{}",
        &*deep,
        "",
    ] {
        let answer = post(server, "/songs", &[], body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["code"], "invalid_json", "{body}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .contains("at byte"),
            "{}",
            answer.body
        );
    }
    let mut broken = request(
        "POST",
        "/songs",
        &[("Content-Type", "application/json")],
        "{\"\"}",
    );
    let at = broken.len() - 2;
    broken.truncate(at);
    let mut broken = broken.into_bytes();
    broken.extend([0xff, b'}']);
    assert_eq!(send(server, broken).await.json()["code"], "invalid_json");
}

#[tokio::test]
async fn the_exact_value_keeps_the_spelling_of_numbers() {
    let server = start(app(routes())).await;
    let answer = post(server, "/exact", &[], r#"{"b":1.0,"a":1e2}"#).await;
    let seen = answer.json();
    let seen = seen.as_str().unwrap();
    assert!(seen.contains("1.0") && seen.contains("1e2"), "{seen}");
    assert!(seen.find("\"b\"") < seen.find("\"a\""), "{seen}");
}

#[tokio::test]
async fn a_media_type_that_is_not_taken_is_415_and_named() {
    let server = start(app(routes())).await;
    for (path, sent) in [
        ("/songs", "text/plain"),
        ("/songs", "application/jsonp"),
        ("/songs", "multipart/form-data; boundary=x"),
        ("/form", "application/json"),
    ] {
        let answer = send(
            server,
            request("POST", path, &[("Content-Type", sent)], "{}"),
        )
        .await;
        assert_eq!(answer.status, 415, "{sent}");
        let essence = sent.split(';').next().unwrap();
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(essence),
            "{}",
            answer.body
        );
    }
    assert_eq!(
        send(server, request("POST", "/songs", &[], "{}"))
            .await
            .status,
        415
    );
    for sent in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/ld+json",
    ] {
        let body = r#"{"title":"a"}"#;
        let answer = send(
            server,
            request("POST", "/songs", &[("Content-Type", sent)], body),
        )
        .await;
        assert_eq!(answer.status, 200, "{sent}");
    }
    let sent = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = send(server, request("POST", "/form", &sent, "title=caf%C3%A9")).await;
    assert_eq!(answer.json(), "café");
}

fn chunked(path: &str, media_type: &str, body: &str) -> String {
    let mut text = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for piece in body.as_bytes().chunks(60_000) {
        text.push_str(&format!("{:x}\r\n", piece.len()));
        text.push_str(std::str::from_utf8(piece).unwrap());
        text.push_str("\r\n");
    }
    text + "0\r\n\r\n"
}

#[tokio::test]
async fn oversize_is_413_however_it_is_sent_and_the_client_gets_to_read_it() {
    let server = start(app(routes())).await;
    let title = "x".repeat(3 << 20);
    let body = format!(r#"{{"title":"{title}"}}"#);
    let declared = post(server, "/songs", &[], &body).await;
    let undeclared = send(server, chunked("/songs", "application/json", &body)).await;
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{}\r\n--b--\r\n",
        "y".repeat(6 << 20)
    );
    let multipart = send(
        server,
        chunked("/upload", "multipart/form-data; boundary=b", &part),
    )
    .await;
    let streamed = send(server, chunked("/stream", "text/plain", &"z".repeat(2000))).await;
    for answer in [declared, undeclared, multipart, streamed] {
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert_eq!(answer.json()["code"], "body_too_large");
    }
    let part = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n{}\r\n--b--\r\n",
        "y".repeat(4 << 20)
    );
    let within = send(
        server,
        chunked("/upload", "multipart/form-data; boundary=b", &part),
    )
    .await;
    assert_eq!(within.json(), 4 << 20);
}

#[tokio::test]
async fn a_refusal_that_does_not_read_the_body_still_arrives() {
    let server = start(app(routes())).await;
    for _ in 0..10 {
        let answer = post(server, "/unread", &[], &"x".repeat(20 << 20)).await;
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_refused_before_it_sends() {
    let server = start(app(routes())).await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    let head = "POST /songs HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.status, 413);
}

#[tokio::test]
async fn a_body_that_breaks_off_does_no_harm() {
    let server = start(app(routes())).await;
    let head = "POST /songs HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{";
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    assert_eq!(
        post(server, "/songs", &[], r#"{"title":"a"}"#).await.status,
        200
    );
}

// Time stands still until everything waits, then jumps to the next timer.
#[tokio::test(start_paused = true)]
async fn a_body_that_stops_arriving_is_408() {
    let server = start(app(routes())).await;
    for path in ["/songs", "/stream"] {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 90\r\nConnection: close\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = read(&mut stream).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (408, &json!("request_timeout"))
        );
    }
}
