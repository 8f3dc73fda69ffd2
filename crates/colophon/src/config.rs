//! Configuration: defaults < file < `COLOPHON_…` environment < command line.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use colophon_core::keyring::{Purpose, Source, Sources};
use colophon_core::mail::Transport;
use colophon_core::media::S3Options;
use figment::providers::{Env, Format as _, Serialized, Toml};
use figment::value::{Dict, Map, Tag, Value};
use figment::{Figment, Metadata, Profile, Provider};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, percent_encode};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cli::Options;

/// Everything that can be set. In the environment, `COLOPHON_LIMITS__PUBLIC_PER_MINUTE` is
/// `limits.public_per_minute`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder for the database, files and keys, unless they are set below.
    pub data: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// How people reach the server; by default `http://` and the listening address.
    pub public_url: Option<String>,
    /// `sqlite:PATH` or `postgres://…`; by default SQLite in the data folder.
    pub database_url: Option<String>,
    /// A folder or `s3://bucket/prefix`; by default a folder in the data folder.
    pub blob_url: Option<String>,
    /// Proxies in front of the server that set `X-Forwarded-For`.
    pub trusted_proxies: usize,
    /// Whether clients come over HTTPS (through a proxy): `Secure` cookies and HSTS.
    pub tls: bool,
    /// Whether outgoing requests may reach loopback and private addresses.
    pub allow_private_network: bool,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// Where private keys come from.
    pub keys: Keys,
    /// The transparency log.
    pub log: Log,
    /// Limits; 0 is no limit.
    pub limits: Limits,
    /// How to reach S3, for an `s3://` blob URL.
    pub s3: S3,
    /// Background jobs.
    pub jobs: Jobs,
    /// Letters.
    pub mail: Mail,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors.
    Json,
}

/// `file:PATH`, `env:NAME` or `command:LINE` for each purpose; by default the folder `keys` in
/// the data folder, where they are made on first start.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    pub issuer: Option<String>,
    pub service: Option<String>,
    pub log: Option<String>,
}

/// The transparency log.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Its name, such as `example.org/log`; can be chosen once, before the first start.
    pub origin: Option<String>,
}

/// Limits; 0 is no limit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Records stored per key and minute.
    pub records_per_minute: u32,
    /// Public look-ups per address and minute.
    pub public_per_minute: u32,
    /// Deep checks (uploads) per address and minute.
    pub uploads_per_minute: u32,
    /// TrackOrigin's `/api/v1` per address and minute without a key.
    pub trackorigin_anonymous_per_minute: u32,
    /// TrackOrigin's `/api/v1` per key and minute.
    pub trackorigin_key_per_minute: u32,
    /// The same per publishable key.
    pub trackorigin_publishable_per_minute: u32,
    /// Largest file of a deep check, in bytes.
    pub upload_bytes: u64,
    /// Passwords, sign-ups and letters that one address may ask for in a minute.
    pub sign_in_per_minute: u32,
    /// Reports of leaked keys per address and minute.
    pub leak_reports_per_minute: u32,
    /// Idle Atlas' operations per key and minute.
    pub atlas_key_per_minute: u32,
}

/// S3 or what speaks its protocol.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Another endpoint than Amazon's.
    pub endpoint: Option<String>,
    pub region: Option<String>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    /// Whether the endpoint may be plain HTTP (tests).
    pub allow_http: bool,
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// As the core takes them.
    pub fn options(&self) -> S3Options {
        S3Options {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            access_key_id: self.access_key_id.clone(),
            secret_access_key: self.secret_access_key.clone().map(Zeroizing::new),
            allow_http: self.allow_http,
        }
    }
}

/// Letters.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Who they are from: `Colophon <no-reply@example.org>`.
    pub from: String,
    /// `smtp://user:password@host:port` (with `?tls=required`) or `smtps://…`; without it, letters
    /// are written to the folder `outbox` in the data folder.
    pub smtp_url: Option<String>,
}

/// Background jobs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Jobs run at once by one worker.
    pub concurrency: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: "colophon-data".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 8750)),
            public_url: None,
            database_url: None,
            blob_url: None,
            trusted_proxies: 0,
            tls: false,
            allow_private_network: false,
            log_format: LogFormat::Text,
            keys: Keys::default(),
            log: Log::default(),
            limits: Limits {
                records_per_minute: 0,
                public_per_minute: 60_000,
                uploads_per_minute: 60,
                trackorigin_anonymous_per_minute: 60,
                trackorigin_key_per_minute: 3_000,
                trackorigin_publishable_per_minute: 600,
                upload_bytes: 50 << 20,
                sign_in_per_minute: 10,
                leak_reports_per_minute: 60,
                atlas_key_per_minute: 120,
            },
            s3: S3::default(),
            jobs: Jobs {
                concurrency: std::thread::available_parallelism().map_or(2, usize::from),
            },
            mail: Mail {
                from: "Colophon <no-reply@localhost>".to_owned(),
                smtp_url: None,
            },
        }
    }
}

/// What a path keeps as it is in a URL.
const PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%');

/// The environment, each text read as what the setting of its name is: `123456` is a password
/// where a password is wanted, and a number where a number is.
struct Environment;

impl Environment {
    /// Kubernetes sets these for a service called `colophon`.
    fn is_service_link(name: &str) -> bool {
        name.starts_with("service_") || name == "port" || name.starts_with("port_")
    }

