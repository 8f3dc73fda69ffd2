//! A person's picture.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};

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

/// Files taken in at once, each of which may take 10 MiB until its picture is made.
static UPLOADS: Semaphore = Semaphore::const_new(8);
/// Pictures decoded at once: each may take 380 MB and a core for seconds.
static SLOTS: Semaphore = Semaphore::const_new(1);

/// Makes the caller's avatar from a JPEG, PNG or WebP file of at most 10 MiB: 512 × 512 pixels from
/// its middle, as a JPEG without metadata.
///
/// # Errors
/// [`Kind::Invalid`] naming `file` for what is no still picture of at most 40 megapixels,
/// [`Kind::TooLarge`], [`Kind::Unavailable`] while many others send theirs, or what the stream
/// failed with.
pub async fn set_avatar<E: Into<Error>>(
    core: &Core,
    caller: &Caller,
    by: &By,
    file: impl Stream<Item = Result<Bytes, E>> + Send,
) -> Result<Person> {
    let person = own(core, caller).await?;
    let jpeg = Bytes::from(on_worker(Upload::read(&UPLOADS, file).await?).await?);
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

/// A file in memory, which counts for as long as it is there.
struct Upload {
    file: Vec<u8>,
    _permit: SemaphorePermit<'static>,
}

impl Upload {
    async fn read<E: Into<Error>>(
        uploads: &'static Semaphore,
        file: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Self> {
        let permit = uploads
            .try_acquire()
            .map_err(|full| Error::unavailable("picture service", full))?;
        let file = file
            .map_err(Into::into)
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
            .await?;
        Ok(Self {
            file,
            _permit: permit,
        })
    }
}

async fn on_worker(upload: Upload) -> Result<Vec<u8>> {
    let slot = SLOTS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(move || {
        // Decoding goes on when nobody waits for it any more; so does holding the slot.
        let _slot = slot;
        picture(&upload.file)
    })
    .await
    .map_err(Error::internal)?
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::stream;

    use super::*;

    #[test]
    fn a_file_too_many_is_refused_before_any_of_it_is_read() {
        static ONE: Semaphore = Semaphore::const_new(1);
        let read = || {
            let file = stream::iter([Ok::<_, Error>(Bytes::from_static(b"picture"))]);
            Upload::read(&ONE, file).now_or_never().unwrap()
        };
        let first = read().unwrap();
        assert_eq!(first.file, b"picture");
        let never = stream::pending::<Result<Bytes>>();
        let refused = Upload::read(&ONE, never).now_or_never().unwrap();
        let refused = refused.map(|upload| upload.file).unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
        assert!(refused.retry_after.is_some());
        drop(first);
        assert!(read().is_ok());
    }
}
