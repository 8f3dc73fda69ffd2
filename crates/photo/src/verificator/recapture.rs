//! Was a screen or a print photographed instead of the scene?
//!
//! A screen's pixels and a print's screen dots are periodic over the whole frame. Sampled by a
//! camera they leave spectral lines (moiré) that are isolated, whose frequency changes only slowly
//! from place to place (perspective), in more than one direction, and that follow the light and
//! not the things. What is asked:
//! - *picture*: are there such lines in the picture that the RAW does not have, at the frequency
//!   that the found transform maps them to or any alias of it? Facades, fabrics and fences are in
//!   the RAW as well, and seldom everywhere.
//! - *RAW*: are there such lines in the RAW itself, everywhere and in two directions?
//!
//! Lines on the lattices of the sensor (a mosaic's period is two or six RAW pixels, those of focus
//! pixels and amplifiers up to 24) and of JPEG blocks (a period of 16 picture pixels and its
//! harmonics) belong to the files and are not counted.
//!
//! Method after H. Muammar and P. Dragotti, "An investigation into aliasing in images recaptured
//! from an LCD monitor using a digital camera", ICASSP 2013, with the RAW in place of assumptions
//! on the scene.
#![allow(
    clippy::indexing_slicing,
    reason = "inner loops over planes whose sizes are checked at their start"
)]

mod bands;
mod spectrum;

use rayon::prelude::*;
use serde_json::json;

use self::spectrum::{Analyser, Peak, Spectrum};
use super::{Check, Measures};
use crate::develop::HalfSize;
use crate::geometry::Warp;
use crate::raster::Rgb8;
use crate::tone::Tone;

/// Log power over the neighbourhood from which on a line counts.
const PROMINENT: f64 = 4.5;
/// Log power from which on the RAW is taken to have a line as well.
const ALSO_THERE: f64 = 3.2;
/// Lines of longer periods than 1 / `LOWEST` samples are left to the scene: in the picture, and in
/// the RAW, where nothing tells whether the scene has them.
const LOWEST: [f64; 2] = [0.05, 0.08];
/// Log power from which on a followed line counts as found in one more window.
const WEAKER: f64 = 3.7;
/// How far a line may lie off the common plane of its pattern, in bins.
const COHERENT: f64 = 2.0;
/// How far a line may move from one window to the next, in bins.
const DRIFT: f64 = 5.0;

/// A window: its place in the grid of windows, its centre in picture and RAW.
struct Window {
    column: usize,
    row: usize,
    picture: (usize, usize),
    raw: (usize, usize),
    /// Picture frequency to RAW frequency: the inverse transpose of the Jacobian of the map from
    /// picture to RAW frame; `None` when they are not registered.
    frequency: Option<[[f64; 2]; 2]>,
}

/// What was found in one window; `None` where it is too dark or clipped to tell.
struct Lines {
    picture: Option<Found>,
    raw: Option<Found>,
    explained: usize,
}

/// A usable window, and the spectrum that would explain its lines.
struct Place<'a> {
    window: &'a Window,
    found: &'a Found,
    other: Option<&'a Spectrum>,
}

/// The spectrum of a window and those of its lines that count.
struct Found {
    spectrum: Spectrum,
    peaks: Vec<Peak>,
}

/// Lines of one pattern, followed from window to window.
#[derive(Clone, Debug)]
struct Pattern {
    /// Mean frequency, cycles a sample.
    x: f64,
    y: f64,
    /// Share of the usable windows that have it.
    coverage: f64,
    prominence: f64,
    amplitude: f64,
}

