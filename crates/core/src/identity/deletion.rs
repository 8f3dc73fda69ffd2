//! Deleting an account.
//!
//! What identifies the person goes in one transaction, with everything that lets them or their
//! programs in; a job removes the rest. What is signed and logged stays, and names nobody who can
//! still be found here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use colophon_db::Tx;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::profile::record;
use super::{Person, Session, email_address, store};
use crate::audit::By;
use crate::jobs::{self, JobContext, JobError, NewJob};
use crate::mail::{self, Letter};
use crate::{Core, Error, PersonId, Result, media, oauth, organisations};

/// The kind of the jobs that remove what a deleted account leaves behind.
pub const PURGE: &str = "identity.purge";

/// Deletes the account of a session, whose person repeats their address and says yes: both, so
/// that a stolen cookie alone does not.
///
/// # Errors
/// [`crate::Kind::Invalid`] naming `confirm_email` or `confirm_delete`; [`crate::Kind::Conflict`] code
/// `last_owner`, with the `organisations` that have other members and would have no owner.
pub async fn delete(
    core: &Core,
    session: &Session,
    by: &By,
    confirm_email: &str,
    confirm_delete: bool,
) -> Result<()> {
    let person = &session.person;
    if email_address("confirm_email", confirm_email)? != person.email {
        return Err(Error::invalid(
            "confirm_email",
            "is not the account's address",
        ));
    }
    if !confirm_delete {
        return Err(Error::invalid("confirm_delete", "must be true"));
    }
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                organisations::part_with(tx, person.id, by, now).await?;
                anonymise(tx, person, now).await?;
                Purge::all(person).enqueue(tx, now).await?;
                mail::send(core, tx, &person.email, &Letter::AccountDeleted, None).await?;
                record(tx, by, person.id, "person.deleted", &[], now).await
            })
        })
        .await?;
    core.keys.forget_all();
    core.sessions.forget_all();
    Ok(())
}

async fn anonymise(tx: &mut Tx, person: &Person, now: DateTime<Utc>) -> Result<()> {
    let id = person.id;
    let nobody = format!("deleted-{id}@invalid").to_lowercase();
    if !store::anonymise(tx, id, &nobody, now).await? {
        return Err(Error::not_found("person"));
    }
    store::end_sessions(tx, id, store::Which::All).await?;
    store::delete_external_identities(tx, id).await?;
    store::clear_failures_of(tx, &person.email).await?;
    organisations::delete_invitations_to(tx, &person.email).await?;
    oauth::revoke_all_of(tx, id, now).await
}

/// What a purge is to remove.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Purge {
    /// A deleted account.
    person: Option<Uuid>,
    /// A picture that was somebody's avatar, by its SHA-256 in hexadecimal.
    avatar: Option<String>,
}

impl Purge {
    /// Everything that is left of a deleted account.
    fn all(person: &Person) -> Self {
        Self {
            person: Some(person.id.0),
            ..Self::avatar(person)
        }
    }

    /// The avatar that the person had until now, if they had one.
    pub(super) fn avatar(person: &Person) -> Self {
        Self {
            person: None,
            avatar: person.avatar.map(hex::encode),
        }
    }

    pub(super) async fn enqueue(self, tx: &mut Tx, now: DateTime<Utc>) -> Result<()> {
        if self.person.is_some() || self.avatar.is_some() {
            let payload = serde_json::to_value(self).map_err(Error::internal)?;
            jobs::enqueue(tx, NewJob::new(PURGE, payload, now)).await?;
        }
        Ok(())
    }
}

/// The handler of [`PURGE`]. Each step may be repeated, and none holds a transaction for long.
///
/// # Errors
/// When the database or the file store does not answer; the job is tried again.
pub async fn purge(
    core: Arc<Core>,
    _: JobContext,
    payload: serde_json::Value,
) -> Result<(), JobError> {
    let Purge { person, avatar } = serde_json::from_value(payload)?;
    if let Some(id) = person.map(PersonId) {
        while core
            .db
            .write(|tx, _| Box::pin(store::purge_tokens(tx, id)))
            .await?
            > 0
        {}
        while core
            .db
            .write(|tx, _| Box::pin(oauth::purge(tx, id)))
            .await?
            > 0
        {}
    }
    if let Some(avatar) = avatar {
        let mut sha256 = [0; 32];
        hex::decode_to_slice(&avatar, &mut sha256)
            .map_err(|error| JobError::Dead(format!("payload: {error}")))?;
        forget_picture(&core, sha256).await?;
    }
    Ok(())
}

/// Removes a picture that is nobody's avatar any more. Two people who chose the same picture share
/// its file.
async fn forget_picture(core: &Core, sha256: [u8; 32]) -> Result<()> {
    let unused = core
        .db
        .write(|tx, _| {
            Box::pin(async move {
                let unused = !store::is_avatar(tx, sha256).await?;
                if unused {
                    media::forget_blob(tx, sha256).await?;
                }
                Ok::<_, Error>(unused)
            })
        })
        .await?;
    match unused {
        true => core.blobs.delete(&sha256).await,
        false => Ok(()),
    }
}
