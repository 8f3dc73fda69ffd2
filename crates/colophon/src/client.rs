//! Asking a Colophon server over HTTP.

use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_transparency::merkle::Hash;
use colophon_transparency::note::VerifierKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Largest answer that is read: a full entry bundle has 256 entries of up to 64 KiB.
const MOST_BYTES: usize = 20 << 20;

/// A server's public address.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// What `GET /files/{hash}` answers, as far as it is needed here.
#[derive(Debug, Deserialize)]
pub struct Known {
    pub statements: Vec<Statement>,
}

/// One statement about a file.
#[derive(Debug, Deserialize)]
pub struct Statement {
    pub id: String,
    pub generator_status: String,
}

/// What `GET /log/proof/inclusion` answers.
#[derive(Debug, Deserialize)]
pub struct InclusionAnswer {
    pub index: u64,
    pub tree_size: u64,
    pub leaf_hash: String,
    pub hashes: Vec<String>,
    pub checkpoint: String,
}

#[derive(Debug, Deserialize)]
struct ConsistencyAnswer {
    hashes: Vec<String>,
}

/// Reads base64 hashes of an answer.
pub fn hashes(texts: &[String]) -> anyhow::Result<Vec<Hash>> {
    texts.iter().map(|text| hash(text)).collect()
}

/// Reads one base64 hash of an answer.
pub fn hash(text: &str) -> anyhow::Result<Hash> {
    let bytes = STANDARD.decode(text).context("a hash in the answer")?;
    bytes
        .try_into()
        .ok()
        .context("a hash in the answer has not 32 bytes")
}

impl Client {
    /// A client of the server at `base`, such as `https://example.org`.
    pub fn new(base: &str) -> anyhow::Result<Self> {
        let base = base.trim_end_matches('/').to_owned();
        url::Url::parse(&base).with_context(|| format!("--url {base}"))?;
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("colophon/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, base })
    }

    /// The body of `GET path`; `None` for 404.
    pub async fn get(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let url = format!("{}{path}", self.base);
        let mut response = self
            .http
            .get(&url)
            .send()
            .await
            .with_context(|| url.clone())?;
        let status = response.status();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                bail!("{url}: the answer is larger than {MOST_BYTES} bytes");
            }
        }
        if !status.is_success() {
            bail!(
                "{url} answered {status}: {}",
                String::from_utf8_lossy(&body).trim()
            );
        }
        Ok(Some(body))
    }

    /// The body of `GET path` as text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        let body = self
            .get(path)
            .await?
            .with_context(|| format!("{}{path}: 404", self.base))?;
        String::from_utf8(body).context("the answer is not UTF-8")
    }

    /// The body of `GET path` as JSON.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        serde_json::from_str(&self.text(path).await?)
            .with_context(|| format!("{}{path}", self.base))
    }

    /// The log's key, as the server states it.
    pub async fn log_key(&self) -> anyhow::Result<VerifierKey> {
        self.text("/log/key")
            .await?
            .trim()
            .parse()
            .context("the server's /log/key")
    }

    /// The proof that the tree of `to` entries extends the tree of `from`.
    pub async fn consistency(&self, from: u64, to: u64) -> anyhow::Result<Vec<Hash>> {
        let answer: ConsistencyAnswer = self
            .json(&format!("/log/proof/consistency?from={from}&to={to}"))
            .await?;
        hashes(&answer.hashes)
    }
}
