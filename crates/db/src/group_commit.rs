//! Many small writes, one commit.
//!
//! A durable commit costs one `fsync`, whether it holds one row or a thousand. While one
//! commit is under way, the writes that arrive wait together and share the next one; nothing
//! is acknowledged before the commit that holds it.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use crate::{Db, Error, Tx};

type Commit<I, O> =
    dyn for<'t> Fn(&'t mut Tx, &'t [I]) -> BoxFuture<'t, Result<Vec<O>, Error>> + Send + Sync;

type Waiting<I, O> = (I, oneshot::Sender<Result<O, Error>>);

/// A queue of items of type `I`, each answered with an `O` after the commit that holds it.
#[derive(Debug)]
pub struct GroupCommit<I, O> {
    queue: mpsc::Sender<Waiting<I, O>>,
}

impl<I, O> Clone for GroupCommit<I, O> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
        }
    }
}

/// How many of the waiting items the next commit takes: half. If it took all, everybody would
/// wait for the same commit and the cores would idle meanwhile; so the clients of one half are
/// answered and prepare their next while the other half is written. Few items are not split: each
/// commit has its own price.
fn share(waiting: usize, limit: usize) -> usize {
    const UNSPLIT: usize = 32;
    (waiting / 2).max(UNSPLIT).min(limit)
}

impl<I, O> GroupCommit<I, O>
where
    I: Send + Sync + 'static,
    O: Send + 'static,
{
    /// Starts the committing task. `commit` gets up to `limit` items and one open transaction
    /// and returns one answer an item, in order; a refusal of one item belongs into its `O`.
    /// If `commit` fails, each item is tried again alone, so that none fails for its neighbour.
    pub fn start<F>(db: Db, limit: usize, commit: F) -> Self
    where
        F: for<'t> Fn(&'t mut Tx, &'t [I]) -> BoxFuture<'t, Result<Vec<O>, Error>>
            + Send
            + Sync
            + 'static,
    {
        let (queue, mut arrivals) = mpsc::channel::<Waiting<I, O>>(limit.max(1) * 4);
        let commit: Arc<Commit<I, O>> = Arc::new(commit);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(limit);
            while arrivals
                .recv_many(&mut batch, share(arrivals.len(), limit))
                .await
                > 0
            {
                let (items, waiters): (Vec<I>, Vec<_>) = batch.drain(..).unzip();
                answer(&db, &*commit, items, waiters).await;
            }
        });
        Self { queue }
    }

    /// Waits for the item's commit.
    ///
    /// # Errors
    /// The database failure that kept the item out, or [`Error::Closed`].
    pub async fn submit(&self, item: I) -> Result<O, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .send((item, reply))
            .await
            .map_err(|_| Error::Closed)?;
        answer.await.map_err(|_| Error::Closed)?
    }
}

async fn answer<I: Send + Sync, O: Send>(
    db: &Db,
    commit: &Commit<I, O>,
    items: Vec<I>,
    waiters: Vec<oneshot::Sender<Result<O, Error>>>,
) {
    match db.write(|tx, _| commit(tx, &items)).await {
        Ok(answers) => {
            for (waiter, answer) in waiters.into_iter().zip(answers) {
                // A client that hung up has its item all the same.
                let _ = waiter.send(Ok(answer));
            }
        }
        Err(error) if items.len() == 1 => {
            if let Some(waiter) = waiters.into_iter().next() {
                let _ = waiter.send(Err(error));
            }
        }
        Err(Error::Unavailable(error)) => {
            tracing::error!(%error, items = items.len(), "a group commit failed");
            for waiter in waiters {
                let _ = waiter.send(Err(Error::Unavailable(sqlx::Error::WorkerCrashed)));
            }
        }
        Err(error) => {
            tracing::warn!(%error, items = items.len(), "a group commit failed; trying each alone");
            for (item, waiter) in items.into_iter().zip(waiters) {
                let alone = [item];
                let outcome = db
                    .write(|tx, _| commit(tx, &alone))
                    .await
                    .and_then(|answers| answers.into_iter().next().ok_or(Error::Closed));
                let _ = waiter.send(outcome);
            }
        }
    }
}
