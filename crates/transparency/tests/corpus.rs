//! Replays the kept fuzzing corpus with a stable compiler; see `fuzz/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

#[path = "../../../fuzz/properties.rs"]
mod properties;

fn replay(target: &str, property: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let mut files = 0;
    for file in std::fs::read_dir(&corpus).unwrap() {
        let path = file.unwrap().path();
        let seed = std::fs::read(&path).unwrap();
        // Named before it runs, so that a panic says which file it was.
        println!("{}", path.display());
        property(&seed);
        // Truncated and damaged versions of each seed are seeds of their own.
        for cut in (0..seed.len()).step_by(seed.len() / 64 + 1) {
            property(seed.get(..cut).unwrap());
            let mut damaged = seed.clone();
            *damaged.get_mut(cut).unwrap() ^= 0x11;
            property(&damaged);
        }
        files += 1;
    }
    assert!(files > 0, "no corpus in {}", corpus.display());
}

#[test]
fn json() {
    replay("json", properties::json);
}

#[test]
fn token() {
    replay("token", properties::token);
}

#[test]
fn note() {
    replay("note", properties::note);
}

#[test]
fn key() {
    replay("key", properties::key);
}

#[test]
fn tile() {
    replay("tile", properties::tile);
}

#[test]
fn bundle() {
    replay("bundle", properties::bundle);
}

#[test]
fn entry() {
    replay("entry", properties::entry);
}
