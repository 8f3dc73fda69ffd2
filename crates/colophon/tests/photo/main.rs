//! `colophon photo`, run as people and programs run it, over small RAW files made from a seed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod files;

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use files::{Folder, jpeg, picture, raw};

/// What a run left behind.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

fn photo(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_colophon"))
        .arg("photo")
        .args(arguments)
        .output()
        .unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        run.code.is_some_and(|c| c < 4) && !run.stderr.contains("panicked"),
        "{run:?}"
    );
    run
}

/// The answer's exit code.
fn code(answer: &Value) -> Option<i32> {
    Some(match answer["answer"].as_str().unwrap() {
        "honest" => 0,
        "refused" => 1,
        _ => 3,
    })
}

#[test]
fn an_export_is_not_refused_and_its_crop_and_scale_are_found() {
    let folder = Folder::new();
    let original = raw(1);
    let raw = folder.write("a.dng", original.to_bytes());
    // The right two thirds, at half size.
    let whole = picture(&original);
    let cut = image::imageops::crop_imm(&whole, 320, 0, 640, 640).to_image();
    let half = image::imageops::resize(&cut, 320, 320, image::imageops::FilterType::Triangle);
    let image = folder.write("a.jpg", jpeg(&half));
    let run = photo(&["verify", &raw, &image, "--json"]);
    let answer = run.json();
    assert_eq!(answer["result"], true, "{answer:#}");
    assert_eq!(run.code, code(&answer));
    let info = &answer["rendition_info"];
    let near = |value: &Value, wanted: f64, by: f64| {
        let value = value.as_f64().unwrap();
        assert!(
            (value - wanted).abs() <= by,
            "{value}, not {wanted}: {info:#}"
        );
    };
    near(&info["crop_pixels"]["left"], 320.0, 3.0);
    near(&info["crop_pixels"]["right"], 0.0, 3.0);
    near(&info["crop_percentage_per_side"]["left"], 100.0 / 3.0, 0.4);
    near(&info["crop_percentage"], 100.0 / 3.0, 0.7);
    near(&info["resize_info"]["width_scale"], 0.5, 0.002);
    near(&info["rotation_degrees"], 0.0, 0.1);
    assert_eq!(info["original_raw_width"], 960);
    assert_eq!(info["original_image_width"], 320);
    // The same in words.
    let words = photo(&["verify", &raw, &image]);
    assert!(words.stdout.contains("scaled to 50.0 %"), "{words:?}");
    assert!(words.stdout.contains("left 33.3 %"), "{words:?}");
}

#[test]
fn another_photograph_is_refused_with_a_reason() {
    let folder = Folder::new();
    let raw_file = folder.write("a.dng", raw(1).to_bytes());
    let image = folder.write("b.jpg", jpeg(&picture(&raw(2))));
    let run = photo(&["verify", &raw_file, &image, "--json"]);
    let answer = run.json();
    assert_eq!(run.code, Some(1), "{answer:#}");
    assert_eq!(
        (&answer["result"], &answer["answer"]),
        (&json!(false), &json!("refused"))
    );
    assert!(answer["result_confidence"].as_f64().unwrap() > 0.5);
    let reason = answer["reasons"][0].as_str().unwrap();
    assert!(!reason.is_empty());
    let words = photo(&["verify", &raw_file, &image]);
    assert!(words.stdout.contains(reason), "{words:?}");
    assert!(
        words.stdout.contains("is not an honest export"),
        "{words:?}"
    );
}

