//! `implemented.txt`: which of a document's operations a crate serves so far.
//!
//! One `METHOD /path/template` a line, sorted as `LC_ALL=C sort` does; empty lines and lines that
//! begin with `#` are comments. The list only grows, until it is the whole document.

use std::collections::BTreeSet;

use super::Contract;

/// Fails the test with a readable difference unless the routes served, the list and the document
/// agree; see [`check_routes`].
///
/// # Panics
/// When they do not.
pub fn assert_routes(contract: &Contract, routes: &[(&str, &str)], implemented: &str) {
    let difference = check_routes(contract, routes, implemented)
        .err()
        .unwrap_or_default();
    assert!(difference.is_empty(), "{difference}");
}

/// Checks that the routes served are exactly the lines of `implemented.txt`, and that each of them
/// is an operation of the document.
///
/// Routes may be written as axum does (`{*storage_key}`) and may begin with the document's base
/// path.
///
/// # Errors
/// One line for each difference.
pub fn check_routes(
    contract: &Contract,
    routes: &[(&str, &str)],
    implemented: &str,
) -> Result<(), String> {
    let served: BTreeSet<String> = routes
        .iter()
        .map(|(method, path)| {
            let path = path.strip_prefix(contract.base_path()).unwrap_or(path);
            format!("{} {}", method.to_uppercase(), path.replace("{*", "{"))
        })
        .collect();
    let lines: Vec<&str> = implemented
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let listed: BTreeSet<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let documented: BTreeSet<String> = contract
        .operations()
        .iter()
        .map(|o| o.to_string())
        .collect();

    let mut differences = Vec::new();
    let mut report = |lines: Vec<&String>, what: &str| {
        differences.extend(lines.iter().map(|line| format!("{line}: {what}")));
    };
    report(
        served.difference(&listed).collect(),
        "served, but not in implemented.txt",
    );
    report(
        listed.difference(&served).collect(),
        "in implemented.txt, but not served",
    );
    report(
        served
            .union(&listed)
            .filter(|line| !documented.contains(*line))
            .collect(),
        "not an operation of the document",
    );
    if let Some([first, second]) = lines.array_windows().find(|[a, b]| a >= b) {
        differences.push(format!("{second}: must come once, and before {first}"));
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "routes, implemented.txt and the document disagree:\n  {}",
            differences.join("\n  ")
        ))
    }
}
