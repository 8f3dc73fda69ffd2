//! Clients that sign records and post them, and remember exactly what they were told.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use colophon_transparency::canonical::rfc8785;
use colophon_transparency::digest::{ContentHash, HashFunction, sha3_256};
use colophon_transparency::json::Value;
use colophon_transparency::keys::{MlDsaSigningKey, ParameterSet, PublicKey};
use serde_json::json;
use tokio::sync::{Notify, futures::Notified};

use crate::server::{Installation, http};

/// A request that may be sent again until it is answered.
#[derive(Clone, Debug)]
struct Post {
    watermark_id: String,
    body: String,
    /// Sent before, and the server died before its answer came.
    unanswered: bool,
}

/// What the server said about the records.
#[derive(Debug, Default)]
struct Told {
    /// Record id to watermark id, of every 201.
    acknowledged: HashMap<String, String>,
    /// Watermark ids that were found stored when a request without an answer was sent again.
    found_stored: HashSet<String>,
    waiting: Vec<Post>,
}

#[derive(Debug)]
pub struct Clients {
    concurrent: usize,
    secret: String,
    generator_id: String,
    key: MlDsaSigningKey,
    made: AtomicU64,
    told: Mutex<Told>,
    /// Notified of each answer.
    answers: Notify,
}

impl Clients {
    /// Clients of one organisation, with a generator and a key, on a plan without a limit.
    pub async fn register(installation: &Installation, concurrent: usize) -> Self {
        let key = MlDsaSigningKey::from_seed(ParameterSet::MlDsa65, &[7; 32]);
        let public_key = PublicKey::from(key.verifying_key().clone()).to_spki_pem();
        let public_key = installation.file("generator.pem", public_key.as_bytes());
        let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap().to_owned();
        let org = installation
            .admin(&["org", "create", "--name", "Load", "--plan", "enterprise"])
            .await;
        let org = text(&org, "org_id");
        let api_key = installation
            .admin(&["key", "create", "--org", &org, "--kind", "certivu"])
            .await;
        let secret = text(&api_key, "secret");
        let generator = [
            "generator",
            "create",
            "--org",
            &org,
            "--name",
            "g",
            "--public-key",
        ];
        let generator = installation
            .admin(&[&generator[..], &[&public_key]].concat())
            .await;
        Self {
            concurrent,
            secret,
            generator_id: text(&generator, "generator_id"),
            key,
            made: AtomicU64::new(0),
            told: Mutex::default(),
            answers: Notify::new(),
        }
    }

    /// Record id to watermark id, of every record that was answered with 201.
    pub fn acknowledged(&mut self) -> &HashMap<String, String> {
        &self.told.get_mut().unwrap().acknowledged
    }

    /// Watermark ids of records that turned out to be stored although no answer had come.
    pub fn found_stored(&mut self) -> &HashSet<String> {
        &self.told.get_mut().unwrap().found_stored
    }

    /// Requests without an answer so far, which will be sent again.
    pub fn unanswered(&mut self) -> usize {
        self.told.get_mut().unwrap().waiting.len()
    }

    fn new_post(&self) -> Post {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let watermark_id = format!("wm-{number}");
        let content_hash = ContentHash {
            function: HashFunction::Sha3_256,
            digest: sha3_256(&number.to_be_bytes()),
        };
        let payload = rfc8785(&Value::object([
            ("content_hash", Value::from(content_hash.to_string())),
            ("generator_id", Value::from(self.generator_id.as_str())),
            ("model", Value::from("m")),
            ("watermark_id", Value::from(watermark_id.as_str())),
        ]));
        let body = json!({
            "watermark_id": watermark_id,
            "generator_id": self.generator_id,
            "model": "m",
            "content_hash": content_hash.to_string(),
            "signature": STANDARD.encode(self.key.sign(payload.as_bytes()).unwrap()),
            "signed_payload": serde_json::from_str::<serde_json::Value>(&payload).unwrap(),
        });
        Post {
            watermark_id,
            body: body.to_string(),
            unanswered: false,
        }
    }

    /// Resolves at the next answer after this call.
    pub fn next_answer(&self) -> Notified<'_> {
        self.answers.notified()
    }

    /// Posts what is waiting and then new records, until no answer comes.
    pub async fn post_until_the_server_is_gone(&self, address: &str) {
        let client = || async {
            loop {
                let waiting = self.told.lock().unwrap().waiting.pop();
                let post = waiting.unwrap_or_else(|| self.new_post());
                if !self.post(address, post).await {
                    break;
                }
            }
        };
        futures_of(self.concurrent, client).await;
    }

    /// Posts what is waiting; the server stays up.
    pub async fn post_what_waits(&mut self, address: &str) {
        while let Some(post) = self.told.get_mut().unwrap().waiting.pop() {
            assert!(self.post(address, post).await);
        }
    }

    /// Whether an answer came.
    async fn post(&self, address: &str, mut post: Post) -> bool {
        let answer = async {
            let response = http()
                .post(format!("{address}/v1/records"))
                .bearer_auth(&self.secret)
                .header("content-type", "application/json")
                .body(post.body.clone())
                .send()
                .await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        };
        let answer = answer.await;
        let mut told = self.told.lock().unwrap();
        let Ok((status, body)) = answer else {
            post.unanswered = true;
            told.waiting.push(post);
            return false;
        };
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        match (status, body["error"].as_str()) {
            (201, _) => {
                let id = body["record_id"].as_str().unwrap().to_owned();
                let again = told.acknowledged.insert(id, post.watermark_id);
                assert_eq!(again, None, "one record id for two records");
            }
            (400, Some("duplicate_watermark_id")) if post.unanswered => {
                told.found_stored.insert(post.watermark_id);
            }
            _ => panic!("{} answered {status}: {body}", post.watermark_id),
        }
        self.answers.notify_waiters();
        true
    }
}

/// Runs so many of the same future to their end.
async fn futures_of<F: Future<Output = ()>>(count: usize, one: impl Fn() -> F) {
    use std::task::Poll;
    let mut running: Vec<_> = (0..count).map(|_| Box::pin(one())).collect();
    std::future::poll_fn(|context| {
        running.retain_mut(|future| future.as_mut().poll(context).is_pending());
        if running.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}
