//! Who did what, when and from where: an append-only list an organisation, chained by hashes, so
//! that an entry that was changed or removed later shows.
//!
//! An event is written by the transaction whose change it tells of, as that transaction's last
//! statement: the chain's head is locked from there to the commit.

mod csv;
mod store;

pub use csv::csv;
pub use store::{Event, Page};

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use colophon_db::{Db, Tx};
use colophon_transparency::canonical::rfc8785;
use colophon_transparency::digest::sha256;
use colophon_transparency::json::Value;
use uuid::Uuid;

use crate::access::{Caller, Permission};
use crate::{OrgId, PersonId, Result};

/// What the first event of a chain is chained to.
const GENESIS: [u8; 32] = [0; 32];
/// Characters kept of what a browser says it is.
const USER_AGENT: usize = 200;

/// Which list an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chain {
    /// An organisation's; a person's own events are in the one of their personal organisation.
    Organisation(OrgId),
    /// The server's: what its operators do.
    Server,
}

impl Chain {
    /// The list of the caller's organisation.
    ///
    /// # Errors
    /// [`crate::Kind::Forbidden`] for who may not read it.
    pub fn of(caller: &Caller) -> Result<Self> {
        caller.require(Permission::ViewAudit)?;
        Ok(Self::Organisation(caller.org_id))
    }

    fn id(self) -> Uuid {
        match self {
            Self::Organisation(id) => id.0,
            Self::Server => Uuid::nil(),
        }
    }
}

impl From<OrgId> for Chain {
    fn from(id: OrgId) -> Self {
        Self::Organisation(id)
    }
}

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address; empty for a command.
    pub ip: String,
    /// What its program says it is, at most 200 characters.
    pub user_agent: String,
}

impl Origin {
    /// An origin; what is too long is cut.
    #[must_use]
    pub fn new(ip: impl fmt::Display, user_agent: &str) -> Self {
        let printable = user_agent.chars().filter(|char| !char.is_control());
        Self {
            ip: ip.to_string(),
            user_agent: printable.take(USER_AGENT).collect(),
        }
    }
}

/// Who acts, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// `per_…`, `key_…`, `app_…`, `command` for somebody at the server's own terminal, or `anybody`.
    pub actor: String,
    /// Where from.
    pub origin: Origin,
}

impl By {
    /// A person.
    #[must_use]
    pub fn person(id: PersonId, origin: Origin) -> Self {
        Self {
            actor: id.to_string(),
            origin,
        }
    }

    /// Whoever calls: the person where there is one, else the key.
    #[must_use]
    pub fn caller(caller: &Caller, origin: Origin) -> Self {
        let actor = caller
            .person()
            .map_or_else(|_| caller.credential_id(), |person| person.to_string());
        Self { actor, origin }
    }

    /// Somebody who need not say who they are.
    #[must_use]
    pub fn anybody(origin: Origin) -> Self {
        Self {
            actor: "anybody".to_owned(),
            origin,
        }
    }

    /// Somebody at the server's own terminal.
    #[must_use]
    pub fn command() -> Self {
        Self {
            actor: "command".to_owned(),
            origin: Origin::default(),
        }
    }
}

/// Details of an event: names and values, all texts. No secrets.
pub type Details<'a> = &'a [(&'a str, &'a str)];

/// Writes down that `by` did `action` (`member.suspended`) to `subject` (an id). The last
/// statement of its transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn record(
    tx: &mut Tx,
    chain: impl Into<Chain>,
    by: &By,
    action: &'static str,
    subject: &str,
    details: Details<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let chain = chain.into();
    let (seq, previous) = store::advance(tx, chain.id(), GENESIS).await?;
    let text = |name: &str, value: &str| (name.to_owned(), Value::from(value.to_owned()));
    let details = details
        .iter()
        .map(|(name, value)| text(name, value))
        .collect();
    let document = rfc8785(&Value::Object(vec![
        text("chain", &chain.id().to_string()),
        text("seq", &seq.to_string()),
        text("at", &spelled(now)),
        text("actor", &by.actor),
        text("action", action),
        text("subject", subject),
        ("details".to_owned(), Value::Object(details)),
        text("ip", &by.origin.ip),
        text("user_agent", &by.origin.user_agent),
        text("previous", &hex::encode(previous)),
    ]));
    let event = store::NewEvent {
        chain: chain.id(),
        seq,
        at: now,
        actor: &by.actor,
        action,
        subject,
        hash: sha256(document.as_bytes()),
        document,
    };
    store::append(tx, event).await
}

/// Whether `action` was done to `subject`.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn happened(
    tx: &mut Tx,
    chain: impl Into<Chain>,
    action: &'static str,
    subject: &str,
) -> Result<bool> {
    store::happened(tx, chain.into().id(), action, subject).await
}

/// Events before number `before` (all when `None`), newest first, at most `limit` (1 to 500).
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    db: &Db,
    chain: impl Into<Chain>,
    before: Option<i64>,
    limit: i64,
) -> Result<Page> {
    store::list(db, chain.into().id(), before, limit.clamp(1, 500)).await
}

/// Where a chain stops to hold, if it does.
///
/// # Errors
/// When the database does not answer.
pub async fn verify(db: &Db, chain: impl Into<Chain>) -> Result<Verified> {
    let chain = chain.into().id();
    let start = (0, GENESIS);
    let mut head = store::head(db, chain).await?.unwrap_or(start);
    let (mut seq, mut previous) = start;
    loop {
        let page = store::after(db, chain, seq, 500).await?;
        for event in &page {
            if event.seq != seq + 1 || !follows(event, chain, &previous) {
                return Ok(Verified::Broken { at: seq + 1 });
            }
            (seq, previous) = (event.seq, sha256(event.document.as_bytes()));
        }
        if !page.is_empty() {
            continue;
        }
        if head == (seq, previous) {
            return Ok(Verified::Whole { events: seq });
        }
        // Events may have been written meanwhile; if not, the end was cut off or forged.
        let newest = store::head(db, chain).await?.unwrap_or(start);
        if newest == head {
            let at = if head.0 == seq {
                seq
            } else {
                head.0.min(seq) + 1
            };
            return Ok(Verified::Broken { at });
        }
        head = newest;
    }
}

/// Whether the event's document is the one that was hashed, says what the row says, and names the
/// hash before it.
fn follows(event: &Event, chain: Uuid, previous: &[u8; 32]) -> bool {
    let said = [
        ("chain", chain.to_string()),
        ("seq", event.seq.to_string()),
        ("at", spelled(event.at)),
        ("actor", event.actor.clone()),
        ("action", event.action.clone()),
        ("subject", event.subject.clone()),
        ("previous", hex::encode(previous)),
    ];
    event.hash == sha256(event.document.as_bytes())
        && said
            .into_iter()
            .all(|(name, value)| event.member(name) == Some(value))
}

fn spelled(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// What [`verify`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// Every event follows from the one before.
    Whole {
        /// How many there are.
        events: i64,
    },
    /// Something was changed, removed or put in.
    Broken {
        /// The first number that does not hold.
        at: i64,
    },
}
