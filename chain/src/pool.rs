//! Batches that wait for a block, by name; their bytes are in the peer's storage. Bounded in bytes
//! for each maker and in all; what is refused is refused with a reason.

use std::collections::BTreeMap;

use crate::batch::BatchRef;
use crate::count::Sequence;
use crate::hash::Hash;
use crate::keys::PeerId;
use crate::ledger::BATCHES_MAX;

/// What the pool may hold, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    pub bytes_per_maker: u64,
    pub bytes: u64,
}

/// How far ahead of its last committed batch a maker's numbers may run.
pub const AHEAD_MAX: u64 = 1 << 16;

/// Why a batch is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is here already")]
    Held,
    #[error("a batch of that number is committed; the next is {next}")]
    Committed { next: Sequence },
    #[error("number {found} is too far ahead of {next}")]
    Ahead { found: Sequence, next: Sequence },
    #[error("its maker's batches wait with {waiting} bytes; the limit is {max}")]
    MakerFull { waiting: u64, max: u64 },
    #[error("{waiting} bytes wait on the channel; the limit is {max}")]
    Full { waiting: u64, max: u64 },
    /// The maker signed two batches of one number; `held` is the other.
    #[error("its maker signed another batch of that number")]
    Conflict { held: BatchRef },
}

/// What waits.
#[derive(Clone, Debug)]
pub struct Pool {
    limits: PoolLimits,
    makers: BTreeMap<PeerId, Queue>,
    bytes: u64,
}

#[derive(Clone, Debug)]
struct Queue {
    /// First number that is not committed.
    next: Sequence,
    waiting: BTreeMap<Sequence, Waiting>,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    first: BatchRef,
    /// Another one of the same number, taken because a block names it.
    named: Option<BatchRef>,
}

impl Waiting {
    fn bytes(&self) -> u64 {
        u64::from(self.first.bytes) + self.named.map_or(0, |batch| u64::from(batch.bytes))
    }

    fn holds(&self, hash: &Hash) -> bool {
        self.first.hash == *hash || self.named.is_some_and(|batch| batch.hash == *hash)
    }
}

impl Pool {
    /// An empty pool.
    pub fn new(limits: PoolLimits) -> Pool {
        Pool { limits, makers: BTreeMap::new(), bytes: 0 }
    }

    /// Bytes of all waiting batches.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Transactions of `maker` that wait.
    pub fn transactions_of(&self, maker: &PeerId) -> u64 {
        let queue = self.makers.get(maker);
        queue.map_or(0, |q| q.waiting.values().map(|w| u64::from(w.first.count)).sum())
    }

    /// Batches of `maker` that wait, ascending by number.
    pub fn waiting_of(&self, maker: &PeerId) -> Vec<BatchRef> {
        let queue = self.makers.get(maker);
        queue.map_or_else(Vec::new, |q| q.waiting.values().map(|w| w.first).collect())
    }

    /// Takes a verified batch of a member; `next` is the number that the ledger expects of its
    /// maker. That one is taken over the bounds too: what waits behind it cannot leave before it.
    pub fn insert(&mut self, batch: BatchRef, next: Sequence) -> Result<(), Refused> {
        let waiting = self.bytes;
        let queue = self.queue(batch.maker, next);
        if batch.number < queue.next {
            return Err(Refused::Committed { next: queue.next });
        }
        if batch.number.0 - queue.next.0 >= AHEAD_MAX {
            return Err(Refused::Ahead { found: batch.number, next: queue.next });
        }
        if let Some(held) = queue.waiting.get(&batch.number) {
            let same = held.holds(&batch.hash);
            return Err(if same { Refused::Held } else { Refused::Conflict { held: held.first } });
        }
        let (bytes, in_queue) = (u64::from(batch.bytes), queue.bytes);
        let due = batch.number == queue.next;
        if !due && in_queue + bytes > self.limits.bytes_per_maker {
            let max = self.limits.bytes_per_maker;
            return Err(Refused::MakerFull { waiting: in_queue, max });
        }
        if !due && waiting + bytes > self.limits.bytes {
            return Err(Refused::Full { waiting, max: self.limits.bytes });
        }
        self.put(batch, Waiting { first: batch, named: None });
        Ok(())
    }

