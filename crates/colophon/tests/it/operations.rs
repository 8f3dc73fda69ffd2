//! What an operator does: set up, look, run in several processes, stop.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use colophon_testkit::{Answer, Database, Request, Site, TestApp, databases};
use serde_json::{Value, json};

use crate::log::fill;
use crate::{PROGRAM, at_once, on_every_database, on_every_site};

#[test]
fn the_first_start_makes_everything_for_its_owner_alone() {
    on_every_site(|site| {
        let server = site.serve(&[]);
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&site.data()), 0o700);
        let keys: Vec<_> = std::fs::read_dir(site.data().join("keys"))
            .unwrap()
            .map(|key| key.unwrap().path())
            .collect();
        assert_eq!(keys.len(), 3);
        for key in keys {
            assert_eq!(mode(&key), 0o600, "{}", key.display());
        }
        assert_eq!(server.get("/v1/healthz").status, 200);
        server.terminate();
        let (status, printed) = server.into_process().wait();
        assert!(status.success());
        assert!(printed.contains("/console/setup?token="), "{printed}");
    });
}

#[test]
fn doctor_tells_a_sound_installation_from_a_broken_one() {
    on_every_site(|site| {
        let found = |run: &colophon_testkit::Run| -> Vec<Value> {
            run.stdout
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect()
        };
        assert_eq!(site.run(&["migrate"]).code, Some(0));
        let run = site.run(&["doctor", "--json"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let worker = |run| {
            found(run)
                .into_iter()
                .find(|finding| finding["what"] == "worker")
                .unwrap()
        };
        assert_eq!(worker(&run)["ok"], false);
        let server = site.serve(&[]);
        server.get("/v1/healthz");
        let run = site.run(&["doctor", "--json"]);
        assert!(
            found(&run).iter().all(|finding| finding["ok"] == true),
            "{run:?}"
        );
        assert!(
            !run.stdout.contains("postgres:") || run.stdout.contains("redacted"),
            "{run:?}"
        );
    });
    let site = Site::new(PROGRAM, &Database::Sqlite);
    for (option, value) in [
        ("--database-url", "mysql://nowhere"),
        ("--database-url", "sqlite:/no/such/folder/x.db"),
        (
            "--database-url",
            "postgres://nobody:secret@127.0.0.1:1/none?connect_timeout=1",
        ),
        ("--blob-url", "gopher://x"),
    ] {
        assert_eq!(site.run(&["migrate"]).code, Some(0));
        let run = site.run(&["doctor", "--json", option, value]);
        assert_eq!(run.code, Some(3), "{value}: {run:?}");
        assert!(
            run.stdout.contains("\"ok\":false") && !run.stdout.contains("secret"),
            "{run:?}"
        );
    }
}

#[test]
fn a_mistyped_folder_is_not_made_into_an_installation() {
    on_every_site(|site| {
        drop(site.serve(&[]));
        let typo = site.folder().join("colophon-dta");
        let empty = site.folder().join("empty");
        std::fs::create_dir(&empty).unwrap();
        for folder in [&typo, &empty] {
            let folder = folder.display().to_string();
            let database = format!("sqlite:{folder}/colophon.db");
            for command in [
                &["doctor"][..],
                &["log", "audit"],
                &["keys", "list"],
                &["keys", "rotate", "--purpose", "issuer"],
            ] {
                let given = ["--data", &folder, "--database-url", &database];
                let run = site.run(&[command, &given].concat());
                assert_eq!(run.code, Some(3), "{command:?}: {run:?}");
                let said = format!("{}{}", run.stdout, run.stderr);
                assert!(said.contains("no Colophon data in"), "{command:?}: {run:?}");
            }
        }
        assert!(!typo.exists());
        assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    });
}

#[test]
fn a_standard_output_that_takes_nothing_ends_no_command() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    drop(site.serve(&[]));
    for command in [
        &["config"][..],
        &["doctor"],
        &["keys", "export-public"],
        &["keys", "list"],
        &["log", "audit"],
    ] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let run = std::process::Command::new(PROGRAM)
            .args(command)
            .env("COLOPHON_DATA", site.data())
            .current_dir(site.folder())
            .stdout(full)
            .output()
            .unwrap();
        assert_eq!(run.status.code(), Some(0), "{command:?}: {run:?}");
    }
}

