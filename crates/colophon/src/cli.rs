//! The command line.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use colophon_core::access::KeyKind;
use colophon_core::organisations::Plan;
use colophon_core::{ApiKeyId, GeneratorId, OrgId};
use colophon_transparency::keys::Algorithm;
use colophon_transparency::note::VerifierKey;

use crate::client::ServerUrl;
use crate::terminal::Print;

/// Prove where a piece of music, a photograph or an AI-generated file came from, and let anyone
/// check the proof
#[derive(Debug, Parser)]
#[command(name = "colophon", version, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Command,
}

/// Options that several commands share. Each has a line in the configuration too.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// Configuration file [default: colophon.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "COLOPHON_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder for the database, files and keys [default: ./colophon-data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// sqlite:PATH or postgres://… [default: SQLite in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Folder or s3://bucket/prefix for files [default: blobs in the data folder]
    #[arg(long, global = true, value_name = "URL")]
    pub blob_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server (and, unless told otherwise, the worker)
    Serve(Serve),
    /// Run jobs and the log's sequencer without serving requests
    Worker,
    /// Bring the database to this program's schema
    Migrate,
    /// Look at everything the server needs and say what is wrong
    Doctor(Print),
    /// Print the configuration in force, secrets left out
    Config,
    /// List, rotate or export the server's own keys
    Keys(Keys),
    /// Make organisations, keys, generators and credits
    Admin(Admin),
    /// Check a file against what is stated about it
    Verify(Verify),
    /// Hold a photograph against its RAW file
    Photo(Photo),
    /// Audit, monitor and prove the transparency log
    Log(Log),
    /// Measure this program on this machine
    Bench(Bench),
}

#[derive(Args, Debug)]
pub struct Serve {
    /// Address to listen on [default: 127.0.0.1:8750]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<SocketAddr>,
    /// Serve requests only; run `colophon worker` beside it
    #[arg(long)]
    pub no_worker: bool,
    /// Let outgoing requests reach loopback and private addresses (development and tests)
    #[arg(long)]
    pub allow_private_network: bool,
}

