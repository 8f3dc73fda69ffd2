//! What is not a valid record is refused with a clear error, and leaves nothing behind.

use std::io::Write as _;

use colophon_testkit::{Answer, RecordBody, Request, Signer, TestApp};
use colophon_transparency::keys::{Algorithm, ParameterSet};
use serde_json::{Value, json};

use crate::on_every_database;

/// The names in `fields` of Certivu's envelope.
fn fields(answer: &Answer) -> Vec<String> {
    let answer = answer.json();
    let fields = answer["fields"].as_array().cloned().unwrap_or_default();
    fields
        .iter()
        .map(|at| at["field"].as_str().unwrap().to_owned())
        .collect()
}

fn assert_nothing_stored(app: &TestApp) {
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(
        app.get_json("/api/v1/transparency/log")["entries"],
        json!([])
    );
}

#[test]
fn a_field_that_is_missing_or_of_another_type_is_named() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let valid: Value =
            serde_json::from_str(&publisher.signer.record("wm-1", b"x").to_json()).unwrap();
        let post = |body: &Value| app.post_record(&publisher.secret, body.to_string());
        let members = [
            "watermark_id",
            "generator_id",
            "model",
            "content_hash",
            "signature",
            "signed_payload",
        ];
        for name in members {
            let mut body = valid.clone();
            body.as_object_mut().unwrap().remove(name);
            let answer = post(&body);
            assert_eq!(
                (answer.status, fields(&answer)),
                (400, vec![name.to_owned()]),
                "{name}"
            );
            for wrong in [
                json!(7),
                json!(null),
                json!(true),
                json!(["x"]),
                json!(""),
                json!({}),
            ] {
                let mut body = valid.clone();
                body[name] = wrong.clone();
                let answer = post(&body);
                assert_eq!(answer.status, 400, "{name} = {wrong}: {}", answer.text());
                let named = fields(&answer).concat();
                // An empty signed_payload misses its first member.
                assert!(
                    named == name || wrong == json!({}) && named.starts_with("signed_payload."),
                    "{name} = {wrong}: {named}"
                );
            }
        }
        for name in ["watermark_id", "generator_id", "model", "content_hash"] {
            for wrong in [
                None,
                Some(json!(7)),
                Some(json!(null)),
                Some(json!("other")),
            ] {
                let mut body = valid.clone();
                let payload = body["signed_payload"].as_object_mut().unwrap();
                match &wrong {
                    None => drop(payload.remove(name)),
                    Some(wrong) => drop(payload.insert(name.to_owned(), wrong.clone())),
                }
                let answer = post(&body);
                let named = vec![format!("signed_payload.{name}")];
                assert_eq!(
                    (answer.status, fields(&answer)),
                    (400, named),
                    "{name}: {wrong:?}"
                );
            }
        }
        assert_nothing_stored(&app);
    });
}

#[test]
fn names_have_1_to_255_characters_and_hashes_one_spelling() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let signer = &publisher.signer;
        let longest = "é".repeat(255);
        let body = signer.record(&longest, b"x").to_json();
        assert_eq!(app.post_record(&publisher.secret, body).status, 201);
        for wrong in ["x".repeat(256), String::new(), "a\0b".to_owned()] {
            let body = signer.record(&wrong, b"x").to_json();
            let answer = app.post_record(&publisher.secret, body);
            assert_eq!(
                (answer.status, fields(&answer)),
                (400, vec!["watermark_id".to_owned()]),
                "{wrong:?}"
            );
        }
        let right = signer.record("wm-1", b"x").content_hash;
        let digits = &right["sha3-256:".len()..];
        for wrong in [
            format!("sha256:{digits}"),
            format!("SHA3-256:{digits}"),
            format!("sha3-256:{}", digits.to_uppercase()),
            format!("sha3-256:{}", &digits[1..]),
            format!("sha3-256:{digits}0"),
            format!("sha3-256:{}g", &digits[1..]),
            digits.to_owned(),
            format!(" {right}"),
        ] {
            let text = signer
                .record("wm-1", b"x")
                .signed_payload
                .replace(&right, &wrong);
            let answer = app.post_record(&publisher.secret, signer.record_with(&text).to_json());
            assert_eq!(
                (answer.status, fields(&answer)),
                (400, vec!["content_hash".to_owned()]),
                "{wrong:?}"
            );
        }
    });
}