#[test]
fn the_configuration_is_layered_and_shown_without_its_secrets() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    site.write(
        "colophon.toml",
        "listen = '127.0.0.1:1111'\nlog_format = 'json'\n[limits]\nrecords_per_minute = 7\nuploads_per_minute = 8\n[s3]\nsecret_access_key = 's3cret'\n[keys]\nissuer = 'command:vault read --token s3cret'\n",
    );
    let site = site.env("COLOPHON_LIMITS__RECORDS_PER_MINUTE", "9").env(
        "COLOPHON_DATABASE_URL",
        "postgres://colophon:s3cret@db.example/colophon?sslmode=require&password=s3cret",
    );
    let run = site.run(&["config", "--blob-url", "/elsewhere"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for line in [
        "listen = \"127.0.0.1:1111\"",
        "log_format = \"json\"",
        "records_per_minute = 9",
        "uploads_per_minute = 0",
        "blob_url = \"/elsewhere\"",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    assert!(
        run.stdout.contains("db.example") && !run.stdout.contains("s3cret"),
        "{}",
        run.stdout
    );

    for (name, value) in [
        ("COLOPHON_LIMITS__NOTHING", "1"),
        ("COLOPHON_LISTEN", "x"),
        ("COLOPHON_LIMITS__UPLOADS_PER_MINUTE", "-1"),
    ] {
        let site = Site::new(PROGRAM, &Database::Sqlite).env(name, value);
        let run = site.run(&["config"]);
        assert_eq!(run.code, Some(3), "{name}: {run:?}");
        let field = name
            .rsplit("__")
            .next()
            .unwrap()
            .trim_start_matches("COLOPHON_")
            .to_lowercase();
        assert!(
            run.stderr.to_lowercase().contains(&field),
            "{name}: {run:?}"
        );
    }
}

#[test]
fn migrations_run_once_however_many_processes_start_at_once() {
    on_every_site(|site| {
        let runs = at_once(4, |_| site.run(&["migrate"]));
        assert!(runs.iter().all(|run| run.code == Some(0)), "{runs:?}");
        let ran = runs
            .iter()
            .filter(|run| run.stdout.contains("0001 "))
            .count();
        assert_eq!(ran, 1, "{runs:?}");
        let again = site.run(&["migrate"]);
        assert_eq!(
            (again.code, again.stdout.contains("up to date")),
            (Some(0), true),
            "{again:?}"
        );
    });
}

#[test]
fn many_processes_that_start_at_once_share_one_set_of_keys() {
    on_every_site(|site| {
        at_once(4, |_| site.organisation("free"));
        let runs = at_once(4, |_| {
            site.run(&["keys", "export-public", "--purpose", "log"])
        });
        assert!(runs.iter().all(|run| run.code == Some(0)), "{runs:?}");
        let mut keys: Vec<_> = runs.into_iter().map(|run| run.stdout).collect();
        keys.dedup();
        assert_eq!(keys.len(), 1);
    });
}

#[test]
fn the_worker_may_be_a_process_of_its_own() {
    on_every_site(|site| {
        let server = site.serve(&["--no-worker"]);
        let ready = || server.get("/v1/readyz");
        assert_eq!(ready().status, 503);
        assert_eq!(ready().json()["checks"]["worker"], "unavailable");
        assert_eq!(ready().json()["checks"]["database"], "ok");
        assert_eq!(server.get("/v1/healthz").status, 200);
        // Before the first head is signed, there is none to show.
        let early = server.get("/log/checkpoint");
        assert_eq!(
            (early.status, early.header("retry-after")),
            (503, Some("1"))
        );
        let publisher = site.publisher("enterprise");
        let (id, _) = server.store(&publisher, "wm-1", b"x");

        let worker = site.work();
        server.sequenced(&id);
        let deadline = Instant::now() + Duration::from_secs(5);
        while ready().status != 200 {
            assert!(Instant::now() < deadline, "{}", ready().text());
            std::thread::sleep(Duration::from_millis(50));
        }
        worker.terminate();
        assert!(worker.wait().0.success());
    });
}

#[test]
fn a_request_under_way_is_finished_before_the_server_stops() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let request = Request::new("POST", "/v1/records")
            .bearer(&publisher.secret)
            .json(body)
            .to_bytes();
        let (first, rest) = request.split_at(request.len() - 100);
        let mut stream = app.connect();
        stream.write_all(first).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let TestApp { server, site } = app;
        server.terminate();
        std::thread::sleep(Duration::from_millis(500));
        assert!(
            std::net::TcpStream::connect(server.address).is_err(),
            "it still takes connections"
        );
        stream.write_all(rest).unwrap();
        let answer = Answer::read(&mut stream).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        let asked = Instant::now();
        assert!(server.into_process().wait().0.success());
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "it takes long to stop"
        );

        let again = site.serve(&[]);
        again.sequenced(answer.json()["record_id"].as_str().unwrap());
    });
}

