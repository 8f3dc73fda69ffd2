//! `GET /organisations/{org}/roles`

use colophon_core::access::{Permission, ROLES, Role};
use colophon_http::{Json, Result};
use serde::Serialize;

use super::InOrganisation;

/// Every role there is.
#[derive(Debug, Serialize)]
pub struct List {
    roles: Vec<View>,
}

#[derive(Debug, Serialize)]
struct View {
    key: &'static str,
    label: &'static str,
    description: &'static str,
    /// `organization` or `location`.
    scope: &'static str,
    /// Whether it can be given; ownership is transferred.
    assignable: bool,
    /// Whether somebody must hold it.
    protected: bool,
    highlights: &'static [&'static str],
    permissions: Vec<Allowed>,
}

#[derive(Debug, Serialize)]
struct Allowed {
    key: &'static str,
    label: &'static str,
    group: &'static str,
    group_label: &'static str,
}

pub(crate) async fn list(InOrganisation { caller, .. }: InOrganisation) -> Result<Json<List>> {
    caller.require(Permission::ViewOrganisation)?;
    Ok(Json(List {
        roles: ROLES.iter().map(View::from).collect(),
    }))
}

impl From<&Role> for View {
    fn from(role: &Role) -> Self {
        Self {
            key: role.key,
            label: role.label,
            description: role.description,
            scope: role.scope.key(),
            assignable: role.assignable,
            protected: role.protected,
            highlights: role.highlights,
            permissions: role.permissions.iter().map(Allowed::from).collect(),
        }
    }
}

impl From<Permission> for Allowed {
    fn from(permission: Permission) -> Self {
        Self {
            key: permission.key(),
            label: permission.label(),
            group: permission.group().key(),
            group_label: permission.group().label(),
        }
    }
}