#[test]
fn a_signature_that_is_off_by_one_bit_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let valid = publisher.signer.record("wm-1", b"x");
        let signature = STANDARD.decode(&valid.signature).unwrap();
        let bits = signature.len() * 8;
        for bit in (0..bits).step_by(bits / 200) {
            let mut flipped = signature.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let body = RecordBody {
                signature: STANDARD.encode(&flipped),
                ..valid.clone()
            };
            let answer = app.post_record(&publisher.secret, body.to_json());
            assert_eq!(answer.status, 400, "bit {bit}");
            assert_eq!(answer.json()["error"], "signature_invalid", "bit {bit}");
            assert_eq!(fields(&answer), ["signature"], "bit {bit}");
        }
        assert_nothing_stored(&app);
        // The watermark id was not used up.
        assert_eq!(
            app.post_record(&publisher.secret, valid.to_json()).status,
            201
        );
    });
}

#[test]
fn a_signature_of_another_key_set_or_payload_is_refused() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let valid = publisher.signer.record("wm-1", b"x");
        let mut wrong = Vec::new();
        for (algorithm, seed) in [
            (Algorithm::ML_DSA_65, 99),
            (Algorithm::MlDsa(ParameterSet::MlDsa44), 1),
            (Algorithm::MlDsa(ParameterSet::MlDsa87), 1),
        ] {
            let signature = Signer::new(algorithm, seed).sign(&valid.signed_payload);
            wrong.push(RecordBody {
                signature,
                ..valid.clone()
            });
        }
        // Right key, other text: a space that no canonical form has, and another member.
        for text in [
            valid.signed_payload.replacen(':', ": ", 1),
            valid.signed_payload.replacen('{', r#"{"a":1,"#, 1),
        ] {
            let signature = publisher.signer.sign(&text);
            wrong.push(RecordBody {
                signature,
                ..valid.clone()
            });
        }
        let signature = format!("{}AAAA", valid.signature);
        wrong.push(RecordBody {
            signature,
            ..valid.clone()
        });
        for body in wrong {
            let answer = app.post_record(&publisher.secret, body.to_json());
            assert_eq!(answer.status, 400);
            assert_eq!(
                answer.json()["error"],
                "signature_invalid",
                "{}",
                answer.text()
            );
        }
        // What is no base64 at all is a fault of the field's form.
        for signature in [
            "%%%",
            "AAA",
            &format!("{}\n", valid.signature),
            &valid.signature.replace('A', "-"),
        ] {
            let body = RecordBody {
                signature: signature.to_owned(),
                ..valid.clone()
            };
            let answer = app.post_record(&publisher.secret, body.to_json());
            assert_eq!(
                (answer.status, fields(&answer)),
                (400, vec!["signature".to_owned()])
            );
        }
        assert_nothing_stored(&app);
    });
}

