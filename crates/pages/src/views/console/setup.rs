//! Making the operator's account.

use askama::Template;

use crate::views::{Form, Frame};

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
