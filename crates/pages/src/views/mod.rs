//! What each page shows: plain owned values, or the domain's own where these are what is shown.
//! Times among the plain values are RFC 3339 UTC (`2026-11-22T02:31:42Z`), identifiers have the
//! spelling of the API (`org_…`).

mod account;
mod consent;
mod console;
mod entry;
mod form;
mod organisation;
mod public;

pub use account::{AccountPage, ActingAppsPage, LINKS, SessionsPage};
pub use consent::ConsentPage;
pub use console::{
    ALGORITHMS, API_KEY_KINDS, ApiKey, AppsPage, ConsoleMembersPage, ConsolePage, DeadJob,
    FoundPerson, Generator, IssuersPage, JobCount, JobsPage, KeysPage, Letter, LogEntry, LogExport,
    LogPage, OrganisationPage, OrganisationRow, OutboxPage, PeoplePage, RunningJob, ServiceKey,
    SetupPage, StateCard, StateLevel, WaitingJob,
};
pub use entry::{
    Answer, ForgotPasswordPage, InvitationPage, LoginPage, ResetPasswordPage, SignUpPage,
    VerifyEmailPage,
};
pub use form::Form;
pub use organisation::{
    ApiKeyRow, ApiKeysPage, AuditPage, AuditRow, InvitationRow, InvitationsPage, LocationPage,
    LocationsPage, MemberPage, MembersPage, OrganisationsPage, OverviewPage, RoleChoice, Within,
};
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

/// What every signed-in page needs to know of the one signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Their e-mail address, beside the sign-out button.
    pub email: String,
    /// For the sign-out form and the row actions.
    pub csrf: String,
    /// A word from the step before: “Organisation created.”
    pub flash: Option<String>,
}

/// A secret shown this once.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// What it is: “Certivu key”.
    pub label: String,
    /// The secret.
    pub secret: String,
}
