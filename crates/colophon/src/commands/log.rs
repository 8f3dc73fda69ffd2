//! `colophon log …`: what a monitor or an auditor does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use colophon_core::log as registry_log;
use colophon_transparency::checkpoint::{Checkpoint, CheckpointError};
use colophon_transparency::entry::{Chain, Entry, leaf_hash};
use colophon_transparency::merkle::{self, Frontier};
use colophon_transparency::note::{NoteError, VerifierKey};
use colophon_transparency::proof::TlogProof;
use colophon_transparency::tile::{TilePath, WIDTH, decode_entries};
use serde_json::json;

use crate::cli::{Log, LogCommand, Monitor, Options};
use crate::client::{Client, Found, InclusionAnswer, ServerUrl, hash, hashes};
use crate::config::Config;
use crate::known_logs::{OtherLog, config_folder, pinned_key};
use crate::server;
use crate::terminal::{Answer, Print, explain, one_line, progress, say, warn};

/// Runs one log command.
pub async fn run(options: &Options, log: Log) -> anyhow::Result<Answer> {
    match log.command {
        LogCommand::Audit {
            url: Some(url),
            print,
        } => audit_remote(&Client::new(&url)?, print).await,
        LogCommand::Audit { url: None, print } => audit_local(options, print).await,
        LogCommand::Monitor(monitor) => follow(*monitor).await,
        LogCommand::Prove { id, url, print } => prove(&Client::new(&url)?, &id, print).await,
    }
}

async fn follow(monitor: Monitor) -> anyhow::Result<Answer> {
    let client = Client::new(&monitor.url)?;
    let state = match monitor.state {
        Some(state) => state,
        None => state_file(&monitor.url),
    };
    let print = monitor.print;
    let key = match monitor.log_key {
        Some(key) => key,
        None => match pinned_key(&client).await? {
            Ok(key) => key,
            Err(other) => return show_other_log(&client, &other, &state, print).await,
        },
    };
    let interval = (!monitor.once).then(|| Duration::from_secs(monitor.interval));
    watch(&client, &key, &state, interval, print).await
}

/// The log's head, if this key signed it; else why it is none of this log's. What is no
/// checkpoint at all, such as the login page of a hotel, is an error: it tells nothing of the log.
fn open(note: &str, key: &VerifierKey) -> anyhow::Result<Result<Checkpoint, String>> {
    match Checkpoint::open(note, [key]) {
        Ok(open) => Ok(Ok(open.checkpoint)),
        Err(error @ (CheckpointError::Malformed | CheckpointError::Note(NoteError::Malformed))) => {
            Err(error).context("the server's /log/checkpoint")
        }
        Err(error) => Ok(Err(error.to_string())),
    }
}

async fn audit_local(options: &Options, print: Print) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    let core = server::open_existing_core(&config).await?;
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
                text.push_str(&one_line(finding));
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

async fn audit_remote(client: &Client, print: Print) -> anyhow::Result<Answer> {
    let report = |problem: Option<String>, entries| {
        let value = json!({"ok": problem.is_none(), "entries": entries, "problem": problem});
        print.line(&value, || match &problem {
            None => format!("{entries} entries: chain, tree and checkpoint agree."),
            Some(problem) => format!("NOT in order: {problem}"),
        })?;
        Ok(if problem.is_none() {
            Answer::Yes
        } else {
            Answer::No
        })
    };
    let key = match pinned_key(client).await? {
        Ok(key) => key,
        Err(other) => return other.refuse(print, json!({"ok": false})),
    };
    let checkpoint = match open(&client.text("/log/checkpoint").await?, &key)? {
        Ok(checkpoint) => checkpoint,
        Err(reason) => return report(Some(reason), 0),
    };
    let bar = progress(checkpoint.size, "entries");
    let (mut chain, mut frontier) = (Chain::new(), Frontier::new());
    let mut problem = None;
    while frontier.size() < checkpoint.size && problem.is_none() {
        let bytes = entry_tile(client, frontier.size(), checkpoint.size).await?;
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
    report(problem, frontier.size())
}

/// The entries of the tile that has this index, as far as a tree of this size goes.
async fn entry_tile(client: &Client, index: u64, tree_size: u64) -> anyhow::Result<Vec<u8>> {
    let tile = index / u64::from(WIDTH);
    let left = tree_size.saturating_sub(tile * u64::from(WIDTH));
    let width = u16::try_from(left).map_or(WIDTH, |left| left.min(WIDTH));
    let path = TilePath::Entries { index: tile, width };
    client.get(&format!("/log/{path}")).await
}

/// One file an address. Not one a log: the log that is shown there names itself.
fn state_file(url: &ServerUrl) -> PathBuf {
    let name: String = url::form_urlencoded::byte_serialize(url.to_string().as_bytes()).collect();
    config_folder().join(format!("{name}.checkpoint"))
}

/// The head that was kept, if one was.
fn kept(state: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(state) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| state.display().to_string()),
    }
}

