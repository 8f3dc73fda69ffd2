//! The first operator: a link that works once.

use std::time::Duration;

use colophon_db::{Clock, Db};

use super::{Person, account, email_address, password, store};
use crate::audit::{self, By, Chain, Origin};
use crate::{Core, Error, Kind, PersonId, Result};

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
            store::end_tokens(tx, SETUP, None, now).await?;
            store::insert_token(tx, SETUP, None, hash, now, now + LINK_FOR).await
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
    core: &Core,
    origin: &Origin,
    token: &str,
    email: &str,
    name: &str,
    new_password: &str,
) -> Result<Person> {
    let email = email_address("email", email)?;
    let name = crate::text::line("name", name, 60)?;
    password::check("password", new_password)?;
    let hash = crate::fingerprint(token);
    let now = core.clock.now();
    let password_hash = password::hash(new_password).await?;
    let person = Person {
        operator: true,
        // Whoever starts the server needs no letter from it.
        email_verified_at: Some(now),
        ..Person::new(PersonId(core.ids.next()), email, name, now)
    };
    core.db
        .write(|tx, _| {
            let (person, password_hash) = (&person, password_hash.as_str());
            Box::pin(async move {
                if store::use_token(tx, SETUP, hash, now).await?.is_none() {
                    return Err(Error::new(
                        Kind::Forbidden,
                        "setup_link_invalid",
                        "This link was used or has expired. Start the server again for a new one.",
                    ));
                }
                account::insert(core, tx, person, password_hash, origin).await?;
                let by = By::person(person.id, origin.clone());
                let subject = person.id.to_string();
                let action = "operator.created";
                audit::record(tx, Chain::Server, &by, action, &subject, &[], now).await
            })
        })
        .await?;
    Ok(person)
}
