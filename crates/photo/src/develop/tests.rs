use super::*;
use crate::raw;
use crate::synthetic::{self, Dng};

const XTRANS: [u8; 36] = [
    1, 1, 0, 1, 1, 2, 1, 1, 2, 1, 1, 0, 2, 0, 1, 0, 2, 1, 1, 1, 2, 1, 1, 0, 1, 1, 0, 1, 1, 2, 0, 2,
    1, 2, 0, 1,
];
const QUAD: [u8; 16] = [0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 2, 2, 1, 1, 2, 2];
/// Value and slopes along x and y of each colour.
const RAMPS: [[f64; 3]; 3] = [
    [3000.0, 31.0, -17.0],
    [9000.0, -22.0, 41.0],
    [20000.0, 13.0, 57.0],
];

fn ramp(colour: usize, x: f64, y: f64) -> f64 {
    let [value, dx, dy] = RAMPS[colour];
    value + dx * x + dy * y
}

/// A mosaic of the three ramps.
fn ramps(columns: u16, rows: u16, colours: &[u8], width: usize, height: usize) -> Dng {
    let at = |i: usize| {
        let (x, y) = (i % width, i / width);
        let place = y % usize::from(rows) * usize::from(columns) + x % usize::from(columns);
        ramp(usize::from(colours[place]), x as f64, y as f64).round() as u16
    };
    Dng {
        width,
        height,
        samples: (0..width * height).map(at).collect(),
        samples_per_pixel: 1,
        pattern: Some((columns, rows, colours.to_vec())),
        white: 50_000,
        ..Dng::default()
    }
}

/// The largest distance from the ramps of all pixels that lie `margin` from the border, in units
/// of the samples; `step` frame pixels a pixel of `planes`.
fn ramp_error(planes: &RgbPlanes, step: f64, margin: usize) -> f64 {
    let mut worst = 0.0f64;
    for (colour, plane) in planes.iter().enumerate() {
        for y in margin..plane.height - margin {
            for x in margin..plane.width - margin {
                let place = |i: usize| i as f64 * step + (step - 1.0) / 2.0;
                let expected = ramp(colour, place(x), place(y));
                let found = f64::from(plane.at(x, y)) * 50_000.0;
                worst = worst.max((found - expected).abs());
            }
        }
    }
    worst
}

#[test]
fn every_colour_of_every_mosaic_is_read_at_the_centre_of_the_squares() {
    let mosaics: [(u16, u16, &[u8]); 6] = [
        (2, 2, &[0, 1, 1, 2]),
        (2, 2, &[1, 0, 2, 1]),
        (2, 2, &[1, 2, 0, 1]),
        (2, 2, &[2, 1, 1, 0]),
        (6, 6, &XTRANS),
        (4, 4, &QUAD),
    ];
    for (columns, rows, colours) in mosaics {
        let raw = raw::read(&ramps(columns, rows, colours, 48, 40).to_bytes()).unwrap();
        let half = half_size(&raw).unwrap();
        assert_eq!((half.planes[0].width, half.planes[0].height), (24, 20));
        let error = ramp_error(&half.planes, 2.0, 4);
        // Half a unit is lost in rounding the samples.
        assert!(error < 1.0, "{colours:?}: {error}");
    }
}

#[test]
fn full_size_keeps_every_sample_and_fits_the_others() {
    for (columns, rows, colours) in [(6, 6, &XTRANS[..]), (4, 4, &QUAD[..])] {
        let raw = raw::read(&ramps(columns, rows, colours, 48, 40).to_bytes()).unwrap();
        let planes = camera_rgb(&raw).unwrap();
        let error = ramp_error(&planes, 1.0, 8);
        assert!(error < 1.5, "{colours:?}: {error}");
    }
    let dng = ramps(2, 2, &[1, 2, 0, 1], 48, 40);
    let raw = raw::read(&dng.to_bytes()).unwrap();
    let planes = camera_rgb(&raw).unwrap();
    for (i, &sample) in dng.samples.iter().enumerate() {
        let (x, y) = (i % 48, i / 48);
        let colour = [1, 2, 0, 1][y % 2 * 2 + x % 2];
        let found = planes[colour].at(x, y) * 50_000.0;
        assert!((found - f32::from(sample)).abs() < 0.5);
    }
}

