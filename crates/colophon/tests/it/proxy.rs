//! Somebody between a user and a server, who may change every answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use colophon_testkit::{Answer, Request, Server};

/// Passes `GET`s on to a server, and what `change` makes of the answers back: it gets the path
/// and what asks the server itself. Returns the URL to use; it listens until the test ends.
pub fn proxy(
    server: &Server,
    change: impl Fn(&str, &dyn Fn(&str) -> Answer) -> Answer + Send + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = server.address;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that hangs up is no matter of this test.
            let _ = pass(stream, &|path| change(path, &|path| ask(server, path)));
        }
    });
    url
}

/// What a server answers to `GET path`.
pub fn ask(server: SocketAddr, path: &str) -> Answer {
    Answer::exchange(server, &Request::new("GET", path).to_bytes()).unwrap()
}

/// A page as a hotel's network shows it in place of any other.
pub fn login_page() -> Answer {
    Answer {
        status: 200,
        headers: vec![("content-type".into(), "text/html".into())],
        body: b"<html>\n\n<h1>Welcome! Please log in.</h1>\n</html>\n".to_vec(),
    }
}

fn pass(mut stream: TcpStream, answer: &dyn Fn(&str) -> Answer) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..length]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let answer = answer(request.split(' ').nth(1).unwrap_or("/"));
    let (status, length) = (answer.status, answer.body.len());
    write!(
        stream,
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(&answer.body)
}
