//! Organisations, their people and places, over HTTP.

use std::collections::BTreeSet;

use colophon_core::OrgId;
use colophon_db::{Clock, Db, Val, insert_rows};
use colophon_testkit::{Person, Request, TestApp, contract, text};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{at_once, on_every_database};

/// Makes an organisation that somebody owns: its path.
pub(crate) fn organisation(app: &TestApp, owner: &Person) -> String {
    let new = owner.request("POST", "/organisations");
    let made = app.json_at(&new.value(&json!({"name": "Atelier É"})), 201);
    format!("/organisations/{}", text(&made, "id"))
}

/// Adds a location: its id.
fn location(app: &TestApp, owner: &Person, org: &str, name: &str) -> String {
    let new = owner.request("POST", &format!("{org}/locations"));
    text(&app.json_at(&new.value(&json!({"name": name})), 201), "id")
}

/// Invites somebody: the answer's status, and the token they are sent.
pub(crate) fn invite(app: &TestApp, by: &Person, org: &str, to: &str, as_what: &Value) -> String {
    let mut new = json!({"email": to});
    for (name, value) in as_what.as_object().unwrap() {
        new[name] = value.clone();
    }
    let request = by.request("POST", &format!("{org}/invitations"));
    app.json_at(&request.value(&new), 201);
    app.site.token(to, "/invitation")
}

/// Invites somebody who accepts: their membership.
fn join(app: &TestApp, by: &Person, org: &str, who: &Person, as_what: &Value) -> String {
    let token = json!({"token": invite(app, by, org, &who.email, as_what)});
    let accept = who.request("POST", "/invitations/accept").value(&token);
    app.json_at(&accept, 200);
    text(&membership(app, who, org, &who.id), "id")
}

fn membership(app: &TestApp, by: &Person, org: &str, person: &str) -> Value {
    let list = by.request("GET", &format!("{org}/members?limit=1000"));
    let members = app.json_at(&list, 200)["members"].clone();
    let mut members = members.as_array().unwrap().iter();
    members
        .find(|member| member["person_id"] == person)
        .unwrap()
        .clone()
}

fn roles(member: &Value) -> Vec<&str> {
    let roles = member["roles"].as_array().unwrap().iter();
    roles.map(|held| held["role"].as_str().unwrap()).collect()
}

/// Sends a request that must be answered with this status: the `code` of a refusal.
#[track_caller]
pub(crate) fn code(app: &TestApp, request: &Request, status: u16) -> String {
    text(&app.json_at(request, status), "code")
}

/// Every operation of our document that names an organisation, with ids that name nothing else.
fn operations(org: &str) -> Vec<(String, String)> {
    let operations = contract::registry().operations().iter();
    let below = operations.filter(|operation| operation.path_template.contains("{org}"));
    below
        .map(|operation| {
            let path = operation.path_template.replace("/organisations/{org}", org);
            let path = ["member", "assignment", "invitation", "location", "key"]
                .iter()
                .fold(path, |path, name| path.replace(&format!("{{{name}}}"), "x"));
            (operation.method.clone(), path)
        })
        .collect()
}

#[test]
fn everybody_has_a_personal_organisation_and_may_make_more() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let list = app.json_at(&ada.request("GET", "/organisations"), 200);
        assert_eq!(list["organisations"][0]["personal"], true);
        assert_eq!(list["organisations"][1]["name"], "Atelier É");

        let change = |body: Value| app.json_at(&ada.request("PATCH", &org).value(&body), 200);
        change(json!({"contact_email": "Office@example.org"}));
        let changed = change(json!({"name": "Studio"}));
        assert_eq!(
            (&changed["name"], &changed["contact_email"]),
            (&json!("Studio"), &json!("office@example.org"))
        );
        assert_eq!(
            change(json!({"contact_email": ""}))["contact_email"],
            Value::Null
        );
        assert_eq!(
            app.json_at(&ada.request("GET", &org), 200)["name"],
            "Studio"
        );

        let personal = text(&list["organisations"][0], "id");
        let leave = ada.request("POST", &format!("/organisations/{personal}/leave"));
        assert_eq!(code(&app, &leave, 409), "personal_organisation");
    });
}

#[test]
fn making_an_organisation_twice_with_one_key_makes_one() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let new = ada
            .request("POST", "/organisations")
            .header("Idempotency-Key", "once")
            .value(&json!({"name": "Studio"}));
        let first = app.json_at(&new, 201);
        let again = app.send(&new);
        assert_eq!(
            (again.status, again.header("idempotent-replay")),
            (201, Some("true"))
        );
        assert_eq!(again.json(), first);
        let list = app.json_at(&ada.request("GET", "/organisations"), 200);
        assert_eq!(list["organisations"].as_array().unwrap().len(), 2);
    });
}

