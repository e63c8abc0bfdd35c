//! Making blocks of what waits, and judging those of others.

use chain::batch::BatchRef;
use chain::block::{Block, BlockContent, Executed};
use chain::count::Sequence;
use chain::hash::Hash;
use chain::ledger::ENTRIES_MAX;
use chain::lft::Event;
use chain::membership::SignedEntry;

use super::Out;
use super::turn::Turn;
use crate::simulation::mutant;

impl Turn<'_> {
    /// Whether a block could be made.
    pub fn has_work(&self) -> bool {
        let next = self.mind.head.membership.entries.next();
        self.mind.pool.is_ready() || self.mind.entries.contains_key(&next)
    }

    /// Tells `step` that work waits, once it has waited for the block interval.
    pub fn note_work(&mut self) {
        if !self.has_work() {
            return;
        }
        let interval_ms = self.mind.head.settings.block_interval_ms;
        if interval_ms == 0 {
            self.tell(Event::WorkWaits);
        } else if !self.mind.work_since {
            self.mind.work_since = true;
            self.out.push(Out::Work { delay_us: interval_ms * 1_000 });
        }
    }

    /// A block of what waits, within the channel's limits; none when nothing does.
    pub fn build_block(&mut self) -> Option<Block> {
        let head = &self.mind.head;
        let settings = &head.settings;
        let height = head.height.next();
        let (transactions, bytes) = (settings.block_transactions_max, settings.block_bytes_max);
        let mut batches = self.mind.pool.select(height.0, transactions, bytes);
        batches.retain(|batch| head.membership.get(&batch.maker).is_some_and(|m| m.may_create()));
        let entries = self.next_entries();
        if batches.is_empty() && entries.is_empty() {
            return None;
        }
        let content = BlockContent {
            timestamp_us: self.now_us().max(head.timestamp_us + 1),
            batches,
            entries,
            previous_certificate: self.mind.head_certificate.clone(),
            executed: Executed::default(),
        };
        Some(Block::new(head.channel, height, head.hash, self.place.me, content))
    }

    fn next_entries(&self) -> Vec<SignedEntry> {
        let first = self.mind.head.membership.entries.next();
        let numbered = self.mind.entries.range(first..).zip(first.0..);
        let following = numbered.take_while(|((sequence, _), at)| **sequence == Sequence(*at));
        following.take(ENTRIES_MAX).map(|((_, entry), _)| entry.as_ref().clone()).collect()
    }

    /// Judges a proposed block, at once or when its batches have come.
    pub fn check_block(&mut self, block: Block) {
        let (hash, height) = (block.hash(), block.header.height);
        if height != self.mind.head.height.next() {
            // Blocks of others were committed since `step` asked; it is about to be told.
            return;
        }
        if mutant::believes_blocks(self.shared.mutant) {
            self.tell(Event::BlockChecked { height, block: hash, valid: true });
            return;
        }
        let now_us = self.now_us();
        let refused = mutant::check_proposed(self.shared, &self.mind.head, &block, now_us).is_err();
        if refused || block.batches.iter().any(|batch| self.mind.pool.contradicts(batch)) {
            self.tell(Event::BlockChecked { height, block: hash, valid: false });
            return;
        }
        self.forget_checks();
        self.mind.checks.insert(hash, block);
        self.finish_checks();
        self.fetch_missing();
    }

    // Blocks that `step` has forgotten need no answer.
    fn forget_checks(&mut self) {
        let state = self.mind.state.as_ref().expect("step gives the state back");
        self.mind.checks.retain(|hash, _| state.block(hash).is_some());
    }

    /// Answers for the blocks whose batches are all here.
    pub fn finish_checks(&mut self) {
        let pool = &self.mind.pool;
        let careless = mutant::votes_without_batches(self.shared.mutant);
        let known = |batch: &BatchRef| careless || pool.holds(batch) || pool.contradicts(batch);
        let complete = |block: &Block| block.batches.iter().all(known);
        let checks = &self.mind.checks;
        let done: Vec<Hash> =
            checks.iter().filter(|(_, block)| complete(block)).map(|(h, _)| *h).collect();
        for hash in done {
            let Some(block) = self.mind.checks.remove(&hash) else { continue };
            let valid = careless || block.batches.iter().all(|b| self.mind.pool.holds(b));
            let height = block.header.height;
            self.tell(Event::BlockChecked { height, block: hash, valid });
        }
    }

    /// Batches named by blocks being checked that are not here.
    pub fn missing(&self) -> Vec<BatchRef> {
        let named = self.mind.checks.values().flat_map(|block| &block.batches);
        named.filter(|batch| !self.mind.pool.holds(batch)).copied().collect()
    }
}
