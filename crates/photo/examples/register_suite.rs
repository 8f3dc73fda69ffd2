//! Prints the registration error over a suite: `register_suite MANIFEST DATA [FILTER] [COUNT/OF]`.
//! The error is that of the suite's peer: RMS over a 9 × 9 grid of the rendition against the
//! ground truth, in rendition pixels.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use colophon_photo::geometry::Homography;
use colophon_photo::{develop, raw, register, rendition};
use serde_json::Value;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let data = Path::new(&args[2]);
    let filter = args.get(3).map_or("", String::as_str);
    let (part, of) = args.get(4).map_or((0, 1), |p| {
        let (a, b) = p.split_once('/').unwrap();
        (a.parse::<usize>().unwrap(), b.parse::<usize>().unwrap())
    });
    let manifest: Value = serde_json::from_slice(&std::fs::read(&args[1]).unwrap()).unwrap();
    let mut raws = BTreeMap::new();
    let (mut errors, mut times) = (Vec::new(), Vec::new());
    for (i, row) in manifest["pairs"].as_array().unwrap().iter().enumerate() {
        let id = row["id"].as_str().unwrap();
        let matches = filter.split(',').any(|f| id.contains(f));
        if !matches || (i * 7919) % of != part {
            continue;
        }
        let raw = raws
            .entry(row["raw"].as_str().unwrap().to_owned())
            .or_insert_with_key(|path| {
                let raw = raw::read(&std::fs::read(data.join(path)).unwrap()).unwrap();
                develop::half_size(&raw).unwrap()
            });
        let picture = std::fs::read(data.join(row["jpeg"].as_str().unwrap())).unwrap();
        let picture = rendition::read(&picture).unwrap();
        let began = Instant::now();
        let found = register::register(raw, &picture.rgb);
        let time = began.elapsed().as_secs_f64();
        let label = &row["label"].as_str().unwrap()[..3];
        times.push(time);
        match found {
            Err(e) => println!("{label} {id:45} {time:.3} s NOT REGISTERED: {e}"),
            Ok(r) => {
                let (rms, worst, mean) = error(row, &r.warp);
                println!(
                    "{label} {id:45} {time:.3} s error {rms:.3} worst {worst:.3} inliers {:4} corr {:.3} blocks {:4} residual {:.3} {:.3} {:.3} terms {} mean {:+.3} {:+.3}",
                    r.inliers,
                    r.correlation,
                    r.residuals.len(),
                    r.residual_median,
                    r.residual_p90,
                    r.residual_above_1,
                    r.warp.coefficients.len(),
                    mean.0,
                    mean.1,
                );
                if label == "hon" {
                    errors.push((rms, id.to_owned()));
                }
            }
        }
    }
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    times.sort_by(f64::total_cmp);
    if errors.is_empty() {
        return;
    }
    let at = |q: f64| errors[((errors.len() - 1) as f64 * q).round() as usize].0;
    println!(
        "honest registered {}: median {:.3} p95 {:.3} max {:.3} ({}); time median {:.3} max {:.3} s",
        errors.len(),
        at(0.5),
        at(0.95),
        at(1.0),
        errors.last().unwrap().1,
        times[times.len() / 2],
        times.last().unwrap(),
    );
}

/// RMS, largest and mean error in rendition pixels.
fn error(row: &Value, warp: &colophon_photo::geometry::Warp) -> (f64, f64, (f64, f64)) {
    let h = &row["H_jpeg_to_lr"];
    let truth = Homography(std::array::from_fn(|i| {
        std::array::from_fn(|j| h[i][j].as_f64().unwrap())
    }));
    let (w, h) = (
        row["size"][0].as_f64().unwrap(),
        row["size"][1].as_f64().unwrap(),
    );
    let m = &truth.0;
    let scale = (m[0][0] * m[1][1] - m[0][1] * m[1][0]).abs().sqrt();
    let grid: Vec<[f64; 4]> = match row["truth"].as_array() {
        Some(places) => places
            .iter()
            .map(|p| std::array::from_fn(|i| p[i].as_f64().unwrap()))
            .collect(),
        None => (0..81)
            .map(|k| {
                let at = |i: i32, size: f64| size * (0.05 + 0.9 * f64::from(i) / 8.0);
                let (x, y) = (at(k % 9, w), at(k / 9, h));
                let (u, v) = true_place(row, &truth, x, y);
                [x, y, u, v]
            })
            .collect(),
    };
    let n = grid.len() as f64;
    let (mut sum, mut worst, mut mean) = (0.0, 0.0f64, (0.0, 0.0));
    for [x, y, u, v] in grid {
        let a = warp.apply(x, y);
        let (dx, dy) = (a.0 - u, a.1 - v);
        let square = dx * dx + dy * dy;
        sum += square;
        mean.0 += dx / n / scale;
        mean.1 += dy / n / scale;
        worst = worst.max(square.sqrt());
    }
    ((sum / n).sqrt() / scale, worst / scale, mean)
}

/// Where (x, y) truly lies on the RAW frame. The suite's lens rows name the developer's rendering
/// that was distorted as `base` (width, height, shift of its origin on the RAW frame).
fn true_place(row: &Value, truth: &Homography, x: f64, y: f64) -> (f64, f64) {
    let (px, py) = truth.apply(x, y);
    let Some(base) = row["base"].as_array() else {
        return (px, py);
    };
    let base: Vec<f64> = base.iter().map(|v| v.as_f64().unwrap()).collect();
    let k = |name: &str| row["params"][name].as_f64().unwrap_or(0.0);
    let (k1, k2) = (k("k1"), k("k2"));
    let (cx, cy) = ((base[0] - 1.0) / 2.0, (base[1] - 1.0) / 2.0);
    let r = cx.hypot(cy);
    let (u, v) = ((px - base[2] - cx) / r, (py - base[3] - cy) / r);
    let r2 = u * u + v * v;
    let f = (1.0 + k1 * r2 + k2 * r2 * r2) / (1.0 + k1 + k2).max(1.0);
    (u * f * r + cx + base[2], v * f * r + cy + base[3])
}
