//! What every contract, page and document of this server shares on its way in and out of HTTP.
//!
//! | to do this | look in |
//! |---|---|
//! | list the paths of a product | [`Routes`] |
//! | read a body, a query, a path | [`Json`], [`StrictJson`], [`Form`], [`Query`], [`Path`] |
//! | refuse or fail | [`Failure`], with the domain's error inside |
//! | give a product its own error bodies | [`Product`], [`Products`] |
//! | know who asks | [`Gate`], [`Acting`], [`SignedIn`], [`Operating`] |
//! | limit, replay | [`Rate`], [`Idempotency`] |
//! | put it together and serve it | [`App`], [`serve`] |
//!
//! A handler never sees an envelope, a request id header or a rate limit: it takes its input,
//! makes one call into the domain and returns [`Result`].

mod access;
mod app;
mod body;
mod client;
pub mod cookie;
mod credential;
pub mod document;
mod extract;
mod failure;
mod field;
mod idempotency;
mod immutable;
mod json;
mod limit;
mod multipart;
mod panic;
pub mod problem;
mod product;
mod rate;
mod request_id;
mod routes;
pub mod same_origin;
mod security;
mod server;
mod tree;

pub use app::{App, Settings};
pub use body::{body_error, read_body};
pub use client::{ClientIp, CredentialId};
pub use credential::{
    Accept, Acting, Authenticated, From, Gate, Operating, SignedIn, bearer, bearer_key, origin,
    x_api_key,
};
pub use extract::{Form, Path, Query};
pub use failure::{Failure, Result, status};
pub use idempotency::Idempotency;
pub use immutable::immutable;
pub use json::{Json, StrictJson};
pub use multipart::Multipart;
pub use product::{BadTemplate, Product, Products, Refused, Render};
pub use rate::{Rate, RatePolicy};
pub use request_id::RequestId;
pub use routes::Routes;
pub use server::serve;

use axum::extract::{Request, State};
use axum::middleware::FromFnLayer;
use axum::response::Response;
use futures::future::BoxFuture;

/// A layer of this crate with settings `S`, for [`Routes::with`] and [`Routes::layer`].
pub type Layer<S> = FromFnLayer<
    fn(State<S>, Request, axum::middleware::Next) -> BoxFuture<'static, Response>,
    S,
    (State<S>, Request),
>;
