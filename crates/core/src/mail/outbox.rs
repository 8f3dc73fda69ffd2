//! Letters that were written to a folder, read again: for operators of a server without SMTP.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Core, Error, Result};

/// A letter in the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// When it was queued.
    pub at: DateTime<Utc>,
    /// Whom to.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
}

/// The newest letters, newest first; `None` where letters go out by SMTP.
///
/// # Errors
/// When the folder cannot be read.
pub async fn outbox(core: &Core, most: usize) -> Result<Option<Vec<Written>>> {
    let Some(folder) = core.mailer.folder() else {
        return Ok(None);
    };
    let mut letters = Vec::new();
    for id in newest(folder, most).await.map_err(Error::internal)? {
        // One that was removed in this moment is not there.
        if let Ok(bytes) = tokio::fs::read(folder.join(format!("{id}.eml"))).await
            && let Some(letter) = read(id, &String::from_utf8_lossy(&bytes))
        {
            letters.push(letter);
        }
    }
    Ok(Some(letters))
}

/// The ids of the newest letters: their order is that of time.
async fn newest(folder: &Path, most: usize) -> std::io::Result<Vec<Uuid>> {
    let mut ids = Vec::new();
    let mut entries = match tokio::fs::read_dir(folder).await {
        Ok(entries) => entries,
        // Nothing was written yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(ids),
        Err(error) => return Err(error),
    };
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name();
        let stem = name.to_str().and_then(|name| name.strip_suffix(".eml"));
        ids.extend(stem.and_then(|stem| Uuid::parse_str(stem).ok()));
    }
    ids.sort_unstable_by(|left, right| right.cmp(left));
    ids.truncate(most);
    Ok(ids)
}

/// Reads what [`super::Mailer`] writes: folded headers, then a text that is not encoded.
fn read(id: Uuid, message: &str) -> Option<Written> {
    let (head, text) = message.split_once("\r\n\r\n")?;
    let head = head.replace("\r\n ", " ");
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    };
    let (seconds, nanoseconds) = id.get_timestamp()?.to_unix();
    Some(Written {
        at: DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)?,
        to: header("To")?.to_owned(),
        subject: decoded(header("Subject")?),
        text: text.replace("\r\n", "\n"),
    })
}

/// A header with its encoded words (RFC 2047, base64 as the writer chooses) in plain letters.
fn decoded(header: &str) -> String {
    let mut bytes = Vec::new();
    let mut was_encoded = false;
    for word in header.split(' ') {
        let encoded = word
            .strip_prefix("=?utf-8?b?")
            .and_then(|word| word.strip_suffix("?="))
            .and_then(|word| STANDARD.decode(word).ok());
        // The space between two encoded words is not part of the text.
        let joined = was_encoded && encoded.is_some();
        if !bytes.is_empty() && !joined {
            bytes.push(b' ');
        }
        was_encoded = encoded.is_some();
        bytes.extend(encoded.unwrap_or_else(|| word.as_bytes().to_vec()));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::transport::{Mailer, Outgoing, Transport};
    use super::*;

    #[tokio::test]
    async fn a_letter_reads_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let mailer = Mailer::new(
            "colophon@example.org",
            Transport::Folder(folder.path().into()),
        )
        .unwrap();
        let link = format!("https://example.org/invitation?token={}", "0f".repeat(32));
        let letters = [
            ("You have an account already", "Hello,\n\nplain words.\n"),
            (
                "Atelier Größenwahn für Außergewöhnliches — Φωτογραφία invites you",
                &format!("Grüße,\n\n{link}\n\n-- \nColophon\n"),
            ),
        ];
        let mut ids = Vec::new();
        for (subject, text) in letters {
            let id = Uuid::now_v7();
            ids.push(id);
            let outgoing = Outgoing {
                id,
                to: "ada@example.org".to_owned(),
                subject: subject.to_owned(),
                text: text.to_owned(),
            };
            mailer.send(outgoing).await.unwrap();
        }
        ids.reverse();
        assert_eq!(newest(folder.path(), 9).await.unwrap(), ids);
        for (id, (subject, text)) in ids.iter().rev().zip(letters) {
            let path = folder.path().join(format!("{id}.eml"));
            let bytes = std::fs::read_to_string(path).unwrap();
            let letter = read(*id, &bytes).unwrap();
            assert_eq!(letter.to, "ada@example.org");
            assert_eq!(letter.subject, subject);
            assert_eq!(letter.text.trim_end(), text.trim_end());
        }
    }
}
