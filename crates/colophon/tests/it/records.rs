//! A valid record is stored, gets a token that anyone can check, and reaches the log.

use colophon_testkit::{Request, Server, Signer};
use colophon_transparency::canonical::{certivu_escaped, certivu_raw};
use colophon_transparency::keys::{Algorithm, Ed25519VerifyingKey, ParameterSet, PublicKey};
use colophon_transparency::token::Token;

use crate::on_every_database;

/// The active issuing key, as the server publishes it.
pub fn issuer(server: &Server) -> Ed25519VerifyingKey {
    let pem = server.get("/.well-known/trackorigin-pubkey.pem");
    let key = PublicKey::from_spki_pem(pem.text()).unwrap();
    *key.as_ed25519().unwrap()
}

#[test]
fn an_accepted_record_has_a_token_that_verifies_offline_and_an_entry_in_the_log() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let (id, token) = app.store(&publisher, "wm-1", b"a picture");
        let token: Token = token.parse().unwrap();
        token.verify(&issuer(&app)).unwrap();
        assert_eq!(token.record_id(), id);

        assert_eq!(app.sequenced(&id), 1);
        let log = app.get_json("/api/v1/transparency/log");
        assert_eq!(log["entries"][0]["cert_id"], id.as_str());
        assert_eq!(log["entries"][0]["kind"], "record");
    });
}

#[test]
fn a_record_is_shown_to_anyone_as_it_was_posted() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"a picture");
        let posted = app.post_record(&publisher.secret, body.to_json()).json();
        let shown = app.get(&format!(
            "/v1/records/{}",
            posted["record_id"].as_str().unwrap()
        ));
        assert_eq!(shown.status, 200);
        // The signed object is there byte for byte, or the signature would be over something else.
        let signed = format!("\"signed_payload\":{},", body.signed_payload);
        assert!(shown.text().contains(&signed), "{}", shown.text());
        let shown = shown.json();
        assert_eq!(shown["token"], posted["token"]);
        assert_eq!(shown["org_id"], publisher.org_id.as_str());
        assert_eq!(shown["org_name"], "Atelier É");
        assert_eq!(shown["watermark_id"], "wm-1");
        assert_eq!(
            shown["generator_id"],
            publisher.signer.generator_id.as_str()
        );
        assert_eq!(shown["generator_status"], "active");
        assert_eq!(shown["model"], body.model.as_str());
        assert_eq!(shown["content_hash"], body.content_hash.as_str());
        assert_eq!(shown["signature"], body.signature.as_str());
        assert_eq!(shown["signature_algorithm"], "ml-dsa-65");
        assert_eq!(shown["key_id"], publisher.signer.public_key().id_hex());
    });
}

#[test]
fn every_parameter_set_signs() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        for algorithm in [
            Algorithm::MlDsa(ParameterSet::MlDsa44),
            Algorithm::ML_DSA_65,
            Algorithm::MlDsa(ParameterSet::MlDsa87),
        ] {
            let mut signer = Signer::new(algorithm, 7);
            app.site.register(&publisher.org_id, &mut signer);
            let body = signer.record(algorithm.name(), b"a picture").to_json();
            let answer = app.post_record(&publisher.secret, body);
            assert_eq!(answer.status, 201, "{algorithm}: {}", answer.text());
            let id = answer.json()["record_id"].as_str().unwrap().to_owned();
            let shown = app.get_json(&format!("/v1/records/{id}"));
            assert_eq!(shown["signature_algorithm"], algorithm.name());
        }
    });
}

#[test]
fn both_canonical_spellings_of_the_two_sdks_are_accepted_and_kept() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        for (watermark, spelling) in [
            ("escaped", certivu_escaped as fn(&_) -> String),
            ("raw", certivu_raw),
        ] {
            let body = publisher
                .signer
                .record_of(watermark, "modèle-é 🎨", b"x", spelling);
            let answer = app.post_record(&publisher.secret, body.to_json());
            assert_eq!(answer.status, 201, "{watermark}: {}", answer.text());
            let id = answer.json()["record_id"].as_str().unwrap().to_owned();
            let shown = app.get(&format!("/v1/records/{id}"));
            assert!(shown.text().contains(&body.signed_payload), "{watermark}");
            assert_eq!(shown.json()["model"], "modèle-é 🎨");
        }
    });
}

