use super::*;
use crate::raster::Plane;

/// A small generator of reproducible numbers (xorshift64*), 0..1.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1 << 24) as f32
    }
}

const WIDTH: usize = 960;
const HEIGHT: usize = 640;

/// Light on the RAW frame: overlapping patches of colour with soft edges.
fn scene(seed: u64) -> [Plane; 3] {
    let mut numbers = Numbers(seed);
    let mut planes = [0.3, 0.35, 0.3].map(|v| Plane::filled(WIDTH, HEIGHT, v));
    for _ in 0..420 {
        let (cx, cy) = (
            numbers.next() * WIDTH as f32,
            numbers.next() * HEIGHT as f32,
        );
        let size = numbers.next();
        let (a, b) = (
            4.0 + 60.0 * size * size,
            4.0 + 60.0 * numbers.next().powi(2),
        );
        let (sin, cos) = (numbers.next() * 6.3).sin_cos();
        let grey = 0.05 + 0.9 * numbers.next();
        let colour: [f32; 3] = std::array::from_fn(|_| grey * (0.7 + 0.6 * numbers.next()));
        let reach = a.max(b) * 1.5;
        let range = |c: f32, size: usize| {
            (c - reach).max(0.0) as usize..((c + reach).max(0.0) as usize).min(size)
        };
        for y in range(cy, HEIGHT) {
            for x in range(cx, WIDTH) {
                let (dx, dy) = (x as f32 - cx, y as f32 - cy);
                let (u, v) = (cos * dx + sin * dy, cos * dy - sin * dx);
                // Boxes with one round corner: edges, corners and curves.
                let inside = (u.abs() < a && v.abs() < b)
                    && (u < 0.0 || v < 0.0 || (u / a).powi(2) + (v / b).powi(2) < 1.0);
                if inside {
                    for (plane, &c) in planes.iter_mut().zip(&colour) {
                        plane.data[y * WIDTH + x] = c;
                    }
                }
            }
        }
    }
    planes.map(|p| p.gaussian(1.2))
}

fn half(scene: &[Plane; 3], noise: f32) -> HalfSize {
    let mut numbers = Numbers(99);
    HalfSize {
        planes: scene.each_ref().map(|p| {
            let mut half = p.decimate(2);
            half.data
                .iter_mut()
                .for_each(|v| *v += noise * (numbers.next() - 0.5));
            half
        }),
    }
}

/// A rendition of the scene seen through a warp, brightened, with noise.
fn render(scene: &[Plane; 3], warp: &Warp, mix: Option<[f32; 3]>, noise: f32) -> Rgb8 {
    let mut numbers = Numbers(7);
    let (width, height) = warp.size;
    let mut data = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let (u, v) = warp.apply(x as f64, y as f64);
            let light = scene
                .each_ref()
                .map(|p| p.bilinear(u as f32, v as f32).max(0.0));
            let light = mix.map_or(light, |m| {
                [m.iter()
                    .zip(&light)
                    .map(|(a, b)| a * b)
                    .sum::<f32>()
                    .max(0.0); 3]
            });
            for c in light {
                let encoded = (1.5 * c).min(1.0).powf(0.42) + noise * (numbers.next() - 0.5);
                data.push((encoded.clamp(0.0, 1.0) * 255.0).round() as u8);
            }
        }
    }
    Rgb8 {
        width,
        height,
        data,
    }
}

/// RMS distance of two warps over the rendition in rendition pixels.
fn distance(a: &Warp, b: &Warp) -> f64 {
    let (w, h) = (a.size.0 as f64, a.size.1 as f64);
    let scale = b.homography.scale_at(w / 2.0, h / 2.0);
    let mut sum = 0.0;
    for j in 0..9 {
        for i in 0..9 {
            let at = |k: i32, size: f64| size * (0.05 + 0.9 * f64::from(k) / 8.0);
            let (x, y) = (at(i, w), at(j, h));
            let (p, q) = (a.apply(x, y), b.apply(x, y));
            sum += (p.0 - q.0).powi(2) + (p.1 - q.1).powi(2);
        }
    }
    (sum / 81.0).sqrt() / scale
}

