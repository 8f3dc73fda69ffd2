#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

fn all() -> [(&'static str, &'static Contract); 5] {
    [
        ("music", music()),
        ("photo", photo()),
        ("content", content()),
        ("publish", publish()),
        ("org", org()),
    ]
}

/// Calls `visit` with the pointer and value of every object of the document.
fn walk(
    pointer: &str,
    value: &Value,
    visit: &mut impl FnMut(&str, &serde_json::Map<String, Value>),
) {
    match value {
        Value::Object(members) => {
            visit(pointer, members);
            for (key, value) in members {
                walk(&format!("{pointer}/{}", schema::escape(key)), value, visit);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                walk(&format!("{pointer}/{index}"), value, visit);
            }
        }
        _ => {}
    }
}

#[test]
fn every_operation_of_the_five_documents_is_known() {
    let counts: Vec<_> = all().iter().map(|(_, c)| c.operations().len()).collect();
    assert_eq!(counts, [154, 28, 2, 78, 9]);
    for (name, contract) in all() {
        for operation in contract.operations() {
            let path = format!("{}{}", contract.base_path(), operation.path_template)
                .replace(['{', '}'], "");
            assert_eq!(
                contract.find(&operation.method, &path),
                Some(operation),
                "{name} {path}"
            );
        }
    }
}

#[test]
fn every_schema_of_the_five_documents_compiles() {
    let mut compiled = 0;
    for (name, contract) in all() {
        let mut pointers = Vec::new();
        walk("", &contract.document, &mut |pointer, object| {
            if object.contains_key("schema") {
                pointers.push(format!("{pointer}/schema"));
            }
        });
        for component in contract.document["components"]["schemas"]
            .as_object()
            .into_iter()
            .flatten()
        {
            pointers.push(format!(
                "/components/schemas/{}",
                schema::escape(component.0)
            ));
        }
        for pointer in pointers {
            let schema = contract.document.pointer(&pointer).unwrap();
            jsonschema::draft202012::meta::validate(schema)
                .unwrap_or_else(|e| panic!("{name} {pointer}: {e}"));
            contract
                .schemas
                .validator(&pointer)
                .unwrap_or_else(|e| panic!("{name} {e}"));
            compiled += 1;
        }
    }
    println!("{compiled} schemas compiled");
}

/// Examples that contradict their own schema. The schema holds; the list is here so that nobody
/// takes such an example for a specification.
const WRONG_EXAMPLES: &[(&str, &str)] = &[
    // Both lack the required rendition_info and rendition_corrected_info.
    (
        "photo",
        "/paths/~1v1~1verifications~1/get/responses/200/content/application~1json/example",
    ),
    (
        "photo",
        "/paths/~1v1~1verifications~1{verification_id}/get/responses/200/content/application~1json/example",
    ),
];

#[test]
fn examples_fit_their_schemas() {
    let mut checked = 0;
    let mut wrong = BTreeSet::new();
    for (name, contract) in all() {
        let mut examples = Vec::new();
        walk("", &contract.document, &mut |pointer, object| {
            // A media type or parameter carries its schema; a schema is its own.
            let schema = match object.get("schema") {
                Some(_) => format!("{pointer}/schema"),
                None if object.contains_key("type") || object.contains_key("anyOf") => {
                    pointer.to_owned()
                }
                None => return,
            };
            if let Some(example) = object.get("example") {
                examples.push((
                    schema.clone(),
                    format!("{pointer}/example"),
                    example.clone(),
                ));
            }
            match object.get("examples") {
                Some(Value::Array(list)) => {
                    for (index, example) in list.iter().enumerate() {
                        let at = format!("{pointer}/examples/{index}");
                        examples.push((schema.clone(), at, example.clone()));
                    }
                }
                Some(Value::Object(named)) => {
                    for (key, example) in named {
                        let at = format!("{pointer}/examples/{key}");
                        examples.push((schema.clone(), at, example["value"].clone()));
                    }
                }
                _ => {}
            }
        });
        for (schema, at, example) in examples {
            checked += 1;
            if let Err(reason) = contract
                .schemas
                .check(&schema, example.to_string().as_bytes())
            {
                println!("{name} {at}: {reason}");
                wrong.insert((name, at));
            }
        }
    }
    println!("{checked} examples checked");
    let known: BTreeSet<_> = WRONG_EXAMPLES
        .iter()
        .map(|(name, at)| (*name, (*at).to_owned()))
        .collect();
    assert_eq!(wrong, known);
}

