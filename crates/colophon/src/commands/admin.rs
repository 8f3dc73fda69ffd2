//! `colophon admin …`: what an operator does from a shell, while the server runs.

use colophon_core::access::{KeyHolder, NewKey};
use colophon_core::audit::By;
use colophon_core::{Core, access, generators, jobs, organisations, wallet};
use colophon_transparency::keys::PublicKey;
use serde_json::json;

use crate::cli::{
    Admin, AdminCommand, CreditsCommand, GeneratorCommand, JobsCommand, KeyCommand, Options,
    OrgCommand,
};
use crate::config::Config;
use crate::key_file;
use crate::server;
use crate::terminal::{Answer, one_line};

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
    let org = organisations::create(core, &By::command(), &name, plan, None).await?;
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
            let new = NewKey::new(kind, test);
            let made =
                access::create_key(core, &By::command(), KeyHolder::trusted(org), &new).await?;
            let (key, secret) = (&made.key, made.secret.reveal());
            print.line(&json!({"key_id": key.id, "secret": secret}), || {
                format!(
                    "{}\n{secret}\nKeep the second line: it is not shown again.",
                    key.id
                )
            })
        }
        KeyCommand::Revoke { org, key, print } => {
            access::revoke_key(core, &By::command(), KeyHolder::trusted(org), key).await?;
            print.line(&json!({"key_id": key, "revoked": true}), || {
                format!("{key} is revoked.")
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
            let key = public_key
                .map(|path| key_file::read(algorithm, &path))
                .transpose()?;
            let made = generators::create(core, &By::command(), org, &name, key.as_ref()).await?;
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
            generators::revoke(core, &By::command(), org, generator).await?;
            print.line(
                &json!({"generator_id": generator, "status": "revoked"}),
                || format!("{generator} is revoked."),
            )
        }
    }
}

async fn credits(core: &Core, command: CreditsCommand) -> anyhow::Result<()> {
    let CreditsCommand::Grant {
        org,
        amount,
        reason,
        idempotency_key,
        print,
    } = command;
    let key = idempotency_key.unwrap_or_else(|| core.ids.next().to_string());
    let balance = wallet::grant(core, &By::command(), org, amount, &reason, &key).await?;
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
                    let error = one_line(job.last_error.as_deref().unwrap_or_default());
                    format!(
                        "{}  {}  after {} attempts: {error}",
                        job.id, job.kind, job.attempts
                    )
                })?;
            }
            Ok(())
        }
        JobsCommand::Requeue { id, print } => {
            let (by, now) = (By::command(), core.clock.now());
            core.db
                .write(|tx, _| Box::pin(jobs::requeue(tx, &by, id, now)))
                .await?;
            print.line(&json!({"id": id, "state": "queued"}), || {
                format!("{id} is queued again.")
            })
        }
    }
}
