//! Clients' transactions become batches. A batch closes when its flush may begin: while one is
//! being written, the next fills, so that batches are small when little comes in and large when
//! much does. Clients are answered only when their batch is durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chain::batch::{Batch, BatchRef};
use chain::channel::{BATCH_OVERHEAD_BYTES, Settings};
use chain::count::Sequence;
use chain::encoding::encode;
use chain::hash::Hash;
use chain::keys::SecretKey;
use chain::ledger::Head;
use chain::transaction::Transaction;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::channel::{ChannelStatus, Surroundings, Waiting, now_us};
use crate::storage::Ledger;

/// Transactions that wait for the batch after the one being written.
const QUEUE_MAX: usize = 16_384;
/// Bytes a transaction takes in a batch beside its data.
const TRANSACTION_OVERHEAD_BYTES: u64 = 12;

/// What this peer may have accepted and not committed, per channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingLimits {
    pub transactions: u64,
    pub bytes: u64,
}

/// Why a transaction is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("a transaction's data takes at most {max} bytes (MAX_TX_BYTES), this takes {found}")]
    TooLarge { found: u64, max: u64 },
    #[error("{waiting} transactions wait to be committed, the limit is {max}; try again later")]
    Overloaded { waiting: u64, max: u64 },
    #[error("{waiting} bytes wait to be committed, the limit is {max}; try again later")]
    OverloadedBytes { waiting: u64, max: u64 },
    #[error("this peer has not joined the channel yet; try again later")]
    NotJoined,
    #[error("this peer may only read on the channel (role auditor); use another peer")]
    ReadOnly,
    #[error("this peer lost its record of votes and must be admitted again; use another peer")]
    LostRecord,
    #[error(
        "this peer has just started and asks the others what they last heard of it; try again in a \
         moment, or use another peer"
    )]
    HoldsBack,
    #[error("the peer is stopping")]
    Stopping,
}

/// A durable batch, on its way to the channel's thread.
#[derive(Debug)]
pub struct Sealed {
    pub batch: Batch,
    pub reference: BatchRef,
}

/// A transaction in the queue.
#[derive(Debug)]
pub struct Offered(oneshot::Receiver<Hash>);

impl Offered {
    /// Its hash, once it is durable.
    pub async fn accepted(self) -> Result<Hash, Refused> {
        self.0.await.map_err(|_| Refused::Stopping)
    }
}

struct Submission {
    data: String,
    accepted: oneshot::Sender<Hash>,
}

/// The door for clients' transactions; cheap to clone.
#[derive(Clone)]
pub struct Intake {
    queue: mpsc::Sender<Submission>,
    waiting: Arc<Waiting>,
    limits: WaitingLimits,
    status: watch::Receiver<ChannelStatus>,
    transaction_bytes_max: u64,
}

impl Intake {
    /// Accepts a transaction; its hash, once it is durable.
    pub async fn submit(&self, data: String) -> Result<Hash, Refused> {
        self.offer(&data)?.accepted().await
    }

    /// Takes a transaction into the queue; transactions get their places in the order of the calls.
    pub fn offer(&self, data: &str) -> Result<Offered, Refused> {
        self.admit(data)?;
        let (accepted, answer) = oneshot::channel();
        let bytes = data.len() as u64;
        let submission = Submission { data: data.to_string(), accepted };
        self.waiting.transactions.fetch_add(1, Ordering::Relaxed);
        self.waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Err(error) = self.queue.try_send(submission) {
            self.waiting.transactions.fetch_sub(1, Ordering::Relaxed);
            self.waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
            let max = QUEUE_MAX as u64;
            return Err(match error {
                mpsc::error::TrySendError::Full(_) => Refused::Overloaded { waiting: max, max },
                mpsc::error::TrySendError::Closed(_) => Refused::Stopping,
            });
        }
        Ok(Offered(answer))
    }

    fn admit(&self, data: &str) -> Result<(), Refused> {
        let (found, max) = (data.len() as u64, self.transaction_bytes_max);
        if found > max {
            return Err(Refused::TooLarge { found, max });
        }
        {
            let status = self.status.borrow();
            if status.lost_record {
                return Err(Refused::LostRecord);
            }
            if status.holds_back {
                return Err(Refused::HoldsBack);
            }
            if !status.is_member {
                return Err(Refused::NotJoined);
            }
            if !status.may_create {
                return Err(Refused::ReadOnly);
            }
        }
        let (waiting, max) =
            (self.waiting.transactions.load(Ordering::Relaxed), self.limits.transactions);
        if waiting >= max {
            return Err(Refused::Overloaded { waiting, max });
        }
        let (waiting, max) = (self.waiting.bytes.load(Ordering::Relaxed), self.limits.bytes);
        if waiting + found > max {
            return Err(Refused::OverloadedBytes { waiting, max });
        }
        Ok(())
    }
}

