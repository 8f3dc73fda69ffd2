use super::vector::tests::both;
use super::*;

/// A plane of arbitrary values in 0..1.
fn noise(width: usize, height: usize) -> Plane {
    Plane::from_fn(width, height, |x, y| {
        let v = (x as u32).wrapping_mul(2_654_435_761) ^ (y as u32).wrapping_mul(40_503) << 7;
        (v.wrapping_mul(2_246_822_519) >> 8) as f32 / (1 << 24) as f32
    })
}

fn clamped(plane: &Plane, x: isize, y: isize) -> f64 {
    let x = x.clamp(0, plane.width as isize - 1) as usize;
    let y = y.clamp(0, plane.height as isize - 1) as usize;
    f64::from(plane.at(x, y))
}

/// Convolution with `k` along the rows and then along the columns, as its definition says.
fn naive(plane: &Plane, radius: isize, k: impl Fn(isize) -> f64) -> Plane {
    let taps: Vec<(isize, f64)> = (-radius..=radius).map(|d| (d, k(d))).collect();
    let weights: f64 = taps.iter().map(|t| t.1).sum();
    let line = |plane: &Plane, along: (isize, isize)| {
        Plane::from_fn(plane.width, plane.height, |x, y| {
            let (x, y) = (x as isize, y as isize);
            let terms = taps
                .iter()
                .map(|(d, w)| w * clamped(plane, x + d * along.0, y + d * along.1));
            (terms.sum::<f64>() / weights) as f32
        })
    };
    line(&line(plane, (1, 0)), (0, 1))
}

fn worst(a: &Plane, b: &Plane) -> f32 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let pairs = a.data.iter().zip(&b.data);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn gauss(sigma: f64) -> impl Fn(isize) -> f64 {
    move |d| (-0.5 * (d as f64 / sigma).powi(2)).exp()
}

#[test]
fn small_blurs_are_the_sampled_gaussian() {
    let plane = noise(37, 71);
    for sigma in [0.4f32, 1.0, 2.3, 7.5] {
        let radius = (3.0 * sigma).ceil() as isize;
        let expected = naive(&plane, radius, gauss(f64::from(sigma)));
        let error = worst(&plane.gaussian(sigma), &expected);
        assert!(error < 1e-6, "{sigma}: {error}");
    }
}

#[test]
fn large_blurs_come_close_to_the_gaussian() {
    // Unit contrast at every pixel, and one step: what a blur is worst at.
    let step = Plane::from_fn(90, 80, |x, y| if x > 30 && y > 20 { 1.0 } else { 0.0 });
    for plane in [noise(90, 80), step] {
        for sigma in [8.0f32, 13.0, 21.0] {
            let radius = (4.5 * sigma).ceil() as isize;
            let expected = naive(&plane, radius, gauss(f64::from(sigma)));
            let error = worst(&plane.gaussian(sigma), &expected);
            assert!(error < 5e-3, "{sigma}: {error}");
        }
    }
}

#[test]
fn box_means_are_means_over_boxes() {
    let plane = noise(33, 66);
    for radius in [0, 1, 2, 7, 15] {
        let expected = naive(&plane, radius, |_| 1.0);
        let error = worst(&plane.box_mean(radius as usize), &expected);
        assert!(error < 1e-6, "{radius}: {error}");
    }
}

#[test]
fn gradients_are_those_of_a_ramp() {
    let ramp = Plane::from_fn(9, 7, |x, y| 2.0 * x as f32 - 3.0 * y as f32);
    let (dx, dy) = ramp.gradients();
    assert_eq!((dx.at(4, 3), dy.at(4, 3)), (2.0, -3.0));
    assert_eq!((dx.at(0, 3), dy.at(4, 0)), (1.0, -1.5));
}

#[test]
fn decimation_is_the_mean_of_squares() {
    let plane = noise(50, 41);
    for factor in [1, 2, 3, 4, 7] {
        let expected = Plane::from_fn(50 / factor, 41 / factor, |x, y| {
            let mut sum = 0.0;
            for i in 0..factor * factor {
                let place = (x * factor + i % factor, y * factor + i / factor);
                sum += f64::from(plane.at(place.0, place.1));
            }
            (sum / (factor * factor) as f64) as f32
        });
        assert!(worst(&plane.decimate(factor), &expected) < 1e-6);
    }
}

#[test]
fn a_picture_is_decimated_like_its_planes() {
    let rgb = Rgb8 {
        width: 31,
        height: 22,
        data: (0..31 * 22 * 3).map(|i| (i * 7919 % 256) as u8).collect(),
    };
    let table = std::array::from_fn(|i| (i as f32 / 255.0).powi(2));
    for factor in [1, 2, 3] {
        let planes = rgb.decimate(factor, &table);
        for (c, found) in planes.iter().enumerate() {
            let plane = Plane::from_fn(31, 22, |x, y| {
                table[usize::from(rgb.data[(y * 31 + x) * 3 + c])]
            });
            assert!(worst(found, &plane.decimate(factor)) < 1e-6);
        }
    }
}

#[test]
fn resizing_by_area_keeps_the_mean_and_equals_decimation_at_whole_factors() {
    let plane = noise(60, 48);
    assert!(worst(&plane.resize_area(20, 16), &plane.decimate(3)) < 1e-6);
    let mean = |p: &Plane| p.data.iter().map(|&v| f64::from(v)).sum::<f64>() / p.data.len() as f64;
    assert!((mean(&plane.resize_area(37, 29)) - mean(&plane)).abs() < 1e-6);
}

#[test]
fn reading_between_samples_is_exact_on_what_it_models() {
    let plane = Plane::from_fn(12, 10, |x, y| 0.3 * x as f32 - 0.2 * y as f32 + 5.0);
    let square = Plane::from_fn(12, 10, |x, _| (x * x) as f32);
    for (x, y) in [(4.25, 3.5), (2.0, 7.75), (8.9, 5.1)] {
        let expected = 0.3 * x - 0.2 * y + 5.0;
        assert!((plane.bilinear(x, y) - expected).abs() < 1e-5);
        assert!((plane.bicubic(x, y) - expected).abs() < 1e-5);
        assert!((square.bicubic(x, y) - x * x).abs() < 1e-4);
    }
    // Outside, the border goes on.
    assert_eq!(plane.bilinear(-3.0, 40.0), plane.at(0, 9));
    assert_eq!(plane.bicubic(-3.0, 40.0), plane.at(0, 9));
    let moved = plane.warp(5, 5, |x, y| (x as f32 + 0.5, y as f32));
    assert!((moved.at(1, 2) - plane.bilinear(1.5, 2.0)).abs() == 0.0);
}

#[test]
fn vectors_and_threads_change_no_bit() {
    let plane = noise(101, 140);
    let run = || {
        let (dx, dy) = plane.gradients();
        [
            plane.gaussian(1.7),
            plane.gaussian(9.0),
            plane.box_mean(5),
            plane.decimate(3),
            plane.resize_area(40, 33),
            dx,
            dy,
        ]
    };
    let (wide, scalar) = both(run);
    assert_eq!(wide, scalar);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    assert_eq!(pool.unwrap().install(run), wide);
}

#[test]
fn empty_planes_stay_empty() {
    let empty = Plane::filled(0, 0, 0.0);
    assert_eq!(empty.gaussian(2.0), empty);
    assert_eq!(empty.box_mean(2), empty);
    assert_eq!(empty.decimate(2), empty);
    assert_eq!(Plane::filled(1, 1, 3.0).gaussian(8.0).data.len(), 1);
}
