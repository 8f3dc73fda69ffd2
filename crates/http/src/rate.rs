//! Token buckets: so many requests a minute for one key or one address.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use colophon_core::access::Caller;
use colophon_core::{Error, Kind};
use colophon_db::Clock;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::{ClientIp, CredentialId, Failure, Layer};

pub(crate) const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
pub(crate) const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// Unix seconds at which the bucket is full again.
pub(crate) const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Buckets that are full again are forgotten after this many requests.
const SWEEP_EVERY: u32 = 4096;

/// How often one group of routes may be called.
#[derive(Clone, Copy, Debug)]
pub struct RatePolicy {
    /// Its name in the log.
    pub name: &'static str,
    /// Requests a minute from one address without a credential; 0 is no limit.
    pub anonymous_per_minute: u32,
    /// Requests a minute with one credential; 0 is no limit.
    pub key_per_minute: u32,
    /// The same for a key that stands in web pages, where everybody finds it; 0 is no limit.
    pub published_per_minute: u32,
    /// Whether answers carry `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
    pub headers: bool,
}

/// The buckets of one [`RatePolicy`]; every route that has its layer draws from the same ones.
#[derive(Clone, Debug)]
pub struct Rate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    policy: RatePolicy,
    clock: Clock,
    by_credential: Option<Buckets<String>>,
    by_published: Option<Buckets<String>>,
    by_address: Option<Buckets<IpAddr>>,
}

impl Rate {
    /// Full buckets.
    #[must_use]
    pub fn new(policy: RatePolicy, clock: Clock) -> Self {
        let by_credential = NonZeroU32::new(policy.key_per_minute).map(Buckets::new);
        let by_published = NonZeroU32::new(policy.published_per_minute).map(Buckets::new);
        let by_address = NonZeroU32::new(policy.anonymous_per_minute).map(Buckets::new);
        Self(Arc::new(Inner {
            policy,
            clock,
            by_credential,
            by_published,
            by_address,
        }))
    }

    /// The layer for the routes that share these buckets.
    pub fn layer(&self) -> Layer<Self> {
        from_fn_with_state(self.clone(), admit)
    }

    /// Draws for a request; `None` where there is no limit.
    fn draw(&self, request: &Request) -> Option<Draw> {
        let extensions = request.extensions();
        match (
            extensions.get::<CredentialId>(),
            extensions.get::<ClientIp>(),
        ) {
            (Some(id), _) => {
                let published = extensions.get::<Caller>().is_some_and(Caller::is_published);
                let buckets = if published {
                    &self.0.by_published
                } else {
                    &self.0.by_credential
                };
                Some(buckets.as_ref()?.draw(&id.0))
            }
            (None, Some(ip)) => Some(self.0.by_address.as_ref()?.draw(&ip.subscriber())),
            (None, None) => None,
        }
    }
}

fn admit(State(rate): State<Rate>, request: Request, next: Next) -> BoxFuture<'static, Response> {
    async move {
        let Some(draw) = rate.draw(&request) else {
            return next.run(request).await;
        };
        let mut response = match draw.wait {
            None => next.run(request).await,
            Some(seconds) => {
                tracing::info!(policy = rate.0.policy.name, "rate limit reached");
                too_many(draw.limit, seconds).into_response()
            }
        };
        if rate.0.policy.headers {
            let now = rate.0.clock.now().timestamp();
            let full_again = now.saturating_add(draw.refill_seconds().into());
            let headers = response.headers_mut();
            headers.insert(LIMIT, draw.limit.into());
            headers.insert(REMAINING, draw.remaining.into());
            headers.insert(RESET, HeaderValue::from(full_again));
        }
        response
    }
    .boxed()
}

fn too_many(limit: u32, seconds: u64) -> Failure {
    let detail = format!("More than {limit} requests a minute. Try again in {seconds} s.");
    let mut error = Error::new(Kind::RateLimited, "rate_limited", detail);
    error.retry_after = Some(seconds);
    error.into()
}

/// What a request found in its bucket.
struct Draw {
    limit: u32,
    remaining: u32,
    /// Seconds until there is something in the bucket, if there was nothing.
    wait: Option<u64>,
}

impl Draw {
    fn refill_seconds(&self) -> u32 {
        let missing = u64::from(self.limit.saturating_sub(self.remaining));
        let seconds = (missing * 60).div_ceil(u64::from(self.limit.max(1)));
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

#[derive(Debug)]
struct Buckets<K: Hash + Eq + Clone> {
    limit: NonZeroU32,
    limiter: Limiter<K>,
    since_sweep: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    fn new(limit: NonZeroU32) -> Self {
        let limiter = RateLimiter::dashmap(Quota::per_minute(limit));
        Self {
            limit,
            limiter: limiter.with_middleware(),
            since_sweep: AtomicU32::new(0),
        }
    }

    fn draw(&self, key: &K) -> Draw {
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) >= SWEEP_EVERY {
            self.since_sweep.store(0, Ordering::Relaxed);
            self.limiter.retain_recent();
        }
        let limit = self.limit.get();
        match self.limiter.check_key(key) {
            Ok(state) => Draw {
                limit,
                remaining: state.remaining_burst_capacity(),
                wait: None,
            },
            Err(refusal) => {
                let wait = refusal.wait_time_from(self.limiter.clock().now());
                let wait = wait.as_secs_f64().ceil().max(1.0) as u64;
                Draw {
                    limit,
                    remaining: 0,
                    wait: Some(wait),
                }
            }
        }
    }
}