    /// Takes a verified batch because a proposed block names it, even beside another one of the
    /// same number and over the bounds: at most one per number, and a block is bounded itself.
    pub fn insert_named(&mut self, batch: BatchRef, next: Sequence) {
        let queue = self.queue(batch.maker, next);
        if batch.number < queue.next {
            return;
        }
        let waiting = match queue.waiting.get(&batch.number) {
            None => Waiting { first: batch, named: None },
            Some(held) if held.holds(&batch.hash) => return,
            Some(held) => Waiting { first: held.first, named: Some(batch) },
        };
        self.put(batch, waiting);
    }

    fn put(&mut self, batch: BatchRef, waiting: Waiting) {
        let queue = self.makers.get_mut(&batch.maker).expect("the queue was made on entry");
        let before = queue.waiting.insert(batch.number, waiting).map_or(0, |w| w.bytes());
        queue.bytes = queue.bytes + waiting.bytes() - before;
        self.bytes = self.bytes + waiting.bytes() - before;
    }

    fn queue(&mut self, maker: PeerId, next: Sequence) -> &mut Queue {
        let empty = || Queue { next, waiting: BTreeMap::new(), bytes: 0 };
        self.makers.entry(maker).or_insert_with(empty)
    }

    /// Whether the batch that a block names is here.
    pub fn holds(&self, batch: &BatchRef) -> bool {
        let waiting = self.makers.get(&batch.maker).and_then(|q| q.waiting.get(&batch.number));
        waiting.is_some_and(|w| w.first == *batch || w.named == Some(*batch))
    }

    /// Whether a batch of that hash is here that has another size than `batch` says.
    pub fn contradicts(&self, batch: &BatchRef) -> bool {
        let waiting = self.makers.get(&batch.maker).and_then(|q| q.waiting.get(&batch.number));
        waiting.is_some_and(|w| w.holds(&batch.hash)) && !self.holds(batch)
    }

    /// Whether a block could be filled.
    pub fn is_ready(&self) -> bool {
        self.makers.values().any(|queue| queue.waiting.contains_key(&queue.next))
    }

    /// What the next block should hold: of each maker in turn its next batch, within the limits.
    /// `turn` moves the maker that comes first, so that a full pool starves nobody.
    pub fn select(&self, turn: u64, transactions_max: u64, bytes_max: u64) -> Vec<BatchRef> {
        let mut queues: Vec<_> =
            self.makers.values().map(|q| ready(q).into_iter().peekable()).collect();
        if queues.is_empty() {
            return Vec::new();
        }
        let first = (turn % queues.len() as u64) as usize;
        queues.rotate_left(first);
        let (mut transactions, mut bytes) = (0, 0);
        let mut chosen = Vec::new();
        loop {
            let before = chosen.len();
            for queue in &mut queues {
                let fits = |batch: &BatchRef| {
                    chosen.len() < BATCHES_MAX
                        && transactions + u64::from(batch.count) <= transactions_max
                        && bytes + u64::from(batch.bytes) <= bytes_max
                };
                if let Some(batch) = queue.next_if(fits) {
                    transactions += u64::from(batch.count);
                    bytes += u64::from(batch.bytes);
                    chosen.push(batch);
                }
            }
            if chosen.len() == before {
                return chosen;
            }
        }
    }

    /// Forgets the batches of makers that `may_create` says no to: no block may hold them, and a
    /// leader that selects them proposes in vain. After every block with membership entries.
    pub fn retain(&mut self, may_create: impl Fn(&PeerId) -> bool) {
        self.makers.retain(|maker, _| may_create(maker));
        self.bytes = self.makers.values().map(|queue| queue.bytes).sum();
    }

    /// Forgets what a committed block holds, and what its numbers make obsolete.
    pub fn committed(&mut self, batches: &[BatchRef]) {
        for batch in batches {
            let queue = self.queue(batch.maker, batch.number.next());
            queue.next = queue.next.max(batch.number.next());
            let kept = queue.waiting.split_off(&queue.next);
            let gone: u64 = queue.waiting.values().map(Waiting::bytes).sum();
            queue.waiting = kept;
            queue.bytes -= gone;
            self.bytes -= gone;
        }
    }
}

/// A maker's batches from the next number on, up to the first gap.
fn ready(queue: &Queue) -> Vec<BatchRef> {
    let numbered = queue.waiting.range(queue.next..).enumerate();
    let follows =
        |(at, (number, _)): &(usize, (&Sequence, &Waiting))| number.0 == queue.next.0 + *at as u64;
    numbered.take_while(follows).map(|(_, (_, waiting))| waiting.first).collect()
}

#[cfg(test)]
mod tests;
