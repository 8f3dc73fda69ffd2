//! Which apps act for a person, and how the person ends that.

use chrono::{DateTime, Utc};

use super::scope::OauthScope;
use super::store;
use crate::audit::By;
use crate::{AppId, Core, Error, PersonId, Result};

/// An app that can act for a person now.
#[derive(Clone, Debug)]
pub struct ActingApp {
    /// The app.
    pub id: AppId,
    /// Its name for people.
    pub name: String,
    /// What it was let do.
    pub scopes: Vec<OauthScope>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When its last token ends.
    pub until: DateTime<Utc>,
}

/// The apps that can act for a person now, that which was let in first before the others.
///
/// # Errors
/// When the database does not answer.
pub async fn acting(core: &Core, person: PersonId) -> Result<Vec<ActingApp>> {
    let mut apps: Vec<ActingApp> = Vec::new();
    for token in store::live_tokens(&core.db, person, core.clock.now()).await? {
        let scopes = OauthScope::list(&token.scope).unwrap_or_default();
        match apps.iter_mut().find(|app| app.id.0 == token.app_id) {
            Some(app) => {
                app.until = app.until.max(token.expires_at);
                let more = scopes.into_iter();
                let more: Vec<_> = more.filter(|scope| !app.scopes.contains(scope)).collect();
                app.scopes.extend(more);
            }
            None => apps.push(ActingApp {
                id: AppId(token.app_id),
                name: token.app,
                scopes,
                since: token.created_at,
                until: token.expires_at,
            }),
        }
    }
    Ok(apps)
}

/// Ends what an app may do for a person: its tokens, and the codes that it has not exchanged yet.
///
/// # Errors
/// [`crate::Kind::NotFound`] for an app that cannot act for the person.
pub async fn take_back(core: &Core, person: PersonId, by: &By, app: AppId) -> Result<()> {
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let name = store::name_of(tx, app).await?;
                let name = name.ok_or_else(|| Error::not_found("app"))?;
                if store::revoke_app_of(tx, person, app, now).await? == 0 {
                    return Err(Error::not_found("app"));
                }
                let details = [("app", name.as_str())];
                crate::identity::record(tx, by, person, "app.taken_back", &details, now).await
            })
        })
        .await
}
