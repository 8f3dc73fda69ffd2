//! Opaque page cursors: the last row's sort key, spelled so that no client takes it apart.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A position in a sorted list, such as `(created_at, id)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor<K>(pub K);

/// The text is not a cursor that this server made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

impl<K: Serialize + DeserializeOwned> Cursor<K> {
    /// The text a client sends back.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self.0).unwrap_or_default())
    }

    /// Reads what [`Cursor::encode`] wrote.
    ///
    /// # Errors
    /// [`InvalidCursor`] for anything else.
    pub fn decode(text: &str) -> Result<Self, InvalidCursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidCursor)?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|_| InvalidCursor)
    }
}