struct Maker {
    key: SecretKey,
    channel: Hash,
    settings: Settings,
    ledger: Ledger,
    next: Sequence,
    last_us: u64,
    interval: Duration,
    queue: mpsc::Receiver<Submission>,
    sealed: mpsc::Sender<Sealed>,
    waiting: Arc<Waiting>,
    status: watch::Receiver<ChannelStatus>,
    shutdown: CancellationToken,
}

/// Starts the intake of a channel on a thread of its own.
pub fn start(
    ledger: &Ledger,
    head: &Head,
    waiting: Arc<Waiting>,
    sealed: mpsc::Sender<Sealed>,
    status: watch::Receiver<ChannelStatus>,
    around: &Surroundings,
) -> std::io::Result<(Intake, std::thread::JoinHandle<()>)> {
    let me = around.key.public_key().peer_id();
    let first = head.next_batch(&me);
    let kept = ledger.batches_of(&me, first);
    waiting.transactions.store(kept.iter().map(|b| u64::from(b.count)).sum(), Ordering::Relaxed);
    waiting.bytes.store(kept.iter().map(|b| u64::from(b.bytes)).sum(), Ordering::Relaxed);
    let (queue, submissions) = mpsc::channel(QUEUE_MAX);
    let maker = Maker {
        key: around.key.clone(),
        channel: head.channel,
        settings: head.settings.clone(),
        ledger: ledger.clone(),
        next: kept.last().map_or(first, |batch| batch.number.next()),
        last_us: 0,
        interval: around.batch_interval,
        queue: submissions,
        sealed,
        waiting: waiting.clone(),
        status: status.clone(),
        shutdown: around.shutdown.clone(),
    };
    let runtime = tokio::runtime::Handle::current();
    let thread = std::thread::Builder::new()
        .name("intake".into())
        .spawn(move || runtime.block_on(maker.run()))?;
    let transaction_bytes_max = head.settings.transaction_bytes_max;
    Ok((Intake { queue, waiting, limits: around.waiting, status, transaction_bytes_max }, thread))
}

impl Maker {
    async fn run(mut self) {
        let mut left_over = None;
        loop {
            let first = match left_over.take() {
                Some(submission) => submission,
                None => tokio::select! {
                    biased;
                    () = self.shutdown.cancelled() => return,
                    submission = self.queue.recv() => match submission {
                        Some(submission) => submission,
                        None => return,
                    },
                },
            };
            if !self.interval.is_zero() {
                tokio::time::sleep(self.interval).await;
            }
            let (submissions, next) = self.gather(first);
            left_over = next;
            if self.seal(submissions).await.is_err() {
                return;
            }
        }
    }

    // What waits, up to the size of a batch; and the first that did not fit.
    fn gather(&mut self, first: Submission) -> (Vec<Submission>, Option<Submission>) {
        let mut bytes = BATCH_OVERHEAD_BYTES + size(&first);
        let mut gathered = vec![first];
        while (gathered.len() as u64) < self.settings.batch_transactions_max {
            let Ok(next) = self.queue.try_recv() else { return (gathered, None) };
            bytes += size(&next);
            if bytes > self.settings.batch_bytes_max {
                return (gathered, Some(next));
            }
            gathered.push(next);
        }
        (gathered, None)
    }

    async fn seal(&mut self, submissions: Vec<Submission>) -> Result<(), ()> {
        let before: u64 = submissions.iter().map(|s| s.data.len() as u64).sum();
        let (mut transactions, mut clients) = (Vec::new(), Vec::new());
        for Submission { data, accepted } in submissions {
            self.last_us = now_us().max(self.last_us + 1);
            transactions.push(Transaction { timestamp_us: self.last_us, data });
            clients.push(accepted);
        }
        // A peer that lost its ledger learns the numbers it has used from the blocks it fetches.
        self.next = self.next.max(self.status.borrow().next_batch);
        let batch = Batch::seal(&self.key, self.channel, self.next, transactions);
        let encoded = encode(&batch);
        self.ledger.put_own_batch(&batch, &encoded);
        self.next = self.next.next();
        let reference = batch.reference(encoded.len());
        // From here on the batch is counted by its encoding, which is what is released.
        let more = u64::from(reference.bytes).saturating_sub(before);
        self.waiting.bytes.fetch_add(more, Ordering::Relaxed);
        let hashes = batch.transaction_hashes();
        let sent = self.sealed.send(Sealed { batch, reference }).await;
        for (client, hash) in clients.into_iter().zip(hashes) {
            // A client that has gone away does not need its answer.
            let _ = client.send(hash);
        }
        sent.map_err(|_| ())
    }
}

fn size(submission: &Submission) -> u64 {
    submission.data.len() as u64 + TRANSACTION_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests;
