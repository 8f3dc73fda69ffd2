//! What every page promises, whatever it shows: it renders, escapes what it is given, keeps the
//! content security policy and reaches only files that exist.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod console;
mod people;
mod sample;

use std::collections::BTreeSet;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    response::Response,
};
use colophon_pages::{CONTENT_SECURITY_POLICY, asset_routes, asset_url};
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Every page with every text hostile.
fn every_page() -> Vec<(&'static str, Response)> {
    let mut pages = console::pages();
    pages.extend(people::pages());
    pages
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn get_asset(uri: &str, if_none_match: Option<&str>) -> Response {
    let mut request = Request::get(uri);
    if let Some(tag) = if_none_match {
        request = request.header(header::IF_NONE_MATCH, tag);
    }
    let router: Router = asset_routes().into_router();
    router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    response
        .headers()
        .get(name)
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn hostile_text_stays_text_on_every_page() {
    for (name, response) in every_page() {
        assert_ne!(
            response.status(),
            StatusCode::INTERNAL_SERVER_ERROR,
            "{name}"
        );
        let html = text(response).await;
        assert!(
            !html.contains("<script>alert"),
            "{name}: a tag came through"
        );
        assert!(
            !html.contains("\"' onfocus"),
            "{name}: an attribute was broken out of"
        );
        assert!(
            html.contains("&#60;script&#62;"),
            "{name}: the text is missing"
        );
    }
}

#[tokio::test]
async fn every_page_keeps_the_policy_it_sends() {
    for (name, response) in every_page() {
        assert_eq!(
            header_of(&response, header::CONTENT_SECURITY_POLICY),
            CONTENT_SECURITY_POLICY
        );
        assert_eq!(
            header_of(&response, header::X_CONTENT_TYPE_OPTIONS),
            "nosniff"
        );
        assert_eq!(
            header_of(&response, header::CONTENT_TYPE),
            "text/html; charset=utf-8"
        );
        let html = text(response).await;
        assert!(!html.contains(" style="), "{name}: an inline style");
        assert!(!html.contains("<style"), "{name}: an inline style sheet");
        for script in html.split("<script").skip(1) {
            assert!(
                script.starts_with(" src=\"/assets/") || script.contains("src=\"/assets/"),
                "{name}"
            );
            assert!(script.contains("></script>"), "{name}: an inline script");
        }
    }
}

#[tokio::test]
async fn the_console_is_never_cached() {
    for (name, response) in every_page() {
        let is_public = ["home", "empty home", "verify", "developers"].contains(&name);
        let expected = if is_public { "no-cache" } else { "no-store" };
        assert_eq!(
            header_of(&response, header::CACHE_CONTROL),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn every_form_carries_the_token_and_every_field_a_label() {
    for (name, response) in every_page() {
        let html = text(response).await;
        for form in html
            .split("<form")
            .skip(1)
            .filter(|form| form.contains("method=\"post\""))
        {
            let form = form.split("</form>").next().unwrap();
            assert!(form.contains("name=\"csrf\""), "{name}: {form}");
        }
        let ids: BTreeSet<&str> = html
            .split(" id=\"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(
            html.matches(" id=\"").count(),
            ids.len(),
            "{name}: an id is used twice"
        );
        for wanted in ["<label for=\"", "aria-labelledby=\"", "aria-describedby=\""] {
            for rest in html.split(wanted).skip(1) {
                for id in rest.split('"').next().unwrap().split(' ') {
                    assert!(ids.contains(id), "{name}: {wanted}{id} points nowhere");
                }
            }
        }
        assert!(
            html.contains("<main id=\"main\"") && html.contains("class=\"skip-link\""),
            "{name}"
        );
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
    }
}

#[tokio::test]
async fn every_asset_a_page_names_exists_and_may_be_kept_for_ever() {
    let mut named = BTreeSet::new();
    for (_, response) in every_page() {
        let html = text(response).await;
        named.extend(
            html.split("\"/assets/")
                .skip(1)
                .map(|rest| rest.split('"').next().unwrap().to_owned()),
        );
    }
    assert!(named.len() >= 7);
    for path in named {
        let response = get_asset(&format!("/assets/{path}"), None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        if path.contains("?v=") {
            assert_eq!(
                header_of(&response, header::CACHE_CONTROL),
                "public, max-age=31536000, immutable"
            );
        }
    }
}

#[tokio::test]
async fn every_import_and_style_reference_leads_to_a_file() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let mut pending = vec![root];
    let mut checked = 0;
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let Some(extension) = path.extension().and_then(|extension| extension.to_str()) else {
                continue;
            };
            if !["js", "css"].contains(&extension) {
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let code: String = source
                .lines()
                .filter(|line| {
                    !line.trim_start().starts_with('*') && !line.trim_start().starts_with("//")
                })
                .collect::<Vec<_>>()
                .join("\n");
            for marker in [" from '", " from \"", "import('", "url(\"", "new URL('"] {
                for rest in code.split(marker).skip(1) {
                    let target = rest.split(['\'', '"']).next().unwrap();
                    if target.starts_with('.') {
                        assert!(
                            path.parent().unwrap().join(target).is_file(),
                            "{}: {target}",
                            path.display()
                        );
                        checked += 1;
                    }
                }
            }
        }
    }
    assert!(checked > 40, "only {checked} references found");
}

#[tokio::test]
async fn assets_revalidate_by_tag_and_refuse_paths_outside() {
    let path = "/assets/js/verify/merkle.js";
    let first = get_asset(path, None).await;
    assert_eq!(
        header_of(&first, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(header_of(&first, header::CACHE_CONTROL), "no-cache");
    let tag = header_of(&first, header::ETAG);
    assert!(!tag.starts_with("W/"));

    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"other\", {tag}"),
        "*".into(),
    ] {
        let again = get_asset(path, Some(&known)).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header_of(&again, header::ETAG), tag);
        assert!(text(again).await.is_empty());
    }
    assert_eq!(
        get_asset(path, Some("\"other\"")).await.status(),
        StatusCode::OK
    );
    let stale = get_asset(&format!("{path}?v=0000000000000000"), None).await;
    assert_eq!(
        header_of(&stale, header::CACHE_CONTROL),
        "no-cache",
        "an old page must not pin new content"
    );

    for outside in [
        "/assets/nothing.js",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/js/%2e%2e/%2e%2e/src/lib.rs",
        "/assets//etc/passwd",
        "/assets/js",
    ] {
        assert_eq!(
            get_asset(outside, None).await.status(),
            StatusCode::NOT_FOUND,
            "{outside}"
        );
    }
    assert_eq!(asset_url("nothing.js"), "/assets/nothing.js");
}
