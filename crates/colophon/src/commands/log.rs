//! `colophon log …`: what a monitor or an auditor does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use colophon_core::log as registry_log;
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::entry::{Chain, leaf_hash};
use colophon_transparency::merkle::{self, Frontier};
use colophon_transparency::note::VerifierKey;
use colophon_transparency::proof::TlogProof;
use colophon_transparency::tile::decode_entries;
use serde_json::json;

use crate::cli::{Log, LogCommand, Options};
use crate::client::{Client, InclusionAnswer, hash, hashes};
use crate::config::Config;
use crate::known_logs::{Familiarity, KnownLogs, config_folder};
use crate::server;
use crate::terminal::{Answer, Print, progress};

/// Runs one log command.
pub async fn run(options: &Options, log: Log) -> anyhow::Result<Answer> {
    match log.command {
        LogCommand::Audit {
            url: Some(url),
            print,
        } => audit_remote(&url, print).await,
        LogCommand::Audit { url: None, print } => audit_local(options, print).await,
        LogCommand::Monitor {
            url,
            state,
            interval,
            once,
            log_key,
            print,
        } => {
            let client = Client::new(&url)?;
            let key = trusted_key(&client, log_key.as_deref()).await?;
            let state = state.unwrap_or_else(|| state_file(&key));
            monitor(&client, &key, &state, interval, once, print).await
        }
        LogCommand::Prove { id, url, print } => prove(&Client::new(&url)?, &id, print).await,
    }
}

/// The given key, or the server's, which must be the one first seen.
async fn trusted_key(client: &Client, given: Option<&str>) -> anyhow::Result<VerifierKey> {
    if let Some(given) = given {
        return given.parse().context("--log-key");
    }
    let key = client.log_key().await?;
    let mut known = KnownLogs::load()?;
    match known.familiarity(&key) {
        Familiarity::Known => {}
        Familiarity::New => {
            known.remember(&key)?;
            eprintln!("First time at this log; its key is remembered from now on: {key}");
        }
        Familiarity::Changed => {
            anyhow::bail!(
                "the log {} shows another key than the one remembered: {key}",
                key.name()
            )
        }
    }
    Ok(key)
}

async fn audit_local(options: &Options, print: Print) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    let core = server::open_core(&config).await?;
    let total = registry_log::head(&core.db)
        .await?
        .map_or(0, |head| head.tree_size);
    let bar = progress(total, "entries");
    let outcome = registry_log::audit(&core, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    core.db.close().await;
    let value = json!({
        "ok": outcome.findings.is_empty(),
        "entries": outcome.entries,
        "waiting": outcome.waiting,
        "findings": outcome.findings,
    });
    print.line(&value, || {
        let mut text = format!(
            "{} entries: chain, tree, tiles, documents and checkpoint agree.",
            outcome.entries
        );
        if !outcome.findings.is_empty() {
            text = format!("{} entries read; NOT in order:", outcome.entries);
            for finding in &outcome.findings {
                text.push_str("\n  ✗ ");
                text.push_str(finding);
            }
        }
        text
    })?;
    Ok(if outcome.findings.is_empty() {
        Answer::Yes
    } else {
        Answer::No
    })
}

async fn audit_remote(url: &str, print: Print) -> anyhow::Result<Answer> {
    let client = Client::new(url)?;
    let key = trusted_key(&client, None).await?;
    let note = client.text("/log/checkpoint").await?;
    let checkpoint = Checkpoint::open(&note, [&key])
        .context("checkpoint")?
        .checkpoint;
    let bar = progress(checkpoint.size, "entries");
    let (mut chain, mut frontier) = (Chain::new(), Frontier::new());
    let mut problem = None;
    while frontier.size() < checkpoint.size && problem.is_none() {
        let width = (checkpoint.size - frontier.size()).min(256);
        let bundle = merkle_entries_path(frontier.size() / 256, width);
        let bytes = client
            .get(&bundle)
            .await?
            .with_context(|| format!("{bundle}: 404"))?;
        let mut leaves = Vec::with_capacity(256);
        for entry in decode_entries(&bytes).context("entry bundle")? {
            if let Err(error) = chain.follow(entry) {
                problem = Some(error.to_string());
                break;
            }
            leaves.push(leaf_hash(entry));
        }
        frontier.append(&leaves);
        bar.set_position(frontier.size());
    }
    bar.finish_and_clear();
    if problem.is_none() && frontier.root() != checkpoint.root {
        problem = Some("the entries do not give the root that the log signed".to_owned());
    }
    let value = json!({"ok": problem.is_none(), "entries": frontier.size(), "problem": problem});
    print.line(&value, || match &problem {
        None => format!(
            "{} entries: chain, tree and checkpoint agree.",
            frontier.size()
        ),
        Some(problem) => format!("NOT in order: {problem}"),
    })?;
    Ok(if problem.is_none() {
        Answer::Yes
    } else {
        Answer::No
    })
}