/// From a rendition of `size` to the RAW frame: turned by `degrees` about its centre, scaled, its
/// centre put at `centre`.
fn similarity(size: (usize, usize), degrees: f64, scale: (f64, f64), centre: (f64, f64)) -> Warp {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (cx, cy) = ((size.0 as f64 - 1.0) / 2.0, (size.1 as f64 - 1.0) / 2.0);
    let turned = Homography([
        [cos * scale.0, -sin * scale.1, centre.0],
        [sin * scale.0, cos * scale.1, centre.1],
        [0.0, 0.0, 1.0],
    ]);
    Warp::projective(turned.after(&Homography::translation(-cx, -cy)), size)
}

fn recovered(name: &str, warp: &Warp, mix: Option<[f32; 3]>) -> Registration {
    let scene = scene(5);
    let rendition = render(&scene, warp, mix, 0.02);
    let found = register(&half(&scene, 0.01), &rendition).unwrap_or_else(|e| panic!("{name}: {e}"));
    let error = distance(&found.warp, warp);
    assert!(error < 0.2, "{name}: {error} px");
    assert!(found.correlation > 0.8, "{name}: {}", found.correlation);
    found
}

#[test]
fn crops_turns_and_stretches_are_found() {
    let whole = similarity((640, 420), 2.0, (1.4, 1.4), (470.0, 320.0));
    recovered("slightly turned", &whole, None);
    let quarter = similarity((400, 600), 90.0, (1.5, 1.5), (480.0, 320.0));
    recovered("quarter turn", &quarter, None);
    let crop = similarity((400, 300), 180.0, (1.1, 1.1), (600.0, 300.0));
    recovered("half turn of a crop of a fifth", &crop, None);
    let stretched = similarity((600, 420), -20.0, (1.0, 1.15), (480.0, 320.0));
    recovered("turned and stretched", &stretched, None);
}

#[test]
fn a_mirrored_picture_is_found() {
    let mirrored = similarity((500, 400), 12.0, (-1.2, 1.2), (480.0, 320.0));
    let found = recovered("mirrored", &mirrored, None);
    let m = found.warp.homography.0;
    assert!(m[0][0] * m[1][1] - m[0][1] * m[1][0] < 0.0);
}

#[test]
fn perspective_and_lens_distortion_are_found() {
    let mut tilted = similarity((640, 420), 0.0, (1.35, 1.35), (450.0, 310.0));
    tilted.homography.0[2] = [1.5e-4, -1e-4, 1.0];
    recovered("perspective", &tilted, None);
    let mut bent = similarity((640, 420), 0.0, (1.3, 1.3), (480.0, 320.0));
    // u (u² + v²) and v (u² + v²), of up to 6 pixels at the border.
    bent.coefficients = vec![(0.0, 0.0); 10];
    for (k, (i, j)) in crate::geometry::monomials().take(10).enumerate() {
        bent.coefficients[k] = match (i, j) {
            (3, 0) => (6.0, 0.0),
            (1, 2) => (6.0, 0.0),
            (2, 1) => (0.0, 6.0),
            (0, 3) => (0.0, 6.0),
            _ => (0.0, 0.0),
        };
    }
    let found = recovered("barrel", &bent, None);
    assert!(!found.warp.coefficients.is_empty());
}

#[test]
fn a_filtered_black_and_white_picture_is_found() {
    let warp = similarity((600, 400), -3.0, (1.4, 1.4), (480.0, 320.0));
    recovered("blue filter", &warp, Some([-0.1, 0.2, 0.9]));
}

