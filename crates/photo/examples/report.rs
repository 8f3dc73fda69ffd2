//! Verifies a pair and writes its report: RAW IMAGE OUT.html; prints the JSON.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]
use std::ops::ControlFlow;

use colophon_photo::{report, verify};

fn main() {
    let a: Vec<String> = std::env::args().collect();
    let (raw, image) = (std::fs::read(&a[1]).unwrap(), std::fs::read(&a[2]).unwrap());
    let observer = |_| ControlFlow::Continue(());
    let (verdict, exhibits) = verify::examine(&raw, &image, &observer, true).unwrap();
    println!(
        "{}",
        serde_json::to_string_pretty(&verdict.to_json()).unwrap()
    );
    let page = report::page(&verdict, &exhibits.unwrap(), (&a[1], &a[2])).unwrap();
    std::fs::write(&a[3], page).unwrap();
}
