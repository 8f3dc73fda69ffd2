//! Letting an app act for a person.

use askama::Template;

use super::{Frame, Session};

/// `GET /oauth/authorize`. The form sends back what the app asked with, and `decision`: `allow` or
/// `deny`.
#[derive(Clone, Debug, Template)]
#[template(path = "consent.html")]
pub struct ConsentPage {
    /// The frame.
    pub frame: Frame,
    /// Who is asked.
    pub session: Session,
    /// The app's name.
    pub app: String,
    /// What it says that it does; may be empty.
    pub description: String,
    /// Where to read about it; may be empty.
    pub homepage_url: String,
    /// The server that gets the answer.
    pub host: String,
    /// What it asks to be let do, each as a sentence without its end.
    pub questions: Vec<&'static str>,
    /// As it was asked with.
    pub client_id: String,
    /// As it was asked with.
    pub redirect_uri: String,
    /// As it was asked with.
    pub scope: String,
    /// As it was asked with.
    pub state: String,
    /// As it was asked with.
    pub code_challenge: String,
    /// This page, for whoever is somebody else.
    pub back: String,
}
