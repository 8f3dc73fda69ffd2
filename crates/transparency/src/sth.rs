//! The signed tree head of the TrackOrigin contract: the end of the hash chain and the
//! root of the tree in one small signed JSON object.

use crate::canonical::rfc8785;
use crate::json::{self, Number, Value};
use crate::keys::{Ed25519SigningKey, Ed25519VerifyingKey, PublicKey};
use crate::merkle::Hash;
use crate::{encoding, timestamp};

const ALGORITHM: &str = "Ed25519";

/// The state of the log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    /// The last entry's sequence number; 0 for an empty log.
    pub seq_no: u64,
    /// The last entry's hash; [`crate::entry::GENESIS`] for an empty log.
    pub entry_hash: Hash,
    /// Leaves in the tree.
    pub tree_size: u64,
    /// The root hash of the tree.
    pub root_hash: Hash,
    /// When the head was signed: RFC 3339, UTC, whole seconds.
    pub ts: String,
}

/// A tree head with a signature; checked by [`SignedTreeHead::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTreeHead {
    /// What is signed.
    pub head: TreeHead,
    /// SHA-256 of the raw public key, in hexadecimal.
    pub key_id: String,
    /// Ed25519 over the RFC 8785 text of the object without `signature`.
    pub signature: [u8; 64],
}

/// Why a tree head was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TreeHeadError {
    /// Not JSON.
    #[error("the tree head is not JSON: {0}")]
    Json(#[from] json::Error),
    /// A member is missing or invalid.
    #[error("the tree head's {0} is missing or invalid")]
    Member(&'static str),
    /// Signed, or claimed to be, with another key than the one given.
    #[error("the tree head names another key")]
    OtherKey,
    /// The right key, but not its signature.
    #[error("the signature of the tree head does not match")]
    InvalidSignature,
}

impl TreeHead {
    /// Signs the head.
    ///
    /// # Errors
    /// [`TreeHeadError::Member`] if a number is beyond 2^53 or `ts` is not a time.
    pub fn sign(self, key: &Ed25519SigningKey) -> Result<SignedTreeHead, TreeHeadError> {
        let key_id = PublicKey::from(key.verifying_key()).id_hex();
        let payload = payload(&self, &key_id)?;
        Ok(SignedTreeHead {
            signature: key.sign(rfc8785(&Value::object(payload)).as_bytes()),
            head: self,
            key_id,
        })
    }
}

/// The members under the signature.
fn payload(head: &TreeHead, key_id: &str) -> Result<Vec<(&'static str, Value)>, TreeHeadError> {
    let number = |name, value: u64| -> Result<_, TreeHeadError> {
        let number = value.try_into().ok().and_then(Number::from_integer);
        Ok((
            name,
            Value::from(number.ok_or(TreeHeadError::Member(name))?),
        ))
    };
    if timestamp::seconds(&head.ts).is_none() {
        return Err(TreeHeadError::Member("ts"));
    }
    Ok(vec![
        ("algorithm", Value::from(ALGORITHM)),
        ("entry_hash", Value::from(hex::encode(head.entry_hash))),
        ("key_id", Value::from(key_id)),
        ("root_hash", Value::from(hex::encode(head.root_hash))),
        number("seq_no", head.seq_no)?,
        number("tree_size", head.tree_size)?,
        ("ts", Value::from(head.ts.as_str())),
    ])
}

impl SignedTreeHead {
    /// The JSON object with its signature, in RFC 8785 form.
    ///
    /// # Errors
    /// [`TreeHeadError::Member`] if a number is beyond 2^53 or `ts` is not a time.
    pub fn to_json(&self) -> Result<String, TreeHeadError> {
        let mut members = payload(&self.head, &self.key_id)?;
        members.push(("signature", Value::from(encoding::base64(self.signature))));
        Ok(rfc8785(&Value::object(members)))
    }

    /// Reads a tree head in any JSON spelling; members that we do not know are refused,
    /// because the signature would have to cover them.
    ///
    /// # Errors
    /// [`TreeHeadError::Json`] or [`TreeHeadError::Member`].
    pub fn parse(bytes: &[u8]) -> Result<Self, TreeHeadError> {
        let value = json::parse(bytes, json::Limits::default())?;
        let text = |name| {
            let text = value.get(name).and_then(Value::as_str);
            text.ok_or(TreeHeadError::Member(name))
        };
        let hash = |name| encoding::hash_from_hex(text(name)?).ok_or(TreeHeadError::Member(name));
        let number = |name| {
            let number = value.get(name).and_then(Value::as_u64);
            number.ok_or(TreeHeadError::Member(name))
        };
        if text("algorithm")? != ALGORITHM {
            return Err(TreeHeadError::Member("algorithm"));
        }
        let signature = encoding::from_base64(text("signature")?).ok();
        let signed = Self {
            head: TreeHead {
                seq_no: number("seq_no")?,
                entry_hash: hash("entry_hash")?,
                tree_size: number("tree_size")?,
                root_hash: hash("root_hash")?,
                ts: text("ts")?.to_owned(),
            },
            key_id: text("key_id")?.to_owned(),
            signature: signature
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(TreeHeadError::Member("signature"))?,
        };
        if signed.to_json()? == rfc8785(&value) {
            Ok(signed)
        } else {
            Err(TreeHeadError::Member("object"))
        }
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// [`TreeHeadError::OtherKey`] or [`TreeHeadError::InvalidSignature`].
    pub fn verify(&self, key: &Ed25519VerifyingKey) -> Result<(), TreeHeadError> {
        if self.key_id != PublicKey::from(*key).id_hex() {
            return Err(TreeHeadError::OtherKey);
        }
        let payload = rfc8785(&Value::object(payload(&self.head, &self.key_id)?));
        key.verify(payload.as_bytes(), &self.signature)
            .map_err(|_| TreeHeadError::InvalidSignature)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tree_head_survives_the_wire_and_no_member_can_change() {
        let key = Ed25519SigningKey::from_seed(&[3; 32]);
        let head = TreeHead {
            seq_no: 42,
            entry_hash: [1; 32],
            tree_size: 42,
            root_hash: [2; 32],
            ts: "2026-11-22T02:31:42Z".to_owned(),
        };
        let signed = head.sign(&key).unwrap();
        let json = signed.to_json().unwrap();
        let read = SignedTreeHead::parse(json.as_bytes()).unwrap();
        assert_eq!(read, signed);
        assert_eq!(read.verify(&key.verifying_key()), Ok(()));
        // An object in another member order and with spaces is the same object.
        let reordered = json.replacen("{\"algorithm\":\"Ed25519\",", "{ ", 1);
        let reordered = reordered.replacen('}', ",\"algorithm\":\"Ed25519\"}", 1);
        assert_eq!(SignedTreeHead::parse(reordered.as_bytes()).unwrap(), signed);

        for (from, to) in [
            ("42,", "43,"),
            ("0101", "0102"),
            ("0202", "0203"),
            (":42Z", ":43Z"),
        ] {
            let changed = SignedTreeHead::parse(json.replacen(from, to, 1).as_bytes()).unwrap();
            let verdict = changed.verify(&key.verifying_key());
            assert_eq!(verdict, Err(TreeHeadError::InvalidSignature), "{from}");
        }
        let extra = json.replacen('{', "{\"extra\":1,", 1);
        assert!(SignedTreeHead::parse(extra.as_bytes()).is_err());
        let other = Ed25519SigningKey::from_seed(&[4; 32]).verifying_key();
        assert_eq!(signed.verify(&other), Err(TreeHeadError::OtherKey));
    }
}
