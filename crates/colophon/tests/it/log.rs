//! The transparency log is what RFC 6962, C2SP and the contract say, entry for entry.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_testkit::{Publisher, text};
use colophon_testkit::{Server, TestApp};
use colophon_transparency::checkpoint::Checkpoint;
use colophon_transparency::entry::{Chain, leaf_hash};
use colophon_transparency::merkle::{Frontier, Hash, verify_consistency, verify_inclusion};
use colophon_transparency::note::VerifierKey;
use colophon_transparency::sth::SignedTreeHead;
use colophon_transparency::tile::{TilePath, decode_entries};
use colophon_transparency::token::Token;
use serde_json::{Value, json};

use crate::records::issuer;
use crate::{at_once, on_every_database};

/// Stores so many records from eight clients and waits until the log has them all.
pub fn fill(server: &Server, publisher: &Publisher, records: usize) -> Vec<String> {
    let before = server.get_json("/api/v1/transparency/sth")["tree_size"]
        .as_u64()
        .unwrap();
    let ids = at_once(8, |client| {
        let mine = (client..records).step_by(8);
        mine.map(|number| {
            server
                .store(
                    publisher,
                    &format!("wm-{before}-{number}"),
                    &number.to_be_bytes(),
                )
                .0
        })
        .collect::<Vec<_>>()
    });
    wait_for_size(server, before + records as u64);
    ids.concat()
}

fn wait_for_size(server: &Server, size: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.get_json("/api/v1/transparency/sth")["tree_size"]
        .as_u64()
        .unwrap()
        < size
    {
        assert!(
            Instant::now() < deadline,
            "the log does not reach {size} entries"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn log_key(server: &Server) -> VerifierKey {
    server.get("/log/key").text().trim().parse().unwrap()
}

fn head(server: &Server) -> Checkpoint {
    let note = server.get("/log/checkpoint");
    Checkpoint::open(note.text(), [&log_key(server)])
        .unwrap()
        .checkpoint
}

fn hash(text: &Value) -> Hash {
    STANDARD
        .decode(text.as_str().unwrap())
        .unwrap()
        .try_into()
        .unwrap()
}

fn hashes(list: &Value) -> Vec<Hash> {
    list.as_array().unwrap().iter().map(hash).collect()
}

/// The exact entries, out of the entry tiles, which must be whole.
fn entries(server: &Server, size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for index in 0..size.div_ceil(256) {
        let width = (size - index * 256).min(256) as u16;
        let answer = server.get(&format!("/log/{}", TilePath::Entries { index, width }));
        assert_eq!(answer.status, 200);
        let tile = decode_entries(&answer.body).unwrap();
        assert_eq!(tile.len(), usize::from(width));
        entries.extend(tile.into_iter().map(<[u8]>::to_vec));
    }
    entries
}

#[test]
fn every_entry_chain_tile_proof_and_head_agree() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let ids = fill(&app, &publisher, 610);
        let head = head(&app);
        assert_eq!(head.size, 610);

        let entries = entries(&app, head.size);
        let (mut chain, mut frontier) = (Chain::new(), Frontier::new());
        let mut roots = vec![frontier.root()];
        let mut tiles = Vec::new();
        let mut logged = Vec::new();
        for entry in &entries {
            logged.push(chain.follow(entry).unwrap());
            tiles.extend(frontier.append(&[leaf_hash(entry)]));
            roots.push(frontier.root());
        }
        assert_eq!(head.root, frontier.root());
        assert_same_ids(
            &ids,
            &logged
                .iter()
                .map(|entry| entry.cert_id.clone())
                .collect::<Vec<_>>(),
        );

        // The contract's pages say the same as the tiles.
        let mut paged = Vec::new();
        let mut since = Some(0);
        while let Some(after) = since {
            let page = app.get_json(&format!("/api/v1/transparency/log?since={after}&limit=250"));
            paged.extend(page["entries"].as_array().unwrap().clone());
            since = page["next_since"].as_u64();
        }
        assert_eq!(paged.len(), logged.len());
        for (view, entry) in paged.iter().zip(&logged) {
            assert_eq!(view["seq_no"], entry.seq_no);
            assert_eq!(view["cert_id"], entry.cert_id.as_str());
            assert_eq!(view["manifest_hash"], hex::encode(entry.manifest_hash));
            assert_eq!(view["prev_hash"], hex::encode(entry.prev_hash));
            assert_eq!(view["ts"], entry.ts.as_str());
        }
        assert_eq!(paged[609]["entry_hash"], hex::encode(chain.head().1));

        // Every tile of every size the log ever had, partial ones too, though they have grown.
        for tile in &tiles {
            let last = tile.id.level == 0 && tile.id.width < 256 && tile.id.width % 50 != 1;
            if last && usize::from(tile.id.width) != 610 % 256 {
                continue;
            }
            let answer = app.get(&format!("/log/{}", tile.id));
            assert_eq!(
                (answer.status, &answer.body),
                (200, &tile.to_bytes()),
                "{}",
                tile.id
            );
            assert!(
                answer
                    .header("cache-control")
                    .unwrap()
                    .contains("immutable")
            );
        }

        for entry in &logged {
            let proof = app.get_json(&format!("/log/proof/inclusion?id={}", entry.cert_id));
            let leaf = leaf_hash(&entries[entry.index() as usize]);
            assert_eq!(
                (&proof["index"], hash(&proof["leaf_hash"])),
                (&json!(entry.index()), leaf)
            );
            let note = proof["checkpoint"].as_str().unwrap();
            let at = Checkpoint::open(note, [&log_key(&app)]).unwrap().checkpoint;
            assert_eq!(proof["tree_size"], at.size);
            verify_inclusion(
                &leaf,
                entry.index(),
                at.size,
                &hashes(&proof["hashes"]),
                &at.root,
            )
            .unwrap();
        }
        let sizes = [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 600, 610];
        for to in sizes {
            for index in [0, to / 2, to - 1] {
                let proof = app.get_json(&format!("/log/proof/inclusion?index={index}&size={to}"));
                let (leaf, path) = (hash(&proof["leaf_hash"]), hashes(&proof["hashes"]));
                verify_inclusion(&leaf, index, to, &path, &roots[to as usize]).unwrap();
            }
            for from in sizes.into_iter().filter(|from| *from <= to) {
                let proof = app.get_json(&format!("/log/proof/consistency?from={from}&to={to}"));
                let path = hashes(&proof["hashes"]);
                verify_consistency(from, &roots[from as usize], to, &roots[to as usize], &path)
                    .unwrap();
            }
        }
    });
}