#[test]
fn two_servers_on_one_database_write_one_log() {
    on_every_site(|site| {
        let (one, other) = (site.serve(&[]), site.serve(&[]));
        let publisher = site.publisher("enterprise");
        let ids = at_once(8, |client| {
            let server = [&one, &other][client % 2];
            (0..25)
                .map(|number| {
                    server
                        .store(&publisher, &format!("wm-{client}-{number}"), b"x")
                        .0
                })
                .collect::<Vec<_>>()
        });
        let ids = ids.concat();
        let mut numbers: Vec<u64> = ids.iter().map(|id| one.sequenced(id)).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=200).collect::<Vec<u64>>());
        assert_eq!(
            one.get("/log/checkpoint").body,
            other.get("/log/checkpoint").body
        );

        // One dies without a word: the other takes over.
        let mut one = one;
        one.kill();
        let (id, _) = other.store(&publisher, "after", b"x");
        assert_eq!(other.sequenced(&id), 201);
        let audit = site.run(&["log", "audit", "--json"]);
        assert_eq!(
            (audit.code, &audit.json()["entries"]),
            (Some(0), &json!(201)),
            "{audit:?}"
        );
    });
}

#[test]
fn credits_are_granted_once_however_often_it_is_said() {
    on_every_site(|site| {
        let org = site.organisation("free");
        let grant = |amount: &str, key: &str| {
            let arguments = [
                "admin", "credits", "grant", "--json", "--org", &org, "--reason", "test",
            ];
            let amount = format!("--amount={amount}");
            site.run(&[&arguments[..], &[&amount, "--idempotency-key", key]].concat())
        };
        let runs = at_once(4, |_| grant("100", "a"));
        for run in runs {
            assert_eq!(
                (run.code, &run.json()["balance"]),
                (Some(0), &json!(100)),
                "{run:?}"
            );
        }
        assert_eq!(grant("50", "b").json()["balance"], 150);
        // The key stands for one movement.
        assert_eq!(grant("7", "b").code, Some(3));
        // A balance is never below nothing, and never beyond what can be counted.
        assert_eq!(grant("-151", "c").code, Some(3));
        assert_eq!(grant("9223372036854775807", "d").code, Some(3));
        assert_eq!(grant("1", "e").json()["balance"], 151);
    });
}

