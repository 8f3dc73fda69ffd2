//! The picture's processing chain: what compressions and resamplings left behind, against what
//! the found transform explains.
//!
//! Almost all of it is told, not held against the picture: a camera's JPEG that was cropped and
//! saved again is as honest as one saved once. An accusation is only what is *local* and
//! contradicts the rest: a region whose JPEG block grid lies elsewhere than the picture's.

mod grid;
mod quantisation;
mod resampling;

use serde_json::json;

use self::quantisation::Table;
use super::{Check, Measures};
use crate::geometry::Warp;
use crate::raster::Rgb8;
use crate::rendition::{Profile, Rendition};

/// What a file says of its own compression.
#[derive(Clone, Copy, Debug)]
pub struct Compression {
    /// Luma and chroma quantisation tables as stored, natural order.
    pub tables: [Table; 2],
    /// EXIF orientation that was applied to the picture, 1 to 8.
    pub orientation: u8,
    /// Whether the samples are those of the file: not converted from another colour profile.
    pub untouched: bool,
}

impl Compression {
    /// That of a JPEG; `None` for anything else.
    pub fn of(rendition: &Rendition) -> Option<Self> {
        let jpeg = rendition.jpeg.as_ref()?;
        // Inks and plain RGB have no luma component of their own.
        let luma = match jpeg.components.len() {
            1 => true,
            3 => jpeg.adobe_transform != Some(0),
            _ => false,
        };
        Some(Self {
            tables: rendition.quantisation?,
            orientation: rendition.orientation,
            untouched: luma && !matches!(rendition.profile, Profile::Converted(_)),
        })
    }
}

/// Looks for the traces of the picture's history. `compression` is absent for what is no JPEG.
///
/// Values: `foreign_grid` (strength of a block grid that only one region has, 0 when there is
/// none), `foreign_grid_share` (its share of the picture), `earlier` (1 when the picture was
/// compressed before on the same grid), `shifted_grid` (1 when it was compressed before on another
/// one: it was cropped since), `resampling` (strongest trace that the transform does not explain,
/// power over its neighbourhood), `quality` (1 to 100, the nearest of the known families' scales).
pub fn measure(picture: &Rgb8, compression: Option<&Compression>, warp: Option<&Warp>) -> Measures {
    let mut out = Measures::new(Check::Chain);
    if picture.width < 64 || picture.height < 64 {
        return out;
    }
    let scales = warp.map(|w| scales(w, picture));
    if let Some(c) = compression {
        compressions(&mut out, picture, c);
    }
    resamplings(&mut out, picture, scales);
    out
}

/// RAW pixels a picture pixel along the picture's rows and columns, at its centre.
fn scales(warp: &Warp, picture: &Rgb8) -> [f64; 2] {
    let (x, y) = (picture.width as f64 / 2.0, picture.height as f64 / 2.0);
    let span = |dx: f64, dy: f64| {
        let (a, b) = (warp.apply(x - dx, y - dy), warp.apply(x + dx, y + dy));
        (b.0 - a.0).hypot(b.1 - a.1) / (2.0 * dx.hypot(dy))
    };
    [span(8.0, 0.0), span(0.0, 8.0)]
}

fn compressions(out: &mut Measures, picture: &Rgb8, c: &Compression) {
    let q = quantisation::quality(&c.tables[0]);
    out.value("quality", f64::from(q.quality));
    out.value("table_distance", q.distance);
    let words = if q.distance < 1e-9 {
        format!("the {} table at quality {}", q.family, q.quality)
    } else {
        format!(
            "a table of its own, nearest to the {} one at quality {}",
            q.family, q.quality
        )
    };
    out.details.insert("quantisation".into(), words.into());
    if !c.untouched {
        return;
    }
    let transposed = c.orientation >= 5;
    let mut luma = c.tables[0];
    if transposed {
        luma = std::array::from_fn(|i| *c.tables[0].get(8 * (i % 8) + i / 8).unwrap_or(&1));
    }
    let mirrored = mirrored(c.orientation);
    let start = |mirror: bool, length: usize| if mirror { length % 8 } else { 0 };
    let origin = (
        start(mirrored.0, picture.width),
        start(mirrored.1, picture.height),
    );
    let (histograms, grids) = rayon::join(
        || quantisation::histograms(picture, &luma, origin),
        || grid::grids(picture, origin),
    );
    out.value("off_grid", histograms.off_grid);
    if histograms.blocks >= 500 {
        let earlier = histograms.earlier();
        out.value("earlier", f64::from(u8::from(earlier.is_some())));
        if let Some(e) = earlier {
            out.value("earlier_evidence", e.evidence);
            out.details.insert(
                "earlier_compression".into(),
                json!({
                    "nearest_standard_quality": e.quality,
                    "frequencies": e.frequencies,
                    "steps": e.steps,
                    "words": "It was a JPEG before, on the same grid of blocks: saved again \
                              without cropping or resizing.",
                }),
            );
        }
    }
    if grids.tiles < 9 {
        return;
    }
    out.value(
        "shifted_grid",
        f64::from(u8::from(grids.everywhere.is_some())),
    );
    if let Some(g) = grids.everywhere {
        out.value("shifted_grid_strength", g.strength);
        out.details.insert(
            "shifted_grid".into(),
            json!({
                "offset": g.offset,
                "words": "It was a JPEG before, and was cropped since: the whole picture keeps \
                          the earlier grid of blocks.",
            }),
        );
    }
    let local = grids.local;
    out.value("foreign_grid", local.map_or(0.0, |l| l.strength));
    out.value("foreign_grid_share", local.map_or(0.0, |l| l.share));
    if let Some(l) = local {
        let [x, y, w, h] = l.place;
        let percent = |v: usize, of: usize| 100 * v / of.max(1);
        out.reasons.push(format!(
            "A region of {w} × {h} pixels at {} % from the left and {} % from the top has JPEG \
             blocks that do not lie on the picture's grid (offset {}, {}): it came from another \
             JPEG.",
            percent(x + w / 2, picture.width),
            percent(y + h / 2, picture.height),
            l.offset[0],
            l.offset[1],
        ));
        out.details.insert(
            "foreign_grid".into(),
            json!({ "offset": l.offset, "left_top_width_height": l.place, "tiles": l.tiles }),
        );
    }
}

