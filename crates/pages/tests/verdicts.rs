//! The browser's verifier and `colophon verify` reach the same verdict: the cases that
//! `tests/js/bundle.test.mjs` gives to the scripts are given to the Rust verifier here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs
)]

use colophon_transparency::{
    bundle::{Bundle, verify},
    digest::FileDigests,
    note::VerifierKey,
};
use serde_json::Value;

#[test]
fn the_rust_verifier_judges_every_case_as_the_browser_does() {
    let cases: Value = serde_json::from_str(include_str!("js/bundle-cases.json")).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for case in cases["cases"].as_array().unwrap() {
        let name = text(&case["name"]);
        let mut bundle = cases["bundle"].clone();
        for edit in case["edits"].as_array().unwrap() {
            let field = text(&edit["field"]);
            let edited =
                text(&bundle[&field]).replacen(&text(&edit["from"]), &text(&edit["to"]), 1);
            bundle[&field] = edited.into();
        }
        let bundle = Bundle::parse(bundle.to_string().as_bytes()).expect(&name);
        let file = case["file"]
            .as_str()
            .map(|content| FileDigests::of(content.as_bytes()));
        let trusted: Vec<VerifierKey> = case["trusted"]
            .as_array()
            .unwrap()
            .iter()
            .map(|vkey| text(vkey).parse().unwrap())
            .collect();

        let report = serde_json::to_value(verify(&bundle, file.as_ref(), &trusted)).unwrap();
        let found: serde_json::Map<String, Value> = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|check| (text(&check["name"]), check["outcome"].clone()))
            .collect();
        assert_eq!(Value::from(found), case["expected"]["checks"], "{name}");
        assert_eq!(report["verdict"], case["expected"]["verdict"], "{name}");
    }
}
