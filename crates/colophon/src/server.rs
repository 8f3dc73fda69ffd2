//! Putting the parts together: database, core, routes, background tasks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::response::Response;
use colophon_core::jobs::{JobContext, NewJob, Registry, Schedule, Worker};
use colophon_core::{Core, Settings, health, idempotency, identity, log, mail, oauth};
use colophon_db::{Clock, Db};
use colophon_http::cookie::Cookies;
use colophon_http::{App, Product, Products, Rate, RatePolicy, Refused};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;

/// The folder of the database, files and keys, for its owner only.
pub fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&config.data)
        .with_context(|| format!("data folder {}", config.data.display()))
}

/// Opens the database and brings it to this program's schema.
pub async fn open_database(config: &Config, clock: &Clock) -> anyhow::Result<Db> {
    make_data_folder(config)?;
    let db = Db::open(&config.database_url()).await.context("database")?;
    db.migrate(clock.now()).await.context("database schema")?;
    Ok(db)
}

/// Opens the database and everything on it.
pub async fn open_core(config: &Config) -> anyhow::Result<Arc<Core>> {
    let clock = Clock::system();
    let db = open_database(config, &clock).await?;
    let settings = Settings {
        sources: config.sources()?,
        blob_url: config.blob_url(),
        incoming: config.data.join("incoming"),
        s3: config.s3.options(),
        public_url: config.public_url(),
        mail_from: config.mail.from.clone(),
        mail: config.mail_transport(),
        allow_private_network: config.allow_private_network,
        log_origin: config.log.origin.clone(),
    };
    Ok(Core::open(db, clock, settings).await?)
}

/// The same for commands that work on what is there: they make no new installation of a mistyped
/// folder.
pub async fn open_existing_core(config: &Config) -> anyhow::Result<Arc<Core>> {
    require_existing(config).await?;
    open_core(config).await
}

/// Refuses where nothing was ever installed.
pub async fn require_existing(config: &Config) -> anyhow::Result<()> {
    let url = config.database_url();
    let installed = if let Some(path) = config.sqlite_path() {
        path.exists()
    } else {
        let db = Db::open(&url).await.context("database")?;
        let versions = db.schema_versions().await?;
        db.close().await;
        !versions.is_empty()
    };
    if installed {
        return Ok(());
    }
    let place = match config.sqlite_path() {
        Some(path) => path.display().to_string(),
        None => "the database".to_owned(),
    };
    anyhow::bail!("there is no Colophon data in {place}; start `colophon serve` there first")
}

/// The contracts' documents and where each is served.
pub const DOCUMENTS: &[(&str, &str)] = &[
    ("/trackorigin/openapi.json", colophon_api_music::DOCUMENT),
    ("/lumethic/openapi.json", colophon_api_photo::DOCUMENT),
    ("/certivu/openapi.json", colophon_api_content::DOCUMENT),
    ("/tokportal/openapi.json", colophon_api_publish::DOCUMENT),
    ("/idle-atlas/openapi.json", colophon_api_org::DOCUMENT),
];

/// The whole server as one function from request to answer.
pub fn app(
    core: &Arc<Core>,
    config: &Config,
    metrics: colophon_api_registry::Metrics,
) -> anyhow::Result<App> {
    let clock = &core.clock;
    let limits = &config.limits;
    let rate = |policy| Rate::new(policy, clock.clone());
    let by_address = |name, per_minute| RatePolicy {
        name,
        anonymous_per_minute: per_minute,
        key_per_minute: 0,
        published_per_minute: 0,
        headers: false,
    };
    let by_key = |name, per_minute| RatePolicy {
        key_per_minute: per_minute,
        ..by_address(name, 0)
    };
    let guesses = limits.sign_in_per_minute;
    let sign_in = rate(RatePolicy {
        key_per_minute: guesses,
        ..by_address("sign-in", guesses)
    });
    let reads = rate(by_address("public", limits.public_per_minute));
    let content = colophon_api_content::Rates {
        records: rate(RatePolicy {
            headers: true,
            ..by_key("records", limits.records_per_minute)
        }),
        reads: reads.clone(),
    };
    let music = colophon_api_music::Rates {
        api: rate(RatePolicy {
            name: "trackorigin",
            anonymous_per_minute: limits.trackorigin_anonymous_per_minute,
            key_per_minute: limits.trackorigin_key_per_minute,
            published_per_minute: limits.trackorigin_publishable_per_minute,
            headers: true,
        }),
        sign_in: sign_in.clone(),
    };
    let photo = colophon_api_photo::Rates {
        reads: reads.clone(),
        sign_in: sign_in.clone(),
    };
    let atlas = colophon_api_org::Rates {
        api: rate(by_key("idle-atlas", limits.atlas_key_per_minute)),
        reads: reads.clone(),
    };
    let cookies = Cookies { secure: config.tls };
    let own = colophon_api_registry::Limits {
        reads: reads.clone(),
        uploads: rate(RatePolicy {
            key_per_minute: limits.uploads_per_minute,
            headers: true,
            ..by_address("uploads", limits.uploads_per_minute)
        }),
        upload_bytes: limits.upload_bytes,
        letters: sign_in.clone(),
        leak_reports: rate(by_address("leak-reports", limits.leak_reports_per_minute)),
    };
    let router: Router<Arc<Core>> = Router::new()
        .merge(
            colophon_api_music::routes(core, &music, cookies).into_router_at(&["", "/trackorigin"]),
        )
        .merge(colophon_api_photo::routes(core, &photo).into_router_at(&["", "/lumethic"]))
        .merge(colophon_api_photo::beside_the_document(&photo).into_router_at(&["", "/lumethic"]))
        .merge(colophon_api_content::routes(core, &content).into_router_at(&["", "/certivu"]))
        .merge(colophon_api_org::routes(core, &atlas).into_router_at(&["", "/idle-atlas"]))
        .merge(colophon_api_registry::routes(core, &own, metrics, DOCUMENTS, cookies).into_router())
        .merge(colophon_pages::routes(&sign_in, cookies).into_router());
    let products = Products::new(
        vec![
            Product {
                render: render_music_error,
                ..colophon_api_music::product()
            },
            colophon_api_photo::product(),
            colophon_api_content::product(),
            colophon_api_publish::product(),
            colophon_api_org::product(),
        ],
        colophon_pages::render_error,
    )?;
    let settings = colophon_http::Settings {
        trusted_proxies: config.trusted_proxies,
        tls: config.tls,
    };
    Ok(App::new(
        products,
        router.with_state(Arc::clone(core)),
        settings,
    ))
}

