//! Apps: registered by operators, who vouch for them.

use url::Url;

use super::store::{self, App};
use crate::audit::{self, By, Chain};
use crate::{AppId, Core, Error, Result};

/// An app to register.
#[derive(Clone, Copy, Debug)]
pub struct NewApp<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// Where codes may be sent: one to ten absolute addresses without a fragment, `https`, or
    /// `http` on this machine.
    pub redirect_uris: &'a [String],
    /// What it does.
    pub description: Option<&'a str>,
    /// Where to read about it.
    pub homepage_url: Option<&'a str>,
}

fn redirect_uri(index: usize, text: &str) -> Result<String> {
    let url = Url::parse(text).ok().filter(|url| {
        let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        let safe = url.scheme() == "https" || url.scheme() == "http" && local;
        safe && url.fragment().is_none() && url.username().is_empty() && text.len() <= 2_048
    });
    match url {
        Some(_) => Ok(text.to_owned()),
        None => Err(Error::invalid(
            format!("redirect_uris.{index}"),
            "must be an https address without a fragment (http only on localhost)",
        )),
    }
}

/// Registers an app: it and its client secret, shown once.
///
/// # Errors
/// [`Kind::Invalid`] naming the field.
pub async fn register(core: &Core, by: &By, new: NewApp<'_>) -> Result<(App, String)> {
    if !(1..=10).contains(&new.redirect_uris.len()) {
        return Err(Error::invalid("redirect_uris", "must have 1 to 10 items"));
    }
    let optional = |field, text: Option<&str>, most| match text.map(str::trim) {
        None | Some("") => Ok(String::new()),
        Some(text) => crate::text::paragraph(field, text, most),
    };
    let homepage_url = optional("homepage_url", new.homepage_url, 300)?;
    let web = |url: &str| Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !homepage_url.is_empty() && !web(&homepage_url) {
        return Err(Error::invalid(
            "homepage_url",
            "must be an http or https address",
        ));
    }
    let app = App {
        id: AppId(core.ids.next()),
        client_id: format!("to_app_{}", hex::encode(crate::entropy::bytes::<12>())),
        name: crate::text::line("name", new.name, 120)?,
        description: optional("description", new.description, 500)?,
        homepage_url,
        redirect_uris: new
            .redirect_uris
            .iter()
            .enumerate()
            .map(|(index, uri)| redirect_uri(index, uri))
            .collect::<Result<_>>()?,
        created_at: core.clock.now(),
    };
    let secret = format!("to_cs_{}", hex::encode(crate::entropy::bytes::<32>()));
    let hash = crate::fingerprint(&secret);
    core.db
        .write(|tx, _| {
            let app = &app;
            Box::pin(async move {
                store::insert_app(tx, app, hash).await?;
                let details = [("name", app.name.as_str())];
                let subject = app.id.to_string();
                let action = "app.registered";
                audit::record(
                    tx,
                    Chain::Server,
                    by,
                    action,
                    &subject,
                    &details,
                    app.created_at,
                )
                .await
            })
        })
        .await?;
    Ok((app, secret))
}

/// Every registered app, newest first: for operators.
///
/// # Errors
/// When the database does not answer.
pub async fn apps(core: &Core) -> Result<Vec<App>> {
    store::apps(&core.db).await
}

/// Ends an app for good: nobody can let it in, and its codes and tokens open nothing.
///
/// # Errors
/// [`crate::Kind::NotFound`] for an app that is not registered.
pub async fn revoke_app(core: &Core, by: &By, id: AppId) -> Result<()> {
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let name = store::revoke_app(tx, id, now).await?;
                let name = name.ok_or_else(|| Error::not_found("app"))?;
                let details = [("name", name.as_str())];
                let subject = id.to_string();
                audit::record(
                    tx,
                    Chain::Server,
                    by,
                    "app.revoked",
                    &subject,
                    &details,
                    now,
                )
                .await
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_safe_addresses_only() {
        for good in [
            "https://app.example/cb",
            "http://127.0.0.1:9000/cb",
            "http://localhost/cb?x=1",
        ] {
            assert!(redirect_uri(0, good).is_ok(), "{good}");
        }
        for bad in [
            "http://app.example/cb",
            "https://app.example/cb#x",
            "javascript:alert(1)",
            "https://user@app.example/cb",
            "/cb",
        ] {
            assert!(redirect_uri(0, bad).is_err(), "{bad}");
        }
    }
}