#[test]
fn a_literal_segment_beats_a_parameter() {
    let found = |contract: &'static Contract, method, path| {
        contract
            .find(method, path)
            .map(|o| o.path_template.as_str())
    };
    assert_eq!(
        found(music(), "GET", "/api/v1/certificates/changes?limit=2"),
        Some("/api/v1/certificates/changes")
    );
    assert_eq!(
        found(music(), "GET", "/api/v1/certificates/by-isrc/status"),
        Some("/api/v1/certificates/by-isrc/{isrc}")
    );
    assert_eq!(
        found(music(), "get", "/api/v1/certificates/cer_1/status"),
        Some("/api/v1/certificates/{cert_id}/status")
    );
    assert_eq!(
        found(publish(), "PUT", "/api/ext/bundles/b/videos/batch"),
        Some("/bundles/{id}/videos/batch")
    );
    // The path is decided before the method: 405, not "bundle named bulk".
    assert_eq!(found(publish(), "GET", "/api/ext/bundles/bulk"), None);
    assert_eq!(found(publish(), "GET", "/bundles"), None);
}

#[test]
fn both_forms_of_a_trailing_slash_and_keys_with_slashes_are_found() {
    for path in ["/v1/verifications", "/v1/verifications/"] {
        assert_eq!(
            photo().find("GET", path).unwrap().path_template,
            "/v1/verifications/"
        );
    }
    assert_eq!(music().find("GET", "/").unwrap().path_template, "/");
    assert_eq!(
        music()
            .find("GET", "/v1/storage/a/b/c.wav")
            .unwrap()
            .path_template,
        "/v1/storage/{storage_key}"
    );
    assert_eq!(music().find("GET", "/v1/storage/"), None);
    assert_eq!(content().find("GET", "/v1/records/a/b"), None);
}

const JSON: Option<&str> = Some("application/json; charset=utf-8");

fn created(body: &Value) -> Result<(), String> {
    content().check_response(
        "POST",
        "/v1/records",
        201,
        JSON,
        body.to_string().as_bytes(),
    )
}

#[test]
fn a_response_is_checked_against_its_schema() {
    created(&json!({ "token": "ctv_a", "record_id": "rec_1" })).unwrap();
    let reason = created(&json!({ "token": "a", "record_id": 1 })).unwrap_err();
    assert!(
        reason.starts_with("POST /v1/records answered 201: "),
        "{reason}"
    );
    assert!(
        reason.contains("/token: ") && reason.contains("/record_id: "),
        "{reason}"
    );
    assert!(created(&json!({ "token": "ctv_a" })).is_err());

    let check = |status, content_type, body: &str| {
        content().check_response("POST", "/v1/records", status, content_type, body.as_bytes())
    };
    assert!(check(201, JSON, "{\"token\":").is_err());
    assert!(
        check(201, Some("text/plain"), "ok")
            .unwrap_err()
            .contains("not declared")
    );
    assert!(check(201, None, "").is_err());
    assert!(
        check(418, JSON, "{}")
            .unwrap_err()
            .contains("201, 400, 401")
    );
}

#[test]
fn an_undocumented_error_has_the_contracts_envelope() {
    let cases = [
        (music(), "/v1/me", json!({ "detail": "no" })),
        (
            photo(),
            "/v1/apikeys",
            json!({ "detail": { "error_code": "A", "message": "no" } }),
        ),
        (
            content(),
            "/v1/records/rec_1",
            json!({ "error": "too_many", "message": "no" }),
        ),
        (
            publish(),
            "/api/ext/me",
            json!({ "error": { "code": "A", "message": "no" } }),
        ),
        (
            org(),
            "/api/customer/v1/roles",
            json!({ "error": { "code": "A", "message": "no" } }),
        ),
    ];
    for (contract, path, body) in cases {
        for (method, status) in [("GET", 429), ("GET", 500), ("PURGE", 405)] {
            let check = |content_type, body: &Value| {
                let body = body.to_string();
                contract.check_response(method, path, status, content_type, body.as_bytes())
            };
            check(JSON, &body).unwrap();
            assert!(check(JSON, &json!({ "message": "no" })).is_err(), "{path}");
            assert!(check(Some("text/plain"), &body).is_err(), "{path}");
        }
        assert!(
            contract
                .check_response("PURGE", path, 404, JSON, b"{}")
                .is_err()
        );
    }
    // Closed: nothing beside code and message.
    let open = br#"{"error":{"code":"A","message":"no","request_id":"r"}}"#;
    assert!(
        org()
            .check_response("GET", "/api/customer/v1/roles", 500, JSON, open)
            .is_err()
    );
}

