//! A verdict as JSON, with the field names of Lumethic's `VerificationApiResponse`.
//!
//! What belongs to a server (`account_id`, `name`, `short_code`, timestamps, thumbnail URLs) is
//! left out. Ids are UUIDs of version 5 (RFC 9562) over what they stand for, so that the same two
//! files have the same ids everywhere.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::geometry::Warp;
use crate::transform::Sides;
use crate::verdict::{Placement, Subject, ToneShift, Verdict, confidence};
use crate::verificator::{Check, Finding, Outcome};

/// The engine's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The name space of this engine's ids: the UUID of `urn:colophon:photo` in the name space of URLs.
fn name_space() -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, b"urn:colophon:photo")
}

/// The fixed id of a check.
pub fn verificator_id(check: Check) -> Uuid {
    let name = format!("verificator:{}", check.name());
    Uuid::new_v5(&name_space(), name.as_bytes())
}

/// The id of the comparison of two files, by the hashes of both.
pub fn verification_id(raw: &Subject, image: &Subject) -> Uuid {
    let name = format!("verification:{}:{}", raw.sha256, image.sha256);
    Uuid::new_v5(&name_space(), name.as_bytes())
}

impl Verdict {
    /// The whole verdict as JSON. The same verdict gives the same text.
    pub fn to_json(&self) -> Value {
        let id = verification_id(&self.raw, &self.image);
        let info = |corrected| {
            self.placement
                .as_ref()
                .map(|p| rendition_info(p, &self.raw, corrected))
        };
        let warp = self.placement.as_ref().map(|p| warp(&p.warp));
        json!({
            "id": id,
            "status": "completed",
            "result": self.result(),
            "result_confidence": rounded(self.confidence()),
            "answer": self.answer.name(),
            "honest_probability": rounded(self.honest),
            "reasons": self.reasons,
            "results": self.findings.iter().map(|f| result(f, id)).collect::<Vec<_>>(),
            "raw_metadata": self.raw.metadata,
            "image_metadata": self.image.metadata,
            "raw_photo_hash": format!("sha256:{}", self.raw.sha256),
            "image_photo_hash": format!("sha256:{}", self.image.sha256),
            "rendition_info": info(false),
            "rendition_corrected_info": info(true),
            "warp": warp,
            "engine": {"version": VERSION, "calibration": self.calibration},
        })
    }
}

fn result(finding: &Finding, verification: Uuid) -> Value {
    let id = Uuid::new_v5(&verification, finding.check.name().as_bytes());
    // Lumethic knows two outcomes; only an accusation is a no.
    let result = finding.outcome != Outcome::Failed;
    let mut details = Map::new();
    details.insert("check".into(), json!(finding.check.name()));
    details.insert("outcome".into(), json!(finding.outcome));
    details.insert("reasons".into(), json!(finding.reasons));
    let values = finding.values.iter();
    let values: Map<String, Value> = values
        .map(|(name, value)| ((*name).to_owned(), json!(rounded(*value))))
        .collect();
    details.insert("values".into(), Value::Object(values));
    for (name, value) in &finding.details {
        details.entry(name.as_str()).or_insert(value.clone());
    }
    json!({
        "id": id,
        "verification_id": verification,
        "verificator_id": verificator_id(finding.check),
        "result": result,
        "confidence_score": rounded(confidence(result, finding.honest)),
        "details": details,
    })
}

/// Lumethic's `RenditionInfo`, and our own fields beside it.
fn rendition_info(placement: &Placement, raw: &Subject, corrected: bool) -> Value {
    let t = if corrected {
        &placement.corrected
    } else {
        &placement.transform
    };
    let tone = placement.tone;
    let tone = |pick: fn(ToneShift) -> f64| tone.map(pick).map(rounded);
    let number = |name: &str| raw.metadata.get(name).and_then(Value::as_f64);
    let crop_factor = number("focal_length")
        .filter(|f| *f > 0.0)
        .and_then(|f| Some(rounded(number("focal_length_35mm")? / f)));
    let corners: Vec<[i64; 2]> = t
        .corners
        .iter()
        .map(|c| [pixels(c.0), pixels(c.1)])
        .collect();
    let exact: Vec<[f64; 2]> = t
        .corners
        .iter()
        .map(|c| [rounded(c.0), rounded(c.1)])
        .collect();
    let (picture, frame, grid) = (t.rendition, t.frame, placement.grid);
    let raw_grid = (
        (frame.0 as f64 * t.scale.0 * grid.0 as f64 / picture.0.max(1) as f64).round() as u64,
        (frame.1 as f64 * t.scale.1 * grid.1 as f64 / picture.1.max(1) as f64).round() as u64,
    );
    let mut info = json!({
        "rendition_longest_edge": picture.0.max(picture.1),
        "crop_percentage": rounded(t.cropped_area * 100.0),
        "crop_pixels": sides(t.crop, |v| json!(pixels(v))),
        "crop_percentage_per_side": sides(t.crop_percent(), |v| json!(rounded(v))),
        "rotation_degrees": rounded(t.rotation),
        "mirrored": t.mirrored,
        "resize_info": {"width_scale": rounded(t.scale.0), "height_scale": rounded(t.scale.1)},
        "keystone": {"horizontal": rounded(t.keystone.0), "vertical": rounded(t.keystone.1)},
        "bounding_box": {"corners": corners},
        "corners": exact,
        "original_image_width": picture.0,
        "original_image_height": picture.1,
        "original_raw_width": frame.0,
        "original_raw_height": frame.1,
        "rendition_image_width": grid.0,
        "rendition_image_height": grid.1,
        "rendition_raw_width": raw_grid.0,
        "rendition_raw_height": raw_grid.1,
        "exp_shift": tone(|t| t.exposure),
        "gamma_power": tone(|t| t.gamma_power),
        "gamma_slope": tone(|t| t.gamma_slope),
        "lens_correction_aperture": number("f_number"),
        "lens_correction_focal_length": number("focal_length"),
        "lens_correction_distance": number("subject_distance"),
        "lens_correction_crop_factor": crop_factor,
        "words": t.words(),
    });
    let distortion = t.distortion.map(|d| {
        json!({"k1": rounded(d.k1), "k2": rounded(d.k2), "farthest_pixels": rounded(d.farthest)})
    });
    if let Some(info) = info.as_object_mut() {
        info.insert("lens_distortion".into(), json!(distortion));
        let thumbnails = [("image", picture), ("raw", frame)].map(|(n, s)| (n, thumbnail(s)));
        info.insert(
            "rendition_thumbnail_longest_edge".into(),
            json!(thumbnails[0].1.0.max(thumbnails[0].1.1)),
        );
        for (name, (width, height)) in thumbnails {
            info.insert(format!("thumbnail_{name}_width"), json!(width));
            info.insert(format!("thumbnail_{name}_height"), json!(height));
        }
    }
    info
}

