//! A client that can misbehave, and a server with two made-up products.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use colophon_core::Kind;
use colophon_http::{App, Product, Products, Refused, Routes, Settings, problem, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// `{"detail": …}`, and 422 for what breaks a rule.
fn alpha(refused: &Refused<'_>) -> Response {
    let status = match refused.error.kind {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        _ => refused.status,
    };
    (
        status,
        axum::Json(json!({ "detail": refused.error.detail })),
    )
        .into_response()
}

/// `{"error": {"code", "message"}}`
fn beta(refused: &Refused<'_>) -> Response {
    let error = json!({ "code": refused.error.code, "message": refused.error.detail });
    (refused.status, axum::Json(json!({ "error": error }))).into_response()
}

pub fn products() -> Products {
    let product = |name, prefixes, paths: &[&str], render, replay_header| Product {
        name,
        prefixes,
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        render,
        replay_header: HeaderName::from_static(replay_header),
    };
    let paths = &[
        "/v1/songs",
        "/v1/songs/{id}",
        "/v1/public/charts/{id}",
        "/v1/takes/",
    ];
    let alpha = product("alpha", &["/alpha"], paths, alpha, "idempotent-replay");
    let paths = &["/v1/photos", "/v1/photos/{id}/views", "/v1/public/walls"];
    let beta = product("beta", &["/beta"], paths, beta, "idempotent-replayed");
    Products::new(vec![alpha, beta], problem::render).unwrap()
}

pub fn app(routes: Routes) -> App {
    App::new(
        products(),
        routes.into_router_at(&["", "/alpha"]),
        Settings::default(),
    )
}

/// Serves for the rest of the test.
pub async fn start(app: App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener,
        app,
        std::future::pending(),
        Duration::from_secs(1),
    ));
    address
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {:?}", self.body))
    }
}

/// A request that says how long it is and closes the connection.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    text + "\r\n" + body
}

/// Sends bytes as they are and reads what comes back.
pub async fn send(to: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    // Many clients give up on a write that fails, and never read why they were refused.
    stream.write_all(bytes.as_ref()).await.unwrap();
    read(&mut stream).await
}

pub async fn get(to: SocketAddr, path: &str) -> Answer {
    send(to, request("GET", path, &[], "")).await
}

pub async fn post(to: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    send(to, request("POST", path, &all, body)).await
}

/// Reads to the end of the connection.
pub async fn read(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .await
        .expect("an answer, not a reset");
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text
        .split_once("\r\n\r\n")
        .unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Answer {
        status,
        headers,
        body: body.to_owned(),
    }
}
