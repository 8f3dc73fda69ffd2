//! Develops a RAW file to a 16-bit PPM: `develop RAW OUT.ppm`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

use std::time::Instant;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let bytes = std::fs::read(&arguments[1]).unwrap();
    let started = Instant::now();
    let raw = colophon_photo::raw::read(&bytes).unwrap();
    let read = started.elapsed();
    let started = Instant::now();
    let half = colophon_photo::develop::half_size(&raw).unwrap();
    let binned = started.elapsed();
    drop(half);
    let started = Instant::now();
    let picture = colophon_photo::develop::picture(&raw).unwrap();
    println!(
        "{}x{} read {read:.1?} half size {binned:.1?} picture {:.1?}",
        picture.width,
        picture.height,
        started.elapsed()
    );
    let mut out = format!("P6 {} {} 65535\n", picture.width, picture.height).into_bytes();
    out.extend(picture.data.iter().flat_map(|v| v.to_be_bytes()));
    std::fs::write(&arguments[2], out).unwrap();
}
