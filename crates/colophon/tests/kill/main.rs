//! `kill -9` at any moment loses, reorders and renumbers nothing that was acknowledged.
//!
//! The real binary is loaded by concurrent clients and watched by a monitor, killed at random
//! moments, and started again on the same data, hundreds of times. Then everything that anyone
//! was told is compared with what is there.
//!
//! `COLOPHON_KILLS` sets how many times (default: 200 on SQLite, 40 on PostgreSQL),
//! `COLOPHON_SEED` repeats a run's random moments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod clients;
mod log_monitor;
mod reckoning;
mod server;

use std::time::{Duration, Instant};

use colophon_db::{Db, IdGenerator};
use colophon_testkit::Postgres;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use clients::Clients;
use log_monitor::LogMonitor;
use server::{Installation, Server};

/// Concurrent clients.
const CLIENTS: usize = 8;

fn from_environment(name: &str) -> Option<u64> {
    Some(
        std::env::var(name)
            .ok()?
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

fn random() -> StdRng {
    let seed =
        from_environment("COLOPHON_SEED").unwrap_or_else(|| IdGenerator.next().as_u64_pair().1);
    println!("COLOPHON_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_sqlite() {
    let installation = Installation::on_sqlite();
    let kills = from_environment("COLOPHON_KILLS").unwrap_or(200);
    kill_again_and_again(&installation, kills, Duration::from_millis(400)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_postgresql() {
    let Some(postgres) = Postgres::shared() else {
        return;
    };
    let installation = Installation::on(postgres.database());
    let kills = from_environment("COLOPHON_KILLS").unwrap_or(40);
    kill_again_and_again(&installation, kills, Duration::from_millis(400)).await;
}

/// The very first start makes the database, the keys and the log; interrupted anywhere, the next
/// one finishes the work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_during_the_first_start() {
    let mut random = random();
    for _ in 0..from_environment("COLOPHON_KILLS").unwrap_or(20) {
        let installation = Installation::on_sqlite();
        let moment = Duration::from_micros(random.random_range(0..150_000));
        Server::spawn(&installation).kill_after(moment).await;
        let server = Server::start(&installation).await;
        installation
            .admin(&["org", "create", "--name", "First"])
            .await;
        let mut monitor = LogMonitor::default();
        monitor.wait_for_checkpoint(&server).await;
        server.kill().await;
    }
}

/// Lives of up to `longest`, most of them counted from the first answer, the others from the
/// first request.
async fn kill_again_and_again(installation: &Installation, kills: u64, longest: Duration) {
    let mut random = random();
    let started = Instant::now();
    let server = Server::start(installation).await;
    let mut clients = Clients::register(installation, CLIENTS).await;
    let mut monitor = LogMonitor::default();
    monitor.wait_for_checkpoint(&server).await;
    server.kill().await;

    for kill in 1..=kills {
        // A killed server's lease on the log lasts up to 1.5 s, longer than most lives here. Most
        // restarts are as if that time had passed, so that most kills meet a sequencer at work.
        if random.random_ratio(3, 4) {
            forget_leases(installation).await;
        }
        if random.random_ratio(1, 8) {
            let moment = Duration::from_micros(random.random_range(0..100_000));
            Server::spawn(installation).kill_after(moment).await;
            continue;
        }
        let server = Server::start(installation).await;
        let moment = longest.mul_f64(random.random());
        let address = server.address().to_owned();
        // The first requests also open connections and fill caches, which may take all of a life.
        let at_work = random.random_ratio(3, 4);
        let answer = clients.next_answer();
        tokio::join!(
            async {
                if at_work {
                    let patience = Duration::from_secs(30);
                    tokio::time::timeout(patience, answer)
                        .await
                        .expect("an answer");
                }
                tokio::time::sleep(moment).await;
                server.kill().await;
            },
            clients.post_until_the_server_is_gone(&address),
            monitor.follow_until_the_server_is_gone(&address),
        );
        if kill % 20 == 0 {
            println!(
                "{kill} kills: {} records acknowledged, {} requests unanswered, {} entries and {} checkpoints seen",
                clients.acknowledged().len(),
                clients.unanswered(),
                monitor.entries().len(),
                monitor.checkpoints().len(),
            );
        }
    }
    reckoning::reckon(installation, clients, monitor).await;
    println!("{kills} kills in {:.1} s", started.elapsed().as_secs_f64());
}

async fn forget_leases(installation: &Installation) {
    let db = Db::open(&installation.database_url()).await.unwrap();
    let forgotten: Result<u64, colophon_db::Error> = db
        .write(|tx, _| Box::pin(tx.exec("DELETE FROM lease", [])))
        .await;
    forgotten.unwrap();
    db.close().await;
}