/// Whether an orientation lets the picture's columns, and its rows, run against the stored blocks'
/// (or, for a transposed one, those that they became).
fn mirrored(orientation: u8) -> (bool, bool) {
    match orientation {
        2 => (true, false),
        3 => (true, true),
        4 => (false, true),
        6 => (true, false),
        7 => (true, true),
        8 => (false, true),
        _ => (false, false),
    }
}

fn resamplings(out: &mut Measures, picture: &Rgb8, scales: Option<[f64; 2]>) {
    let traces = resampling::traces(picture);
    let of = |t: &resampling::Trace| scales.and_then(|s| s.get(t.direction).copied());
    let unexplained = |t: &&resampling::Trace| of(t).is_none_or(|s| !resampling::explained(t, s));
    let strongest = traces.iter().find(unexplained);
    out.value("resampling", strongest.map_or(0.0, |t| t.prominence));
    let list: Vec<_> = traces
        .iter()
        .map(|t| {
            json!({
                "along": if t.direction == 0 { "rows" } else { "columns" },
                "cycles_per_pixel": (t.frequency * 1e4).round() / 1e4,
                "prominence": (t.prominence * 10.0).round() / 10.0,
                "explained": of(t).is_some_and(|s| resampling::explained(t, s)),
            })
        })
        .collect();
    if !list.is_empty() {
        out.details.insert("resampling_traces".into(), list.into());
    }
    if let Some([x, y]) = scales {
        out.value("scale", (x * y).sqrt());
        if (x * y).sqrt() < 0.97 {
            let words = format!(
                "It was enlarged: {:.2} picture pixels to a pixel of the RAW.",
                1.0 / (x * y).sqrt()
            );
            out.details.insert("enlarged".into(), words.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::raster::Plane;

    /// A scene of shapes and grain of several sizes, away from both ends of the range.
    fn scene(width: usize, height: usize) -> Rgb8 {
        let grain = |x: usize, y: usize, k: u32| {
            let seed = (x as u32).wrapping_mul(7919) ^ (y as u32).wrapping_mul(104_729) ^ k;
            let a = seed.wrapping_mul(2_654_435_761);
            ((a ^ a >> 15).wrapping_mul(2_246_822_519) >> 16) as f32 / 65536.0 - 0.5
        };
        let noise = [1, 2, 3].map(|k| Plane::from_fn(width, height, |x, y| grain(x, y, k)));
        let soft = [
            noise[0].gaussian(1.0),
            noise[1].gaussian(3.0),
            noise[2].gaussian(9.0),
        ];
        let mut data = Vec::new();
        for i in 0..width * height {
            let (x, y) = (i % width, i / width);
            let wave = 30.0 * ((x as f32 / 61.0).sin() + (y as f32 / 47.0).cos());
            let rest = 60.0 * soft[0].data[i] + 200.0 * soft[1].data[i] + 500.0 * soft[2].data[i];
            data.extend([(128.0 + wave + rest).clamp(10.0, 245.0) as u8; 3]);
        }
        Rgb8 {
            width,
            height,
            data,
        }
    }

    fn saved(picture: &Rgb8, quality: u8) -> Rgb8 {
        let mut bytes = Vec::new();
        let (w, h) = (picture.width as u16, picture.height as u16);
        jpeg_encoder::Encoder::new(&mut bytes, quality)
            .encode(&picture.data, w, h, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        crate::rendition::read(&bytes).unwrap().rgb
    }

    fn crop(picture: &Rgb8, left: usize, top: usize) -> Rgb8 {
        let rows = picture.data.chunks_exact(3 * picture.width).skip(top);
        Rgb8 {
            width: picture.width - left,
            height: picture.height - top,
            data: rows.flat_map(|r| r[3 * left..].to_vec()).collect(),
        }
    }

    fn measured(picture: &Rgb8, quality: u8) -> Measures {
        let tables = [quantisation::standard_luma(u32::from(quality)); 2];
        let compression = Compression {
            tables,
            orientation: 1,
            untouched: true,
        };
        measure(picture, Some(&compression), None)
    }

    #[test]
    fn a_picture_saved_once_has_no_history() {
        let m = measured(&saved(&scene(512, 384), 90), 90);
        assert_eq!(m.values["earlier"], 0.0, "{m:?}");
        assert_eq!(m.values["shifted_grid"], 0.0, "{m:?}");
        assert_eq!(m.values["foreign_grid"], 0.0, "{m:?}");
        assert_eq!(m.values["quality"], 90.0);
        assert_eq!(m.values["table_distance"], 0.0);
        assert!(m.values["off_grid"] < 0.1, "{m:?}");
    }

    #[test]
    fn the_first_quantisation_of_a_picture_saved_twice_is_found() {
        for (first, second) in [(60, 90), (80, 92), (50, 75)] {
            let m = measured(&saved(&saved(&scene(512, 384), first), second), second);
            assert_eq!(m.values["earlier"], 1.0, "{first} then {second}: {m:?}");
            let quality = m.details["earlier_compression"]["nearest_standard_quality"].as_u64();
            assert!(quality.unwrap().abs_diff(u64::from(first)) <= 1, "{m:?}");
            assert!(m.reasons.is_empty(), "to save twice is honest");
        }
    }

    #[test]
    fn a_crop_of_a_jpeg_keeps_its_grid_and_is_not_accused() {
        let m = measured(&saved(&crop(&saved(&scene(640, 512), 50), 3, 6), 95), 95);
        assert_eq!(
            m.details["shifted_grid"]["offset"],
            serde_json::json!([5, 2])
        );
        assert_eq!(m.values["foreign_grid"], 0.0, "{m:?}");
        assert!(m.reasons.is_empty());
    }

    #[test]
    fn a_region_pasted_from_another_jpeg_is_found_with_its_place() {
        let mut picture = scene(768, 640);
        let donor = crop(&saved(&scene(800, 700), 40), 3, 6);
        for y in 192..448 {
            let at = 3 * (y * picture.width + 256);
            let from = 3 * (y * donor.width + 256);
            picture.data[at..at + 3 * 320].copy_from_slice(&donor.data[from..from + 3 * 320]);
        }
        let m = measured(&saved(&picture, 95), 95);
        assert!(m.values["foreign_grid"] > 6.0, "{m:?}");
        let place = &m.details["foreign_grid"]["left_top_width_height"];
        let at = |i: usize| place[i].as_u64().unwrap();
        assert!(at(0) + at(2) > 300 && at(0) < 520, "{place}");
        assert!(at(1) + at(3) > 240 && at(1) < 420, "{place}");
        assert!(m.reasons[0].contains("another JPEG"));
    }

    #[test]
    fn a_mirrored_grid_is_looked_for_where_it_lies() {
        let stored = saved(&scene(515, 390), 80);
        let mut turned = stored.clone();
        let pixels: Vec<[u8; 3]> = stored
            .data
            .chunks_exact(3)
            .map(|p| [p[0], p[1], p[2]])
            .collect();
        turned.data = pixels.iter().rev().flatten().copied().collect();
        let compression = Compression {
            tables: [quantisation::standard_luma(80); 2],
            orientation: 3,
            untouched: true,
        };
        let m = measure(&turned, Some(&compression), None);
        assert!(m.values["off_grid"] < 0.1, "{m:?}");
        assert_eq!(m.values["shifted_grid"], 0.0, "{m:?}");
    }

    #[test]
    fn enlarging_leaves_a_trace_that_the_transform_explains() {
        let small = scene(500, 440);
        let (w, h) = (750, 660);
        let planes: [Plane; 1] = [Plane::from_fn(500, 440, |x, y| {
            f32::from(small.data[3 * (y * 500 + x)])
        })];
        let mut data = Vec::new();
        for y in 0..h {
            for x in 0..w {
                let place = |t: usize| (t as f32 + 0.5) / 1.5 - 0.5;
                data.extend([planes[0].bilinear(place(x), place(y)) as u8; 3]);
            }
        }
        let large = Rgb8 {
            width: w,
            height: h,
            data,
        };
        let alone = measure(&large, None, None);
        assert!(alone.values["resampling"] > 6.0, "{alone:?}");
        let warp = Warp::projective(Homography::resize(1.0 / 1.5, 1.0 / 1.5), (w, h));
        let known = measure(&large, None, Some(&warp));
        assert_eq!(known.values["resampling"], 0.0, "{known:?}");
        assert!(known.details.contains_key("enlarged"));
        assert_eq!(measure(&small, None, None).values["resampling"], 0.0);
    }
}
