//! `colophon log monitor|prove|audit`: a log that changes its past is caught.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use colophon_db::{Db, args};
use colophon_testkit::{Database, Server, Site};
use colophon_testkit::{Publisher, Run};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::keys::{Algorithm, PrivateKey};
use colophon_transparency::merkle::verify_inclusion;
use colophon_transparency::proof::TlogProof;
use colophon_transparency::tile::{decode_entries, encode_entries};
use serde_json::{Value, json};

use crate::log::{fill, log_key};
use crate::proxy::{ask, login_page, proxy};
use crate::{PROGRAM, on_every_database};

fn monitor(site: &Site, server: &Server, state: &str, more: &[&str]) -> Run {
    let url = server.url();
    let arguments = [
        "log", "monitor", "--url", &url, "--once", "--json", "--state", state,
    ];
    site.run(&[&arguments, more].concat())
}

#[test]
fn growth_is_checked_from_the_head_that_was_seen_before() {
    on_every_database(|app| {
        let state = app.site.folder().join("sub/head").display().to_string();
        let publisher = app.site.publisher("enterprise");
        for (records, from, to) in [(0, 0, 0), (3, 0, 3), (0, 3, 3), (300, 3, 303)] {
            fill(&app, &publisher, records);
            let run = monitor(&app.site, &app, &state, &[]);
            assert_eq!(run.code, Some(0), "{run:?}");
            assert_eq!(run.json(), json!({"ok": true, "from": from, "to": to}));
        }
    });
}

/// A server whose log has this key and the same name as every other one of this test.
fn twin(key: &PrivateKey) -> (Server, Site, Publisher) {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let path = site.write("log.pem", key.to_pkcs8_pem().as_bytes());
    let site = site
        .env("COLOPHON_LOG__ORIGIN", "example.org/log")
        .env("COLOPHON_KEYS__LOG", &format!("file:{path}"));
    let server = site.serve(&[]);
    let publisher = site.publisher("enterprise");
    (server, site, publisher)
}

#[test]
fn a_log_that_forks_or_shrinks_is_shown_with_both_heads() {
    let key = PrivateKey::from_seed(Algorithm::Ed25519, &[5; 32]).unwrap();
    let (honest, site, publisher) = twin(&key);
    let (forked, _forked_site, forked_publisher) = twin(&key);
    assert_eq!(log_key(&honest), log_key(&forked));
    let state = site.folder().join("head").display().to_string();
    fill(&honest, &publisher, 5);
    assert_eq!(monitor(&site, &honest, &state, &[]).code, Some(0));
    let seen = std::fs::read_to_string(&state).unwrap();

    let mut reasons = Vec::new();
    // Smaller, then of the same size, then larger than the head that was seen.
    for records in [4, 1, 3] {
        fill(&forked, &forked_publisher, records);
        let run = monitor(&site, &forked, &state, &[]);
        assert_eq!(run.code, Some(1), "{run:?}");
        let answer = run.json();
        assert_eq!(
            (&answer["ok"], &answer["seen"]),
            (&json!(false), &json!(seen))
        );
        assert_eq!(answer["now"], forked.get("/log/checkpoint").text());
        reasons.push(answer["reason"].as_str().unwrap().to_owned());
        // The head that was seen is the evidence, and stays.
        assert_eq!(std::fs::read_to_string(&state).unwrap(), seen);
    }
    reasons.dedup();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    // People see both heads, too.
    let url = forked.url();
    let run = site.run(&["log", "monitor", "--url", &url, "--once", "--state", &state]);
    assert!(
        run.stdout.contains(&seen) && run.stdout.contains("NOT APPEND-ONLY"),
        "{run:?}"
    );
    assert_eq!(monitor(&site, &honest, &state, &[]).code, Some(0));
}