#[derive(Args, Debug)]
pub struct Keys {
    #[command(subcommand)]
    pub command: KeysCommand,
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Every key ever published, newest first
    List(Print),
    /// Retire the active key of a purpose and put a new one in its place
    Rotate {
        /// Which key
        #[arg(long, value_enum)]
        purpose: RotatedPurpose,
        #[command(flatten)]
        print: Print,
    },
    /// Print a public key as PEM (SPKI)
    ExportPublic {
        /// Which key
        #[arg(long, value_enum, default_value = "issuer")]
        purpose: ExportedPurpose,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RotatedPurpose {
    /// Ed25519: certificates and tokens
    Issuer,
    /// ML-DSA-65: the post-quantum signature
    Service,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ExportedPurpose {
    /// Ed25519: certificates and tokens
    Issuer,
    /// ML-DSA-65: the post-quantum signature
    Service,
    /// Ed25519: checkpoints
    Log,
}

#[derive(Args, Debug)]
pub struct Admin {
    #[command(subcommand)]
    pub command: AdminCommand,
}

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// Organisations
    #[command(subcommand)]
    Org(OrgCommand),
    /// API keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Generators of signed records
    #[command(subcommand)]
    Generator(GeneratorCommand),
    /// Credits
    #[command(subcommand)]
    Credits(CreditsCommand),
    /// Background jobs
    #[command(subcommand)]
    Jobs(JobsCommand),
}

#[derive(Debug, Subcommand)]
pub enum OrgCommand {
    /// Make an organisation
    Create {
        /// Its name
        #[arg(long)]
        name: String,
        /// What it pays for
        #[arg(long, default_value = "free", value_parser = named::<Plan>(Plan::ALL.map(Plan::name)))]
        plan: Plan,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key; its secret is printed once
    Create {
        /// The organisation, `org_…`
        #[arg(long, value_parser = id::<OrgId>)]
        org: OrgId,
        /// Which contract it opens
        #[arg(long, value_parser = named::<KeyKind>(KeyKind::ALL.map(KeyKind::name)))]
        kind: KeyKind,
        /// A test-mode key
        #[arg(long)]
        test: bool,
        #[command(flatten)]
        print: Print,
    },
    /// Revoke an API key for good
    Revoke {
        /// The organisation, `org_…`
        #[arg(long, value_parser = id::<OrgId>)]
        org: OrgId,
        /// The key, `key_…`
        #[arg(long, value_parser = id::<ApiKeyId>)]
        key: ApiKeyId,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Debug, Subcommand)]
pub enum GeneratorCommand {
    /// Register a generator and, if given, its public key
    Create {
        /// The organisation, `org_…`
        #[arg(long, value_parser = id::<OrgId>)]
        org: OrgId,
        /// Its name
        #[arg(long)]
        name: String,
        /// What it signs with
        #[arg(long, default_value = "ml-dsa-65", value_parser = named::<Algorithm>(GENERATOR_ALGORITHMS))]
        algorithm: Algorithm,
        /// File with the public key: PEM or DER SPKI, raw bytes, base64 or hexadecimal
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        #[command(flatten)]
        print: Print,
    },
    /// Revoke a generator for good
    Revoke {
        /// The organisation, `org_…`
        #[arg(long, value_parser = id::<OrgId>)]
        org: OrgId,
        /// The generator, `gen_…`
        #[arg(long, value_parser = id::<GeneratorId>)]
        generator: GeneratorId,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Debug, Subcommand)]
pub enum CreditsCommand {
    /// Give an organisation credits
    Grant {
        /// The organisation, `org_…`
        #[arg(long, value_parser = id::<OrgId>)]
        org: OrgId,
        /// How many
        #[arg(long)]
        amount: i64,
        /// Why, for the ledger
        #[arg(long)]
        reason: String,
        /// Moves credits once however often it is sent [default: a new one]
        #[arg(long)]
        idempotency_key: Option<String>,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Jobs that failed for good
    Dead(Print),
    /// Queue a failed job again
    Requeue {
        /// The job
        id: uuid::Uuid,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub struct Verify {
    /// The file to check
    pub file: PathBuf,
    /// Ask this server
    #[arg(long, value_name = "URL", conflicts_with = "bundle")]
    pub url: Option<ServerUrl>,
    /// Check against a saved proof, offline [default: FILE.colophon.json]
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// With --url: keep the proof for offline checks [default: FILE.colophon.json]
    #[arg(long, value_name = "FILE", num_args = 0..=1, requires = "url")]
    pub save_bundle: Option<Option<PathBuf>>,
    /// A log to trust, as a C2SP verifier key (`GET /log/key`); may be repeated
    #[arg(long, value_name = "VKEY")]
    pub log_key: Vec<VerifierKey>,
    /// The public key of the generator that must have signed: PEM or DER SPKI, raw bytes, base64
    /// or hexadecimal
    #[arg(long, value_name = "FILE")]
    pub generator_key: Option<PathBuf>,
    #[command(flatten)]
    pub print: Print,
}

#[derive(Args, Debug)]
pub struct Photo {
    #[command(subcommand)]
    pub command: PhotoCommand,
}

#[derive(Debug, Subcommand)]
pub enum PhotoCommand {
    /// Is this picture an honest export of that RAW file?
    Verify(PhotoVerify),
    /// Develop a RAW file plainly
    Develop {
        /// The RAW file
        raw: PathBuf,
        /// Where the picture goes; .png and .tif have 16 bits a sample, .jpg has 8
        out: PathBuf,
        #[command(flatten)]
        print: Print,
    },
    /// Fit thresholds on labelled pairs
    Calibrate(PhotoCalibrate),
    /// Tell what a RAW file or a picture says about itself
    Info {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub struct PhotoCalibrate {
    /// Folder with the labelled pairs and their manifest.json
    pub folder: PathBuf,
    /// Where paths of the manifest lie that are not in the folder
    #[arg(long, value_name = "DIR")]
    pub data_root: Option<PathBuf>,
    /// Write the calibration (JSON)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write its report (Markdown)
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub print: Print,
}

#[derive(Args, Debug)]
pub struct PhotoVerify {
    /// The RAW file
    pub raw: PathBuf,
    /// The picture that is said to be made from it
    pub image: PathBuf,
    /// Write a report: one page of HTML that holds everything it shows
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write a picture of the RAW with the picture's outline on it (PNG)
    #[arg(long, value_name = "FILE")]
    pub crop_map: Option<PathBuf>,
    /// Begin nothing more after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub time_limit: u64,
    #[command(flatten)]
    pub print: Print,
}

#[derive(Args, Debug)]
pub struct Log {
    #[command(subcommand)]
    pub command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Read every entry and recompute everything: chain, tree, checkpoint (and, on the server's
    /// own data, tiles and documents)
    Audit {
        /// A server to audit; without it, the database of this configuration
        #[arg(long, value_name = "URL")]
        url: Option<ServerUrl>,
        #[command(flatten)]
        print: Print,
    },
    /// Follow a log and shout when it forks
    Monitor(Box<Monitor>),
    /// Fetch and check the proof that a statement is in the log (C2SP tlog-proof)
    Prove {
        /// The statement, such as `rec_…`
        id: String,
        /// The server to ask
        #[arg(long, value_name = "URL")]
        url: ServerUrl,
        #[command(flatten)]
        print: Print,
    },
}

#[derive(Args, Debug)]
pub struct Monitor {
    /// The server to follow
    #[arg(long, value_name = "URL")]
    pub url: ServerUrl,
    /// Where the last seen head is kept [default: in the user's configuration folder]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Seconds between looks
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub interval: u64,
    /// Look once and end
    #[arg(long)]
    pub once: bool,
    /// The log's C2SP verifier key [default: the one first seen]
    #[arg(long, value_name = "VKEY")]
    pub log_key: Option<VerifierKey>,
    #[command(flatten)]
    pub print: Print,
}

const GENERATOR_ALGORITHMS: [&str; 3] = ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"];

/// One of these names; help and complaints list them.
fn named<T: FromStr + Clone + Send + Sync + 'static>(
    names: impl IntoIterator<Item = &'static str>,
) -> impl TypedValueParser<Value = T>
where
    T::Err: Error + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| name.parse())
}

/// An id of this kind. The domain says of a misspelt one that there is no such thing; here it is
/// wrong usage.
fn id<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse()
        .map_err(|_| "not an id of this kind: a prefix and 26 letters and digits")
}

#[derive(Args, Debug)]
pub struct Bench {
    /// What to measure [default: everything, one after the other]
    #[arg(value_enum)]
    pub flow: Option<Flow>,
    /// How many requests; for lookup, records; for proof, entries of the log
    #[arg(long)]
    pub count: Option<u64>,
    /// How many clients at once
    #[arg(long, default_value_t = 64)]
    pub clients: usize,
    #[command(flatten)]
    pub photo: BenchPhoto,
    #[command(flatten)]
    pub print: Print,
}

#[derive(Args, Debug)]
pub struct BenchPhoto {
    /// For photo: a RAW file [default: 24 megapixels of a synthetic sensor]
    #[arg(long, value_name = "FILE", requires = "image")]
    pub raw: Option<PathBuf>,
    /// For photo: the picture made from it
    #[arg(long, value_name = "FILE", requires = "raw")]
    pub image: Option<PathBuf>,
    /// For photo: a script that does the same by other means, measured beside
    #[arg(long, value_name = "SCRIPT")]
    pub peer: Option<PathBuf>,
    /// For photo: what runs the script
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    pub python: PathBuf,
    /// For photo: one verdict in this process
    #[arg(long, hide = true, requires = "raw")]
    pub once: bool,
}

/// With --data, each works on what the ones before have stored.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Flow {
    /// Store signed records durably, in this process
    Ingest,
    /// Store signed records durably, through HTTP
    Http,
    /// Sign statements with Ed25519 and store them durably
    Statements,
    /// Look records up through HTTP, beside nginx with a static file
    Lookup,
    /// Prove that entries are in the log
    Proof,
    /// Check an API key, and read with one beside reading without
    Auth,
    /// Start the server, and let it idle
    Startup,
    /// Judge a photograph of 24 megapixels against its RAW file
    Photo,
}

impl Flow {
    /// Every flow, in the order in which they are measured.
    pub const ALL: [Self; 8] = [
        Self::Ingest,
        Self::Http,
        Self::Statements,
        Self::Lookup,
        Self::Proof,
        Self::Auth,
        Self::Startup,
        Self::Photo,
    ];
}