#[test]
fn an_organisation_of_others_is_not_there() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let (id, name) = (org.clone(), "/organisations/org_00000000000000000000000000");
        for ((method, theirs), (_, nobodys)) in operations(&id).into_iter().zip(operations(name)) {
            let ask = |path: &str| {
                let answer = app.json_at(&eve.request(&method, path).json("{}"), 404);
                (answer["code"].clone(), answer["detail"].clone())
            };
            assert_eq!(ask(&theirs), ask(&nobodys), "{method} {theirs}");
        }
    });
}

#[test]
fn nothing_of_an_organisation_is_told_to_nobody() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        let current = text(
            &app.json_at(&ada.request("GET", "/sessions"), 200),
            "current",
        );
        let new = json!({"kind": "atlas"});
        let key = ada.request("POST", &format!("{org}/keys")).value(&new);
        let key = text(&app.json_at(&key, 201), "secret");
        let end = ada.request("DELETE", &format!("/sessions/{current}"));
        assert_eq!(app.send(&end).status, 204);
        for (method, path) in operations(&org) {
            let bare = Request::new(&method, &path).json("{}");
            let shown = [
                bare.clone(),
                bare.clone().bearer(&key),
                bare.clone().bearer(&ada.access),
                bare.cookies(&ada.cookies),
            ];
            for request in shown {
                assert_eq!(app.send(&request).status, 401, "{request:?}");
            }
        }
    });
}

#[test]
fn a_page_of_another_server_changes_nothing_with_somebodys_cookie() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let new = Request::new("POST", "/organisations")
            .cookies(&format!(
                "colophon_session={}",
                ada.cookie("colophon_session")
            ))
            .value(&json!({"name": "Studio"}));
        let foreign = new.clone().header("Origin", "https://evil.example");
        assert_eq!(code(&app, &foreign, 403), "cross_site");
        let foreign = new.clone().header("Sec-Fetch-Site", "cross-site");
        assert_eq!(code(&app, &foreign, 403), "cross_site");
        app.json_at(&new.header("Origin", &app.url()), 201);
    });
}

#[test]
fn a_member_does_what_the_roles_allow_and_no_more() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let member = join(&app, &ada, &org, &eve, &json!({"role": "member"}));
        for path in ["", "/members", "/invitations", "/locations", "/roles"] {
            app.json_at(&eve.request("GET", &format!("{org}{path}")), 200);
        }
        for (method, path, body) in [
            ("PATCH", "", json!({"name": "x"})),
            ("POST", "/locations", json!({"name": "x"})),
            (
                "POST",
                "/invitations",
                json!({"email": "x@example.org", "role": "member"}),
            ),
            (
                "POST",
                &format!("/members/{member}/roles"),
                json!({"role": "admin"}),
            ),
            ("POST", &format!("/members/{member}/suspend"), json!({})),
            ("DELETE", &format!("/members/{member}"), json!({})),
            ("POST", "/transfer", json!({"member_id": member})),
            ("GET", "/keys", json!({})),
            ("POST", "/keys", json!({"kind": "atlas"})),
            ("GET", "/audit", json!({})),
            ("GET", "/audit.csv", json!({})),
            ("GET", "/audit/verify", json!({})),
        ] {
            let request = eve.request(method, &format!("{org}{path}")).value(&body);
            assert_eq!(
                code(&app, &request, 403),
                "permission_denied",
                "{method} {path}"
            );
        }

        let given = ada.request("POST", &format!("{org}/members/{member}/roles"));
        let given = app.json_at(&given.value(&json!({"role": "developer"})), 200);
        assert_eq!(roles(&given), ["member", "developer"]);
        app.json_at(&eve.request("GET", &format!("{org}/keys")), 200);
        let held = text(&given["roles"][1], "id");
        let taken = ada.request("DELETE", &format!("{org}/members/{member}/roles/{held}"));
        assert_eq!(roles(&app.json_at(&taken, 200)), ["member"]);
        assert_eq!(
            code(&app, &eve.request("GET", &format!("{org}/keys")), 403),
            "permission_denied"
        );
        let owner = ada.request("POST", &format!("{org}/members/{member}/roles"));
        let owner = owner.value(&json!({"role": "owner"}));
        assert_eq!(code(&app, &owner, 400), "validation_failed");
    });
}