#[test]
fn members_beyond_the_contract_are_signed_and_kept_and_numbers_keep_their_spelling() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let plain = publisher.signer.record("wm-1", b"x").signed_payload;
        // The members stand in the order of their names, as both SDKs sort them.
        let signed = plain.replacen(
            "\"generator_id\"",
            r#""factor":1.0,"frames":[1e3,-0.50,{"a":null,"z":true}],"generator_id""#,
            1,
        );
        let mut body = publisher.signer.record_with(&signed);
        // How the client spaces and orders the object on the wire does not matter.
        let (first, rest) = signed[1..signed.len() - 1].split_once(',').unwrap();
        body.signed_payload = format!("{{ {rest},\n {first} }}");
        let answer = app.post_record(&publisher.secret, body.to_json());
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.json()["record_id"].as_str().unwrap().to_owned();
        let shown = app.get(&format!("/v1/records/{id}"));
        assert!(shown.text().contains(&signed), "{}", shown.text());
    });
}

#[test]
fn the_contract_is_served_below_its_prefix_too() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let post = Request::new("POST", "/certivu/v1/records/").bearer(&publisher.secret);
        let answer = app.send(&post.json(body));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let id = answer.json()["record_id"].as_str().unwrap().to_owned();
        assert_eq!(app.get(&format!("/certivu/v1/records/{id}")).status, 200);
        assert_eq!(app.get(&format!("/v1/records/{id}/")).status, 200);
    });
}

#[test]
fn a_body_may_arrive_slowly() {
    use std::io::Write as _;
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let request = Request::new("POST", "/v1/records")
            .bearer(&publisher.secret)
            .json(body);
        let mut stream = app.connect();
        for piece in request.to_bytes().chunks(1_500) {
            stream.write_all(piece).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(150));
        }
        let answer = colophon_testkit::Answer::read(&mut stream).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
    });
}

#[test]
fn the_same_content_may_be_stated_by_several_and_all_of_them_are_found() {
    on_every_database(|app| {
        let (one, other) = (
            app.site.publisher("enterprise"),
            app.site.publisher("enterprise"),
        );
        // A watermark id is unique in its organisation only.
        let first = app.store(&one, "wm-1", b"a picture").0;
        let second = app.store(&other, "wm-1", b"a picture").0;
        let third = app.store(&one, "wm-2", b"a picture").0;
        app.store(&one, "wm-3", b"another picture");
        let hash = one.signer.record("", b"a picture").content_hash;
        let known = app.get_json(&format!("/files/{hash}"));
        let found: Vec<&str> = known["statements"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].as_str().unwrap())
            .collect();
        assert_eq!(found, [first, second, third]);
        let unknown = hash.replace(&hash[9..12], "000");
        assert_eq!(
            app.get_json(&format!("/files/{unknown}"))["statements"],
            serde_json::json!([])
        );
    });
}

#[test]
fn nobody_can_make_a_file_impossible_to_look_up() {
    on_every_database(|app| {
        let honest = app.site.publisher("enterprise");
        let hostile = app.site.publisher("enterprise");
        let (id, _) = app.store(&honest, "wm-1", b"picture");
        let record = hostile.signer.record("big", b"picture");
        let hash = record.content_hash.clone();

        // A payload may say more than it must; escaped once more, this would be too long to read.
        let note = serde_json::Value::from("\"".repeat(40_000)).to_string();
        let payload = record
            .signed_payload
            .replacen('{', &format!("{{\"a_note\":{note},"), 1);
        let big = hostile.signer.record_with(&payload).to_json();
        let refused = app.post_record(&hostile.secret, big);
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("64 KiB"), "{}", refused.text());

        for n in 0..105 {
            app.store(&hostile, &format!("flood-{n}"), b"picture");
        }
        let (last, _) = app.store(&honest, "wm-2", b"picture");
        let first = app.get_json(&format!("/files/{hash}"));
        let found = first["statements"].as_array().unwrap();
        assert_eq!(
            (found.len(), found[0]["id"].as_str()),
            (100, Some(id.as_str()))
        );
        let cursor = first["next_cursor"].as_str().unwrap();
        let second = app.get_json(&format!("/files/{hash}?cursor={cursor}"));
        let found = second["statements"].as_array().unwrap();
        assert_eq!(
            (found.len(), found[6]["id"].as_str()),
            (7, Some(last.as_str()))
        );
        assert!(second["next_cursor"].is_null());
        assert_eq!(app.get(&format!("/files/{hash}?cursor=x")).status, 400);
    });
}

#[test]
fn names_cannot_write_on_somebody_elses_terminal() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let mut record = publisher.signer.record("wm-1", b"x");
        let payload = record
            .signed_payload
            .replace("aurora-2", "\\u001b[2Kspoofed");
        record = publisher.signer.record_with(&payload);
        let refused = app.post_record(&publisher.secret, record.to_json());
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("model"), "{}", refused.text());
    });
}