#[test]
fn a_head_that_another_key_signed_is_no_head_of_this_log() {
    let key = PrivateKey::from_seed(Algorithm::Ed25519, &[5; 32]).unwrap();
    let other = PrivateKey::from_seed(Algorithm::Ed25519, &[6; 32]).unwrap();
    let (honest, site, _) = twin(&key);
    let (impostor, _impostor_site, _) = twin(&other);
    let state = site.folder().join("head").display().to_string();
    assert_eq!(monitor(&site, &honest, &state, &[]).code, Some(0));

    // The key that was seen first is remembered, and so another one for the same name is noticed.
    let heads = [&honest, &impostor].map(|server| json!(server.get("/log/checkpoint").text()));
    let seen_and_now = |run: &Run| [run.json()["seen"].clone(), run.json()["now"].clone()];
    let run = monitor(&site, &impostor, &state, &[]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(seen_and_now(&run), heads);
    let url = impostor.url();
    let run = site.run(&["log", "monitor", "--url", &url, "--once", "--state", &state]);
    for head in &heads {
        assert!(run.stdout.contains(head.as_str().unwrap()), "{run:?}");
    }

    let pinned = log_key(&honest).to_string();
    let run = monitor(&site, &impostor, &state, &["--log-key", &pinned]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(seen_and_now(&run), heads);

    // A state file that is not of this log proves nothing about it.
    std::fs::write(&state, impostor.get("/log/checkpoint").text()).unwrap();
    assert_eq!(monitor(&site, &honest, &state, &[]).code, Some(3));
    std::fs::write(&state, "nonsense").unwrap();
    assert_eq!(monitor(&site, &honest, &state, &[]).code, Some(3));
    assert_eq!(
        monitor(&site, &honest, &state, &["--log-key", "nonsense"]).code,
        Some(2)
    );
}

#[test]
fn another_log_at_a_known_address_is_refused_whatever_its_name() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let server = site.serve(&[]);
    let publisher = site.publisher("enterprise");
    let id = fill(&server, &publisher, 1).remove(0);
    let file = site.write("file", 0_usize.to_be_bytes());
    // The name of a log comes from its key when nobody chooses one: this one has another name.
    let other_site = Site::new(PROGRAM, &Database::Sqlite);
    let other = other_site.serve(&[]);
    fill(&other, &other_site.publisher("enterprise"), 1);
    let replaced = Arc::new(AtomicBool::new(false));
    let (other_address, switch) = (other.address, Arc::clone(&replaced));
    let url = proxy(&server, move |path, server| {
        if switch.load(Ordering::Relaxed) {
            ask(other_address, path)
        } else {
            server(path)
        }
    });
    let commands = [
        vec!["verify", &file, "--url", &url],
        vec!["log", "monitor", "--url", &url, "--once"],
        vec!["log", "prove", &id, "--url", &url],
        vec!["log", "audit", "--url", &url],
    ];
    for command in &commands {
        let run = site.run(command);
        assert_eq!(run.code, Some(0), "{run:?}");
    }
    let seen = server.get("/log/checkpoint").text().to_owned();
    replaced.store(true, Ordering::Relaxed);
    let keys = [&server, &other].map(|server| log_key(server).to_string());
    for command in &commands {
        let run = site.run(command);
        assert_eq!(run.code, Some(1), "{run:?}");
        for key in &keys {
            assert!(run.stdout.contains(key), "{run:?}");
        }
        let run = site.run(&[&command[..], &["--json"]].concat());
        assert_eq!(run.code, Some(1), "{run:?}");
        let shown = &run.json()["other_log"];
        assert_eq!(
            [&shown["remembered"], &shown["shown"]],
            [&json!(keys[0]), &json!(keys[1])]
        );
        if command[1] == "monitor" {
            assert_eq!(run.json()["seen"], json!(seen));
            assert_eq!(run.json()["now"], other.get("/log/checkpoint").text());
        }
    }
    // Who knows why may go on: forgetting the old key is a line less in a file.
    let known = site.folder().join(".config/colophon/known_logs");
    let text = std::fs::read_to_string(&known).unwrap();
    assert_eq!(text, format!("{url} {}\n", keys[0]));
    std::fs::write(&known, "").unwrap();
    let run = site.run(&["log", "audit", "--url", &url]);
    assert_eq!(run.code, Some(0), "{run:?}");
}

#[test]
fn what_is_no_checkpoint_is_no_evidence_against_the_log() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let server = site.serve(&[]);
    fill(&server, &site.publisher("enterprise"), 1);
    let state = site.folder().join("head").display().to_string();
    let everything = Arc::new(AtomicBool::new(false));
    let captive = Arc::clone(&everything);
    let url = proxy(&server, move |path, server| {
        if path == "/log/checkpoint" || captive.load(Ordering::Relaxed) {
            login_page()
        } else {
            server(path)
        }
    });
    let arguments = ["log", "monitor", "--url", &url, "--once", "--state", &state];
    for whole_network in [false, true] {
        everything.store(whole_network, Ordering::Relaxed);
        let run = site.run(&arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
        assert!(!std::path::Path::new(&state).exists());
    }
}

#[test]
fn a_proof_counts_only_for_the_statement_it_was_asked_for() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let server = site.serve(&[]);
    let ids = fill(&server, &site.publisher("enterprise"), 3);
    let (asked, other) = (ids[0].clone(), ids[1].clone());
    let prove = |url: &str| site.run(&["log", "prove", &asked, "--url", url, "--json"]);
    assert_eq!(prove(&server.url()).code, Some(0));

    let entries = |body: &[u8]| -> Vec<Vec<u8>> {
        let entries = decode_entries(body).unwrap();
        entries.into_iter().map(<[u8]>::to_vec).collect()
    };
    let proof_of_another = {
        let (asked, other) = (asked.clone(), other.clone());
        proxy(&server, move |path, server| {
            server(&path.replace(&asked, &other))
        })
    };
    // Entries that fit the question, and not the proof.
    let forged_entry = {
        let (asked, other) = (asked.clone(), other.clone());
        proxy(&server, move |path, server| {
            let mut answer = server(&path.replace(&asked, &other));
            if path.starts_with("/log/tile/entries/") {
                let mut forged = entries(&answer.body);
                for entry in &mut forged {
                    let text = String::from_utf8(entry.clone()).unwrap();
                    *entry = text.replace(&other, &asked).into_bytes();
                }
                let forged: Vec<&[u8]> = forged.iter().map(Vec::as_slice).collect();
                answer.body = encode_entries(&forged).unwrap();
            }
            answer
        })
    };
    let changed = |from: &'static str, to: fn(&mut Value)| {
        proxy(&server, move |path, server| {
            let mut answer = server(path);
            if path.starts_with(from) {
                let mut value = answer.json();
                to(&mut value);
                answer.body = value.to_string().into_bytes();
            }
            answer
        })
    };
    let proof = "/log/proof/inclusion";
    let lies = [
        proof_of_another,
        forged_entry,
        changed(proof, |proof| {
            proof["index"] = json!((proof["index"].as_u64().unwrap() + 1) % 3)
        }),
        changed(proof, |proof| proof["tree_size"] = json!(4)),
        changed(proof, |proof| {
            proof["leaf_hash"] = proof["hashes"][0].clone()
        }),
    ];
    for url in &lies {
        // The log is known, wherever it is.
        let run = prove(url);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert_eq!(run.json()["included"], false);
        assert!(run.json()["reason"].is_string(), "{run:?}");
    }
    // A page of somebody else says nothing, not even that there is no such statement.
    let captive = proxy(&server, move |path, server| {
        let mut answer = server(path);
        if path.starts_with(proof) {
            answer = login_page();
            answer.status = 404;
        }
        answer
    });
    let run = prove(&captive);
    assert_eq!((run.code, run.stdout.as_str()), (Some(3), ""), "{run:?}");
}

