//! Conformance with an OpenAPI 3.0 or 3.1 document: which operations it has, and whether a response
//! or a request body is one that it allows.
//!
//! Where it helps a reader, comments cite `contracts/rules.md` (A5, C, …), which says what holds
//! where the five contracts disagree with each other or with themselves.

mod documents;
mod media_type;
mod routes;
mod schema;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub use documents::{content, music, org, photo, publish, registry};
pub use routes::{assert_routes, check_routes};

use media_type::{covers, essence, is_json};
use schema::Schemas;

/// Parameters whose values contain slashes (A6); each ends its template.
const MULTI_SEGMENT: &[&str] = &["{storage_key}", "{path}"];

/// One operation of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Upper case.
    pub method: String,
    /// As the document spells it, without the server's base path.
    pub path_template: String,
    /// Empty where the document names none.
    pub operation_id: String,
    pointer: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path_template)
    }
}

/// What holds for a contract although its document does not say so.
#[derive(Debug, Clone)]
pub struct Quirks {
    /// Statuses that any operation may answer with although the document does not list them there.
    pub undocumented_statuses: &'static [u16],
    /// JSON Schema of an error's body where the document gives none: the contract's envelope (C).
    pub error_schema: Value,
    /// Media types, ranges allowed, that an operation may answer with beside the documented ones.
    pub media_types: fn(&Operation) -> &'static [&'static str],
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            undocumented_statuses: &[],
            error_schema: Value::Bool(true),
            media_types: |_| &[],
        }
    }
}

/// An OpenAPI document, ready to check traffic against. Schemas are compiled on first use and kept.
pub struct Contract {
    document: Arc<Value>,
    base_path: String,
    operations: Vec<Operation>,
    schemas: Schemas,
    quirks: Quirks,
}

impl Contract {
    /// Reads a document.
    ///
    /// # Errors
    /// Text that is not JSON, or a version other than 3.0 and 3.1.
    pub fn parse(json: &str) -> Result<Self, String> {
        let mut document: Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
        let version = document.get("openapi").and_then(Value::as_str);
        let version = version.unwrap_or_default().to_owned();
        let draft = schema::dialect(&version, &mut document)?;
        let document = Arc::new(document);
        Ok(Self {
            base_path: base_path(&document),
            operations: operations(&document),
            schemas: Schemas::new(Arc::clone(&document), draft)?,
            document,
            quirks: Quirks::default(),
        })
    }

    /// Allows what this contract is known to do beyond its document.
    #[must_use]
    pub fn with_quirks(self, quirks: Quirks) -> Self {
        Self { quirks, ..self }
    }

