//! Nothing opens a door that was not made for it: forged, foreign and doubled credentials.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use colophon_testkit::{PASSWORD, Person, Request, Server, Site, TestApp};
use colophon_transparency::digest::sha256;
use colophon_transparency::keys::{Algorithm, PrivateKey};
use jsonwebtoken::{Algorithm as Jwa, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::on_every_database;

/// The key that the installation signs its access tokens with.
fn token_key(site: &Site) -> PrivateKey {
    let pem = std::fs::read_dir(site.data().join("keys"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("log")
        })
        .map(|path| std::fs::read_to_string(path).unwrap())
        .unwrap();
    let log = PrivateKey::from_pkcs8_pem(&pem).unwrap();
    let seed = sha256(&log.sign(b"colophon-access-tokens/1").unwrap());
    PrivateKey::from_seed(Algorithm::Ed25519, &seed).unwrap()
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64.decode(part).unwrap()).unwrap()
}

fn signed(key: &PrivateKey, claims: &Value) -> String {
    let key = EncodingKey::from_ed_der(&key.to_pkcs8_der());
    encode(&Header::new(Jwa::EdDSA), claims, &key).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn get(server: &Server, path: &str, token: &str) -> u16 {
    server.send(&Request::new("GET", path).bearer(token)).status
}

#[test]
fn only_a_token_that_this_server_signed_for_this_door_and_this_hour_opens_it() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let eve = app.person("Eve");
        let key = token_key(&app.site);
        let good = claims(&ada.access);
        assert_eq!(
            get(&app, "/v1/me", &signed(&key, &good)),
            200,
            "the test signs as the server"
        );

        let unsigned = |header: Value| {
            let header = BASE64.encode(header.to_string());
            let payload = BASE64.encode(good.to_string());
            format!("{header}.{payload}")
        };
        let public = key.public_key();
        let spki = public.to_spki_pem();
        let hs256 = |secret: &[u8]| {
            encode(
                &Header::new(Jwa::HS256),
                &good,
                &EncodingKey::from_secret(secret),
            )
            .unwrap()
        };
        let (head, signature) = ada.access.rsplit_once('.').unwrap();
        let stranger = PrivateKey::from_seed(Algorithm::Ed25519, &[7; 32]).unwrap();
        let operator = with(&good, "aud", json!("trackorigin:operator"));

        let issued = good["iat"].as_i64().unwrap();
        let later = issued + 3_600;
        let mut forged = vec![
            format!("{}.", unsigned(json!({"alg": "none"}))),
            format!(
                "{}.{signature}",
                unsigned(json!({"alg": "None", "typ": "JWT"}))
            ),
            format!(
                "{}.{signature}",
                unsigned(json!({"alg": "EdDSA", "jwk": {"kty": "OKP"}}))
            ),
            hs256(public.as_bytes()),
            hs256(spki.as_bytes()),
            hs256(b""),
            signed(&stranger, &good),
            signed(&key, &operator),
            signed(&key, &with(&good, "aud", json!("lumethic:user"))),
            signed(&key, &with(&good, "aud", json!(["trackorigin:artist"]))),
            signed(&key, &with(&good, "aud", json!(""))),
            signed(&key, &without(&good, "aud")),
            signed(&key, &with(&good, "iss", json!("https://evil.example"))),
            signed(&key, &without(&good, "iss")),
            signed(&key, &with(&good, "exp", json!(issued))),
            signed(&key, &with(&good, "exp", json!("never"))),
            signed(&key, &with(&good, "exp", json!(i64::MAX))),
            signed(&key, &without(&good, "exp")),
            signed(&key, &with(&good, "iat", json!(later))),
            signed(&key, &without(&good, "iat")),
            signed(&key, &without(&good, "sid")),
            signed(
                &key,
                &with(&good, "sid", json!("ses_00000000000000000000000000")),
            ),
            signed(
                &key,
                &with(&good, "sid", claims(&eve.access)["sid"].clone()),
            ),
            signed(&key, &with(&good, "sub", json!(eve.id))),
            signed(&key, &without(&good, "sub")),
            format!("{head}.{}", signature.chars().rev().collect::<String>()),
            format!("{head}."),
            format!("{}.{signature}", head.replace('.', "")),
            format!("{}x.{signature}", head),
            "..".to_owned(),
            "a.b.c".to_owned(),
            "1.2.3".to_owned(),
            format!("{0}.{0}.{0}", BASE64.encode("{}")),
            format!("{0}.{0}.{0}", BASE64.encode("[".repeat(4_000))),
            format!("{0}.{0}.{0}", "A".repeat(10_000)),
            format!("{}\u{e9}", ada.access),
        ];
        forged.push(String::new());
        for token in &forged {
            for place in ["/v1/me", "/v1/me/api-keys", "/api/v1/me"] {
                assert_eq!(get(&app, place, token), 401, "{place} {token}");
            }
            let cookie = format!("to_at={token}");
            if token.is_ascii() {
                let request = Request::new("GET", "/v1/me").cookies(&cookie);
                assert_eq!(app.send(&request).status, 401, "{token}");
            }
        }
        let words: Vec<String> = [&forged[0], &forged[3], &forged[6], &forged[14]]
            .map(|token| {
                app.send(&Request::new("GET", "/v1/me").bearer(token))
                    .text()
                    .to_owned()
            })
            .into();
        assert!(words.windows(2).all(|pair| pair[0] == pair[1]), "{words:?}");

        // It is worth what its session is.
        app.send(&ada.request("POST", "/v1/auth/logout"));
        assert_eq!(
            get(
                &app,
                "/v1/me",
                &signed(&key, &with(&good, "exp", json!(later)))
            ),
            401
        );
    });
}