#[test]
fn an_admin_command_says_what_is_wrong() {
    on_every_site(|site| {
        let org = site.organisation("free");
        let key = site.write("key.txt", "not a key");
        let unknown = "org_00000000000000000000000000";
        let none = "gen_00000000000000000000000000";
        for arguments in [
            vec!["org", "create", "--name", "x", "--plan", "golden"],
            vec!["key", "create", "--org", "x", "--kind", "certivu"],
            vec!["key", "create", "--org", none, "--kind", "certivu"],
            vec!["key", "create", "--org", &org, "--kind", "golden"],
            vec!["key", "revoke", "--org", &org, "--key", none],
            vec!["generator", "revoke", "--org", &org, "--generator", "x"],
            vec![
                "generator",
                "create",
                "--org",
                &org,
                "--name",
                "x",
                "--algorithm",
                "rsa",
            ],
        ] {
            let run = site.run(&[&["admin"], &arguments[..]].concat());
            assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
        }
        for arguments in [
            vec!["org", "create", "--name", ""],
            vec!["org", "create", "--name", "a\u{1}b"],
            vec!["key", "create", "--org", unknown, "--kind", "certivu"],
            vec![
                "key",
                "revoke",
                "--org",
                &org,
                "--key",
                "key_00000000000000000000000000",
            ],
            vec!["generator", "create", "--org", unknown, "--name", "x"],
            vec![
                "generator",
                "create",
                "--org",
                &org,
                "--name",
                "x",
                "--public-key",
                &key,
            ],
            vec![
                "generator",
                "create",
                "--org",
                &org,
                "--name",
                "x",
                "--public-key",
                "/no/such/file",
            ],
            vec!["generator", "revoke", "--org", &org, "--generator", none],
            vec![
                "credits", "grant", "--org", unknown, "--amount", "1", "--reason", "x",
            ],
            vec!["jobs", "requeue", "00000000-0000-0000-0000-000000000000"],
        ] {
            let run = site.run(&[&["admin"], &arguments[..]].concat());
            assert_eq!(run.code, Some(3), "{arguments:?}: {run:?}");
            assert!(
                run.stderr.starts_with("colophon: ") && run.stderr.lines().count() == 1,
                "{run:?}"
            );
            assert!(
                !run.stderr.contains("internal_error"),
                "{arguments:?}: {run:?}"
            );
        }
    });
}

#[test]
fn every_spelling_of_a_public_key_is_taken() {
    use base64::Engine as _;
    use colophon_testkit::Signer;
    use colophon_transparency::keys::{Algorithm, ParameterSet};
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let org = site.organisation("free");
    for algorithm in [
        Algorithm::MlDsa(ParameterSet::MlDsa44),
        Algorithm::ML_DSA_65,
        Algorithm::MlDsa(ParameterSet::MlDsa87),
    ] {
        let key = Signer::new(algorithm, 1).public_key();
        let base64 = base64::engine::general_purpose::STANDARD.encode(key.as_bytes());
        for (spelling, bytes) in [
            ("pem", key.to_spki_pem().into_bytes()),
            ("der", key.to_spki_der()),
            ("raw", key.as_bytes().to_vec()),
            ("base64", base64.into_bytes()),
            (
                "hex",
                format!("{}\n", hex::encode(key.as_bytes())).into_bytes(),
            ),
        ] {
            let file = site.write("key", bytes);
            let create = |name: &str| {
                site.run(&[
                    "admin",
                    "generator",
                    "create",
                    "--json",
                    "--org",
                    &org,
                    "--name",
                    "x",
                    "--algorithm",
                    name,
                    "--public-key",
                    &file,
                ])
            };
            let run = create(algorithm.name());
            assert_eq!(run.code, Some(0), "{algorithm} {spelling}: {run:?}");
            assert_eq!(run.json()["key_id"], key.id_hex(), "{algorithm} {spelling}");
            let other = if algorithm == Algorithm::MlDsa(ParameterSet::MlDsa44) {
                "ml-dsa-87"
            } else {
                "ml-dsa-44"
            };
            assert_eq!(
                create(other).code,
                Some(3),
                "{algorithm} {spelling} as {other}"
            );
        }
    }
}

#[test]
fn metrics_count_by_route_and_never_by_what_a_client_invents() {
    for database in databases() {
        let app = TestApp::start(PROGRAM, &database);
        let publisher = app.site.publisher("enterprise");
        fill(&app, &publisher, 3);
        for id in 0..20 {
            app.get(&format!("/v1/records/rec_{id}"));
            app.get(&format!("/nothing/{id}"));
        }
        let metrics = app.get("/metrics");
        let text = metrics.text();
        assert!(text.contains("colophon_records_total 3"), "{text}");
        assert!(text.contains("colophon_log_size 3"), "{text}");
        assert!(
            text.contains("route=\"/v1/records/{record_id}\",status=\"404\""),
            "{text}"
        );
        assert!(
            !text.contains("rec_1") && !text.contains("nothing"),
            "{text}"
        );
        // Secrets are nowhere, and signatures neither.
        assert!(!app.log().contains(&publisher.secret));
    }
}
