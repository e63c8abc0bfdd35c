//! Making blocks of what waits, and judging those of others.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chain::batch::BatchRef;
use chain::block::{Block, BlockContent, Executed};
use chain::count::{Height, Round, Sequence};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::ENTRIES_MAX;
use chain::lft::Event;
use chain::membership::SignedEntry;
use tokio::time::Instant;

use super::driver::Driver;
use crate::executor::Runner;

impl Driver {
    /// How long a leader may wait to fill a block.
    pub(super) fn block_interval(&self) -> Duration {
        Duration::from_millis(self.head.settings.block_interval_ms)
    }

    /// Whether a block could be made.
    pub(super) fn has_work(&self) -> bool {
        self.pool.is_ready() || self.entries.contains_key(&self.head.membership.entries.next())
    }

    /// Tells `step` that work waits, once it has waited for the block interval.
    pub(super) fn note_work(&mut self) {
        if !self.has_work() {
            return;
        }
        if self.block_interval().is_zero() {
            self.queue.push_back(Event::WorkWaits);
        } else if self.work_since.is_none() {
            self.work_since = Some(Instant::now());
        }
    }

    /// A block of what waits, within the channel's limits; none when nothing does.
    pub(super) fn build_block(&mut self, round: Round) -> Option<Block> {
        let settings = &self.head.settings;
        let height = self.head.height.next();
        let (transactions, bytes) = (settings.block_transactions_max, settings.block_bytes_max);
        let mut batches = self.pool.select(height.0, transactions, bytes);
        batches.retain(|batch| self.may_create(batch));
        let entries = self.next_entries();
        if batches.is_empty() && entries.is_empty() {
            return None;
        }
        let content = BlockContent {
            timestamp_us: now_us().max(self.head.timestamp_us + 1),
            batches,
            entries,
            previous_certificate: self.head_certificate.clone(),
            executed: self.claim(height, round),
        };
        Some(Block::new(self.head.channel, height, self.head.hash, self.me, content))
    }

    // What the next block claims of the SCORE's state. Where states differ no quorum votes for a
    // new claim: after round 0, and mostly while a dispute lasts, the last committed claim is said
    // again, so that the channel goes on. Now and then a new one is tried: if most agree, it tells
    // the others that they differ.
    fn claim(&self, height: Height, round: Round) -> Executed {
        const TRY_EVERY: u64 = 16;
        let tries = self.disputed.is_none() || height.0.is_multiple_of(TRY_EVERY);
        if round == Round(0) && tries { self.executor.executed() } else { self.last_claim() }
    }

    fn last_claim(&self) -> Executed {
        let block = self.ledger.block(self.head.height);
        block.map_or_else(Executed::default, |committed| committed.block.header.executed)
    }

    fn may_create(&self, batch: &BatchRef) -> bool {
        self.head.membership.get(&batch.maker).is_some_and(|member| member.may_create())
    }

    fn next_entries(&self) -> Vec<SignedEntry> {
        let first = self.head.membership.entries.next();
        let numbered = self.entries.range(first..).zip(first.0..);
        let following = numbered.take_while(|((sequence, _), at)| **sequence == Sequence(*at));
        following.take(ENTRIES_MAX).map(|((_, entry), _)| entry.clone()).collect()
    }

    /// Judges a proposed block, at once or when its batches have come.
    pub(super) fn check_block(&mut self, block: Block) {
        let hash = block.hash();
        let height = block.header.height;
        if height != self.head.height.next() {
            // Blocks of others were committed since `step` asked; it is about to be told.
            return;
        }
        if let Err(error) = self.head.check_proposed(&block, now_us()) {
            let maker = block.header.maker;
            tracing::warn!(channel = self.name, %height, %maker, %error, "block refused");
            self.queue.push_back(Event::BlockChecked { height, block: hash, valid: false });
            return;
        }
        if block.batches.iter().any(|batch| self.pool.contradicts(batch)) {
            tracing::warn!(channel = self.name, %height, "block refused: it misnames a batch");
            self.queue.push_back(Event::BlockChecked { height, block: hash, valid: false });
            return;
        }
        self.forget_checks();
        self.checks.insert(hash, block);
        self.finish_checks();
        self.fetch_missing();
    }

