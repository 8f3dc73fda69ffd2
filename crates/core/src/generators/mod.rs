//! Generators: the AI models and pipelines whose keys an organisation registers.

mod cache;
mod store;

pub use cache::Generators;
pub(crate) use store::parse_key;
pub use store::{Generator, GeneratorKey};

use colophon_db::Db;
use colophon_transparency::keys::{Algorithm, PublicKey};

use crate::audit::{self, By};
use crate::{Core, Error, GeneratorId, OrgId, Result};

/// Reads a public key as people paste it: PEM or base64 SPKI, base64 or hexadecimal raw bytes.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `algorithm` or `public_key`.
pub fn parse_public_key(algorithm: &str, text: &str) -> Result<PublicKey> {
    let algorithm = algorithm
        .parse::<Algorithm>()
        .ok()
        .filter(|algorithm| matches!(algorithm, Algorithm::MlDsa(_)))
        .ok_or_else(|| Error::invalid("algorithm", "must be ml-dsa-44, ml-dsa-65 or ml-dsa-87"))?;
    PublicKey::from_text(algorithm, text)
        .map_err(|error| Error::invalid("public_key", error.to_string()))
}

/// Registers a generator with, if given, its first public key.
///
/// # Errors
/// [`crate::Kind::Invalid`] for a bad name, [`crate::Kind::NotFound`] for an unknown
/// organisation.
pub async fn create(
    core: &Core,
    by: &By,
    org_id: OrgId,
    name: &str,
    key: Option<&PublicKey>,
) -> Result<Generator> {
    let name = crate::text::line("name", name, 200)?;
    let created_at = core.clock.now();
    let generator = Generator {
        id: GeneratorId(core.ids.next()),
        org_id,
        name,
        created_at,
        revoked_at: None,
        keys: key
            .map(|key| GeneratorKey {
                key: key.clone(),
                created_at,
            })
            .into_iter()
            .collect(),
    };
    core.db
        .write(|tx, _| {
            let generator = &generator;
            Box::pin(async move {
                crate::organisations::require(tx, org_id).await?;
                store::insert(tx, generator).await?;
                let details = [("name", generator.name.as_str())];
                let subject = generator.id.to_string();
                let action = "generator.registered";
                audit::record(tx, org_id, by, action, &subject, &details, created_at).await
            })
        })
        .await?;
    Ok(generator)
}

/// The organisation's generators, newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &Db, org_id: OrgId) -> Result<Vec<Generator>> {
    store::list(db, org_id).await
}

/// Revokes a generator for good: it signs nothing any more.
///
/// # Errors
/// [`crate::Kind::NotFound`] when the organisation has no such unrevoked generator.
pub async fn revoke(core: &Core, by: &By, org_id: OrgId, id: GeneratorId) -> Result<()> {
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                if !store::revoke(tx, org_id, id, now).await? {
                    return Err(Error::not_found("generator"));
                }
                let subject = id.to_string();
                audit::record(tx, org_id, by, "generator.revoked", &subject, &[], now).await
            })
        })
        .await?;
    core.generators.forget(id);
    Ok(())
}