fn assert_same_ids(one: &[String], other: &[String]) {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    assert_eq!(sorted(one), sorted(other));
}

#[test]
fn the_signed_tree_head_is_the_checkpoint_in_the_contracts_words() {
    on_every_database(|app| {
        // The empty log has a head, too.
        let first = app.get("/api/v1/transparency/sth");
        let empty = SignedTreeHead::parse(&first.body).unwrap();
        empty.verify(&issuer(&app)).unwrap();
        assert_eq!((empty.head.tree_size, empty.head.seq_no), (0, 0));
        assert_eq!(head(&app).size, 0);

        let publisher = app.site.publisher("enterprise");
        fill(&app, &publisher, 5);
        let signed = SignedTreeHead::parse(&app.get("/api/v1/transparency/sth").body).unwrap();
        signed.verify(&issuer(&app)).unwrap();
        let checkpoint = head(&app);
        assert_eq!(signed.head.root_hash, checkpoint.root);
        assert_eq!((signed.head.tree_size, signed.head.seq_no), (5, 5));
        let log = app.get_json("/api/v1/transparency/log?since=4");
        assert_eq!(
            log["entries"][0]["entry_hash"],
            hex::encode(signed.head.entry_hash)
        );
    });
}

#[test]
fn a_page_of_the_log_holds_what_was_asked_for() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        fill(&app, &publisher, 7);
        let numbers = |query: &str| -> (Vec<u64>, Value) {
            let page = app.get_json(&format!("/api/v1/transparency/log{query}"));
            let entries = page["entries"].as_array().unwrap();
            (
                entries
                    .iter()
                    .map(|e| e["seq_no"].as_u64().unwrap())
                    .collect(),
                page["next_since"].clone(),
            )
        };
        assert_eq!(numbers("?limit=3"), (vec![1, 2, 3], json!(3)));
        assert_eq!(numbers("?limit=3&since=3"), (vec![4, 5, 6], json!(6)));
        assert_eq!(numbers("?limit=3&since=6"), (vec![7], Value::Null));
        assert_eq!(numbers("?since=7"), (vec![], Value::Null));
        assert_eq!(numbers("?since=9007199254740992"), (vec![], Value::Null));
        assert_eq!(numbers("").0.len(), 7);

        for (query, parameter) in [
            ("since=-1", "since"),
            ("since=x", "since"),
            ("since=1.5", "since"),
            ("since=", "since"),
            ("since=99999999999999999999", "since"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=-5", "limit"),
            ("limit=many", "limit"),
            ("limit=1&limit=2", "limit"),
        ] {
            let answer = app.get(&format!("/api/v1/transparency/log?{query}"));
            assert_eq!(answer.status, 422, "{query}: {}", answer.text());
            assert_eq!(
                answer.json()["detail"][0]["loc"],
                json!(["query", parameter]),
                "{query}"
            );
        }
    });
}