#[test]
fn a_proof_of_inclusion_is_checked_and_printed_in_the_form_of_c2sp() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let ids = fill(&app, &publisher, 9);
        let url = app.url();
        let prove = |id: &str| app.site.run(&["log", "prove", id, "--url", &url, "--json"]);
        let run = prove(&ids[3]);
        assert_eq!(run.code, Some(0), "{run:?}");
        let answer = run.json();
        assert_eq!(answer["included"], true);
        assert!(answer["entry"].as_str().unwrap().contains(&ids[3]));
        let proof: TlogProof = answer["proof"].as_str().unwrap().parse().unwrap();
        let head = Checkpoint::open(&proof.checkpoint, [&log_key(&app)])
            .unwrap()
            .checkpoint;
        let leaf = app.get_json(&format!("/log/proof/inclusion?index={}", proof.index));
        let leaf = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            leaf["leaf_hash"].as_str().unwrap(),
        );
        let leaf = leaf.unwrap().try_into().unwrap();
        verify_inclusion(&leaf, proof.index, head.size, &proof.hashes, &head.root).unwrap();

        for unknown in ["rec_00000000000000000000000000", "a b&index=0", "é/..%00"] {
            let run = prove(unknown);
            assert_eq!(
                (run.code, &run.json()),
                (Some(1), &json!({"included": false})),
                "{unknown}"
            );
        }
    });
}