#[test]
fn a_clean_picture_is_found_in_a_noisy_raw() {
    let scene = scene(5);
    let warp = similarity((600, 420), 3.0, (1.3, 1.3), (500.0, 400.0));
    let rendition = render(&scene, &warp, None, 0.0);
    let found = register(&half(&scene, 0.4), &rendition).unwrap();
    assert!(distance(&found.warp, &warp) < 1.0);
}

#[test]
fn another_picture_or_none_is_refused() {
    let raw = half(&scene(5), 0.01);
    let warp = similarity((600, 400), 0.0, (1.5, 1.5), (480.0, 320.0));
    let other = render(&scene(6), &warp, None, 0.02);
    assert!(register(&raw, &other).is_err());
    let mut numbers = Numbers(3);
    let noise = Rgb8 {
        width: 500,
        height: 400,
        data: (0..600_000)
            .map(|_| (numbers.next() * 255.0) as u8)
            .collect(),
    };
    assert!(register(&raw, &noise).is_err());
}

#[test]
fn pictures_without_content_are_refused_without_a_panic() {
    let grey = |width: usize, height: usize| Rgb8 {
        width,
        height,
        data: vec![128; width * height * 3],
    };
    let raw = half(&scene(5), 0.0);
    for (w, h) in [
        (0, 0),
        (1, 1),
        (1, 65_500),
        (65_500, 1),
        (64, 64),
        (96, 30_000),
    ] {
        assert!(register(&raw, &grey(w, h)).is_err(), "{w} × {h}");
    }
    assert_eq!(
        register(&raw, &grey(300, 200)).unwrap_err(),
        NotRegistered::Featureless
    );
    let torn = Rgb8 {
        width: 300,
        height: 200,
        data: vec![0; 17],
    };
    assert_eq!(register(&raw, &torn).unwrap_err(), NotRegistered::TooSmall);
    for (w, h) in [(0, 0), (1, 1), (1, 30_000), (300, 200)] {
        let flat = HalfSize {
            planes: [0; 3].map(|_| Plane::filled(w, h, f32::NAN)),
        };
        let rendition = render(
            &scene(5),
            &similarity((200, 150), 0.0, (1.0, 1.0), (300.0, 300.0)),
            None,
            0.0,
        );
        assert!(register(&flat, &rendition).is_err());
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let scene = scene(5);
    let warp = similarity((420, 300), 5.0, (1.5, 1.5), (480.0, 320.0));
    let (raw, rendition) = (half(&scene, 0.01), render(&scene, &warp, None, 0.02));
    let [one, four] = [1, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| register(&raw, &rendition)).unwrap()
    });
    assert_eq!(one.warp, four.warp);
    assert_eq!(one.residuals, four.residuals);
}

#[test]
fn a_changed_part_moves_neither_the_warp_nor_hides_in_the_residuals() {
    let scene = scene(5);
    let warp = similarity((640, 420), 0.0, (1.4, 1.4), (480.0, 320.0));
    let mut rendition = render(&scene, &warp, None, 0.02);
    // A tenth of the picture, pushed 3 pixels to the right.
    let before = rendition.clone();
    for y in 100..232 {
        for x in 200..404 {
            let (to, from) = ((y * 640 + x) * 3, (y * 640 + x - 3) * 3);
            rendition.data[to..to + 3].copy_from_slice(&before.data[from..from + 3]);
        }
    }
    let found = register(&half(&scene, 0.01), &rendition).unwrap();
    assert!(distance(&found.warp, &warp) < 0.2);
    let pushed = |r: &&BlockShift| {
        (220.0..384.0).contains(&r.x) && (120.0..212.0).contains(&r.y) && r.sure()
    };
    let inside: Vec<&BlockShift> = found.residuals.iter().filter(pushed).collect();
    assert!(inside.len() > 5);
    for r in inside {
        // The rendition shows what lies 3 pixels to the left of where the warp puts the block.
        assert!((r.dx + 3.0).abs() < 0.5 && r.dy.abs() < 0.5, "{r:?}");
    }
}
