//! The stages of a comparison, each on its own, on a synthetic exposure of 6 megapixels.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use colophon_photo::geometry::{Homography, Warp};
use colophon_photo::raster::Rgb8;
use colophon_photo::{comparison, develop, raw, register, rendition, synthetic};
use criterion::{Criterion, criterion_group, criterion_main};

const WIDTH: usize = 3000;
const HEIGHT: usize = 2000;

fn jpeg(picture: &Rgb8) -> Vec<u8> {
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 92)
        .encode(
            &picture.data,
            picture.width as u16,
            picture.height as u16,
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    out
}

fn stages(c: &mut Criterion) {
    let mut group = c.benchmark_group("photo");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2));
    group.warm_up_time(Duration::from_millis(300));
    let file = synthetic::exposure(WIDTH, HEIGHT, 6, 1).to_bytes();
    let raw = raw::read(&file).unwrap();
    let picture = develop::picture(&raw).unwrap().to_rgb8();
    let image = jpeg(&picture);
    let half = develop::half_size(&raw).unwrap();
    let read = rendition::read(&image).unwrap();
    let plane = &half.planes[1];
    let warp = Warp::projective(Homography::translation(0.4, 0.3), (WIDTH, HEIGHT));
    group.bench_function("read RAW", |b| {
        b.iter(|| raw::read(black_box(&file)).unwrap())
    });
    group.bench_function("read JPEG", |b| {
        b.iter(|| rendition::read(black_box(&image)).unwrap())
    });
    group.bench_function("half size", |b| {
        b.iter(|| develop::half_size(black_box(&raw)).unwrap())
    });
    group.bench_function("picture", |b| {
        b.iter(|| develop::picture(black_box(&raw)).unwrap())
    });
    group.bench_function("gaussian 1.0", |b| {
        b.iter(|| plane.gaussian(black_box(1.0)))
    });
    group.bench_function("gaussian 20", |b| {
        b.iter(|| plane.gaussian(black_box(20.0)))
    });
    group.bench_function("box mean 7", |b| b.iter(|| plane.box_mean(black_box(7))));
    group.bench_function("decimate 2", |b| b.iter(|| plane.decimate(black_box(2))));
    group.bench_function("resize area 2.1", |b| {
        b.iter(|| plane.resize_area(714, 476))
    });
    group.bench_function("gradients", |b| b.iter(|| plane.gradients()));
    group.bench_function("bilinear warp", |b| {
        b.iter(|| plane.warp(1500, 1000, |x, y| (x as f32 + 0.3, y as f32 + 0.4)))
    });
    group.bench_function("register", |b| {
        b.iter(|| register::register(&half, &read.rgb))
    });
    group.bench_function("comparison", |b| {
        b.iter(|| comparison::Comparison::new(&half, &read, &warp))
    });
    group.finish();
}

criterion_group!(benches, stages);
criterion_main!(benches);
