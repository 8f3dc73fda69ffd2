//! The organisation that everything is asked of, and who is what in it: `owner`, `developer`,
//! `member`, `manager` of one location, `elsewhere` of another, `suspended`; `stranger` owns another
//! organisation; `subject` is who things are done to. Its founder only sets the stage.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use colophon_testkit::person::PASSWORD;
use colophon_testkit::{Person, Request, TestApp, text};
use serde_json::{Value, json};

use super::operations::Operation;
use crate::invitations;

const MEMBERS: &[&str] = &[
    "owner",
    "developer",
    "member",
    "manager",
    "elsewhere",
    "suspended",
    "subject",
];

pub struct Company {
    pub org: String,
    /// The stranger's.
    pub other: String,
    founder: Person,
    location: String,
    elsewhere: String,
    counter: AtomicU32,
}

fn wait_for_letter(app: &TestApp, to: &str, known: usize) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while app.site.letters(to).len() <= known {
        assert!(Instant::now() < deadline, "no new letter to {to}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An operator's access token.
pub fn sign_in_operator(app: &TestApp) -> String {
    let login = json!({"username": "operator@example.org", "password": PASSWORD});
    let login = Request::new("POST", "/v1/admin/login").value(&login);
    text(&app.json_at(&login, 200), "access_token")
}

/// What the braces of paths and bodies stand for.
pub type Things = Vec<(&'static str, String)>;

impl Company {
    pub fn found(app: &mut TestApp) -> Self {
        let _ = app.operator();
        let founder = app.person("founder");
        let found = |person: &Person, name: &str| {
            let request = person.request("POST", "/organisations");
            text(
                &app.json_at(&request.value(&json!({"name": name})), 201),
                "id",
            )
        };
        let org = found(&founder, "Studio");
        let place = |name: &str| {
            let path = format!("/organisations/{org}/locations");
            let request = founder.request("POST", &path).value(&json!({"name": name}));
            text(&app.json_at(&request, 201), "id")
        };
        let (location, elsewhere) = (place("Berlin"), place("Lisbon"));
        let stranger = app.person("stranger");
        let other = found(&stranger, "Elsewhere");
        let company = Self {
            org,
            other,
            founder,
            location,
            elsewhere,
            counter: AtomicU32::new(0),
        };
        for &name in MEMBERS {
            company.enrol(app, &app.person(name), name);
        }
        company.make_owner(app);
        let suspended = company.find(app, "suspended").unwrap();
        let path = format!("members/{}/suspend", text(&suspended, "id"));
        company.as_founder(app, "POST", &path, &Value::Null);
        company
    }

    pub fn email(&self, name: &str) -> String {
        format!("{name}@example.org")
    }

    /// Invites somebody as what their name says, and has them accept.
    fn enrol(&self, app: &TestApp, person: &Person, name: &str) {
        let (role, location) = match name {
            "developer" => ("developer", None),
            "manager" => ("manager", Some(&self.location)),
            "elsewhere" => ("manager", Some(&self.elsewhere)),
            "suspended" => ("admin", None),
            _ => ("member", None),
        };
        let mut invitation = json!({"email": person.email, "role": role});
        if let Some(location) = location {
            invitation["location_id"] = json!(location);
        }
        let letters = app.site.letters(&person.email).len();
        self.as_founder(app, "POST", "invitations", &invitation);
        wait_for_letter(app, &person.email, letters);
        let token = app.site.token(&person.email, "/invitation");
        let accept = person.request("POST", "/invitations/accept");
        let answer = app.send(&accept.value(&json!({"token": token})));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// The membership of somebody, if they have one.
    fn find(&self, app: &TestApp, name: &str) -> Option<Value> {
        let page = self.as_founder(app, "GET", "members", &Value::Null);
        let members = page["members"].as_array().unwrap();
        let found = members
            .iter()
            .find(|member| member["email"] == self.email(name));
        found.cloned()
    }

    /// Makes the owner one, beside the founder, as only an operator can.
    fn make_owner(&self, app: &TestApp) {
        let operator = sign_in_operator(app);
        let path = format!("/v1/admin/organisations/{}/members", self.org);
        let owner = self.find(app, "owner").unwrap();
        let body = json!({"artist_id": owner["person_id"], "role": "owner"});
        let made = Request::new("POST", &path).bearer(&operator).value(&body);
        let answer = app.send(&made);
        assert!(answer.status < 300, "{}", answer.text());
    }

    /// Has everybody belong to the organisation again who left it.
    pub fn gather_again(&self, app: &TestApp) {
        for &name in MEMBERS {
            if self.find(app, name).is_none() {
                self.enrol(app, &app.sign_in(&self.email(name), PASSWORD), name);
                if name == "owner" {
                    self.make_owner(app);
                }
            }
        }
    }

    /// What the founder does so that a caller finds things as they should be.
    fn as_founder(&self, app: &TestApp, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/organisations/{}/{path}", self.org);
        let mut request = self.founder.request(method, &path);
        if !body.is_null() {
            request = request.value(body);
        }
        let answer = app.send(&request);
        let right = answer.status < 300 || answer.status == 409;
        assert!(
            right,
            "{method} {path}: {} {}",
            answer.status,
            answer.text()
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Fresh things for an operation to be done to.
    pub fn things(&self, app: &TestApp, operation: &Operation) -> Things {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut things: Things = vec![
            ("org", self.org.clone()),
            ("location", self.location.clone()),
            (
                "org-uuid",
                self.org
                    .parse::<colophon_core::OrgId>()
                    .unwrap()
                    .0
                    .to_string(),
            ),
            ("number", number.to_string()),
        ];
        if operation.needs("own") {
            let owner = self.find(app, "owner").unwrap();
            things.push(("own", text(&owner, "id")));
        }
        if ["member", "assignment", "person"]
            .iter()
            .any(|thing| operation.needs(thing))
        {
            let subject = self.subject(app);
            things.push(("assignment", text(&subject["roles"][0], "id")));
            things.push(("member", text(&subject, "id")));
            things.push(("person", text(&subject, "person_id")));
        }
        if operation.needs("invitation") {
            let body = json!({"email": format!("guest{number}@example.org"), "role": "member"});
            let made = self.as_founder(app, "POST", "invitations", &body);
            invitations::due(app);
            things.push(("invitation", text(&made, "id")));
        }
        if operation.needs("key") || operation.needs("key-uuid") {
            let kind = operation.key_kind();
            let made = self.as_founder(app, "POST", "keys", &json!({"kind": kind}));
            let id = text(&made, "id");
            let parsed: colophon_core::ApiKeyId = id.parse().unwrap();
            things.push(("key-uuid", parsed.0.to_string()));
            things.push(("key", id));
        }
        if operation.needs("session") {
            let session = app.sign_in(&self.founder.email, PASSWORD);
            let listed = app.json_at(&session.request("GET", "/sessions"), 200);
            things.push(("session", text(&listed, "current")));
        }
        things
    }

    /// The membership that things are done to, active and with one role, whatever was done before.
    fn subject(&self, app: &TestApp) -> Value {
        self.gather_again(app);
        let found = self.find(app, "subject").unwrap();
        let id = text(&found, "id");
        if found["status"] != "active" {
            self.as_founder(app, "POST", &format!("members/{id}/resume"), &Value::Null);
        }
        if found["roles"].as_array().unwrap().is_empty() {
            let path = format!("members/{id}/roles");
            self.as_founder(app, "POST", &path, &json!({"role": "member"}));
        }
        self.find(app, "subject").unwrap()
    }
}
