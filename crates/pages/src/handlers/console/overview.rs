//! The console's first page: how the server is, and whom it serves.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use colophon_core::jobs::State as JobState;
use colophon_core::{Core, health, jobs, log, organisations};
use colophon_db::Engine;
use colophon_http::{Query, Result};

use crate::handlers::flash::Flash;
use crate::handlers::signed_in::{Console, Operator, Posted};
use crate::handlers::{frame, utc};
use crate::text;
use crate::views::{ConsolePage, Form, OrganisationRow, StateCard, StateLevel};

/// Organisations on a page that asks for no other number.
const SHOWN: i64 = 100;
const MOST_SHOWN: i64 = 10_000;

/// `GET /console?show=…`
pub(super) async fn show(
    State(core): State<Arc<Core>>,
    Query(query): Query<BTreeMap<String, String>>,
    operator: Operator,
) -> Result<Response> {
    let shown = query
        .get("show")
        .and_then(|number| number.parse().ok())
        .unwrap_or(SHOWN);
    let form = Form::new(operator.csrf());
    page(
        &core,
        &operator,
        shown.clamp(1, MOST_SHOWN),
        StatusCode::OK,
        form,
    )
    .await
}

/// `POST /console/organisations`
pub(super) async fn create_organisation(
    State(core): State<Arc<Core>>,
    Posted {
        from: operator,
        fields,
    }: Posted<Console>,
) -> Result<Response> {
    let made = match fields.get("plan").parse() {
        Ok(plan) => {
            let name = fields.get("name");
            organisations::create(&core, operator.by(), name, plan, None).await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(organisation) => {
            let path = format!("/console/organisations/{}", organisation.id);
            Ok(operator.go(&path, Flash::OrganisationMade))
        }
        Err(error) => {
            let (status, form) = fields.refused(operator.csrf(), error)?;
            page(&core, &operator, SHOWN, status, form).await
        }
    }
}

async fn page(
    core: &Core,
    operator: &Operator,
    shown: i64,
    status: StatusCode,
    form: Form,
) -> Result<Response> {
    let mut organisations = organisations::list(&core.db, shown + 1).await?;
    let more = organisations.len() as i64 > shown;
    organisations.truncate(usize::try_from(shown).unwrap_or_default());
    let rows = organisations
        .into_iter()
        .map(|organisation| OrganisationRow {
            id: organisation.id.to_string(),
            name: organisation.name,
            plan: organisation.plan.to_string(),
            created_at: utc(organisation.created_at),
        });
    let page = ConsolePage {
        frame: frame(),
        session: operator.view(),
        state: state(core).await?,
        organisations: rows.collect(),
        more_url: more.then(|| format!("/console?show={}", shown * 10)),
        form,
    };
    Ok(operator.page(status, &page))
}

/// What a look at the server itself would tell.
async fn state(core: &Core) -> Result<Vec<StateCard>> {
    let health = health::check(core).await;
    let head = log::head(&core.db).await?;
    let pending = log::pending(&core.db).await?;
    let counts = jobs::counts(&core.db).await?;
    let count = |wanted| {
        counts
            .iter()
            .find(|(state, _)| *state == wanted)
            .map_or(0, |(_, count)| *count)
    };
    let keys = core.keyring.published();
    let current = keys.iter().filter(|key| key.retired_at.is_none());
    let (dead, queued) = (count(JobState::Dead), count(JobState::Queued));

    let good = |good| {
        if good {
            StateLevel::Good
        } else {
            StateLevel::Bad
        }
    };
    let card = |name: &str, level, value: String, detail: String| StateCard {
        name: name.to_owned(),
        level,
        value,
        detail,
    };
    let engine = match core.db.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    Ok(vec![
        card(
            "Database",
            good(health.database),
            engine.to_owned(),
            "Reads and writes".to_owned(),
        ),
        card(
            "Files",
            good(health.blobs),
            if health.blobs {
                "Can be kept"
            } else {
                "Cannot be written"
            }
            .to_owned(),
            "Uploads and what is made of them".to_owned(),
        ),
        card(
            "Worker",
            match (health.worker, dead) {
                (false, _) => StateLevel::Bad,
                (true, 0) => StateLevel::Good,
                (true, _) => StateLevel::Warning,
            },
            if health.worker {
                "At work"
            } else {
                "None seen in 15 seconds"
            }
            .to_owned(),
            format!(
                "{} waiting, {} given up on",
                text::counted(queued, "job", "jobs"),
                text::thousands(dead)
            ),
        ),
        card(
            "Keys",
            good(health.keys),
            format!("{} in use", current.clone().count()),
            current
                .map(|key| key.created_at)
                .max()
                .map_or_else(String::new, |at| {
                    format!("Newest since {}", text::moment(&utc(at)))
                }),
        ),
        card(
            "Log",
            good(head.is_some() && health.log),
            head.as_ref().map_or_else(
                || "No checkpoint yet".to_owned(),
                |head| text::counted(head.tree_size, "entry", "entries"),
            ),
            format!("{} waiting for their place", text::thousands(pending)),
        ),
    ])
}
