//! Everybody who asks.

use std::collections::HashMap;
use std::time::Duration;

use colophon_testkit::person::PASSWORD;
use colophon_testkit::{Person, Request, TestApp, text};
use serde_json::json;

use super::company::{Company, sign_in_operator};
use super::operations::{Operation, Shown};
use crate::oauth;

/// A kind of caller: a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Shows nothing.
    Nobody,
    /// A key of the contract.
    Key(KeyState),
    /// Somebody's session.
    Session(&'static str),
    /// An app that the owner let in, with this scope.
    App(&'static str),
    /// An operator's session, of one who belongs to no organisation here.
    Operator,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Live, of the organisation.
    Live,
    /// In test mode, where the contract has one.
    Test,
    /// Made to stand in web pages, where the contract has such keys.
    Publishable,
    /// Live, of another organisation.
    OfAnother,
    /// Live, of another contract.
    Foreign,
    Revoked,
    Expired,
}

use KeyState as K;

pub const CALLERS: &[Caller] = &[
    Caller::Nobody,
    Caller::Key(K::Live),
    Caller::Key(K::Test),
    Caller::Key(K::Publishable),
    Caller::Key(K::OfAnother),
    Caller::Key(K::Foreign),
    Caller::Key(K::Revoked),
    Caller::Key(K::Expired),
    Caller::Session("owner"),
    Caller::Session("developer"),
    Caller::Session("member"),
    Caller::Session("manager"),
    Caller::Session("elsewhere"),
    Caller::Session("suspended"),
    Caller::Session("stranger"),
    Caller::Session("ended"),
    Caller::App("read:profile"),
    Caller::App("read:certificates"),
    Caller::Operator,
];

impl Caller {
    /// The column's title.
    pub fn title(&self) -> String {
        match self {
            Self::Nobody => "nobody".to_owned(),
            Self::Key(state) => match state {
                K::Live => "key",
                K::Test => "test-key",
                K::Publishable => "pub-key",
                K::OfAnother => "other-key",
                K::Foreign => "wrong-key",
                K::Revoked => "revoked",
                K::Expired => "expired",
            }
            .to_owned(),
            Self::Session(who) => (*who).to_owned(),
            Self::App(scope) => scope.replace("read:", "app:"),
            Self::Operator => "operator".to_owned(),
        }
    }
}

/// Kinds of keys, as the command line names them.
const KINDS: &[&str] = &["trackorigin-secret", "lumethic", "certivu", "atlas"];

/// What each caller shows.
pub struct Callers {
    keys: HashMap<(&'static str, KeyState), String>,
    /// By name: the session, and the token of the Lumethic contract.
    people: HashMap<&'static str, (Person, String)>,
    /// By scope.
    apps: HashMap<&'static str, String>,
    operator: String,
}

impl Callers {
    pub fn gather(app: &TestApp, company: &Company) -> Self {
        let mut callers = Self {
            keys: HashMap::new(),
            people: HashMap::new(),
            apps: HashMap::new(),
            operator: String::new(),
        };
        for caller in CALLERS {
            callers.renew(caller, app, company);
        }
        callers.make_keys(app, company);
        let (operator, owner) = (&callers.operator, &callers.people["owner"].0);
        for caller in CALLERS {
            if let Caller::App(scope) = *caller {
                let token = oauth::token(app, operator, owner, scope);
                callers.apps.insert(scope, token);
            }
        }
        callers
    }

    fn make_keys(&mut self, app: &TestApp, company: &Company) {
        let owner = &self.people["owner"].0;
        let make = |org: &str, body: serde_json::Value| {
            let path = format!("/organisations/{org}/keys");
            let by = if org == company.other {
                &self.people["stranger"].0
            } else {
                owner
            };
            let made = app.json_at(&by.request("POST", &path).value(&body), 201);
            (text(&made, "id"), text(&made, "secret"))
        };
        let mut keys = HashMap::new();
        for &kind in KINDS {
            let org = company.org.as_str();
            let live = make(org, json!({"kind": kind})).1;
            let publishable = match kind {
                "trackorigin-secret" => make(org, json!({"kind": "trackorigin-publishable"})).1,
                _ => live.clone(),
            };
            let test = match kind {
                "certivu" => live.clone(),
                _ => make(org, json!({"kind": kind, "test": true})).1,
            };
            let foreign = if kind == "certivu" {
                "atlas"
            } else {
                "certivu"
            };
            let (id, revoked) = make(org, json!({"kind": kind}));
            let path = format!("/organisations/{org}/keys/{id}");
            let answer = app.send(&owner.request("DELETE", &path));
            assert!(answer.status < 300, "{}", answer.text());
            // Rotation is the quick way to an end by itself.
            let (id, expired) = make(org, json!({"kind": kind}));
            let rotate = owner.request("POST", &format!("/organisations/{org}/keys/{id}/rotate"));
            let answer = app.send(&rotate.value(&json!({"grace_seconds": 1})));
            assert_eq!(answer.status, 201, "{}", answer.text());
            keys.extend([
                ((kind, K::Live), live),
                ((kind, K::Test), test),
                ((kind, K::Publishable), publishable),
                (
                    (kind, K::OfAnother),
                    make(&company.other, json!({"kind": kind})).1,
                ),
                ((kind, K::Foreign), make(org, json!({"kind": foreign})).1),
                ((kind, K::Revoked), revoked),
                ((kind, K::Expired), expired),
            ]);
        }
        self.keys = keys;
        std::thread::sleep(Duration::from_millis(1_100));
    }

    /// A fresh session for the caller, acting for the organisation where they belong to it.
    pub fn renew(&mut self, caller: &Caller, app: &TestApp, company: &Company) {
        let Caller::Session(name) = *caller else {
            if *caller == Caller::Operator {
                self.operator = sign_in_operator(app);
            }
            return;
        };
        let email = company.email(if name == "ended" { "owner" } else { name });
        let person = app.sign_in(&email, PASSWORD);
        let chosen = json!({"organisation_id": company.org});
        let login = json!({"email": email, "password": PASSWORD});
        let login = Request::new("POST", "/lumethic/v1/accounts/login").value(&login);
        let photographer = text(&app.json_at(&login, 200), "access_token");
        for token in [&person.access, &photographer] {
            let choose = Request::new("PUT", "/sessions/current/organisation");
            app.send(&choose.bearer(token).value(&chosen));
        }
        if name == "ended" {
            for token in [&person.access, &photographer] {
                let sessions = Request::new("GET", "/sessions").bearer(token);
                let current = text(&app.json_at(&sessions, 200), "current");
                let end = Request::new("DELETE", &format!("/sessions/{current}"));
                assert_eq!(app.send(&end.bearer(token)).status, 204);
            }
        }
        self.people.insert(name, (person, photographer));
    }

    /// The request with what the caller shows, in the place where the operation looks for it.
    pub fn show(&self, caller: &Caller, operation: &Operation, request: Request) -> Request {
        match caller {
            Caller::Nobody => request,
            Caller::Key(state) => {
                let secret = &self.keys[&(operation.key_kind(), *state)];
                match operation.shown {
                    Shown::AtlasKey | Shown::AtlasCookie => request.header("X-API-Key", secret),
                    _ => request.bearer(secret),
                }
            }
            Caller::Session(who) => {
                let (person, photographer) = &self.people[who];
                match operation.shown {
                    Shown::AtlasKey | Shown::AtlasCookie => {
                        let cookie = person.cookie("better-auth.session_token");
                        request.cookies(&format!("better-auth.session_token={cookie}"))
                    }
                    Shown::PageCookie => {
                        let cookie = person.cookie("colophon_session");
                        request.cookies(&format!("colophon_session={cookie}"))
                    }
                    Shown::Photographer => request.bearer(photographer),
                    Shown::Bearer => request.bearer(&person.access),
                }
            }
            Caller::App(scope) => request.bearer(&self.apps[scope]),
            Caller::Operator => request.bearer(&self.operator),
        }
    }
}
