//! What the tests of this crate build on: fixed keys, a channel of one validator, and waiting with
//! a limit.

mod solo;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chain::batch::Batch;
use chain::block::{Block, BlockContent, CommittedBlock, Executed};
use chain::certificate::{Certificate, Stage, ballot_digest};
use chain::channel::{Genesis, Settings, SignedGenesis};
use chain::count::{Round, Sequence, Weight};
use chain::encoding::encode;
use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::ledger::Head;
use chain::membership::{Change, Entry, Member, Role, SignedEntry};
use chain::transaction::Transaction;
use tempfile::TempDir;

use crate::storage::Ledger;
pub use solo::{Repository, SCORE_TIMEOUT, Solo, Start, runner_program, surroundings};

/// Number of the radiostation's key.
pub const RADIOSTATION: u8 = 200;

pub fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes([number; 32]).unwrap()
}

pub fn peer(number: u8) -> PeerId {
    key(number).public_key().peer_id()
}

/// The validator with key `number`, which is its order of joining too.
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

pub fn settings() -> Settings {
    Settings {
        leader_block_limit: 1000,
        block_bytes_max: 16 << 20,
        block_transactions_max: 10_000,
        transaction_bytes_max: 4 << 20,
        batch_bytes_max: 8 << 20,
        batch_transactions_max: 1000,
        voting_ratio: None,
        block_interval_ms: 0,
        complain_timeout_ms: 1_000,
        complain_timeout_ms_max: 60_000,
    }
}

/// The first block of a channel whose first member has key 1.
pub fn genesis(settings: Settings) -> SignedGenesis {
    let genesis = Genesis {
        name: "letters".into(),
        score_package: "develop/count".into(),
        settings,
        radiostation: key(RADIOSTATION).public_key(),
        first: member(1),
    };
    genesis.sign(&key(RADIOSTATION))
}

/// A ledger in `folder` that has begun, and its head.
pub fn begun(folder: &Path, settings: Settings) -> (Ledger, Head) {
    let genesis = genesis(settings);
    let head = Head::new(&genesis.genesis);
    let ledger = Ledger::open(folder).unwrap();
    ledger.begin(&genesis, &head, None);
    (ledger, head)
}

pub fn batch(head: &Head, maker: u8, number: u64, texts: &[&str]) -> Batch {
    let transaction = |(at, text): (usize, &&str)| Transaction {
        timestamp_us: 1_600_000_000_000_000 + at as u64,
        data: text.to_string(),
    };
    let transactions = texts.iter().enumerate().map(transaction).collect();
    Batch::seal(&key(maker), head.channel, Sequence(number), transactions)
}

pub fn entry(head: &Head, sequence: u64, change: Change) -> SignedEntry {
    let entry = Entry { channel: head.channel, sequence: Sequence(sequence), change };
    entry.sign(&key(RADIOSTATION))
}

/// The block of validator 1 that comes next, confirmed by all; and the head after it.
pub fn committed(
    head: &Head,
    previous: Option<&CommittedBlock>,
    batches: &[&Batch],
    entries: Vec<SignedEntry>,
) -> (CommittedBlock, Head) {
    let content = BlockContent {
        timestamp_us: head.timestamp_us + 1_000,
        batches: batches.iter().map(|batch| batch.reference(encode(*batch).len())).collect(),
        entries,
        previous_certificate: previous.map(|block| block.certificate.clone()),
        executed: Executed::default(),
    };
    let block = Block::new(head.channel, head.height.next(), head.hash, peer(1), content);
    let (height, round, hash) = (block.header.height, Round(0), block.hash());
    let digest = ballot_digest(&head.channel, Stage::Confirm, height, round, &hash);
    let validators = head.validators();
    let signers = (1..10).filter(|number| validators.get(&peer(*number)).is_some());
    let mut signatures: Vec<_> = signers.map(|n| (peer(n), key(n).sign(&digest))).collect();
    signatures.sort_unstable_by_key(|(signer, _)| *signer);
    let certificate = Certificate { stage: Stage::Confirm, height, round, block: hash, signatures };
    let committed = CommittedBlock { block, certificate };
    assert_eq!(head.check_committed(&committed), Ok(()), "the fixture makes valid blocks");
    let after = head.apply(&committed.block);
    (committed, after)
}

/// A ledger with one batch in each of `batches` committed, one block each; and its head.
pub fn with_blocks(folder: &Path, batches: &[&[&str]]) -> (Ledger, Head) {
    let (ledger, mut head) = begun(folder, settings());
    let mut previous = None;
    for (at, texts) in batches.iter().enumerate() {
        let batch = batch(&head, 1, at as u64 + 1, texts);
        let (block, after) = committed(&head, previous.as_ref(), &[&batch], Vec::new());
        ledger.commit(&block, &after, &[batch]);
        (previous, head) = (Some(block), after);
    }
    (ledger, head)
}

/// What a process that is killed this instant leaves of `folder`.
pub fn crash_image(folder: &Path) -> TempDir {
    let image = tempfile::tempdir().unwrap();
    copy(folder, image.path());
    image
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A free loopback address, each time another one: of a port below those that the system gives to
/// whoever asks for any, so that nobody takes it before it is used.
pub fn free_address() -> SocketAddr {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static TURN: AtomicU32 = AtomicU32::new(0);
    for _ in 0..COUNT {
        let turn = TURN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (std::process::id().wrapping_mul(211).wrapping_add(turn)) % COUNT;
        let address = SocketAddr::from(([127, 0, 0, 1], port as u16));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port is free");
}

/// Waits until `holds`, and fails with `what` when it takes too long.
pub async fn wait_for(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + limit;
    while !holds() {
        assert!(tokio::time::Instant::now() < end, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn hash(number: u8) -> Hash {
    Hash([number; 32])
}
