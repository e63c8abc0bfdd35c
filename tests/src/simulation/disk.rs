//! A peer's disk. What is written and not yet flushed may be lost at a crash: a first part of it,
//! chosen at random, survives. A flush that a crash interrupts leaves the old record or the new.

use std::collections::BTreeMap;
use std::rc::Rc;

use chain::batch::BatchRef;
use chain::block::CommittedBlock;
use chain::count::{Height, Sequence};
use chain::evidence::Evidence;
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::Head;
use chain::lft::Record;
use chain::lft::standing::LastSaid;

use super::dice::Dice;
use super::packet::Parcel;

/// Proofs kept.
const EVIDENCE_MAX: usize = 1000;

#[derive(Clone, Debug)]
pub struct Contents {
    pub head: Rc<Head>,
    pub blocks: Vec<Rc<CommittedBlock>>,
    pub record: Option<Rc<Record>>,
    pub batches: BTreeMap<(PeerId, Sequence), Vec<Rc<Parcel>>>,
    /// Hash of the batch committed under a number.
    pub places: BTreeMap<(PeerId, Sequence), Hash>,
    pub evidence: Vec<Rc<Evidence>>,
    pub last_said: Rc<LastSaid>,
    /// Whether the peer knows that its record lacks something that it said.
    pub lost: bool,
}

#[derive(Debug)]
enum Write {
    Record(Rc<Record>),
    Batch(Rc<Parcel>),
    Commit(Rc<CommittedBlock>, Rc<Head>),
    Evidence(Rc<Evidence>),
    LastSaid(Rc<LastSaid>),
    Lost,
}

#[derive(Debug)]
pub struct Disk {
    /// What is read.
    pub now: Contents,
    /// What a crash leaves for sure.
    durable: Contents,
    pending: Vec<Write>,
}

impl Contents {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::Record(record) => self.record = Some(record.clone()),
            Write::Evidence(evidence) => self.evidence.push(evidence.clone()),
            Write::LastSaid(last_said) => self.last_said = last_said.clone(),
            Write::Lost => self.lost = true,
            Write::Batch(parcel) => {
                let key = (parcel.reference.maker, parcel.reference.number);
                let kept = self.batches.entry(key).or_default();
                if !kept.iter().any(|other| other.reference == parcel.reference) {
                    kept.push(parcel.clone());
                }
            }
            Write::Commit(committed, head) => {
                for batch in &committed.block.batches {
                    self.places.insert((batch.maker, batch.number), batch.hash);
                }
                self.blocks.push(committed.clone());
                self.head = head.clone();
            }
        }
    }

    /// The batch that a block names.
    pub fn batch(&self, wanted: &BatchRef) -> Option<&Rc<Parcel>> {
        let kept = self.batches.get(&(wanted.maker, wanted.number))?;
        kept.iter().find(|parcel| parcel.reference.hash == wanted.hash)
    }

    /// Batches of `maker` from `first` on.
    pub fn batches_of(&self, maker: PeerId, first: Sequence) -> Vec<Rc<Parcel>> {
        let kept = self.batches.range((maker, first)..=(maker, Sequence(u64::MAX)));
        kept.flat_map(|(_, parcels)| parcels.iter().cloned()).collect()
    }

    /// The committed block at `height`.
    pub fn block(&self, height: Height) -> Option<&Rc<CommittedBlock>> {
        self.blocks.get(usize::try_from(height.0.checked_sub(1)?).ok()?)
    }
}

impl Disk {
    pub fn new(head: Rc<Head>) -> Disk {
        let empty = Contents {
            head,
            blocks: Vec::new(),
            record: None,
            batches: BTreeMap::new(),
            places: BTreeMap::new(),
            evidence: Vec::new(),
            last_said: Rc::default(),
            lost: false,
        };
        Disk { now: empty.clone(), durable: empty, pending: Vec::new() }
    }

    fn write(&mut self, write: Write) {
        self.now.apply(&write);
        self.pending.push(write);
    }

    fn flush(&mut self) {
        for write in self.pending.drain(..) {
            self.durable.apply(&write);
        }
    }

    /// What a crash would leave for sure.
    pub fn durable(&self) -> &Contents {
        &self.durable
    }

    /// Writes the record; durable, unless the power fails on the way (`torn`).
    pub fn persist(&mut self, record: Record, torn: bool) {
        self.write(Write::Record(Rc::new(record)));
        if !torn {
            self.flush();
        }
    }

    /// Durable with the next flush.
    pub fn put_batch(&mut self, parcel: Rc<Parcel>) {
        self.write(Write::Batch(parcel));
    }

    /// Durable at once.
    pub fn put_own_batch(&mut self, parcel: Rc<Parcel>) {
        self.write(Write::Batch(parcel));
        self.flush();
    }

    /// Durable with the next flush, all of it or nothing.
    pub fn commit(&mut self, committed: Rc<CommittedBlock>, head: Rc<Head>) {
        self.write(Write::Commit(committed, head));
    }

    /// Keeps a proof that is not kept yet, durably; whether it was new.
    pub fn add_evidence(&mut self, evidence: &Rc<Evidence>) -> bool {
        let kept = &self.now.evidence;
        if kept.len() >= EVIDENCE_MAX || kept.contains(evidence) {
            return false;
        }
        self.write(Write::Evidence(evidence.clone()));
        self.flush();
        true
    }

    /// Durable with the next flush.
    pub fn put_last_said(&mut self, last_said: &LastSaid) {
        self.write(Write::LastSaid(Rc::new(last_said.clone())));
    }

    /// Remembers, durably, that the record lacks something.
    pub fn lose_record(&mut self) {
        self.write(Write::Lost);
        self.flush();
    }

    /// An earlier copy of it takes the place of all that is on it.
    pub fn put_back(&mut self, copy: Contents) {
        *self = Disk { now: copy.clone(), durable: copy, pending: Vec::new() };
    }

    /// The power fails.
    pub fn crash(&mut self, dice: &mut Dice) {
        let kept = dice.below(self.pending.len() as u64 + 1) as usize;
        for write in self.pending.drain(..).take(kept) {
            self.durable.apply(&write);
        }
        self.now = self.durable.clone();
    }
}
