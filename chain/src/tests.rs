//! What the tests of this crate build on: fixed keys, a small channel, blocks that follow it.

use crate::batch::{Batch, BatchRef};
use crate::block::{Block, BlockContent, Executed};
use crate::certificate::{Certificate, Stage, ballot_digest};
use crate::channel::{Genesis, Settings};
use crate::count::{Height, Round, Sequence, Weight};
use crate::encoding::encode;
use crate::hash::Hash;
use crate::keys::{PeerId, SecretKey};
use crate::ledger::Head;
use crate::membership::{Change, Entry, Member, Membership, Role, SignedEntry};
use crate::transaction::Transaction;

/// Number of the radiostation's key.
pub const RADIOSTATION: u8 = 200;

pub fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes([number; 32]).unwrap()
}

pub fn peer(number: u8) -> PeerId {
    key(number).public_key().peer_id()
}

/// The validator with key `number`, which is its order of joining too, in a group of its own.
pub fn member(number: u8) -> Member {
    Member {
        key: key(number).public_key(),
        order: u32::from(number),
        weight: Weight(1),
        group: peer(number).to_string(),
        role: Role::Validator,
        target: format!("127.0.0.1:{}", 7000 + u32::from(number)),
    }
}

/// Members 1, 2, … with these weights and groups; without a group: each its own.
pub fn members(weights: &[(u64, &str)]) -> Membership {
    let given = |(at, (weight, group)): (usize, &(u64, &str))| {
        let plain = member(at as u8 + 1);
        let group = if group.is_empty() { plain.group.clone() } else { group.to_string() };
        Member { weight: Weight(*weight), group, ..plain }
    };
    let mut all = weights.iter().enumerate().map(given);
    let mut membership = Membership::new(all.next().unwrap());
    for (at, member) in all.enumerate() {
        let (channel, sequence) = (Hash::ZERO, Sequence(at as u64 + 1));
        membership.apply(&Entry { channel, sequence, change: Change::Join(member) });
    }
    membership
}

pub fn settings() -> Settings {
    Settings {
        leader_block_limit: 3,
        block_bytes_max: 10_000,
        block_transactions_max: 20,
        transaction_bytes_max: 1_000,
        batch_bytes_max: 5_000,
        batch_transactions_max: 10,
        voting_ratio: None,
        block_interval_ms: 0,
        complain_timeout_ms: 1_000,
        complain_timeout_ms_max: 60_000,
    }
}

pub fn genesis() -> Genesis {
    Genesis {
        name: "loopchain_default".into(),
        score_package: "loopchain/default".into(),
        settings: settings(),
        radiostation: key(RADIOSTATION).public_key(),
        first: member(1),
    }
}

/// A channel at height 0 that `count` validators have joined.
pub fn head(count: u8) -> Head {
    let mut head = Head::new(&genesis());
    for number in 2..=count {
        let signed = entry(&head, u64::from(number) - 1, Change::Join(member(number)));
        head.membership.apply(&signed.entry);
    }
    head.deciders = head.validators();
    head
}

pub fn entry(head: &Head, sequence: u64, change: Change) -> SignedEntry {
    let entry = Entry { channel: head.channel, sequence: Sequence(sequence), change };
    entry.sign(&key(RADIOSTATION))
}

pub fn batch(channel: Hash, maker: u8, number: u64, texts: &[&str]) -> Batch {
    let transaction = |(at, text): (usize, &&str)| Transaction {
        timestamp_us: 1_600_000_000_000_000 + at as u64,
        data: text.to_string(),
    };
    let transactions = texts.iter().enumerate().map(transaction).collect();
    Batch::seal(&key(maker), channel, Sequence(number), transactions)
}

/// The name of a batch of one transaction.
pub fn reference(head: &Head, maker: u8, number: u64) -> BatchRef {
    let batch = batch(head.channel, maker, number, &["{}"]);
    batch.reference(encode(&batch).len())
}

/// Confirms or votes of validators 1 to `signers`.
pub fn certificate(
    channel: Hash,
    stage: Stage,
    (height, round): (Height, Round),
    block: Hash,
    signers: impl IntoIterator<Item = u8>,
) -> Certificate {
    let digest = ballot_digest(&channel, stage, height, round, &block);
    let mut signatures: Vec<_> =
        signers.into_iter().map(|signer| (peer(signer), key(signer).sign(&digest))).collect();
    signatures.sort_unstable();
    Certificate { stage, height, round, block, signatures }
}

/// What a block after `head` has to have, and nothing else; `certificate` of four validators.
pub fn content(head: &Head) -> BlockContent {
    let place = (head.height, Round(0));
    let certificate = certificate(head.channel, Stage::Confirm, place, head.hash, 1..=3);
    BlockContent {
        timestamp_us: head.timestamp_us + 1,
        batches: Vec::new(),
        entries: Vec::new(),
        previous_certificate: (head.height > Height(0)).then_some(certificate),
        executed: Executed::default(),
    }
}

pub fn block(head: &Head, maker: u8, content: BlockContent) -> Block {
    Block::new(head.channel, head.height.next(), head.hash, peer(maker), content)
}

/// The block of `maker` after `head` that holds its next batch.
pub fn next_block(head: &Head, maker: u8) -> Block {
    let number = head.next_batch(&peer(maker)).0;
    let batches = vec![reference(head, maker, number)];
    block(head, maker, BlockContent { batches, ..content(head) })
}

/// A number from a seed: splitmix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
