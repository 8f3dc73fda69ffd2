//! The public pages and the console's.

use axum::http::StatusCode;
use axum::response::Response;
use chrono::DateTime;
use colophon_core::identity::Issuer;
use colophon_core::mail::Written;
use colophon_core::oauth::App;
use colophon_core::{AppId, IssuerId, OrgId};
use colophon_pages::views::{
    ApiDocument, ApiKey, AppsPage, ConsoleMembersPage, ConsolePage, DeadJob, DevelopersPage,
    ErrorPage, FoundPerson, Generator, HomePage, IssuersPage, JobCount, JobsPage, KeysPage, Letter,
    LogEntry, LogExport, LogHead, LogPage, OrganisationPage, OrganisationRow, OutboxPage,
    PeoplePage, RunningJob, ServiceKey, SetupPage, StateCard, StateLevel, VerifyPage, WaitingJob,
};
use colophon_pages::{render, render_public, render_status};

use crate::sample::{form, frame, hostile, member, memberships, person, secret, session};

pub fn pages() -> Vec<(&'static str, Response)> {
    let form = form();
    let log = LogHead {
        origin: hostile(),
        size: 7,
        checkpoint_at: Some(hostile()),
        key_id: hostile(),
    };
    vec![
        (
            "home",
            render_public(&HomePage {
                frame: frame(),
                log: log.clone(),
                needs_setup: true,
            }),
        ),
        (
            "empty home",
            render_public(&HomePage {
                frame: frame(),
                log: LogHead {
                    checkpoint_at: None,
                    ..log
                },
                needs_setup: false,
            }),
        ),
        (
            "verify",
            render_public(&VerifyPage {
                frame: frame(),
                query: Some(hostile()),
            }),
        ),
        (
            "developers",
            render_public(&DevelopersPage {
                frame: frame(),
                documents: vec![ApiDocument {
                    name: hostile(),
                    url: hostile(),
                    blurb: hostile(),
                }],
            }),
        ),
        (
            "error",
            render_status(
                StatusCode::NOT_FOUND,
                &ErrorPage {
                    frame: frame(),
                    status: 404,
                    title: hostile(),
                    detail: hostile(),
                    request_id: Some(hostile()),
                },
            ),
        ),
        (
            "setup",
            render(&SetupPage {
                frame: frame(),
                form: form.clone(),
                setup_token: hostile(),
            }),
        ),
        (
            "overview",
            render(&ConsolePage {
                frame: frame(),
                session: session(),
                state: vec![StateCard {
                    name: hostile(),
                    level: StateLevel::Bad,
                    value: hostile(),
                    detail: hostile(),
                }],
                organisations: vec![OrganisationRow {
                    id: hostile(),
                    name: hostile(),
                    plan: hostile(),
                    created_at: hostile(),
                }],
                more_url: Some(hostile()),
                form: form.clone(),
            }),
        ),
        (
            "organisation",
            render(&OrganisationPage {
                frame: frame(),
                session: session(),
                id: hostile(),
                name: hostile(),
                plan: hostile(),
                created_at: hostile(),
                used: i64::MAX,
                included: Some(1),
                resets_at: Some(hostile()),
                generators: [None, Some(hostile())]
                    .map(|revoked_at| Generator {
                        id: hostile(),
                        name: hostile(),
                        algorithm: Some(hostile()),
                        key_id: Some(hostile()),
                        created_at: hostile(),
                        revoked_at,
                    })
                    .into(),
                keys: [None, Some(hostile())]
                    .map(|revoked_at| ApiKey {
                        id: hostile(),
                        kind: hostile(),
                        test: true,
                        prefix: hostile(),
                        created_at: hostile(),
                        last_used_at: None,
                        revoked_at,
                    })
                    .into(),
                new_secret: Some(secret()),
                generator_form: form.clone(),
                key_form: form.clone(),
            }),
        ),
        (
            "jobs",
            render(&JobsPage {
                frame: frame(),
                session: session(),
                counts: vec![JobCount {
                    name: hostile(),
                    count: -1,
                }],
                running: vec![RunningJob {
                    id: hostile(),
                    kind: hostile(),
                    percent: Some(50),
                    step: hostile(),
                    worker: hostile(),
                    started_at: hostile(),
                }],
                waiting: vec![WaitingJob {
                    id: hostile(),
                    kind: hostile(),
                    attempts: 1,
                    last_error: Some(hostile()),
                    run_at: hostile(),
                }],
                dead: vec![DeadJob {
                    id: hostile(),
                    kind: hostile(),
                    attempts: 3,
                    error: hostile(),
                    died_at: hostile(),
                }],
            }),
        ),
        (
            "log",
            render(&LogPage {
                frame: frame(),
                session: session(),
                waiting: 1,
                checkpoint: Some(hostile()),
                vkeys: vec![hostile()],
                export: Some(LogExport {
                    entries: 1,
                    made_at: hostile(),
                    sha256: hostile(),
                    url: hostile(),
                }),
                entries: vec![LogEntry {
                    seq_no: 1,
                    kind: hostile(),
                    subject: hostile(),
                    manifest_hash: hostile(),
                    ts: hostile(),
                }],
                more_url: Some(hostile()),
            }),
        ),
        (
            "keys",
            render(&KeysPage {
                frame: frame(),
                session: session(),
                keys: vec![ServiceKey {
                    id: hostile(),
                    purpose: hostile(),
                    algorithm: hostile(),
                    created_at: hostile(),
                    retired_at: Some(hostile()),
                    public_key: hostile(),
                }],
            }),
        ),
        (
            "people",
            render(&PeoplePage {
                frame: frame(),
                session: session(),
                query: Some(hostile()),
                found: Some(FoundPerson {
                    person: person(),
                    memberships: memberships(),
                }),
            }),
        ),
        (
            "nobody",
            render(&PeoplePage {
                frame: frame(),
                session: session(),
                query: Some(hostile()),
                found: None,
            }),
        ),
        (
            "members of an organisation",
            render(&ConsoleMembersPage {
                frame: frame(),
                session: session(),
                id: OrgId(Default::default()),
                organisation: hostile(),
                personal: false,
                members: vec![member()],
                more_url: Some(hostile()),
                form: form.clone(),
            }),
        ),
        (
            "apps",
            render(&AppsPage {
                frame: frame(),
                session: session(),
                apps: vec![App {
                    id: AppId(Default::default()),
                    client_id: hostile(),
                    name: hostile(),
                    description: hostile(),
                    homepage_url: hostile(),
                    redirect_uris: vec![hostile()],
                    created_at: DateTime::UNIX_EPOCH,
                }],
                new_secret: Some(secret()),
                form: form.clone(),
            }),
        ),
        (
            "issuers",
            render(&IssuersPage {
                frame: frame(),
                session: session(),
                issuers: vec![Issuer {
                    id: IssuerId(Default::default()),
                    name: hostile(),
                    issuer: hostile(),
                    audience: hostile(),
                    jwks_uri: hostile(),
                    created_at: DateTime::UNIX_EPOCH,
                }],
                form,
            }),
        ),
        (
            "outbox",
            render(&OutboxPage {
                frame: frame(),
                session: session(),
                letters: Some(vec![Letter {
                    letter: Written {
                        at: DateTime::UNIX_EPOCH,
                        to: hostile(),
                        subject: hostile(),
                        text: hostile(),
                    },
                    links: vec![hostile()],
                }]),
            }),
        ),
    ]
}