/// Looks for the traces of a screen or print in `picture` and in `raw`. `warp` is where the
/// picture lies on the RAW frame, when that was found: without it what the RAW has as well cannot
/// be told apart, and the picture is not accused.
///
/// Values: `picture` and `raw` (0 to 1: how strong the evidence is), `picture_coverage` and
/// `raw_coverage` (share of the frame with the strongest pattern), `picture_second` and
/// `raw_second` (the same of the strongest pattern of another direction), `windows` (how many were
/// usable).
pub fn measure(raw: &HalfSize, picture: &Rgb8, warp: Option<&Warp>) -> Measures {
    let mut out = Measures::new(Check::Recapture);
    let green = &raw.planes[1];
    let smallest = [picture.width, picture.height, green.width, green.height]
        .into_iter()
        .min()
        .unwrap_or(0);
    let size = match smallest {
        512.. => 256,
        160.. => 128,
        _ => return out,
    };
    let windows = windows(raw, picture, warp, size);
    let analyser = Analyser::new(size);
    let lines: Vec<Lines> = windows
        .par_iter()
        .map(|w| analyse(&analyser, raw, picture, w))
        .collect();
    let of_picture: Vec<Place> = windows
        .iter()
        .zip(&lines)
        .filter_map(|(window, l)| {
            Some(Place {
                window,
                found: l.picture.as_ref()?,
                other: l.raw.as_ref().map(|r| &r.spectrum),
            })
        })
        .collect();
    let of_raw: Vec<Place> = windows
        .iter()
        .zip(&lines)
        .filter_map(|(window, l)| {
            Some(Place {
                window,
                found: l.raw.as_ref()?,
                other: None,
            })
        })
        .collect();
    let explained: usize = lines.iter().map(|l| l.explained).sum();
    out.value("windows", of_picture.len() as f64);
    out.value("raw_windows", of_raw.len() as f64);
    out.value("explained_lines", explained as f64);
    if warp.is_some() {
        tell(
            &mut out,
            "picture",
            &patterns(&of_picture, size),
            of_picture.len(),
        );
    }
    tell(&mut out, "raw", &patterns(&of_raw, size), of_raw.len());
    out
}

/// Adds what the fitted tones tell of wide bands over the picture: `bands` (log power of the
/// strongest over its neighbourhood, 0 when there are none) and `bands_amplitude` (relative to the
/// light).
pub fn add_bands(out: &mut Measures, tone: &Tone) {
    let Some(strongest) = bands::strongest(&tone.predicted, &tone.residual, &tone.coarse_valid)
    else {
        return;
    };
    let found = strongest.as_ref();
    out.value("bands", found.map_or(0.0, |p| p.prominence));
    out.value("bands_amplitude", found.map_or(0.0, |p| p.amplitude));
    if let Some(p) = found {
        out.details.insert(
            "bands_across_picture".into(),
            json!([round(p.x, 1), round(p.y, 1)]),
        );
        out.reasons.push(format!(
            "{:.0} bands run over the picture, of {:.1} % of the light, that the RAW does not \
             have: moiré or the flicker of a screen.",
            p.x.hypot(p.y),
            100.0 * p.amplitude
        ));
    }
}

fn tell(out: &mut Measures, which: &str, patterns: &[Pattern], windows: usize) {
    let names: [&'static str; 5] = if which == "raw" {
        [
            "raw",
            "raw_coverage",
            "raw_second",
            "raw_prominence",
            "raw_amplitude",
        ]
    } else {
        [
            "picture",
            "picture_coverage",
            "picture_second",
            "picture_prominence",
            "picture_amplitude",
        ]
    };
    let first = patterns.first();
    let second = first.and_then(|a| patterns.iter().find(|b| crosses(a, b)));
    let coverage = first.map_or(0.0, |p| p.coverage);
    let crossing = second.map_or(0.0, |p| p.coverage);
    // Everywhere in two directions is a screen; everywhere in one may be one; in places is not.
    let everywhere = |share: f64| ((share - 0.35) / 0.4).clamp(0.0, 1.0);
    let enough = (windows as f64 / 6.0).min(1.0);
    let strength = enough * (0.5 * everywhere(coverage) + 0.5 * everywhere(crossing));
    out.value(names[0], strength);
    out.value(names[1], coverage);
    out.value(names[2], crossing);
    if let Some(p) = first {
        out.value(names[3], p.prominence);
        out.value(names[4], p.amplitude);
    }
    let list: Vec<_> = patterns
        .iter()
        .take(6)
        .map(|p| {
            json!({
                "cycles_per_pixel": [round(p.x, 4), round(p.y, 4)],
                "coverage": round(p.coverage, 2),
                "prominence": round(p.prominence, 1),
                "amplitude": round(p.amplitude, 4),
            })
        })
        .collect();
    out.details.insert(format!("{which}_patterns"), list.into());
    if strength >= 0.5
        && let Some(p) = first
    {
        let period = 1.0 / p.x.hypot(p.y);
        let pixels = if which == "raw" { 2.0 * period } else { period };
        let directions = if crossing > 0.35 {
            "two directions"
        } else {
            "one direction"
        };
        out.reasons.push(if which == "raw" {
            format!(
                "The RAW itself shows a regular pattern of {pixels:.1} pixels in {directions} over \
                 {:.0} % of the frame, as a photographed screen or print does.",
                100.0 * coverage
            )
        } else {
            format!(
                "The picture shows a regular pattern of {pixels:.1} pixels in {directions} over \
                 {:.0} % of its area that the RAW does not have: the trace of a photographed \
                 screen or print.",
                100.0 * coverage
            )
        });
    }
}