#[test]
fn a_grey_ramp_is_demosaiced_without_error() {
    let mut dng = ramps(2, 2, &[2, 1, 1, 0], 40, 40);
    for (i, v) in dng.samples.iter_mut().enumerate() {
        *v = (1000 + 40 * (i % 40) + 60 * (i / 40)) as u16;
    }
    let planes = camera_rgb(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    for plane in &planes {
        for y in 2..38 {
            for x in 2..38 {
                let found = plane.at(x, y) * 50_000.0;
                assert!((found - (1000 + 40 * x + 60 * y) as f32).abs() < 0.1);
            }
        }
    }
}

#[test]
fn black_is_taken_off_site_by_site() {
    let mut dng = ramps(2, 2, &[0, 1, 1, 2], 16, 16);
    dng.black = [100, 200, 300, 400];
    for (i, v) in dng.samples.iter_mut().enumerate() {
        let black = dng.black[i / 16 % 2 * 2 + i % 2];
        *v = black + (50_000 - black) / 4;
    }
    let half = half_size(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    for v in half.planes.iter().flat_map(|p| &p.data) {
        assert!((v - 0.25).abs() < 1e-5, "{v}");
    }
}

#[test]
fn lens_shading_of_the_file_is_undone() {
    let mut dng = ramps(2, 2, &[0, 1, 1, 2], 64, 32);
    dng.samples.fill(10_000);
    // One opcode, GainMap: gain 1 at the left border, 2 at the right one.
    let mut map: Vec<u8> = [0u32, 0, 32, 64, 0, 1, 1, 1, 2, 2]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    map.extend([1.0f64, 1.0, 0.0, 0.0].iter().flat_map(|v| v.to_be_bytes()));
    map.extend(1u32.to_be_bytes());
    map.extend([1.0f32, 2.0, 1.0, 2.0].iter().flat_map(|v| v.to_be_bytes()));
    let head = [1u32, 9, 0x0103_0000, 0, map.len() as u32];
    dng.opcodes = head.iter().flat_map(|v| v.to_be_bytes()).collect();
    dng.opcodes.extend(map);
    let half = half_size(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    for plane in &half.planes {
        for (x, gain) in [(1, 1.0), (16, 1.5), (30, 2.0)] {
            let found = plane.at(x, 8) / 0.2;
            assert!((found - gain).abs() < 0.06, "{x}: {found}");
        }
    }
}

#[test]
fn a_grey_patch_stays_grey_as_shot() {
    let neutral = [0.4, 1.0, 0.7];
    let mut dng = synthetic::exposure(32, 32, 1, 1);
    dng.neutral = Some(neutral);
    for (i, v) in dng.samples.iter_mut().enumerate() {
        let colour = i % 32 % 2 + i / 32 % 2;
        *v = (512.0 + 0.3 * neutral[colour] * (16_383.0 - 512.0)).round() as u16;
    }
    let raw = raw::read(&dng.to_bytes()).unwrap();
    let half = half_size(&raw).unwrap();
    for v in half.planes.iter().flat_map(|p| &p.data) {
        assert!((v - 0.3).abs() < 1e-4, "{v}");
    }
    let picture = picture(&raw).unwrap();
    let grey = ((1.055 * 0.3f64.powf(1.0 / 2.4) - 0.055) * 65_535.0) as i32;
    for v in &picture.data {
        assert!((i32::from(*v) - grey).abs() < 20, "{v} {grey}");
    }
    let eight = picture.to_rgb8();
    assert!(
        eight
            .data
            .iter()
            .all(|&v| v.abs_diff((grey / 257) as u8) <= 1)
    );
}

#[test]
fn daylight_balances_a_file_that_says_nothing_of_its_light() {
    let mut dng = synthetic::exposure(32, 32, 1, 1);
    let matrix = nalgebra::Matrix3::from_row_slice(&dng.matrix.unwrap());
    let white = matrix * nalgebra::Vector3::new(0.950_456, 1.0, 1.089_06);
    dng.neutral = None;
    for (i, v) in dng.samples.iter_mut().enumerate() {
        let colour = i % 32 % 2 + i / 32 % 2;
        *v = (512.0 + 4000.0 * white[colour]).round() as u16;
    }
    let half = half_size(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    let [r, g, b] = half.planes.map(|p| p.at(8, 8));
    assert!((r / g - 1.0).abs() < 2e-3 && (b / g - 1.0).abs() < 2e-3);
}

#[test]
fn three_samples_a_pixel_and_monochrome_are_averaged() {
    let mut dng = Dng {
        width: 10,
        height: 8,
        samples_per_pixel: 3,
        white: 50_000,
        ..Dng::default()
    };
    dng.samples = (0..240)
        .map(|i| ramp(i % 3, (i / 3 % 10) as f64, (i / 30) as f64) as u16)
        .collect();
    let raw = raw::read(&dng.to_bytes()).unwrap();
    assert!(ramp_error(&half_size(&raw).unwrap().planes, 2.0, 0) < 1.0);
    assert!(ramp_error(&camera_rgb(&raw).unwrap(), 1.0, 0) < 1.0);
    dng.samples_per_pixel = 1;
    dng.samples = (0..80)
        .map(|i| ramp(1, (i % 10) as f64, (i / 10) as f64) as u16)
        .collect();
    let half = half_size(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    assert_eq!(half.planes[0], half.planes[2]);
    let found = f64::from(half.planes[1].at(2, 1)) * 50_000.0;
    assert!((found - ramp(1, 4.5, 2.5)).abs() < 1.0);
}

#[test]
fn the_picture_stands_upright() {
    let mut dng = synthetic::exposure(40, 24, 5, 1);
    let lying = picture(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    dng.orientation = 6;
    let upright = picture(&raw::read(&dng.to_bytes()).unwrap()).unwrap();
    assert_eq!((upright.width, upright.height), (24, 40));
    // A quarter turn clockwise: what was at the lower left comes to the upper left.
    let first = 23 * 40 * 3;
    assert_eq!(upright.data[..3], lying.data[first..first + 3]);
}

#[test]
fn equal_bits_whatever_the_threads_and_the_vectors() {
    let raw = raw::read(&synthetic::exposure(70, 90, 5, 1).to_bytes()).unwrap();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| (half_size(&raw).unwrap().planes, camera_rgb(&raw).unwrap()))
    };
    assert_eq!(run(1), run(3));
    let (wide, scalar) = crate::raster::vector::tests::both(|| run(2));
    assert_eq!(wide, scalar);
}
