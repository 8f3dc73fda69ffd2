//! What file storage promises, in a local folder and on S3.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod s3_fake;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use colophon_core::media::{self, Blobs, LinkSecret, Options, S3Options};
use colophon_core::{Error, Kind};
use colophon_db::{Clock, Db};
use colophon_testkit::Postgres;
use colophon_transparency::digest::FileDigests;
use futures::stream::{self, Stream, StreamExt, TryStreamExt};
use s3_fake::Bucket;
use tempfile::TempDir;

const LIMIT: u64 = 64 << 20;
const SECRET: LinkSecret = [9; 32];

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// Storage for one test, and where its uploads wait.
struct Storage {
    blobs: Blobs,
    folder: TempDir,
    bucket: Option<Bucket>,
}

impl Storage {
    async fn local() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().to_str().unwrap();
        let blobs = Blobs::open(url, options(folder.path()), now())
            .await
            .unwrap();
        Self {
            blobs,
            folder,
            bucket: None,
        }
    }

    async fn s3() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::default();
        let s3 = s3_options(&bucket.serve().await);
        let options = Options {
            s3,
            ..options(folder.path())
        };
        let blobs = Blobs::open("s3://bucket/some/prefix", options, now())
            .await
            .unwrap();
        Self {
            blobs,
            folder,
            bucket: Some(bucket),
        }
    }

    /// Uploads that have not got their names.
    fn unfinished(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("incoming"))
            .unwrap()
            .count()
    }

    /// Names of everything stored.
    fn names(&self) -> Vec<String> {
        if let Some(bucket) = &self.bucket {
            return bucket.keys();
        }
        let mut names = Vec::new();
        for folder in std::fs::read_dir(self.folder.path()).unwrap() {
            let folder = folder.unwrap().path();
            for file in std::fs::read_dir(folder).unwrap() {
                names.push(file.unwrap().file_name().into_string().unwrap());
            }
        }
        names
    }
}

fn options(folder: &Path) -> Options {
    Options {
        incoming: folder.join("incoming"),
        link_secret: SECRET.into(),
        s3: S3Options::default(),
    }
}

fn s3_options(endpoint: &str) -> S3Options {
    S3Options {
        endpoint: Some(endpoint.to_owned()),
        region: Some("eu-central-1".into()),
        access_key_id: Some("id".into()),
        secret_access_key: Some("secret".to_owned().into()),
        allow_http: true,
    }
}

fn content(length: usize) -> Vec<u8> {
    (0..length)
        .map(|position| (position * 31 % 251) as u8)
        .collect()
}

fn pieces(content: &[u8], length: usize) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let pieces: Vec<_> = content
        .chunks(length)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

async fn put(blobs: &Blobs, content: &[u8]) -> FileDigests {
    blobs
        .put_stream(pieces(content, 10_000), LIMIT)
        .await
        .unwrap()
}

async fn get(blobs: &Blobs, sha256: &[u8; 32], range: Option<Range<u64>>) -> Vec<u8> {
    let blob = blobs.get_range(sha256, range).await.unwrap();
    let bytes: Vec<Bytes> = blob.stream.try_collect().await.unwrap();
    let bytes = bytes.concat();
    assert_eq!(bytes.len() as u64, blob.range.end - blob.range.start);
    bytes
}

