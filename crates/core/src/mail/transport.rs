//! How letters leave: by SMTP, or into a folder.

use std::fmt;
use std::path::{Path, PathBuf};

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::{AsyncTransport as _, Tokio1Executor};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::jobs::JobError;
use crate::{Error, Result};

/// Octets of a line of a message (RFC 5322 §2.1.1).
const LINE: usize = 998;

/// A letter with everything on it.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The same at every attempt.
    pub id: Uuid,
    /// Whom to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// How letters leave.
#[derive(Clone)]
pub enum Transport {
    /// An SMTP server: `smtp://user:password@host:port` (with `?tls=required` or
    /// `?tls=opportunistic`) or `smtps://…`.
    Smtp(String),
    /// A folder, one `.eml` file a letter.
    Folder(PathBuf),
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(_) => f.write_str("Smtp(…)"),
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
        }
    }
}

enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
}

/// Sends letters from one address.
pub struct Mailer {
    from: Mailbox,
    way: Way,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

impl Mailer {
    /// A mailer; nothing is connected to yet.
    ///
    /// # Errors
    /// [`crate::Kind::Invalid`] for a sender or an SMTP address that is none.
    pub fn new(from: &str, transport: Transport) -> Result<Self> {
        let from = from
            .parse()
            .map_err(|_| Error::invalid("mail.from", "must be an e-mail address"))?;
        let way = match transport {
            Transport::Folder(folder) => Way::Folder(folder),
            Transport::Smtp(url) => Way::Smtp(Box::new(
                AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)
                    // Its error may hold the password.
                    .map_err(|_| Error::invalid("mail.smtp_url", "is no SMTP address"))?
                    .build(),
            )),
        };
        Ok(Self { from, way })
    }

    /// The folder that letters are written to, if they are.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.way {
            Way::Folder(folder) => Some(folder),
            Way::Smtp(_) => None,
        }
    }

    /// A text as it is, where lines and letters allow it (RFC 5322 §2.1.1), so that whoever reads
    /// the source finds the link whole.
    fn body(&self, text: String) -> Body {
        let encoding = match self.way {
            Way::Smtp(_) if text.is_ascii() => ContentTransferEncoding::SevenBit,
            Way::Folder(_) => ContentTransferEncoding::EightBit,
            Way::Smtp(_) => return Body::new(text),
        };
        if text.lines().any(|line| line.len() > LINE) {
            return Body::new(text);
        }
        let lines: Vec<&str> = text.lines().collect();
        Body::dangerous_pre_encoded(lines.join("\r\n").into_bytes(), encoding)
    }

    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<(), JobError> {
        let dead = |error: &dyn fmt::Display| JobError::Dead(error.to_string());
        let to: Mailbox = outgoing.to.parse().map_err(|error| dead(&error))?;
        let domain = self.from.email.domain();
        let message = Message::builder()
            // A letter that is sent twice, because an answer was lost, is known for one.
            .message_id(Some(format!("<{}@{domain}>", outgoing.id)))
            .from(self.from.clone())
            .to(to)
            .subject(outgoing.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(self.body(outgoing.text))
            .map_err(|error| dead(&error))?;
        match &self.way {
            Way::Folder(folder) => write(folder, outgoing.id, &message.formatted())
                .await
                .map_err(|error| JobError::Retry(error.to_string())),
            Way::Smtp(smtp) => match smtp.send(message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(dead(&error)),
                Err(error) => Err(JobError::Retry(error.to_string())),
            },
        }
    }
}

/// Letters hold links that open accounts: for the server's owner only.
async fn write(folder: &Path, id: Uuid, bytes: &[u8]) -> std::io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let (part, path) = (
        folder.join(format!("{id}.part")),
        folder.join(format!("{id}.eml")),
    );
    let mut file = tokio::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(part, path).await
}
