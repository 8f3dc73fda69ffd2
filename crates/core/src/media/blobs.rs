//! Storing, reading and linking to content.

use std::fmt;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use colophon_transparency::digest::FileDigests;
use futures::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::{Method, SignedUrlOptions, Signer as _};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt as _};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio_util::io::ReaderStream;
use zeroize::Zeroizing;

use super::incoming::{self, Incoming, blocking, unavailable};
use super::location::{self, Location, S3Options};
use super::signed_url::{self, LinkSecret, SignedUrl};
use super::{Unsatisfiable, content_disposition};
use crate::{Error, Result};

/// Larger uploads go to S3 in parts of this size.
const PART: usize = 8 << 20;
/// Parts of one upload under way at once.
const PARTS_AT_ONCE: usize = 2;
/// Read from a local file at once.
const READ: usize = 128 << 10;
/// The longest time S3 presigns for.
const LONGEST_PRESIGNED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What [`Blobs::open`] needs beside the URL.
#[derive(Clone)]
pub struct Options {
    /// Where uploads wait until they are complete; used when blobs go to S3. A local folder has
    /// its own, because a file gets its name without being copied only on the same disk.
    pub incoming: PathBuf,
    /// Signs the links that we serve ourselves.
    pub link_secret: Zeroizing<LinkSecret>,
    /// For `s3:` URLs.
    pub s3: S3Options,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("incoming", &self.incoming)
            .field("s3", &self.s3)
            .finish_non_exhaustive()
    }
}

/// Content-addressed storage: cheap to clone, safe to share.
#[derive(Clone)]
pub struct Blobs {
    home: Home,
    incoming: PathBuf,
    link_secret: Arc<Zeroizing<LinkSecret>>,
}

#[derive(Clone)]
enum Home {
    Folder {
        root: PathBuf,
        files: Arc<LocalFileSystem>,
    },
    S3 {
        prefix: Path,
        bucket: Arc<AmazonS3>,
    },
}

/// Content, or a part of it, as it comes from storage.
pub struct BlobStream {
    /// Length of the whole content in bytes.
    pub size: u64,
    /// Which of its bytes the stream has.
    pub range: Range<u64>,
    /// Those bytes.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl Blobs {
    /// Opens the storage that `url` names: a folder's path, `file:///folder`, or
    /// `s3://bucket/prefix`. Removes uploads that were abandoned more than a day ago.
    ///
    /// # Errors
    /// [`crate::Kind::Invalid`] naming `blob_url` when it names neither,
    /// [`crate::Kind::Unavailable`] when a folder cannot be made.
    pub async fn open(url: &str, options: Options, now: DateTime<Utc>) -> Result<Self> {
        let location = Location::parse(url)?;
        let incoming = match &location {
            Location::Folder(root) => root.join("incoming"),
            Location::S3 { .. } => options.incoming,
        };
        tokio::fs::create_dir_all(&incoming)
            .await
            .map_err(unavailable)?;
        incoming::remove_abandoned(incoming.clone(), now).await?;
        let home = match location {
            Location::Folder(root) => Home::Folder {
                files: Arc::new(LocalFileSystem::new_with_prefix(&root).map_err(unavailable)?),
                root,
            },
            Location::S3 { bucket, prefix } => Home::S3 {
                prefix: Path::from(prefix),
                bucket: Arc::new(location::s3(&bucket, &options.s3)?),
            },
        };
        Ok(Self {
            home,
            incoming,
            link_secret: Arc::new(options.link_secret),
        })
    }

