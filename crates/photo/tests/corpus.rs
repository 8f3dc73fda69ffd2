//! Replays the kept fuzzing corpus with a stable compiler, and damages each of its files in many
//! ways; see `fuzz/README.md`. `PHOTO_MUTATIONS` sets how many damaged versions a file has.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::path::Path;

#[path = "../../../fuzz/photo_properties.rs"]
mod photo_properties;

fn seeds(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no corpus in {}", folder.display());
    let named = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// A small generator of numbers that need not be random (xorshift64*), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n.max(1)
    }
}

/// One damaged version: bits turned, cut short, numbers made extreme, a part of another file put
/// in.
fn damaged(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    match numbers.below(4) {
        0 => {
            for _ in 0..=numbers.below(12) {
                let at = numbers.below(bytes.len());
                bytes[at] ^= 1 << numbers.below(8);
            }
        }
        1 => bytes.truncate(numbers.below(seed.len())),
        2 => {
            const EXTREMES: [u32; 6] = [0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x0001_0000];
            // Mostly where headers and directories are.
            let reach = if numbers.below(3) > 0 {
                600
            } else {
                seed.len()
            };
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(reach.min(seed.len().saturating_sub(4)));
                let value = EXTREMES[numbers.below(EXTREMES.len())].to_le_bytes();
                let length = [1, 2, 4][numbers.below(3)];
                bytes[at..at + length].copy_from_slice(&value[..length]);
            }
        }
        _ => {
            let start = numbers.below(other.len());
            let length = numbers.below((other.len() - start).min(256));
            let at = numbers.below(bytes.len());
            bytes.splice(at..at, other[start..start + length].iter().copied());
        }
    }
    bytes
}

fn replay(folder: &str, property: fn(&[u8])) {
    let count = std::env::var("PHOTO_MUTATIONS").map_or(60, |n| n.parse().unwrap());
    let seeds = seeds(folder);
    for (i, (name, seed)) in seeds.iter().enumerate() {
        // Named before it runs, so that a panic says which file it was.
        println!("{folder}/{name}");
        property(seed);
        let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ (i as u64 + 1));
        for _ in 0..count {
            let other = &seeds[numbers.below(seeds.len())].1;
            let bytes = damaged(seed, other, &mut numbers);
            let caught = std::panic::catch_unwind(|| property(&bytes));
            if caught.is_err() {
                let path = std::env::temp_dir().join(format!("colophon-{folder}-{name}"));
                std::fs::write(&path, &bytes).unwrap();
                panic!("{folder}/{name}: kept as {}", path.display());
            }
        }
    }
}

#[test]
fn raw() {
    replay("photo_raw", photo_properties::raw);
}

#[test]
fn rendition() {
    replay("photo_rendition", photo_properties::rendition);
}

#[test]
fn metadata() {
    replay("photo_raw", photo_properties::metadata);
    replay("photo_rendition", photo_properties::metadata);
    replay("photo_metadata", photo_properties::metadata);
}
