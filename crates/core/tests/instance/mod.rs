//! A core on a fresh database of each engine that this machine has.

#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::HashMap;
use std::sync::Arc;

use colophon_core::keyring::{Purpose, Source};
use colophon_core::{Core, Settings};
use colophon_db::{Clock, Db};
use colophon_testkit::postgres::Postgres;
use tempfile::TempDir;

pub struct Instance {
    pub core: Arc<Core>,
    pub folder: TempDir,
}

pub fn settings(folder: &TempDir) -> Settings {
    let keys = Source::Folder(folder.path().join("keys"));
    Settings {
        sources: Purpose::ALL
            .into_iter()
            .map(|purpose| (purpose, keys.clone()))
            .collect::<HashMap<_, _>>(),
        blob_url: folder.path().join("blobs").display().to_string(),
        incoming: folder.path().join("incoming"),
        s3: colophon_core::media::S3Options::default(),
        public_url: "http://test.example".to_owned(),
        mail_from: "Colophon <no-reply@test.example>".to_owned(),
        mail: colophon_core::mail::Transport::Folder(folder.path().join("outbox")),
        allow_private_network: false,
        log_origin: Some("test.example/log".to_owned()),
    }
}

pub async fn each() -> Vec<Instance> {
    each_at(&Clock::system()).await
}

/// The same, by a clock of the test's own.
pub async fn each_at(clock: &Clock) -> Vec<Instance> {
    let mut instances = Vec::new();
    for (db, folder) in databases().await {
        db.migrate(clock.now()).await.unwrap();
        instances.push(open(db, clock, folder).await);
    }
    instances
}

/// An empty database of each engine, with a folder beside it.
pub async fn databases() -> Vec<(Db, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("test.db").display());
    let mut urls = vec![(sqlite, folder)];
    if let Some(postgres) = Postgres::shared() {
        urls.push((postgres.database(), tempfile::tempdir().unwrap()));
    }
    let mut databases = Vec::new();
    for (url, folder) in urls {
        databases.push((Db::open(&url).await.unwrap(), folder));
    }
    databases
}

/// A core on a migrated database.
pub async fn open(db: Db, clock: &Clock, folder: TempDir) -> Instance {
    let core = Core::open(db, clock.clone(), settings(&folder))
        .await
        .unwrap();
    Instance { core, folder }
}
