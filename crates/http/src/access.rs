//! One line and one measurement for every request.

use std::time::Duration;

use axum::http::Method;
use axum::response::Response;
use http_body::Body as _;

use crate::product::Exchange;

/// Writes the line to target `access` and records `http_request_duration_seconds`. Neither has
/// the path or the query: they may hold signatures and one-time tokens.
pub(crate) fn record(exchange: &Exchange, response: &Response, took: Duration) {
    let route = exchange.route.get().copied().unwrap_or("unmatched");
    let method = known_method(&exchange.method);
    let status = response.status().as_u16();
    tracing::info!(
        target: "access",
        method,
        route,
        status,
        ms = took.as_secs_f64() * 1000.0,
        bytes = response.body().size_hint().exact(),
        product = exchange.product.as_ref().map(|product| product.name),
    );
    metrics::histogram!(
        "http_request_duration_seconds",
        "method" => method,
        "route" => route,
        "status" => status.to_string(),
    )
    .record(took.as_secs_f64());
}

/// Clients may invent methods; a metric may not grow with them.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
