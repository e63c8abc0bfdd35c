//! What makes a block valid after the ones before it, and what it changes. Everything here follows
//! from committed blocks alone, so that all peers agree on it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::batch::BatchRef;
use crate::block::{Block, CommittedBlock};
use crate::certificate::{CertificateError, Stage};
use crate::channel::{Genesis, Settings};
use crate::count::{Height, Sequence};
use crate::hash::Hash;
use crate::keys::{PeerId, PublicKey, Verify};
use crate::membership::{Change, Membership};
use crate::score::Versions;
use crate::validators::ValidatorSet;

/// What is known of a channel after its last committed block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Head {
    /// Genesis hash.
    pub channel: Hash,
    pub settings: Settings,
    pub radiostation: PublicKey,
    pub height: Height,
    /// Hash of the last block; at height 0 the genesis hash.
    pub hash: Hash,
    pub timestamp_us: u64,
    /// Maker of the last block; at height 0 the first member.
    pub maker: PeerId,
    /// Order of joining of that maker.
    pub maker_order: u32,
    /// Blocks it made in a row.
    pub streak: u64,
    pub membership: Membership,
    /// The validators that decided the last block.
    pub deciders: ValidatorSet,
    /// What each maker has had committed.
    pub makers: BTreeMap<PeerId, Maker>,
    /// Transactions in all blocks.
    pub transactions: u64,
    /// Versions of the SCORE, as committed entries have changed them.
    pub versions: Versions,
}

/// What one peer has contributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Maker {
    /// Number of its last committed batch; 0 for none.
    pub batch: Sequence,
    /// Blocks it made.
    pub blocks: u64,
}

/// Why a block cannot come next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("it is of another channel")]
    Channel,
    #[error("its height is {found}, expected {expected}")]
    Height { found: Height, expected: Height },
    #[error("it follows another block")]
    Previous,
    #[error("its header is not of its body")]
    Body,
    #[error("its time is not after that of the block before")]
    Time,
    #[error("its time is more than {} s ahead of this peer's clock", AHEAD_US_MAX / 1_000_000)]
    Early,
    #[error("its maker is no validator")]
    Maker,
    #[error("it is empty")]
    Empty,
    #[error("the certificate of the block before is missing or of another block")]
    Certificate,
    #[error("the certificate proves nothing: {0}")]
    CertificateRefused(CertificateError),
    #[error("it carries {transactions} transactions of {bytes} bytes, over the channel's limits")]
    Size { transactions: u64, bytes: u64 },
    #[error("batch {found} of {maker}, expected {expected}")]
    BatchNumber { maker: PeerId, found: Sequence, expected: Sequence },
    #[error("{0} may not create transactions here")]
    Creator(PeerId),
    #[error("membership entry {found}, expected {expected}, signed by the radiostation")]
    Entry { found: Sequence, expected: Sequence },
    #[error("it claims to have executed height {0}, which is not committed")]
    Executed(Height),
}

/// How far a proposed block's time may be ahead of a voter's clock, microseconds.
pub const AHEAD_US_MAX: u64 = 60_000_000;

/// Most batches in one block: what a proposal weighs follows from it.
pub const BATCHES_MAX: usize = 10_000;
/// Most membership entries in one block.
pub const ENTRIES_MAX: usize = 256;

impl Head {
    /// A channel before its first block.
    pub fn new(genesis: &Genesis) -> Head {
        let membership = Membership::new(genesis.first.clone());
        Head {
            channel: genesis.hash(),
            settings: genesis.settings.clone(),
            radiostation: genesis.radiostation,
            height: Height(0),
            hash: genesis.hash(),
            timestamp_us: 0,
            maker: genesis.first.key.peer_id(),
            maker_order: genesis.first.order,
            streak: 0,
            deciders: ValidatorSet::of(&membership, genesis.settings.voting_ratio),
            membership,
            makers: BTreeMap::new(),
            transactions: 0,
            versions: Versions::default(),
        }
    }

    /// Who decides the next height.
    pub fn validators(&self) -> ValidatorSet {
        ValidatorSet::of(&self.membership, self.settings.voting_ratio)
    }

    /// Order of the validator that leads the next height's round 0: the maker of the last block,
    /// or the one after it once it has made its share.
    pub fn base_leader(&self, validators: &ValidatorSet) -> u32 {
        let stays = self.streak < self.settings.leader_block_limit;
        if stays && validators.get(&self.maker).is_some() {
            self.maker_order
        } else {
            validators.after(self.maker_order)
        }
    }

    /// The number that `maker`'s next batch has.
    pub fn next_batch(&self, maker: &PeerId) -> Sequence {
        self.makers.get(maker).map_or(Sequence(1), |m| m.batch.next())
    }