fn round(v: f64, digits: i32) -> f64 {
    let k = 10.0_f64.powi(digits);
    (v * k).round() / k
}

/// Do two patterns run in directions more than 20° apart?
fn crosses(a: &Pattern, b: &Pattern) -> bool {
    let cross = (a.x * b.y - a.y * b.x).abs();
    cross > 20.0_f64.to_radians().sin() * a.x.hypot(a.y) * b.x.hypot(b.y)
}

/// Up to twelve windows, evenly over the picture.
fn windows(raw: &HalfSize, picture: &Rgb8, warp: Option<&Warp>, size: usize) -> Vec<Window> {
    let (w, h) = (picture.width, picture.height);
    let (columns, rows) = if w >= h { (4, 3) } else { (3, 4) };
    let green = &raw.planes[1];
    let half = size / 2;
    let place = |i: usize, n: usize, extent: usize| {
        let usable = (extent - size) as f64;
        half + ((i as f64 + 0.5) / n as f64 * usable) as usize
    };
    let mut out = Vec::with_capacity(columns * rows);
    for row in 0..rows {
        for column in 0..columns {
            let picture = (place(column, columns, w), place(row, rows, h));
            let at = |dx: f64, dy: f64| {
                warp.map(|m| m.apply(picture.0 as f64 + dx, picture.1 as f64 + dy))
            };
            let raw = match at(0.0, 0.0) {
                Some((x, y)) => (
                    (((x - 0.5) / 2.0) as usize).clamp(half, green.width - half),
                    (((y - 0.5) / 2.0) as usize).clamp(half, green.height - half),
                ),
                None => (
                    place(column, columns, green.width),
                    place(row, rows, green.height),
                ),
            };
            let frequency = (|| {
                let ((ax, ay), (bx, by)) = (at(-4.0, 0.0)?, at(4.0, 0.0)?);
                let ((cx, cy), (dx, dy)) = (at(0.0, -4.0)?, at(0.0, 4.0)?);
                let j = [
                    [(bx - ax) / 8.0, (dx - cx) / 8.0],
                    [(by - ay) / 8.0, (dy - cy) / 8.0],
                ];
                let det = j[0][0] * j[1][1] - j[0][1] * j[1][0];
                (det.abs() > 1e-6).then(|| {
                    [
                        [j[1][1] / det, -j[1][0] / det],
                        [-j[0][1] / det, j[0][0] / det],
                    ]
                })
            })();
            out.push(Window {
                column,
                row,
                picture,
                raw,
                frequency,
            });
        }
    }
    out
}

fn analyse(analyser: &Analyser, raw: &HalfSize, picture: &Rgb8, window: &Window) -> Lines {
    let n = analyser.size();
    let [red, green, blue] = &raw.planes;
    let mut first = Vec::with_capacity(n * n);
    let mut second = Vec::with_capacity(n * n);
    let (left, top) = (window.raw.0 - n / 2, window.raw.1 - n / 2);
    for y in top..top + n {
        let span = left..left + n;
        let rows = red.row(y)[span.clone()]
            .iter()
            .zip(&green.row(y)[span.clone()])
            .zip(&blue.row(y)[span]);
        for ((r, g), b) in rows {
            let (r, g, b) = (r.max(0.0).sqrt(), g.max(0.0).sqrt(), b.max(0.0).sqrt());
            first.push(0.25 * r + 0.5 * g + 0.25 * b);
            second.push(r - b);
        }
    }
    let bright = |v: &[f32], low: f32, high: f32| {
        let inside = v.iter().filter(|&&s| s > low && s < high).count();
        2 * inside > v.len()
    };
    let spectrum = analyser.spectrum(&first, &second, 5e-4);
    let usable = bright(&first, 0.04, 0.97);

    first.clear();
    second.clear();
    let (left, top) = (window.picture.0 - n / 2, window.picture.1 - n / 2);
    for y in top..top + n {
        let start = 3 * (y * picture.width + left);
        for rgb in picture.data[start..start + 3 * n].chunks_exact(3) {
            let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(f32::from);
            first.push(0.25 * r + 0.5 * g + 0.25 * b);
            second.push(r - b);
        }
    }
    let mut explained = 0;
    let of_picture = bright(&first, 8.0, 250.0).then(|| {
        let own = analyser.spectrum(&first, &second, 0.5);
        let mut peaks = own.peaks(PROMINENT, LOWEST[0], |x, y| {
            on_lattice(x, y, 16.0, 1.1 / n as f64)
        });
        let before = peaks.len();
        if let Some(f) = &window.frequency {
            peaks.retain(|p| !in_raw(&spectrum, p.x, p.y, f));
        }
        explained = before - peaks.len();
        Found {
            spectrum: own,
            peaks,
        }
    });
    let of_raw = usable.then(|| Found {
        peaks: spectrum.peaks(PROMINENT, LOWEST[1], |x, y| {
            let tolerance = 1.1 / n as f64;
            on_lattice(x, y, 8.0, tolerance) || on_lattice(x, y, 12.0, tolerance)
        }),
        spectrum,
    });
    Lines {
        picture: of_picture,
        raw: of_raw,
        explained,
    }
}

