//! One keep-alive HTTP/1.1 connection. The smallest client that works, because it shares the
//! cores with the server it measures.

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::measure::Client;

/// A request's exact bytes, and the status that its answer must have.
#[derive(Clone, Debug)]
pub struct Request {
    /// Head and body.
    pub bytes: Vec<u8>,
    /// Such as 200.
    pub status: u16,
}

impl Request {
    /// A GET that must answer 200.
    pub fn get(path: &str) -> Self {
        let bytes = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes();
        Self { bytes, status: 200 }
    }
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    /// Bytes of the newest answer's body.
    pub body_length: usize,
}

impl Connection {
    /// Connects to `host:port`.
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(16 << 10),
            body_length: 0,
        })
    }

    /// As many connections as clients.
    pub async fn open_many(address: &str, count: usize) -> anyhow::Result<Vec<Self>> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Self::open(address).await?);
        }
        Ok(connections)
    }

    /// The newest answer's body.
    pub fn body(&self) -> &[u8] {
        let start = self.received.len().saturating_sub(self.body_length);
        self.received.get(start..).unwrap_or_default()
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.stream.read_buf(&mut self.received).await? > 0,
            "the server closed the connection"
        );
        Ok(())
    }
}

impl Client for Connection {
    type Request = Request;

    async fn ask(&mut self, request: Request) -> anyhow::Result<()> {
        self.stream.write_all(&request.bytes).await?;
        self.received.clear();
        let head = loop {
            self.receive().await?;
            if let Some(end) = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
            {
                break end + 4;
            }
        };
        let text = std::str::from_utf8(self.received.get(..head).unwrap_or_default())?;
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length")
                .then(|| value.trim().parse().ok())?
        });
        self.body_length = length.context("an answer without Content-Length")?;
        while self.received.len() < head + self.body_length {
            self.receive().await?;
        }
        anyhow::ensure!(
            status == Some(request.status),
            "expected {}, got {}",
            request.status,
            String::from_utf8_lossy(&self.received)
        );
        Ok(())
    }
}
