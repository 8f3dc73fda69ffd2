//! `colophon keys …`

use chrono::SecondsFormat;
use colophon_core::audit::By;
use colophon_core::keyring::{self, PublishedKey, Purpose};
use colophon_db::{Clock, IdGenerator};
use serde_json::{Value, json};

use crate::cli::{ExportedPurpose, Keys, KeysCommand, Options, RotatedPurpose};
use crate::config::Config;
use crate::server;
use crate::terminal::{Answer, Print, say};

/// Runs one key command.
pub async fn run(options: &Options, keys: Keys) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    if let KeysCommand::Rotate { purpose, print } = keys.command {
        return rotate(&config, purpose, print).await;
    }
    let core = server::open_existing_core(&config).await?;
    match keys.command {
        KeysCommand::List(print) => {
            for key in core.keyring.published().iter() {
                print.line(&value(key), || {
                    let status = if key.retired_at.is_some() {
                        "retired"
                    } else {
                        "active"
                    };
                    let (purpose, algorithm) = (key.purpose, key.key.algorithm());
                    format!("{}  {purpose:<8} {algorithm:<10} {status}", key.key.kid())
                })?;
            }
        }
        KeysCommand::Rotate { .. } => {}
        KeysCommand::ExportPublic { purpose } => {
            let purpose = match purpose {
                ExportedPurpose::Issuer => Purpose::Issuer,
                ExportedPurpose::Service => Purpose::Service,
                ExportedPurpose::Log => Purpose::Log,
            };
            let published = core.keyring.published();
            let active = published
                .iter()
                .find(|key| key.purpose == purpose && key.retired_at.is_none());
            let Some(key) = active else {
                anyhow::bail!("there is no active {purpose} key")
            };
            say(key.key.to_spki_pem().trim_end());
        }
    }
    core.db.close().await;
    Ok(Answer::Yes)
}

/// Without a keyring: where somebody else keeps the keys, the source holds the new one already, and
/// a keyring would ask for the old one.
async fn rotate(config: &Config, purpose: RotatedPurpose, print: Print) -> anyhow::Result<Answer> {
    let purpose = match purpose {
        RotatedPurpose::Issuer => Purpose::Issuer,
        RotatedPurpose::Service => Purpose::Service,
    };
    server::require_existing(config).await?;
    let clock = Clock::system();
    let db = server::open_database(config, &clock).await?;
    let (sources, by) = (config.sources()?, By::command());
    let key = keyring::rotate(&db, &sources, &clock, &IdGenerator, &by, purpose).await?;
    db.close().await;
    print.line(&value(&key), || {
        format!(
            "{} is the {purpose} key now; the old one stays published.",
            key.key.kid()
        )
    })?;
    Ok(Answer::Yes)
}

fn value(key: &PublishedKey) -> Value {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    json!({
        "kid": key.key.kid(),
        "key_id": key.key.id_hex(),
        "purpose": key.purpose.name(),
        "algorithm": key.key.algorithm().name(),
        "created_at": time(key.created_at),
        "retired_at": key.retired_at.map(time),
    })
}
