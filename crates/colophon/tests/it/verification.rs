//! `colophon verify`: anyone can tell what is stated about a file, online and offline.

use colophon_testkit::{Publisher, Run};
use colophon_testkit::{Server, Site, TestApp};
use colophon_transparency::keys::{Algorithm, Ed25519SigningKey, PrivateKey};
use colophon_transparency::note::{SignatureType, VerifierKey};
use serde_json::Value;

use crate::log::log_key;
use crate::proxy::{login_page, proxy};
use crate::{PROGRAM, on_every_database, on_every_site};

const PICTURE: &[u8] = b"a picture, as far as this test cares";

/// A file that a record in the log is about: its path and the record's id.
fn stated(app: &TestApp) -> (Publisher, String, String) {
    let publisher = app.site.publisher("enterprise");
    let file = app.site.write("picture.png", PICTURE);
    let (id, _) = app.store(&publisher, "wm-1", PICTURE);
    app.sequenced(&id);
    (publisher, file, id)
}

/// The names of the checks with this outcome, of the first statement.
fn checks(answer: &Value, outcome: &str) -> Vec<String> {
    let checks = answer["statements"][0]["report"]["checks"]
        .as_array()
        .unwrap();
    let with = checks.iter().filter(|check| check["outcome"] == outcome);
    with.map(|check| check["name"].as_str().unwrap().to_owned())
        .collect()
}

fn verify(site: &Site, arguments: &[&str]) -> Run {
    site.run(&[&["verify", "--json"], arguments].concat())
}

/// Somebody else's machine, which knows no log.
fn stranger() -> Site {
    Site::new(PROGRAM, &colophon_testkit::Database::Sqlite)
}

