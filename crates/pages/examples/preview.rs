//! Every page with sample data, for looking at:
//!
//! ```text
//! node crates/pages/tests/js/preview-data.mjs /tmp/preview     # a signed record, its bundle, …
//! cargo run -p colophon-pages --example preview -- /tmp/preview 127.0.0.1:8790
//! ```
//!
//! `/files/{hash}`, `/bundles/{id}`, `/log/key` and the OpenAPI documents are files of that folder.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use axum::{
    Router,
    extract::{Path as UrlPath, RawQuery, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use colophon_pages::{
    assets_router, render, render_public, render_status,
    views::{
        ApiDocument, ApiKey, ConsolePage, DeadJob, DevelopersPage, ErrorPage, Form, Frame,
        Generator, HomePage, JobCount, JobsPage, KeysPage, LogEntry, LogHead, LogPage, LoginPage,
        NewSecret, OrganisationPage, OrganisationRow, RunningJob, ServiceKey, Session, SetupPage,
        StateCard, StateLevel, VerifyPage,
    },
};

const CHECKPOINT: &str = "log.colophon.example\n1284907\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n\
     — log.colophon.example hI2DJ3u0o1dYbq5VqvN7C2xJX1y0m6p9T8i2n3z4b5c6d7e8f9g0h1i2j3k4l5m6n7o8p9q0r1s2t3u4v5w6x7y8z9==\n";
const VKEY: &str = "log.colophon.example+848d8327+AWq5VqvN7C2xJX1y0m6p9T8i2n3z4b5c6d7e8f9g0h1i";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let data = PathBuf::from(arguments.next().unwrap_or_else(|| "/tmp/preview".into()));
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8790".into());
    let router = Router::new()
        .route("/", get(home))
        .route("/verify", get(verify))
        .route("/developers", get(developers))
        .route("/console", get(console))
        .route("/console/setup", get(setup))
        .route("/console/login", get(login))
        .route("/console/jobs", get(jobs))
        .route("/console/log", get(log))
        .route("/console/keys", get(keys))
        .route("/console/organisations/{id}", get(organisation))
        .merge(assets_router())
        .fallback(sample_file)
        .with_state(data);
    let listener = tokio::net::TcpListener::bind(&address)
        .await
        .expect("the address is free");
    println!("http://{address}/");
    axum::serve(listener, router)
        .await
        .expect("the server runs");
}

fn frame() -> Frame {
    Frame::new("0.1.0")
}

fn session(flash: Option<&str>) -> Session {
    Session {
        operator: "marta.kowalczyk@example.org".into(),
        csrf: "sample".into(),
        flash: flash.map(Into::into),
    }
}

fn at(minute: u32) -> String {
    format!("2026-11-22T02:{minute:02}:42Z")
}

/// `/bundles/rec_…` is `DIR/bundles/rec_….json` and so on; anything else is the error page.
async fn sample_file(State(data): State<PathBuf>, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/').replace("..", "");
    for candidate in [data.join(&path), data.join(format!("{path}.json"))] {
        if candidate.is_file() {
            let kind = if candidate
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                "application/json"
            } else {
                "text/plain; charset=utf-8"
            };
            return (
                [(header::CONTENT_TYPE, kind)],
                std::fs::read(candidate).unwrap(),
            )
                .into_response();
        }
    }
    if let Some(hash) = path.strip_prefix("files/") {
        let body = format!("{{\"hash\":\"{hash}\",\"statements\":[]}}");
        return ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    render_status(
        StatusCode::NOT_FOUND,
        &ErrorPage {
            frame: frame(),
            status: 404,
            title: "There is no such page".into(),
            detail: "The address may have been mistyped, or the page may have moved.".into(),
            request_id: Some("req_01KB3Q7V9W4X2Y6Z8A0C1D3E5F".into()),
        },
    )
}

async fn home() -> Response {
    render_public(&HomePage {
        frame: frame(),
        log: LogHead {
            origin: "log.colophon.example".into(),
            size: 1_284_907,
            checkpoint_at: Some(at(31)),
            key_id: "848d8327".into(),
        },
        needs_setup: false,
    })
}

async fn verify(RawQuery(query): RawQuery) -> Response {
    let query = query.and_then(|query| {
        query
            .strip_prefix("q=")
            .map(|value| value.replace("%3A", ":"))
    });
    render_public(&VerifyPage {
        frame: frame(),
        query,
    })
}