#[test]
fn a_manager_of_one_location_manages_that_one_only() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let berlin = location(&app, &ada, &org, "Berlin");
        let paris = location(&app, &ada, &org, "Paris");
        let as_manager = json!({"role": "manager", "location_id": berlin});
        join(&app, &ada, &org, &eve, &as_manager);

        let rename = |id: &str| {
            let request = eve.request("PATCH", &format!("{org}/locations/{id}"));
            request.value(&json!({"name": "Elsewhere"}))
        };
        assert_eq!(app.json_at(&rename(&berlin), 200)["name"], "Elsewhere");
        assert_eq!(code(&app, &rename(&paris), 403), "permission_denied");
        let invite_to = |role: &str, location: Option<&str>| {
            let new = json!({"email": "zoe@example.org", "role": role, "location_id": location});
            eve.request("POST", &format!("{org}/invitations"))
                .value(&new)
        };
        for (role, location) in [
            ("guest", Some(paris.as_str())),
            ("member", None),
            ("admin", None),
        ] {
            let request = invite_to(role, location);
            assert_eq!(code(&app, &request, 403), "permission_denied", "{role}");
        }
        let sent = app.json_at(&invite_to("guest", Some(&berlin)), 201);
        assert_eq!(sent["location"]["id"], berlin.as_str());
    });
}

#[test]
fn a_suspended_member_is_out_at_once_and_in_again_when_resumed() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let member = join(&app, &ada, &org, &eve, &json!({"role": "admin"}));
        let set = |what: &str| {
            let path = format!("{org}/members/{member}/{what}");
            app.json_at(&ada.request("POST", &path), 200)
        };
        app.json_at(&eve.request("GET", &org), 200);
        assert_eq!(set("suspend")["status"], "suspended");
        assert_eq!(code(&app, &eve.request("GET", &org), 404), "not_found");
        let resumed = set("resume");
        assert_eq!(
            (&resumed["status"], roles(&resumed)),
            (&json!("active"), vec!["admin"])
        );
        app.json_at(&eve.request("GET", &org), 200);

        let remove = ada.request("DELETE", &format!("{org}/members/{member}"));
        assert_eq!(app.send(&remove).status, 204);
        assert_eq!(code(&app, &eve.request("GET", &org), 404), "not_found");
    });
}

#[test]
fn the_last_owner_stays_until_somebody_else_owns_it() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let heir = join(&app, &ada, &org, &eve, &json!({"role": "admin"}));
        let own = membership(&app, &ada, &org, &ada.id);
        let (own, held) = (text(&own, "id"), text(&own["roles"][0], "id"));
        for (method, path) in [
            ("POST", "/leave".to_owned()),
            ("DELETE", format!("/members/{own}/roles/{held}")),
            ("POST", format!("/members/{own}/suspend")),
            ("DELETE", format!("/members/{own}")),
        ] {
            let request = ada.request(method, &format!("{org}{path}"));
            assert_eq!(code(&app, &request, 409), "last_owner", "{method} {path}");
        }

        // An administrator is no match for an owner, nor a giver of what they have not.
        let remove = eve.request("DELETE", &format!("{org}/members/{own}"));
        assert_eq!(code(&app, &remove, 403), "permission_denied");
        let to_heir = |by: &Person, to: &str| {
            let request = by.request("POST", &format!("{org}/transfer"));
            request.value(&json!({"member_id": to}))
        };
        assert_eq!(code(&app, &to_heir(&eve, &heir), 403), "permission_denied");
        let owner = app.json_at(&to_heir(&ada, &heir), 200);
        assert!(roles(&owner).contains(&"owner"));
        assert_eq!(roles(&membership(&app, &ada, &org, &ada.id)), ["admin"]);
        assert_eq!(code(&app, &to_heir(&ada, &own), 403), "permission_denied");
        assert_eq!(
            app.send(&ada.request("POST", &format!("{org}/leave")))
                .status,
            204
        );
        assert_eq!(code(&app, &ada.request("GET", &org), 404), "not_found");
    });
}

#[test]
fn ownership_given_to_two_at_once_has_one_owner() {
    on_every_database(|app| {
        let (ada, eve, zoe) = (app.person("Ada"), app.person("Eve"), app.person("Zoe"));
        let org = organisation(&app, &ada);
        let heirs = [&eve, &zoe].map(|who| join(&app, &ada, &org, who, &json!({"role": "member"})));
        let answers = at_once(2, |number| {
            let request = ada.request("POST", &format!("{org}/transfer"));
            app.send(&request.value(&json!({"member_id": heirs[number]})))
                .status
        });
        assert!(
            answers == [200, 403] || answers == [403, 200],
            "{answers:?}"
        );
        let members = app.json_at(&eve.request("GET", &format!("{org}/members")), 200);
        let members = members["members"].as_array().unwrap();
        let owners = members
            .iter()
            .filter(|member| roles(member).contains(&"owner"));
        assert_eq!(owners.count(), 1);
    });
}