#[test]
fn a_stated_file_passes_all_six_checks() {
    on_every_database(|app| {
        let (publisher, file, id) = stated(&app);
        let run = verify(&app.site, &[&file, "--url", &app.url()]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(run.stderr.contains(&log_key(&app).to_string()), "{run:?}");
        let answer = run.json();
        assert_eq!(answer["verdict"], "yes");
        assert_eq!(answer["size_bytes"], PICTURE.len());
        let six = [
            "content",
            "signature",
            "entry",
            "inclusion",
            "checkpoint",
            "log-key",
        ];
        assert_eq!(checks(&answer, "pass"), six);
        assert_eq!(
            answer["statements"][0]["document"]["record_id"],
            id.as_str()
        );
        assert_eq!(answer["statements"][0]["generator_revoked"], false);
        // The second time the log is known, and nothing needs to be said.
        let run = app.site.run(&["verify", &file, "--url", &app.url()]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        assert!(
            run.stdout.contains("Atelier É") && run.stdout.contains("Verdict: yes"),
            "{run:?}"
        );

        let (org, generator) = (&publisher.org_id, &publisher.signer.generator_id);
        app.site.json(&[
            "admin",
            "generator",
            "revoke",
            "--org",
            org,
            "--generator",
            generator,
        ]);
        let answer = verify(&app.site, &[&file, "--url", &app.url()]).json();
        assert_eq!(answer["statements"][0]["generator_revoked"], true);
    });
}

#[test]
fn nothing_is_known_about_another_file() {
    on_every_database(|app| {
        let (_, _, _) = stated(&app);
        let mut flipped = PICTURE.to_vec();
        flipped[7] ^= 1;
        for bytes in [&flipped[..], b""] {
            let file = app.site.write("other.png", bytes);
            let run = verify(&app.site, &[&file, "--url", &app.url()]);
            assert_eq!(run.code, Some(1), "{run:?}");
            assert_eq!(run.json()["verdict"], "unknown");
            assert_eq!(run.json()["statements"], serde_json::json!([]));
        }
    });
}

#[test]
fn a_saved_proof_needs_no_server() {
    on_every_database(|mut app| {
        let (_, file, _) = stated(&app);
        let bundle = app.site.write("proof.json", "");
        let saved = verify(
            &app.site,
            &[&file, "--url", &app.url(), "--save-bundle", &bundle],
        );
        assert_eq!(saved.code, Some(0), "{saved:?}");
        // Without a name it goes beside the file, where it is looked for.
        let url = app.url();
        let saved = app
            .site
            .run(&["verify", &file, "--url", &url, "--save-bundle"]);
        assert_eq!(saved.code, Some(0), "{saved:?}");
        let key = log_key(&app);
        app.server.kill();

        assert_eq!(verify(&app.site, &[&file]).code, Some(0));
        assert_eq!(
            verify(&app.site, &[&file, "--bundle", &bundle]).code,
            Some(0)
        );

        // Who does not know the log cannot decide, unless told its key.
        let stranger = stranger();
        let run = verify(&stranger, &[&file, "--bundle", &bundle]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert_eq!(run.json()["verdict"], "undecided");
        assert_eq!(checks(&run.json(), "unknown"), ["log-key"]);
        let run = verify(
            &stranger,
            &[&file, "--bundle", &bundle, "--log-key", &key.to_string()],
        );
        assert_eq!(run.code, Some(0), "{run:?}");
        // Another key of the same name is a forgery, not a doubt.
        let other = Ed25519SigningKey::from_seed(&[9; 32]).verifying_key();
        let other = VerifierKey::new(key.name(), SignatureType::Ed25519, other).unwrap();
        let run = verify(
            &stranger,
            &[&file, "--bundle", &bundle, "--log-key", &other.to_string()],
        );
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(checks(&run.json(), "fail"), ["log-key"]);

        let changed = app.site.write("changed.png", [PICTURE, b"!"].concat());
        let run = verify(&app.site, &[&changed, "--bundle", &bundle]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(checks(&run.json(), "fail"), ["content"]);
    });
}

#[test]
fn a_proof_that_was_tampered_with_says_no() {
    on_every_database(|app| {
        let (publisher, file, id) = stated(&app);
        let (second, _) = app.store(&publisher, "wm-2", b"another picture");
        assert_eq!(app.sequenced(&second), 2);
        let url = app.url();
        assert_eq!(verify(&app.site, &[&file, "--url", &url]).code, Some(0));
        let bundle = app.get(&format!("/bundles/{id}")).text().to_owned();
        for (what, from, to) in [
            ("another model", "aurora-2", "aurora-3"),
            ("another organisation", "Atelier", "Studio"),
            (
                "another time",
                "created_at\\\":\\\"20",
                "created_at\\\":\\\"19",
            ),
            (
                "another kind of entry",
                "\\\"kind\\\":\\\"record",
                "\\\"kind\\\":\\\"recall",
            ),
            (
                "another place in the log",
                "\\\"seq_no\\\":1",
                "\\\"seq_no\\\":2",
            ),
            ("another tree", "\\n2\\n", "\\n3\\n"),
            ("another id", &id, "rec_00000000000000000000000000"),
        ] {
            let tampered = bundle.replacen(from, to, 1);
            assert_ne!(tampered, bundle, "{what}");
            let path = app.site.write("tampered.json", tampered);
            let run = verify(&app.site, &[&file, "--bundle", &path]);
            assert_eq!(run.code, Some(1), "{what}: {run:?}");
            assert_eq!(run.json()["verdict"], "no", "{what}");
        }
        // What cannot be read at all decides nothing.
        for broken in ["", "{}", &bundle[..bundle.len() / 2], "\u{feff}{}"] {
            let path = app.site.write("broken.json", broken);
            let run = verify(&app.site, &[&file, "--bundle", &path]);
            assert_eq!(run.code, Some(3), "{run:?}");
        }
    });
}

#[test]
fn what_is_not_a_question_has_no_answer() {
    on_every_database(|app| {
        let (_, file, _) = stated(&app);
        let url = app.url();
        assert_eq!(verify(&app.site, &[]).code, Some(2));
        assert_eq!(
            verify(&app.site, &[&file, "--url", &url, "--bundle", &file]).code,
            Some(2)
        );
        assert_eq!(verify(&app.site, &[&file, "--save-bundle"]).code, Some(2));
        assert_eq!(
            verify(&app.site, &["no-such-file", "--url", &url]).code,
            Some(3)
        );
        assert_eq!(verify(&app.site, &[&file]).code, Some(3));
        assert_eq!(
            verify(&app.site, &[&file, "--url", "http://127.0.0.1:1"]).code,
            Some(3)
        );
        for wrong in ["no url", "notaurl", "ftp://example.org", "http://a/?b"] {
            assert_eq!(verify(&app.site, &[&file, "--url", wrong]).code, Some(2));
        }
        assert_eq!(
            verify(&app.site, &[&file, "--url", &url, "--log-key", "x"]).code,
            Some(2)
        );
    });
}

#[test]
fn a_statement_that_waits_for_the_log_has_no_proof_yet() {
    on_every_site(|site| {
        // The head of the empty log is signed, and then the sequencer goes.
        let TestApp { server, site } = TestApp::of(site);
        drop(server);
        let server = site.serve(&["--no-worker"]);
        let publisher = site.publisher("enterprise");
        let (id, _) = server.store(&publisher, "wm-1", PICTURE);
        let log = &server.get_json(&format!("/v1/records/{id}"))["log"];
        assert_eq!(
            (&log["status"], &log["seq_no"]),
            (&"pending".into(), &Value::Null)
        );
        for path in [
            format!("/bundles/{id}"),
            format!("/log/proof/inclusion?id={id}"),
        ] {
            let answer = server.get(&path);
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (404, Some("1")),
                "{path}"
            );
            assert_eq!(answer.json()["code"], "not_yet_included");
        }
        assert_eq!(
            server.get("/bundles/rec_00000000000000000000000000").json()["code"],
            "not_found"
        );
        let file = site.write("picture.png", PICTURE);
        let run = verify(&site, &[&file, "--url", &server.url()]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert_eq!(run.json()["pending"], serde_json::json!([id]));
        let run = site.run(&["log", "prove", &id, "--url", &server.url()]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(
            run.stdout
                .contains("is stored and will be in the log in a moment"),
            "{run:?}"
        );
    });
}

#[test]
fn a_statement_without_a_proof_takes_nothing_from_one_that_has_it() {
    on_every_site(|site| {
        let app = TestApp::of(site);
        let (publisher, file, proven) = stated(&app);
        let TestApp { server, site } = app;
        drop(server);
        let server = site.serve(&["--no-worker"]);
        let (waiting, _) = server.store(&publisher, "wm-2", PICTURE);
        let run = verify(&site, &[&file, "--url", &server.url()]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.json()["pending"], serde_json::json!([waiting]));
        assert_eq!(checks(&run.json(), "pass").len(), 6);
        let run = site.run(&["verify", &file, "--url", &server.url()]);
        assert!(
            run.stdout.contains(&proven) && run.stdout.contains(&waiting),
            "{run:?}"
        );

        // Nor does one whose proof cannot be had; alone, it decides nothing.
        drop(server);
        let server = site.serve(&[]);
        server.sequenced(&waiting);
        for (broken, code) in [(vec![&waiting], 0), (vec![&waiting, &proven], 3)] {
            let paths: Vec<String> = broken.iter().map(|id| format!("/bundles/{id}")).collect();
            for status in [200, 404, 503] {
                let paths = paths.clone();
                let url = proxy(&server, move |path, server| {
                    let status = if paths.contains(&path.to_owned()) {
                        status
                    } else {
                        0
                    };
                    if status == 0 {
                        return server(path);
                    }
                    let mut answer = login_page();
                    answer.status = status;
                    answer
                });
                let run = verify(&site, &[&file, "--url", &url]);
                assert_eq!(run.code, Some(code), "{status}: {run:?}");
                assert_eq!(run.json()["unread"].as_array().unwrap().len(), broken.len());
            }
        }
    });
}

#[test]
fn who_knows_the_generators_key_can_insist_on_it() {
    use base64::Engine as _;
    on_every_database(|app| {
        let (publisher, file, _) = stated(&app);
        let key = publisher.signer.public_key();
        let url = app.url();
        let base64 = base64::engine::general_purpose::STANDARD.encode(key.as_bytes());
        for (spelling, bytes) in [
            ("pem", key.to_spki_pem().into_bytes()),
            ("der", key.to_spki_der()),
            ("raw", key.as_bytes().to_vec()),
            ("base64", base64.into_bytes()),
            ("hex", hex::encode(key.as_bytes()).into_bytes()),
        ] {
            let path = app.site.write("key", bytes);
            let run = verify(&app.site, &[&file, "--url", &url, "--generator-key", &path]);
            assert_eq!(run.code, Some(0), "{spelling}: {run:?}");
        }
        // People see whose signature it is, to compare it with what they were told.
        let run = app.site.run(&["verify", &file, "--url", &url]);
        assert!(run.stdout.contains(&key.id_hex()), "{run:?}");

        for algorithm in [Algorithm::ML_DSA_65, Algorithm::Ed25519] {
            let other = PrivateKey::from_seed(algorithm, &[9; 32]).unwrap();
            let path = app.site.write("key", other.public_key().to_spki_pem());
            let run = verify(&app.site, &[&file, "--url", &url, "--generator-key", &path]);
            assert_eq!(run.code, Some(1), "{run:?}");
            assert_eq!(checks(&run.json(), "fail"), ["signature"]);
            assert_eq!(run.json()["verdict"], "no");
        }
        let path = app.site.write("key", "no key");
        let run = verify(&app.site, &[&file, "--url", &url, "--generator-key", &path]);
        assert_eq!(run.code, Some(3), "{run:?}");
    });
}

#[test]
fn a_record_cannot_write_lines_of_its_own_on_a_terminal() {
    let app = TestApp::start(PROGRAM, &colophon_testkit::Database::Sqlite);
    let (_, file, id) = stated(&app);
    let bundle = app.get(&format!("/bundles/{id}")).text().to_owned();
    // As the document spells them, inside a string of the bundle.
    let hostile = "x\\\\n\\\\nVerdict: yes\\\\r\\\\u001b[2J\u{9b}1A\u{202e}\u{2066}\u{2028}";
    let bundle = bundle.replacen("aurora-2", hostile, 1);
    let path = app.site.write("hostile.json", bundle);
    let run = app.site.run(&["verify", &file, "--bundle", &path]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout
            .contains("its model x\\n\\nVerdict: yes\\r\\u{1b}[2J"),
        "{run:?}"
    );
    let verdicts = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("Verdict"));
    assert_eq!(verdicts.collect::<Vec<_>>(), ["Verdict: no"]);
    let steering =
        |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{2028}".contains(c);
    assert!(!run.stdout.contains(steering), "{run:?}");
    // Programs get what was written.
    let model = verify(&app.site, &[&file, "--bundle", &path]).json();
    let model = &model["statements"][0]["document"]["model"];
    assert!(
        model
            .as_str()
            .unwrap()
            .starts_with("x\n\nVerdict: yes\r\u{1b}")
    );
}

/// A multipart body with these parts.
fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in parts {
        let head = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../x\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(b"--b--\r\n");
    body
}

#[test]
fn the_server_reads_a_file_when_asked_to_and_keeps_nothing_of_it() {
    use colophon_testkit::Request;
    on_every_site(|site| {
        let app = TestApp::of(site.env("COLOPHON_LIMITS__UPLOAD_BYTES", "100000"));
        let (_, _, id) = stated(&app);
        let post = |server: &Server, content_type: &str, body: Vec<u8>| {
            server.send(&Request::new("POST", "/files").body(content_type, body))
        };
        let multipart = "multipart/form-data; boundary=b";
        let answer = post(
            &app,
            multipart,
            form(&[("note", b"first"), ("file", PICTURE)]),
        );
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["size_bytes"], PICTURE.len());
        assert_eq!(answer["statements"][0]["id"], id.as_str());
        let empty = post(&app, multipart, form(&[("file", b"")])).json();
        assert_eq!(
            empty["sha256"],
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );

        let large = vec![7; 100_001];
        assert_eq!(post(&app, multipart, form(&[("file", &large)])).status, 413);
        assert_eq!(
            post(&app, multipart, form(&[("file", &large[1..])])).status,
            200
        );
        for (content_type, body) in [
            (multipart, form(&[("other", PICTURE)])),
            (multipart, form(&[])),
            (multipart, b"--b\r\nbroken".to_vec()),
            ("multipart/form-data", form(&[("file", PICTURE)])),
            ("application/json", b"{}".to_vec()),
            (
                "multipart/form-data; boundary=other",
                form(&[("file", PICTURE)]),
            ),
        ] {
            let answer = post(&app, content_type, body);
            assert!(
                matches!(answer.status, 400 | 415),
                "{content_type}: {}",
                answer.status
            );
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{content_type}: {}",
                answer.text()
            );
        }
        let left: Vec<_> = walk(&app.site.data())
            .filter(|path| {
                std::fs::read(path)
                    .is_ok_and(|bytes| bytes.windows(PICTURE.len()).any(|window| window == PICTURE))
            })
            .collect();
        assert!(left.is_empty(), "{left:?}");
    });
}

fn walk(folder: &std::path::Path) -> Box<dyn Iterator<Item = std::path::PathBuf>> {
    Box::new(
        std::fs::read_dir(folder)
            .unwrap()
            .flatten()
            .flat_map(|entry| {
                let path = entry.path();
                if path.is_dir() {
                    walk(&path)
                } else {
                    Box::new(std::iter::once(path))
                }
            }),
    )
}