/// Against the schema of the contract, less what belongs to a server.
#[test]
fn the_json_has_the_shape_of_the_contract() {
    let folder = Folder::new();
    let original = raw(3);
    let raw_file = folder.write("a.dng", original.to_bytes());
    let image = folder.write("a.jpg", jpeg(&picture(&original)));
    let other = folder.write("b.jpg", jpeg(&picture(&raw(4))));
    let mut document: Value =
        serde_json::from_str(include_str!("../../../api_photo/openapi.json")).unwrap();
    let schemas = &mut document["components"]["schemas"];
    for (schema, names) in [
        (
            "VerificationApiResponse",
            &[
                "account_id",
                "created_at",
                "updated_at",
                "image_thumbnail_url",
            ][..],
        ),
        ("VerificationResult", &["created_at", "updated_at"]),
        (
            "RenditionInfo",
            &["image_thumbnail_url", "raw_thumbnail_url"],
        ),
    ] {
        let required = schemas[schema]["required"].as_array_mut().unwrap();
        required.retain(|name| !names.contains(&name.as_str().unwrap()));
    }
    document["$ref"] = json!("#/components/schemas/VerificationApiResponse");
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&document)
        .unwrap();
    for image in [&image, &other] {
        let answer = photo(&["verify", &raw_file, image, "--json"]).json();
        let errors: Vec<String> = validator
            .iter_errors(&answer)
            .map(|e| format!("{}: {e}", e.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let hash = answer["image_photo_hash"].as_str().unwrap();
        let bytes = std::fs::read(image).unwrap();
        assert_eq!(hash, format!("sha256:{}", sha256(&bytes)));
        assert!(answer["engine"]["version"].is_string());
        for result in answer["results"].as_array().unwrap() {
            assert_eq!(result["verification_id"], answer["id"]);
            assert!(result["details"]["check"].is_string());
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[test]
fn the_same_files_give_the_same_bytes() {
    let folder = Folder::new();
    let original = raw(5);
    let raw_file = folder.write("a.dng", original.to_bytes());
    let image = folder.write("a.jpg", jpeg(&picture(&original)));
    let run = |threads: &str, report: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_colophon"))
            .args([
                "photo", "verify", &raw_file, &image, "--json", "--report", report,
            ])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .unwrap();
        (output.stdout, std::fs::read(report).unwrap())
    };
    let first = run("1", &folder.path("1.html"));
    assert!(!first.0.is_empty());
    assert!(first == run("3", &folder.path("2.html")));
    assert!(first == run("3", &folder.path("3.html")));
}

#[test]
fn the_report_holds_everything_and_escapes_what_files_say() {
    let folder = Folder::new();
    let original = raw(6);
    let raw_file = folder.write("a<script>alert(1)</script>.dng", original.to_bytes());
    let image = folder.write("a.jpg", jpeg(&picture(&original)));
    let (report, map) = (folder.path("out.html"), folder.path("map.png"));
    let run = photo(&[
        "verify",
        &raw_file,
        &image,
        "--json",
        "--report",
        &report,
        "--crop-map",
        &map,
    ]);
    let answer = run.json();
    let page = std::fs::read_to_string(&report).unwrap();
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(!page.contains("<script"), "a name is no code");
    assert!(page.contains("a&#60;script&#62;alert(1)"));
    assert!(page.contains("default-src 'none'"));
    for outside in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for hash in ["raw_photo_hash", "image_photo_hash"] {
        assert!(page.contains(answer[hash].as_str().unwrap()));
    }
    let map = image::open(&map).unwrap();
    assert_eq!(
        (map.width(), map.height()),
        (480, 320),
        "the RAW at half size"
    );
    // A picture that was not found has a report too, but no crop map.
    let other = folder.write("b.jpg", jpeg(&picture(&raw(7))));
    let (report, map) = (folder.path("b.html"), folder.path("b.png"));
    let run = photo(&[
        "verify",
        &raw_file,
        &other,
        "--report",
        &report,
        "--crop-map",
        &map,
    ]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        std::fs::read_to_string(&report)
            .unwrap()
            .contains("Side by side")
    );
    assert!(
        !PathBuf::from(&map).exists() && run.stderr.contains("no crop map"),
        "{run:?}"
    );
}

#[test]
fn what_cannot_be_read_is_named_and_undecided() {
    let folder = Folder::new();
    let original = raw(8);
    let bytes = original.to_bytes();
    let raw_file = folder.write("a.dng", bytes.clone());
    let shown = jpeg(&picture(&original));
    let image = folder.write("a.jpg", shown.clone());
    let cut = folder.write("cut.dng", bytes[..200].to_vec());
    let empty = folder.write("empty.jpg", Vec::new());
    let text = folder.write("text.jpg", b"no picture at all".to_vec());
    let missing = folder.path("missing.dng");
    for (pair, named) in [
        ([&image, &raw_file], "RAW"),        // swapped
        ([&image, &image], "RAW"),           // the same picture twice
        ([&raw_file, &raw_file], "picture"), // the same RAW twice
        ([&cut, &image], "RAW"),
        ([&raw_file, &empty], "picture"),
        ([&raw_file, &text], "picture"),
        ([&missing, &image], "missing.dng"),
    ] {
        let run = photo(&["verify", pair[0], pair[1], "--json"]);
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(
            run.stdout.is_empty() && run.stderr.contains(named),
            "{run:?}"
        );
    }
    // Truncated somewhere in the middle: an error or a verdict, never a crash.
    for part in [shown.len() / 3, shown.len() - 20] {
        let cut = folder.write("cut.jpg", shown[..part].to_vec());
        photo(&["verify", &raw_file, &cut, "--json"]);
    }
    let half = folder.write("half.dng", bytes[..bytes.len() / 2].to_vec());
    photo(&["verify", &half, &image, "--json"]);
}

#[test]
fn one_pixel_says_nothing() {
    let folder = Folder::new();
    let raw_file = folder.write("a.dng", raw(9).to_bytes());
    let image = folder.write("dot.jpg", jpeg(&image::RgbImage::new(1, 1)));
    let report = folder.path("dot.html");
    let run = photo(&["verify", &raw_file, &image, "--json", "--report", &report]);
    let answer = run.json();
    assert_eq!(
        (run.code, &answer["answer"]),
        (Some(3), &json!("cannot_tell"))
    );
    assert_eq!(answer["result"], true, "weak evidence accuses nobody");
    assert!((answer["result_confidence"].as_f64().unwrap() - 0.5).abs() < 0.21);
    assert!(PathBuf::from(report).exists());
}

#[test]
fn names_do_not_matter_and_time_is_limited() {
    let folder = Folder::new();
    let original = raw(10);
    let raw_file = folder.write("a.jpg", original.to_bytes());
    let image = folder.write("b.cr2", jpeg(&picture(&original)));
    let run = photo(&["verify", &raw_file, &image, "--json"]);
    assert_eq!(run.json()["result"], true);
    let run = photo(&["verify", &raw_file, &image, "--time-limit", "0"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("--time-limit"), "{run:?}");
}

#[test]
fn a_raw_is_developed_into_pictures_of_both_depths() {
    let folder = Folder::new();
    let raw_file = folder.write("a.dng", raw(11).to_bytes());
    for (name, depth) in [("a.png", 16), ("a.tif", 16), ("a.jpg", 8)] {
        let out = folder.path(name);
        let run = photo(&["develop", &raw_file, &out, "--json"]);
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(run.json()["width"], 960);
        let bits = |bytes: &[u8]| match name {
            "a.png" => u16::from(bytes[24]),
            _ => depth,
        };
        assert_eq!(bits(&std::fs::read(&out).unwrap()), depth);
    }
    let run = photo(&["develop", &raw_file, &folder.path("a.bmp")]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains(".png"), "{run:?}");
}

#[test]
fn both_kinds_of_files_tell_about_themselves() {
    let folder = Folder::new();
    let original = raw(12);
    let raw_file = folder.write("a.dng", original.to_bytes());
    let image = folder.write("a.jpg", jpeg(&picture(&original)));
    let about = photo(&["info", &raw_file, "--json"]).json();
    assert_eq!(
        (&about["kind"], &about["width"]),
        (&json!("raw"), &json!(960))
    );
    let about = photo(&["info", &image, "--json"]).json();
    assert_eq!(
        (&about["kind"], &about["height"]),
        (&json!("picture"), &json!(640))
    );
    assert!(photo(&["info", &image]).stdout.contains("960 × 640"));
    let text = folder.write("a.txt", b"neither".to_vec());
    let run = photo(&["info", &text]);
    assert_eq!(run.code, Some(3), "{run:?}");
}

/// The one real pair, where the shared data is at hand.
#[test]
fn a_camera_s_own_picture_is_honest() {
    let data = std::env::var_os("PHOTO_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/photo"),
        PathBuf::from,
    );
    let raw = data.join("IMG_5952.CR2");
    if !raw.exists() {
        println!("skipped: no {}", raw.display());
        return;
    }
    let image = data.join("IMG_5952_camera.jpg");
    let run = photo(&[
        "verify",
        raw.to_str().unwrap(),
        image.to_str().unwrap(),
        "--json",
    ]);
    let answer = run.json();
    assert_eq!(
        (run.code, &answer["answer"]),
        (Some(0), &json!("honest")),
        "{answer:#}"
    );
    // It shows the central 3456 × 2304 pixels at half size.
    let scale = answer["rendition_info"]["resize_info"]["width_scale"]
        .as_f64()
        .unwrap();
    assert!((scale - 0.5).abs() < 0.001, "{scale}");
}

#[test]
fn labelled_pairs_are_measured_and_what_is_missing_is_named() {
    let folder = Folder::new();
    let original = raw(1);
    folder.write("a.dng", original.to_bytes());
    folder.write("a.jpg", jpeg(&picture(&original)));
    folder.write("b.jpg", jpeg(&picture(&raw(2))));
    let pair = |id: &str, image: &str, label: &str| json!({"id": id, "raw": "a.dng", "jpeg": image, "label": label, "kind": id, "family": id});
    let pairs = json!({"pairs": [
        pair("export", "a.jpg", "honest"),
        pair("other", "b.jpg", "forged"),
        pair("lost", "gone.jpg", "honest"),
    ]});
    folder.write("manifest.json", pairs.to_string().into_bytes());
    let run = photo(&["calibrate", &folder.path(""), "--json"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let answer = run.json();
    assert_eq!(answer["pairs"], 2, "{answer:#}");
    // two pairs carry no rule: none is made up
    assert_eq!(answer["calibration"]["checks"], json!({}), "{answer:#}");
    assert!(run.stderr.contains("lost"), "{}", run.stderr);
}
