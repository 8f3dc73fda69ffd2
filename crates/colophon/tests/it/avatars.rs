//! An avatar is what is to be seen in the file, and nothing else that was in it.

use std::io::Cursor;

use colophon_testkit::{Answer, Person, Server};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

use crate::on_every_database;

fn upload(server: &Server, person: &Person, content_type: &str, file: &[u8]) -> Answer {
    let head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../me.php\"\r\nContent-Type: {content_type}\r\n\r\n"
    );
    let body = [head.as_bytes(), file, b"\r\n--b--\r\n"].concat();
    let request = person.request("POST", "/v1/me/avatar");
    server.send(&request.body("multipart/form-data; boundary=b", body))
}

/// The picture behind the link of an answer, as a browser gets it.
fn seen(server: &Server, answer: &Answer) -> (Vec<u8>, RgbImage) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let url = answer.json()["avatar_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(&server.url()).unwrap();
    let file = server.get(path);
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), Some("image/jpeg"));
    assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
    let picture = image::load_from_memory_with_format(&file.body, ImageFormat::Jpeg).unwrap();
    assert_eq!((picture.width(), picture.height()), (512, 512));
    (file.body, picture.to_rgb8())
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];
const GREY: [u8; 3] = [128, 128, 128];

/// Red above left, green above right, blue below left, grey below right.
fn quarters(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (x < width / 2, y < height / 2) {
            (true, true) => RED,
            (false, true) => GREEN,
            (true, false) => BLUE,
            (false, false) => GREY,
        })
    })
    .into()
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The colours above left and above right.
fn corners(picture: &RgbImage) -> [[u8; 3]; 2] {
    [(40, 40), (470, 40)].map(|(x, y)| {
        let Rgb(pixel) = *picture.get_pixel(x, y);
        let near = |colour: [u8; 3]| {
            pixel
                .iter()
                .zip(colour)
                .all(|(one, other)| one.abs_diff(other) < 40)
        };
        let found = [RED, GREEN, BLUE, GREY]
            .into_iter()
            .find(|colour| near(*colour));
        found.unwrap_or(pixel)
    })
}

/// A JPEG with more segments before everything else.
fn with_segments(jpeg: &[u8], segments: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut all = jpeg[..2].to_vec();
    for (marker, body) in segments {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        all.extend([&[0xff, *marker], &length[..], body].concat());
    }
    [&all, &jpeg[2..]].concat()
}

/// EXIF with an orientation and a name in it.
fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0]);
    tiff.extend(b"\x3b\x01\x02\0\x0b\0\0\0\x26\0\0\0\0\0\0\0SECRETNAME\0");
    [b"Exif\0\0".as_slice(), &tiff].concat()
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let checked = [kind.as_slice(), body].concat();
    let sum = crc32fast::hash(&checked).to_be_bytes();
    [&length[..], &checked, &sum].concat()
}

#[test]
fn a_picture_is_shown_as_its_orientation_says_and_without_what_else_it_carried() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let plain = file(&quarters(600, 600), ImageFormat::Jpeg);
        // TIFF 6.0, Orientation: where row 0 and column 0 of the file are.
        for (orientation, above) in [
            (1, [RED, GREEN]),
            (2, [GREEN, RED]),
            (3, [GREY, BLUE]),
            (4, [BLUE, GREY]),
            (5, [RED, BLUE]),
            (6, [BLUE, RED]),
            (7, [GREY, GREEN]),
            (8, [GREEN, GREY]),
        ] {
            let segments = [
                (0xe1, exif(orientation)),
                (
                    0xe1,
                    b"http://ns.adobe.com/xap/1.0/\0<x>SECRETNAME</x>".to_vec(),
                ),
                (0xe2, b"ICC_PROFILE\0\x01\x01SECRETNAME".to_vec()),
                (0xed, b"Photoshop 3.0\0SECRETNAME".to_vec()),
                (0xfe, b"SECRETNAME <script>alert(1)</script>".to_vec()),
            ];
            let answer = upload(&app, &ada, "image/jpeg", &with_segments(&plain, &segments));
            let (bytes, picture) = seen(&app, &answer);
            assert_eq!(corners(&picture), above, "{orientation}");
            for trace in [
                b"SECRETNAME".as_slice(),
                b"Exif",
                b"<script>",
                b"http:",
                b"ICC_",
            ] {
                assert!(!bytes.windows(trace.len()).any(|window| window == trace));
            }
        }
    });
}

