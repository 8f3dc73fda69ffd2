//! An HTTP/1.1 client that sends exactly what it is told, also what no library would.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any deadline of the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request; it closes its connection.
#[derive(Clone, Debug)]
pub struct Request {
    /// As it stands in the request line.
    pub method: String,
    /// Path and query, sent as they are.
    pub path: String,
    /// In this order.
    pub headers: Vec<(String, String)>,
    /// Sent with its `Content-Length`, unless the headers say how long it is.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Shows a key in `Authorization: Bearer`.
    #[must_use]
    pub fn bearer(self, secret: &str) -> Self {
        self.header("Authorization", &format!("Bearer {secret}"))
    }

    /// Sets a body of this content type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.body("application/json", body)
    }

    /// The request as it goes over the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
            self.method, self.path
        );
        let mut framed = self.body.is_empty() && self.method != "POST";
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
            framed |= ["content-length", "transfer-encoding"]
                .contains(&name.to_ascii_lowercase().as_str());
        }
        if !framed {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// In the order in which they came.
    pub headers: Vec<(String, String)>,
    /// Without its transfer coding.
    pub body: Vec<u8>,
}

impl Answer {
    /// Sends bytes as they are and reads the answer.
    ///
    /// # Errors
    /// A connection that cannot be made, is reset, or ends before the answer does.
    pub fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Self> {
        let mut stream = connect(address)?;
        stream.write_all(bytes)?;
        Self::read(&mut stream)
    }

    /// Reads an answer that ends with its connection.
    ///
    /// # Errors
    /// As [`Answer::exchange`].
    pub fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Self::parse(&bytes).ok_or_else(|| {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("not an answer: {text:?}"),
            )
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, rest) = bytes.split_at_checked(end)?;
        let head = str::from_utf8(head).ok()?;
        let body = rest.get(4..)?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':'))
            .map(|pair| pair.map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
            .collect::<Option<_>>()?;
        let mut answer = Self {
            status,
            headers,
            body: body.to_vec(),
        };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = dechunk(body)?;
        }
        Some(answer)
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    ///
    /// # Panics
    /// When it is not UTF-8.
    #[must_use]
    #[expect(clippy::panic, reason = "a test cannot go on, and says why")]
    pub fn text(&self) -> &str {
        match str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("the body is not UTF-8: {error}"),
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    #[expect(clippy::panic, reason = "a test cannot go on, and says why")]
    pub fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the body is not JSON ({error}): {:?}", self.text()),
        }
    }
}

/// A connection that gives up rather than hang a test.
///
/// # Errors
/// When nothing listens.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let (size, after) = rest.split_at_checked(end)?;
        let size = usize::from_str_radix(str::from_utf8(size).ok()?, 16).ok()?;
        let (chunk, after) = after.get(2..)?.split_at_checked(size)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_both_framings() {
        let plain = b"HTTP/1.1 200 OK\r\nX-A: 1\r\ncontent-length: 2\r\n\r\nhi";
        let plain = Answer::parse(plain).unwrap();
        assert_eq!(
            (plain.status, plain.header("x-a"), plain.text()),
            (200, Some("1"), "hi")
        );
        let chunked =
            b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(Answer::parse(chunked).unwrap().text(), "abcd");
        assert!(Answer::parse(&chunked[..chunked.len() - 12]).is_none());
    }
}
