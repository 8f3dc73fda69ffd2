//! The pages of people and of their organisations.

use axum::response::Response;
use chrono::DateTime;
use colophon_core::access::{self, Caller, Credential, Grants, KeyKind, Permissions, ROLES};
use colophon_core::audit::{Event, Verified};
use colophon_core::identity::{Device, SessionKind};
use colophon_core::oauth::{ActingApp, OauthScope};
use colophon_core::organisations::{Invitation, InvitationStatus, Location, Organisation, Plan};
use colophon_core::{ApiKeyId, AppId, InvitationId, LocationId, OrgId, PersonId, SessionId};
use colophon_pages::render;
use colophon_pages::views::{
    AccountPage, ActingAppsPage, Answer, ApiKeyRow, ApiKeysPage, AuditPage, AuditRow, ConsentPage,
    ForgotPasswordPage, InvitationPage, InvitationRow, InvitationsPage, LocationPage,
    LocationsPage, LoginPage, MemberPage, MembersPage, OrganisationsPage, OverviewPage,
    ResetPasswordPage, RoleChoice, SessionsPage, SignUpPage, VerifyEmailPage, Within,
};

use crate::sample::{form, frame, hostile, location, member, memberships, person, secret, session};

fn within() -> Within {
    Within {
        caller: Caller {
            org_id: OrgId(Default::default()),
            organisation: hostile(),
            plan: Plan::Free,
            credential: Credential::Session {
                id: SessionId(Default::default()),
                person: PersonId(Default::default()),
            },
            grants: Grants {
                everywhere: Permissions::ALL,
                at: Vec::new(),
            },
            expires_at: None,
        },
    }
}

fn place() -> Location {
    Location {
        id: LocationId(Default::default()),
        name: hostile(),
        code: Some(hostile()),
        active: true,
        created_at: DateTime::UNIX_EPOCH,
    }
}

fn choice() -> RoleChoice {
    RoleChoice {
        everywhere: ROLES.iter().collect(),
        somewhere: ROLES.iter().collect(),
        locations: vec![place()],
    }
}

pub fn pages() -> Vec<(&'static str, Response)> {
    let mut pages = entry();
    pages.extend(account());
    pages.extend(organisation());
    pages
}

fn entry() -> Vec<(&'static str, Response)> {
    let login = |sign_up_url| {
        render(&LoginPage {
            frame: frame(),
            form: form(),
            next: Some(hostile()),
            sign_up_url,
            flash: Some(hostile()),
        })
    };
    let mut pages = vec![
        ("login", login(Some(hostile()))),
        ("console login", login(None)),
        (
            "signup",
            render(&SignUpPage {
                frame: frame(),
                form: form(),
                next: Some(hostile()),
                sign_in_url: hostile(),
            }),
        ),
        (
            "forgotten password",
            render(&ForgotPasswordPage {
                frame: frame(),
                form: form(),
                flash: Some(hostile()),
            }),
        ),
        (
            "new password",
            render(&ResetPasswordPage {
                frame: frame(),
                form: form(),
                token: hostile(),
            }),
        ),
        (
            "consent",
            render(&ConsentPage {
                frame: frame(),
                session: session(),
                app: hostile(),
                description: hostile(),
                homepage_url: hostile(),
                host: hostile(),
                questions: vec!["Read everything"],
                client_id: hostile(),
                redirect_uri: hostile(),
                scope: hostile(),
                state: hostile(),
                code_challenge: hostile(),
                back: hostile(),
            }),
        ),
        (
            "confirming an address",
            render(&VerifyEmailPage {
                frame: frame(),
                form: form(),
                token: hostile(),
            }),
        ),
    ];
    let answers = [
        Answer::Decided(hostile()),
        Answer::SignInFirst {
            sign_in_url: hostile(),
            sign_up_url: hostile(),
        },
        Answer::AnotherPerson {
            email: hostile(),
            csrf: hostile(),
            back: hostile(),
        },
        Answer::VerifyFirst { csrf: hostile() },
        Answer::Open { csrf: hostile() },
    ];
    pages.extend(answers.map(|answer| {
        let page = InvitationPage {
            frame: frame(),
            flash: Some(hostile()),
            organisation: hostile(),
            invited_by: Some(hostile()),
            email: hostile(),
            role: hostile(),
            description: hostile(),
            location: Some(hostile()),
            expires_at: hostile(),
            token: hostile(),
            answer,
        };
        ("invitation", render(&page))
    }));
    pages
}

