//! A product's table of paths.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, Route, on};
use std::time::Duration;
use tower::{Layer, Service};

use crate::limit::Limits;
use crate::security::public_read;

/// Methods, paths and handlers, in the order in which a reader looks for them.
///
/// ```
/// # use colophon_http::Routes;
/// # async fn create() {}
/// # async fn show() {}
/// # async fn upload() {}
/// let routes = Routes::<()>::new()
///     .post("/v1/records", create)
///     .get("/v1/records/{record_id}", show).public()
///     .post("/files", upload).body_limit(50 << 20).no_deadline();
/// assert_eq!(routes.list().len(), 3);
/// let router = routes.into_router_at(&["", "/certivu"]);
/// ```
///
/// `with`, `public`, `body_limit` and `no_deadline` are about the route added last. A path with
/// a trailing slash is listed as written and serves both forms. `GET` serves `HEAD`.
#[derive(Debug)]
pub struct Routes<S = ()> {
    entries: Vec<Entry<S>>,
    list: Vec<(Method, &'static str)>,
}

#[derive(Debug)]
struct Entry<S> {
    limits: Limits,
    public: bool,
    handler: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            list: Vec::new(),
        }
    }

    /// Adds a route for `GET` and `HEAD`.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::GET, MethodFilter::GET, path, handler)
    }

    /// Adds a route for `POST`.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::POST, MethodFilter::POST, path, handler)
    }

    /// Adds a route for `PUT`.
    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::PUT, MethodFilter::PUT, path, handler)
    }

    /// Adds a route for `PATCH`.
    #[must_use]
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::PATCH, MethodFilter::PATCH, path, handler)
    }

    /// Adds a route for `DELETE`.
    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.add(Method::DELETE, MethodFilter::DELETE, path, handler)
    }

    fn add<H: Handler<T, S>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: H,
    ) -> Self {
        let limits = Limits::new(path);
        self.entries.push(Entry {
            limits,
            public: false,
            handler: on(filter, handler),
        });
        self.list.push((method, path));
        self
    }

    /// Wraps the last route; what is added later is further out.
    #[must_use]
    pub fn with<L>(self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        self.last(|entry| entry.handler = std::mem::take(&mut entry.handler).route_layer(layer))
    }

    /// Wraps every route so far, outside of what [`Routes::with`] has added: authentication.
    #[must_use]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request>>::Response: IntoResponse + 'static,
        <L::Service as Service<Request>>::Future: Send + 'static,
    {
        for entry in &mut self.entries {
            entry.handler = std::mem::take(&mut entry.handler).route_layer(layer.clone());
        }
        self
    }

    /// Lets pages of any origin call the last route, without credentials.
    #[must_use]
    pub fn public(self) -> Self {
        self.last(|entry| entry.public = true)
    }

    /// Sets the largest body of the last route; without it, 1 MiB.
    #[must_use]
    pub fn body_limit(self, bytes: u64) -> Self {
        self.last(|entry| entry.limits.body_bytes = bytes)
    }

    /// Lets the last route take longer than 30 seconds, as long as its body keeps arriving.
    #[must_use]
    pub fn no_deadline(self) -> Self {
        self.last(|entry| entry.limits.deadline = None)
    }

    /// Gives the last route another time than 30 seconds.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        self.last(|entry| entry.limits.deadline = Some(deadline))
    }

    fn last(mut self, change: impl FnOnce(&mut Entry<S>)) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            change(entry);
        }
        self
    }

    /// Adds every route of another table.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.entries.extend(other.entries);
        self.list.extend(other.list);
        self
    }

    /// Every method and path, as written.
    #[must_use]
    pub fn list(&self) -> &[(Method, &'static str)] {
        &self.list
    }

    /// The router of this table.
    pub fn into_router(self) -> Router<S> {
        let mut router = Router::new();
        let mut public = Vec::new();
        for Entry {
            limits,
            public: is_public,
            mut handler,
        } in self.entries
        {
            let path = match limits.route.trim_end_matches('/') {
                "" => "/",
                path => path,
            };
            handler = handler.route_layer(limits.layer());
            if is_public {
                handler = handler.route_layer(public_read());
                if !public.contains(&path) {
                    // The layer answers the preflight; the handler is only there to be wrapped.
                    let preflight = on(MethodFilter::OPTIONS, async || ());
                    router = router.route(path, preflight.route_layer(public_read()));
                    public.push(path);
                }
            }
            router = router.route(path, handler);
        }
        router
    }

    /// The router of this table at several prefixes; the empty one is the root.
    pub fn into_router_at(self, prefixes: &[&str]) -> Router<S> {
        let router = self.into_router();
        prefixes
            .iter()
            .fold(Router::new(), |mounted, prefix| match *prefix {
                "" => mounted.merge(router.clone()),
                prefix => mounted.nest(prefix, router.clone()),
            })
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}
