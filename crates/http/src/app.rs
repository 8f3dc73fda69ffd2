//! The way of every request, in and out.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Uri;
use axum::http::uri::PathAndQuery;
use axum::response::Response;
use colophon_core::Error;
use tower::ServiceExt as _;
use tracing::Instrument as _;

use crate::product::Exchange;
use crate::{ClientIp, Failure, Products, RequestId, access, panic, request_id, security};

/// How this server is reached.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// How many proxies stand before us that set `X-Forwarded-For`; 0 ignores the header.
    pub trusted_proxies: usize,
    /// Whether clients reach us over HTTPS.
    pub tls: bool,
}

/// The whole server as one function from request to answer; cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    products: Arc<Products>,
    router: Router,
    settings: Settings,
}

impl App {
    /// Puts the routes of all products under one roof.
    #[must_use]
    pub fn new(products: Products, router: Router, settings: Settings) -> Self {
        let router = router
            .fallback(async || Failure::from(Error::not_found("path")))
            // Ours is per route and says so in the product's envelope.
            .layer(DefaultBodyLimit::disable());
        Self {
            products: Arc::new(products),
            router,
            settings,
        }
    }

    /// Answers one request.
    ///
    /// The order matters. The request id comes first, so that everything after it can name the
    /// request. A panic is caught before the envelope, so that its 500 gets one, and the headers
    /// come after the envelope, so that refusals have them. The line in the log comes last,
    /// because only then is the status known. What needs a route (limits, authentication, rate,
    /// idempotency) is inside the router: see [`crate::Routes`].
    pub async fn answer(&self, mut request: Request<Body>) -> Response {
        let started = Instant::now();
        let request_id = RequestId::of(request.headers());
        let span = tracing::info_span!("request", id = request_id.as_str());
        let exchange = Arc::new(Exchange::new(
            &self.products,
            request_id.clone(),
            request.method(),
            request.uri(),
            request.headers(),
        ));
        let client = ClientIp::of(&request, self.settings.trusted_proxies);
        let extensions = request.extensions_mut();
        extensions.insert(request_id);
        extensions.insert(client);
        extensions.insert(Arc::clone(&exchange));
        trim_trailing_slash(request.uri_mut());
        let router = self.router.clone();
        async move {
            let routed = async {
                router
                    .oneshot(request)
                    .await
                    .unwrap_or_else(|never| match never {})
            };
            let mut response = exchange.envelope(panic::guard(routed).await);
            let headers = response.headers_mut();
            security::protect(headers, self.settings.tls);
            if let Some(id) = exchange.request_id.to_header() {
                headers.insert(request_id::HEADER, id);
            }
            access::record(&exchange, &response, started.elapsed());
            response
        }
        .instrument(span)
        .await
    }
}

/// `/a/b/` is `/a/b`. Never a redirect: two of the contracts' clients do not follow one on POST.
fn trim_trailing_slash(uri: &mut Uri) {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    if trimmed.len() == path.len() || path == "/" {
        return;
    }
    let trimmed = if trimmed.is_empty() { "/" } else { trimmed };
    let path_and_query = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{trimmed}?{query}")),
        None => PathAndQuery::try_from(trimmed),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path_and_query.ok();
    if let Ok(shorter) = Uri::from_parts(parts) {
        *uri = shorter;
    }
}
