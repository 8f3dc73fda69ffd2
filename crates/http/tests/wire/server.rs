//! Connections and the end of the server.

use std::time::Duration;

use colophon_http::{Routes, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{app, get, request};

#[tokio::test]
async fn shutting_down_finishes_what_was_begun_and_takes_nothing_new() {
    let slow = async || {
        sleep(Duration::from_millis(300)).await;
        "finished"
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap() };
    let app = app(Routes::new().get("/slow", slow));
    let server = tokio::spawn(serve(listener, app, stopped, Duration::from_secs(5)));
    let begun = tokio::spawn(async move { get(address, "/slow").await });
    // An idle connection does not hold the server up.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /x HTTP/1.1\r\nHost: test\r\n\r\n")
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    stop.send(()).unwrap();
    assert_eq!(begun.await.unwrap().body, "finished");
    timeout(Duration::from_secs(2), server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap() };
    let app = app(Routes::new().get("/forever", async || std::future::pending::<()>().await));
    let server = tokio::spawn(serve(listener, app, stopped, Duration::from_millis(200)));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(request("GET", "/forever", &[], "").as_bytes())
        .await
        .unwrap();
    sleep(Duration::from_millis(100)).await;
    let asked = Instant::now();
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_never_ends_is_given_up() {
    let server = crate::client::start(app(Routes::new())).await;
    let mut stream = TcpStream::connect(server).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: te")
        .await
        .unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}
