//! One channel's ledger. A batch is written once, when it comes in; a commit writes the block and
//! says where its batches stand, in one atomic write.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use borsh::{BorshDeserialize, BorshSerialize};
use chain::batch::{Batch, BatchRef};
use chain::block::{CommittedBlock, Executed};
use chain::channel::SignedGenesis;
use chain::count::{Height, Sequence};
use chain::encoding::{decode, encode};
use chain::evidence::Evidence;
use chain::hash::Hash;
use chain::keys::{PeerId, PublicKey};
use chain::ledger::Head;
use chain::lft::Record;
use chain::lft::standing::LastSaid;
use chain::membership::Change;
use wire::runner::{Receipt, Trace};

use super::StorageError;
use super::tables::{Changes, Tables};

const META: &str = "meta";
/// maker ‖ number ‖ hash → batch.
const BATCHES: &str = "batches";
/// maker ‖ number → where it was committed.
const PLACES: &str = "places";
/// height → committed block.
const BLOCKS: &str = "blocks";
/// block hash → height.
const HEIGHTS: &str = "heights";
/// transaction hash → maker ‖ number ‖ index.
const TRANSACTIONS: &str = "transactions";
/// height → what executing it came to.
const STATES: &str = "states";
/// height ‖ place of the batch in the block → receipts.
const RECEIPTS: &str = "receipts";
/// count → evidence.
const EVIDENCE: &str = "evidence";
/// peer id → key, of everybody who was ever a member.
const KEYS: &str = "keys";
const TABLES: [&str; 10] =
    [META, BATCHES, PLACES, BLOCKS, HEIGHTS, TRANSACTIONS, STATES, RECEIPTS, EVIDENCE, KEYS];

/// Proofs kept of one signer: it cannot crowd out those of others.
const EVIDENCE_PER_SIGNER_MAX: usize = 16;
/// Proofs kept; more than this many teach nobody anything.
const EVIDENCE_MAX: u64 = 1000;

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Position {
    pub maker: PeerId,
    pub number: Sequence,
    /// From 0, in its batch.
    pub index: u32,
    /// First bytes of the batch's hash: a maker that breaks the rules signs two of one number.
    pub batch: [u8; 8],
}

/// Where a batch was committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BatchPlace {
    pub height: Height,
    /// From 0, in its block.
    pub at: u32,
    pub hash: Hash,
}

/// What executing a block came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Results {
    pub state: Hash,
    /// Version of the SCORE that did it, 40 hex digits.
    pub version: String,
}

/// An open ledger; cheap to clone.
#[derive(Clone)]
pub struct Ledger(Arc<Open>);

struct Open {
    tables: Tables,
    /// Last height whose results are written, and the last whose results are surely on disk.
    executed: AtomicU64,
    executed_durably: AtomicU64,
}

impl Deref for Open {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

fn traces_key(height: Height) -> [u8; 9] {
    let mut key = [0; 9];
    key[..8].copy_from_slice(&height.0.to_be_bytes());
    key
}

impl Ledger {
    /// Opens the ledger in the folder `path`, or makes an empty one.
    pub fn open(path: &Path) -> Result<Ledger, StorageError> {
        let tables = Tables::open(path, &TABLES)?;
        let open =
            Open { tables, executed: AtomicU64::new(0), executed_durably: AtomicU64::new(0) };
        Ok(Ledger(Arc::new(open)))
    }

    // A durable write makes everything durable that was written before it.
    fn write_durably(&self, changes: Changes<'_>) {
        let executed = self.0.executed.load(Ordering::Acquire);
        changes.write_durably();
        self.0.executed_durably.fetch_max(executed, Ordering::Release);
    }

    /// Results up to this height are on disk; 0 until something durable was written since the
    /// start.
    pub fn executed_durably(&self) -> Height {
        Height(self.0.executed_durably.load(Ordering::Acquire))
    }

    /// Writes the first block, durably.
    pub fn begin(&self, genesis: &SignedGenesis, head: &Head, may_sign_after: Option<Sequence>) {
        let mut changes = self.0.changes();
        changes.put(META, b"genesis", genesis);
        changes.put(META, b"head", head);
        changes.put(META, b"may_sign_after", &may_sign_after);
        changes.put(HEIGHTS, &head.hash.0, &Height(0));
        let first = &genesis.genesis.first.key;
        changes.put(KEYS, &first.peer_id().0, first);
        changes.write_durably();
    }

    /// Key of a peer that is or was a member.
    pub fn member_key(&self, peer: &PeerId) -> Option<PublicKey> {
        self.0.get(KEYS, &peer.0)
    }

    /// The first block; none in a ledger that has not begun.
    pub fn genesis(&self) -> Option<SignedGenesis> {
        self.0.get(META, b"genesis")
    }

