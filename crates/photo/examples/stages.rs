//! Judges one pair and prints how long each stage took and how much memory was held at most:
//! `stages RAW IMAGE`, or `stages FOLDER` for a synthetic pair of 24 megapixels that is made there.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use colophon_photo::{develop, raw, synthetic, verify};

fn synthetic_pair(folder: &Path) -> (PathBuf, PathBuf) {
    let (raw_path, image_path) = (folder.join("photo.dng"), folder.join("photo.jpg"));
    if !image_path.exists() {
        let file = synthetic::exposure(6000, 4000, 24, 1).to_bytes();
        let picture = develop::picture(&raw::read(&file).unwrap()).unwrap();
        let picture = picture.to_rgb8();
        let (width, height) = (picture.width as u16, picture.height as u16);
        jpeg_encoder::Encoder::new_file(&image_path, 92)
            .unwrap()
            .encode(&picture.data, width, height, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        std::fs::write(&raw_path, file).unwrap();
    }
    (raw_path, image_path)
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let (raw, image) = match arguments.get(2) {
        Some(image) => (PathBuf::from(&arguments[1]), PathBuf::from(image)),
        None => synthetic_pair(Path::new(&arguments[1])),
    };
    let started = Instant::now();
    let files = (std::fs::read(raw).unwrap(), std::fs::read(image).unwrap());
    let entered = Mutex::new(Vec::new());
    let observer = |stage: verify::Stage| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = |name: &str| {
            let line = status.lines().find_map(|l| l.strip_prefix(name)).unwrap();
            line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6
        };
        let memory = (line("VmRSS:"), line("VmHWM:"));
        entered
            .lock()
            .unwrap()
            .push((format!("{stage:?}"), started.elapsed(), memory));
        ControlFlow::Continue(())
    };
    let verdict = verify::verify(&files.0, &files.1, &observer).unwrap();
    let _ = observer(verify::Stage::Conclude);
    let entered = entered.into_inner().unwrap();
    for pair in entered.windows(2) {
        let (stage, from, _) = &pair[0];
        let (_, to, (resident, peak)) = &pair[1];
        println!(
            "{stage:<10} {:>7.1?}  then {resident:.0} MB, peak {peak:.0} MB",
            *to - *from
        );
    }
    println!(
        "{:?} {:.4} in {:.1?}",
        verdict.answer,
        verdict.honest,
        started.elapsed()
    );
}
