//! One organisation: its generators and API keys.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Datelike as _, Months, NaiveTime, Utc};
use colophon_core::access::KeyHolder;
use colophon_core::{Core, OrgId, access, generators, organisations, records};
use colophon_http::{Path, Result};

use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::handlers::{frame, utc};
use crate::views::{ApiKey, Form, Generator, NewSecret, OrganisationPage};

/// `GET /console/organisations/{org}`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Path(org): Path<String>,
    operator: Operator,
) -> Result<Response> {
    let page = page(&core, &operator, org.parse()?).await?;
    Ok(operator.page(StatusCode::OK, &page))
}

/// `POST /console/organisations/{org}/generators`
pub(super) async fn register_generator(
    State(core): State<Arc<Core>>,
    Path(org): Path<String>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let org_id: OrgId = org.parse()?;
    let key = generators::parse_public_key(fields.get("algorithm"), fields.get("public_key"));
    let registered = match key {
        Ok(key) => {
            let name = fields.get("name");
            generators::create(&core, operator.by(), org_id, name, Some(&key)).await
        }
        Err(error) => Err(error),
    };
    match registered {
        Ok(_) => Ok(operator.go(&path(org_id), Flash::GeneratorRegistered)),
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            let mut page = page(&core, &operator, org_id).await?;
            page.generator_form = form;
            Ok(operator.page(status, &page))
        }
    }
}

/// `POST /console/organisations/{org}/generators/{generator}/revoke`
pub(super) async fn revoke_generator(
    State(core): State<Arc<Core>>,
    Path((org, generator)): Path<(String, String)>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    let org_id = org.parse()?;
    let id = generator.parse()?;
    generators::revoke(&core, operator.by(), org_id, id).await?;
    Ok(operator.go(&path(org_id), Flash::GeneratorRevoked))
}

/// `POST /console/organisations/{org}/keys`: the answer is the only one that ever shows the secret,
/// so it is the page itself, not a redirect to it.
pub(super) async fn create_key(
    State(core): State<Arc<Core>>,
    Path(org): Path<String>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let org_id: OrgId = org.parse()?;
    let test = fields.get("test") == "on";
    let made = match fields.get("kind").parse() {
        Ok(kind) => {
            let new = access::NewKey::new(kind, test);
            access::create_key(&core, operator.by(), KeyHolder::trusted(org_id), &new).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(key) => {
            let mut page = page(&core, &operator, org_id).await?;
            page.new_secret = Some(NewSecret {
                label: format!("The new {} key", fields.get("kind")),
                secret: key.secret.reveal().to_owned(),
            });
            Ok(operator.page(StatusCode::OK, &page))
        }
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            let mut page = page(&core, &operator, org_id).await?;
            page.key_form = form;
            Ok(operator.page(status, &page))
        }
    }
}

/// `POST /console/organisations/{org}/keys/{key}/revoke`
pub(super) async fn revoke_key(
    State(core): State<Arc<Core>>,
    Path((org, key)): Path<(String, String)>,
    Posted { from: operator, .. }: Posted<Console>,
) -> Result<Response> {
    let org_id = org.parse()?;
    let id = key.parse()?;
    access::revoke_key(&core, operator.by(), KeyHolder::trusted(org_id), id).await?;
    Ok(operator.go(&path(org_id), Flash::KeyRevoked))
}

fn path(org_id: OrgId) -> String {
    format!("/console/organisations/{org_id}")
}

async fn page(core: &Core, operator: &Operator, org_id: OrgId) -> Result<OrganisationPage> {
    let organisation = organisations::get(&core.db, org_id).await?;
    let now = core.clock.now();
    let month = now.format("%Y-%m").to_string();
    let used = organisations::usage(&core.db, org_id, records::METER, &month).await?;
    let generators = generators::list(&core.db, org_id).await?;
    let keys = access::list_keys(core, KeyHolder::trusted(org_id)).await?;
    let included = organisation.plan.included_signatures();
    Ok(OrganisationPage {
        frame: frame(),
        session: operator.view(),
        id: org_id.to_string(),
        name: organisation.name,
        plan: organisation.plan.to_string(),
        created_at: utc(organisation.created_at),
        used,
        included,
        resets_at: included.and_then(|_| next_month(now)).map(utc),
        generators: generators.into_iter().map(generator).collect(),
        keys: keys.into_iter().map(api_key).collect(),
        new_secret: None,
        generator_form: Form::new(operator.csrf()),
        key_form: Form::new(operator.csrf()),
    })
}

fn generator(generator: generators::Generator) -> Generator {
    let key = generator.keys.first().map(|at| &at.key);
    Generator {
        id: generator.id.to_string(),
        algorithm: key.map(|key| key.algorithm().to_string()),
        key_id: key.map(|key| key.id_hex()),
        name: generator.name,
        created_at: utc(generator.created_at),
        revoked_at: generator.revoked_at.map(utc),
    }
}

fn api_key(key: access::ApiKey) -> ApiKey {
    ApiKey {
        id: key.id.to_string(),
        kind: key.kind.to_string(),
        test: key.test,
        prefix: key.start,
        created_at: utc(key.created_at),
        last_used_at: key.last_used_at.map(utc),
        revoked_at: key.revoked_at.map(utc),
    }
}

/// When the month's count starts again.
fn next_month(now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let first = now
        .date_naive()
        .with_day(1)?
        .checked_add_months(Months::new(1))?;
    Some(first.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use colophon_core::access::KeyKind;

    use super::*;
    use crate::views::API_KEY_KINDS;

    #[test]
    fn every_kind_of_key_can_be_chosen() {
        let mut offered = API_KEY_KINDS.map(|(kind, _)| kind);
        let mut known = KeyKind::ALL.map(KeyKind::name);
        offered.sort_unstable();
        known.sort_unstable();
        assert_eq!(offered, known);
    }

    #[test]
    fn the_count_starts_again_on_the_first() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        assert_eq!(
            next_month(at("2026-12-31T23:59:59Z")),
            Some(at("2027-01-01T00:00:00Z"))
        );
        assert_eq!(
            next_month(at("2026-11-01T00:00:00Z")),
            Some(at("2026-12-01T00:00:00Z"))
        );
    }
}