async fn developers(State(data): State<PathBuf>) -> Response {
    let known = [
        ("colophon", "Files, bundles, the log: our own operations"),
        ("certivu", "Sign and look up records of AI-made content"),
        ("trackorigin", "Music certificates and their verification"),
        ("lumethic", "Photo verification and its marketplace"),
        ("tokportal", "Publishing, accounts and analytics"),
        ("idle-atlas", "The organisation directory"),
    ];
    let documents = known
        .into_iter()
        .filter(|(name, _)| {
            Path::new(&data)
                .join(format!("openapi/{name}.json"))
                .is_file()
        })
        .map(|(name, blurb)| ApiDocument {
            name: name.into(),
            url: format!("/openapi/{name}.json"),
            blurb: blurb.into(),
        })
        .collect();
    render_public(&DevelopersPage {
        frame: frame(),
        documents,
    })
}

async fn setup() -> Response {
    let mut form = Form::new("sample");
    form.values
        .insert("email".into(), "marta.kowalczyk@example.org".into());
    form.field_errors.insert(
        "password".into(),
        "This has 8 characters; it needs at least 12.".into(),
    );
    render_status(
        StatusCode::UNPROCESSABLE_ENTITY,
        &SetupPage {
            frame: frame(),
            form,
            setup_token: Some("sample".into()),
        },
    )
}

async fn login() -> Response {
    let mut form = Form::new("sample");
    form.error = Some("That e-mail and password do not belong together.".into());
    render(&LoginPage {
        frame: frame(),
        form,
        next: None,
        flash: None,
    })
}

async fn console() -> Response {
    let card = |name: &str, level, value: &str, detail: &str| StateCard {
        name: name.into(),
        level,
        value: value.into(),
        detail: detail.into(),
    };
    let row = |id: &str, name: &str, plan: &str, used, included| OrganisationRow {
        id: id.into(),
        name: name.into(),
        plan: plan.into(),
        used,
        included,
        created_at: "2026-10-02T09:14:00Z".into(),
    };
    render(&ConsolePage {
        frame: frame(),
        session: session(Some("Organisation created.")),
        state: vec![
            card(
                "Database",
                StateLevel::Good,
                "SQLite, 412 MB",
                "./colophon-data/colophon.db, WAL",
            ),
            card(
                "Blobs",
                StateLevel::Good,
                "12,094 files, 3.1 GB",
                "./colophon-data/blobs",
            ),
            card(
                "Worker",
                StateLevel::Warning,
                "2 running, 1 given up",
                "One job needs a look",
            ),
            card(
                "Keys",
                StateLevel::Good,
                "Ed25519, ML-DSA-65",
                "Current since 2 October",
            ),
            card(
                "Log head",
                StateLevel::Good,
                "1,284,907 entries",
                "Checkpoint 4 seconds ago",
            ),
        ],
        organisations: vec![
            row(
                "org_01KB3Q7V9W4X2Y6Z8A0C1D3E5F",
                "Atelier Nordlicht",
                "growth",
                18_240,
                Some(50_000),
            ),
            row(
                "org_01KB3Q7V9W4X2Y6Z8A0C1D3E5G",
                "Łódzka Wytwórnia Obrazów",
                "free",
                94,
                Some(100),
            ),
            row(
                "org_01KB3Q7V9W4X2Y6Z8A0C1D3E5H",
                "Harbour & Quill Press",
                "enterprise",
                402_118,
                None,
            ),
        ],
        more_url: None,
        form: Form::new("sample"),
    })
}

async fn organisation(UrlPath(id): UrlPath<String>) -> Response {
    let key_id = "9f2c7a1be04d5583aa6b1c2d3e4f5061728394a5b6c7d8e9f00112233445566f";
    let generator = |suffix: &str, name: &str, records, revoked: Option<String>| Generator {
        id: format!("gen_01KB3Q7V9W4X2Y6Z8A0C1D3E{suffix}"),
        name: name.into(),
        algorithm: Some("ml-dsa-65".into()),
        key_id: Some(key_id.into()),
        records,
        created_at: "2026-10-02T09:14:00Z".into(),
        revoked_at: revoked,
    };
    let key = |suffix: &str,
               name: &str,
               kind: &str,
               test,
               used: Option<String>,
               revoked: Option<String>| ApiKey {
        id: format!("key_01KB3Q7V9W4X2Y6Z8A0C1D3E{suffix}"),
        name: name.into(),
        kind: kind.into(),
        test,
        prefix: "ctv_key_7Hq2".into(),
        created_at: "2026-10-02T09:20:00Z".into(),
        last_used_at: used,
        revoked_at: revoked,
    };
    render(&OrganisationPage {
        frame: frame(),
        session: session(None),
        id,
        name: "Atelier Nordlicht".into(),
        plan: "growth".into(),
        created_at: "2026-10-02T09:14:00Z".into(),
        used: 18_240,
        included: Some(50_000),
        resets_at: Some("2026-12-01T00:00:00Z".into()),
        generators: vec![
            generator("5A", "Nordlicht XL 2.1", 18_102, None),
            generator("5B", "Nordlicht sketch", 138, Some(at(5))),
        ],
        keys: vec![
            key("5A", "Render farm", "certivu", false, Some(at(31)), None),
            key("5B", "Staging", "certivu", true, None, None),
            key(
                "5C",
                "",
                "trackorigin-secret",
                false,
                Some(at(2)),
                Some(at(4)),
            ),
        ],
        new_secret: Some(NewSecret {
            label: "The new Certivu key".into(),
            secret: "ctv_key_7Hq2mVx9Yt4LrBzKcW8nPd3FsGjA6eUo1RiT5wQy".into(),
        }),
        generator_form: Form::new("sample"),
        key_form: Form::new("sample"),
    })
}