/// Are both frequencies multiples of 1 / `period`?
fn on_lattice(x: f64, y: f64, period: f64, tolerance: f64) -> bool {
    let off = |f: f64| (f * period - (f * period).round()).abs() / period;
    off(x) <= tolerance && off(y) <= tolerance
}

/// Has the RAW the picture's line (fx, fy), or is it a line of the sensor's own lattice?
fn in_raw(raw: &Spectrum, fx: f64, fy: f64, map: &[[f64; 2]; 2]) -> bool {
    // RAW pixels a picture pixel.
    let scale = 1.0 / (map[0][0] * map[1][1] - map[0][1] * map[1][0]).abs().sqrt();
    let tolerance = ((1.5 + 4.0 / scale).ceil() as usize).min(8);
    // A picture that was made smaller folds frequencies of the RAW; none passes 0.7 cycles a RAW
    // pixel (the corner of the sampling square).
    let folds = ((0.75 * scale + 0.5).ceil() as i32).min(4);
    let bin = 1.0 / raw.size() as f64;
    for i in -folds..=folds {
        for j in -folds..=folds {
            let (x, y) = (fx + f64::from(i), fy + f64::from(j));
            let rx = map[0][0] * x + map[0][1] * y;
            let ry = map[1][0] * x + map[1][1] * y;
            if rx.abs() > 1.05 || ry.abs() > 1.05 {
                continue;
            }
            if on_lattice(rx, ry, 6.0, 1.6 * bin / scale) {
                return true;
            }
            if rx.hypot(ry) < 0.75
                && raw.prominence_near(2.0 * rx, 2.0 * ry, tolerance) >= ALSO_THERE
            {
                return true;
            }
        }
    }
    false
}

/// Follows lines from window to window: those of neighbouring windows that differ by at most
/// [`DRIFT`] bins are one pattern. Its frequency, as an affine function of place (perspective),
/// then says where to look for weaker traces of it in every other window that nothing else
/// explains. Widest first.
fn patterns(windows: &[Place], size: usize) -> Vec<Pattern> {
    let all: Vec<(usize, Peak)> = windows
        .iter()
        .enumerate()
        .flat_map(|(i, place)| place.found.peaks.iter().map(move |p| (i, *p)))
        .collect();
    let reach = DRIFT / size as f64;
    let near = |a: &Peak, b: &Peak| (a.x - b.x).hypot(a.y - b.y) <= reach;
    let mut group: Vec<usize> = (0..all.len()).collect();
    for (i, (wi, a)) in all.iter().enumerate() {
        for (j, (wj, b)) in all.iter().enumerate().take(i) {
            let (u, v) = (windows[*wi].window, windows[*wj].window);
            let beside = u.column.abs_diff(v.column) <= 1 && u.row.abs_diff(v.row) <= 1;
            if wi != wj && beside && group[i] != group[j] && near(a, b) {
                let (from, to) = (group[i].max(group[j]), group[i].min(group[j]));
                group
                    .iter_mut()
                    .filter(|g| **g == from)
                    .for_each(|g| *g = to);
            }
        }
    }
    let mut out = Vec::new();
    for g in 0..all.len() {
        let mut members: Vec<(usize, Peak)> = all
            .iter()
            .zip(&group)
            .filter(|(_, k)| **k == g)
            .map(|(m, _)| *m)
            .collect();
        // Those that do not lie on the common plane belong to something else.
        let mut fit = plane(windows, &members);
        for _ in 0..3 {
            let off = |(i, p): &(usize, Peak)| {
                let (x, y) = fit.at(windows[*i].window);
                (p.x - x).hypot(p.y - y)
            };
            let worst = members.iter().map(off).fold(0.0, f64::max);
            if worst <= COHERENT / size as f64 {
                break;
            }
            members.retain(|m| off(m) < worst.min(2.0 * COHERENT / size as f64));
            fit = plane(windows, &members);
        }
        members.retain(|(i, p)| {
            let (x, y) = fit.at(windows[*i].window);
            (p.x - x).hypot(p.y - y) <= COHERENT / size as f64
        });
        let mut places: Vec<usize> = members.iter().map(|m| m.0).collect();
        places.dedup();
        if places.len() < 3 {
            continue;
        }
        let count = members.len() as f64;
        let mean = |f: &dyn Fn(&Peak) -> f64| members.iter().map(|m| f(&m.1)).sum::<f64>() / count;
        let share = windows
            .iter()
            .enumerate()
            .filter(|(i, place)| {
                let w = place.window;
                let (x, y) = fit.at(w);
                let explained = match (place.other, &w.frequency) {
                    (Some(raw), Some(f)) => in_raw(raw, x, y, f),
                    _ => false,
                };
                places.contains(i)
                    || !explained && place.found.spectrum.prominence_near(x, y, 2) >= WEAKER
            })
            .count();
        out.push(Pattern {
            x: mean(&|p| p.x),
            y: mean(&|p| p.y),
            coverage: share as f64 / windows.len() as f64,
            prominence: mean(&|p| p.prominence),
            amplitude: mean(&|p| p.amplitude),
        });
    }
    out.sort_by(|a, b| (b.coverage * b.prominence).total_cmp(&(a.coverage * a.prominence)));
    out
}

