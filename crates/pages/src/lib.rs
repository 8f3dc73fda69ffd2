//! The pages people see: templates, styles, scripts and the third-party code they need, all
//! embedded in the binary.
//!
//! The crate knows nothing of the database or the domain. A handler fills one of the view structs
//! in [`views`] with plain owned values and hands it to [`render`] or [`render_public`]; the
//! scripts under `/assets` come from [`assets_router`].
//!
//! ```
//! use colophon_pages::{render_public, views::{Frame, VerifyPage}};
//!
//! let page = VerifyPage { frame: Frame::new("0.1.0"), query: None };
//! assert_eq!(render_public(&page).status(), 200);
//! ```
//!
//! No page holds an inline script or style, so [`CONTENT_SECURITY_POLICY`] holds everywhere.
//!
//! The scripts have tests of their own, `node --test crates/pages/tests/js/*.test.mjs`; the bundles
//! they judge are judged by the Rust verifier in `tests/verdicts.rs` too. `vendor.mjs` beside the
//! manifest refreshes `assets/vendor`; `examples/preview.rs` shows every page with sample data.

mod assets;
mod response;
mod text;
pub mod views;

pub use assets::{asset_url, assets_router};
pub use response::{
    CONTENT_SECURITY_POLICY, render, render_public, render_status, security_headers,
};
