//! The ways in: signing up and in, mailed links, invitations.

use askama::Template;

use super::{Form, Frame};
use crate::text;

/// `GET|POST /signup`. Fields: `csrf`, `next`, `email`, `password`, `display_name`, `handle`,
/// `accept_terms`, `confirm_age_18`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/signup.html")]
pub struct SignUpPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state.
    pub form: Form,
    /// Where to go afterwards, a path on this server.
    pub next: Option<String>,
    /// For who has an account.
    pub sign_in_url: String,
}

/// `GET|POST /login` and `/console/login`. Fields: `csrf`, `next`, `email`, `password`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/login.html")]
pub struct LoginPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state; a wrong e-mail or password is `form.error`.
    pub form: Form,
    /// Where to go afterwards, a path on this server, sent back as `next`.
    pub next: Option<String>,
    /// For who has no account; `None` at the console's door, where nobody signs up.
    pub sign_up_url: Option<String>,
    /// A word from the step before: “You have signed out.”
    pub flash: Option<String>,
}

/// `GET|POST /forgot-password`. Fields: `csrf`, `email`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/forgot_password.html")]
pub struct ForgotPasswordPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state.
    pub form: Form,
    /// A word from the step before.
    pub flash: Option<String>,
}

/// `GET|POST /reset-password`. Fields: `csrf`, `token`, `new_password`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/reset_password.html")]
pub struct ResetPasswordPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state.
    pub form: Form,
    /// The mailed token.
    pub token: String,
}

/// `GET|POST /verify-email`. Fields: `csrf`, `token`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/verify_email.html")]
pub struct VerifyEmailPage {
    /// The frame.
    pub frame: Frame,
    /// The form's state.
    pub form: Form,
    /// The mailed token.
    pub token: String,
}

/// `GET /invitation`; its forms (`POST /invitation/accept` and `/decline`) have `csrf`, `token`.
#[derive(Clone, Debug, Template)]
#[template(path = "entry/invitation.html")]
pub struct InvitationPage {
    /// The frame.
    pub frame: Frame,
    /// A word from the step before.
    pub flash: Option<String>,
    /// Which organisation invites.
    pub organisation: String,
    /// Who sent the invitation, if they still have an account.
    pub invited_by: Option<String>,
    /// Whose address it went to.
    pub email: String,
    /// As what.
    pub role: String,
    /// What that means.
    pub description: String,
    /// Where, if it is for one location.
    pub location: Option<String>,
    /// Until when it can be accepted.
    pub expires_at: String,
    /// The mailed token.
    pub token: String,
    /// What the reader can do about it.
    pub answer: Answer,
}

/// What the reader of an invitation can do about it.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Nothing any more: accepted, declined, revoked or expired.
    Decided(String),
    /// Sign in or up, and come back.
    SignInFirst {
        /// For who has an account.
        sign_in_url: String,
        /// For who has none.
        sign_up_url: String,
    },
    /// Sign out, because it is for somebody else.
    AnotherPerson {
        /// Who is signed in.
        email: String,
        /// Their session's token.
        csrf: String,
        /// This page.
        back: String,
    },
    /// Confirm the address first.
    VerifyFirst {
        /// The session's token.
        csrf: String,
    },
    /// Accept or decline.
    Open {
        /// The session's token.
        csrf: String,
    },
}
