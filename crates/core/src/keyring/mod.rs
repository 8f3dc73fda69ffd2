//! Colophon's own keys: which there are, where their private halves come from, rotation.
//!
//! | purpose | algorithm | signs |
//! |---|---|---|
//! | `issuer` | Ed25519 | certificates, record tokens, tree heads of the TrackOrigin contract |
//! | `service` | ML-DSA-65 | what must outlive quantum computers |
//! | `log` | Ed25519 | checkpoints; it is the log's identity and is not rotated |

mod source;
mod store;

pub use source::Source;
pub use store::PublishedKey;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::SecondsFormat;
use colophon_db::{Clock, Db, IdGenerator};
use colophon_transparency::canonical::rfc8785;
use colophon_transparency::json::Value;
use colophon_transparency::keys::{Algorithm, Ed25519SigningKey, PrivateKey};
use colophon_transparency::note::{NoteSigner, SignatureType};

use zeroize::Zeroizing;

use crate::audit::{self, By, Chain};
use crate::log::Statement;
use crate::{Error, Kind, Result};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Certificates and tokens.
    Issuer,
    /// The post-quantum second signature.
    Service,
    /// Checkpoints of the log.
    Log,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Issuer, Self::Service, Self::Log];

    /// Its name on the command line, in file names and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Service => "service",
            Self::Log => "log",
        }
    }

    /// The algorithm of its keys.
    #[must_use]
    pub fn algorithm(self) -> Algorithm {
        match self {
            Self::Issuer | Self::Log => Algorithm::Ed25519,
            Self::Service => Algorithm::ML_DSA_65,
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Purpose {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.name() == text)
            .ok_or_else(|| Error::invalid("purpose", "must be issuer, service or log"))
    }
}

/// Where each purpose's private key comes from.
pub type Sources = HashMap<Purpose, Source>;

/// The keys in use, and every key ever published.
pub struct Keyring {
    db: Db,
    sources: Sources,
    active: RwLock<Active>,
}

struct Active {
    issuer: Arc<Ed25519SigningKey>,
    service: Arc<PrivateKey>,
    log: Arc<Ed25519SigningKey>,
    published: Arc<Vec<PublishedKey>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").finish_non_exhaustive()
    }
}

