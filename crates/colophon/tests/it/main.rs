//! What users rely on, seen from outside: the real program, real databases, real sockets.
//!
//! Every answer in every test is held against its contract's document
//! (`colophon_testkit::app::check`), and a 500 fails whatever test provokes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod access;
mod accounts;
mod atlas;
mod audit;
mod avatars;
mod conformance;
mod credentials;
mod departures;
mod envelopes;
mod invitations;
mod keys;
mod log;
mod lumethic;
mod matrix;
mod monitoring;
mod oauth;
mod oidc;
mod operations;
mod operators;
mod organisations;
mod outages;
mod proxy;
mod rates;
mod records;
mod refusals;
mod replays;
mod sessions;
mod settings;
mod verification;

use colophon_testkit::{Database, Site, TestApp, databases};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_colophon");

/// Runs a test on a fresh installation for every database there is.
fn on_every_database(test: impl Fn(TestApp)) {
    on_every_site(|site| test(TestApp::of(site)));
}

/// The same for tests that start servers themselves.
fn on_every_site(test: impl Fn(Site)) {
    for database in databases() {
        // Shown only when the test fails.
        println!(
            "on {}",
            if database == Database::Sqlite {
                "SQLite"
            } else {
                "PostgreSQL"
            }
        );
        test(Site::new(PROGRAM, &database));
    }
}

/// The results of `work` done by so many clients at once; `work` gets the client's number.
fn at_once<T: Send>(clients: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = std::sync::Barrier::new(clients);
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..clients)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        running
            .into_iter()
            .map(|client| client.join().unwrap())
            .collect()
    })
}