fn merkle_entries_path(index: u64, width: u64) -> String {
    use colophon_transparency::tile::TilePath;
    let width = u16::try_from(width).unwrap_or(256);
    format!("/log/{}", TilePath::Entries { index, width })
}

fn state_file(key: &VerifierKey) -> PathBuf {
    let name: String = key
        .name()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    config_folder().join(format!("{name}.checkpoint"))
}

/// What one look found.
enum Look {
    /// The log is what it was, or has grown; this is its head now.
    Well { note: String, from: u64, to: u64 },
    /// The two heads cannot both be of one append-only log.
    Forked { reason: String, new: String },
}

async fn look(client: &Client, key: &VerifierKey, seen: Option<&str>) -> anyhow::Result<Look> {
    let note = client.text("/log/checkpoint").await?;
    let new = match Checkpoint::open(&note, [key]) {
        Ok(open) => open.checkpoint,
        Err(error) => {
            return Ok(Look::Forked {
                reason: error.to_string(),
                new: note,
            });
        }
    };
    let Some(seen) = seen else {
        return Ok(Look::Well {
            note,
            from: 0,
            to: new.size,
        });
    };
    let old = Checkpoint::open(seen, [key])
        .context("the head kept in the state file")?
        .checkpoint;
    let forked = |reason: String| {
        Ok(Look::Forked {
            reason,
            new: note.clone(),
        })
    };
    if new.size < old.size {
        return forked(format!(
            "the log shrank from {} to {} entries",
            old.size, new.size
        ));
    }
    if new.size == old.size {
        if new.root != old.root {
            return forked(format!("two roots for the same {} entries", new.size));
        }
    } else if old.size > 0 {
        let proof = client.consistency(old.size, new.size).await?;
        let checked = merkle::verify_consistency(old.size, &old.root, new.size, &new.root, &proof);
        if let Err(error) = checked {
            return forked(format!("the consistency proof does not hold: {error}"));
        }
    }
    Ok(Look::Well {
        note,
        from: old.size,
        to: new.size,
    })
}

async fn monitor(
    client: &Client,
    key: &VerifierKey,
    state: &Path,
    interval: u64,
    once: bool,
    print: Print,
) -> anyhow::Result<Answer> {
    loop {
        let seen = match std::fs::read_to_string(state) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| state.display().to_string()),
        };
        match look(client, key, seen.as_deref()).await {
            Ok(Look::Well { note, from, to }) => {
                keep(state, &note)?;
                let value = json!({"ok": true, "from": from, "to": to});
                print.line(&value, || {
                    format!("{}: {from} → {to} entries, consistent", key.name())
                })?;
            }
            Ok(Look::Forked { reason, new }) => {
                let old = seen.unwrap_or_default();
                let value = json!({"ok": false, "reason": reason, "seen": old, "now": new});
                print.line(&value, || {
                    format!("THE LOG IS NOT APPEND-ONLY: {reason}\n\nseen before:\n{old}\nshown now:\n{new}")
                })?;
                return Ok(Answer::No);
            }
            Err(error) if once => return Err(error),
            Err(error) => eprintln!("{error:#}; looking again in {interval} seconds"),
        }
        if once {
            return Ok(Answer::Yes);
        }
        tokio::time::sleep(Duration::from_secs(interval)).await;
    }
}

/// Replaces the kept head in one step, so that a crash leaves the old or the new one.
fn keep(state: &Path, note: &str) -> anyhow::Result<()> {
    if let Some(folder) = state.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let fresh = state.with_extension("new");
    std::fs::write(&fresh, note).with_context(|| fresh.display().to_string())?;
    std::fs::rename(&fresh, state).with_context(|| state.display().to_string())
}

async fn prove(client: &Client, id: &str, print: Print) -> anyhow::Result<Answer> {
    let key = trusted_key(client, None).await?;
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id", id)
        .finish();
    let answer: InclusionAnswer = match client.get(&format!("/log/proof/inclusion?{query}")).await?
    {
        Some(body) => serde_json::from_slice(&body)?,
        None => {
            print.line(&json!({"included": false}), || {
                format!("{id} is not in the log.")
            })?;
            return Ok(Answer::No);
        }
    };
    let (leaf, path) = (hash(&answer.leaf_hash)?, hashes(&answer.hashes)?);
    let checkpoint = Checkpoint::open(&answer.checkpoint, [&key])
        .context("checkpoint")?
        .checkpoint;
    let holds = checkpoint.size == answer.tree_size
        && merkle::verify_inclusion(
            &leaf,
            answer.index,
            answer.tree_size,
            &path,
            &checkpoint.root,
        )
        .is_ok();
    let proof = TlogProof {
        extra: None,
        index: answer.index,
        hashes: path,
        checkpoint: answer.checkpoint,
    };
    let value = json!({"included": holds, "index": answer.index, "proof": proof.to_string()});
    print.line(&value, || {
        if holds {
            proof.to_string()
        } else {
            "the proof does not hold".into()
        }
    })?;
    Ok(if holds { Answer::Yes } else { Answer::No })
}