async fn content_comes_back_whole_and_in_parts(storage: &Storage) {
    let blobs = &storage.blobs;
    for length in [0, 1, 100_000] {
        let content = content(length);
        let stored = put(blobs, &content).await;
        assert_eq!(stored, FileDigests::of(&content));
        assert_eq!(blobs.head(&stored.sha256).await.unwrap(), length as u64);
        assert_eq!(get(blobs, &stored.sha256, None).await, content);
    }
    let content = content(100_000);
    let sha256 = FileDigests::of(&content).sha256;
    for range in [0..1, 0..100_000, 99_999..100_000, 500..70_000] {
        let expected = &content[range.start as usize..range.end as usize];
        assert_eq!(get(blobs, &sha256, Some(range)).await, expected);
    }
    let beyond_the_end = blobs
        .get_range(&sha256, Some(99_990..200_000))
        .await
        .unwrap();
    assert_eq!(
        (beyond_the_end.size, beyond_the_end.range),
        (100_000, 99_990..100_000)
    );
    for range in [100_000..100_001, 5..5] {
        let error = blobs.get_range(&sha256, Some(range)).await.unwrap_err();
        assert_eq!(error.kind, Kind::RangeNotSatisfiable);
    }

    blobs.delete(&sha256).await.unwrap();
    blobs.delete(&sha256).await.unwrap();
    assert_eq!(blobs.head(&sha256).await.unwrap_err().kind, Kind::NotFound);
    let error = blobs.get_range(&sha256, Some(0..1)).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(storage.unfinished(), 0);
    blobs.ready().await.unwrap();
}

#[tokio::test]
async fn content_comes_back_from_a_folder() {
    content_comes_back_whole_and_in_parts(&Storage::local().await).await;
}

#[tokio::test]
async fn content_comes_back_from_s3() {
    content_comes_back_whole_and_in_parts(&Storage::s3().await).await;
}

#[tokio::test]
async fn large_content_goes_to_s3_in_parts() {
    let storage = Storage::s3().await;
    let content = content(17 << 20);
    let stored = put(&storage.blobs, &content).await;
    assert!(get(&storage.blobs, &stored.sha256, None).await == content);
    let name = hex::encode(stored.sha256);
    assert_eq!(
        storage.names(),
        [format!("/bucket/some/prefix/{}/{name}", &name[..2])]
    );
    assert_eq!(storage.unfinished(), 0);
}

#[tokio::test]
async fn the_limit_is_the_last_byte_allowed() {
    let storage = Storage::local().await;
    let content = content(30_000);
    let accepted = storage
        .blobs
        .put_stream(pieces(&content, 7_000), 30_000)
        .await
        .unwrap();
    assert_eq!(accepted.size, 30_000);
    let error = storage
        .blobs
        .put_stream(pieces(&content, 7_000), 29_999)
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.code), (Kind::TooLarge, "too_large"));
    assert!(error.detail.contains("29999"));
    let error = storage
        .blobs
        .digest(pieces(&content, 7_000), 29_999)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert_eq!((storage.unfinished(), storage.names().len()), (0, 1));
}

#[tokio::test]
async fn an_endless_upload_ends_at_the_limit() {
    let storage = Storage::local().await;
    let piece = Bytes::from(vec![0; 64 << 10]);
    let endless = stream::repeat_with(move || Ok::<_, Error>(piece.clone()));
    let error = storage
        .blobs
        .put_stream(endless, 1 << 20)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert_eq!(storage.unfinished(), 0);
}

#[tokio::test]
async fn a_digest_keeps_nothing() {
    let storage = Storage::local().await;
    let content = content(50_000);
    let digests = storage
        .blobs
        .digest(pieces(&content, 7_000), LIMIT)
        .await
        .unwrap();
    assert_eq!(digests, FileDigests::of(&content));
    assert_eq!((storage.unfinished(), storage.names().len()), (0, 0));
}

