//! Everything held about a person, as one JSON object that is written while it is read.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use futures::Stream;
use futures::stream::try_unfold;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Person, store};
use crate::access::KeyHolder;
use crate::{Core, Error, OrgId, RecordId, Result, access, audit, generators, oauth};
use crate::{organisations, records, wallet};

/// What is read from the database at once.
const PAGE: i64 = 500;

/// The parts of an export after the profile: lists, in this order.
#[derive(Clone, Copy, Debug)]
enum Part {
    Sessions,
    Organisations,
    Invitations,
    ExternalIdentities,
    Apps,
    ApiKeys,
    LedgerEntries,
    Generators,
    Records,
    AuditEvents,
}

const PARTS: [(&str, Part); 10] = [
    ("sessions", Part::Sessions),
    ("organisations", Part::Organisations),
    ("invitations", Part::Invitations),
    ("external_identities", Part::ExternalIdentities),
    ("allowed_apps", Part::Apps),
    ("api_keys", Part::ApiKeys),
    ("ledger_entries", Part::LedgerEntries),
    ("generators", Part::Generators),
    ("records", Part::Records),
    ("audit_events", Part::AuditEvents),
];

/// Where the next page of a part begins.
#[derive(Clone, Copy, Debug)]
enum From {
    Start,
    Skip(i64),
    After(Uuid),
    Before(i64),
}

/// Some items, and where the next page begins if there is one.
type Page = (Vec<Json>, Option<From>);

struct Export {
    core: Arc<Core>,
    person: Person,
    /// Whose keys, ledger, records and events are the person's own.
    org_id: OrgId,
    at: Position,
}

#[derive(Clone, Copy)]
enum Position {
    Profile,
    Part(usize, From),
    Done,
}

/// Everything held about a person and their personal organisation, without secrets and without the
/// bytes of files. The pieces make one JSON object; a failure half-way breaks it off, so that what
/// is incomplete is no JSON.
///
/// # Errors
/// When the database does not answer.
pub async fn export(
    core: Arc<Core>,
    person: Person,
) -> Result<impl Stream<Item = Result<Bytes>> + Send + 'static> {
    let organisations = organisations::of_person(&core.db, person.id).await?;
    let personal = organisations
        .iter()
        .find(|organisation| organisation.personal_of == Some(person.id));
    let start = Export {
        org_id: personal
            .map(|organisation| organisation.id)
            .ok_or_else(|| Error::not_found("organisation"))?,
        core,
        person,
        at: Position::Profile,
    };
    Ok(try_unfold(start, async |mut export| {
        let piece = export.next().await?;
        Ok(piece.map(|piece| (piece, export)))
    }))
}

