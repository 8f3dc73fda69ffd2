//! Letters to people: queued by the transaction that has a reason for them, sent by a job.
//!
//! What a letter's link opens is a secret, and secrets are not stored. So the queue holds only an
//! id, and the link's token is computed from it, with a key that every node has and the database
//! has not: when the letter is queued, to store the token's hash, and again when it is sent.

mod letter;
mod outbox;
mod transport;

pub use letter::Letter;
pub use outbox::{Written, outbox};
pub use transport::{Mailer, Outgoing, Transport};

use std::fmt;
use std::sync::Arc;

use colophon_db::Tx;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::jobs::{self, JobContext, JobError, NewJob};
use crate::{Core, Result};

/// The kind of the jobs that send letters.
pub const JOB: &str = "mail.send";
/// Before most other work: somebody waits for it.
pub(crate) const PRIORITY: i64 = 10;

/// A link that works once: 256 secret bits that only the letter carries.
pub struct Link {
    id: Uuid,
    token: Zeroizing<String>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.id)
    }
}

impl Link {
    /// The link of an id; the same id has the same token on every node.
    #[must_use]
    pub fn new(core: &Core, id: Uuid) -> Self {
        let key = core.keyring.derive_secret("colophon-mailed-links/1");
        // HMAC fills a shorter key up with zeros to its block (RFC 2104 §2); a whole block has no
        // length to be wrong.
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(key.iter()) {
            *to = *from;
        }
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        mac.update(id.as_bytes());
        Self {
            id,
            token: Zeroizing::new(hex::encode(mac.finalize().into_bytes())),
        }
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        crate::fingerprint(&self.token)
    }
}

#[derive(Deserialize, Serialize)]
struct Payload {
    to: String,
    letter: Letter,
    link: Option<Uuid>,
}

/// Queues a letter in the transaction that has a reason for it.
pub(crate) async fn send(
    core: &Core,
    tx: &mut Tx,
    to: &str,
    letter: &Letter,
    link: Option<&Link>,
) -> Result<()> {
    let payload = Payload {
        to: to.to_owned(),
        letter: letter.clone(),
        link: link.map(|link| link.id),
    };
    let payload = serde_json::to_value(payload).map_err(crate::Error::internal)?;
    let mut job = NewJob::new(JOB, payload, core.clock.now());
    job.priority = PRIORITY;
    jobs::enqueue(tx, job).await?;
    // Before the commit, but a worker of this process writes through the same queue, behind it.
    core.job_wake.wake();
    Ok(())
}

/// The handler of [`JOB`].
///
/// # Errors
/// When the letter could not be handed over; the job is tried again.
pub async fn deliver(
    core: Arc<Core>,
    context: JobContext,
    payload: serde_json::Value,
) -> Result<(), JobError> {
    let Payload { to, letter, link } = serde_json::from_value(payload)?;
    let link = link.map(|id| Link::new(&core, id));
    let token = link.as_ref().map_or("", |link| link.token.as_str());
    let (subject, text) = letter.compose(&core.public_url, token);
    let outgoing = Outgoing {
        id: context.id(),
        to,
        subject,
        text,
    };
    core.mailer.send(outgoing).await
}
