//! `POST /v1/admin/organisations` and `POST /v1/admin/organisations/{org_id}/members`

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use colophon_core::organisations::{self, Plan};
use colophon_core::{Core, Error, OrgId, PersonId};
use colophon_http::{Json, Operating, Path, Result};
use serde::{Deserialize, Serialize};

use crate::utc;

/// A partner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct New {
    name: String,
    contact_email: String,
}

/// The organisation, which has no members yet.
#[derive(Debug, Serialize)]
pub struct Created {
    org_id: String,
    name: String,
    slug: String,
    contact_email: Option<String>,
    plan: &'static str,
    created_at: String,
}

pub(crate) async fn create(
    State(core): State<Arc<Core>>,
    Operating { by, .. }: Operating,
    Json(input): Json<New>,
) -> Result<(StatusCode, Json<Created>)> {
    if !(2..=120).contains(&input.name.trim().chars().count()) {
        return Err(Error::invalid("name", "must have 2 to 120 characters").into());
    }
    let contact = Some(input.contact_email.as_str());
    let made = organisations::create(&core, &by, &input.name, Plan::Free, contact).await?;
    let output = Created {
        org_id: made.id.to_string(),
        name: made.name,
        slug: made.slug,
        contact_email: made.contact_email,
        plan: made.plan.name(),
        created_at: utc(made.created_at),
    };
    Ok((StatusCode::CREATED, Json(output)))
}

/// Who is let in as what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    artist_id: String,
    #[serde(default)]
    role: Role,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    Owner,
    Admin,
    #[default]
    Member,
}

impl Role {
    fn key(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

/// The member, with every role.
#[derive(Debug, Serialize)]
pub struct Added {
    org_id: String,
    membership_id: String,
    artist_id: String,
    email: String,
    display_name: String,
    role: &'static str,
    roles: Vec<String>,
    joined_at: String,
}

pub(crate) async fn add_member(
    State(core): State<Arc<Core>>,
    Operating { by, .. }: Operating,
    Path(org_id): Path<String>,
    Json(input): Json<NewMember>,
) -> Result<Json<Added>> {
    let org_id: OrgId = org_id.parse()?;
    let artist: PersonId = input.artist_id.parse()?;
    let role = input.role.key();
    let member = organisations::add_by_operator(&core, &by, org_id, artist, role).await?;
    Ok(Json(Added {
        org_id: org_id.to_string(),
        membership_id: member.id.to_string(),
        artist_id: member.person_id.to_string(),
        email: member.email,
        display_name: member.name,
        role,
        roles: member.roles.into_iter().map(|held| held.role).collect(),
        joined_at: utc(member.joined_at),
    }))
}