    /// Whether files can be stored now, for readiness checks.
    ///
    /// # Errors
    /// [`crate::Kind::Unavailable`] with the cause.
    pub async fn ready(&self) -> Result<()> {
        Incoming::kept(self.incoming.clone()).await?;
        match self.objects().head(&self.path(&[0; 32])).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Stores up to `limit` bytes under their hash. Never holds more than a few pieces in
    /// memory; durable when it returns; leaves nothing behind when it fails or is dropped.
    /// Content that is stored already stays.
    ///
    /// # Errors
    /// [`crate::Kind::TooLarge`] with code `too_large`, [`crate::Kind::Unavailable`] when it
    /// cannot be stored, or what the stream failed with.
    pub async fn put_stream<E: Into<Error>>(
        &self,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
        limit: u64,
    ) -> Result<FileDigests> {
        let incoming = Incoming::kept(self.incoming.clone()).await?;
        let (file, digests) = incoming.receive(stream, limit).await?;
        let Some(file) = file else {
            return Err(unavailable("an upload has lost its file"));
        };
        match &self.home {
            Home::Folder { root, .. } => {
                let path = root.join(self.path(&digests.sha256).as_ref());
                incoming::keep(file, root.clone(), path).await?;
            }
            Home::S3 { .. } => self.upload(file, &digests).await?,
        }
        Ok(digests)
    }

    /// Hashes up to `limit` bytes and keeps nothing of them.
    ///
    /// # Errors
    /// As [`Blobs::put_stream`].
    pub async fn digest<E: Into<Error>>(
        &self,
        stream: impl Stream<Item = Result<Bytes, E>> + Send,
        limit: u64,
    ) -> Result<FileDigests> {
        Ok(Incoming::unkept().receive(stream, limit).await?.1)
    }

    async fn upload(&self, file: NamedTempFile, digests: &FileDigests) -> Result<()> {
        let path = self.path(&digests.sha256);
        match self.objects().head(&path).await {
            Ok(object) if object.size == digests.size => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        let mut source = tokio::fs::File::from_std(blocking(move || file.reopen()).await?);
        let mut upload = BufWriter::with_capacity(self.objects(), path, PART)
            .with_max_concurrency(PARTS_AT_ONCE);
        let copied = async {
            tokio::io::copy(&mut source, &mut upload).await?;
            upload.shutdown().await
        };
        let copied = copied.await;
        if let Err(error) = copied {
            // Parts that cannot be taken back now are for the bucket's lifecycle rule.
            let _ = upload.abort().await;
            return Err(unavailable(error));
        }
        Ok(())
    }

    /// Reads content, or the part of it that `range` names; the end may lie beyond the content's.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], [`crate::Kind::RangeNotSatisfiable`] when the range begins
    /// beyond the end or is empty, [`crate::Kind::Unavailable`].
    pub async fn get_range(
        &self,
        sha256: &[u8; 32],
        range: Option<Range<u64>>,
    ) -> Result<BlobStream> {
        let options = GetOptions::new().with_range(range.clone().map(GetRange::Bounded));
        let found = match self.objects().get_opts(&self.path(sha256), options).await {
            Ok(found) => found,
            Err(error) => return Err(self.range_error(sha256, range, error).await),
        };
        let (size, range) = (found.meta.size, found.range.clone());
        let stream = match found.payload {
            GetResultPayload::File(file, _) => {
                let mut file = tokio::fs::File::from_std(file);
                file.seek(SeekFrom::Start(range.start))
                    .await
                    .map_err(unavailable)?;
                let part = file.take(range.end - range.start);
                ReaderStream::with_capacity(part, READ)
                    .map_err(unavailable)
                    .boxed()
            }
            GetResultPayload::Stream(stream) => stream.map_err(unavailable).boxed(),
        };
        Ok(BlobStream {
            size,
            range,
            stream,
        })
    }

    /// Stores differ in how they refuse a range; the length tells whether that was the reason.
    async fn range_error(
        &self,
        sha256: &[u8; 32],
        range: Option<Range<u64>>,
        error: object_store::Error,
    ) -> Error {
        match (self.head(sha256).await, range) {
            (Err(error), _) => error,
            (Ok(size), Some(range)) if range.start >= size.min(range.end) => {
                Unsatisfiable { size }.into()
            }
            _ => read_error(error),
        }
    }

    /// The length of stored content in bytes.
    ///
    /// # Errors
    /// [`crate::Kind::NotFound`], [`crate::Kind::Unavailable`].
    pub async fn head(&self, sha256: &[u8; 32]) -> Result<u64> {
        let object = self
            .objects()
            .head(&self.path(sha256))
            .await
            .map_err(read_error)?;
        Ok(object.size)
    }

    /// Removes content; what is not there is removed already.
    ///
    /// # Errors
    /// [`crate::Kind::Unavailable`].
    pub async fn delete(&self, sha256: &[u8; 32]) -> Result<()> {
        match self.objects().delete(&self.path(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// A link that downloads the content under a name, for `ttl` from `now`: a path and query of
    /// our own (`/media/…`, see [`SignedUrl`]) for a local folder, or the store's absolute URL,
    /// which lasts at most seven days.
    ///
    /// # Errors
    /// [`crate::Kind::Unavailable`] when S3's credentials cannot be had.
    pub async fn download_url(
        &self,
        sha256: &[u8; 32],
        filename: &str,
        content_type: &str,
        ttl: Duration,
        now: DateTime<Utc>,
    ) -> Result<String> {
        match &self.home {
            Home::Folder { .. } => Ok(SignedUrl {
                sha256: *sha256,
                expires: signed_url::expiry(now, ttl),
                filename: filename.to_owned(),
                content_type: content_type.to_owned(),
            }
            .sign(&self.link_secret)),
            Home::S3 { bucket, .. } => {
                let options = SignedUrlOptions::new().with_query([
                    (
                        "response-content-disposition",
                        content_disposition(filename),
                    ),
                    ("response-content-type", content_type.to_owned()),
                ]);
                let ttl = ttl.min(LONGEST_PRESIGNED);
                let url = bucket
                    .signed_url_opts(Method::GET, &self.path(sha256), ttl, &options)
                    .await;
                Ok(url.map_err(unavailable)?.into())
            }
        }
    }

    /// Checks a `/media/{sha256}?{query}` link that [`Blobs::download_url`] made.
    ///
    /// # Errors
    /// As [`SignedUrl::verify`].
    pub fn verify_link(&self, sha256: &str, query: &str, now: DateTime<Utc>) -> Result<SignedUrl> {
        SignedUrl::verify(sha256, query, now, &self.link_secret)
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        match &self.home {
            Home::Folder { files, .. } => Arc::clone(files) as _,
            Home::S3 { bucket, .. } => Arc::clone(bucket) as _,
        }
    }

    /// `ab/abcd…`: a name made of hexadecimal digits only, so it never leaves the folder.
    fn path(&self, sha256: &[u8; 32]) -> Path {
        let name = hex::encode(sha256);
        let folder: String = name.chars().take(2).collect();
        let prefix = match &self.home {
            Home::Folder { .. } => Path::default(),
            Home::S3 { prefix, .. } => prefix.clone(),
        };
        prefix.join(folder).join(name)
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blobs").field(&self.objects()).finish()
    }
}

impl fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobStream")
            .field("size", &self.size)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

fn read_error(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::not_found("file"),
        error => unavailable(error),
    }
}
