//! A person's own pages.

use askama::Template;
use colophon_core::SessionId;
use colophon_core::identity::{Device, Person, SessionKind};
use colophon_core::oauth::ActingApp;

use super::{Form, Frame, Session};
use crate::text;

/// Links that a profile can have.
pub const LINKS: usize = 5;

/// `/account` and the answers to its forms:
///
/// | form | fields beside `csrf` |
/// |---|---|
/// | `POST /account/profile` | `display_name`, `bio`, `location`, `external_links.N.type` and `.url`, N from 0 |
/// | `POST /account/handle` | `handle` |
/// | `POST /account/picture` | `file`, after `csrf`, as `multipart/form-data` |
/// | `POST /account/picture/remove`, `/account/verification` | |
/// | `POST /account/password` | `current_password`, `new_password` |
/// | `POST /account/training` | `opt_out` (`on` or absent) |
/// | `POST /account/delete` | `confirm_email`, `confirm_delete` (`on`) |
#[derive(Clone, Debug, Template)]
#[template(path = "account/profile.html")]
pub struct AccountPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// As they are stored.
    pub person: Person,
    /// Name, text and links.
    pub profile_form: Form,
    /// The handle.
    pub handle_form: Form,
    /// The picture.
    pub picture_form: Form,
    /// The password.
    pub password_form: Form,
    /// The end of the account.
    pub deletion_form: Form,
}

impl AccountPage {
    /// Changes with the picture, so that no old one is shown.
    fn picture_version(&self) -> Option<String> {
        let sha256 = self.person.avatar?;
        Some(
            sha256
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}

/// `/account/sessions`; each button is `POST /account/sessions/{id}/end` with `csrf`, that for all
/// `POST /account/sessions/end`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/sessions.html")]
pub struct SessionsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// The session of this page.
    pub current: SessionId,
    /// Newest first.
    pub devices: Vec<Device>,
}

/// `/account/apps`; each button is `POST /account/apps/{id}/take-back` with `csrf`.
#[derive(Clone, Debug, Template)]
#[template(path = "account/apps.html")]
pub struct ActingAppsPage {
    /// The frame.
    pub frame: Frame,
    /// The one signed in.
    pub session: Session,
    /// Those that can act for the person now.
    pub apps: Vec<ActingApp>,
}