impl Export {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        let (text, next) = match self.at {
            Position::Profile => (self.opening().await?, Position::Part(0, From::Start)),
            Position::Part(number, from) => match PARTS.get(number) {
                Some((name, part)) => {
                    let (items, next) = self.page(*part, from).await?;
                    let text = list(name, from, &items, next.is_some());
                    let next = match next {
                        Some(from) => Position::Part(number, from),
                        None => Position::Part(number + 1, From::Start),
                    };
                    (text, next)
                }
                None => ("}\n".to_owned(), Position::Done),
            },
            Position::Done => return Ok(None),
        };
        self.at = next;
        Ok(Some(text.into()))
    }

    async fn opening(&self) -> Result<String> {
        let person = &self.person;
        let profile = json!({
            "id": person.id.to_string(),
            "email": person.email,
            "email_verified_at": person.email_verified_at.map(utc),
            "name": person.name,
            "handle": person.handle,
            "bio": person.bio,
            "location": person.location,
            "links": person.links,
            "avatar_url": super::avatar_url(&self.core, person).await?,
            "ml_training_opt_out": person.ml_opt_out,
            "operator": person.operator,
            "created_at": utc(person.created_at),
        });
        let at = utc(self.core.clock.now());
        Ok(format!(
            "{{\"exported_at\":{},\"profile\":{profile}",
            json!(at)
        ))
    }

    async fn page(&self, part: Part, from: From) -> Result<Page> {
        match part {
            Part::Sessions => self.sessions().await,
            Part::Organisations => self.organisations().await,
            Part::Invitations => self.invitations().await,
            Part::ExternalIdentities => self.external_identities().await,
            Part::Apps => self.apps(from).await,
            Part::ApiKeys => self.api_keys().await,
            Part::LedgerEntries => self.ledger_entries(from).await,
            Part::Generators => self.generators().await,
            Part::Records => self.records(from).await,
            Part::AuditEvents => self.audit_events(from).await,
        }
    }

    async fn sessions(&self) -> Result<Page> {
        let found = super::devices(&self.core, self.person.id).await?;
        Ok(whole(found.into_iter().map(|device| {
            json!({
                "id": device.id.to_string(),
                "kind": device.kind.name(),
                "ip": device.ip,
                "user_agent": device.user_agent,
                "created_at": utc(device.created_at),
                "seen_at": utc(device.seen_at),
                "expires_at": utc(device.expires_at),
            })
        })))
    }

    async fn organisations(&self) -> Result<Page> {
        let found = organisations::memberships_of(&self.core.db, self.person.id).await?;
        Ok(whole(found.into_iter().map(|membership| {
            let role = |(role, location): &(String, Option<String>)| json!({"role": role, "location": location});
            json!({
                "id": membership.org_id.to_string(),
                "name": membership.organisation,
                "personal": membership.org_id == self.org_id,
                "status": if membership.active { "active" } else { "suspended" },
                "joined_at": utc(membership.joined_at),
                "roles": membership.roles.iter().map(role).collect::<Vec<_>>(),
            })
        })))
    }

    async fn invitations(&self) -> Result<Page> {
        // Whoever has not shown that the address is theirs has no business with its invitations.
        if self.person.email_verified_at.is_none() {
            return Ok((Vec::new(), None));
        }
        let found = organisations::invitations_to(&self.core, &self.person.email).await?;
        Ok(whole(found.into_iter().map(|invitation| {
            json!({
                "id": invitation.id.to_string(),
                "organisation": invitation.organisation,
                "role": invitation.role,
                "scope": invitation.scope.label(),
                "status": invitation.status.name(),
                "created_at": utc(invitation.created_at),
                "expires_at": utc(invitation.expires_at),
            })
        })))
    }

    async fn external_identities(&self) -> Result<Page> {
        let found = store::external_identities(&self.core.db, self.person.id).await?;
        Ok(whole(found.into_iter().map(|(issuer, subject, at)| {
            json!({"issuer": issuer, "subject": subject, "created_at": utc(at)})
        })))
    }

    async fn apps(&self, from: From) -> Result<Page> {
        let skip = match from {
            From::Skip(skip) => skip,
            _ => 0,
        };
        let found = oauth::allowed(&self.core, self.person.id, skip, PAGE).await?;
        let next = is_full(&found).then_some(From::Skip(skip + PAGE));
        let items = found.into_iter().map(|allowed| {
            json!({
                "app": allowed.app,
                "scope": allowed.scope,
                "created_at": utc(allowed.created_at),
                "expires_at": utc(allowed.expires_at),
                "revoked_at": allowed.revoked_at.map(utc),
            })
        });
        Ok((items.collect(), next))
    }

    async fn api_keys(&self) -> Result<Page> {
        let found = access::list_keys(&self.core, KeyHolder::trusted(self.org_id)).await?;
        Ok(whole(found.into_iter().map(|key| {
            json!({
                "id": key.id.to_string(),
                "kind": key.kind.name(),
                "test": key.test,
                "name": key.name,
                "start": key.start,
                "permissions": key.permissions.iter().map(|one| one.key()).collect::<Vec<_>>(),
                "frame_ancestors": key.frame_ancestors,
                "created_at": utc(key.created_at),
                "expires_at": key.expires_at.map(utc),
                "revoked_at": key.revoked_at.map(utc),
                "last_used_at": key.last_used_at.map(utc),
            })
        })))
    }

    async fn ledger_entries(&self, from: From) -> Result<Page> {
        let found = wallet::entries(&self.core.db, self.org_id, after(from), PAGE).await?;
        let next = found.last().filter(|_| is_full(&found));
        let next = next.map(|entry| From::After(entry.id));
        let items = found.into_iter().map(|entry| {
            json!({
                "id": entry.id.to_string(),
                "amount": entry.amount,
                "balance_after": entry.balance_after,
                "reason": entry.reason,
                "created_at": utc(entry.created_at),
            })
        });
        Ok((items.collect(), next))
    }

    async fn generators(&self) -> Result<Page> {
        let found = generators::list(&self.core.db, self.org_id).await?;
        Ok(whole(found.into_iter().map(|generator| {
            json!({
                "id": generator.id.to_string(),
                "name": generator.name,
                "keys": generator.keys.iter().map(|key| key.key.kid()).collect::<Vec<_>>(),
                "created_at": utc(generator.created_at),
                "revoked_at": generator.revoked_at.map(utc),
            })
        })))
    }

    async fn records(&self, from: From) -> Result<Page> {
        let last = after(from).map(RecordId);
        let found = records::ids_of(&self.core.db, self.org_id, last, PAGE).await?;
        let next = found.last().filter(|_| is_full(&found));
        let next = next.map(|id| From::After(id.0));
        let items = found.into_iter().map(|id| Json::from(id.to_string()));
        Ok((items.collect(), next))
    }

    async fn audit_events(&self, from: From) -> Result<Page> {
        let before = match from {
            From::Before(seq) => Some(seq),
            _ => None,
        };
        let page = audit::list(&self.core.db, self.org_id, before, PAGE).await?;
        let items: Result<_, serde_json::Error> = page
            .events
            .iter()
            .map(|event| serde_json::from_str(&event.document))
            .collect();
        let next = page.next_before.map(From::Before);
        Ok((items.map_err(Error::internal)?, next))
    }
}

/// A part that is one page.
fn whole(items: impl Iterator<Item = Json>) -> Page {
    (items.collect(), None)
}

fn is_full<T>(page: &[T]) -> bool {
    page.len() as i64 >= PAGE
}

fn after(from: From) -> Option<Uuid> {
    match from {
        From::After(id) => Some(id),
        _ => None,
    }
}

fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// A page of a list, with the list's beginning if it is the first and its end if it is the last.
fn list(name: &str, from: From, items: &[Json], more: bool) -> String {
    let first = matches!(from, From::Start);
    let mut text = String::new();
    if first {
        text.push_str(&format!(",\"{name}\":["));
    }
    for (number, item) in items.iter().enumerate() {
        if number > 0 || !first {
            text.push(',');
        }
        text.push_str(&item.to_string());
    }
    if !more {
        text.push(']');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_a_list_make_one_list() {
        let [one, two] = [json!(1), json!({"two": "2"})];
        let text = [
            "{\"at\":0".to_owned(),
            list("empty", From::Start, &[], false),
            list("many", From::Start, &[one.clone(), two], true),
            list("many", From::Skip(2), &[one], true),
            list("many", From::Skip(3), &[], false),
            "}".to_owned(),
        ]
        .concat();
        let read: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(
            read,
            json!({"at": 0, "empty": [], "many": [1, {"two": "2"}, 1]})
        );
    }
}