#[test]
fn a_body_that_is_no_unambiguous_json_is_refused() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let valid = publisher.signer.record("wm-1", b"x");
        let text = valid.to_json();
        let with = |member: &str| {
            let signed_payload = valid
                .signed_payload
                .replacen('{', &format!("{{{member},"), 1);
            RecordBody {
                signed_payload,
                ..valid.clone()
            }
            .to_json()
            .into_bytes()
        };
        let deep = format!(r#""a":{}1{}"#, "[".repeat(1_000), "]".repeat(1_000));
        let mut not_utf8 = text.clone().into_bytes();
        not_utf8[20] = 0xff;
        let cases: Vec<(&str, Vec<u8>)> = vec![
            (
                "a name twice",
                text.replacen('{', r#"{"model":"a","#, 1).into_bytes(),
            ),
            (
                "a name twice, spelled differently",
                text.replacen('{', r#"{"\u006dodel":"a","#, 1).into_bytes(),
            ),
            ("a name twice inside", with(r#""model":"a""#)),
            ("a lone surrogate", with(r#""a":"\ud800""#)),
            ("an integer beyond 2^53", with(r#""a":9007199254740993"#)),
            ("a number beyond a double", with(r#""a":1e999"#)),
            ("NaN", with(r#""a":NaN"#)),
            ("Infinity", with(r#""a":-Infinity"#)),
            ("a leading zero", with(r#""a":01"#)),
            ("a control character", with("\"a\":\"\u{1}\"")),
            ("1,000 levels", with(&deep)),
            ("not UTF-8", not_utf8),
            (
                "a byte order mark",
                [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            ),
            ("data after the end", format!("{text}{{}}").into_bytes()),
            (
                "a comma before the end",
                text.replacen("}}", "},}", 1).into_bytes(),
            ),
            ("truncated", text.as_bytes()[..text.len() / 2].to_vec()),
            ("empty", Vec::new()),
            ("no object", b"[]".to_vec()),
            (
                "UTF-16",
                text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            ),
        ];
        for (what, body) in cases {
            let answer = app.post_record(&publisher.secret, body);
            assert_eq!(answer.status, 400, "{what}: {}", answer.text());
            let code = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(
                code == "invalid_json" || what == "no object",
                "{what}: {code}"
            );
        }
        assert_nothing_stored(&app);
    });
}

#[test]
fn a_body_over_1_mib_is_refused_with_or_without_its_length() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let mut body = publisher.signer.record("wm-1", b"x");
        body.signed_payload = format!("{{{}{}", " ".repeat(1 << 20), &body.signed_payload[1..]);
        let body = body.to_json();
        let answer = app.post_record(&publisher.secret, body.clone());
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (413, &json!("body_too_large"))
        );
        let chunked: String =
            body.as_bytes()
                .chunks(64 << 10)
                .fold(String::new(), |text, chunk| {
                    format!(
                        "{text}{:x}\r\n{}\r\n",
                        chunk.len(),
                        str::from_utf8(chunk).unwrap()
                    )
                });
        let request = Request::new("POST", "/v1/records").bearer(&publisher.secret);
        let request = request
            .header("Transfer-Encoding", "chunked")
            .json(chunked + "0\r\n\r\n");
        let answer = app.send(&request);
        assert_eq!(
            (answer.status, &answer.json()["error"]),
            (413, &json!("body_too_large"))
        );
    });
}

#[test]
fn only_json_without_a_content_coding_is_taken() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let post = || Request::new("POST", "/v1/records").bearer(&publisher.secret);
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "",
        ] {
            let answer = app.send(&post().body(content_type, body.clone()));
            assert_eq!(answer.status, 415, "{content_type}: {}", answer.text());
        }
        let mut without = post();
        without.body = body.clone().into_bytes();
        assert_eq!(app.send(&without).status, 415);
        let answer = app.send(
            &post()
                .header("Content-Encoding", "gzip")
                .json(b"\x1f\x8b\x08\0".to_vec()),
        );
        assert_eq!(answer.status, 415, "{}", answer.text());
        for content_type in ["application/json; charset=utf-8", "Application/JSON"] {
            let body = publisher.signer.record(content_type, b"x").to_json();
            let answer = app.send(&post().body(content_type, body));
            assert_eq!(answer.status, 201, "{content_type}: {}", answer.text());
        }
    });
}

#[test]
fn a_client_that_hangs_up_inside_its_body_stores_nothing() {
    on_every_database(|app| {
        let publisher = app.site.publisher("enterprise");
        let body = publisher.signer.record("wm-1", b"x").to_json();
        let request = Request::new("POST", "/v1/records")
            .bearer(&publisher.secret)
            .json(body.clone());
        let bytes = request.to_bytes();
        let mut stream = app.connect();
        stream.write_all(&bytes[..bytes.len() - 1]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // Whether there is an answer or not, there is no record.
        if let Ok(answer) = Answer::read(&mut stream) {
            assert_eq!(answer.status, 400, "{}", answer.text());
        }
        assert_nothing_stored(&app);
        assert_eq!(app.post_record(&publisher.secret, body).status, 201);
    });
}