/// Longest edge of a thumbnail.
const THUMBNAIL: usize = 512;

/// The size of the thumbnail that a server makes of a picture of `size`.
pub fn thumbnail((width, height): (usize, usize)) -> (usize, usize) {
    let scale = (THUMBNAIL as f64 / width.max(height).max(1) as f64).min(1.0);
    let edge = |v: usize| ((v as f64 * scale).round() as usize).max(1);
    (edge(width), edge(height))
}

fn warp(warp: &Warp) -> Value {
    json!({
        "homography": warp.homography.0,
        "coefficients": warp.coefficients.iter().map(|(x, y)| [x, y]).collect::<Vec<_>>(),
    })
}

fn sides(sides: Sides, number: impl Fn(f64) -> Value) -> Value {
    json!({
        "top": number(sides.top),
        "bottom": number(sides.bottom),
        "left": number(sides.left),
        "right": number(sides.right),
    })
}

fn pixels(value: f64) -> i64 {
    value.round() as i64
}

/// Six decimals: as much as any measurement here is worth.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Homography;
    use crate::transform::Transform;
    use crate::verdict::Answer;
    use flashraw::Orientation;

    fn subject(sha256: &str) -> Subject {
        Subject {
            sha256: sha256.into(),
            bytes: 1,
            size: (200, 100),
            metadata: Map::new(),
        }
    }

    #[test]
    fn ids_follow_from_what_they_stand_for() {
        assert_eq!(
            verificator_id(Check::Structure).to_string(),
            "5a96c303-9f3b-5b99-83c6-3c976b785232"
        );
        let mut ids: Vec<Uuid> = Check::ALL.map(verificator_id).to_vec();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), Check::ALL.len());
        let (a, b) = (subject("aa"), subject("bb"));
        assert_eq!(verification_id(&a, &b), verification_id(&a, &b));
        assert_ne!(verification_id(&a, &b), verification_id(&b, &a));
    }

    /// A crop of the left half at half size, by hand.
    #[test]
    fn a_placement_is_told_in_the_contract_s_fields() {
        let warp = Warp::projective(Homography::resize(2.0, 2.0), (50, 50));
        let transform = Transform::new(&warp, (200, 100), Orientation::Normal);
        let mut raw = subject("aa");
        raw.metadata.insert("focal_length".into(), json!(50.0));
        raw.metadata.insert("focal_length_35mm".into(), json!(80));
        let verdict = Verdict {
            answer: Answer::Refused,
            honest: 0.1,
            reasons: vec!["Why.".into()],
            findings: Vec::new(),
            raw,
            image: subject("bb"),
            placement: Some(Placement {
                corrected: transform.clone(),
                transform,
                warp,
                tone: Some(ToneShift {
                    exposure: 0.5,
                    gamma_power: 2.2,
                    gamma_slope: 4.5,
                }),
                grid: (25, 25),
            }),
            calibration: "1".into(),
        };
        let answer = verdict.to_json();
        assert_eq!(answer["result"], false);
        assert_eq!(answer["result_confidence"], 0.9, "in the refusal");
        assert_eq!(answer["honest_probability"], 0.1);
        let info = &answer["rendition_info"];
        assert_eq!(
            info["crop_pixels"],
            json!({"top": 0, "bottom": 0, "left": 0, "right": 100})
        );
        assert_eq!(info["crop_percentage"], 50.0);
        assert_eq!(info["bounding_box"]["corners"][2], json!([100, 100]));
        assert_eq!(info["resize_info"]["width_scale"], 0.5);
        assert_eq!(info["exp_shift"], 0.5);
        assert_eq!(info["lens_correction_crop_factor"], 1.6);
        // The grid is the picture at half size; the whole frame has 50 × 25 of its pixels there.
        assert_eq!(info["rendition_raw_width"], 50);
        assert_eq!(info["rendition_raw_height"], 25);
    }

    #[test]
    fn thumbnails_keep_the_shape_and_are_never_enlarged() {
        assert_eq!(thumbnail((6000, 4000)), (512, 341));
        assert_eq!(thumbnail((300, 200)), (300, 200));
        assert_eq!(thumbnail((60_000, 1)), (512, 1));
    }
}
