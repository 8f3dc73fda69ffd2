//! Where settings and private keys come from.

use colophon_testkit::{Database, Site, text};
use colophon_transparency::keys::{Algorithm, PrivateKey};

use crate::{PROGRAM, on_every_site};

#[test]
fn keys_that_somebody_else_keeps_are_rotated_by_putting_the_new_one_there() {
    let pem = |seed: u8| {
        let key = PrivateKey::from_seed(Algorithm::Ed25519, &[seed; 32]).unwrap();
        key.to_pkcs8_pem().to_string()
    };
    for source in ["file", "command"] {
        on_every_site(|site| {
            let path = site.write("issuer.pem", pem(1));
            let setting = match source {
                "file" => format!("file:{path}"),
                _ => format!("command:cat {path}"),
            };
            let site = site.env("COLOPHON_KEYS__ISSUER", &setting);
            drop(site.serve(&[]));

            let same = site.run(&["keys", "rotate", "--purpose", "issuer"]);
            assert_eq!(same.code, Some(3), "{same:?}");
            assert!(same.stderr.contains("put the new key there"), "{same:?}");

            site.write("issuer.pem", pem(2));
            let rotated = site.json(&["keys", "rotate", "--purpose", "issuer"]);
            let server = site.serve(&[]);
            let document = server.get_json("/.well-known/trackorigin-public-key.json");
            assert_eq!(document["key_id"], rotated["kid"]);
            let all = server.get_json("/.well-known/trackorigin-public-keys.json");
            assert!(all.to_string().contains(&text(&rotated, "kid")));
        });
    }
}

#[test]
fn a_setting_from_the_environment_is_what_the_setting_is_and_not_what_it_looks_like() {
    let site = Site::new(PROGRAM, &Database::Sqlite)
        .env("COLOPHON_S3__SECRET_ACCESS_KEY", "123456789012")
        .env("COLOPHON_S3__ACCESS_KEY_ID", "true")
        .env("COLOPHON_S3__REGION", "[eu]")
        .env("COLOPHON_S3__ENDPOINT", "https://ak:topsecret@s3.example")
        .env("COLOPHON_TRUSTED_PROXIES", "2")
        .env("COLOPHON_TLS", "true")
        // As Kubernetes sets them for a service of this name.
        .env("COLOPHON_SERVICE_HOST", "10.0.0.1")
        .env("COLOPHON_PORT_8750_TCP", "tcp://10.0.0.1:8750");
    let run = site.run(&["config"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for line in [
        "access_key_id = \"true\"",
        "region = \"[eu]\"",
        "trusted_proxies = 2",
        "tls = true",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    for secret in ["123456789012", "topsecret"] {
        assert!(!format!("{run:?}").contains(secret), "{run:?}");
    }
    let mistyped = Site::new(PROGRAM, &Database::Sqlite).env("COLOPHON_LISTN", "127.0.0.1:1");
    let run = mistyped.run(&["config"]);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stderr.contains("listn"), "{run:?}");
}

#[test]
fn a_database_url_that_is_no_url_is_not_shown() {
    for url in [
        "postgres://u:topsecret@h1:5432,h2:5432/db",
        "postgres://u:top/topsecret@h/db",
    ] {
        let site = Site::new(PROGRAM, &Database::Sqlite).env("COLOPHON_DATABASE_URL", url);
        let run = site.run(&["config"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert!(!run.stdout.contains("topsecret"), "{run:?}");
    }
}

#[test]
fn a_data_folder_may_have_any_name() {
    let site = Site::new(PROGRAM, &Database::Sqlite);
    let folder = site.folder().join("a b?c#d%20");
    let site = site.env("COLOPHON_DATA", &folder.display().to_string());
    drop(site.serve(&[]));
    assert!(folder.join("colophon.db").exists());
}

#[test]
fn only_kinds_with_a_test_mode_have_test_keys() {
    on_every_site(|site| {
        let org = site.organisation("free");
        let create = |kind: &str| {
            site.run(&[
                "admin", "key", "create", "--org", &org, "--kind", kind, "--test",
            ])
        };
        for kind in ["certivu", "tokportal"] {
            let refused = create(kind);
            assert_ne!(refused.code, Some(0), "{refused:?}");
            assert!(refused.stderr.contains("no test mode"), "{refused:?}");
        }
        assert_eq!(create("trackorigin-secret").code, Some(0));
    });
}
