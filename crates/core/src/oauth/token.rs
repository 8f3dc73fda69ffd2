//! A code becomes a token, and a token a caller.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::TOKEN_FOR;
use super::scope::OauthScope;
use super::store;
use crate::access::{Caller, Credential, Grants, Permissions};
use crate::audit::{By, Origin};
use crate::{Core, Error, Kind, PersonId, Result};

/// What an app shows to exchange a code.
#[derive(Clone, Copy)]
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

impl std::fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("client_id", &self.client_id)
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// An access token, shown once; it lives for [`TOKEN_FOR`].
#[derive(Clone)]
pub struct Token {
    /// The token.
    pub token: String,
    /// What it is for.
    pub scope: String,
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

/// Exchanges a code for an access token. A code that is shown again ends the token it was
/// exchanged for: one of the two who had it stole it.
///
/// # Errors
/// Codes `invalid_client` and `invalid_grant` of RFC 6749 §5.2.
pub async fn exchange(core: &Core, origin: &Origin, show: Exchange<'_>) -> Result<Token> {
    let found = store::app(&core.db, show.client_id).await?;
    let secret = crate::fingerprint(show.client_secret);
    let (app, _) = found
        .filter(|(_, hash)| bool::from(hash.as_slice().ct_eq(secret.as_slice())))
        .ok_or_else(invalid_client)?;
    let by = By {
        actor: app.id.to_string(),
        origin: origin.clone(),
    };
    let code_hash = crate::fingerprint(show.code);
    let token = format!("to_oauth_{}", hex::encode(crate::entropy::bytes::<32>()));
    let now = core.clock.now();
    // A refusal is committed too: whatever was shown, the code is spent.
    let scope = core
        .db
        .write(|tx, _| {
            let (app, by, token) = (&app, &by, token.as_str());
            Box::pin(async move {
                let Some(code) = store::code(tx, code_hash, app.id).await? else {
                    return Ok::<_, Error>(None);
                };
                let first = store::spend_code(tx, code_hash, now).await?;
                let fits = first
                    && code.expires_at > now
                    && code.redirect_uri == show.redirect_uri
                    && verifies(show.code_verifier, &code.code_challenge);
                let action = if fits {
                    let hash = crate::fingerprint(token);
                    store::insert_token(tx, hash, code_hash, &code, now, now + TOKEN_FOR).await?;
                    "app.token_issued"
                } else if first {
                    "app.code_refused"
                } else {
                    store::revoke_tokens(tx, code_hash, now).await?;
                    "app.code_reused"
                };
                let details = [("app", app.name.as_str()), ("scope", code.scope.as_str())];
                let person = PersonId(code.person_id);
                crate::identity::record(tx, by, person, action, &details, now).await?;
                Ok(fits.then_some(code.scope))
            })
        })
        .await?
        .ok_or_else(invalid_grant)?;
    Ok(Token { token, scope })
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
    fn what_an_app_shows_is_logged_without_its_secrets() {
        let shown = Exchange {
            client_id: "app",
            client_secret: "secret-1",
            code: "secret-2",
            redirect_uri: "https://app.example",
            code_verifier: Some("secret-3"),
        };
        let logged = format!("{shown:?}");
        assert!(!logged.contains("secret-"), "{logged}");
    }
}
