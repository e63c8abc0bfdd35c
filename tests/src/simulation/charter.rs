//! The simulated channel: its keys, its settings, its first members, and membership entries.

use std::sync::LazyLock;

use chain::channel::{Genesis, Settings};
use chain::count::{Sequence, Weight};
use chain::keys::SecretKey;
use chain::ledger::Head;
use chain::membership::{Change, Entry, Member, Role, SignedEntry};
use chain::pool::PoolLimits;
use chain::validators::Ratio;

/// What waits in a peer's pool at most, bytes.
pub const POOL: PoolLimits = PoolLimits { bytes_per_maker: 12_000, bytes: 48_000 };
const RADIOSTATION: u8 = 250;

/// Made once: a public key takes as long to compute as a signature.
static KEYS: LazyLock<Vec<SecretKey>> = LazyLock::new(|| (1..=RADIOSTATION).map(key_of).collect());

fn key_of(byte: u8) -> SecretKey {
    SecretKey::from_bytes([byte; 32]).expect("the key is neither zero nor too large")
}

/// Key of the peer of that number, from 0.
pub fn key(number: usize) -> SecretKey {
    assert!(number + 1 < usize::from(RADIOSTATION), "there are fewer peers than 249");
    KEYS[number].clone()
}

/// The key that signs membership entries.
pub fn radiostation() -> SecretKey {
    KEYS[usize::from(RADIOSTATION) - 1].clone()
}

/// A validator; without a group it is one of its own.
pub fn member(number: usize, weight: u64, group: Option<u64>) -> Member {
    let key = key(number).public_key();
    let alone = || key.peer_id().to_string();
    Member {
        key,
        order: number as u32 + 1,
        weight: Weight(weight),
        group: group.map_or_else(alone, |group| format!("group {group}")),
        role: Role::Validator,
        target: format!("127.0.0.1:{}", 7000 + number),
    }
}

/// What differs from seed to seed.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub leader_block_limit: u64,
    pub block_interval_ms: u64,
    pub timeout_ms: u64,
    pub timeout_ms_max: u64,
    pub voting_ratio: Option<Ratio>,
}

/// A channel at height 0 that `members` belong to.
pub fn head(name: &str, pace: &Pace, members: &[Member]) -> Head {
    let settings = Settings {
        leader_block_limit: pace.leader_block_limit,
        block_bytes_max: 4_000,
        block_transactions_max: 24,
        transaction_bytes_max: 400,
        batch_bytes_max: 2_000,
        batch_transactions_max: 6,
        voting_ratio: pace.voting_ratio,
        block_interval_ms: pace.block_interval_ms,
        complain_timeout_ms: pace.timeout_ms,
        complain_timeout_ms_max: pace.timeout_ms_max,
    };
    let genesis = Genesis {
        name: name.to_string(),
        score_package: "loopchain/default".to_string(),
        settings,
        radiostation: radiostation().public_key(),
        first: members[0].clone(),
    };
    let mut head = Head::new(&genesis);
    for (at, member) in members.iter().enumerate().skip(1) {
        let (channel, sequence) = (head.channel, Sequence(at as u64));
        head.membership.apply(&Entry { channel, sequence, change: Change::Join(member.clone()) });
    }
    head.deciders = head.validators();
    head
}

/// The radiostation's entry of that number.
pub fn entry(start: &Head, sequence: Sequence, change: Change) -> SignedEntry {
    Entry { channel: start.channel, sequence, change }.sign(&radiostation())
}