    /// Every operation, in the order of the paths' text.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The path of the document's first server, `/api/ext` for example; empty for the root. The
    /// concrete paths given to the methods below begin with it.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The operation that a request reaches. As in our router, the path is decided before the
    /// method and a literal segment beats a parameter (A5); a query is ignored, and so is a slash at
    /// the end (A7).
    pub fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let template = self.template(path)?;
        self.operations
            .iter()
            .find(|o| o.path_template == template && o.method.eq_ignore_ascii_case(method))
    }

    /// Whether the document has this path, with whatever methods.
    pub fn has_path(&self, path: &str) -> bool {
        self.template(path).is_some()
    }

    /// Checks a response: its status is documented (or one of the [`Quirks`]), its content type is
    /// declared, its JSON is valid against the schema. An error for which the document gives no
    /// schema has the contract's error envelope. A method that a known path lacks is 405. `HEAD` is
    /// `GET` without a body. `OPTIONS` is a CORS preflight, of which documents say nothing.
    ///
    /// # Errors
    /// What is wrong, for a person to read. A path outside the document is wrong, too.
    pub fn check_response(
        &self,
        method: &str,
        path: &str,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), String> {
        let Some(template) = self.template(path) else {
            return Err(format!("{method} {path}: the document has no such path"));
        };
        let head = method.eq_ignore_ascii_case("HEAD");
        let result = match self.find(if head { "GET" } else { method }, path) {
            Some(operation) if head => match self.response(operation, status) {
                _ if !body.is_empty() => Err("a response to HEAD has no body".to_owned()),
                response => response.map(drop),
            },
            Some(operation) => self.check_operation(operation, status, content_type, body),
            None if method.eq_ignore_ascii_case("OPTIONS") && status < 300 => Ok(()),
            None if status == 405 => self.check_error(content_type, body),
            None => Err(format!("{template} has no such method, which is 405")),
        };
        result.map_err(|reason| format!("{method} {path} answered {status}: {reason}"))
    }

    /// Checks a request body that the contract is meant to accept: present where required, of a
    /// declared content type, and valid against the schema if it is JSON (forms are not looked
    /// into).
    ///
    /// # Errors
    /// What is wrong, for a person to read. An operation outside the document is wrong, too.
    pub fn check_request(
        &self,
        method: &str,
        path: &str,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), String> {
        let fault = |reason: String| format!("{method} {path}: {reason}");
        let operation = self
            .find(method, path)
            .ok_or_else(|| fault("the document has no such operation".to_owned()))?;
        let (pointer, request) =
            schema::follow(&self.document, format!("{}/requestBody", operation.pointer));
        if body.is_empty() {
            return if request["required"] == true {
                Err(fault("the request body is required".to_owned()))
            } else {
                Ok(())
            };
        }
        if request.is_null() {
            return Err(fault("the operation takes no request body".to_owned()));
        }
        self.declared(&pointer, request, content_type)
            .and_then(|schema| match schema {
                Some(schema) if is_json(content_type) => self.schemas.check(&schema, body),
                _ => Ok(()),
            })
            .map_err(fault)
    }

    fn check_operation(
        &self,
        operation: &Operation,
        status: u16,
        content_type: Option<&str>,
        body: &[u8],
    ) -> Result<(), String> {
        let response = self.response(operation, status)?;
        // A page's errors are pages; everything else's have the envelope.
        let mut undeclared = (self.quirks.media_types)(operation).iter();
        if undeclared.any(|range| {
            covers(range, essence(content_type)) && (status < 400 || *range == "text/html")
        }) {
            return Ok(());
        }
        let Some((pointer, response)) = response else {
            return match status {
                300..400 if body.is_empty() => Ok(()),
                _ => self.check_error(content_type, body),
            };
        };
        let has_content = response["content"]
            .as_object()
            .is_some_and(|c| !c.is_empty());
        match status {
            204 | 304 if !body.is_empty() => Err("the body must be empty".to_owned()),
            300..400 if body.is_empty() => Ok(()),
            400.. if !has_content => self.check_error(content_type, body),
            _ if !has_content => Ok(()),
            _ => match self.declared(&pointer, response, content_type)? {
                Some(schema) if is_json(content_type) => self.schemas.check(&schema, body),
                None if status >= 400 => self.check_error(content_type, body),
                _ => Ok(()),
            },
        }
    }

    /// The documented response and its pointer; `None` for a status that only the quirks allow.
    fn response(
        &self,
        operation: &Operation,
        status: u16,
    ) -> Result<Option<(String, &Value)>, String> {
        let responses = &self
            .document
            .pointer(&operation.pointer)
            .unwrap_or(&Value::Null)["responses"];
        let range = format!("{}XX", status / 100);
        let key = [status.to_string(), range, "default".to_owned()]
            .into_iter()
            .find(|key| responses.get(key).is_some());
        match key {
            Some(key) => Ok(Some(schema::follow(
                &self.document,
                format!("{}/responses/{key}", operation.pointer),
            ))),
            None if self.quirks.undocumented_statuses.contains(&status) => Ok(None),
            None => {
                let documented = keys(responses).join(", ");
                Err(format!(
                    "the status is not documented; {operation} has {documented}"
                ))
            }
        }
    }

    /// The pointer to the schema declared for this content type, if a schema is given.
    fn declared(
        &self,
        pointer: &str,
        owner: &Value,
        content_type: Option<&str>,
    ) -> Result<Option<String>, String> {
        let essence = essence(content_type);
        let content = &owner["content"];
        // A type beats a range that covers it.
        let declared = keys(content)
            .into_iter()
            .filter(|range| covers(range, essence))
            .min_by_key(|range| range.matches('*').count());
        match declared {
            Some(range) => Ok(content[range]
                .get("schema")
                .map(|_| format!("{pointer}/content/{}/schema", schema::escape(range)))),
            None => Err(format!(
                "content type {:?} is not declared; declared are {}",
                content_type.unwrap_or("none"),
                keys(content).join(", ")
            )),
        }
    }

    fn check_error(&self, content_type: Option<&str>, body: &[u8]) -> Result<(), String> {
        if !is_json(content_type) {
            return Err(format!(
                "an error has the contract's JSON envelope, not content type {:?}",
                content_type.unwrap_or("none")
            ));
        }
        schema::check_against(&self.quirks.error_schema, body)
    }

    /// The path template that a concrete path matches: the most literal one, from the left.
    fn template(&self, path: &str) -> Option<&str> {
        let path = path.split(['?', '#']).next()?;
        let path = path.strip_prefix(self.base_path.as_str())?;
        self.operations
            .iter()
            .map(|o| o.path_template.as_str())
            .filter_map(|template| Some((match_path(template, path)?, template)))
            .min()
            .map(|(_, template)| template)
    }
}

/// How a segment of a template matched; the smaller wins.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal,
    Parameter,
    Rest,
}

fn match_path(template: &str, path: &str) -> Option<Vec<Segment>> {
    let mut path = segments(path)?;
    let mut matched = Vec::new();
    for segment in segments(template)? {
        let value = path.next()?;
        matched.push(if MULTI_SEGMENT.contains(&segment) && !value.is_empty() {
            path.by_ref().for_each(drop);
            Segment::Rest
        } else if segment.starts_with('{') && !value.is_empty() {
            Segment::Parameter
        } else if segment == value {
            Segment::Literal
        } else {
            return None;
        });
    }
    path.next().is_none().then_some(matched)
}

fn segments(path: &str) -> Option<std::str::Split<'_, char>> {
    let path = path.strip_prefix('/')?;
    Some(path.strip_suffix('/').unwrap_or(path).split('/'))
}

/// The member names of an object; none of anything else.
fn keys(value: &Value) -> Vec<&str> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, _)| key.as_str()).collect()
}

fn base_path(document: &Value) -> String {
    let url = document.pointer("/servers/0/url").and_then(Value::as_str);
    let url = url.unwrap_or_default();
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme
        .find('/')
        .map_or("", |start| &after_scheme[start..]);
    path.trim_end_matches('/').to_owned()
}

fn operations(document: &Value) -> Vec<Operation> {
    const METHODS: [&str; 8] = [
        "get", "put", "post", "delete", "options", "head", "patch", "trace",
    ];
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path_template: path.clone(),
                    operation_id: operation["operationId"]
                        .as_str()
                        .unwrap_or_default()
                        .to_owned(),
                    pointer: format!("/paths/{}/{method}", schema::escape(path)),
                });
            }
        }
    }
    operations
}

#[cfg(test)]
mod tests;