#[tokio::test]
async fn a_client_that_stalls_or_breaks_off_leaves_nothing() {
    let storage = Storage::local().await;
    let content = content(200_000);
    let stalled = pieces(&content, 10_000).chain(stream::pending());
    let upload = storage.blobs.put_stream(stalled, LIMIT);
    tokio::time::timeout(Duration::from_millis(300), upload)
        .await
        .unwrap_err();
    let refused = || {
        Err(Error::new(
            Kind::Invalid,
            "upload_interrupted",
            "The upload broke off.",
        ))
    };
    let broken = pieces(&content, 10_000).chain(stream::once(async move { refused() }));
    let error = storage.blobs.put_stream(broken, LIMIT).await.unwrap_err();
    assert_eq!(error.code, "upload_interrupted");
    assert_eq!((storage.unfinished(), storage.names().len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_at_once_is_one_file() {
    for storage in [Storage::local().await, Storage::s3().await] {
        let content = content(500_000);
        let uploads = (0..8).map(|_| put(&storage.blobs, &content));
        let stored = futures::future::join_all(uploads).await;
        assert!(stored.iter().all(|digests| *digests == stored[0]));
        assert_eq!((storage.names().len(), storage.unfinished()), (1, 0));
        assert!(get(&storage.blobs, &stored[0].sha256, None).await == content);
    }
}

/// Not a test of its own: what the next test runs in a process alone.
#[tokio::test]
#[ignore = "run by an_upload_needs_little_memory"]
async fn store_a_large_file() {
    let storage = Storage::local().await;
    let piece = Bytes::from(vec![1; 64 << 10]);
    let large = stream::iter((0..512).map(move |_| Ok::<_, Error>(piece.clone())));
    let before = peak_memory();
    let stored = storage.blobs.put_stream(large, LIMIT).await.unwrap();
    assert_eq!(stored.size, 32 << 20);
    let grown = peak_memory() - before;
    assert!(grown < 12 << 20, "{} MiB for 32 MiB", grown >> 20);
}

#[test]
fn an_upload_needs_little_memory() {
    let output = alone(
        Command::new(std::env::current_exe().unwrap()),
        "store_a_large_file",
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Runs one ignored test in a process of its own.
fn alone(mut command: Command, test: &str) -> Output {
    command
        .args([test, "--exact", "--ignored", "--nocapture"])
        .output()
        .unwrap()
}

/// The most this process ever had resident, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

#[tokio::test]
async fn uploads_of_killed_processes_are_removed_after_a_day() {
    let storage = Storage::local().await;
    let abandoned = storage.folder.path().join("incoming/upload-abandoned");
    std::fs::write(&abandoned, "half of it").unwrap();
    let url = storage.folder.path().to_str().unwrap();
    let open = |at| Blobs::open(url, options(storage.folder.path()), at);
    open(now() + TimeDelta::hours(23)).await.unwrap();
    assert!(abandoned.exists());
    open(now() + TimeDelta::hours(25)).await.unwrap();
    assert!(!abandoned.exists());
}

#[tokio::test]
async fn an_unreachable_s3_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let closed_port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let s3 = s3_options(&format!("http://{closed_port}"));
    let options = Options {
        s3,
        ..options(folder.path())
    };
    let blobs = Blobs::open("s3://bucket", options, now()).await.unwrap();
    let error = blobs
        .put_stream(pieces(b"content", 3), LIMIT)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after),
        (Kind::Unavailable, Some(1))
    );
    assert_eq!(blobs.ready().await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(
        std::fs::read_dir(folder.path().join("incoming"))
            .unwrap()
            .count(),
        0
    );
}

#[tokio::test]
async fn links_work_until_they_expire() {
    let storage = Storage::local().await;
    let stored = put(&storage.blobs, b"a certificate").await;
    let (start, ttl) = (now(), Duration::from_secs(60));
    let link =
        storage
            .blobs
            .download_url(&stored.sha256, "a & b.json", "application/json", ttl, start);
    let link = link.await.unwrap();
    let (sha256, query) = link
        .strip_prefix("/media/")
        .unwrap()
        .split_once('?')
        .unwrap();
    let read = storage.blobs.verify_link(sha256, query, start).unwrap();
    assert_eq!(
        (read.sha256, read.filename.as_str()),
        (stored.sha256, "a & b.json")
    );
    let late = storage
        .blobs
        .verify_link(sha256, query, start + TimeDelta::minutes(2));
    assert_eq!(late.unwrap_err().code, "link_expired");

    let storage = Storage::s3().await;
    let stored = put(&storage.blobs, b"a certificate").await;
    let link =
        storage
            .blobs
            .download_url(&stored.sha256, "a & b.json", "application/json", ttl, start);
    let link = link.await.unwrap();
    let query: Vec<_> = url::Url::parse(&link)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect();
    let value = |name: &str| {
        query
            .iter()
            .find(|(key, _)| key == name)
            .unwrap()
            .1
            .as_str()
    };
    assert_eq!(value("X-Amz-Expires"), "60");
    assert_eq!(value("response-content-type"), "application/json");
    assert!(value("response-content-disposition").starts_with("attachment; "));
    let body = reqwest::get(&link)
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    assert_eq!(body.bytes().await.unwrap().as_ref(), b"a certificate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_content_is_recorded_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut urls = vec![format!(
        "sqlite:{}",
        folder.path().join("test.db").display()
    )];
    urls.extend(Postgres::shared().map(Postgres::database));
    for url in urls {
        let db = Db::open(&url).await.unwrap();
        db.migrate(now()).await.unwrap();
        let digests = FileDigests::of(b"a picture");
        assert_eq!(media::find_blob(&db, &digests.sha256).await.unwrap(), None);
        for content_type in ["image/png", "text/plain"] {
            let recorded: Result<(), Error> = db
                .write(|tx, _| {
                    Box::pin(
                        async move { media::record_blob(tx, &digests, content_type, now()).await },
                    )
                })
                .await;
            recorded.unwrap();
        }
        let known = media::find_blob(&db, &digests.sha256)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((known.size, known.content_type.as_str()), (9, "image/png"));
    }
}

/// Not a test of its own: what the two tests below run where the disk is small.
#[tokio::test]
#[ignore = "run by the tests of a full disk"]
async fn store_on_a_small_disk() {
    let folder = PathBuf::from(std::env::var_os("SMALL_DISK").unwrap());
    let blobs = Blobs::open(folder.to_str().unwrap(), options(&folder), now())
        .await
        .unwrap();
    let small = put(&blobs, &content(100_000)).await;
    let error = blobs
        .put_stream(pieces(&content(4 << 20), 10_000), LIMIT)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(
        std::fs::read_dir(folder.join("incoming")).unwrap().count(),
        0
    );
    // The full disk has hurt nothing, and there is room again.
    assert_eq!(get(&blobs, &small.sha256, None).await, content(100_000));
    put(&blobs, &content(200_000)).await;
    println!(
        "\nthe system said: {}",
        std::error::Error::source(&error).unwrap()
    );
}

/// Runs `store_on_a_small_disk` under a shell that has made `$SMALL_DISK` small; returns what
/// it printed, or `None` when the shell could not.
fn on_a_small_disk(wrapper: &[&str], prepare: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("{prepare} || exit 77; exec \"$0\" \"$@\"");
    let mut command = Command::new(wrapper[0]);
    command
        .args(&wrapper[1..])
        .args(["sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("SMALL_DISK", folder.path());
    let output = alone(command, "store_on_a_small_disk");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let ran = printed.contains("running 1 test");
    assert!(
        !ran || output.status.success(),
        "{printed}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    ran.then_some(printed)
}

#[test]
fn a_full_disk_is_unavailable_and_nothing_is_half_written() {
    let unshare = ["unshare", "--map-root-user", "--mount"];
    let mount = "mount -t tmpfs -o size=1m tmpfs \"$SMALL_DISK\"";
    match on_a_small_disk(&unshare, mount) {
        Some(printed) => assert!(printed.contains("No space left on device"), "{printed}"),
        None => eprintln!("skipped: this system does not let us mount a small file system"),
    }
}

#[test]
fn a_file_the_system_refuses_to_grow_is_unavailable_and_nothing_is_half_written() {
    // 1 MiB in blocks of 512 bytes; ignored, the signal becomes an error of the write.
    let printed = on_a_small_disk(&["env"], "trap '' XFSZ && ulimit -f 2048").unwrap();
    assert!(printed.contains("File too large"), "{printed}");
}