    fn read(path: &str, text: String, defaults: &Value) -> Value {
        let typed = defaults
            .find_ref(path)
            .is_some_and(|value| matches!(value, Value::Num(..) | Value::Bool(..)));
        match text.parse::<Value>() {
            Ok(value) if typed => value,
            _ => Value::String(Tag::Default, text),
        }
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let defaults = Value::serialize(Config::default())?;
        let mut root = Value::from(Dict::new());
        for (name, text) in Env::prefixed("COLOPHON_").ignore(&["config"]).iter() {
            let path = name.as_str().to_ascii_lowercase();
            if Self::is_service_link(&path) {
                continue;
            }
            let path = path.replace("__", ".");
            let nested = figment::util::nest(&path, Self::read(&path, text, &defaults));
            root = merge(root, nested);
        }
        let dict = root.into_dict().unwrap_or_default();
        Ok(Map::from([(Profile::Default, dict)]))
    }
}

/// One tree of both.
fn merge(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Dict(tag, mut left), Value::Dict(_, right)) => {
            for (name, value) in right {
                let value = match left.remove(&name) {
                    Some(old) => merge(old, value),
                    None => value,
                };
                left.insert(name, value);
            }
            Value::Dict(tag, left)
        }
        (_, right) => right,
    }
}

impl Config {
    /// Puts the layers together.
    pub fn load(options: &Options) -> anyhow::Result<Self> {
        let file = match &options.config {
            Some(path) => Toml::file_exact(path),
            None => Toml::file("colophon.toml"),
        };
        let flags: HashMap<&str, String> = [
            (
                "data",
                options.data.as_ref().map(|path| path.display().to_string()),
            ),
            ("database_url", options.database_url.clone()),
            ("blob_url", options.blob_url.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        Figment::from(Serialized::defaults(Self::default()))
            .merge(file)
            .merge(Environment)
            .merge(Serialized::defaults(flags))
            .extract()
            .context("configuration")
    }

    /// The database's URL.
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| {
            // A folder may be called anything; in a URL, `?`, `#` and `%` mean something.
            let path = self.data.join("colophon.db");
            let path = path.as_os_str().as_encoded_bytes();
            format!("sqlite:{}", percent_encode(path, PATH))
        })
    }

    /// Where SQLite keeps the database, if it does.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let Some(url) = &self.database_url else {
            return Some(self.data.join("colophon.db"));
        };
        let path = url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or(path);
        Some(percent_decode_str(path).decode_utf8_lossy().as_ref().into())
    }

    /// The URL or folder of files.
    pub fn blob_url(&self) -> String {
        self.blob_url
            .clone()
            .unwrap_or_else(|| self.data.join("blobs").display().to_string())
    }

    /// How letters leave.
    pub fn mail_transport(&self) -> Transport {
        match &self.mail.smtp_url {
            Some(url) => Transport::Smtp(url.clone()),
            None => Transport::Folder(self.data.join("outbox")),
        }
    }

    /// How people reach the server.
    pub fn public_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// Where each private key comes from.
    pub fn sources(&self) -> anyhow::Result<Sources> {
        let folder = self.data.join("keys");
        [
            (Purpose::Issuer, "keys.issuer", &self.keys.issuer),
            (Purpose::Service, "keys.service", &self.keys.service),
            (Purpose::Log, "keys.log", &self.keys.log),
        ]
        .into_iter()
        .map(|(purpose, field, text)| {
            let source = match text {
                Some(text) => Source::parse(field, text)?,
                None => Source::Folder(folder.clone()),
            };
            Ok((purpose, source))
        })
        .collect()
    }

    /// The same with secrets replaced, for people to see.
    pub fn redacted(&self) -> Self {
        let mut shown = self.clone();
        shown.database_url = Some(without_password(&self.database_url()));
        shown.blob_url = Some(without_password(&self.blob_url()));
        shown.public_url = Some(self.public_url());
        shown.s3.endpoint = self.s3.endpoint.as_deref().map(without_password);
        shown.mail.smtp_url = self.mail.smtp_url.as_deref().map(without_password);
        if let Some(secret) = &mut shown.s3.secret_access_key {
            *secret = "redacted".to_owned();
        }
        for source in [
            &mut shown.keys.issuer,
            &mut shown.keys.service,
            &mut shown.keys.log,
        ] {
            // A command line may hold a token; a path or a variable's name does not.
            if source
                .as_ref()
                .is_some_and(|text| text.starts_with("command:"))
            {
                *source = Some("command:[redacted]".to_owned());
            }
        }
        shown
    }
}

/// A URL may hold a password in two places: before the host, and in the query.
fn without_password(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        // What is no URL may still hold a password: one with a slash, or several hosts.
        let plain = !text.contains('@') && !text.contains("password");
        return if plain { text } else { "[redacted]" }.to_owned();
    };
    if url.password().is_some() {
        let _ = url.set_password(Some("redacted"));
    }
    if url.query_pairs().any(|(name, _)| name == "password") {
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(query.iter().map(|(name, value)| {
                (
                    name.as_str(),
                    if name == "password" {
                        "redacted"
                    } else {
                        value.as_str()
                    },
                )
            }));
    }
    // Parsing would change the spelling of a plain path.
    if url.scheme().starts_with("postgres") || url.password().is_some() {
        url.to_string()
    } else {
        text.to_owned()
    }
}
