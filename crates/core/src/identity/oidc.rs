//! The OIDC bridge (TrackOrigin contract): an ID token of a partner's identity provider opens a
//! session here.
//!
//! An operator registers the provider: its issuer, its audience, where its keys are. A token is
//! believed when a key of that provider signed it with an asymmetric algorithm, it is for that
//! audience, it is valid now, and, before an account is found or made by its e-mail address, the
//! provider says that the address was verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::access_token::Audience;
use super::session::{self, Credentials, SessionKind};
use super::{Person, account, person, store};
use crate::audit::{self, By, Chain, Origin};
use crate::{Core, Error, IssuerId, Kind, PersonId, Result};

/// How far a provider's clock may be off, in seconds.
const SKEW: i64 = 60;

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
    pub id: IssuerId,
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

/// The providers that are trusted, newest first: for operators.
///
/// # Errors
/// When the database does not answer.
pub async fn issuers(core: &Core) -> Result<Vec<Issuer>> {
    store::issuers(&core.db).await
}

/// Registers a provider.
///
/// # Errors
/// [`Kind::Invalid`] naming the field, [`Kind::Conflict`] for an issuer that is registered.
pub async fn register_issuer(core: &Core, by: &By, new: NewIssuer<'_>) -> Result<Issuer> {
    let name = crate::text::line("name", new.name, 120)?;
    let audience = crate::text::line("audience", new.audience, 200)?;
    let text = crate::text::line("issuer", new.issuer, 300)?;
    let web = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !web {
        return Err(Error::invalid("issuer", "must be an https address"));
    }
    let jwks_uri = crate::text::line("jwks_uri", new.jwks_uri, 300)?;
    if let Err(error) = core.outgoing.check(&jwks_uri) {
        return Err(Error::invalid("jwks_uri", error.detail));
    }
    let issuer = Issuer {
        id: IssuerId(core.ids.next()),
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

/// Trusts a provider no more: its tokens open nothing. The accounts that it vouched for keep their
/// other ways in, and their link, should it be trusted again.
///
/// # Errors
/// [`Kind::NotFound`] for a provider that is not trusted.
pub async fn remove_issuer(core: &Core, by: &By, id: IssuerId) -> Result<()> {
    let now = core.clock.now();
    core.db
        .write(|tx, _| {
            Box::pin(async move {
                let issuer = store::delete_issuer(tx, id).await?;
                let issuer = issuer.ok_or_else(|| Error::not_found("identity provider"))?;
                let details = [("issuer", issuer.as_str())];
                let (subject, action) = (id.to_string(), "issuer.removed");
                audit::record(tx, Chain::Server, by, action, &subject, &details, now).await
            })
        })
        .await?;
    core.provider_keys.forget(id);
    Ok(())
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
        None => match by_email(core, origin, &provider, &claims).await {
            // Made since it was looked for; it is found now.
            Err(error) if error.code == "email_taken" => {
                by_email(core, origin, &provider, &claims).await?
            }
            person => person?,
        },
    };
    let kind = SessionKind::Person;
    let started = session::start(core, person, None, kind, Audience::Artist, origin).await?;
    started.ok_or_else(refused)
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
    let jwk = core
        .provider_keys
        .find(core, provider, header.kid.as_deref())
        .await?
        .ok_or_else(refused)?;
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
    let now = core.clock.now().timestamp();
    let after = |seconds: i64| seconds > now + SKEW;
    let ended = claims.exp.saturating_add(SKEW) <= now;
    if ended || claims.iat.is_some_and(after) || claims.nbf.is_some_and(after) {
        return Err(refused());
    }
    Ok(claims)
}

/// Finds or makes the account of a verified address, and binds it to the provider's subject.
async fn by_email(
    core: &Core,
    origin: &Origin,
    provider: &Issuer,
    claims: &Claims,
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
    let known = found.map(|(person, _)| person.id);
    let id = known.unwrap_or_else(|| PersonId(core.ids.next()));
    let name = claims
        .name
        .as_deref()
        .and_then(|name| crate::text::line("name", name, account::NAME).ok())
        .unwrap_or_else(|| {
            let local = email.split('@').next().unwrap_or_default();
            local.chars().take(account::NAME).collect()
        });
    let new = Person {
        email_verified_at: Some(now),
        ..Person::new(id, email, name, now)
    };
    core.db
        .write(|tx, _| {
            let new = &new;
            Box::pin(async move {
                match known {
                    None => account::insert(core, tx, new, account::NO_PASSWORD, origin).await?,
                    Some(id) => account::hand_over(tx, id, origin, now).await?,
                }
                store::insert_identity(tx, &provider.issuer, &claims.sub, id, now).await?;
                let by = By::person(id, origin.clone());
                let details = [("issuer", provider.issuer.as_str())];
                super::record(tx, &by, id, "person.identity_linked", &details, now).await
            })
        })
        .await?;
    core.keys.forget_all();
    core.sessions.forget_all();
    Ok(id)
}
