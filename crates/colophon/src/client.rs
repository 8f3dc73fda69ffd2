//! Asking a Colophon server over HTTP.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_transparency::digest::ContentHash;
use colophon_transparency::merkle::Hash;
use colophon_transparency::note::VerifierKey;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::terminal::one_line;

/// Largest answer that is read: a full entry bundle has 256 entries of up to 64 KiB.
const MOST_BYTES: usize = 20 << 20;
/// Pages of statements about one file that are asked for; anyone may state something about any file.
const MOST_PAGES: usize = 10;
/// Characters of a refusal that are shown.
const MOST_SHOWN: usize = 300;

/// Where a server is, such as `https://example.org`. Printed without its user and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl(Url);

impl ServerUrl {
    fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.0.clone();
        // Both only fail for a URL without a host, which is no server's.
        let _ = (url.set_username(""), url.set_password(None));
        f.write_str(url.as_str().trim_end_matches('/'))
    }
}

impl FromStr for ServerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal = "expected an address such as https://example.org";
        let url = Url::parse(text).map_err(|_| refusal)?;
        let plain = url.query().is_none() && url.fragment().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
            Ok(Self(url))
        } else {
            Err(refusal)
        }
    }
}

/// A server and the connections to it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: ServerUrl,
}

/// What a server says about one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It has it: the body.
    Yes(Vec<u8>),
    /// It is stored, and will be in the log in a moment.
    Pending,
    /// It has no such thing.
    No,
}

/// What `GET /files/{hash}` answers, as far as it is needed here: a page of statements.
#[derive(Debug, Deserialize)]
struct Known {
    statements: Vec<Statement>,
    next_cursor: Option<String>,
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

/// The members of a refusal (RFC 9457) that matter here.
#[derive(Debug, Deserialize)]
struct Problem {
    code: String,
    detail: String,
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
    /// A client of the server at `url`.
    pub fn new(url: &ServerUrl) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .user_agent(concat!("colophon/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            http,
            url: url.clone(),
        })
    }

    /// Where the server is.
    pub fn url(&self) -> &ServerUrl {
        &self.url
    }

    /// The answer to `GET path`. A 404 that a Colophon server did not write is an error: it says
    /// nothing about what was asked.
    pub async fn find(&self, path: &str) -> anyhow::Result<Found> {
        let address = || format!("{}{path}", self.url);
        let (status, body) = self.fetch(path).await.with_context(address)?;
        if status.is_success() {
            return Ok(Found::Yes(body));
        }
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let code = problem.as_ref().map(|problem| problem.code.as_str());
        match (status, code) {
            (StatusCode::NOT_FOUND, Some("not_yet_included")) => Ok(Found::Pending),
            (StatusCode::NOT_FOUND, Some("not_found")) => Ok(Found::No),
            _ => {
                let said = match problem {
                    Some(problem) => problem.detail,
                    None => String::from_utf8_lossy(&body).trim().to_owned(),
                };
                let said: String = said.chars().take(MOST_SHOWN).collect();
                bail!("{} answered {status}: {}", address(), one_line(said))
            }
        }
    }

    async fn fetch(&self, path: &str) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let request = self.http.get(self.url.join(path));
        // The address, which may hold a password, is told by the caller.
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(reqwest::Error::without_url)?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                bail!("the answer is larger than {MOST_BYTES} bytes");
            }
        }
        Ok((response.status(), body))
    }

    /// The body of `GET path`, which must be there.
    pub async fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        match self.find(path).await? {
            Found::Yes(body) => Ok(body),
            Found::Pending | Found::No => bail!("{}{path} is not there", self.url),
        }
    }

    /// The body of `GET path` as text.
    pub async fn text(&self, path: &str) -> anyhow::Result<String> {
        String::from_utf8(self.get(path).await?)
            .with_context(|| format!("{}{path} is not UTF-8", self.url))
    }

    /// The body of `GET path` as JSON.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        serde_json::from_slice(&self.get(path).await?)
            .with_context(|| format!("{}{path}", self.url))
    }

    /// What is stated about a file, and whether there is more than is asked for.
    pub async fn statements(&self, hash: &ContentHash) -> anyhow::Result<(Vec<Statement>, bool)> {
        let mut statements = Vec::new();
        let mut path = format!("/files/{hash}");
        for _ in 0..MOST_PAGES {
            let page: Known = self.json(&path).await?;
            statements.extend(page.statements);
            let Some(cursor) = page.next_cursor else {
                return Ok((statements, false));
            };
            let cursor: String = byte_serialize(cursor.as_bytes()).collect();
            path = format!("/files/{hash}?cursor={cursor}");
        }
        Ok((statements, true))
    }

    /// The log's key, as the server states it.
    pub async fn log_key(&self) -> anyhow::Result<VerifierKey> {
        let key = self.text("/log/key").await?;
        key.trim()
            .parse()
            .with_context(|| format!("{}/log/key", self.url))
    }

    /// The proof that the tree of `to` entries extends the tree of `from`.
    pub async fn consistency(&self, from: u64, to: u64) -> anyhow::Result<Vec<Hash>> {
        let answer: ConsistencyAnswer = self
            .json(&format!("/log/proof/consistency?from={from}&to={to}"))
            .await?;
        hashes(&answer.hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_is_printed_without_its_password() {
        let url: ServerUrl = "HTTPS://me:secret@Example.org:443/log/".parse().unwrap();
        assert_eq!(url.to_string(), "https://example.org/log");
        assert_eq!(url.join("/x"), "https://me:secret@example.org/log/x");
        for wrong in [
            "",
            "example.org",
            "ftp://example.org",
            "mailto:a@b",
            "http://",
            "http://example.org?x",
            "http://example.org/#x",
        ] {
            assert!(wrong.parse::<ServerUrl>().is_err(), "{wrong}");
        }
    }
}
