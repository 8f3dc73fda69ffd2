//! Leaving: everything that is held can be taken along, and what is deleted is gone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use colophon_db::{Db, Sql};
use colophon_testkit::person::PASSWORD;
use colophon_testkit::{Database, Person, Request, Site, TestApp, databases, text};
use colophon_transparency::keys::Algorithm;
use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

use crate::organisations::{invite, organisation};
use crate::{PROGRAM, on_every_database};

/// Somebody who has one of everything; the organisation that is theirs alone, and a record of it.
struct Resident {
    person: Person,
    personal: String,
    record: String,
    key: String,
}

fn personal_organisation(app: &TestApp, person: &Person) -> String {
    let list = app.json_at(&person.request("GET", "/organisations"), 200);
    let mut found = list["organisations"].as_array().unwrap().iter();
    text(found.find(|org| org["personal"] == true).unwrap(), "id")
}

fn resident(app: &TestApp, name: &str) -> Resident {
    let person = app.person(name);
    let personal = personal_organisation(app, &person);
    let send = |method: &str, path: &str, body: &Value, status: u16| {
        app.json_at(&person.request(method, path).value(body), status)
    };
    let handle = format!("{}-unmistakable", name.to_lowercase());
    send("PATCH", "/v1/me/handle", &json!({ "handle": handle }), 200);
    let profile = json!({
        "bio": "Unmistakable bio", "location": "Unmistakable place",
        "external_links": [{"type": "website", "url": "https://unmistakable.example"}],
    });
    send("PATCH", "/v1/me/profile", &profile, 200);
    send(
        "PATCH",
        "/v1/me/ml-training",
        &json!({"opt_out": true}),
        200,
    );
    set_avatar(app, &person, name.len() as u8);
    let key = json!({"name": "A key", "type": "secret"});
    let key = text(&send("POST", "/v1/me/api-keys", &key, 201), "api_key");
    let credits = [
        "admin", "credits", "grant", "--org", &personal, "--amount", "7",
    ];
    app.site
        .json(&[&credits[..], &["--reason", "A gift"]].concat());
    let (_, secret) = app.site.key(&personal, "certivu");
    let mut signer = colophon_testkit::Signer::new(Algorithm::ML_DSA_65, 1);
    app.site.register(&personal, &mut signer);
    let posted = app.post_record(&secret, signer.record("wm-1", b"x").to_json());
    assert_eq!(posted.status, 201, "{}", posted.text());
    let record = text(&posted.json(), "record_id");
    Resident {
        person,
        personal,
        record,
        key,
    }
}

