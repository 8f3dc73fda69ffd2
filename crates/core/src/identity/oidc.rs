//! The OIDC bridge (TrackOrigin contract): an ID token of a partner's identity provider opens a
//! session here.
//!
//! An operator registers the provider: its issuer, its audience, where its keys are. A token is
//! believed when a key of that provider signed it with an asymmetric algorithm, it is for that
//! audience, it is valid now, and, before an account is found or made by its e-mail address, the
//! provider says that the address was verified.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use uuid::Uuid;

use super::access_token::Audience;
use super::session::{self, Credentials, SessionKind};
use super::{Person, account, person, store};
use crate::audit::{self, By, Chain, Origin};
use crate::{Core, Error, Kind, PersonId, Result};

/// Keys are asked for again after this long,
const KEYS_FOR: chrono::Duration = chrono::Duration::hours(1);
/// or, for a token under a key that is not among them, after this long.
const KEYS_AGAIN: chrono::Duration = chrono::Duration::minutes(1);
/// Largest answer with keys, in bytes.
const KEYS_BYTES: usize = 256 << 10;
const FETCH: Duration = Duration::from_secs(10);
/// How far a provider's clock may be off.
const SKEW: chrono::Duration = chrono::Duration::seconds(60);

/// Algorithms a provider may sign with: none whose key is a secret shared with us.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// A provider that is trusted.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its id.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// `iss` of its tokens.
    pub issuer: String,
    /// `aud` of those that are for us.
    pub audience: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// A provider to register.
#[derive(Clone, Copy, Debug)]
pub struct NewIssuer<'a> {
    /// 1 to 120 characters.
    pub name: &'a str,
    /// As its tokens spell it.
    pub issuer: &'a str,
    /// As its tokens spell it.
    pub audience: &'a str,
    /// An address that we may ask.
    pub jwks_uri: &'a str,
}

/// Keys of providers, as they were last fetched.
#[derive(Debug, Default)]
pub struct ProviderKeys(Mutex<HashMap<Uuid, (JwkSet, DateTime<Utc>)>>);

/// Registers a provider.
///
/// # Errors
/// [`Kind::Invalid`] naming the field, [`Kind::Conflict`] for an issuer that is registered.
pub async fn register_issuer(core: &Core, by: &By, new: NewIssuer<'_>) -> Result<Issuer> {
    let name = crate::text::line("name", new.name, 120)?;
    let audience = crate::text::line("audience", new.audience, 200)?;
    let text = crate::text::line("issuer", new.issuer, 300)?;
    if url::Url::parse(&text).is_err() {
        return Err(Error::invalid("issuer", "must be an address"));
    }
    let jwks_uri = crate::text::line("jwks_uri", new.jwks_uri, 300)?;
    if let Err(error) = core.outgoing.check(&jwks_uri) {
        return Err(Error::invalid("jwks_uri", error.detail));
    }
    let issuer = Issuer {
        id: core.ids.next(),
        name,
        issuer: text,
        audience,
        jwks_uri,
        created_at: core.clock.now(),
    };
    core.db
        .write(|tx, _| {
            let issuer = &issuer;
            Box::pin(async move {
                if !store::insert_issuer(tx, issuer).await? {
                    let mut error = Error::invalid("issuer", "is registered already");
                    error.kind = Kind::Conflict;
                    error.code = "issuer_registered";
                    return Err(error);
                }
                let details = [("issuer", issuer.issuer.as_str())];
                let (subject, at) = (issuer.id.to_string(), issuer.created_at);
                let action = "issuer.registered";
                audit::record(tx, Chain::Server, by, action, &subject, &details, at).await
            })
        })
        .await?;
    Ok(issuer)
}

#[derive(Deserialize)]
struct Unverified {
    iss: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Truth,
    name: Option<String>,
}

/// Some providers spell booleans as texts.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Truth {
    Bool(bool),
    Text(String),
    #[default]
    Absent,
}

impl Truth {
    fn holds(&self) -> bool {
        match self {
            Self::Bool(truth) => *truth,
            Self::Text(text) => text == "true",
            Self::Absent => false,
        }
    }
}

fn refused() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "invalid_id_token",
        "The ID token is not one of a registered provider, for its audience, valid now.",
    )
}

/// Opens a session for whoever an ID token names, and makes an account where there is none.
///
/// # Errors
/// [`Kind::Unauthenticated`] code `invalid_id_token`; [`Kind::Forbidden`] code
/// `email_not_verified` when the provider does not vouch for the address;
/// [`Kind::Unavailable`] when its keys cannot be fetched.
pub async fn bridge(core: &Core, origin: &Origin, id_token: &str) -> Result<Credentials> {
    let issuer = unverified_issuer(id_token).ok_or_else(refused)?;
    let provider = store::issuer(&core.db, &issuer)
        .await?
        .ok_or_else(refused)?;
    let claims = verify(core, &provider, id_token).await?;
    let person = match store::person_of_identity(&core.db, &provider.issuer, &claims.sub).await? {
        Some(person) => person,
        None => by_email(core, origin, &provider, claims).await?,
    };
    session::start(core, person, SessionKind::Person, Audience::Artist, origin).await
}

