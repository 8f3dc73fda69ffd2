//! Apps of other people: OAuth 2 authorisation codes (RFC 6749 §4.1) with PKCE (RFC 7636, S256).
//!
//! An operator registers an app; a person lets it act for them, within scopes; the app exchanges
//! the code for an opaque access token that lives a day. Codes and tokens are stored as hashes.
//! A code that is shown twice was stolen: the tokens made from it end.

mod store;

pub(crate) use store::Allowed;
pub use store::App;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::access::{Caller, Credential, Grants, Permission, Permissions};
use crate::audit::{self, By, Chain};
use crate::{AppId, Core, Error, Kind, PersonId, Result};

/// How long a code waits to be exchanged.
pub const CODE_FOR: Duration = Duration::from_secs(60);
/// How long an access token lives (TrackOrigin contract, `oauth_token`).
pub const TOKEN_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// What an app may be let do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthScope {
    /// Read the person's profile.
    Profile,
    /// Read the person's certificates.
    Certificates,
}

impl OauthScope {
    /// Every scope.
    pub const ALL: [Self; 2] = [Self::Profile, Self::Certificates];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "read:profile",
            Self::Certificates => "read:certificates",
        }
    }

    /// What a person is asked.
    #[must_use]
    pub fn question(self) -> &'static str {
        match self {
            Self::Profile => "See your name, handle and profile",
            Self::Certificates => "Read your certificates, with their full signed manifests",
        }
    }

    fn permission(self) -> Permission {
        match self {
            Self::Profile => Permission::ReadAccount,
            Self::Certificates => Permission::ReadCertificates,
        }
    }

    /// Reads a list of scopes, parted by spaces; none means the profile.
    fn list(text: &str) -> Option<Vec<Self>> {
        if text.trim().is_empty() {
            return Some(vec![Self::Profile]);
        }
        let mut scopes = Vec::new();
        for name in text.split_whitespace() {
            let scope = Self::ALL.into_iter().find(|scope| scope.name() == name)?;
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Some(scopes)
    }
}

fn spelled(scopes: &[OauthScope]) -> String {
    let names: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
    names.join(" ")
}

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

/// What an app asks a person for, as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// `client_id`
    pub client_id: &'a str,
    /// `redirect_uri`
    pub redirect_uri: &'a str,
    /// `response_type`
    pub response_type: &'a str,
    /// `scope`
    pub scope: &'a str,
    /// `state`
    pub state: &'a str,
    /// `code_challenge`
    pub code_challenge: Option<&'a str>,
    /// `code_challenge_method`; S256 when it is left out.
    pub code_challenge_method: Option<&'a str>,
}

/// What an app asks a person for, understood.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The app.
    pub app: App,
    /// Where the answer goes.
    pub redirect_uri: Url,
    /// The address as the app spelled it.
    redirect_text: String,
    /// What the app would be let do.
    pub scopes: Vec<OauthScope>,
    /// Given back with the answer.
    pub state: String,
    /// The PKCE challenge; empty without one.
    pub code_challenge: String,
}

/// Why a question is not put to the person.
#[derive(Debug)]
pub enum Refusal {
    /// The app or where to answer is not known: shown to the person and sent nowhere.
    Shown(Error),
    /// Sent back to the app (RFC 6749 §4.1.2.1).
    SentBack(Url),
}

impl Consent {
    /// Where a refusal goes.
    #[must_use]
    pub fn refused(&self, error: &str) -> Url {
        answer(&self.redirect_uri, &[("error", error)], &self.state)
    }
}

fn answer(redirect_uri: &Url, pairs: &[(&str, &str)], state: &str) -> Url {
    let mut url = redirect_uri.clone();
    url.query_pairs_mut().extend_pairs(pairs);
    if !state.is_empty() {
        url.query_pairs_mut().append_pair("state", state);
    }
    url
}