#[test]
fn the_middle_is_shown_whatever_the_format_and_whatever_it_calls_itself() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        // The outer thirds are grey: gone.
        let wide: DynamicImage = RgbImage::from_fn(900, 300, |x, _| {
            Rgb(match x {
                300..450 => RED,
                450..600 => GREEN,
                _ => GREY,
            })
        })
        .into();
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            for lie in [
                "image/jpeg",
                "text/html",
                "application/x-php",
                "image/svg+xml",
            ] {
                let answer = upload(&app, &ada, lie, &file(&wide, format));
                let (_, picture) = seen(&app, &answer);
                assert_eq!(corners(&picture), [RED, GREEN], "{format:?} {lie}");
            }
        }
        // A line of one pixel is a picture too.
        let answer = upload(
            &app,
            &ada,
            "image/png",
            &file(&quarters(1, 5_000), ImageFormat::Png),
        );
        seen(&app, &answer);
    });
}

#[test]
fn what_is_no_still_picture_of_bounded_size_is_refused_and_the_old_one_stays() {
    on_every_database(|app| {
        let ada = app.person("Ada");
        let jpeg = file(&quarters(64, 64), ImageFormat::Jpeg);
        let png = file(&quarters(64, 64), ImageFormat::Png);
        let webp = file(&quarters(64, 64), ImageFormat::WebP);
        let (before, _) = seen(&app, &upload(&app, &ada, "image/jpeg", &jpeg));

        // A kilobyte that says it is 100,000 pixels wide and high: 40 GB in memory.
        let size = [100_000u32.to_be_bytes(), 100_000u32.to_be_bytes()].concat();
        let header = chunk(b"IHDR", &[&size[..], &[8, 6, 0, 0, 0]].concat());
        let bomb = [
            &png[..8],
            &header,
            &chunk(b"IDAT", &[0; 900]),
            &chunk(b"IEND", b""),
        ]
        .concat();
        let control = chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]);
        let moving_png = [&png[..33], &control, &png[33..]].concat();
        let mut moving_webp = b"RIFF\x1a\0\0\0WEBPANIM\x06\0\0\0\0\0\0\0\0\0".to_vec();
        moving_webp[4] = u8::try_from(moving_webp.len() - 8).unwrap();
        let mut large_jpeg = jpeg.clone();
        let frame = jpeg
            .windows(2)
            .position(|pair| pair == [0xff, 0xc0])
            .unwrap();
        large_jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        let zip = b"PK\x03\x04\x14\0\0\0\0\0";
        let html = b"<html><script>alert(1)</script>";
        for (what, bytes) in [
            ("a bomb", bomb),
            ("65535 x 65535", large_jpeg),
            ("an animated PNG", moving_png),
            ("an animated WebP", moving_webp),
            ("a GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec()),
            (
                "an SVG",
                b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
            ),
            ("a page", html.to_vec()),
            ("nothing", Vec::new()),
            ("a JPEG and a ZIP", [&jpeg[..], zip].concat()),
            ("a JPEG and a page", [&jpeg[..], html].concat()),
            ("a PNG and a page", [&png[..], html].concat()),
            ("a WebP and a page", [&webp[..], html].concat()),
            ("half a JPEG", jpeg[..jpeg.len() / 2].to_vec()),
            ("half a PNG", png[..png.len() / 2].to_vec()),
            ("half a WebP", webp[..webp.len() / 2].to_vec()),
            ("a JPEG's first bytes", vec![0xff, 0xd8, 0xff, 0xe0]),
            ("noise", (0..=255).cycle().take(10_000).collect()),
        ] {
            let answer = upload(&app, &ada, "image/jpeg", &bytes);
            assert_eq!(answer.status, 422, "{what}: {}", answer.text());
            let fault = answer.json();
            assert_eq!(fault["detail"][0]["loc"][1], "file", "{what}");
        }
        let answer = upload(&app, &ada, "image/jpeg", &vec![0; (10 << 20) + 1]);
        assert_eq!(answer.status, 413, "{}", answer.text());
        let other = ada.request("POST", "/v1/me/avatar").json("{}");
        assert_eq!(app.send(&other).status, 415);

        let answer = app.send(&ada.request("GET", "/v1/me"));
        assert_eq!(seen(&app, &answer).0, before);
        let answer = app.send(&ada.request("DELETE", "/v1/me/avatar"));
        assert_eq!(answer.json()["avatar_url"], serde_json::Value::Null);
    });
}
