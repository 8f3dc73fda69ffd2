//! The domain of Colophon: one module an area, each with its rules and, in `store.rs`, the only
//! place for that area's SQL. Contracts, pages and commands call these modules and nothing
//! below them.

pub mod access;
pub mod audit;
mod entropy;
mod error;
pub mod generators;
pub mod health;
mod id;
pub mod idempotency;
pub mod identity;
pub mod jobs;
pub mod keyring;
pub mod log;
pub mod mail;
pub mod media;
pub mod oauth;
pub mod organisations;
pub mod outgoing;
pub mod records;
mod settings;
mod text;
pub mod wallet;

pub use entropy::fingerprint;
pub use error::{Error, FieldError, Kind};
pub use id::{
    ApiKeyId, AppId, AssignmentId, GeneratorId, InvitationId, IssuerId, JobId, LocationId,
    MembershipId, OrgId, PersonId, RecordId, SessionId,
};

use std::path::PathBuf;
use std::sync::Arc;

use colophon_db::{Clock, Db, IdGenerator};
use colophon_transparency::note::{NoteSigner, VerifierKey};

/// What every operation of the domain returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that operations of a running server share.
#[derive(Debug)]
pub struct Core {
    /// The database.
    pub db: Db,
    /// The clock.
    pub clock: Clock,
    /// Makes ids.
    pub ids: IdGenerator,
    /// Files.
    pub blobs: media::Blobs,
    /// Our keys.
    pub keyring: keyring::Keyring,
    /// API keys.
    pub keys: access::Verifier,
    /// Sessions.
    pub sessions: identity::Sessions,
    /// Access tokens.
    pub access_tokens: identity::AccessTokens,
    /// Sends letters.
    pub mailer: mail::Mailer,
    /// Sends requests to addresses of other people.
    pub outgoing: outgoing::Outgoing,
    /// Keys of identity providers.
    pub provider_keys: identity::ProviderKeys,
    /// Generators by id.
    pub generators: generators::Generators,
    /// Where verified records wait for their commit.
    pub commits: records::Commits,
    /// Wakes the job worker.
    pub job_wake: jobs::Wake,
    /// Wakes the sequencer.
    pub log_wake: log::Wake,
    /// The key that checks checkpoints; its name is the log's.
    pub log_key: VerifierKey,
    /// How people reach this server, without a trailing slash: `https://example.org`.
    pub public_url: String,
    log_signer: Arc<NoteSigner>,
}

/// What [`Core::open`] needs to know.
#[derive(Debug)]
pub struct Settings {
    /// Where private keys come from.
    pub sources: keyring::Sources,
    /// A folder or `s3://bucket/prefix` for files.
    pub blob_url: String,
    /// Where uploads wait when files go to S3.
    pub incoming: PathBuf,
    /// How to reach S3.
    pub s3: media::S3Options,
    /// How people reach this server.
    pub public_url: String,
    /// Who letters are from.
    pub mail_from: String,
    /// How letters leave.
    pub mail: mail::Transport,
    /// Whether outgoing requests may reach loopback and private addresses.
    pub allow_private_network: bool,
    /// The log's name; `None` keeps the one it has, or makes one from its key.
    pub log_origin: Option<String>,
}

impl Core {
    /// Opens everything on a migrated database, making keys and the log's name on first start.
    ///
    /// # Errors
    /// When the database does not answer, a key is missing, or the log has another name than
    /// the settings say.
    pub async fn open(db: Db, clock: Clock, settings: Settings) -> Result<Arc<Self>> {
        let keyring = keyring::Keyring::open(db.clone(), &clock, settings.sources).await?;
        let origin = settings::log_origin(&db, &keyring, settings.log_origin).await?;
        let public_url = settings.public_url.trim_end_matches('/').to_owned();
        let log_signer = Arc::new(keyring.log_signer(&origin)?);
        let blobs = media::Options {
            incoming: settings.incoming,
            link_secret: keyring.derive_secret("colophon-media-links/1"),
            s3: settings.s3,
        };
        let blobs = media::Blobs::open(&settings.blob_url, blobs, clock.now()).await?;
        Ok(Arc::new(Self {
            keys: access::Verifier::new(db.clone(), clock.clone()),
            sessions: identity::Sessions::new(db.clone(), clock.clone()),
            access_tokens: identity::AccessTokens::new(&keyring, &public_url)?,
            mailer: mail::Mailer::new(&settings.mail_from, settings.mail)?,
            outgoing: outgoing::Outgoing::new(settings.allow_private_network)?,
            provider_keys: identity::ProviderKeys::default(),
            generators: generators::Generators::new(db.clone(), clock.clone()),
            commits: records::start(db.clone()),
            job_wake: jobs::Wake::default(),
            log_wake: log::Wake::default(),
            log_key: log_signer.verifier_key().clone(),
            public_url,
            ids: IdGenerator,
            blobs,
            log_signer,
            keyring,
            clock,
            db,
        }))
    }

    /// A sequencer for this process; `holder` names the process in the lease.
    #[must_use]
    pub fn sequencer(&self, holder: String) -> log::Sequencer {
        log::Sequencer::new(
            self.db.clone(),
            self.clock.clone(),
            Arc::clone(&self.log_signer),
            self.log_wake.clone(),
            holder,
        )
    }
}
