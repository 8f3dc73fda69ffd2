//! The five contracts, with what `contracts/schemathesis.md` and `contracts/rules.md` say of them
//! beyond their documents.

use std::sync::LazyLock;

use serde_json::json;

use super::{Contract, Operation, Quirks};

/// TrackOrigin: certificates of music.
pub fn music() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_music/openapi.json"),
            Quirks {
                // /v1 documents 200, 201 and 422 only. 303: pages lead on (D10).
                undocumented_statuses: &[
                    303, 400, 401, 402, 403, 404, 405, 409, 413, 415, 429, 500, 503,
                ],
                error_schema: json!({
                    "type": "object",
                    "required": ["detail"],
                    "properties": { "detail": { "type": ["string", "object", "array"] } },
                }),
                media_types: music_media_types,
            },
        )
    });
    &CONTRACT
}

/// Lumethic: verification of photographs.
pub fn photo() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_photo/openapi.json"),
            Quirks {
                undocumented_statuses: &[400, 401, 403, 405, 409, 413, 415, 429, 500, 503],
                error_schema: json!({
                    "type": "object",
                    "required": ["detail"],
                    "properties": { "detail": { "anyOf": [
                        {
                            "type": "object",
                            "required": ["error_code", "message"],
                            "properties": {
                                "error_code": { "type": "string" },
                                "message": { "type": "string" },
                                "suggestion": { "type": ["string", "null"] },
                            },
                        },
                        // FastAPI's list of a 422.
                        { "type": "array", "items": { "type": "object", "required": ["loc", "msg", "type"] } },
                    ] } },
                }),
                ..Quirks::default()
            },
        )
    });
    &CONTRACT
}

/// Certivu: records of generated content.
pub fn content() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_content/openapi.json"),
            Quirks {
                undocumented_statuses: &[401, 405, 409, 413, 415, 429, 500, 503],
                error_schema: json!({
                    "type": "object",
                    "required": ["error", "message"],
                    "properties": {
                        "error": { "type": "string" },
                        "message": { "type": "string" },
                    },
                }),
                ..Quirks::default()
            },
        )
    });
    &CONTRACT
}

/// TokPortal: publishing.
pub fn publish() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_publish/openapi.json"),
            Quirks {
                // 409: the same Idempotency-Key with another body (D1).
                // 428: a reveal under active coverage (E11).
                undocumented_statuses: &[400, 401, 404, 405, 409, 413, 415, 428, 429, 500, 503],
                error_schema: json!({
                    "type": "object",
                    "required": ["error"],
                    "properties": { "error": {
                        "type": "object",
                        "required": ["code", "message"],
                        "properties": {
                            "code": { "type": "string" },
                            "message": { "type": "string" },
                            "details": { "type": "object" },
                        },
                    } },
                }),
                ..Quirks::default()
            },
        )
    });
    &CONTRACT
}

/// Idle Atlas: organisations.
pub fn org() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_org/openapi.json"),
            Quirks {
                // 401 is missing from the three cookie operations on purpose: there it is 403 (B6).
                // 403 elsewhere is for a key that was made to do less than the contract's keys do.
                undocumented_statuses: &[403, 404, 405, 413, 415, 429, 500, 503],
                error_schema: json!({
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["error"],
                    "properties": { "error": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["code", "message"],
                        "properties": {
                            "code": { "type": "string" },
                            "message": { "type": "string" },
                        },
                    } },
                }),
                ..Quirks::default()
            },
        )
    });
    &CONTRACT
}

/// Our own operations, which belong to no contract.
pub fn registry() -> &'static Contract {
    static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
        load(
            include_str!("../../../api_registry/openapi.json"),
            Quirks {
                // What any operation may answer, and the document says once for all of them. 404 is
                // the answer to a path that is no text (`%ff`).
                undocumented_statuses: &[404, 405, 408, 413, 415, 429, 500, 503],
                // RFC 9457
                error_schema: json!({
                    "type": "object",
                    "required": ["type", "title", "status", "code", "detail", "request_id"],
                    "properties": {
                        "type": { "type": "string" },
                        "title": { "type": "string" },
                        "status": { "type": "integer" },
                        "code": { "type": "string" },
                        "detail": { "type": "string" },
                        "request_id": { "type": "string" },
                        "fields": { "type": "array" },
                    },
                }),
                ..Quirks::default()
            },
        )
    });
    &CONTRACT
}

#[expect(clippy::panic, reason = "the documents are files of this repository")]
fn load(json: &str, quirks: Quirks) -> Contract {
    match Contract::parse(json) {
        Ok(contract) => contract.with_quirks(quirks),
        Err(reason) => panic!("{reason}"),
    }
}

/// The document declares these as `application/json {}`; they are what they are (E19).
fn music_media_types(operation: &Operation) -> &'static [&'static str] {
    match operation.path_template.as_str() {
        "/.well-known/trackorigin-pubkey.pem" | "/.well-known/trackorigin-public-key" => {
            &["application/x-pem-file", "text/plain"]
        }
        "/v1/public/artists/{handle}/avatar" => &["image/*"],
        "/v1/sessions/{session_id}/challenges/{challenge_id}/reference-audio" => &["audio/*"],
        "/v1/storage/{storage_key}" => &["*/*"],
        "/api/v1/exports/certificates" => &["text/csv"],
        "/oauth/authorize" | "/oauth/authorize/decide" => &["text/html"],
        path if ["/v1/", "/api/", "/oauth/", "/.well-known/"]
            .iter()
            .any(|prefix| path.starts_with(prefix)) =>
        {
            &[]
        }
        _ => &["text/html"],
    }
}
