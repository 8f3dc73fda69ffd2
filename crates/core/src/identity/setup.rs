//! The first operator: a link that works once.

use std::time::Duration;

use chrono::{DateTime, Utc};
use colophon_db::{Clock, Db, IdGenerator};

use super::{Person, password, store};
use crate::{Error, Kind, PersonId, Result};

const SETUP: &str = "operator-setup";
const LINK_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether nobody can sign in to the console yet.
///
/// # Errors
/// When the database does not answer.
pub async fn needs_operator(db: &Db) -> Result<bool> {
    Ok(!store::has_operator(db).await?)
}

/// A fresh one-time token for `/console/setup?token=…`, valid for a day; earlier ones end.
///
/// # Errors
/// When the database does not answer.
pub async fn setup_link(db: &Db, clock: &Clock) -> Result<String> {
    let token = hex::encode(crate::entropy::bytes::<24>());
    let hash = crate::entropy::fingerprint(&token);
    let now = clock.now();
    db.write(|tx, _| {
        Box::pin(async move {
            store::end_tokens(tx, SETUP, now).await?;
            store::insert_token(tx, SETUP, hash, now, now + LINK_FOR).await
        })
    })
    .await?;
    Ok(token)
}

/// Makes the operator account that the link is for; the link works once.
///
/// # Errors
/// [`Kind::Forbidden`] code `setup_link_invalid` for a used, expired or unknown link,
/// [`Kind::Invalid`] for a field, [`Kind::Conflict`] for an e-mail address in use.
pub async fn create_operator(
    db: &Db,
    clock: &Clock,
    ids: &IdGenerator,
    token: &str,
    email: &str,
    name: &str,
    new_password: &str,
) -> Result<Person> {
    let email = email_address(email)?;
    let name = crate::text::line("name", name, 100)?;
    password::check(new_password)?;
    let hash = crate::entropy::fingerprint(token);
    let now: DateTime<Utc> = clock.now();
    let password_hash = password::hash(new_password).await?;
    let person = Person {
        id: PersonId(ids.next()),
        email,
        name,
        operator: true,
    };
    let outcome = db
        .write(|tx, _| {
            Box::pin(async {
                if !store::use_token(tx, SETUP, hash, now).await? {
                    return Err(Error::new(
                        Kind::Forbidden,
                        "setup_link_invalid",
                        "This link was used or has expired. Start the server again for a new one.",
                    ));
                }
                store::insert_person(tx, &person, &password_hash, now).await
            })
        })
        .await;
    outcome?;
    Ok(person)
}

fn email_address(text: &str) -> Result<String> {
    let text = crate::text::line("email", text, 254)?.to_lowercase();
    let valid = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !text.contains(char::is_whitespace)
            && !domain.contains('@')
    });
    // A name on this machine has no dot; it is what a first try on a laptop uses.
    if valid || text.ends_with("@localhost") && text.len() > "@localhost".len() {
        return Ok(text);
    }
    Err(Error::invalid("email", "must be an e-mail address"))
}