    /// The head after the last committed block.
    pub fn head(&self) -> Option<Head> {
        self.0.get(META, b"head")
    }

    /// When this peer lost its record of votes: the membership entry after which it must have been
    /// admitted again before it signs anything.
    pub fn may_sign_after(&self) -> Option<Sequence> {
        self.0.get::<Option<Sequence>>(META, b"may_sign_after").flatten()
    }

    /// Sets when this peer may sign; see `may_sign_after`.
    pub fn set_may_sign_after(&self, entry: Option<Sequence>) {
        let mut changes = self.0.changes();
        changes.put(META, b"may_sign_after", &entry);
        changes.write_durably();
    }

    /// What others were last heard to say, as far as it was kept.
    pub fn last_said(&self) -> LastSaid {
        self.0.get(META, b"last_said").unwrap_or_default()
    }

    /// Keeps what others were last heard to say; durable with the next `persist`.
    pub fn put_last_said(&self, last_said: &LastSaid) {
        let mut changes = self.0.changes();
        changes.put(META, b"last_said", last_said);
        changes.write();
    }

    /// The consensus record.
    pub fn record(&self) -> Option<Record> {
        self.0.get(META, b"record")
    }

    /// Durable when this returns, and all batches written before.
    pub fn persist(&self, record: &Record) {
        let mut changes = self.0.changes();
        changes.put(META, b"record", record);
        self.write_durably(changes);
    }

    /// Keeps a batch of another peer; durable with the next `persist`.
    pub fn put_batch(&self, batch: &Batch, encoded: &[u8]) {
        let mut changes = self.0.changes();
        put_batch(&mut changes, batch, encoded);
        changes.write();
    }

    /// Keeps a batch made here; durable when this returns.
    pub fn put_own_batch(&self, batch: &Batch, encoded: &[u8]) {
        let mut changes = self.0.changes();
        put_batch(&mut changes, batch, encoded);
        self.write_durably(changes);
    }

    /// The batch that a block names.
    pub fn batch(&self, maker: &PeerId, number: Sequence, hash: &Hash) -> Option<Batch> {
        self.0.get(BATCHES, &batch_key(maker, number, hash))
    }

    /// Batches of `maker` kept here from `first` on, ascending.
    pub fn batches_of(&self, maker: &PeerId, first: Sequence) -> Vec<BatchRef> {
        let rows = self.0.scan(BATCHES, &number_key(maker, first), &maker.0);
        let batch = |bytes: Box<[u8]>| {
            let batch: Option<Batch> = decode(&bytes).ok();
            batch.map(|batch| batch.reference(bytes.len()))
        };
        rows.filter_map(|(_, bytes)| batch(bytes)).collect()
    }

    /// Batches kept here that are not committed, of all makers.
    pub fn waiting(&self, head: &Head) -> Vec<BatchRef> {
        let makers = head.membership.members().iter().map(|member| member.key.peer_id());
        makers.flat_map(|maker| self.batches_of(&maker, head.next_batch(&maker))).collect()
    }

    /// One commit, in one atomic write; `batches` are those not kept here yet.
    pub fn commit(&self, committed: &CommittedBlock, head: &Head, batches: &[Batch]) {
        let height = committed.block.header.height;
        let mut changes = self.0.changes();
        for batch in batches {
            put_batch(&mut changes, batch, &encode(batch));
        }
        for (at, batch) in committed.block.batches.iter().enumerate() {
            let place = BatchPlace { height, at: at as u32, hash: batch.hash };
            changes.put(PLACES, &number_key(&batch.maker, batch.number), &place);
        }
        for signed in &committed.block.entries {
            if let Change::Join(member) = &signed.entry.change {
                changes.put(KEYS, &member.key.peer_id().0, &member.key);
            }
        }
        changes.put(BLOCKS, &height.0.to_be_bytes(), committed);
        changes.put(HEIGHTS, &head.hash.0, &height);
        changes.put(META, b"head", head);
        changes.write();
    }

    /// The committed block at `height`.
    pub fn block(&self, height: Height) -> Option<CommittedBlock> {
        self.0.get(BLOCKS, &height.0.to_be_bytes())
    }

    /// Height of the committed block of that hash; 0 for the genesis hash.
    pub fn height_of(&self, hash: &Hash) -> Option<Height> {
        self.0.get(HEIGHTS, &hash.0)
    }

    /// Where a transaction stands, committed or waiting.
    pub fn position(&self, transaction: &Hash) -> Option<Position> {
        self.0.get(TRANSACTIONS, &transaction.0)
    }

