//! What letters say.

use serde::{Deserialize, Serialize};

/// A letter, by its reason.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Letter {
    /// Somebody signed up with this address.
    VerifyEmail {
        /// Their name.
        name: String,
    },
    /// Somebody signed up with an address that has an account.
    AlreadyRegistered,
    /// Somebody forgot the password.
    PasswordReset,
    /// The password was changed.
    PasswordChanged,
    /// An organisation invites.
    Invitation {
        /// Which.
        organisation: String,
        /// As what.
        role: String,
        /// Where.
        scope: String,
    },
    /// The account is gone.
    AccountDeleted,
}

impl Letter {
    /// Subject and text, with the link that `token` opens.
    #[must_use]
    pub fn compose(&self, public_url: &str, token: &str) -> (String, String) {
        let (subject, text) = match self {
            Self::VerifyEmail { name } => (
                "Confirm your e-mail address".to_owned(),
                format!(
                    "Hello {name},\n\nplease confirm that this address is yours:\n\n{public_url}/verify-email?token={token}\n\nThe link works once, for a day. If you did not sign up, ignore this message."
                ),
            ),
            Self::AlreadyRegistered => (
                "You have an account already".to_owned(),
                format!(
                    "Hello,\n\nsomebody, perhaps you, signed up with this address, which has an account already. Nothing was changed.\n\nSign in: {public_url}/login\nForgot the password: {public_url}/forgot-password"
                ),
            ),
            Self::PasswordReset => (
                "Choose a new password".to_owned(),
                format!(
                    "Hello,\n\nhere you choose a new password:\n\n{public_url}/reset-password?token={token}\n\nThe link works once, for an hour. If you did not ask for it, ignore this message: the old password stays."
                ),
            ),
            Self::PasswordChanged => (
                "Your password was changed".to_owned(),
                format!(
                    "Hello,\n\nthe password of your account was changed, and every device was signed out.\n\nIf this was not you, choose a new one at once: {public_url}/forgot-password"
                ),
            ),
            Self::Invitation {
                organisation,
                role,
                scope,
            } => (
                format!("{organisation} invites you"),
                format!(
                    "Hello,\n\n{organisation} invites you to join as {role} ({scope}).\n\nAccept or decline: {public_url}/invitation?token={token}\n\nThe invitation is open for a week."
                ),
            ),
            Self::AccountDeleted => (
                "Your account is deleted".to_owned(),
                "Hello,\n\nyour account and what was held about you are deleted. Signed public records stay, without your name, because other people's proofs rest on them.".to_owned(),
            ),
        };
        (subject, format!("{text}\n\n-- \nColophon, {public_url}\n"))
    }
}