async fn jobs() -> Response {
    let count = |name: &str, count| JobCount {
        name: name.into(),
        count,
    };
    render(&JobsPage {
        frame: frame(),
        session: session(None),
        counts: vec![
            count("Waiting", 48),
            count("Running", 2),
            count("Retrying", 3),
            count("Given up", 1),
            count("Done today", 10_412),
        ],
        running: vec![
            RunningJob {
                id: "job_01KB3Q7V9W4X2Y6Z8A0C1D3E5F".into(),
                kind: "export.archive".into(),
                percent: Some(64),
                step: "12,810 of 20,015 records".into(),
                worker: "press-1 (pid 4127)".into(),
                started_at: at(29),
            },
            RunningJob {
                id: "job_01KB3Q7V9W4X2Y6Z8A0C1D3E5G".into(),
                kind: "webhook.deliver".into(),
                percent: None,
                step: String::new(),
                worker: "press-2 (pid 981)".into(),
                started_at: at(31),
            },
        ],
        dead: vec![DeadJob {
            id: "job_01KB3Q7V9W4X2Y6Z8A0C1D3E5H".into(),
            kind: "webhook.deliver".into(),
            attempts: 6,
            error: "POST https://hooks.example.org/colophon: connection refused (os error 111)"
                .into(),
            died_at: at(12),
        }],
    })
}

async fn log() -> Response {
    let entry = |seq_no, kind: &str, subject: &str| LogEntry {
        seq_no,
        kind: kind.into(),
        subject: subject.into(),
        manifest_hash: "4eeb4c4f901b959fe3040059dad84c4c277d1c1110a81398b91300a6859f3ecb".into(),
        ts: at(31),
    };
    render(&LogPage {
        frame: frame(),
        session: session(None),
        checkpoint: Some(CHECKPOINT.into()),
        vkeys: vec![VKEY.into()],
        entries: vec![
            entry(1_284_907, "record", "rec_01KB3Q7V9W4X2Y6Z8A0C1D3E5F"),
            entry(1_284_906, "certificate", "cer_01KB3Q7V9W4X2Y6Z8A0C1D3E5E"),
            entry(1_284_905, "revocation", "gen_01KB3Q7V9W4X2Y6Z8A0C1D3E5B"),
            entry(1_284_904, "record", "rec_01KB3Q7V9W4X2Y6Z8A0C1D3E5C"),
        ],
        more_url: Some("/console/log?before=1284904".into()),
    })
}

async fn keys() -> Response {
    let key = |purpose: &str, id: &str, algorithm: &str, retired_at, public_key: &str| ServiceKey {
        id: id.into(),
        purpose: purpose.into(),
        algorithm: algorithm.into(),
        created_at: "2026-10-02T09:14:00Z".into(),
        retired_at,
        public_key: public_key.into(),
    };
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAarlWq83sLbElfXLSbqn1PyLafPhvlzp3t5/B0eIzRFU=\n-----END PUBLIC KEY-----\n";
    render(&KeysPage {
        frame: frame(),
        session: session(None),
        keys: vec![
            key(
                "Certificates and tokens",
                "5d3f9a0c4b7e2186",
                "ed25519",
                None,
                pem,
            ),
            key("The log", "848d8327", "ed25519", None, VKEY),
            key(
                "Certificates and tokens",
                "a1b2c3d4e5f60718",
                "ed25519",
                Some(at(1)),
                pem,
            ),
        ],
    })
}