impl Keyring {
    /// Loads the active keys, making the missing ones where their source can.
    ///
    /// # Errors
    /// When a private key that the database names cannot be found, with words that say where it
    /// was looked for.
    pub async fn open(db: Db, clock: &Clock, sources: Sources) -> Result<Self> {
        for purpose in Purpose::ALL {
            if store::active(&db, purpose).await?.is_some() {
                continue;
            }
            let key = source_of(&sources, purpose)?.provide(purpose)?;
            let now = clock.now();
            let public = key.public_key();
            let added = db
                .write(|tx, _| Box::pin(store::insert(tx, purpose, &public, now)))
                .await;
            match added {
                // Another process made the first key in this moment: its key stands.
                Ok(()) | Err(colophon_db::Error::Unique) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let active = load(&db, &sources).await?;
        Ok(Self {
            db,
            sources,
            active: RwLock::new(active),
        })
    }

    /// Notices a rotation made by another process. Called every few seconds.
    ///
    /// # Errors
    /// As [`Keyring::open`]; the keys in use stay in use.
    pub async fn refresh(&self) -> Result<()> {
        let published = store::all(&self.db).await?;
        let known = Arc::clone(&self.read().published);
        if published.len() == known.len() {
            return Ok(());
        }
        let active = load(&self.db, &self.sources).await?;
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
        Ok(())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Active> {
        self.active.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that signs certificates, tokens and tree heads.
    #[must_use]
    pub fn issuer(&self) -> Arc<Ed25519SigningKey> {
        Arc::clone(&self.read().issuer)
    }

    /// The ML-DSA-65 service key.
    #[must_use]
    pub fn service(&self) -> Arc<PrivateKey> {
        Arc::clone(&self.read().service)
    }

    /// A secret that every node with the same log key has, and nobody else: a hash of an
    /// Ed25519 signature (deterministic, RFC 8032) that is never published.
    #[must_use]
    pub fn derive_secret(&self, label: &str) -> Zeroizing<[u8; 32]> {
        let signature = Zeroizing::new(self.read().log.sign(label.as_bytes()));
        Zeroizing::new(colophon_transparency::digest::sha256(&*signature))
    }

    /// The signer of checkpoints for a log of this name.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the name cannot be a C2SP key name.
    pub fn log_signer(&self, origin: &str) -> Result<NoteSigner> {
        let seed_key = Ed25519SigningKey::clone(&self.read().log);
        NoteSigner::new(origin, SignatureType::Ed25519, seed_key)
            .map_err(|error| Error::invalid("log.origin", error.to_string()))
    }

    /// Every key ever published, newest first: retired ones stay.
    #[must_use]
    pub fn published(&self) -> Arc<Vec<PublishedKey>> {
        Arc::clone(&self.read().published)
    }

    /// Retires the active key of `purpose`: see [`rotate`].
    ///
    /// # Errors
    /// Those of [`rotate`].
    pub async fn rotate(
        &self,
        clock: &Clock,
        ids: &IdGenerator,
        by: &By,
        purpose: Purpose,
    ) -> Result<PublishedKey> {
        let made = rotate(&self.db, &self.sources, clock, ids, by, purpose).await?;
        self.refresh().await?;
        Ok(made)
    }
}

/// Retires the active key of `purpose` and puts a new one in its place. The private half of the
/// old one is not asked for: where somebody else keeps the keys, the new one is there already.
/// The rotation is a statement in the log, signed by nobody but provable like any other.
///
/// # Errors
/// [`Kind::Conflict`] for the log's key, which is its identity, or when the source offers
/// the key that is active already.
pub async fn rotate(
    db: &Db,
    sources: &Sources,
    clock: &Clock,
    ids: &IdGenerator,
    by: &By,
    purpose: Purpose,
) -> Result<PublishedKey> {
    if purpose == Purpose::Log {
        return Err(Error::new(
            Kind::Conflict,
            "log_key_is_identity",
            "The log's key is its identity: a new key would be a new log. Rotate issuer or service.",
        ));
    }
    let old = store::active(db, purpose)
        .await?
        .ok_or_else(|| Error::not_found("active key"))?;
    let key = source_of(sources, purpose)?.renew(purpose)?.public_key();
    if key == old.key {
        return Err(Error::new(
            Kind::Conflict,
            "key_unchanged",
            "The configured source still offers the active key; put the new key there first.",
        ));
    }
    let now = clock.now();
    let order = ids.next();
    let cert_id = colophon_transparency::id::encode("rot_", order.into_bytes());
    let member = |name: &str, value: String| (name.to_owned(), Value::from(value));
    let document = rfc8785(&Value::Object(vec![
        member("format", "colophon-key-rotation/1".to_owned()),
        member("purpose", purpose.to_string()),
        member("algorithm", key.algorithm().to_string()),
        member("key_id", key.id_hex()),
        member(
            "public_key",
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key.as_bytes()),
        ),
        member("replaces", old.key.id_hex()),
        member("rotated_at", now.to_rfc3339_opts(SecondsFormat::Secs, true)),
    ]));
    let statement = Statement {
        order,
        cert_id,
        kind: "key-rotation",
        manifest_hash: colophon_transparency::digest::sha256(document.as_bytes()),
    };
    db.write(|tx, _| {
        Box::pin(async {
            store::retire(tx, &old.key, now).await?;
            store::insert(tx, purpose, &key, now).await?;
            let kept = std::iter::once((&statement, document.as_str()));
            crate::log::keep_documents(tx, kept, now).await?;
            crate::log::publish(tx, std::slice::from_ref(&statement)).await?;
            let (subject, purpose) = (key.id_hex(), purpose.to_string());
            let details = [("purpose", purpose.as_str())];
            let action = "signing_key.rotated";
            audit::record(tx, Chain::Server, by, action, &subject, &details, now).await
        })
    })
    .await?;
    Ok(PublishedKey {
        purpose,
        key,
        created_at: now,
        retired_at: None,
    })
}

fn source_of(sources: &Sources, purpose: Purpose) -> Result<&Source> {
    sources
        .get(&purpose)
        .ok_or_else(|| Error::internal(format!("no source for the {purpose} key")))
}

async fn load(db: &Db, sources: &Sources) -> Result<Active> {
    let published = store::all(db).await?;
    let private = |purpose: Purpose| -> Result<PrivateKey> {
        let public = published
            .iter()
            .find(|key| key.purpose == purpose && key.retired_at.is_none())
            .ok_or_else(|| Error::internal(format!("no active {purpose} key")))?;
        source_of(sources, purpose)?.find(purpose, &public.key)
    };
    let ed25519 = |purpose: Purpose| match private(purpose)? {
        PrivateKey::Ed25519(key) => Ok(Arc::new(key)),
        PrivateKey::MlDsa(_) => Err(Error::internal(format!("the {purpose} key is not Ed25519"))),
    };
    Ok(Active {
        issuer: ed25519(Purpose::Issuer)?,
        log: ed25519(Purpose::Log)?,
        service: Arc::new(private(Purpose::Service)?),
        published: Arc::new(published),
    })
}
