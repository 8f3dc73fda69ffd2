//! Access tokens: short-lived EdDSA JWTs (RFC 7519, RFC 8037) that name a session.
//!
//! A token is worth what its session is: it is refused as soon as the session has ended, so
//! signing out needs no list of revoked tokens. Its audience names the product and the role it
//! was made for, and it opens nothing else.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_transparency::keys::{Algorithm, PrivateKey};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::keyring::Keyring;
use crate::{Error, Kind, PersonId, Result, SessionId};

/// How long a token lives.
pub const ACCESS_FOR: Duration = Duration::from_secs(15 * 60);
/// How far the clocks of two nodes may differ.
const SKEW: chrono::Duration = chrono::Duration::seconds(5);

/// Whom a token lets in where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// TrackOrigin, as an artist.
    Artist,
    /// TrackOrigin, as an operator.
    Operator,
    /// Lumethic, as a user.
    Photographer,
}

impl Audience {
    /// Its name in the token.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Artist => "trackorigin:artist",
            Self::Operator => "trackorigin:operator",
            Self::Photographer => "lumethic:user",
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// Makes and checks access tokens.
pub struct AccessTokens {
    issuer: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens").finish_non_exhaustive()
    }
}

impl AccessTokens {
    /// Tokens under a key of their own, which every node derives alike.
    ///
    /// # Errors
    /// When the derived key cannot be encoded.
    pub fn new(keyring: &Keyring, issuer: &str) -> Result<Self> {
        let seed = keyring.derive_secret("colophon-access-tokens/1");
        let key = PrivateKey::from_seed(Algorithm::Ed25519, &seed).map_err(Error::internal)?;
        Ok(Self {
            issuer: issuer.to_owned(),
            encoding: EncodingKey::from_ed_der(&key.to_pkcs8_der()),
            decoding: DecodingKey::from_ed_der(key.public_key().as_bytes()),
        })
    }

    /// A token for a session, and when it ends.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn mint(
        &self,
        audience: Audience,
        person: PersonId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<(String, DateTime<Utc>)> {
        let ends = now + ACCESS_FOR;
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: audience.name().to_owned(),
            sub: person.to_string(),
            sid: session.to_string(),
            jti: Uuid::now_v7().simple().to_string(),
            iat: now.timestamp(),
            exp: ends.timestamp(),
        };
        let header = Header::new(jsonwebtoken::Algorithm::EdDSA);
        let token =
            jsonwebtoken::encode(&header, &claims, &self.encoding).map_err(Error::internal)?;
        Ok((token, ends))
    }

    /// Whom a token is for, and the session and person that it names, if it is ours, for one of
    /// the `audiences`, and valid now.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] with the same words for every other token.
    pub fn read(
        &self,
        audiences: &[Audience],
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<(Audience, SessionId, PersonId)> {
        let mut rules = Validation::new(jsonwebtoken::Algorithm::EdDSA);
        rules.set_issuer(&[&self.issuer]);
        let names: Vec<&str> = audiences.iter().map(|audience| audience.name()).collect();
        rules.set_audience(&names);
        rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Time is checked below, by the server's own clock.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .map_err(|_| refused())?
            .claims;
        let made = DateTime::from_timestamp(claims.iat, 0).ok_or_else(refused)?;
        let ends = DateTime::from_timestamp(claims.exp, 0).ok_or_else(refused)?;
        if made > now + SKEW || ends <= now {
            return Err(refused());
        }
        let mut audiences = audiences.iter().copied();
        let audience = audiences.find(|audience| audience.name() == claims.aud);
        let audience = audience.ok_or_else(refused)?;
        let session = claims.sid.parse().map_err(|_| refused())?;
        let person = claims.sub.parse().map_err(|_| refused())?;
        Ok((audience, session, person))
    }
}

fn refused() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "invalid_token",
        "The access token is not valid here, or has expired. Refresh it or sign in again.",
    )
}
