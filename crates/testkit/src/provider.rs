//! An identity provider of a partner: its keys at an address, and the ID tokens it signs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use colophon_transparency::keys::Ed25519SigningKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::site::must;

/// A provider that answers on this machine for as long as the test runs.
#[derive(Debug)]
pub struct IdentityProvider {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
}

/// What a provider signs with.
#[derive(Debug)]
pub struct ProviderKey {
    /// Its name among the provider's keys.
    pub kid: String,
    key: Ed25519SigningKey,
}

impl ProviderKey {
    /// A key that is the same in every run.
    #[must_use]
    pub fn new(kid: &str) -> Self {
        let mut seed = [7; 32];
        for (into, byte) in seed.iter_mut().zip(kid.bytes()) {
            *into = byte;
        }
        Self {
            kid: kid.to_owned(),
            key: Ed25519SigningKey::from_seed(&seed),
        }
    }

    fn public(&self) -> Vec<u8> {
        self.key.verifying_key().as_bytes().to_vec()
    }

    /// As the provider publishes it (RFC 8037).
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.kid, "x": URL_SAFE_NO_PAD.encode(self.public()),
        })
    }

    /// A token with these claims, as it should be.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": self.kid });
        assemble(&header, claims, |text| self.key.sign(text).to_vec())
    }

    /// A token that nobody signed.
    #[must_use]
    pub fn unsigned(&self, claims: &Value) -> String {
        let header = json!({ "alg": "none", "typ": "JWT", "kid": self.kid });
        assemble(&header, claims, |_| Vec::new())
    }

    /// A token signed with what everybody knows: the public key, taken for a shared secret.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    #[must_use]
    pub fn signed_with_the_public_key(&self, claims: &Value) -> String {
        let header = json!({ "alg": "HS256", "typ": "JWT", "kid": self.kid });
        assemble(&header, claims, |text| {
            let mut mac = must(Hmac::<Sha256>::new_from_slice(&self.public()));
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        })
    }
}

fn assemble(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
    format!("{text}.{signature}")
}

impl IdentityProvider {
    /// A provider with these keys.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(keys: &[&ProviderKey]) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0"));
        let address = must(listener.local_addr());
        let shared = Arc::new(Shared::default());
        let provider = Self {
            address,
            shared: Arc::clone(&shared),
        };
        provider.publish(keys.iter().map(|key| key.jwk()).collect());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = must(stream);
                let request = BufReader::new(must(stream.try_clone()));
                // The head of the request, to its empty line.
                let _ = request.lines().map_while(Result::ok).find(String::is_empty);
                shared.asked.fetch_add(1, Ordering::SeqCst);
                let keys = shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
                let body = json!({ "keys": *keys }).to_string();
                let length = body.len();
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        provider
    }

    /// Changes its keys.
    pub fn publish(&self, keys: Vec<Value>) {
        *self
            .shared
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where its keys are.
    #[must_use]
    pub fn jwks_uri(&self) -> String {
        format!("{}/jwks", self.issuer())
    }

    /// How often it was asked for its keys.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}