fn set_avatar(app: &TestApp, person: &Person, shade: u8) {
    let mut file = std::io::Cursor::new(Vec::new());
    let picture = RgbImage::from_pixel(8, 8, image::Rgb([shade; 3]));
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    let head = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    let body = [head.as_slice(), file.get_ref(), b"\r\n--b--\r\n"].concat();
    let request = person.request("POST", "/v1/me/avatar");
    let answer = app.send(&request.body("multipart/form-data; boundary=b", body));
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn delete(app: &TestApp, person: &Person) -> colophon_testkit::Answer {
    let body = json!({"confirm_email": person.email, "confirm_delete": true});
    app.send(&person.request("POST", "/v1/me/delete").value(&body))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Waits for what a job does.
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn an_export_holds_everything_about_the_person_and_no_secret() {
    on_every_database(|app| {
        let ada = resident(&app, "Ada");
        let bob = app.person("Bob");
        let atelier = organisation(&app, &bob);
        invite(
            &app,
            &bob,
            &atelier,
            &ada.person.email,
            &json!({"role": "member"}),
        );
        let own = organisation(&app, &ada.person);
        let answer = app.send(&ada.person.request("GET", "/v1/me/export"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let name = answer.header("content-disposition").unwrap();
        assert!(name.starts_with("attachment;"), "{name}");
        let export = answer.json();
        let profile = &export["profile"];
        assert_eq!(profile["email"], ada.person.email);
        assert_eq!(profile["handle"], "ada-unmistakable");
        assert_eq!(profile["ml_training_opt_out"], true);
        assert!(profile["avatar_url"].is_string() && profile["email_verified_at"].is_string());
        for (part, field, value) in [
            ("sessions", "ip", "127.0.0.1"),
            ("organisations", "id", ada.personal.as_str()),
            ("organisations", "id", own.rsplit('/').next().unwrap()),
            ("invitations", "status", "pending"),
            ("api_keys", "name", "A key"),
            ("ledger_entries", "reason", "A gift"),
            ("generators", "name", "Studio"),
            ("audit_events", "action", "person.signed_up"),
        ] {
            let items = export[part].as_array().unwrap();
            assert!(
                items.iter().any(|item| item[field] == value),
                "{part}: {items:?}"
            );
        }
        assert_eq!(export["records"], json!([ada.record]));
        for word in [
            "Unmistakable bio",
            "Unmistakable place",
            "https://unmistakable.example",
        ] {
            assert!(answer.text().contains(word), "{word}");
        }
        let (access, refresh) = (&ada.person.access, &ada.person.refresh);
        let (session, csrf) = (
            ada.person.cookie("colophon_session"),
            ada.person.cookie("to_csrf"),
        );
        for secret in [
            &ada.key, access, refresh, session, csrf, "$argon2", "hash", &bob.email,
        ] {
            assert!(!answer.text().contains(secret), "{secret}");
        }
    });
}

#[test]
fn a_deleted_account_lets_nobody_in_and_leaves_what_was_signed() {
    on_every_database(|app| {
        let ada = resident(&app, "Ada");
        app.sequenced(&ada.record);
        let path = format!("/v1/records/{}", ada.record);
        let before = app.get_json(&path);
        let bundle = format!("/bundles/{}", ada.record);
        let proof = app.get_json(&bundle);
        for wrong in [
            json!({"confirm_email": "eve@example.org", "confirm_delete": true}),
            json!({"confirm_email": ada.person.email, "confirm_delete": false}),
        ] {
            let request = ada.person.request("POST", "/v1/me/delete").value(&wrong);
            assert_eq!(app.send(&request).status, 422);
        }
        let answer = delete(&app, &ada.person);
        assert_eq!(answer.status, 200, "{}", answer.text());

        for request in [
            ada.person.request("GET", "/v1/me"),
            Request::new("GET", "/v1/me").cookies(&ada.person.cookies),
            Request::new("GET", "/api/v1/me").bearer(&ada.key),
            Request::new("POST", "/v1/auth/refresh").cookies(&ada.person.cookies),
        ] {
            assert_eq!(app.send(&request).status, 401, "{}", request.path);
        }
        let login = |email: &str| {
            let body = json!({"email": email, "password": PASSWORD});
            let answer = app.send(&Request::new("POST", "/v1/auth/login").value(&body));
            (answer.status, answer.text().to_owned())
        };
        assert_eq!(login(&ada.person.email), login("never@example.org"));
        // The record says what it said, and its proof still holds.
        assert_eq!(app.get_json(&path), before);
        assert_eq!(app.get_json(&bundle)["statement"], proof["statement"]);
        let content = app.site.write("content", b"x");
        let verdict = app.site.run(&["verify", &content, "--url", &app.url()]);
        assert_eq!(verdict.code, Some(0), "{verdict:?}");
        // The address and the handle are free again, and know nothing of before.
        let body = json!({
            "email": ada.person.email, "password": PASSWORD, "display_name": "Ada",
            "accept_terms": true, "confirm_age_18": true,
        });
        let request = Request::new("POST", "/v1/auth/signup").value(&body);
        assert_eq!(app.send(&request).status, 201);
        let again = app.sign_in(&ada.person.email, PASSWORD);
        assert_ne!(again.id, ada.person.id);
        let body = json!({"handle": "ada-unmistakable"});
        app.json_at(&again.request("PATCH", "/v1/me/handle").value(&body), 200);
        assert_eq!(app.json_at(&again.request("GET", "/v1/me"), 200)["bio"], "");
    });
}

/// The rows in which one of `words` stands, in whichever table.
async fn traces(url: &str, words: &[&str]) -> Vec<String> {
    let (db, sqlite) = (Db::open(url).await.unwrap(), url.starts_with("sqlite"));
    let tables = Sql::Each {
        sqlite: "SELECT m.name, group_concat(c.name) FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name",
        postgres: "SELECT table_name::text, string_agg(column_name::text, ',') FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name",
    };
    let tables: Vec<(String, String)> = db.all(tables, []).await.unwrap();
    assert!(tables.len() > 20);
    let mut found = Vec::new();
    for (table, columns) in tables {
        let text = |name: &str| match sqlite {
            true => format!("quote(\"{name}\")"),
            false => format!("CAST(\"{name}\" AS TEXT)"),
        };
        let columns: Vec<String> = columns.split(',').map(text).collect();
        let rows = format!("SELECT concat({}) FROM {table}", columns.join(", ' ', "));
        let rows: Vec<(String,)> = db.all(Sql::Built(rows), []).await.unwrap();
        let rows = rows.into_iter().map(|(text,)| format!("{table}: {text}"));
        found.extend(rows.filter(|row| words.iter().any(|word| row.contains(word))));
    }
    db.close().await;
    found
}

#[test]
fn a_deletion_that_is_killed_half_way_goes_on_until_nothing_names_the_person() {
    for database in databases() {
        let site = Site::new(PROGRAM, &database);
        let url = match &database {
            Database::Sqlite => format!("sqlite:{}", site.data().join("colophon.db").display()),
            Database::Postgres(url) => url.clone(),
        };
        let app = TestApp::of(site);
        let ada = resident(&app, "Ada");
        // Somebody with the same picture keeps it.
        let twin = app.person("Eve");
        set_avatar(&app, &twin, 3);
        let blobs = app.site.data().join("blobs");
        assert_eq!(files(&blobs).len(), 1);
        let TestApp { mut server, site } = app;
        server.kill();
        let app = TestApp {
            server: site.serve(&["--no-worker"]),
            site,
        };
        let twin = app.sign_in(&twin.email, PASSWORD);
        assert_eq!(
            delete(&app, &app.sign_in(&ada.person.email, PASSWORD)).status,
            200
        );
        for pause in [0, 20, 50, 100] {
            let mut worker = app.site.work();
            std::thread::sleep(Duration::from_millis(pause));
            worker.kill();
        }
        let _worker = app.site.work();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let words = ["ada@example.org", "nmistakable"];
        // A worker that was killed holds its jobs until its lease ends.
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let found = runtime.block_on(traces(&url, &words));
            if found.is_empty() && files(&blobs).len() == 1 {
                break;
            }
            assert!(Instant::now() < deadline, "{found:#?}");
            std::thread::sleep(Duration::from_millis(500));
        }
        let letters = app.site.letters(&ada.person.email);
        let told = letters
            .iter()
            .filter(|letter| letter.contains("account is deleted"));
        assert_eq!(told.count(), 1);
        app.json_at(&twin.request("DELETE", "/v1/me/avatar"), 200);
        until("nobody's picture is still there", || {
            files(&blobs).is_empty()
        });
    }
}
