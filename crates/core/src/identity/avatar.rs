//! A person's picture.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::deletion::Purge;
use super::picture::picture;
use super::profile::{own, record};
use super::{Person, store};
use crate::access::Caller;
use crate::audit::By;
use crate::{Core, Error, Kind, Result, media};

/// The largest file that is taken for an avatar, in bytes.
pub const AVATAR_BYTES: usize = 10 << 20;
/// How long a link to an avatar is good for.
const LINK_FOR: Duration = Duration::from_secs(24 * 60 * 60);
const CONTENT_TYPE: &str = "image/jpeg";

/// Pictures decoded at once: each may take 320 MB and a core for seconds.
static SLOTS: Semaphore = Semaphore::const_new(1);

/// Makes the caller's avatar from a JPEG, PNG or WebP file of at most 10 MiB: 512 × 512 pixels from
/// its middle, as a JPEG without metadata.
///
/// # Errors
/// [`Kind::Invalid`] naming `file` for what is no still picture of at most 40 megapixels,
/// [`Kind::TooLarge`], or what the stream failed with.
pub async fn set_avatar<E: Into<Error>>(
    core: &Core,
    caller: &Caller,
    by: &By,
    file: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Person> {
    let person = own(core, caller).await?;
    let jpeg = Bytes::from(on_worker(read(file).await?).await?);
    let whole = futures::stream::iter([Ok::<_, Error>(jpeg)]);
    let stored = core.blobs.put_stream(whole, AVATAR_BYTES as u64).await?;
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let (stored, person) = (&stored, &person);
            Box::pin(async move {
                media::record_blob(tx, stored, CONTENT_TYPE, now).await?;
                store::set_avatar(tx, person.id, Some(stored.sha256)).await?;
                Purge::avatar(person).enqueue(tx, now).await?;
                record(tx, by, person.id, "person.avatar_set", &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(Person {
        avatar: Some(stored.sha256),
        ..person
    })
}

/// Removes the caller's avatar; one who has none keeps having none.
///
/// # Errors
/// [`Kind::Forbidden`] for a caller who is no person.
pub async fn remove_avatar(core: &Core, caller: &Caller, by: &By) -> Result<Person> {
    let person = own(core, caller).await?;
    if person.avatar.is_none() {
        return Ok(person);
    }
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            let person = &person;
            Box::pin(async move {
                store::set_avatar(tx, person.id, None).await?;
                Purge::avatar(person).enqueue(tx, now).await?;
                record(tx, by, person.id, "person.avatar_removed", &[], now).await
            })
        })
        .await?;
    core.sessions.forget_all();
    Ok(Person {
        avatar: None,
        ..person
    })
}

/// Where a person's avatar can be seen for a day.
///
/// # Errors
/// [`Kind::Unavailable`] when the file store does not sign links now.
pub async fn avatar_url(core: &Core, person: &Person) -> Result<Option<String>> {
    let Some(sha256) = person.avatar else {
        return Ok(None);
    };
    let now = core.clock.now();
    let url = core
        .blobs
        .download_url(&sha256, "avatar.jpg", CONTENT_TYPE, LINK_FOR, now)
        .await?;
    Ok(Some(match url.strip_prefix('/') {
        Some(path) => format!("{}/{path}", core.public_url),
        None => url,
    }))
}

async fn read<E: Into<Error>>(
    file: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Vec<u8>> {
    file.map_err(Into::into)
        .try_fold(Vec::new(), async |mut all, piece| {
            if all.len() + piece.len() > AVATAR_BYTES {
                return Err(Error::new(
                    Kind::TooLarge,
                    "too_large",
                    "An avatar's file has at most 10 MiB.",
                ));
            }
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
}

async fn on_worker(file: Vec<u8>) -> Result<Vec<u8>> {
    let slot = SLOTS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        // Decoding goes on when nobody waits for it any more; so does holding the slot.
        let _slot = slot;
        picture(&file)
    })
    .await
    .map_err(Error::internal)?
}
