//! `colophon doctor`

use colophon_core::log;
use serde::Serialize;

use crate::cli::Options;
use crate::config::Config;
use crate::server;
use crate::terminal::{Answer, Print, explain};

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    detail: String,
}

/// Looks at configuration, database, files, keys, log and worker; yes when all are well, undecided
/// when there is nothing to look at, because nothing is installed here or it does not open.
pub async fn run(options: &Options, print: Print) -> anyhow::Result<Answer> {
    let mut findings = Vec::new();
    let mut opened = true;
    let mut note = |what, ok, detail: String| findings.push(Finding { what, ok, detail });
    match Config::load(options) {
        Err(error) => note("configuration", false, explain(&error)),
        Ok(config) => {
            note(
                "configuration",
                true,
                format!("data in {}", config.data.display()),
            );
            match server::open_existing_core(&config).await {
                Err(error) => {
                    opened = false;
                    note("start", false, explain(&error));
                }
                Ok(core) => {
                    let health = colophon_core::health::check(&core).await;
                    let url = config.redacted().database_url.unwrap_or_default();
                    note("database", health.database, url);
                    note(
                        "files",
                        health.blobs,
                        config.redacted().blob_url.unwrap_or_default(),
                    );
                    note(
                        "keys",
                        health.keys,
                        format!("{} published", core.keyring.published().len()),
                    );
                    let size = log::head(&core.db).await?.map_or(0, |head| head.tree_size);
                    let waiting = log::pending(&core.db).await?;
                    note(
                        "log",
                        true,
                        format!(
                            "{} with {size} entries, {waiting} waiting",
                            core.log_key.name()
                        ),
                    );
                    let seen = if health.worker {
                        "alive"
                    } else {
                        "none seen in 15 seconds"
                    };
                    note("worker", health.worker, seen.to_owned());
                    core.db.close().await;
                }
            }
        }
    }
    for finding in &findings {
        print.line(finding, || {
            let mark = if finding.ok { "✓" } else { "✗" };
            format!("{mark} {:<14} {}", finding.what, finding.detail)
        })?;
    }
    // A worker that is not running is a state of the server, not a defect of the installation.
    let well = findings
        .iter()
        .all(|finding| finding.ok || finding.what == "worker");
    Ok(if !opened {
        Answer::Undecided
    } else if well {
        Answer::Yes
    } else {
        Answer::No
    })
}