    /// Whether `block` may come next. That its batches exist, and who may propose it in which
    /// round, is judged elsewhere.
    pub fn check(&self, block: &Block) -> Result<(), Invalid> {
        let header = &block.header;
        if header.channel != self.channel {
            return Err(Invalid::Channel);
        }
        let expected = self.height.next();
        if header.height != expected {
            return Err(Invalid::Height { found: header.height, expected });
        }
        if header.previous != self.hash {
            return Err(Invalid::Previous);
        }
        if !block.is_consistent() {
            return Err(Invalid::Body);
        }
        if header.timestamp_us <= self.timestamp_us {
            return Err(Invalid::Time);
        }
        if !self.membership.get(&header.maker).is_some_and(|m| m.is_validator()) {
            return Err(Invalid::Maker);
        }
        if header.executed.height > self.height {
            return Err(Invalid::Executed(header.executed.height));
        }
        self.check_batches(&block.batches)?;
        self.check_entries(block)?;
        self.check_previous_certificate(block)
    }

    /// Whether a proposed `block` may come next by a voter's clock, microseconds since 1970. Times
    /// only grow: one block from the far future, and none could ever follow it.
    pub fn check_proposed(&self, block: &Block, now_us: u64) -> Result<(), Invalid> {
        self.check(block)?;
        let early = block.header.timestamp_us > now_us.saturating_add(AHEAD_US_MAX);
        if early { Err(Invalid::Early) } else { Ok(()) }
    }

    fn check_batches(&self, batches: &[BatchRef]) -> Result<(), Invalid> {
        let mut next: BTreeMap<PeerId, Sequence> = BTreeMap::new();
        let (mut transactions, mut bytes) = (0_u64, 0_u64);
        for batch in batches {
            let expected = match next.entry(batch.maker) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    if !self.membership.get(&batch.maker).is_some_and(|m| m.may_create()) {
                        return Err(Invalid::Creator(batch.maker));
                    }
                    new.insert(self.next_batch(&batch.maker))
                }
            };
            if batch.number != *expected {
                let (maker, found, expected) = (batch.maker, batch.number, *expected);
                return Err(Invalid::BatchNumber { maker, found, expected });
            }
            *expected = expected.next();
            transactions += u64::from(batch.count);
            bytes += u64::from(batch.bytes);
        }
        let fits = batches.len() <= BATCHES_MAX
            && transactions <= self.settings.block_transactions_max
            && bytes <= self.settings.block_bytes_max;
        if fits { Ok(()) } else { Err(Invalid::Size { transactions, bytes }) }
    }

    fn check_entries(&self, block: &Block) -> Result<(), Invalid> {
        if block.entries.is_empty() && block.batches.is_empty() {
            return Err(Invalid::Empty);
        }
        let mut expected = self.membership.entries.next();
        for (at, signed) in block.entries.iter().enumerate() {
            let genuine = at < ENTRIES_MAX
                && signed.entry.channel == self.channel
                && signed.entry.sequence == expected
                && signed.check(&self.radiostation).is_ok();
            if !genuine {
                return Err(Invalid::Entry { found: signed.entry.sequence, expected });
            }
            expected = expected.next();
        }
        Ok(())
    }

    fn check_previous_certificate(&self, block: &Block) -> Result<(), Invalid> {
        let Some(certificate) = &block.previous_certificate else {
            return if self.height == Height(0) { Ok(()) } else { Err(Invalid::Certificate) };
        };
        let of_head = certificate.stage == Stage::Confirm
            && certificate.height == self.height
            && certificate.block == self.hash
            && self.height > Height(0);
        if !of_head {
            return Err(Invalid::Certificate);
        }
        certificate.check(&self.channel, &self.deciders).map_err(Invalid::CertificateRefused)
    }

    /// Whether `committed` is the final block that comes next, for peers that did not see it being
    /// decided.
    pub fn check_committed(&self, committed: &CommittedBlock) -> Result<(), Invalid> {
        self.check(&committed.block)?;
        let certificate = &committed.certificate;
        let of_block = certificate.stage == Stage::Confirm
            && certificate.height == committed.block.header.height
            && certificate.block == committed.block.hash();
        if !of_block {
            return Err(Invalid::Certificate);
        }
        certificate.check(&self.channel, &self.validators()).map_err(Invalid::CertificateRefused)
    }

    /// The head after `block`, which `check` has found valid.
    #[must_use]
    pub fn apply(&self, block: &Block) -> Head {
        let mut head = self.clone();
        head.deciders = self.validators();
        head.height = block.header.height;
        head.hash = block.hash();
        head.timestamp_us = block.header.timestamp_us;
        head.streak = if block.header.maker == self.maker { self.streak + 1 } else { 1 };
        head.maker = block.header.maker;
        let order = self.membership.get(&block.header.maker).map(|m| m.order);
        head.maker_order = order.expect("a valid block's maker is a member");
        for batch in &block.batches {
            head.maker_mut(batch.maker).batch = batch.number;
        }
        head.maker_mut(block.header.maker).blocks += 1;
        head.transactions += block.transaction_count();
        for signed in &block.entries {
            head.membership.apply(&signed.entry);
            if let Change::Score { from, to } = signed.entry.change {
                head.versions.change(head.height, from, to);
            }
        }
        head
    }

    fn maker_mut(&mut self, peer: PeerId) -> &mut Maker {
        self.makers.entry(peer).or_insert(Maker { batch: Sequence(0), blocks: 0 })
    }
}

#[cfg(test)]
mod tests;
