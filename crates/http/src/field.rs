//! Naming the field at fault.

use colophon_core::Error;

/// The error of a `serde` reader that knows where it was.
pub(crate) fn error<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Error {
    let text = error.inner().to_string();
    let message = text.as_str();
    let parent = error.path().to_string();
    // serde names the object in which a field is missing or unknown, not the field.
    let own = ["missing field `", "duplicate field `", "unknown field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let field = match (parent.as_str(), own) {
        (".", None) => "body".to_owned(),
        (".", Some(own)) => own.to_owned(),
        (parent, Some(own)) if parent != own && !parent.ends_with(&format!(".{own}")) => {
            format!("{parent}.{own}")
        }
        (parent, _) => parent.to_owned(),
    };
    let message = match own {
        Some(_) if message.starts_with("missing") => "is required",
        Some(_) if message.starts_with("duplicate") => "is given twice",
        Some(_) => "is not a field of this request",
        None => message,
    };
    Error::invalid(field, message)
}
