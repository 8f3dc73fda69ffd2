//! Media types as `Content-Type` and OpenAPI's `content` spell them (RFC 9110 §8.3.1).

/// `application/json` of `application/json; charset=utf-8`; empty for none.
pub(super) fn essence(content_type: Option<&str>) -> &str {
    let value = content_type.unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// JSON itself or a `+json` type such as `application/problem+json`.
pub(super) fn is_json(content_type: Option<&str>) -> bool {
    let essence = essence(content_type).to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// Whether a type or range (`image/*`, `*/*`) covers a type.
pub(super) fn covers(range: &str, essence: &str) -> bool {
    let kind = |text: &str| {
        text.split('/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    match self::essence(Some(range)) {
        "*/*" => true,
        range => {
            range.eq_ignore_ascii_case(essence)
                || (range.ends_with("/*") && kind(range) == kind(essence))
        }
    }
}
