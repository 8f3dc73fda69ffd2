//! Whose API keys somebody may manage.

use super::{Caller, Permission};
use crate::{OrgId, Result};

/// An organisation, for somebody who may manage its API keys: what every operation on keys takes,
/// so that none can forget to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyHolder(OrgId);

impl KeyHolder {
    /// The caller's organisation.
    ///
    /// # Errors
    /// [`crate::Kind::Forbidden`] for a caller who may not manage its keys.
    pub fn of(caller: &Caller) -> Result<Self> {
        caller.require(Permission::ManageApiKeys)?;
        Ok(Self(caller.org_id))
    }

    /// Any organisation, for whoever runs the server and for the server itself.
    #[must_use]
    pub fn trusted(org_id: OrgId) -> Self {
        Self(org_id)
    }

    pub(super) fn org_id(self) -> OrgId {
        self.0
    }
}
