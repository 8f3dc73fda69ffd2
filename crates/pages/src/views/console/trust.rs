//! Whom the server lets act: other people's apps and identity providers.

use askama::Template;
use colophon_core::identity::Issuer;
use colophon_core::oauth::App;

use crate::text;
use crate::views::{Form, Frame, NewSecret, Session};

/// `/console/apps`. The form (`POST`, same address) has `csrf`, `name`, `redirect_uris` (one a
/// line), `description`, `homepage_url`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/apps.html")]
pub struct AppsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Newest first.
    pub apps: Vec<App>,
    /// Only in the answer that made it.
    pub new_secret: Option<NewSecret>,
    /// The form that registers an app.
    pub form: Form,
}

/// `/console/issuers`. The form (`POST`, same address) has `csrf`, `name`, `issuer`, `audience`,
/// `jwks_uri`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/issuers.html")]
pub struct IssuersPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Newest first.
    pub issuers: Vec<Issuer>,
    /// The form that registers a provider.
    pub form: Form,
}
