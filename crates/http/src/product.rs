//! Which product a path belongs to, and how that product spells a refusal.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use colophon_core::{Error, Kind};

use crate::{RequestId, status};

/// A refusal and what its envelope may depend on.
#[derive(Debug)]
pub struct Refused<'a> {
    /// What happened. Its cause is in the log already and must not be sent.
    pub error: &'a Error,
    /// The usual status of its kind; a product may document another.
    pub status: StatusCode,
    /// The name of the request.
    pub request_id: &'a RequestId,
    /// The method that was asked for.
    pub method: &'a Method,
    /// The path that was asked for.
    pub path: &'a str,
    /// The client's `Accept`, or nothing.
    pub accept: &'a str,
}

/// Writes a refusal: status, body and its content type, and headers that only this product has.
///
/// `X-Request-ID`, `Retry-After`, `Allow` and the rate headers come with every answer already.
pub type Render = fn(&Refused<'_>) -> Response;

/// One contract on this server.
#[derive(Clone, Debug)]
pub struct Product {
    /// Its name in logs and in the scope of idempotency keys.
    pub name: &'static str,
    /// Where it is mounted besides the root, such as `/trackorigin`.
    pub prefixes: &'static [&'static str],
    /// Every path template of its document, as mounted on the root.
    pub paths: Vec<String>,
    /// Its error envelope.
    pub render: Render,
    /// The header that marks a replayed answer.
    pub replay_header: HeaderName,
}

/// A product's path template that cannot be told from another one.
#[derive(Debug, thiserror::Error)]
#[error("{product}: {path}: {source}")]
pub struct BadTemplate {
    /// The product's name.
    pub product: &'static str,
    /// The template.
    pub path: String,
    source: matchit::InsertError,
}

/// Every product of this server, by path.
#[derive(Clone, Debug)]
pub struct Products {
    products: Vec<Arc<Product>>,
    templates: matchit::Router<usize>,
    /// Literal beginnings of templates, of two segments or more.
    beginnings: HashMap<String, usize>,
    fallback: Render,
}

impl Products {
    /// A table of products; `fallback` answers for paths that belong to none.
    ///
    /// Where two products share a literal beginning (`/v1/public`), unknown paths below it are
    /// answered by the product that stands first.
    ///
    /// # Errors
    /// [`BadTemplate`] for a template that is malformed or overlaps another one.
    pub fn new(products: Vec<Product>, fallback: Render) -> Result<Self, BadTemplate> {
        let mut templates = matchit::Router::new();
        let mut beginnings = HashMap::new();
        let mut seen = HashMap::new();
        for (number, product) in products.iter().enumerate() {
            for path in &product.paths {
                let path = without_trailing_slash(path);
                // A document may list a path with and without its trailing slash.
                if seen.insert(path, number) == Some(number) {
                    continue;
                }
                templates
                    .insert(path, number)
                    .map_err(|source| BadTemplate {
                        product: product.name,
                        path: path.to_owned(),
                        source,
                    })?;
                let literal = path
                    .find("/{")
                    .map_or(path, |at| path.get(..at).unwrap_or(path));
                for beginning in beginnings_of(literal) {
                    beginnings.entry(beginning.to_owned()).or_insert(number);
                }
            }
        }
        let products = products.into_iter().map(Arc::new).collect();
        Ok(Self {
            products,
            templates,
            beginnings,
            fallback,
        })
    }

    /// The product of a path: by its prefix, else by its template, else by the longest literal
    /// beginning of two segments or more that it shares with a template.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Arc<Product>> {
        let path = without_trailing_slash(path);
        let below = |prefix: &&'static str| {
            path.strip_prefix(*prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if let Some(product) = self.products.iter().find(|p| p.prefixes.iter().any(below)) {
            return Some(product);
        }
        let number = match self.templates.at(path) {
            Ok(found) => *found.value,
            Err(_) => *beginnings_of(path).find_map(|beginning| self.beginnings.get(beginning))?,
        };
        self.products.get(number)
    }
}

/// `/a/b/c` is `/a/b/c`, then `/a/b`: longest first, two segments at least.
fn beginnings_of(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        path.rsplit_once('/').map(|(rest, _)| rest)
    })
    .take_while(|path| path.matches('/').count() >= 2)
}

fn without_trailing_slash(path: &str) -> &str {
    match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    }
}

/// What is remembered of a request to answer it well; an extension of every request.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request_id: RequestId,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) product: Option<Arc<Product>>,
    /// The template of the route that was reached, for the log.
    pub(crate) route: OnceLock<&'static str>,
    accept: Option<HeaderValue>,
    render: Render,
}

impl Exchange {
    pub(crate) fn new(
        products: &Products,
        request_id: RequestId,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Self {
        let product = products.find(uri.path()).cloned();
        Self {
            render: product
                .as_ref()
                .map_or(products.fallback, |product| product.render),
            product,
            request_id,
            method: method.clone(),
            uri: uri.clone(),
            route: OnceLock::new(),
            accept: headers.get(header::ACCEPT).cloned(),
        }
    }

    /// Puts an answer that carries an error into the envelope of the product; leaves every
    /// other answer alone.
    pub(crate) fn envelope(&self, mut response: Response) -> Response {
        let error = match response.extensions_mut().remove::<Arc<Error>>() {
            Some(error) => error,
            // The router's own answer to a method that a path does not have.
            None if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
                Arc::new(self.method_not_allowed(response.headers()))
            }
            None => return response,
        };
        log(&error);
        let accept = self.accept.as_ref().and_then(|value| value.to_str().ok());
        let mut rendered = (self.render)(&Refused {
            error: &error,
            status: status(error.kind),
            request_id: &self.request_id,
            method: &self.method,
            path: self.uri.path(),
            accept: accept.unwrap_or_default(),
        });
        let (bare, _) = response.into_parts();
        let headers = rendered.headers_mut();
        for name in bare.headers.keys() {
            let of_body = matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH);
            if !of_body && !headers.contains_key(name) {
                for value in bare.headers.get_all(name) {
                    headers.append(name, value.clone());
                }
            }
        }
        if let Some(seconds) = error.retry_after {
            headers.entry(header::RETRY_AFTER).or_insert(seconds.into());
        }
        rendered.extensions_mut().extend(bare.extensions);
        rendered
    }

    fn method_not_allowed(&self, headers: &HeaderMap) -> Error {
        let allowed = headers
            .get(header::ALLOW)
            .and_then(|value| value.to_str().ok());
        Error::new(
            Kind::MethodNotAllowed,
            "method_not_allowed",
            format!(
                "{} is not possible here; the methods are {}.",
                self.method,
                allowed.unwrap_or("none").replace(',', ", ")
            ),
        )
    }
}

/// The cause of a failure of ours goes to the log and nowhere else.
fn log(error: &Error) {
    let mut cause = String::new();
    let mut next = error.cause();
    while let Some(error) = next {
        if !cause.is_empty() {
            cause.push_str(": ");
        }
        cause.push_str(&error.to_string());
        next = error.source();
    }
    match error.kind {
        Kind::Internal => tracing::error!(code = error.code, cause, "{}", error.detail),
        Kind::Unavailable => tracing::warn!(code = error.code, cause, "{}", error.detail),
        _ => tracing::debug!(code = error.code, cause, "{}", error.detail),
    }
}
