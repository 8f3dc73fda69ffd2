//! Reads a pair and prints what the first stages make of it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs
)]
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let raw = colophon_photo::raw::read(&std::fs::read(&a[1]).unwrap()).unwrap();
    println!(
        "{:?} {:?} {:?} {:?} black {:?} white {:?} wb {:?} masked {:?} active {:?} crop {:?}",
        raw.metadata().camera(),
        raw.size(),
        raw.visible,
        raw.bayer(),
        raw.frame.black_level,
        raw.frame.white_level,
        raw.frame.white_balance,
        raw.frame.masked_areas,
        raw.frame.active_area,
        raw.frame.crop
    );
    let half = colophon_photo::develop::half_size(&raw).unwrap();
    for p in &half.planes {
        println!(
            "{}x{} mean {}",
            p.width,
            p.height,
            p.data.iter().sum::<f32>() / p.data.len() as f32
        );
    }
    if let Some(j) = a.get(2) {
        let r = colophon_photo::rendition::read(&std::fs::read(j).unwrap()).unwrap();
        println!("{}x{}", r.rgb.width, r.rgb.height);
    }
}
