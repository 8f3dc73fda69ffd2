//! What an app asks of a person, and the person's answer.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use super::CODE_FOR;
use super::scope::{OauthScope, spelled};
use super::store::{self, App};
use crate::audit::By;
use crate::{Core, Error, Kind, PersonId, Result};

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
    /// `code_challenge_method`: S256, also when it is left out, so that `plain` is never taken.
    pub code_challenge_method: Option<&'a str>,
}

/// What an app asks a person for, understood.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The app.
    pub app: App,
    /// Where the answer goes.
    pub redirect_uri: Url,
    /// What the app would be let do.
    pub scopes: Vec<OauthScope>,
    /// The PKCE challenge; empty without one.
    code_challenge: String,
}

/// Why a question is not put to the person.
#[derive(Debug)]
pub enum Refusal {
    /// The app or where to answer is not known: shown to the person and sent nowhere.
    Shown(Error),
    /// Sent back to the app (RFC 6749 §4.1.2.1).
    SentBack(Url),
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
    let back = |error, why| {
        let pairs = [("error", error), ("error_description", why)];
        Ok(Err(Refusal::SentBack(answer(
            &redirect_uri,
            &pairs,
            ask.state,
        ))))
    };
    if ask.response_type != "code" {
        return back(
            "unsupported_response_type",
            "The response_type must be code.",
        );
    }
    let Some(scopes) = OauthScope::list(ask.scope) else {
        return back("invalid_scope", "The scope names what is no scope here.");
    };
    let challenge = ask.code_challenge.unwrap_or("");
    let well_formed = match ask.code_challenge_method {
        None | Some("") if challenge.is_empty() => true,
        None | Some("" | "S256") => {
            challenge.len() == 43 && URL_SAFE_NO_PAD.decode(challenge).is_ok()
        }
        Some(_) => false,
    };
    if !well_formed {
        return back(
            "invalid_request",
            "The code_challenge must be of the method S256: 43 characters of base64url.",
        );
    }
    Ok(Ok(Consent {
        app,
        redirect_uri,
        scopes,
        code_challenge: challenge.to_owned(),
    }))
}

/// Takes a person's answer: where to lead their browser with it, if it can be given.
///
/// # Errors
/// A [`Refusal`], or when the database does not answer.
pub async fn decide(
    core: &Core,
    person: PersonId,
    by: &By,
    ask: Ask<'_>,
    allowed: bool,
) -> Result<Result<Url, Refusal>> {
    // A form says again what was asked, and can say anything: it is read as if asked anew.
    let consent = match understand(core, ask).await? {
        Ok(consent) => consent,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !allowed {
        let denied = [("error", "access_denied")];
        return Ok(Ok(answer(&consent.redirect_uri, &denied, ask.state)));
    }
    let code = allow(core, person, by, &consent, ask.redirect_uri).await?;
    let code = [("code", code.as_str())];
    Ok(Ok(answer(&consent.redirect_uri, &code, ask.state)))
}

/// Lets the app act for the person: a code that works once, for a minute.
async fn allow(
    core: &Core,
    person: PersonId,
    by: &By,
    consent: &Consent,
    redirect_uri: &str,
) -> Result<String> {
    let code = hex::encode(crate::entropy::bytes::<32>());
    let now = core.clock.now();
    let new = store::NewCode {
        hash: crate::fingerprint(&code),
        app: consent.app.id,
        person,
        redirect_uri,
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
    Ok(code)
}