/// Changes a row behind the program's back.
pub(crate) fn tamper(database_url: &str, statement: &'static str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(database_url).await.unwrap();
        let changed = db
            .write(|tx, _| Box::pin(async move { tx.exec(statement, args![]).await }))
            .await
            .unwrap();
        assert_eq!(changed, 1, "{statement}");
        db.close().await;
    });
}

#[test]
fn an_audit_finds_what_was_changed_behind_the_programs_back() {
    for database in colophon_testkit::databases() {
        let site = Site::new(PROGRAM, &database);
        let server = site.serve(&[]);
        let publisher = site.publisher("enterprise");
        fill(&server, &publisher, 300);
        let url = match &database {
            Database::Sqlite => format!("sqlite:{}", site.data().join("colophon.db").display()),
            Database::Postgres(url) => url.clone(),
        };
        let audit = || site.run(&["log", "audit", "--json"]);
        let run = audit();
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(
            run.json(),
            json!({"ok": true, "entries": 300, "waiting": 0, "findings": []})
        );
        let remote = || site.run(&["log", "audit", "--json", "--url", &server.url()]);
        let run = remote();
        assert_eq!(
            (run.code, &run.json()["entries"]),
            (Some(0), &json!(300)),
            "{run:?}"
        );

        // Each change, what puts it back, what the finding names, and whether a stranger can see it.
        for (change, repair, named, public) in [
            (
                "UPDATE record SET document = replace(document, 'aurora-2', 'aurora-3') WHERE watermark_id = 'wm-0-17'",
                "UPDATE record SET document = replace(document, 'aurora-3', 'aurora-2') WHERE watermark_id = 'wm-0-17'",
                "differs or is gone",
                false,
            ),
            (
                "UPDATE log_entry SET entry = replace(entry, '\"kind\":\"record\"', '\"kind\":\"recall\"') WHERE seq_no = 200",
                "UPDATE log_entry SET entry = replace(entry, '\"kind\":\"recall\"', '\"kind\":\"record\"') WHERE seq_no = 200",
                "",
                true,
            ),
            (
                "UPDATE log_entry SET seq_no = 1000 WHERE seq_no = 300",
                "UPDATE log_entry SET seq_no = 300 WHERE seq_no = 1000",
                "row 1000",
                false,
            ),
            (
                "UPDATE log_tile SET position = 100 WHERE level = 0 AND position = 0",
                "UPDATE log_tile SET position = 0 WHERE level = 0 AND position = 100",
                "tile 0",
                false,
            ),
        ] {
            tamper(&url, change);
            let run = audit();
            assert_eq!(run.code, Some(1), "{change}: {run:?}");
            let findings = run.json()["findings"].to_string();
            assert!(
                findings.len() > 5 && findings.contains(named),
                "{change}: {findings}"
            );
            if public {
                let run = remote();
                assert_ne!(run.code, Some(0), "{change}: {run:?}");
            }
            tamper(&url, repair);
            assert_eq!(audit().code, Some(0), "{repair}");
        }
    }
}