/// TrackOrigin has pages among its operations: whoever opens one is refused with a page.
fn render_music_error(refused: &Refused<'_>) -> Response {
    if colophon_pages::is_for_people(refused) {
        colophon_pages::render_error(refused)
    } else {
        colophon_api_music::render_error(refused)
    }
}

/// What names this process in leases.
pub fn holder() -> String {
    format!("{}-{}", std::process::id(), uuid::Uuid::now_v7().simple())
}

/// The tasks every process has: key rotations made elsewhere, and when keys were last used.
pub fn start_housekeeping(core: &Arc<Core>, tasks: &TaskTracker, stop: &CancellationToken) {
    let (core, stop) = (Arc::clone(core), stop.clone());
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
            if let Err(error) = core.keyring.refresh().await {
                tracing::warn!(%error, cause = ?error.cause(), "looking for rotated keys failed");
            }
            flush(&core).await;
        }
        flush(&core).await;
    });
}

/// Writes down when keys and sessions were last used.
async fn flush(core: &Core) {
    for written in [core.keys.flush().await, core.sessions.flush().await] {
        if let Err(error) = written {
            tracing::warn!(%error, "writing when credentials were used failed");
        }
    }
}

/// The log's sequencer, the job worker, and its sign of life.
pub async fn start_worker(
    core: &Arc<Core>,
    config: &Config,
    tasks: &TaskTracker,
    stop: &CancellationToken,
) {
    let holder = holder();
    let mut sequencer = core.sequencer(holder.clone());
    // So that the first request finds a signed head.
    if let Err(error) = sequencer.sequence().await {
        tracing::warn!(%error, "the log's first head was not signed yet");
    }
    tasks.spawn(sequencer.run(stop.clone().cancelled_owned()));
    let worker = Worker::new(core.db.clone(), core.clock.clone(), &holder, registry(core))
        .wake(core.job_wake.clone())
        .schedule(purge_expired())
        .concurrency(config.jobs.concurrency);
    tasks.spawn(worker.run(stop.clone()));
    let (core, stop) = (Arc::clone(core), stop.clone());
    tasks.spawn(async move {
        loop {
            if let Err(error) = health::worker_is_alive(&core, &holder).await {
                tracing::warn!(%error, "the worker's sign of life failed");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
            }
        }
    });
}

/// What has had its time: kept answers, sessions, links, failures, codes and tokens of apps.
const PURGE_EXPIRED: &str = "expired.purge";

/// What this program's jobs do.
fn registry(core: &Arc<Core>) -> Registry {
    let of = |core: &Arc<Core>| {
        let core = Arc::clone(core);
        move || Arc::clone(&core)
    };
    let (exporter, mailer, resetter, purger) = (of(core), of(core), of(core), of(core));
    let export = move |context: JobContext, _| {
        let core = exporter();
        async move { Ok(log::export(&core, &context).await?) }
    };
    Registry::new()
        .on(log::EXPORT, export)
        .on(mail::JOB, move |context, payload| {
            mail::deliver(mailer(), context, payload)
        })
        .on(identity::RESET_REQUESTED, move |context, payload| {
            identity::send_reset(resetter(), context, payload)
        })
        .on(identity::PURGE, move |context, payload| {
            identity::purge(purger(), context, payload)
        })
        .on(PURGE_EXPIRED, async |context: JobContext, _| {
            let (db, now) = (context.db(), context.clock().now());
            idempotency::purge(db, now).await?;
            identity::purge_expired(db, now).await?;
            Ok(oauth::purge_expired(db, now).await?)
        })
}

fn purge_expired() -> Schedule {
    Schedule {
        name: PURGE_EXPIRED,
        every: Duration::from_secs(60 * 60),
        job: |now| NewJob::new(PURGE_EXPIRED, serde_json::json!({}), now),
    }
}