fn account() -> Vec<(&'static str, Response)> {
    vec![
        (
            "account",
            render(&AccountPage {
                frame: frame(),
                session: session(),
                person: person(),
                profile_form: form(),
                handle_form: form(),
                picture_form: form(),
                password_form: form(),
                deletion_form: form(),
            }),
        ),
        (
            "sessions",
            render(&SessionsPage {
                frame: frame(),
                session: session(),
                current: SessionId(Default::default()),
                devices: vec![Device {
                    id: SessionId(Default::default()),
                    kind: SessionKind::Operator,
                    ip: hostile(),
                    user_agent: hostile(),
                    created_at: DateTime::UNIX_EPOCH,
                    seen_at: DateTime::UNIX_EPOCH,
                    expires_at: DateTime::UNIX_EPOCH,
                }],
            }),
        ),
        (
            "apps that act for somebody",
            render(&ActingAppsPage {
                frame: frame(),
                session: session(),
                apps: vec![ActingApp {
                    id: AppId(Default::default()),
                    name: hostile(),
                    scopes: OauthScope::ALL.into(),
                    since: DateTime::UNIX_EPOCH,
                    until: DateTime::UNIX_EPOCH,
                }],
            }),
        ),
        (
            "organisations",
            render(&OrganisationsPage {
                frame: frame(),
                session: session(),
                memberships: memberships(),
                form: form(),
            }),
        ),
    ]
}

fn organisation() -> Vec<(&'static str, Response)> {
    vec![
        (
            "overview of an organisation",
            render(&OverviewPage {
                frame: frame(),
                session: session(),
                within: within(),
                organisation: Organisation {
                    id: OrgId(Default::default()),
                    name: hostile(),
                    slug: hostile(),
                    active: true,
                    plan: Plan::Free,
                    contact_email: Some(hostile()),
                    personal_of: None,
                    created_at: DateTime::UNIX_EPOCH,
                },
                used: 7,
                is_last_owner: false,
                form: form(),
            }),
        ),
        (
            "members",
            render(&MembersPage {
                frame: frame(),
                session: session(),
                within: within(),
                members: vec![member()],
                more_url: Some(hostile()),
                first_url: Some(hostile()),
            }),
        ),
        (
            "member",
            render(&MemberPage {
                frame: frame(),
                session: session(),
                within: within(),
                member: member(),
                choice: choice(),
                may_take: vec![true],
                may_judge: true,
                may_transfer: true,
                is_self: true,
                is_last_owner: true,
                form: form(),
            }),
        ),
        (
            "invitations",
            render(&InvitationsPage {
                frame: frame(),
                session: session(),
                within: within(),
                invitations: vec![InvitationRow {
                    invitation: Invitation {
                        id: InvitationId(Default::default()),
                        org_id: OrgId(Default::default()),
                        organisation: hostile(),
                        email: hostile(),
                        role: hostile(),
                        scope: location(),
                        status: InvitationStatus::Pending,
                        invited_by: None,
                        created_at: DateTime::UNIX_EPOCH,
                        expires_at: DateTime::UNIX_EPOCH,
                    },
                    may_change: true,
                }],
                choice: choice(),
                verified: true,
                form: form(),
            }),
        ),
        (
            "locations",
            render(&LocationsPage {
                frame: frame(),
                session: session(),
                within: within(),
                locations: vec![place()],
                form: form(),
            }),
        ),
        (
            "location",
            render(&LocationPage {
                frame: frame(),
                session: session(),
                within: within(),
                id: LocationId(Default::default()),
                form: form(),
            }),
        ),
        (
            "API keys",
            render(&ApiKeysPage {
                frame: frame(),
                session: session(),
                within: within(),
                keys: vec![ApiKeyRow {
                    key: access::ApiKey {
                        id: ApiKeyId(Default::default()),
                        org_id: OrgId(Default::default()),
                        kind: KeyKind::Certivu,
                        test: true,
                        name: hostile(),
                        start: hostile(),
                        permissions: Permissions::ALL,
                        frame_ancestors: Vec::new(),
                        created_by: None,
                        created_at: DateTime::UNIX_EPOCH,
                        updated_at: DateTime::UNIX_EPOCH,
                        expires_at: Some(DateTime::UNIX_EPOCH),
                        revoked_at: None,
                        last_used_at: Some(DateTime::UNIX_EPOCH),
                    },
                    live: true,
                }],
                new_secret: Some(secret()),
                form: form(),
            }),
        ),
        (
            "audit log",
            render(&AuditPage {
                frame: frame(),
                session: session(),
                within: within(),
                events: vec![AuditRow {
                    event: Event {
                        seq: 7,
                        at: DateTime::UNIX_EPOCH,
                        actor: hostile(),
                        action: hostile(),
                        subject: hostile(),
                        document: hostile(),
                        hash: Vec::new(),
                    },
                    actor: Some(hostile()),
                    from: hostile(),
                    details: vec![(hostile(), hostile())],
                }],
                more_url: Some(hostile()),
                first_url: Some(hostile()),
                checked: Some(Verified::Broken { at: 7 }),
            }),
        ),
    ]
}
