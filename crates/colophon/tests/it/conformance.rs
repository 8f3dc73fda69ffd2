//! The running server has exactly the operations that its lists say, no more and no fewer.

use std::collections::BTreeSet;

use colophon_testkit::{Answer, Contract, Database, Request, Site, TestApp, contract};
use serde_json::Value;

use crate::PROGRAM;

/// Asks for every operation of a document and reads in the access log which route took it.
fn served(
    app: &TestApp,
    contract: &Contract,
    name: &str,
    prefix: &str,
) -> BTreeSet<(String, String)> {
    let asked: Vec<(String, String, String)> = contract
        .operations()
        .iter()
        .enumerate()
        .map(|(number, operation)| {
            let (base, template) = (contract.base_path(), &operation.path_template);
            let id = format!("{name}{}-{number}", prefix.replace('/', "-"));
            (
                id,
                operation.method.clone(),
                format!("{prefix}{base}{}", concrete(template)),
            )
        })
        .collect();
    for (id, method, path) in &asked {
        let request = Request::new(method, path).header("X-Request-ID", id);
        // Not checked: what is not served yet is 404, of which most documents know nothing.
        let answer = Answer::exchange(app.address, &request.to_bytes()).unwrap();
        assert!(answer.status < 500, "{method} {path}: {}", answer.status);
    }
    let log = app.log();
    let lines: Vec<Value> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|line: &Value| line["target"] == "access")
        .collect();
    asked
        .iter()
        .filter_map(|(id, method, path)| {
            let line = lines.iter().find(|line| line["span"]["id"] == id.as_str());
            let line = line.unwrap_or_else(|| panic!("no line in the log for {method} {path}"));
            let route = line["fields"]["route"].as_str().unwrap();
            (route != "unmatched").then(|| (method.clone(), route.to_owned()))
        })
        .collect()
}

/// A path that fits a template.
fn concrete(template: &str) -> String {
    let literal = template
        .split('{')
        .map(|part| part.rsplit_once('}').map_or(part, |(_, rest)| rest));
    literal.collect::<Vec<_>>().join("x")
}

#[test]
fn each_contract_is_served_as_far_as_its_list_says() {
    let site = Site::new(PROGRAM, &Database::Sqlite).env("COLOPHON_LOG_FORMAT", "json");
    let app = TestApp::of(site);
    for (contract, implemented, name) in [
        (
            contract::music(),
            colophon_api_music::IMPLEMENTED,
            "trackorigin",
        ),
        (
            contract::photo(),
            colophon_api_photo::IMPLEMENTED,
            "lumethic",
        ),
        (
            contract::content(),
            colophon_api_content::IMPLEMENTED,
            "certivu",
        ),
        (
            contract::publish(),
            colophon_api_publish::IMPLEMENTED,
            "tokportal",
        ),
        (contract::org(), colophon_api_org::IMPLEMENTED, "idle-atlas"),
    ] {
        // TrackOrigin's pages are pages of the root only.
        let pages = if name == "trackorigin" {
            colophon_pages::CONTRACT_PAGES
        } else {
            &[]
        };
        let mut with_pages: Vec<&str> = implemented.lines().chain(pages.iter().copied()).collect();
        with_pages.sort_unstable();
        let prefix = format!("/{name}");
        for (prefix, listed) in [
            ("", with_pages.join("\n")),
            (&prefix, implemented.to_owned()),
        ] {
            let served = served(&app, contract, name, prefix);
            let routes: Vec<(&str, &str)> = served
                .iter()
                .map(|(method, path)| (method.as_str(), path.as_str()))
                .collect();
            contract::assert_routes(contract, &routes, &listed);
        }
    }
}

#[test]
fn everything_of_our_own_document_is_served() {
    let app = TestApp::of(Site::new(PROGRAM, &Database::Sqlite).env("COLOPHON_LOG_FORMAT", "json"));
    let contract = contract::registry();
    let listed: BTreeSet<(String, String)> = contract
        .operations()
        .iter()
        .map(|operation| (operation.method.clone(), operation.path_template.clone()))
        .collect();
    let served = served(&app, contract, "own", "")
        .into_iter()
        .map(|(method, path)| (method, path.replace("{*", "{")))
        .collect();
    assert_eq!(listed, served);
}