/// Adds so many members behind the program's back.
fn crowd(app: &TestApp, org: &str, many: usize) {
    let org: OrgId = org.trim_start_matches("/organisations/").parse().unwrap();
    let now = Clock::system().now();
    let ids: Vec<[Uuid; 3]> = (0..many)
        .map(|_| [(); 3].map(|()| Uuid::now_v7()))
        .collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(&app.site.database_url()).await.unwrap();
        db.write(|tx, _| {
            let ids = &ids;
            Box::pin(async move {
                let people = ids.iter().map(|[person, ..]| -> [Val; 6] {
                    [
                        (*person).into(),
                        format!("{person}@example.org").into(),
                        "Somebody".into(),
                        "!".into(),
                        false.into(),
                        now.into(),
                    ]
                });
                let columns = [
                    "id",
                    "email",
                    "name",
                    "password_hash",
                    "operator",
                    "created_at",
                ];
                insert_rows(tx, "person", columns, "", people).await?;
                let members = ids.iter().map(|[person, member, _]| -> [Val; 5] {
                    [
                        (*member).into(),
                        org.into(),
                        (*person).into(),
                        "active".into(),
                        now.into(),
                    ]
                });
                let columns = ["id", "org_id", "person_id", "status", "joined_at"];
                insert_rows(tx, "membership", columns, "", members).await?;
                let roles = ids.iter().map(|[_, member, role]| -> [Val; 5] {
                    [
                        (*role).into(),
                        org.into(),
                        (*member).into(),
                        "member".into(),
                        now.into(),
                    ]
                });
                let columns = ["id", "org_id", "membership_id", "role", "created_at"];
                insert_rows(tx, "role_assignment", columns, "", roles).await
            })
        })
        .await
        .unwrap();
        db.close().await;
    });
}

#[test]
fn ten_thousand_members_are_paged_without_gaps_or_repeats() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let org = organisation(&app, &ada);
        crowd(&app, &org, 10_000);
        let mut seen = BTreeSet::new();
        let mut next = String::new();
        loop {
            let path = format!("{org}/members?limit=999{next}");
            let page = app.json_at(&ada.request("GET", &path), 200);
            let members = page["members"].as_array().unwrap();
            assert!(members.iter().all(|member| roles(member).len() == 1));
            seen.extend(members.iter().map(|member| text(member, "id")));
            match page["next_after"].as_str() {
                Some(after) => next = format!("&after={after}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 10_001);
        for limit in ["0", "1001", "-1", "x"] {
            let request = ada.request("GET", &format!("{org}/members?limit={limit}"));
            assert_eq!(code(&app, &request, 400), "validation_failed", "{limit}");
        }

        // The Idle Atlas contract's list has no pages.
        let new = ada.request("POST", &format!("{org}/keys"));
        let key = app.json_at(&new.value(&json!({"kind": "atlas"})), 201);
        let all = Request::new("GET", "/api/customer/v1/members");
        let all = app.json_at(&all.header("X-API-Key", &text(&key, "secret")), 200);
        assert_eq!(all["members"].as_array().unwrap().len(), 10_001);
    });
}

#[test]
fn a_session_acts_for_the_organisation_it_chose() {
    on_every_database(|app| {
        let (ada, eve) = (app.person("Ada"), app.person("Eve"));
        let org = organisation(&app, &ada);
        let id = org.trim_start_matches("/organisations/");
        let choose = |who: &Person| {
            let request = who.request("PUT", "/sessions/current/organisation");
            request.value(&json!({"organisation_id": id}))
        };
        assert_eq!(app.send(&choose(&ada)).status, 204);
        let sessions = app.json_at(&ada.request("GET", "/sessions"), 200);
        assert_eq!(sessions["organisation_id"], id);
        let keys = Request::new("POST", "/api/customer/v1/api-keys").cookies(&ada.cookies);
        let made = app.json_at(&keys.value(&json!({"name": "Website"})), 201);
        assert_eq!(made["apiKey"]["organizationId"], id);
        assert_eq!(code(&app, &choose(&eve), 404), "not_found");
    });
}

#[test]
fn a_session_is_ended_from_another_device() {
    on_every_database(|app| {
        let laptop = app.person("Ada");
        let phone = app.sign_in(&laptop.email, colophon_testkit::person::PASSWORD);
        let eve = app.person("Eve");
        let lost = text(
            &app.json_at(&phone.request("GET", "/sessions"), 200),
            "current",
        );
        let end = |who: &Person| who.request("DELETE", &format!("/sessions/{lost}"));
        assert_eq!(code(&app, &end(&eve), 404), "not_found");
        assert_eq!(app.send(&end(&laptop)).status, 204);
        assert_eq!(app.send(&phone.request("GET", "/v1/me")).status, 401);
        assert_eq!(app.send(&laptop.request("GET", "/v1/me")).status, 200);
        assert_eq!(code(&app, &end(&laptop), 404), "not_found");
    });
}
