//! The canonical spellings of JSON that signatures cover.
//!
//! They differ in small ways that change every signature, and each contract has its
//! own, so that there is deliberately no single `canonicalise`:
//!
//! | function | who signs it | member order | strings | numbers |
//! |---|---|---|---|---|
//! | [`rfc8785`] | log entries, certificates, revocations, tree heads | UTF-16 units | raw | ECMAScript |
//! | [`certivu_escaped`] | Certivu's Python client | code points | ASCII only | as written |
//! | [`certivu_raw`] | Certivu's JavaScript client | UTF-16 units | raw | as written |
//! | [`trackorigin_manifest`] | TrackOrigin certificate manifests | code points | raw | as written |

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::json::Value;

/// RFC 8785, the JSON Canonicalization Scheme.
#[must_use]
pub fn rfc8785(value: &Value) -> String {
    write_document(
        value,
        &Spelling {
            order: by_utf16,
            ascii_only: false,
            ecmascript_numbers: true,
        },
    )
}

/// What Python writes for `json.dumps(value, sort_keys=True, separators=(",", ":"))`:
/// sorted, compact, every character beyond printable ASCII as `\uXXXX`.
#[must_use]
pub fn certivu_escaped(value: &Value) -> String {
    write_document(
        value,
        &Spelling {
            order: Ord::cmp,
            ascii_only: true,
            ecmascript_numbers: false,
        },
    )
}

/// What JavaScript writes for `JSON.stringify(value, Object.keys(value).sort())`, except
/// that members of nested objects are kept, sorted too, where that call would drop them.
#[must_use]
pub fn certivu_raw(value: &Value) -> String {
    write_document(
        value,
        &Spelling {
            order: by_utf16,
            ascii_only: false,
            ecmascript_numbers: false,
        },
    )
}

/// What Python writes for
/// `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)`.
#[must_use]
pub fn trackorigin_manifest(value: &Value) -> String {
    write_document(
        value,
        &Spelling {
            order: Ord::cmp,
            ascii_only: false,
            ecmascript_numbers: false,
        },
    )
}

struct Spelling {
    order: fn(&str, &str) -> Ordering,
    ascii_only: bool,
    ecmascript_numbers: bool,
}

fn by_utf16(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

fn write_document(value: &Value, spelling: &Spelling) -> String {
    let mut out = String::new();
    write_value(value, spelling, &mut out);
    out
}

fn write_value(value: &Value, spelling: &Spelling, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) if spelling.ecmascript_numbers => {
            out.push_str(ryu_js::Buffer::new().format(number.as_f64()));
        }
        Value::Number(number) => out.push_str(number.as_str()),
        Value::String(text) => write_string(text, spelling, out),
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_value(item, spelling, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| (spelling.order)(a, b));
            out.push('{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    out.push(',');
                }
                write_string(name, spelling, out);
                out.push(':');
                write_value(member, spelling, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, spelling: &Spelling, out: &mut String) {
    let special =
        |c: char| matches!(c, '"' | '\\' | '\0'..='\u{1f}') || spelling.ascii_only && c >= '\u{7f}';
    out.push('"');
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| special(*c)) {
        let (run, tail) = rest.split_at(at);
        out.push_str(run);
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => write_escape(c, out),
        }
        rest = tail.get(c.len_utf8()..).unwrap_or_default();
    }
    out.push_str(rest);
    out.push('"');
}

fn write_escape(c: char, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String cannot fail.
        let _ = write!(out, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::json::parse_str;

    /// One document in which all four spellings differ from each other.
    #[test]
    fn the_four_spellings_differ_where_they_should() {
        let value = parse_str("{\"\u{1f600}\":1.0,\"\u{e000}\":\"\u{7f}é\\u2028\"}").unwrap();
        assert_eq!(
            rfc8785(&value),
            "{\"\u{1f600}\":1,\"\u{e000}\":\"\u{7f}é\u{2028}\"}"
        );
        assert_eq!(
            certivu_escaped(&value),
            r#"{"\ue000":"\u007f\u00e9\u2028","\ud83d\ude00":1.0}"#
        );
        assert_eq!(
            certivu_raw(&value),
            "{\"\u{1f600}\":1.0,\"\u{e000}\":\"\u{7f}é\u{2028}\"}"
        );
        assert_eq!(
            trackorigin_manifest(&value),
            "{\"\u{e000}\":\"\u{7f}é\u{2028}\",\"\u{1f600}\":1.0}"
        );
    }

    #[test]
    fn control_characters_are_escaped_in_lower_case() {
        let value = parse_str(r#""\u0000\u001F\b\f\n\r\t\"\\\/""#).unwrap();
        for spell in [rfc8785, certivu_escaped, certivu_raw, trackorigin_manifest] {
            assert_eq!(spell(&value), r#""\u0000\u001f\b\f\n\r\t\"\\/""#);
        }
    }
}