/// Understands what an app asks. The address to answer to must be, letter for letter, one that
/// was registered.
///
/// # Errors
/// A [`Refusal`], or when the database does not answer.
pub async fn understand(core: &Core, ask: Ask<'_>) -> Result<Result<Consent, Refusal>> {
    let shown =
        |code, detail: &str| Ok(Err(Refusal::Shown(Error::new(Kind::Invalid, code, detail))));
    let Some((app, _)) = store::app(&core.db, ask.client_id).await? else {
        return shown("unknown_client", "This app is not registered here.");
    };
    if !app.redirect_uris.iter().any(|uri| uri == ask.redirect_uri) {
        return shown(
            "redirect_uri_mismatch",
            "The app asks to be answered at an address that it has not registered.",
        );
    }
    let Ok(redirect_uri) = Url::parse(ask.redirect_uri) else {
        return shown("redirect_uri_mismatch", "The app's address is none.");
    };
    let back = |error| {
        Ok(Err(Refusal::SentBack(answer(
            &redirect_uri,
            &[("error", error)],
            ask.state,
        ))))
    };
    if ask.response_type != "code" {
        return back("unsupported_response_type");
    }
    let Some(scopes) = OauthScope::list(ask.scope) else {
        return back("invalid_scope");
    };
    let challenge = ask.code_challenge.unwrap_or("");
    let method = ask.code_challenge_method.unwrap_or("S256");
    let well_formed = challenge.len() == 43 && URL_SAFE_NO_PAD.decode(challenge).is_ok();
    if !challenge.is_empty() && (method != "S256" || !well_formed) {
        return back("invalid_request");
    }
    Ok(Ok(Consent {
        app,
        redirect_text: ask.redirect_uri.to_owned(),
        redirect_uri,
        scopes,
        state: ask.state.to_owned(),
        code_challenge: challenge.to_owned(),
    }))
}

/// Lets the app act for the person: where to lead the person's browser, with a code that works
/// once, for a minute.
///
/// # Errors
/// When the database does not answer.
pub async fn allow(core: &Core, person: PersonId, by: &By, consent: &Consent) -> Result<Url> {
    let code = hex::encode(crate::entropy::bytes::<32>());
    let now = core.clock.now();
    let new = store::NewCode {
        hash: crate::fingerprint(&code),
        app: consent.app.id,
        person,
        redirect_uri: &consent.redirect_text,
        scope: spelled(&consent.scopes),
        code_challenge: &consent.code_challenge,
        now,
        until: now + CODE_FOR,
    };
    core.db
        .write(|tx, _| {
            let new = &new;
            Box::pin(async move {
                store::insert_code(tx, new).await?;
                let details = [
                    ("app", consent.app.name.as_str()),
                    ("scope", new.scope.as_str()),
                ];
                crate::identity::record(tx, by, person, "app.allowed", &details, now).await
            })
        })
        .await?;
    Ok(answer(
        &consent.redirect_uri,
        &[("code", &code)],
        &consent.state,
    ))
}

/// What an app shows to exchange a code.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The app.
    pub client_id: &'a str,
    /// Its secret.
    pub client_secret: &'a str,
    /// The code.
    pub code: &'a str,
    /// As it was asked with.
    pub redirect_uri: &'a str,
    /// What the challenge was made from.
    pub code_verifier: Option<&'a str>,
}

/// An access token, shown once.
#[derive(Clone)]
pub struct Token {
    /// The token.
    pub token: String,
    /// What it is for.
    pub scope: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

fn invalid_client() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "invalid_client",
        "The app's client_id or client_secret is wrong.",
    )
}

fn invalid_grant() -> Error {
    Error::new(
        Kind::Invalid,
        "invalid_grant",
        "The code was used, has expired, or was made for another app, address or verifier.",
    )
}