    /// Where the batch of a transaction was committed; none while it waits, and when the batch
    /// committed under its number is another one, without it.
    pub fn place_of(&self, transaction: &Hash, position: &Position) -> Option<BatchPlace> {
        let place = self.place(&position.maker, position.number)?;
        if place.hash.0.starts_with(&position.batch) {
            return Some(place);
        }
        let batch = self.batch(&position.maker, position.number, &place.hash)?;
        let there = batch.transaction_hashes().get(position.index as usize) == Some(transaction);
        there.then_some(place)
    }

    /// Where a batch was committed.
    pub fn place(&self, maker: &PeerId, number: Sequence) -> Option<BatchPlace> {
        self.0.get(PLACES, &number_key(maker, number))
    }

    /// The batch of a transaction that waits.
    pub fn waiting_batch(&self, position: &Position) -> Option<Batch> {
        let prefix = [&number_key(&position.maker, position.number)[..], &position.batch].concat();
        let (_, bytes) = self.0.scan(BATCHES, &prefix, &prefix).next()?;
        decode(&bytes).ok()
    }

    /// Keeps what executing a block came to; `receipts` are by batch.
    pub fn put_results(
        &self,
        executed: &Executed,
        results: &Results,
        receipts: &[Vec<Receipt>],
        traces: &[Trace],
    ) {
        let mut changes = self.0.changes();
        let height = executed.height.0.to_be_bytes();
        for (at, receipts) in receipts.iter().enumerate() {
            changes.put(RECEIPTS, &[&height[..], &(at as u32).to_be_bytes()].concat(), receipts);
        }
        changes.put(STATES, &height, results);
        changes.put(STATES, &traces_key(executed.height), &traces.to_vec());
        if executed.height >= self.executed().height {
            changes.put(META, b"executed", executed);
        }
        changes.write();
        self.0.executed.fetch_max(executed.height.0, Ordering::AcqRel);
    }

    /// The last block executed, and the state after it.
    pub fn executed(&self) -> Executed {
        self.0.get(META, b"executed").unwrap_or_default()
    }

    /// What executing the block at `height` came to.
    pub fn results(&self, height: Height) -> Option<Results> {
        self.0.get(STATES, &height.0.to_be_bytes())
    }

    /// What the transactions at `height` did, in order.
    pub fn traces(&self, height: Height) -> Option<Vec<Trace>> {
        self.0.get(STATES, &traces_key(height))
    }

    /// Receipts of the batch at a place.
    pub fn receipts(&self, place: &BatchPlace) -> Option<Vec<Receipt>> {
        let key = [&place.height.0.to_be_bytes()[..], &place.at.to_be_bytes()].concat();
        self.0.get(RECEIPTS, &key)
    }

    /// Keeps a proof; how many there are now. None if it is kept already, or too many are.
    pub fn add_evidence(&self, evidence: &Evidence) -> Option<u64> {
        let count = self.evidence_count();
        if count >= EVIDENCE_MAX || self.is_enough(evidence) {
            return None;
        }
        let mut changes = self.0.changes();
        changes.put(EVIDENCE, &count.to_be_bytes(), evidence);
        changes.put(META, b"evidence", &(count + 1));
        changes.write_durably();
        Some(count + 1)
    }

    /// Proofs kept.
    pub fn evidence_count(&self) -> u64 {
        self.0.get(META, b"evidence").unwrap_or_default()
    }

    // Whether this proof is kept, or enough of this signer.
    fn is_enough(&self, evidence: &Evidence) -> bool {
        let kept = self.0.scan(EVIDENCE, &[], &[]);
        let kept = kept.filter_map(|(_, bytes)| decode::<Evidence>(&bytes).ok());
        let of_signer: Vec<_> = kept.filter(|kept| kept.signer == evidence.signer).collect();
        of_signer.len() >= EVIDENCE_PER_SIGNER_MAX || of_signer.contains(evidence)
    }
}

fn number_key(maker: &PeerId, number: Sequence) -> Vec<u8> {
    [&maker.0[..], &number.0.to_be_bytes()].concat()
}

fn batch_key(maker: &PeerId, number: Sequence, hash: &Hash) -> Vec<u8> {
    [&number_key(maker, number)[..], &hash.0].concat()
}

fn put_batch(changes: &mut Changes<'_>, batch: &Batch, encoded: &[u8]) {
    let (maker, number) = (batch.header.maker, batch.header.number);
    changes.put_bytes(BATCHES, &batch_key(&maker, number, &batch.header.hash()), encoded);
    let mut name = [0; 8];
    name.copy_from_slice(&batch.header.hash().0[..8]);
    for (index, hash) in batch.transaction_hashes().iter().enumerate() {
        let position = Position { maker, number, index: index as u32, batch: name };
        changes.put(TRANSACTIONS, &hash.0, &position);
    }
}

#[cfg(test)]
mod tests;