/// What one look found.
enum Look {
    /// The log is what it was, or has grown; this is its head now.
    Well { note: String, from: u64, to: u64 },
    /// The log has signed two heads that cannot both be of one append-only log.
    Forked { reason: String, new: String },
    /// The head that is shown now is not signed by the log that was seen before.
    Other { reason: String, new: String },
}

async fn look(client: &Client, key: &VerifierKey, seen: Option<&str>) -> anyhow::Result<Look> {
    let note = client.text("/log/checkpoint").await?;
    let new = match open(&note, key)? {
        Ok(checkpoint) => checkpoint,
        Err(reason) => return Ok(Look::Other { reason, new: note }),
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

/// Looks once, or again and again at this interval.
async fn watch(
    client: &Client,
    key: &VerifierKey,
    state: &Path,
    interval: Option<Duration>,
    print: Print,
) -> anyhow::Result<Answer> {
    loop {
        let seen = kept(state)?;
        match look(client, key, seen.as_deref()).await {
            Ok(Look::Well { note, from, to }) => {
                keep(state, &note)?;
                let value = json!({"ok": true, "from": from, "to": to});
                print.line(&value, || {
                    let name = one_line(key.name());
                    format!("{name}: {from} → {to} entries, consistent")
                })?;
            }
            Ok(Look::Forked { reason, new }) => {
                let seen = seen.unwrap_or_default();
                let value = json!({"ok": false, "reason": reason, "seen": seen, "now": new});
                print.line(&value, || {
                    let heads = heads(&seen, &new);
                    format!("THE LOG IS NOT APPEND-ONLY: {reason}\n\n{heads}")
                })?;
                return Ok(Answer::No);
            }
            Ok(Look::Other { reason, new }) => {
                let seen = seen.unwrap_or_default();
                let value = json!({"ok": false, "reason": reason, "seen": seen, "now": new});
                print.line(&value, || {
                    let (reason, heads) = (one_line(&reason), heads(&seen, &new));
                    format!("THIS IS NOT THE LOG THAT WAS SEEN BEFORE: {reason}\n\n{heads}")
                })?;
                return Ok(Answer::No);
            }
            Err(error) => match interval {
                None => return Err(error),
                Some(interval) => warn(format_args!(
                    "{}; looking again in {} seconds",
                    explain(&error),
                    interval.as_secs()
                )),
            },
        }
        match interval {
            None => return Ok(Answer::Yes),
            Some(interval) => tokio::time::sleep(interval).await,
        }
    }
}

/// The evidence, byte for byte as far as a terminal may show it.
fn heads(seen: &str, now: &str) -> String {
    format!("seen before:\n{seen}\nshown now:\n{now}")
}

/// The server has another log now: both keys and both heads, for whoever asks it why.
async fn show_other_log(
    client: &Client,
    other: &OtherLog,
    state: &Path,
    print: Print,
) -> anyhow::Result<Answer> {
    let seen = kept(state)?.unwrap_or_default();
    // The keys differ whether or not there is a head to show.
    let now = client.text("/log/checkpoint").await.unwrap_or_default();
    if print.json {
        return other.refuse(print, json!({"ok": false, "seen": seen, "now": now}));
    }
    say(format_args!("{other}\n\n{}", heads(&seen, &now)));
    Ok(Answer::No)
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

/// What a server's proof comes to.
enum Proof {
    /// The entry, and the proof that it is in the log.
    Holds { entry: String, proof: TlogProof },
    /// What the server answers is proved to be false by its own answers.
    False(String),
    /// The statement waits for the sequencer.
    Pending,
    /// The server says that its log has no such statement.
    Absent,
}

async fn prove(client: &Client, id: &str, print: Print) -> anyhow::Result<Answer> {
    let proof = match pinned_key(client).await? {
        Ok(key) => fetch_proof(client, &key, id).await?,
        Err(other) => return other.refuse(print, json!({"included": false})),
    };
    match proof {
        Proof::Holds { entry, proof } => {
            let (index, text) = (proof.index, proof.to_string());
            let value = json!({"included": true, "index": index, "entry": entry, "proof": text});
            print.line(&value, || text)?;
            Ok(Answer::Yes)
        }
        Proof::False(reason) => {
            let value = json!({"included": false, "reason": reason});
            print.line(&value, || format!("No valid proof: {reason}"))?;
            Ok(Answer::No)
        }
        Proof::Pending => {
            let value = json!({"included": false, "pending": true});
            print.line(&value, || {
                let id = one_line(id);
                format!("{id} is stored and will be in the log in a moment.")
            })?;
            Ok(Answer::Undecided)
        }
        Proof::Absent => {
            print.line(&json!({"included": false}), || {
                format!("{} is not in the log.", one_line(id))
            })?;
            Ok(Answer::No)
        }
    }
}

/// Asks for the proof and for the entry itself: a path proves that something is in the log, and
/// only the entry says what.
async fn fetch_proof(client: &Client, key: &VerifierKey, id: &str) -> anyhow::Result<Proof> {
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("id", id)
        .finish();
    let answer: InclusionAnswer = match client
        .find(&format!("/log/proof/inclusion?{query}"))
        .await?
    {
        Found::Yes(body) => serde_json::from_slice(&body).context("/log/proof/inclusion")?,
        Found::Pending => return Ok(Proof::Pending),
        Found::No => return Ok(Proof::Absent),
    };
    let (leaf, path) = (hash(&answer.leaf_hash)?, hashes(&answer.hashes)?);
    let refuted = |reason: String| Ok(Proof::False(reason));
    let head = match open(&answer.checkpoint, key)? {
        Ok(checkpoint) => checkpoint,
        Err(reason) => return refuted(reason),
    };
    if head.size != answer.tree_size {
        return refuted("the proof is for another tree than its checkpoint".to_owned());
    }
    if let Err(error) = merkle::verify_inclusion(&leaf, answer.index, head.size, &path, &head.root)
    {
        return refuted(error.to_string());
    }
    let tile = entry_tile(client, answer.index, head.size).await?;
    let place = usize::try_from(answer.index % u64::from(WIDTH))?;
    let number = answer.index + 1;
    let entry = *decode_entries(&tile)
        .context("entry bundle")?
        .get(place)
        .with_context(|| format!("the entry bundle ends before entry {number}"))?;
    if leaf_hash(entry) != leaf {
        return refuted(format!(
            "the log's entry {number} is not the one that the proof is for"
        ));
    }
    match Entry::parse(entry) {
        Ok(parsed) if parsed.cert_id != id => refuted(format!(
            "entry {number} is about {}, not about {id}",
            parsed.cert_id
        )),
        Ok(parsed) if parsed.index() != answer.index => refuted(format!(
            "entry {number} says that it is entry {}",
            parsed.seq_no
        )),
        Ok(_) => Ok(Proof::Holds {
            entry: String::from_utf8_lossy(entry).into_owned(),
            proof: TlogProof {
                extra: None,
                index: answer.index,
                hashes: path,
                checkpoint: answer.checkpoint,
            },
        }),
        Err(error) => refuted(format!("entry {number}: {error}")),
    }
}
