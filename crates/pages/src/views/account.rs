//! Making the operator's account and signing in.

use askama::Template;

use super::{Form, Frame};

/// `GET|POST /console/setup`: the first-run operator account. Fields: `csrf`, `setup_token`,
/// `name`, `email`, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/setup.html")]
pub struct SetupPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state.
    pub form: Form,
    /// The one-time token of the printed link, sent back as `setup_token`.
    pub setup_token: String,
}

/// `GET|POST /console/login`. Fields: `csrf`, `next`, `email`, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/login.html")]
pub struct LoginPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state; a wrong e-mail or password is `form.error`.
    pub form: Form,
    /// Where to go afterwards, a path on this server, sent back as `next`.
    pub next: Option<String>,
    /// A word from the step before: “You have signed out.”
    pub flash: Option<String>,
}
