//! Reads files as RAW or as picture, whichever they are, and prints what is found and how long it
//! took: `read FILE…`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::time::Instant;

use colophon_photo::{raw, rendition};

fn main() {
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path).unwrap();
        println!("== {path} ({} bytes)", bytes.len());
        let start = Instant::now();
        match raw::read(&bytes) {
            Ok(raw) => {
                let frame = &raw.frame;
                println!(
                    "RAW {:?} {:?} in {:?}: visible {:?} bayer {:?} {:?} black {:?} white {:?} wb {:?} masked {:?}",
                    raw.metadata().camera(),
                    raw.container.format,
                    start.elapsed(),
                    raw.visible,
                    raw.bayer(),
                    frame.sensor_layout,
                    frame.black_level,
                    frame.white_level,
                    frame.white_balance.map(|b| b.coeffs),
                    frame.masked_areas,
                );
                let c = &raw.container;
                println!(
                    "  {:?} dng {:?} maker note {} private {} faults {:?} preview {:?}",
                    c.compression,
                    c.dng_version,
                    c.maker_note,
                    c.private_data,
                    c.faults,
                    c.preview_jpeg.as_ref().map(Vec::len)
                );
                println!("  {:?}", c.previews);
                for directory in &c.directories {
                    let names = directory.tags.iter().map(|t| format!("{:04x}", t.number));
                    println!(
                        "  {}: {}",
                        directory.name,
                        names.collect::<Vec<_>>().join(" ")
                    );
                }
                continue;
            }
            Err(e) => println!("not RAW, {:?}: {e}", start.elapsed()),
        }
        let start = Instant::now();
        match rendition::read(&bytes) {
            Ok(r) => {
                println!(
                    "{} {}x{} in {:?}: stored {:?} orientation {} {:?} {} bits, notes {:?}, thumbnail {:?}, exif {:?}, xmp {:?}",
                    r.format.name(),
                    r.rgb.width,
                    r.rgb.height,
                    start.elapsed(),
                    r.stored,
                    r.orientation,
                    r.profile,
                    r.bits,
                    r.notes,
                    r.thumbnail.as_ref().map(Vec::len),
                    r.exif.as_ref().map(Vec::len),
                    r.xmp.as_ref().map(Vec::len),
                );
                if let Some(j) = &r.jpeg {
                    println!(
                        "  frame {:02x} {} quality {:?} tables {} definitions {} scans {} trailing {} {:?}",
                        j.frame,
                        j.subsampling(),
                        j.quality(),
                        j.tables.len(),
                        j.definitions,
                        j.scans,
                        j.trailing,
                        j.segments
                            .iter()
                            .map(|s| s.signature.as_str())
                            .collect::<Vec<_>>()
                    );
                }
            }
            Err(e) => println!("not a picture, {:?}: {e}", start.elapsed()),
        }
    }
}
