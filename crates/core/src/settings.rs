//! Facts about this instance that must never change once they are public.

use colophon_db::{Db, args};

use crate::keyring::{Keyring, Purpose};
use crate::{Error, Result};

/// The log's name: as configured on first start, or `colophon.local/` and the start of its
/// key's id. It is inside every checkpoint, so that another name is another log.
pub(crate) async fn log_origin(
    db: &Db,
    keyring: &Keyring,
    configured: Option<String>,
) -> Result<String> {
    let published = keyring.published();
    let key = published
        .iter()
        .find(|key| key.purpose == Purpose::Log)
        .ok_or_else(|| Error::internal("no log key"))?;
    let wanted = configured
        .clone()
        .unwrap_or_else(|| format!("colophon.local/{}", key.key.kid()));
    let (stored,): (String,) = db
        .write(|tx, _| {
            let wanted = wanted.clone();
            Box::pin(async move {
                tx.one(
                    "INSERT INTO setting (name, value) VALUES ('log.origin', $1) ON CONFLICT (name) DO UPDATE SET value = setting.value RETURNING value",
                    args![wanted],
                )
                .await
            })
        })
        .await
        .map_err(|error: colophon_db::Error| Error::from(error))?;
    match configured {
        Some(other) if other != stored => Err(Error::invalid(
            "log.origin",
            format!(
                "this log is named {stored} in every checkpoint it signed; it cannot become {other}"
            ),
        )),
        _ => Ok(stored),
    }
}
