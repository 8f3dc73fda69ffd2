//! What each page shows, as plain owned values. Times are RFC 3339 UTC (`2026-11-22T02:31:42Z`),
//! identifiers the spelling of the API (`org_…`).

mod account;
mod console;
mod form;
mod organisation;
mod public;

pub use account::{LoginPage, SetupPage};
pub use console::{
    ConsolePage, DeadJob, JobCount, JobsPage, KeysPage, LogEntry, LogExport, LogPage,
    OrganisationRow, RunningJob, ServiceKey, Session, StateCard, StateLevel, WaitingJob,
};
pub use form::Form;
pub use organisation::{ALGORITHMS, API_KEY_KINDS, ApiKey, Generator, NewSecret, OrganisationPage};
pub use public::{ApiDocument, DevelopersPage, ErrorPage, HomePage, LogHead, VerifyPage};

/// What the frame around every page needs.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The running version, shown in the footer.
    pub version: String,
}

impl Frame {
    /// The frame of a server of this version.
    pub fn new(version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
        }
    }
}
