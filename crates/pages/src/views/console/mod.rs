//! The operator's console: overview, jobs, log and keys.

mod organisation;
mod outbox;
mod people;
mod setup;
mod trust;

pub use organisation::{ALGORITHMS, API_KEY_KINDS, ApiKey, Generator, OrganisationPage};
pub use outbox::{Letter, OutboxPage};
pub use people::{ConsoleMembersPage, FoundPerson, PeoplePage};
pub use setup::SetupPage;
pub use trust::{AppsPage, IssuersPage};

use askama::Template;

use super::{Form, Frame, Session};
use crate::text;

/// `/console`: the state of the system and the organisations. The form (`POST
/// /console/organisations`) has `csrf`, `name`, `plan`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/overview.html")]
pub struct ConsolePage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Database, files, worker, keys, log: in the order to show.
    pub state: Vec<StateCard>,
    /// Newest first.
    pub organisations: Vec<OrganisationRow>,
    /// The next page of organisations, if there is one.
    pub more_url: Option<String>,
    /// The create form.
    pub form: Form,
}

/// One part of the system.
#[derive(Clone, Debug)]
pub struct StateCard {
    /// “Database”.
    pub name: String,
    /// How it is.
    pub level: StateLevel,
    /// The main fact: “SQLite, 12.4 MB”.
    pub value: String,
    /// One more line: the path, the last error, the age.
    pub detail: String,
}

/// How a part of the system is; always shown as a word too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateLevel {
    /// As it should be.
    Good,
    /// Works, wants attention.
    Warning,
    /// Does not work.
    Bad,
}

impl StateLevel {
    /// The word shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "Working",
            Self::Warning => "Needs attention",
            Self::Bad => "Not working",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }
}

/// An organisation in the list.
#[derive(Clone, Debug)]
pub struct OrganisationRow {
    /// `org_…`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its plan, as the contracts spell it.
    pub plan: String,
    /// When it was made.
    pub created_at: String,
}

/// `/console/jobs`. A dead job's button is `POST /console/jobs/{id}/requeue`, that of a waiting or
/// running one `POST /console/jobs/{id}/cancel`, each with `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/jobs.html")]
pub struct JobsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Jobs by state, in the order to show.
    pub counts: Vec<JobCount>,
    /// Leased and at work now.
    pub running: Vec<RunningJob>,
    /// Queued for now or later, newest first.
    pub waiting: Vec<WaitingJob>,
    /// Given up on, newest first.
    pub dead: Vec<DeadJob>,
}

/// How many jobs are in one state.
#[derive(Clone, Debug)]
pub struct JobCount {
    /// “Waiting”.
    pub name: String,
    /// Jobs.
    pub count: i64,
}

/// A job at work.
#[derive(Clone, Debug)]
pub struct RunningJob {
    /// The job's id.
    pub id: String,
    /// What kind of work.
    pub kind: String,
    /// Done so far, 0 to 100; `None` when the job does not tell.
    pub percent: Option<u8>,
    /// The step it is at; may be empty.
    pub step: String,
    /// The worker that holds the lease.
    pub worker: String,
    /// When this attempt started.
    pub started_at: String,
}

/// A job in the queue.
#[derive(Clone, Debug)]
pub struct WaitingJob {
    /// The job's id.
    pub id: String,
    /// What kind of work.
    pub kind: String,
    /// Attempts made.
    pub attempts: i64,
    /// How the last attempt failed, if there was one.
    pub last_error: Option<String>,
    /// Not before.
    pub run_at: String,
}

/// A job that failed for good.
#[derive(Clone, Debug)]
pub struct DeadJob {
    /// The job's id.
    pub id: String,
    /// What kind of work.
    pub kind: String,
    /// Attempts made.
    pub attempts: i64,
    /// The last error, as the worker recorded it.
    pub error: String,
    /// When it was given up.
    pub died_at: String,
}

/// `/console/log`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/log.html")]
pub struct LogPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Statements that wait for their place.
    pub waiting: i64,
    /// The last checkpoint, the exact signed note; `None` before the first.
    pub checkpoint: Option<String>,
    /// The log's public keys as vkeys, the current one first.
    pub vkeys: Vec<String>,
    /// The newest copy of the whole log, once one was made.
    pub export: Option<LogExport>,
    /// Newest first.
    pub entries: Vec<LogEntry>,
    /// Older entries, if there are any.
    pub more_url: Option<String>,
}

/// The whole log as one file.
#[derive(Clone, Debug)]
pub struct LogExport {
    /// Entries in it.
    pub entries: u64,
    /// When it was made.
    pub made_at: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
    /// Downloads it for an hour.
    pub url: String,
}

/// One line of the log.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// The position, from 1.
    pub seq_no: u64,
    /// record, certificate, photo-verdict, revocation, key-rotation…
    pub kind: String,
    /// What the entry is about: `rec_…`, `cer_…`.
    pub subject: String,
    /// SHA-256 of the document, hex.
    pub manifest_hash: String,
    /// When.
    pub ts: String,
}

/// `/console/keys`: the service's own keys.
#[derive(Clone, Debug, Template)]
#[template(path = "console/keys.html")]
pub struct KeysPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Current keys first, then the retired.
    pub keys: Vec<ServiceKey>,
}

/// One of the service's own keys; only its public half is here.
#[derive(Clone, Debug)]
pub struct ServiceKey {
    /// The key id.
    pub id: String,
    /// What it signs: “Certificates and tokens”.
    pub purpose: String,
    /// `ed25519`, `ml-dsa-65`.
    pub algorithm: String,
    /// Since when.
    pub created_at: String,
    /// Since when it signs nothing new; `None` for a current key.
    pub retired_at: Option<String>,
    /// The public key as PEM or vkey text.
    pub public_key: String,
}