#[test]
fn head_redirects_empty_answers_and_pages_are_allowed_as_they_are() {
    content()
        .check_response("HEAD", "/v1/records/rec_1", 200, JSON, b"")
        .unwrap();
    assert!(
        content()
            .check_response("HEAD", "/v1/records/rec_1", 200, JSON, b"{}")
            .is_err()
    );
    content()
        .check_response("OPTIONS", "/v1/records", 204, None, b"")
        .unwrap();
    let image = "/v1/verifications/v/image";
    photo()
        .check_response("GET", image, 302, None, b"")
        .unwrap();
    photo()
        .check_response("DELETE", "/v1/apikeys/k", 204, None, b"")
        .unwrap();
    assert!(
        photo()
            .check_response("DELETE", "/v1/apikeys/k", 204, JSON, b"{}")
            .is_err()
    );
    let download = "/v1/marketplace/listings/l/download";
    photo()
        .check_response("GET", download, 200, Some("image/jpeg"), b"\xff\xd8")
        .unwrap();
    music()
        .check_response(
            "GET",
            "/verify",
            200,
            Some("text/html; charset=utf-8"),
            b"<p>",
        )
        .unwrap();
    music()
        .check_response("GET", "/verify", 404, Some("text/html"), b"<p>")
        .unwrap();
    assert!(
        music()
            .check_response("GET", "/v1/me", 200, Some("text/html"), b"<p>")
            .is_err()
    );
    assert!(
        music()
            .check_response("GET", "/v1/storage/k", 404, Some("text/plain"), b"no")
            .is_err()
    );
    assert!(
        music()
            .check_response("GET", "/nowhere", 404, JSON, b"{}")
            .is_err()
    );
}

#[test]
fn a_request_body_is_checked_too() {
    let check = |content_type, body: &str| {
        content().check_request("POST", "/v1/records", content_type, body.as_bytes())
    };
    let hash = format!("sha3-256:{}", "0".repeat(64));
    let payload =
        json!({ "generator_id": "g", "model": "m", "content_hash": hash, "watermark_id": "w" });
    let mut record = payload.clone();
    record["signature"] = json!("AA==");
    record["signed_payload"] = payload;
    check(JSON, &record.to_string()).unwrap();
    record["content_hash"] = json!("sha256:00");
    assert!(
        check(JSON, &record.to_string())
            .unwrap_err()
            .contains("/content_hash")
    );
    assert!(check(Some("text/plain"), "x").is_err());
    assert!(
        music()
            .check_request("POST", "/v1/auth/login", JSON, b"")
            .unwrap_err()
            .contains("required")
    );
    assert!(
        content()
            .check_request("GET", "/v1/records/r", JSON, b"{}")
            .is_err()
    );
    assert!(
        content()
            .check_request("POST", "/v1/sign", JSON, b"{}")
            .is_err()
    );
}

#[test]
fn openapi_3_0_nullable_means_or_null() {
    let contract = Contract::parse(
        r##"{"openapi":"3.0.3","paths":{"/a":{"get":{"responses":{"2XX":{"$ref":"#/components/responses/A"}}}}},
        "components":{"responses":{"A":{"content":{"application/*":{"schema":{"type":"object","properties":{
          "s":{"type":"string","enum":["x"],"nullable":true},
          "r":{"allOf":[{"$ref":"#/components/schemas/R"}],"nullable":true},
          "n":{"type":"number","minimum":0,"exclusiveMinimum":true}}}}}}},
        "schemas":{"R":{"type":"object"}}}}"##,
    )
    .unwrap();
    let check = |body: &str| contract.check_response("GET", "/a", 200, JSON, body.as_bytes());
    check(r#"{"s":null,"r":null,"n":1}"#).unwrap();
    check(r#"{"s":"x","r":{}}"#).unwrap();
    assert!(check(r#"{"s":"y"}"#).is_err());
    assert!(check(r#"{"r":[]}"#).is_err());
    assert!(check(r#"{"n":0}"#).is_err());
    assert!(check(r#"{"n":null}"#).is_err());
    assert!(Contract::parse(r#"{"openapi":"2.0"}"#).is_err());
    assert!(Contract::parse("{").is_err());
}

#[test]
fn routes_the_list_and_the_document_must_agree() {
    let list = "# Certivu\nGET /v1/records/{record_id}\n\nPOST /v1/records\n";
    let routes = [("post", "/v1/records"), ("GET", "/v1/records/{record_id}")];
    assert_routes(content(), &routes, list);
    assert_routes(
        music(),
        &[("GET", "/v1/storage/{*storage_key}")],
        "GET /v1/storage/{storage_key}",
    );
    assert_routes(publish(), &[("GET", "/api/ext/me")], "GET /me");

    let problem =
        |routes: &[(&str, &str)], list| check_routes(content(), routes, list).unwrap_err();
    assert!(
        problem(&routes[..1], list).contains("{record_id}: in implemented.txt, but not served")
    );
    assert!(problem(&routes, "POST /v1/records").contains("served, but not in implemented.txt"));
    let sign = [("POST", "/v1/sign")];
    assert!(problem(&sign, "POST /v1/sign").contains("POST /v1/sign: not an operation"));
    let unsorted = "POST /v1/records\nGET /v1/records/{record_id}";
    assert!(problem(&routes, unsorted).contains("before POST /v1/records"));
}
