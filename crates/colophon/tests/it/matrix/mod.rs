//! Who is answered what: every operation of every contract, asked by every kind of caller, beside
//! the table that is checked in.
//!
//! A new operation, or a change of what anybody may do, changes `matrix.txt`, where a reviewer
//! sees it: `COLOPHON_WRITE_MATRIX=1 cargo test --test it matrix` writes it anew.

mod callers;
mod company;
mod operations;

use std::fmt::Write as _;

use colophon_testkit::{Answer, Database, Site, TestApp};

use self::callers::{CALLERS, Callers};
use self::company::Company;
use self::operations::{Operation, operations};
use crate::PROGRAM;

const CHECKED_IN: &str = include_str!("matrix.txt");
const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/matrix/matrix.txt");
const HEAD: &str = "\
# What every operation answers every kind of caller; mod.rs beside it says how it is made.
# A key is one of the contract's own; a person's session is shown the way the contract takes it.
# The organisation is always the same one, whoever asks.
";

#[test]
fn every_operation_answers_every_kind_of_caller_as_the_matrix_says() {
    let site = Site::new(PROGRAM, &Database::Sqlite)
        .env("COLOPHON_LIMITS__ATLAS_KEY_PER_MINUTE", "0")
        .env("COLOPHON_LIMITS__TRACKORIGIN_KEY_PER_MINUTE", "0")
        .env("COLOPHON_LIMITS__TRACKORIGIN_PUBLISHABLE_PER_MINUTE", "0");
    let mut app = TestApp::of(site);
    let company = Company::found(&mut app);
    let mut table = HEAD.to_owned();
    let operations = operations();
    let width = operations
        .iter()
        .map(|operation| operation.name.len())
        .max();
    let width = width.unwrap_or_default() + 2;
    let titles: Vec<String> = CALLERS.iter().map(|caller| caller.title()).collect();
    writeln!(table, "{:width$}{}", "", titles.join("  ")).unwrap();
    let mut callers = Callers::gather(&app, &company);
    for operation in &operations {
        let mut cells = String::new();
        for (caller, title) in CALLERS.iter().zip(&titles) {
            let answer = ask(&app, &company, &callers, operation, caller);
            if operation.ends_sessions() {
                callers.renew(caller, &app, &company);
            }
            if operation.ends_memberships() {
                company.gather_again(&app);
            }
            write!(cells, "{:<1$}", answer.status, title.len() + 2).unwrap();
        }
        writeln!(table, "{:width$}{}", operation.name, cells.trim_end()).unwrap();
    }
    if std::env::var_os("COLOPHON_WRITE_MATRIX").is_some() {
        std::fs::write(PATH, &table).unwrap();
        return;
    }
    let changed: Vec<String> = table
        .lines()
        .filter(|line| !CHECKED_IN.lines().any(|known| known == *line))
        .map(|line| format!("  now {line}"))
        .chain(
            CHECKED_IN
                .lines()
                .filter(|known| !table.lines().any(|line| line == *known))
                .map(|known| format!("  was {known}")),
        )
        .collect();
    assert!(
        changed.is_empty(),
        "the matrix has changed:\n{}",
        changed.join("\n")
    );
}

fn ask(
    app: &TestApp,
    company: &Company,
    callers: &Callers,
    operation: &Operation,
    caller: &callers::Caller,
) -> Answer {
    let things = company.things(app, operation);
    let request = operation.request(&things);
    let request = callers.show(caller, operation, request);
    // The form of answers is what every other test holds against the documents.
    let answer = Answer::exchange(app.address, &request.to_bytes()).unwrap();
    assert!(answer.status < 500, "{}: {}", operation.name, answer.text());
    answer
}
