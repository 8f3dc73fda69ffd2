//! `GET /metrics`: Prometheus text.

use axum::Extension;
use axum::http::header;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::PrometheusHandle;

/// The process's metrics; absent where nothing records them (tests).
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub Option<PrometheusHandle>);

pub(crate) async fn show(Extension(Metrics(handle)): Extension<Metrics>) -> impl IntoResponse {
    let text = handle.map(|handle| handle.render()).unwrap_or_default();
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    )
}