/// Exchanges a code for an access token.
///
/// # Errors
/// Codes `invalid_client` and `invalid_grant` of RFC 6749 §5.2.
pub async fn exchange(core: &Core, show: Exchange<'_>) -> Result<Token> {
    let found = store::app(&core.db, show.client_id).await?;
    let secret = crate::fingerprint(show.client_secret);
    let (app, _) = found
        .filter(|(_, hash)| bool::from(hash.as_slice().ct_eq(secret.as_slice())))
        .ok_or_else(invalid_client)?;
    let code_hash = crate::fingerprint(show.code);
    let token = format!("to_oauth_{}", hex::encode(crate::entropy::bytes::<32>()));
    let now = core.clock.now();
    let expires_at = now + TOKEN_FOR;
    let scope = core
        .db
        .write(|tx, _| {
            let (app, token) = (&app, token.as_str());
            Box::pin(async move {
                let Some(code) = store::code(tx, code_hash, app.id).await? else {
                    return Ok(Err(invalid_grant()));
                };
                if !store::spend_code(tx, code_hash, now).await? {
                    store::revoke_tokens(tx, code_hash, now).await?;
                    // Committed, and refused.
                    return Ok(Err(invalid_grant()));
                }
                let fits = code.expires_at > now
                    && code.redirect_uri == show.redirect_uri
                    && verifies(show.code_verifier, &code.code_challenge);
                if !fits {
                    return Ok(Err(invalid_grant()));
                }
                let hash = crate::fingerprint(token);
                store::insert_token(tx, hash, code_hash, &code, now, expires_at).await?;
                Ok::<_, Error>(Ok(code.scope))
            })
        })
        .await??;
    Ok(Token {
        token,
        scope,
        expires_at,
    })
}

/// RFC 7636 §4.6. A code without a challenge takes no verifier, so that none is thought checked.
fn verifies(verifier: Option<&str>, challenge: &str) -> bool {
    match verifier.filter(|verifier| !verifier.is_empty()) {
        None => challenge.is_empty(),
        Some(verifier) => {
            let made = URL_SAFE_NO_PAD.encode(crate::fingerprint(verifier));
            (43..=128).contains(&verifier.len()) && made == challenge
        }
    }
}

/// Who calls with an access token: the person, within the scopes.
///
/// # Errors
/// [`Kind::Unauthenticated`] for a token that is unknown, has expired or was revoked.
pub async fn caller(core: &Core, token: &str) -> Result<Caller> {
    let now = core.clock.now();
    let found = store::token(&core.db, crate::fingerprint(token), now)
        .await?
        .ok_or_else(|| {
            Error::new(
                Kind::Unauthenticated,
                "invalid_token",
                "This access token is not known, has expired or was revoked.",
            )
        })?;
    let scopes = OauthScope::list(&found.scope).unwrap_or_default();
    Ok(Caller {
        org_id: found.org_id,
        organisation: found.organisation,
        plan: found.plan.parse()?,
        credential: Credential::App {
            id: found.app,
            person: found.person,
        },
        grants: Grants {
            everywhere: scopes
                .into_iter()
                .map(OauthScope::permission)
                .collect::<Permissions>(),
            at: Vec::new(),
        },
        expires_at: Some(found.expires_at),
    })
}

/// Ends everything that apps may do for a person.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn revoke_all_of(
    tx: &mut colophon_db::Tx,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    store::revoke_all_of(tx, person, now).await
}

/// Removes some of the codes and tokens of a deleted account and tells how many.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn purge(tx: &mut colophon_db::Tx, person: PersonId) -> Result<u64> {
    store::purge(tx, person).await
}

/// What a person let apps do, newest first, after the first `skip`.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn allowed(
    core: &Core,
    person: PersonId,
    skip: i64,
    limit: i64,
) -> Result<Vec<Allowed>> {
    store::allowed(&core.db, person, skip, limit).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_rfc_7636_verifies() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(verifies(Some(verifier), challenge));
        assert!(!verifies(Some("x".repeat(43).as_str()), challenge));
        assert!(!verifies(None, challenge));
        assert!(!verifies(Some(verifier), ""));
        assert!(verifies(None, ""));
    }

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
