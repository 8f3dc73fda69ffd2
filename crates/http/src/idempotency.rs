//! `Idempotency-Key`: a request that is sent twice is done once and answered twice.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use colophon_core::idempotency::{self, Answer, Attempt, Claim, Ticket};
use colophon_core::{Error, Kind};
use colophon_db::{Clock, Db};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;
use tracing::Instrument as _;

use crate::product::Exchange;
use crate::{ClientIp, CredentialId, Failure, Layer, Result, read_body};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The replay header of paths that belong to no product.
const REPLAY: HeaderName = HeaderName::from_static("idempotent-replay");
/// Answers that are larger are not kept.
const MAX_ANSWER_BYTES: u64 = 1 << 20;
/// Ends before the claim does, so that two attempts never run at once.
const RUN_LIMIT: Duration = Duration::from_secs(50);

/// What a route does with an `Idempotency-Key`. The body is held in memory: not for uploads.
#[derive(Clone, Debug)]
pub struct Idempotency(Policy);

#[derive(Clone, Debug)]
enum Policy {
    Replay(Db, Clock),
    Refuse,
}

impl Idempotency {
    /// Answers the same request with the same answer for a day.
    #[must_use]
    pub fn replay(db: Db, clock: Clock) -> Self {
        Self(Policy::Replay(db, clock))
    }

    /// Takes no key, because the answer holds a secret that must not be stored.
    #[must_use]
    pub fn refuse() -> Self {
        Self(Policy::Refuse)
    }

    /// The layer for the routes that do this.
    pub fn layer(&self) -> Layer<Self> {
        from_fn_with_state(self.clone(), handle)
    }
}

fn handle(
    State(Idempotency(policy)): State<Idempotency>,
    request: Request,
    next: Next,
) -> BoxFuture<'static, Response> {
    async move {
        let key = match key(request.headers()) {
            Ok(Some(key)) => key,
            Ok(None) => return next.run(request).await,
            Err(refusal) => return refusal.into_response(),
        };
        let answer = match policy {
            Policy::Refuse => Err(refuse_key().into()),
            Policy::Replay(db, clock) => once(db, clock, key, request, next).await,
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }
    .boxed()
}

/// The key, if there is one.
fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut sent = headers.get_all(KEY).iter();
    let Some(key) = sent.next() else {
        return Ok(None);
    };
    let key = key.to_str().unwrap_or_default();
    let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if sent.next().is_some() || !printable || !(1..=128).contains(&key.len()) {
        let rule = "must be given once, as 1 to 128 printable ASCII characters";
        return Err(Error::invalid("Idempotency-Key", rule).into());
    }
    Ok(Some(key.to_owned()))
}

fn refuse_key() -> Error {
    Error::new(
        Kind::Invalid,
        "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE",
        "This answer holds a secret, which is never stored, so it cannot be replayed. Leave the Idempotency-Key out.",
    )
}

async fn once(db: Db, clock: Clock, key: String, request: Request, next: Next) -> Result<Response> {
    let exchange = request.extensions().get::<Arc<Exchange>>().cloned();
    let scope = scope(&request, exchange.as_deref());
    let (parts, body) = request.into_parts();
    let body = read_body(body).await?;
    let request_hash = request_hash(parts.uri.query(), &body);
    let attempt = Attempt {
        scope,
        key,
        request_hash,
    };
    let ticket = match idempotency::claim(&db, clock.now(), &attempt).await? {
        Claim::Run(ticket) => ticket,
        Claim::Replay(answer) => return replay(answer, exchange.as_deref()),
    };
    let request = Request::from_parts(parts, Body::from(body));
    // A task of its own: a client that hangs up and asks again must find the work finished,
    // not half done and free to be done twice.
    let work = tokio::spawn(run(db, ticket, exchange, request, next).in_current_span());
    match work.await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(stopped) => Err(Error::unavailable("server", stopped).into()),
    }
}

type Panic = Box<dyn std::any::Any + Send>;

async fn run(
    db: Db,
    ticket: Ticket,
    exchange: Option<Arc<Exchange>>,
    request: Request,
    next: Next,
) -> Result<Response, Panic> {
    let work = timeout(RUN_LIMIT, next.run(request));
    let (response, answer) = match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(response)) => {
            split(match &exchange {
                // What is kept is what was sent, envelope and all.
                Some(exchange) => exchange.envelope(response),
                None => response,
            })
            .await
        }
        Ok(Err(elapsed)) => (
            Ok(Failure::from(Error::unavailable("server", elapsed)).into_response()),
            None,
        ),
        Err(panic) => (Err(panic), None),
    };
    let settled = match answer {
        Some(answer) => idempotency::keep(&db, &ticket, &answer).await,
        None => idempotency::release(&db, &ticket).await,
    };
    if let Err(error) = settled {
        tracing::warn!(%error, "an idempotency key stays locked until its claim ends");
    }
    response
}

/// The response, and its copy to keep if it may be replayed.
async fn split(response: Response) -> (Result<Response, Panic>, Option<Answer>) {
    let size = response.body().size_hint().exact();
    if !is_final(response.status()) || size.is_none_or(|size| size > MAX_ANSWER_BYTES) {
        return (Ok(response), None);
    }
    let (parts, body) = response.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return (
                Ok(Failure::from(Error::internal(error)).into_response()),
                None,
            );
        }
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let answer = Answer {
        status: parts.status.as_u16(),
        content_type: content_type.and_then(|value| Some(value.to_str().ok()?.to_owned())),
        body: body.to_vec(),
    };
    (
        Ok(Response::from_parts(parts, Body::from(body))),
        Some(answer),
    )
}

/// Whether something was done that must not be done again. A refusal did nothing, and its reason
/// may be gone the next time: a limit lifted, a generator registered.
fn is_final(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

fn replay(answer: Answer, exchange: Option<&Exchange>) -> Result<Response> {
    let status = StatusCode::from_u16(answer.status).map_err(Error::internal)?;
    let mut response = (status, Bytes::from(answer.body)).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(content_type) = answer.content_type {
        let content_type = HeaderValue::try_from(content_type).map_err(Error::internal)?;
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    let product = exchange.and_then(|exchange| exchange.product.as_deref());
    let name = product.map_or(REPLAY, |product| product.replay_header.clone());
    headers.insert(name, HeaderValue::from_static("true"));
    Ok(response)
}

/// Product, caller, method and path. The path is below the mount point, so that a client may
/// change its base URL between two attempts.
fn scope(request: &Request, exchange: Option<&Exchange>) -> String {
    let product = exchange.and_then(|exchange| exchange.product.as_ref());
    let product = product.map_or("colophon", |product| product.name);
    let extensions = request.extensions();
    let caller = match (
        extensions.get::<CredentialId>(),
        extensions.get::<ClientIp>(),
    ) {
        (Some(id), _) => id.0.clone(),
        (None, Some(ip)) => ip.0.to_string(),
        (None, None) => "anyone".to_owned(),
    };
    format!(
        "{product} {caller} {} {}",
        request.method(),
        request.uri().path()
    )
}

fn request_hash(query: Option<&str>, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    // A query holds no line feed, so query and body cannot be mistaken for each other.
    hash.update(query.unwrap_or_default());
    hash.update(b"\n");
    hash.update(body);
    hash.finalize().into()
}
