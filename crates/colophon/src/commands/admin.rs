//! `colophon admin …`: what an operator does from a shell, while the server runs.

use anyhow::Context as _;
use colophon_core::access::{self, KeyKind};
use colophon_core::organisations::{self, Plan};
use colophon_core::{Core, OrgId, generators, jobs, wallet};
use colophon_transparency::keys::{Algorithm, PublicKey};
use serde_json::json;

use crate::cli::{
    Admin, AdminCommand, CreditsCommand, GeneratorCommand, JobsCommand, KeyCommand, Options,
    OrgCommand,
};
use crate::config::Config;
use crate::server;
use crate::terminal::Answer;

/// Runs one administration command.
pub async fn run(options: &Options, admin: Admin) -> anyhow::Result<Answer> {
    let config = Config::load(options)?;
    let core = server::open_core(&config).await?;
    match admin.command {
        AdminCommand::Org(command) => org(&core, command).await?,
        AdminCommand::Key(command) => key(&core, command).await?,
        AdminCommand::Generator(command) => generator(&core, command).await?,
        AdminCommand::Credits(command) => credits(&core, command).await?,
        AdminCommand::Jobs(command) => job(&core, command).await?,
    }
    core.db.close().await;
    Ok(Answer::Yes)
}

async fn org(core: &Core, command: OrgCommand) -> anyhow::Result<()> {
    let OrgCommand::Create { name, plan, print } = command;
    let plan: Plan = plan.parse()?;
    let org = organisations::create(&core.db, &core.clock, &core.ids, &name, plan).await?;
    let value = json!({"org_id": org.id, "name": org.name, "plan": org.plan.name()});
    print.line(&value, || {
        format!("{}  {} ({})", org.id, org.name, org.plan)
    })
}

async fn key(core: &Core, command: KeyCommand) -> anyhow::Result<()> {
    match command {
        KeyCommand::Create {
            org,
            kind,
            test,
            print,
        } => {
            let org: OrgId = org.parse()?;
            let kind: KeyKind = kind.parse()?;
            let key = access::create_key(&core.db, &core.clock, &core.ids, org, kind, test).await?;
            let secret = key.secret.reveal();
            print.line(&json!({"key_id": key.id, "secret": secret}), || {
                format!(
                    "{}\n{secret}\nKeep the second line: it is not shown again.",
                    key.id
                )
            })
        }
        KeyCommand::Revoke { org, key, print } => {
            let now = core.clock.now();
            let id = key.parse()?;
            access::revoke_key(&core.db, &core.keys, org.parse()?, id, now).await?;
            print.line(&json!({"key_id": id, "revoked": true}), || {
                format!("{id} is revoked.")
            })
        }
    }
}

async fn generator(core: &Core, command: GeneratorCommand) -> anyhow::Result<()> {
    match command {
        GeneratorCommand::Create {
            org,
            name,
            algorithm,
            public_key,
            print,
        } => {
            let key = match &public_key {
                Some(path) => {
                    let bytes = std::fs::read(path)
                        .with_context(|| format!("public key {}", path.display()))?;
                    Some(read_public_key(&algorithm, &bytes)?)
                }
                None => None,
            };
            let org: OrgId = org.parse()?;
            let made =
                generators::create(&core.db, &core.clock, &core.ids, org, &name, key.as_ref())
                    .await?;
            let value = json!({
                "generator_id": made.id,
                "name": made.name,
                "org_id": made.org_id,
                "status": "active",
                "algorithm": key.as_ref().map(|key| key.algorithm().name()),
                "key_id": key.as_ref().map(PublicKey::id_hex),
            });
            print.line(&value, || format!("{}  {}", made.id, made.name))
        }
        GeneratorCommand::Revoke {
            org,
            generator,
            print,
        } => {
            let id = generator.parse()?;
            let cache = &core.generators;
            generators::revoke(&core.db, cache, org.parse()?, id, &core.clock).await?;
            print.line(&json!({"generator_id": id, "status": "revoked"}), || {
                format!("{id} is revoked.")
            })
        }
    }
}

/// A file holds text (PEM, base64, hexadecimal) or bytes (DER SPKI, raw).
fn read_public_key(algorithm: &str, bytes: &[u8]) -> colophon_core::Result<PublicKey> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return generators::parse_public_key(algorithm, text);
    }
    let wanted: Option<Algorithm> = algorithm.parse().ok();
    wanted
        .and_then(|wanted| {
            PublicKey::from_raw(wanted, bytes)
                .or_else(|_| PublicKey::from_spki_der(bytes))
                .ok()
                .filter(|key| key.algorithm() == wanted)
        })
        .ok_or_else(|| {
            colophon_core::Error::invalid("public_key", format!("is no {algorithm} public key"))
        })
}

async fn credits(core: &Core, command: CreditsCommand) -> anyhow::Result<()> {
    let CreditsCommand::Grant {
        org,
        amount,
        reason,
        idempotency_key,
        print,
    } = command;
    let org: OrgId = org.parse()?;
    let key = idempotency_key.unwrap_or_else(|| core.ids.next().to_string());
    let balance =
        wallet::grant(&core.db, &core.clock, &core.ids, org, amount, &reason, &key).await?;
    let value = json!({"org_id": org, "granted": amount, "balance": balance});
    print.line(&value, || format!("{org} has {balance} credits."))
}

async fn job(core: &Core, command: JobsCommand) -> anyhow::Result<()> {
    match command {
        JobsCommand::Dead(print) => {
            let page = jobs::list(&core.db, jobs::State::Dead, None, 100).await?;
            for job in &page.jobs {
                let value = json!({
                    "id": job.id,
                    "kind": job.kind,
                    "attempts": job.attempts,
                    "error": job.last_error,
                });
                print.line(&value, || {
                    let error = job.last_error.as_deref().unwrap_or_default();
                    format!(
                        "{}  {}  after {} attempts: {error}",
                        job.id, job.kind, job.attempts
                    )
                })?;
            }
            Ok(())
        }
        JobsCommand::Requeue { id, print } => {
            let now = core.clock.now();
            core.db
                .write(|tx, _| Box::pin(jobs::requeue(tx, id, now)))
                .await?;
            print.line(&json!({"id": id, "state": "queued"}), || {
                format!("{id} is queued again.")
            })
        }
    }
}