/// A frequency as an affine function of a window's column and row.
struct Drift([[f64; 3]; 2]);

impl Drift {
    fn at(&self, w: &Window) -> (f64, f64) {
        let along = |c: &[f64; 3]| c[0] + c[1] * w.column as f64 + c[2] * w.row as f64;
        (along(&self.0[0]), along(&self.0[1]))
    }
}

/// Least squares of the members' frequencies, with a light preference for no change: few windows,
/// or such in one line, do not say how the frequency changes.
fn plane(windows: &[Place], members: &[(usize, Peak)]) -> Drift {
    let count = members.len().max(1) as f64;
    let mean = |f: &dyn Fn(&(usize, Peak)) -> f64| members.iter().map(f).sum::<f64>() / count;
    let column = |m: &(usize, Peak)| windows[m.0].window.column as f64;
    let row = |m: &(usize, Peak)| windows[m.0].window.row as f64;
    let (mc, mr) = (mean(&column), mean(&row));
    let [xx, xy, yy] = members.iter().fold([0.0; 3], |[a, b, c], m| {
        let (u, v) = (column(m) - mc, row(m) - mr);
        [a + u * u, b + u * v, c + v * v]
    });
    let (xx, yy) = (xx + 0.5, yy + 0.5);
    let determinant = xx * yy - xy * xy;
    let line = |f: &dyn Fn(&Peak) -> f64| {
        let m = mean(&|p| f(&p.1));
        let (u, v) = members.iter().fold((0.0, 0.0), |(u, v), p| {
            let d = f(&p.1) - m;
            (u + (column(p) - mc) * d, v + (row(p) - mr) * d)
        });
        let (a, b) = (
            (u * yy - v * xy) / determinant,
            (v * xx - u * xy) / determinant,
        );
        [m - a * mc - b * mr, a, b]
    };
    Drift([line(&|p| p.x), line(&|p| p.y)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::raster::Plane;

    const WIDTH: usize = 400;
    const HEIGHT: usize = 300;

    /// A scene with a slope, soft shapes and grain, 0..1, at half-size pixels.
    fn scene(x: usize, y: usize) -> f32 {
        let seed = (x as u32).wrapping_mul(7919) ^ (y as u32).wrapping_mul(104_729);
        let mixed = seed.wrapping_mul(2_654_435_761);
        let grain = (mixed ^ mixed >> 15).wrapping_mul(2_246_822_519) >> 20;
        let (u, v) = (x as f32 / 37.0, y as f32 / 53.0);
        0.3 + 0.1 * (u.sin() * v.cos()) + 0.0005 * x as f32 + 0.02 * (grain as f32 / 4096.0 - 0.5)
    }

    /// The relative brightness of a grid of lines of `period` pixels in both directions, a little
    /// in perspective.
    fn lines(x: usize, y: usize, period: f32) -> f32 {
        let (x, y) = (x as f32, y as f32);
        let (u, v) = (x + 1e-5 * x * x + 0.03 * y, y + 1e-5 * x * y);
        let phase = |t: f32| (std::f32::consts::TAU * t / period).cos();
        1.0 + 0.05 * phase(u) + 0.05 * phase(v)
    }

    fn half(f: impl Fn(usize, usize) -> f32 + Sync) -> HalfSize {
        // Squared: the analysis takes the root.
        let plane = Plane::from_fn(WIDTH, HEIGHT, |x, y| f(x, y).powi(2));
        HalfSize {
            planes: [plane.clone(), plane.clone(), plane],
        }
    }

    fn picture(f: impl Fn(usize, usize) -> f32) -> Rgb8 {
        let mut data = Vec::new();
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                data.extend([(255.0 * f(x, y)).clamp(0.0, 255.0) as u8; 3]);
            }
        }
        Rgb8 {
            width: WIDTH,
            height: HEIGHT,
            data,
        }
    }

    fn at_half_scale() -> Warp {
        Warp::projective(Homography::resize(2.0, 2.0), (WIDTH, HEIGHT))
    }

    #[test]
    fn a_grid_of_lines_that_only_the_picture_has_is_found() {
        let shown = picture(|x, y| scene(x, y) * lines(x, y, 2.46));
        let m = measure(&half(scene), &shown, Some(&at_half_scale()));
        assert!(m.values["picture"] > 0.8, "{:?}", m.values);
        assert!(m.values["raw"] < 0.1, "{:?}", m.values);
        assert!(m.reasons[0].contains("two directions"), "{:?}", m.reasons);
    }

    #[test]
    fn a_fence_that_the_raw_has_as_well_is_no_screen() {
        let fence = |x: usize, y: usize| scene(x, y) * lines(x, y, 2.46);
        let m = measure(&half(fence), &picture(fence), Some(&at_half_scale()));
        assert_eq!(m.values["picture"], 0.0, "{:?}", m.values);
        assert!(m.values["explained_lines"] > 0.0);
    }

    #[test]
    fn a_fence_too_fine_for_a_picture_made_smaller_is_still_the_raws() {
        // 2.5 half-size pixels a period, sampled at every third: folded to 7.5.
        let fence = |x: usize, y: usize| scene(x, y) * lines(x, y, 2.5);
        let folded = picture(|x, y| fence(3 * x % WIDTH, 3 * y % HEIGHT));
        let small = Rgb8 {
            width: 133,
            height: 100,
            data: (0..100)
                .flat_map(|y| folded.data[3 * y * WIDTH..3 * (y * WIDTH + 133)].to_vec())
                .collect(),
        };
        assert_eq!(small.data.len(), 3 * 133 * 100);
        let window = [[1.0 / 6.0, 0.0], [0.0, 1.0 / 6.0]];
        let analyser = Analyser::new(128);
        let raw: Vec<f32> = (0..128 * 128).map(|i| fence(i % 128, i / 128)).collect();
        let spectrum = analyser.spectrum(&raw, &vec![0.0; raw.len()], 1e-3);
        assert!(in_raw(&spectrum, 0.2, 0.0, &window));
        assert!(!in_raw(&spectrum, 0.33, 0.21, &window));
    }

    #[test]
    fn a_regular_thing_in_one_corner_is_no_screen() {
        let corner = |x: usize, y: usize| {
            scene(x, y)
                * if x < 130 && y < 100 {
                    lines(x, y, 2.46)
                } else {
                    1.0
                }
        };
        let m = measure(&half(corner), &picture(corner), Some(&at_half_scale()));
        assert_eq!(m.values["picture"], 0.0);
        assert_eq!(m.values["raw"], 0.0);
    }

    #[test]
    fn a_raw_of_a_screen_shows_it_by_itself() {
        let screen = half(|x, y| scene(x, y) * lines(x, y, 2.46));
        let m = measure(&screen, &picture(scene), None);
        assert!(m.values["raw"] > 0.8, "{:?}", m.values);
        assert!(!m.values.contains_key("picture"));
    }

    #[test]
    fn block_boundaries_of_a_jpeg_are_no_screen() {
        let blocks = |x: usize, y: usize| {
            scene(x, y)
                + if x.is_multiple_of(8) || y.is_multiple_of(8) {
                    0.03
                } else {
                    0.0
                }
        };
        let m = measure(&half(scene), &picture(blocks), Some(&at_half_scale()));
        assert_eq!(m.values["picture"], 0.0, "{:?}", m.details);
    }
}
