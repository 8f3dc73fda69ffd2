//! The pages people see: templates, styles, scripts and the third-party code they need, all
//! embedded in the binary.
//!
//! | in | is |
//! |---|---|
//! | [`views`] | what each page shows, one struct a template |
//! | `handlers` | one folder an area (`entry`, `account`, `organisation`, `console`): reads a request, makes one call into the domain, fills a view |
//! | `assets/` | styles and scripts, served under `/assets` |
//!
//! No page holds an inline script or style, so [`CONTENT_SECURITY_POLICY`] holds everywhere. Every
//! form works without scripts and carries an anti-forgery token.
//!
//! The scripts have tests of their own, `node --test crates/pages/tests/js/*.test.mjs`; the bundles
//! they judge are judged by the Rust verifier in `tests/verdicts.rs` too. `tests/browser/run` in
//! the workspace leads a real browser through the real server. `vendor.mjs` beside the manifest
//! refreshes `assets/vendor`.

mod assets;
mod handlers;
mod response;
mod text;
pub mod views;

pub use assets::{asset_routes, asset_url};
pub use handlers::{CONTRACT_PAGES, is_for_people, render_error, routes};
pub use response::{
    CONTENT_SECURITY_POLICY, render, render_public, render_status, security_headers,
};