struct Doors {
    artist: Person,
    operator: String,
    photographer: String,
    publishable: String,
    secret: String,
    lumethic: String,
    atlas: String,
}

fn doors(app: &mut TestApp) -> Doors {
    let operator = app.operator();
    let artist = app.person("Ada");
    let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
    let body = json!({"email": artist.email, "password": PASSWORD});
    let photographer = app.json_at(
        &Request::new("POST", "/v1/accounts/login").value(&body),
        200,
    );
    let key = |kind: &str| {
        let body = json!({"name": kind, "type": kind});
        let made = app.json_at(&artist.request("POST", "/v1/me/api-keys").value(&body), 201);
        text(&made, "api_key")
    };
    let (publishable, secret) = (key("publishable"), key("secret"));
    let org = app.site.organisation("enterprise");
    Doors {
        operator,
        photographer: text(&photographer, "access_token"),
        publishable,
        secret,
        lumethic: app.site.key(&org, "lumethic").1,
        atlas: app.site.key(&org, "atlas").1,
        artist,
    }
}

#[test]
fn a_credential_of_one_door_opens_no_other() {
    on_every_database(|mut app| {
        let doors = doors(&mut app);
        let all = [
            ("artist", &doors.artist.access),
            ("operator", &doors.operator),
            ("photographer", &doors.photographer),
            ("publishable", &doors.publishable),
            ("secret", &doors.secret),
            ("lumethic", &doors.lumethic),
            ("atlas", &doors.atlas),
        ];
        for (path, open) in [
            ("/v1/me", &["artist"][..]),
            ("/v1/me/api-keys", &["artist"]),
            (
                "/v1/admin/artists/lookup?email=ada@example.org",
                &["operator"],
            ),
            ("/api/v1/me", &["secret"]),
            ("/v1/apikeys/", &["photographer", "lumethic"]),
            ("/api/v1/oauth/me", &[]),
            ("/sessions", &["artist", "photographer"]),
        ] {
            for (name, credential) in all {
                let status = get(&app, path, credential);
                let wanted = match (open.contains(&name), path, name) {
                    (true, ..) => 200,
                    // It is one of this contract's keys, and may not do this.
                    (_, "/api/v1/me", "publishable") => 403,
                    _ => 401,
                };
                assert_eq!(status, wanted, "{name} at {path}");
            }
        }
        for (name, key) in all {
            for (path, open) in [
                ("/v1/apikeys/", "lumethic"),
                ("/api/customer/v1/organization", "atlas"),
            ] {
                let answer = app.send(&Request::new("GET", path).header("X-API-Key", key));
                let wanted = if name == open { 200 } else { 401 };
                assert_eq!(answer.status, wanted, "{name} at {path}");
            }
        }
    });
}

