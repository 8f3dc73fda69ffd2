//! Runs a command with an empty database of a PostgreSQL that is started for it, as durable as
//! PostgreSQL is by default, and gone afterwards. `{}` in the command becomes the database's URL:
//!
//! ```text
//! cargo run -p colophon-testkit --example with_postgres -- \
//!     target/release/colophon bench ingest --database-url {}
//! ```

use std::process::{Command, ExitCode};

use colophon_testkit::Postgres;

fn main() -> ExitCode {
    let Some(cluster) = Postgres::start_durable() else {
        return ExitCode::FAILURE;
    };
    let url = cluster.database();
    let mut words = std::env::args()
        .skip(1)
        .map(|word| word.replace("{}", &url));
    let Some(program) = words.next() else {
        eprintln!("usage: with_postgres PROGRAM [ARGUMENT]...   ({{}} becomes the database's URL)");
        return ExitCode::from(2);
    };
    match Command::new(&program).args(words).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}
