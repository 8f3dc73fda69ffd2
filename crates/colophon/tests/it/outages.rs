//! When the ground gives way, callers hear it clearly, nothing is half written, and the server is
//! there when the ground is back.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use colophon_testkit::{Answer, Database, Postgres, Request, Site, TestApp};

use crate::{PROGRAM, at_once};

#[test]
fn a_database_that_goes_away_is_503_until_it_is_back() {
    let Some(cluster) = Postgres::start() else {
        return;
    };
    let app = TestApp::start(PROGRAM, &Database::Postgres(cluster.database()));
    let publisher = app.site.publisher("enterprise");
    let (before, _) = app.store(&publisher, "before", b"x");
    app.sequenced(&before);
    let during = publisher.signer.record("during", b"x").to_json();
    let post = Request::new("POST", "/v1/records")
        .bearer(&publisher.secret)
        .json(during);
    let requests = [
        post.clone(),
        post.clone().header("Idempotency-Key", "a"),
        Request::new("GET", &format!("/v1/records/{before}")),
        Request::new("GET", &format!("/bundles/{before}")),
        Request::new("GET", "/api/v1/transparency/sth"),
        Request::new("GET", "/log/checkpoint"),
    ];

    cluster.stop();
    assert_eq!(app.get("/v1/healthz").status, 200);
    assert_eq!(app.get("/.well-known/jwks.json").status, 200);
    for answer in at_once(requests.len(), |number| app.send(&requests[number])) {
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some());
        assert!(
            !answer.text().contains("sqlx") && !answer.text().contains("127.0.0.1"),
            "{}",
            answer.text()
        );
    }
    let ready = app.get("/v1/readyz");
    assert_eq!(
        (ready.status, &ready.json()["checks"]["database"]),
        (503, &"unavailable".into())
    );

    cluster.start_again();
    let answer = until(201, || app.send(&post));
    let id = answer.json()["record_id"].as_str().unwrap().to_owned();
    assert_eq!(app.sequenced(&id), 2);
    assert_eq!(app.get(&format!("/v1/records/{before}")).status, 200);
    until(200, || app.get("/v1/readyz"));
    assert_eq!(app.site.run(&["log", "audit", "--json"]).code, Some(0));
}

/// Asks until the answer has this status, for at most ten seconds.
fn until(status: u16, ask: impl Fn() -> Answer) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "{}: {}",
            answer.status,
            answer.text()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A small file system of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, after a plain message, for users who may not mount.
    fn mount(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={megabytes}m,mode=0700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "colophon-test"])
            .arg(at)
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("skipped: a disk that is full needs the right to mount one");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_503_until_there_is_room_and_loses_nothing() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let Some(_disk) = SmallDisk::mount(&site.data(), 6) else {
        return;
    };
    let app = TestApp::of(site);
    let publisher = app.site.publisher("enterprise");
    let filler = app.site.data().join("filler");
    // Leaves some hundred kilobytes.
    std::fs::write(&filler, vec![7; 1 << 20]).unwrap();
    while std::fs::OpenOptions::new()
        .append(true)
        .open(&filler)
        .and_then(|mut file| std::io::Write::write_all(&mut file, &[7; 64 << 10]))
        .is_ok()
    {}
    let length = std::fs::metadata(&filler).unwrap().len();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(&filler)
        .unwrap();
    file.set_len(length - (300 << 10)).unwrap();
    drop(file);

    let mut stored = Vec::new();
    let refused = (0..2_000).find_map(|number| {
        let body = publisher
            .signer
            .record(&format!("wm-{number}"), b"x")
            .to_json();
        let answer = app.post_record(&publisher.secret, body);
        if answer.status == 201 {
            stored.push(answer.json()["record_id"].as_str().unwrap().to_owned());
            return None;
        }
        Some((number, answer))
    });
    let (number, refused) = refused.expect("the disk never fills");
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (503, &"temporarily_unavailable".into())
    );
    assert!(refused.header("retry-after").is_some());
    // Reading goes on.
    assert_eq!(app.get("/v1/healthz").status, 200);
    for id in &stored {
        assert_eq!(app.get(&format!("/v1/records/{id}")).status, 200);
    }

    std::fs::remove_file(&filler).unwrap();
    let body = publisher
        .signer
        .record(&format!("wm-{number}"), b"x")
        .to_json();
    let answer = until(201, || app.post_record(&publisher.secret, body.clone()));
    stored.push(answer.json()["record_id"].as_str().unwrap().to_owned());
    for id in &stored {
        app.sequenced(id);
    }
    let audit = app.site.run(&["log", "audit", "--json"]);
    assert_eq!(audit.code, Some(0), "{audit:?}");
    assert_eq!(audit.json()["entries"], stored.len());
}

#[test]
fn a_database_locked_by_another_process_is_waited_for() {
    let app = TestApp::start(PROGRAM, &Database::Sqlite);
    let publisher = app.site.publisher("enterprise");
    app.store(&publisher, "before", b"x");
    let url = format!("sqlite:{}", app.site.data().join("colophon.db").display());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let db = runtime.block_on(colophon_db::Db::open(&url)).unwrap();
    let locked = std::sync::Arc::new(std::sync::Barrier::new(2));
    let held = std::sync::Arc::clone(&locked);
    let writer = std::thread::spawn(move || {
        runtime.block_on(db.write(|tx, _| {
            let held = std::sync::Arc::clone(&held);
            Box::pin(async move {
                tx.exec("UPDATE setting SET value = value", []).await?;
                held.wait();
                tokio::time::sleep(Duration::from_secs(2)).await;
                Ok::<_, colophon_db::Error>(())
            })
        }))
    });
    locked.wait();
    let started = Instant::now();
    // Readers do not wait for a writer; a writer waits its turn.
    assert_eq!(app.get("/log/checkpoint").status, 200);
    assert!(started.elapsed() < Duration::from_secs(1));
    app.store(&publisher, "after", b"x");
    assert!(started.elapsed() > Duration::from_secs(1));
    writer.join().unwrap().unwrap();
}