#[test]
fn of_two_credentials_the_contract_says_which_counts_and_the_other_never_helps() {
    on_every_database(|mut app| {
        let doors = doors(&mut app);
        let (ada, lumethic) = (&doors.artist, doors.lumethic.as_str());
        let bearer = |token: &str| ("Authorization".to_owned(), format!("Bearer {token}"));
        let key = |key: &str| ("X-API-Key".to_owned(), key.to_owned());
        let cookie = |cookies: &str| ("Cookie".to_owned(), cookies.to_owned());
        let ask = |path: &str, shown: &[(String, String)]| {
            // In both orders: they answer alike.
            let both = [false, true].map(|reversed| {
                let mut shown = shown.to_vec();
                if reversed {
                    shown.reverse();
                }
                let request = shown
                    .iter()
                    .fold(Request::new("GET", path), |request, (name, value)| {
                        request.header(name, value)
                    });
                app.send(&request).status
            });
            assert_eq!(both[0], both[1], "{path} {shown:?}");
            both[0]
        };
        // B3: a key in its own header decides, alone.
        let path = "/v1/apikeys/";
        assert_eq!(ask(path, &[key(lumethic), bearer("x.y.z")]), 200);
        assert_eq!(ask(path, &[key(lumethic), bearer("wrong")]), 200);
        for bad in ["", "lk_wrong", "\u{fc}", &doors.atlas] {
            assert_eq!(
                ask(path, &[key(bad), bearer(&doors.photographer)]),
                401,
                "{bad:?}"
            );
            assert_eq!(ask(path, &[key(bad), bearer(lumethic)]), 401, "{bad:?}");
        }
        // B5: the header comes before the cookie.
        let path = "/v1/me";
        for bad in [
            "x.y.z",
            "",
            "\u{fc}",
            &doors.secret,
            &doors.operator,
            &doors.photographer,
        ] {
            assert_eq!(
                ask(path, &[bearer(bad), cookie(&ada.cookies)]),
                401,
                "{bad:?}"
            );
        }
        assert_eq!(
            ask(path, &[bearer(&ada.access), cookie("to_at=x.y.z")]),
            200
        );
        // A dead cookie does not spoil a good key, nor a good cookie a bad key.
        let path = "/api/customer/v1/organization";
        let session = format!(
            "better-auth.session_token={}",
            ada.cookie("better-auth.session_token")
        );
        assert_eq!(
            ask(
                path,
                &[key(&doors.atlas), cookie("better-auth.session_token=x")]
            ),
            200
        );
        assert_eq!(ask(path, &[key("ia_live_x"), cookie(&session)]), 401);
        assert_eq!(ask(path, &[cookie(&session)]), 401, "reading is for keys");
        let path = "/api/customer/v1/api-keys";
        assert_eq!(
            ask(path, &[key(&doors.atlas)]),
            403,
            "managing is for sessions"
        );
        assert_eq!(ask(path, &[key("ia_live_x"), cookie(&session)]), 200);
        // B4: a typo is not silently anonymous.
        let path = "/api/v1/transparency/sth";
        assert_eq!(app.get(path).status, 200);
        for bad in ["to_pk_live_typo", "", &doors.lumethic, &ada.access] {
            assert_eq!(get(&app, path, bad), 401, "{bad:?}");
        }
    });
}

#[test]
fn a_key_that_was_revoked_opens_nothing_on_any_server() {
    on_every_database(|mut app| {
        let doors = doors(&mut app);
        let second = app.site.serve(&[]);
        for server in [&*app, &second] {
            assert_eq!(get(server, "/api/v1/me", &doors.secret), 200);
        }
        let list = app.json_at(&doors.artist.request("GET", "/v1/me/api-keys"), 200);
        for key in list["api_keys"].as_array().unwrap() {
            let path = format!("/v1/me/api-keys/{}", key["key_id"].as_str().unwrap());
            let revoked = app.json_at(&doors.artist.request("DELETE", &path), 200);
            assert!(revoked["revoked_at"].is_string());
        }
        assert_eq!(get(&app, "/api/v1/me", &doors.secret), 401);
        std::thread::sleep(Duration::from_millis(1_050));
        assert_eq!(get(&second, "/api/v1/me", &doors.secret), 401);
    });
}
