//! Judgements of blocks, remembered: what `ledger` said once about a block after a head it says
//! again, and signatures are slow to check.

use std::collections::BTreeMap;

use chain::block::{Block, CommittedBlock};
use chain::hash::Hash;
use chain::ledger::{AHEAD_US_MAX, Head, Invalid};

use super::trace::print_of;

type Key = (Hash, Hash, u64, bool);

#[derive(Debug, Default)]
pub struct Memo {
    proposed: BTreeMap<Key, Result<(), Invalid>>,
    committed: BTreeMap<Key, Result<(), Invalid>>,
}

impl Memo {
    /// `Head::check_proposed`.
    pub fn proposed(&mut self, head: &Head, block: &Block, now_us: u64) -> Result<(), Invalid> {
        let early = block.header.timestamp_us > now_us.saturating_add(AHEAD_US_MAX);
        let key = (head.hash, block.hash(), print_of(block), early);
        self.proposed.entry(key).or_insert_with(|| head.check_proposed(block, now_us)).clone()
    }

    /// `Head::check_committed`.
    pub fn committed(&mut self, head: &Head, committed: &CommittedBlock) -> Result<(), Invalid> {
        let key = (head.hash, committed.block.hash(), print_of(committed), false);
        self.committed.entry(key).or_insert_with(|| head.check_committed(committed)).clone()
    }
}
