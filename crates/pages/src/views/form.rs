//! What a form was sent with and what was wrong with it, so that a refused form comes back filled.

use std::collections::BTreeMap;

/// The state of one form: the anti-forgery token, values to fill in and an error beside each field.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Sent back as the hidden field `csrf`.
    pub csrf: String,
    /// A refusal that belongs to no single field.
    pub error: Option<String>,
    /// Values as they were sent, by field name. Never put a password here.
    pub values: BTreeMap<String, String>,
    /// What is wrong, in plain words, by field name.
    pub field_errors: BTreeMap<String, String>,
}

impl Form {
    /// An empty form carrying this anti-forgery token.
    pub fn new(csrf: impl Into<String>) -> Self {
        Self {
            csrf: csrf.into(),
            ..Self::default()
        }
    }

    /// The value to show in a field; empty when none was sent.
    pub fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// What is wrong with a field, if anything.
    pub fn field_error(&self, field: &str) -> Option<&str> {
        self.field_errors.get(field).map(String::as_str)
    }

    /// Whether the form comes back refused.
    pub fn is_refused(&self) -> bool {
        self.error.is_some() || !self.field_errors.is_empty()
    }
}
