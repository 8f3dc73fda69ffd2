//! Keys for programs. Ids are plain UUIDs in this contract.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;

use chrono::{DateTime, Utc};
use colophon_core::access::{ApiKey, KeyKind};
use serde::Serialize;
use uuid::Uuid;

use crate::utc;

/// Characters of `lk_xxxxxxxx`, which is not secret.
const PREFIX: usize = 11;

/// What every answer about a key has.
#[derive(Debug, Serialize)]
pub(crate) struct Key {
    id: Uuid,
    prefix: String,
    account_id: Uuid,
    user_id: Uuid,
    description: Option<String>,
    expires_at: String,
    created_at: String,
}

impl From<&ApiKey> for Key {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.into(),
            prefix: key.start.chars().take(PREFIX).collect(),
            account_id: key.org_id.into(),
            // The contract wants somebody; a key that was made at the server's terminal has nobody.
            user_id: key.created_by.map_or(Uuid::nil(), Uuid::from),
            description: Some(key.name.clone()).filter(|name| !name.is_empty()),
            expires_at: utc(key.expires_at.unwrap_or_else(latest)),
            created_at: utc(key.created_at),
        }
    }
}

/// The last time that the contract's spelling has: when what never ends is said to end.
fn latest() -> DateTime<Utc> {
    const YEAR_10000: i64 = 253_402_300_800;
    DateTime::from_timestamp(YEAR_10000 - 1, 0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn is_ours(key: &ApiKey) -> bool {
    key.kind == KeyKind::Lumethic
}