#[test]
fn proofs_and_tiles_that_do_not_exist_are_refused_by_name() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        fill(&app, &publisher, 5);
        for (query, field) in [
            ("inclusion", "index"),
            ("inclusion?index=x", "index"),
            ("inclusion?index=-1", "index"),
            ("inclusion?index=5", "index"),
            ("inclusion?index=3&size=3", "index"),
            ("inclusion?index=0&size=6", "size"),
            ("inclusion?index=0&size=0", "index"),
            ("inclusion?index=18446744073709551615", "index"),
            ("inclusion?index=0&id=rec_x", "index"),
            ("consistency", "from"),
            ("consistency?from=6", "from"),
            ("consistency?from=1&to=6", "to"),
            ("consistency?from=3&to=2", "from"),
            ("consistency?from=x", "from"),
            ("consistency?from=1&to=18446744073709551615", "to"),
        ] {
            let answer = app.get(&format!("/log/proof/{query}"));
            assert_eq!(answer.status, 400, "{query}: {}", answer.text());
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json")
            );
            assert_eq!(answer.json()["fields"][0]["field"], field, "{query}");
        }
        // Every tree extends the empty one, and itself.
        for query in ["from=0", "from=0&to=0", "from=5&to=5"] {
            let proof = app.get_json(&format!("/log/proof/consistency?{query}"));
            assert_eq!(proof["hashes"], json!([]), "{query}");
        }
        for path in [
            "0/000",
            "0/001",
            "0/000.p/6",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/05",
            "0/0",
            "0/x000/000",
            "1/000.p/1",
            "64/000",
            "-1/000",
            "entries/000",
            "entries/001.p/1",
            "entries/000.p/6",
            "entries/x999/x999/x999/x999/x999/x999/x999/999",
            "0",
            "x",
            "0/000.p/5/",
            "../checkpoint",
        ] {
            let answer = app.get(&format!("/log/tile/{path}"));
            let spelled_with_slash = path.ends_with('/');
            assert_eq!(
                answer.status,
                if spelled_with_slash { 200 } else { 404 },
                "{path}"
            );
        }
        assert_eq!(
            app.get("/log/proof/inclusion?id=rec_00000000000000000000000000")
                .status,
            404
        );
    });
}

/// Asks until the server publishes this key as the active one: it looks every five seconds.
fn wait_for_active(app: &TestApp, kid: &str) {
    let deadline = Instant::now() + Duration::from_secs(6);
    loop {
        let keys = app.get_json("/.well-known/trackorigin-public-keys.json");
        if keys["active_key_id"] == kid {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the running server does not notice the rotation"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_rotated_key_signs_from_now_on_and_what_the_old_one_signed_stays_valid() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let old = issuer(&app);
        let before: Token = app.store(&publisher, "wm-1", b"x").1.parse().unwrap();
        let checkpoint_key = log_key(&app);

        let rotated = app.site.json(&["keys", "rotate", "--purpose", "issuer"]);
        wait_for_active(&app, &text(&rotated, "kid"));
        let new = issuer(&app);
        assert_ne!(new.as_bytes(), old.as_bytes());
        let after: Token = app.store(&publisher, "wm-2", b"x").1.parse().unwrap();
        after.verify(&new).unwrap();
        assert!(after.verify(&old).is_err());
        before.verify(&old).unwrap();
        let sth = SignedTreeHead::parse(&app.get("/api/v1/transparency/sth").body).unwrap();
        sth.verify(&new).unwrap();

        // The old one is published as retired, in both places.
        let keys = app.get_json("/.well-known/trackorigin-public-keys.json");
        let retired: Vec<&Value> = keys["keys"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key["status"] == "retired")
            .collect();
        assert_eq!(retired.len(), 1);
        assert_eq!(retired[0]["public_key"], STANDARD.encode(old.as_bytes()));
        let jwks = app.get_json("/.well-known/jwks.json");
        let kids: Vec<&Value> = jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| &key["kid"])
            .collect();
        assert!(kids.contains(&&retired[0]["key_id"]), "{kids:?}");

        // The rotation is a statement in the log, with a document that anyone can read.
        wait_for_size(&app, 3);
        let log = app.get_json("/api/v1/transparency/log");
        let entry = log["entries"]
            .as_array()
            .unwrap()
            .iter()
            .find(|e| e["kind"] == "key-rotation")
            .unwrap();
        let document = app.get(&format!("/log/statements/{}", text(entry, "cert_id")));
        let digest = colophon_transparency::digest::sha256(&document.body);
        assert_eq!(entry["manifest_hash"], hex::encode(digest));
        assert_eq!(document.json()["key_id"], rotated["key_id"]);

        // The log's own key is its identity and does not rotate.
        assert_eq!(log_key(&app), checkpoint_key);
        assert_eq!(
            app.site.run(&["keys", "rotate", "--purpose", "log"]).code,
            Some(2)
        );
        let listed = app.site.run(&["keys", "list", "--json"]);
        assert_eq!(listed.stdout.lines().count(), 4);
        let exported = app.site.run(&["keys", "export-public"]).stdout;
        assert_eq!(
            exported,
            app.get("/.well-known/trackorigin-pubkey.pem").text()
        );
    });
}
