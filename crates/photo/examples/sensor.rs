//! What the sensor check measures: `sensor RAW…`, one line of JSON a file.
#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::time::Instant;

use colophon_photo::{raw, verificator::sensor};

fn main() -> Result<(), Box<dyn Error>> {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file)?;
        let line = match raw::read(&bytes) {
            Err(e) => serde_json::json!({ "file": file, "error": e.to_string() }),
            Ok(raw) => {
                let started = Instant::now();
                let (measures, _) = sensor::measure(&raw, &bytes);
                let seconds = started.elapsed().as_secs_f64();
                serde_json::json!({ "file": file, "seconds": seconds, "measures": measures })
            }
        };
        println!("{line}");
    }
    Ok(())
}