    // Blocks that `step` has forgotten need no answer.
    fn forget_checks(&mut self) {
        let state = self.state.as_ref().expect("step gives the state back");
        self.checks.retain(|hash, _| state.block(hash).is_some());
    }

    /// Answers for the blocks whose batches are all here.
    pub(super) fn finish_checks(&mut self) {
        let pool = &self.pool;
        let known = |batch: &BatchRef| pool.holds(batch) || pool.contradicts(batch);
        // A claim is waited for until it can be judged: believing it would let one leader speak for
        // all who execute more slowly.
        let complete = |block: &Block| {
            self.can_judge(&block.header.executed) && block.batches.iter().all(known)
        };
        let done: Vec<Hash> =
            self.checks.iter().filter(|(_, block)| complete(block)).map(|(h, _)| *h).collect();
        for hash in done {
            let Some(block) = self.checks.remove(&hash) else { continue };
            let named = block.batches.iter().all(|batch| self.pool.holds(batch));
            let claimed = block.header.executed;
            // A peer that is known to differ can only judge the rest.
            let agrees =
                self.diverged.is_some() || claimed == self.last_claim() || self.agrees(&claimed);
            let valid = named && agrees;
            if !agrees && self.ledger.results(claimed.height).is_some() {
                self.dispute(&claimed, block.header.maker);
            }
            let height = block.header.height;
            self.queue.push_back(Event::BlockChecked { height, block: hash, valid });
        }
    }

    // Whether this peer can tell if a claim is right, or that it cannot while its runner is down:
    // then it does not vote for it.
    fn can_judge(&self, claimed: &Executed) -> bool {
        self.diverged.is_some()
            || claimed.height <= self.executor.executed().height
            || *claimed == self.last_claim()
            || matches!(self.executor.runner(), Runner::Failed(_))
    }

    // Said once for each height that a dispute begins with.
    fn dispute(&mut self, claimed: &Executed, maker: PeerId) {
        if self.disputed.is_none_or(|first| claimed.height < first) {
            self.disputed = Some(claimed.height);
            tracing::error!(
                channel = self.name, height = %claimed.height, %maker, claimed = %claimed.state,
                "the leader's SCORE state differs from the state here; not voting for its block. \
                 A SCORE that is not deterministic, or peers with different packages, do this"
            );
        }
    }

    /// Batches named by blocks being checked that are not here.
    pub(super) fn missing(&self) -> Vec<BatchRef> {
        let named = self.checks.values().flat_map(|block| &block.batches);
        named.filter(|batch| !self.pool.holds(batch)).copied().collect()
    }

    // Whether a claim about the SCORE's state is what this peer reached.
    fn agrees(&self, claimed: &Executed) -> bool {
        if claimed.height == Height(0) {
            return claimed.state == Hash::ZERO;
        }
        let reached = self.ledger.results(claimed.height);
        reached.is_some_and(|results| results.state == claimed.state)
    }

    /// Compares what committed blocks claim with what was reached here.
    pub(super) fn note_state(&mut self) {
        let executed = self.executor.executed().height;
        let later = self.claims.split_off(&executed.next());
        let due = std::mem::replace(&mut self.claims, later);
        for (height, state) in due {
            if !self.agrees(&Executed { height, state }) && self.diverged.is_none() {
                self.diverged = Some(height);
                self.executor.diverged(height);
                tracing::error!(
                    channel = self.name, %height, agreed = %state,
                    "this peer's SCORE state differs from the channel's from this height on; \
                     queries are refused. Compare the stores and remove this channel's SCORE store"
                );
            }
        }
    }
}

/// Microseconds since 1970 by this machine's clock.
pub fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
