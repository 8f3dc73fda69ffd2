//! Schemas of an OpenAPI document, compiled on first use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Draft, Registry, Validator};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The document's name inside the registry; nothing is ever fetched.
const DOCUMENT: &str = "urn:openapi:document";

/// What a JSON pointer needs encoded in a URI fragment; its slashes must stay slashes.
const FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'~')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// Errors shown for one body; the rest are counted.
const SHOWN: usize = 10;

pub(super) struct Schemas {
    draft: Draft,
    registry: Registry<'static>,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    pub(super) fn new(document: Arc<Value>, draft: Draft) -> Result<Self, String> {
        let registry = Registry::new()
            .draft(draft)
            .add(DOCUMENT, document)
            .and_then(jsonschema::RegistryBuilder::prepare)
            .map_err(|e| e.to_string())?;
        Ok(Self {
            draft,
            registry,
            compiled: Mutex::default(),
        })
    }

    /// Checks JSON text against the schema at a JSON pointer of the document.
    pub(super) fn check(&self, pointer: &str, body: &[u8]) -> Result<(), String> {
        validate(&*self.validator(pointer)?, body)
    }

    pub(super) fn validator(&self, pointer: &str) -> Result<Arc<Validator>, String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(pointer) {
            return Ok(Arc::clone(validator));
        }
        let fragment = utf8_percent_encode(pointer, FRAGMENT);
        let validator = jsonschema::options()
            .with_draft(self.draft)
            .with_registry(&self.registry)
            .should_validate_formats(true)
            .should_ignore_unknown_formats(true)
            .build(&json!({ "$ref": format!("{DOCUMENT}#{fragment}") }))
            .map_err(|e| format!("the schema at {pointer} does not compile: {e}"))?;
        let validator = Arc::new(validator);
        compiled.insert(pointer.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }
}

/// Checks JSON text against a schema of our own.
pub(super) fn check_against(schema: &Value, body: &[u8]) -> Result<(), String> {
    let validator = jsonschema::draft202012::new(schema).map_err(|e| e.to_string())?;
    validate(&validator, body)
}

fn validate(validator: &Validator, body: &[u8]) -> Result<(), String> {
    let instance: Value = serde_json::from_slice(body)
        .map_err(|e| format!("the body is not JSON ({e}): {}", excerpt(body)))?;
    let errors: Vec<String> = validator
        .iter_errors(&instance)
        .map(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            path => format!("{path}: {error}"),
        })
        .collect();
    if errors.is_empty() {
        return Ok(());
    }
    let more = match errors.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    let shown = errors.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    Err(format!(
        "the body does not fit the schema:\n  {}{more}\n  body: {}",
        shown.join("\n  "),
        excerpt(body)
    ))
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", text.split_at(end).0),
        None => text.into_owned(),
    }
}

/// The JSON Schema draft of an OpenAPI version, after bringing 3.0's own words into it.
pub(super) fn dialect(version: &str, document: &mut Value) -> Result<Draft, String> {
    if version.starts_with("3.1.") {
        Ok(Draft::Draft202012)
    } else if version.starts_with("3.0.") {
        replace_nullable(document);
        Ok(Draft::Draft4)
    } else {
        Err(format!(
            "OpenAPI version {version:?} is neither 3.0 nor 3.1"
        ))
    }
}

/// `nullable: true` beside anything, `$ref` included, means "that, or null".
fn replace_nullable(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(replace_nullable),
        Value::Object(members) => {
            members.values_mut().for_each(replace_nullable);
            if members.remove("nullable") == Some(Value::Bool(true)) {
                *value = json!({ "anyOf": [value.take(), { "type": "null" }] });
            }
        }
        _ => {}
    }
}

/// The value at a JSON pointer, and the pointer itself, after following local references; null
/// where there is nothing.
pub(super) fn follow(document: &Value, mut pointer: String) -> (String, &Value) {
    // A reference may lead to another one; a circle ends as nothing.
    for _ in 0..16 {
        let value = document.pointer(&pointer).unwrap_or(&Value::Null);
        match value["$ref"].as_str().and_then(|r| r.strip_prefix('#')) {
            Some(target) => pointer = target.to_owned(),
            None => return (pointer, value),
        }
    }
    (pointer, &Value::Null)
}

/// A key as a segment of a JSON pointer (RFC 6901 §3).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
