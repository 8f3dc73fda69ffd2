//! The data that benchmarks write: in a folder of its own, so that no benchmark can reach a
//! server's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use colophon_core::access::{self, Caller, KeyHolder, KeyKind, NewKey};
use colophon_core::audit::By;
use colophon_core::organisations::{self, Plan};
use colophon_core::{Core, GeneratorId, generators};
use colophon_transparency::keys::{Algorithm, PrivateKey};
use serde::{Deserialize, Serialize};

use crate::cli::Options;
use crate::config::Config;
use crate::server;

/// The file that marks a folder as a benchmark's.
const MARK: &str = "benchmark.json";

/// Signs the records of every benchmark: nothing that anybody trusts.
const GENERATOR_SEED: [u8; 32] = *b"colophon bench, not a secret key";

/// A folder, kept when the user named it, gone afterwards when not.
#[derive(Debug)]
pub struct Folder {
    config: Config,
    temporary: bool,
    tenant: Option<Tenant>,
}

/// The organisation that benchmarks write as.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Tenant {
    generator_id: String,
    api_key: String,
    /// Records have the numbers from 0 up to this one.
    records: u64,
}

impl Folder {
    /// The folder of `--data`, or a temporary one. The rest of the configuration is ignored: it
    /// may be a server's.
    pub fn open(options: &Options) -> anyhow::Result<Self> {
        let temporary = options.data.is_none();
        let data = match &options.data {
            Some(path) => path.clone(),
            None => std::env::temp_dir().join(format!("colophon-bench-{}", std::process::id())),
        };
        let mark = data.join(MARK);
        let tenant = match fs::read(&mark) {
            Ok(bytes) => Some(serde_json::from_slice(&bytes).context(MARK)?),
            Err(_) => {
                let empty =
                    fs::read_dir(&data).map_or(true, |mut entries| entries.next().is_none());
                anyhow::ensure!(
                    empty,
                    "{} is not a benchmark's folder: name a new one",
                    data.display()
                );
                None
            }
        };
        let config = Config {
            data: std::path::absolute(&data)?,
            database_url: options.database_url.clone(),
            ..Config::default()
        };
        server::make_data_folder(&config)?;
        Ok(Self {
            config,
            temporary,
            tenant,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.config.data
    }

    /// The database's URL.
    pub fn database_url(&self) -> String {
        self.config.database_url()
    }

    /// The engine's name, as reports show it.
    pub fn engine(&self) -> &'static str {
        if self.database_url().starts_with("sqlite:") {
            "SQLite"
        } else {
            "PostgreSQL"
        }
    }

    /// Records that were written, or at least begun.
    pub fn records(&self) -> u64 {
        self.tenant.as_ref().map_or(0, |tenant| tenant.records)
    }

    /// Opens the database and, the first time, makes the organisation.
    pub async fn core(&mut self) -> anyhow::Result<Arc<Core>> {
        if self.tenant.is_none() && self.config.database_url.is_some() {
            let db = colophon_db::Db::open(&self.database_url())
                .await
                .context("database")?;
            let used = !db.schema_versions().await?.is_empty();
            db.close().await;
            anyhow::ensure!(!used, "--database-url must name an empty database");
        }
        let core = server::open_core(&self.config).await?;
        if self.tenant.is_none() {
            self.tenant = Some(tenant(&core).await?);
            self.save()?;
        }
        Ok(core)
    }

    fn tenant(&self) -> anyhow::Result<&Tenant> {
        self.tenant
            .as_ref()
            .context("the benchmark's organisation is made by Folder::core")
    }

    /// The API key.
    pub fn api_key(&self) -> anyhow::Result<&str> {
        Ok(&self.tenant()?.api_key)
    }

    /// The generator.
    pub fn generator_id(&self) -> anyhow::Result<&str> {
        Ok(&self.tenant()?.generator_id)
    }

    /// Who the API key stands for.
    pub async fn caller(&self, core: &Core) -> anyhow::Result<Caller> {
        Ok(core
            .keys
            .caller(self.api_key()?, &[KeyKind::Certivu])
            .await?)
    }

    /// The numbers of the next `count` records, which nobody else gets.
    pub fn reserve(&mut self, count: u64) -> anyhow::Result<std::ops::Range<u64>> {
        let tenant = self.tenant.as_mut().context("no organisation")?;
        let start = tenant.records;
        tenant.records += count;
        self.save()?;
        Ok(start..start + count)
    }

    fn save(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self.tenant()?)?;
        fs::write(self.path().join(MARK), text).context(MARK)
    }

    /// Bytes of the database and what else is in the folder; unknown on PostgreSQL.
    pub fn size(&self) -> anyhow::Result<Option<u64>> {
        if self.config.database_url.is_some() {
            return Ok(None);
        }
        let mut size = 0;
        for entry in fs::read_dir(self.path())? {
            size += entry?.metadata()?.len();
        }
        Ok(Some(size))
    }

    /// A path in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            let _ = fs::remove_dir_all(self.path());
        }
    }
}

/// The private key of the benchmark's generator.
pub fn generator_key() -> anyhow::Result<PrivateKey> {
    Ok(PrivateKey::from_seed(
        Algorithm::ML_DSA_65,
        &GENERATOR_SEED,
    )?)
}

async fn tenant(core: &Core) -> anyhow::Result<Tenant> {
    let by = By::command();
    let name = "Colophon benchmark";
    let organisation = organisations::create(core, &by, name, Plan::Enterprise, None).await?;
    let key = generator_key()?.public_key();
    let generator: GeneratorId = generators::create(core, &by, organisation.id, name, Some(&key))
        .await?
        .id;
    let new = NewKey::new(KeyKind::Certivu, false);
    let api_key = access::create_key(core, &by, KeyHolder::trusted(organisation.id), &new).await?;
    Ok(Tenant {
        generator_id: generator.to_string(),
        api_key: api_key.secret.reveal().to_owned(),
        records: 0,
    })
}
