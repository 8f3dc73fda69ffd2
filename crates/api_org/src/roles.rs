//! `GET /api/customer/v1/roles`

use colophon_core::access::{Permission, ROLES, Role};
use colophon_http::{Authenticated, Json, Result};
use serde::Serialize;

/// Every role there is.
#[derive(Debug, Serialize)]
pub struct Output {
    roles: Vec<RoleView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleView {
    key: &'static str,
    label: &'static str,
    description: &'static str,
    scope_type: &'static str,
    scope_label: &'static str,
    is_assignable: bool,
    is_protected: bool,
    highlights: &'static [&'static str],
    permissions: Vec<PermissionView>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PermissionView {
    key: &'static str,
    group: &'static str,
    group_label: &'static str,
    label: &'static str,
}

pub(crate) async fn list(Authenticated(caller): Authenticated) -> Result<Json<Output>> {
    caller.require(Permission::ViewOrganisation)?;
    Ok(Json(Output {
        roles: ROLES.iter().map(view).collect(),
    }))
}

fn view(role: &Role) -> RoleView {
    let permissions = role.permissions.iter().map(|permission| PermissionView {
        key: permission.key(),
        group: permission.group().key(),
        group_label: permission.group().label(),
        label: permission.label(),
    });
    RoleView {
        key: role.key,
        label: role.label,
        description: role.description,
        scope_type: role.scope.key(),
        scope_label: role.scope.label(),
        is_assignable: role.assignable,
        is_protected: role.protected,
        highlights: role.highlights,
        permissions: permissions.collect(),
    }
}
