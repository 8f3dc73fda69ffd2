//! The fields of a form as they were sent.

use std::collections::BTreeMap;

use axum::extract::{FromRequest as _, Request};
use axum::http::StatusCode;
use colophon_core::{Error, Kind};
use colophon_http::{Multipart, Result, body_error, status};
use subtle::ConstantTimeEq as _;

use crate::views::Form;

/// Fields by name, each once.
#[derive(Default)]
pub(super) struct Fields(BTreeMap<String, String>);

/// What never goes back into a page as a value.
const NOT_SHOWN: [&str; 7] = [
    "csrf",
    "password",
    "current_password",
    "new_password",
    "setup_token",
    "token",
    "next",
];

impl Fields {
    /// Reads a form.
    pub(super) async fn read(request: Request) -> Result<Self> {
        let colophon_http::Form(fields) = colophon_http::Form::from_request(request, &()).await?;
        Ok(Self(fields))
    }

    /// Reads the token of a form with a file, which must come before the file.
    pub(super) async fn read_token(form: &mut Multipart) -> Result<Self> {
        let mut fields = Self::default();
        if let Some(part) = form.next().await?
            && part.name() == Some("csrf")
        {
            let token = part.text().await.map_err(|error| body_error(&error))?;
            fields.set("csrf", token);
        }
        Ok(fields)
    }

    /// Sets a field's text, as if it had been sent.
    pub(super) fn set(&mut self, name: &str, text: String) {
        self.0.insert(name.to_owned(), text);
    }

    /// Whether a box was ticked.
    pub(super) fn ticked(&self, name: &str) -> bool {
        self.get(name) == "on"
    }

    /// The lines of a field that say something.
    pub(super) fn lines(&self, name: &str) -> Vec<String> {
        let lines = self.get(name).lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A field's text, if it says something.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|text| !text.is_empty())
    }

    /// A field's text; empty when it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Refuses a form that does not carry `token`; how long it takes tells nothing about it.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], code `form_expired`.
    pub(super) fn require_token(&self, token: &str) -> Result<()> {
        let same = self.get("csrf").as_bytes().ct_eq(token.as_bytes());
        if !token.is_empty() && bool::from(same) {
            return Ok(());
        }
        Err(form_expired().into())
    }

    /// The form as it was sent, to show again with what is wrong beside each field.
    ///
    /// # Errors
    /// The error itself when sending something else would not mend it.
    pub(super) fn refused(&self, token: &str, error: Error) -> Result<(StatusCode, Form)> {
        let mendable = matches!(
            error.kind,
            Kind::Invalid
                | Kind::Conflict
                | Kind::Unauthenticated
                | Kind::Forbidden
                | Kind::TooLarge
        );
        if !mendable {
            return Err(error.into());
        }
        let status = status(error.kind);
        let mut form = Form::new(token);
        form.values = self.0.clone();
        form.values
            .retain(|name, _| !NOT_SHOWN.contains(&name.as_str()));
        if error.fields.is_empty() {
            form.error = Some(error.detail);
        }
        for at in error.fields {
            // What is wrong with an item of a list is also said at the list.
            if let Some((list, _)) = at.field.split_once('.') {
                let words = sentence(&at.message);
                form.field_errors.insert(list.to_owned(), words);
            }
            form.field_errors.insert(at.field, sentence(&at.message));
        }
        Ok((status, form))
    }
}

pub(super) fn form_expired() -> Error {
    Error::new(
        Kind::Forbidden,
        "form_expired",
        "This form has expired, and nothing was changed. Go back, reload the page and send it again.",
    )
}

/// `must have 1 to 200 characters` → `Must have 1 to 200 characters.`
fn sentence(message: &str) -> String {
    let mut characters = message.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().to_string());
    format!(
        "{}{}.",
        first.unwrap_or_default(),
        characters.as_str().trim_end_matches('.')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields(
            pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        )
    }

    #[test]
    fn a_form_without_its_token_is_refused() {
        assert!(fields(&[("csrf", "abc")]).require_token("abc").is_ok());
        assert!(fields(&[("csrf", "abd")]).require_token("abc").is_err());
        assert!(fields(&[]).require_token("abc").is_err());
        assert!(fields(&[("csrf", "")]).require_token("").is_err());
    }

    #[test]
    fn a_refused_form_comes_back_filled_but_for_its_secrets() {
        let sent = fields(&[("name", "Ada"), ("password", "short"), ("csrf", "old")]);
        let (status, form) = sent
            .refused(
                "new",
                Error::invalid("password", "must have 12 to 128 characters"),
            )
            .unwrap();
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(form.value("name"), "Ada");
        assert_eq!(form.values.len(), 1);
        assert_eq!(form.csrf, "new");
        assert_eq!(
            form.field_error("password"),
            Some("Must have 12 to 128 characters.")
        );
        assert!(
            sent.refused("new", Error::not_found("organisation"))
                .is_err()
        );
    }
}