/// Which provider a token says it is of; nothing is believed yet.
fn unverified_issuer(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some(serde_json::from_slice::<Unverified>(&bytes).ok()?.iss)
}

async fn verify(core: &Core, provider: &Issuer, token: &str) -> Result<Claims> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused())?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(refused());
    }
    let jwk = key(core, provider, header.kid.as_deref()).await?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| refused())?;
    let mut rules = Validation::new(header.alg);
    rules.set_issuer(&[&provider.issuer]);
    rules.set_audience(&[&provider.audience]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Time is checked below, by the server's own clock.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
        .map_err(|_| refused())?
        .claims;
    let now = core.clock.now();
    let after =
        |seconds: i64| DateTime::from_timestamp(seconds, 0).is_some_and(|at| at > now + SKEW);
    let ended = DateTime::from_timestamp(claims.exp, 0).is_none_or(|at| at + SKEW <= now);
    if ended || claims.iat.is_some_and(after) || claims.nbf.is_some_and(after) {
        return Err(refused());
    }
    Ok(claims)
}

/// The provider's key of this id, fetched when it is not at hand.
async fn key(core: &Core, provider: &Issuer, kid: Option<&str>) -> Result<Jwk> {
    let now = core.clock.now();
    let known = core.provider_keys.get(provider.id);
    if let Some((keys, fetched)) = &known {
        if let Some(jwk) = find(keys, kid).filter(|_| *fetched + KEYS_FOR > now) {
            return Ok(jwk);
        }
        // Tokens under made-up keys must not have us ask the provider each time.
        if *fetched + KEYS_AGAIN > now {
            return Err(refused());
        }
    }
    let body = core
        .outgoing
        .fetch(&provider.jwks_uri, KEYS_BYTES, FETCH)
        .await?;
    let keys: JwkSet = serde_json::from_slice(&body)
        .map_err(|error| Error::unavailable("identity provider", error))?;
    let jwk = find(&keys, kid);
    core.provider_keys.keep(provider.id, keys, now);
    jwk.ok_or_else(refused)
}

/// The key that a token names; one that names none is of the only key there is.
fn find(keys: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match kid {
        Some(kid) => keys.find(kid).cloned(),
        None => match keys.keys.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
    }
}

impl ProviderKeys {
    fn get(&self, id: Uuid) -> Option<(JwkSet, DateTime<Utc>)> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    fn keep(&self, id: Uuid, keys: JwkSet, now: DateTime<Utc>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, (keys, now));
    }
}

/// Finds or makes the account of a verified address, and binds it to the provider's subject.
async fn by_email(
    core: &Core,
    origin: &Origin,
    provider: &Issuer,
    claims: Claims,
) -> Result<PersonId> {
    let email = claims
        .email
        .as_deref()
        .filter(|_| claims.email_verified.holds());
    let Some(email) = email else {
        return Err(Error::new(
            Kind::Forbidden,
            "email_not_verified",
            "The identity provider does not say that it has verified the e-mail address.",
        ));
    };
    let email = person::email_address("email", email).map_err(|_| refused())?;
    let now = core.clock.now();
    let found = store::person_by_email(&core.db, &email).await?;
    let name = claims
        .name
        .as_deref()
        .and_then(|name| crate::text::line("name", name, 60).ok())
        .unwrap_or_else(|| {
            email
                .split('@')
                .next()
                .unwrap_or("artist")
                .chars()
                .take(60)
                .collect()
        });
    let new = Person {
        id: PersonId(core.ids.next()),
        email,
        name,
        handle: None,
        operator: false,
        email_verified_at: Some(now),
        bio: String::new(),
        location: String::new(),
        links: Vec::new(),
        avatar: None,
        ml_opt_out: false,
        created_at: now,
    };
    let id = found.as_ref().map_or(new.id, |(person, _)| person.id);
    core.db
        .write(|tx, _| {
            let (new, found, claims) = (&new, &found, &claims);
            Box::pin(async move {
                match found {
                    None => account::insert(core, tx, new, account::NO_PASSWORD, origin).await?,
                    Some(_) => {
                        store::verify_email(tx, id, now).await?;
                    }
                }
                store::insert_identity(tx, &provider.issuer, &claims.sub, id, now).await?;
                let by = By::person(id, origin.clone());
                let details = [("issuer", provider.issuer.as_str())];
                super::record(tx, &by, id, "person.identity_linked", &details, now).await
            })
        })
        .await?;
    Ok(id)
}
