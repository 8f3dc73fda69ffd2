//! Evaluates structure and exposure over a suite: `evidence MANIFEST ROOT [regex-free substring,…] [--maps DIR]`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::indexing_slicing
)]

use colophon_photo::comparison::Comparison;
use colophon_photo::{develop, evidence, raw, register, rendition, tone};
use std::time::Instant;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&args[1]).unwrap()).unwrap();
    let root = std::path::Path::new(&args[2]);
    let wanted: Vec<&str> = args.get(3).map_or(vec![""], |s| s.split(',').collect());
    let maps = args.get(4);
    let mut last: Option<(String, develop::HalfSize)> = None;
    for row in manifest["pairs"].as_array().unwrap() {
        let id = row["id"].as_str().unwrap();
        if !wanted.iter().any(|w| id.contains(w)) {
            continue;
        }
        let raw_path = row["raw"].as_str().unwrap().to_owned();
        if last.as_ref().is_none_or(|l| l.0 != raw_path) {
            let bytes = std::fs::read(root.join(&raw_path)).unwrap();
            let half = develop::half_size(&raw::read(&bytes).unwrap()).unwrap();
            last = Some((raw_path.clone(), half));
        }
        let half = &last.as_ref().unwrap().1;
        let bytes = std::fs::read(root.join(row["jpeg"].as_str().unwrap())).unwrap();
        let image = rendition::read(&bytes).unwrap();
        let registered = match register::register(half, &image.rgb) {
            Ok(r) => r,
            Err(e) => {
                println!("{} {id:34} {e}", &row["label"].as_str().unwrap()[..3]);
                continue;
            }
        };
        let warp = registered.warp.clone();
        let t0 = Instant::now();
        let comparison = Comparison::new(half, &image, &warp);
        let t1 = Instant::now();
        let tone = tone::fit(&comparison);
        let t2 = Instant::now();
        let evidence = evidence::weigh(&comparison, &tone);
        let t3 = Instant::now();
        let ms = |a: Instant, b: Instant| (b - a).as_millis();
        let mut line = format!(
            "{} {:34} f{} c{:.2} {}/{}/{}ms tone {:.4} ev{:+.2} g{:.2} s{:.1} v{:+.2} col{:.3} loc{:.2}",
            &row["label"].as_str().unwrap()[..3],
            id,
            comparison.factor,
            comparison.cover,
            ms(t0, t1),
            ms(t1, t2),
            ms(t2, t3),
            tone.median_error,
            tone.exposure_ev,
            tone.gamma_power,
            tone.gamma_slope,
            tone.vignetting_ev,
            tone.colourfulness,
            tone.local_ev,
        );
        for (band, e) in evidence.bands.iter().zip(&evidence.expectations) {
            let mean = |f: &dyn Fn(&evidence::bands::Tile) -> f32| {
                let v: Vec<f32> = band
                    .tiles
                    .iter()
                    .zip(&e.flat)
                    .filter(|(_, f)| **f)
                    .map(|(t, _)| f(t))
                    .collect();
                v.iter().sum::<f32>() / v.len().max(1) as f32
            };
            line += &format!(
                " | g{:.2} n{} flat{} r{:.3} m{:.3} e{:.3} tex{:.2}",
                e.gain,
                e.usable,
                e.flat.iter().filter(|f| **f).count(),
                mean(&|t| t.correlation()),
                mean(&|t| t.moved.iter().sum::<f32>() / 4.0 / (t.pp * t.jj + 0.01).sqrt()),
                mean(&|t| t.pe / (t.pp * t.ee + 0.01).sqrt()),
                e.textured_median
            );
        }
        println!("{line}");
        println!(
            "    judged {:.3} area {:?} mask {}",
            evidence.judged_share,
            row["area_frac"].as_f64(),
            row["mask_bbox"]
        );
        let mut values =
            colophon_photo::verificator::structure::measure(&evidence, &registered).values;
        values.extend(colophon_photo::verificator::exposure::measure(&evidence).values);
        println!(
            "VALUES {}",
            serde_json::json!({"id": id, "label": row["label"], "kind": row["kind"], "family": row["family"], "area": row["area_frac"], "values": values})
        );
        for r in evidence.regions.iter().take(3) {
            let c = evidence.cell_in_rendition;
            println!(
                "    region {:.0} nats area {:.4} strength {:.2} survival {:.2} expected {:.2} at {:?}",
                r.evidence,
                r.area,
                r.strength,
                r.survival,
                r.expected,
                (
                    r.bounds.0 * c,
                    r.bounds.1 * c,
                    r.bounds.2 * c,
                    r.bounds.3 * c
                )
            );
        }
        if let Some(dir) = maps {
            let d = &evidence.deviation;
            let img = image::GrayImage::from_fn(d.width as u32 * 4, d.height as u32 * 4, |x, y| {
                image::Luma([
                    (128.0 + d.at(x as usize / 4, y as usize / 4) * 20.0).clamp(0.0, 255.0) as u8,
                ])
            });
            img.save(format!("{dir}/{id}.png")).unwrap();
        }
    }
}
