//! Passwords: argon2id at OWASP's parameters, on worker threads, a few at a time.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// Hashes at once: each takes 19 MiB and a core for tens of milliseconds.
static SLOTS: Semaphore = Semaphore::const_new(2);

/// OWASP Password Storage Cheat Sheet, argon2id: m = 19 MiB, t = 2, p = 1.
fn hasher() -> Result<Argon2<'static>> {
    let params =
        Params::new(19 * 1024, 2, 1, None).map_err(|error| Error::internal(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Refuses what is too short to protect anything or too long to be a password.
pub(super) fn check(field: &'static str, password: &str) -> Result<()> {
    if !(12..=128).contains(&password.chars().count()) {
        return Err(Error::invalid(field, "must have 12 to 128 characters"));
    }
    if is_common(password) {
        return Err(Error::invalid(
            field,
            "is on a list of common passwords; choose one that nobody else has",
        ));
    }
    Ok(())
}

/// The common passwords of 12 and more characters, in lower case, sorted, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let mut letters = lower.chars();
    let first = letters.next();
    // `aaaaaaaaaaaa` is on no list and in every guesser's head.
    letters.all(|char| Some(char) == first) || COMMON.lines().any(|common| common == lower)
}

async fn on_worker<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let _slot = SLOTS.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

/// The PHC string to store.
pub(super) async fn hash(password: &str) -> Result<String> {
    let password = Zeroizing::new(password.to_owned());
    on_worker(move || {
        hasher()?
            .hash_password(password.as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| Error::internal(error.to_string()))
    })
    .await
}

/// Whether the password fits the stored string. Without one (an unknown e-mail address) the
/// same work is done against a fixed string, so that both take the same time.
pub(super) async fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    /// A hash of random bytes with the parameters above: no password fits.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$Y29sb3Bob25ub2JvZHk$ExMTExMTE0NAWoz0d4aEzOzCMowD2Sz63N+JODkNNak";
    let password = Zeroizing::new(password.to_owned());
    let known = stored.is_some();
    let stored = stored.unwrap_or(NOBODY).to_owned();
    on_worker(move || {
        Ok(hasher()?
            .verify_password(password.as_bytes(), stored.as_str())
            .is_ok()
            && known)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_no_other() {
        let stored = hash("correct horse battery").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(
            verify("correct horse battery", Some(&stored))
                .await
                .unwrap()
        );
        assert!(
            !verify("correct horse batterz", Some(&stored))
                .await
                .unwrap()
        );
        assert!(!verify("correct horse battery", None).await.unwrap());
    }
}
