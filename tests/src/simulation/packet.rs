//! What travels between simulated peers. A signature is checked once for all who receive the same
//! packet at the same height: `keys::verify` does it, and its answer is remembered.

use std::cell::RefCell;
use std::rc::Rc;

use chain::batch::{Batch, BatchError, BatchRef, BatchRules};
use chain::block::{Block, CommittedBlock};
use chain::count::Height;
use chain::encoding::encode;
use chain::evidence::Evidence;
use chain::hash::Hash;
use chain::keys::{PeerId, PublicKey, Verified, verify};
use chain::lft::message::{Known, Message, MessageError, Statement};
use chain::lft::standing::SignedSaid;
use chain::membership::SignedEntry;

use super::trace::print_of;

#[derive(Clone, Debug)]
pub enum Packet {
    Message(Rc<Letter>),
    Status(Height),
    Batch(Rc<Parcel>),
    Entry(Rc<SignedEntry>),
    Evidence(Rc<Evidence>),
    Ask { number: u64, request: Request },
    Answer { number: u64, response: Response },
}

#[derive(Clone, Debug)]
pub enum Request {
    Batches(Vec<BatchRef>),
    Block { height: Height, hash: Hash },
    Blocks { first: Height, count: u64 },
    LastSaid(PeerId),
}

/// A committed block with its batches.
pub type Fetched = (Rc<CommittedBlock>, Vec<Rc<Parcel>>);

#[derive(Clone, Debug)]
pub enum Response {
    Batches(Vec<Rc<Parcel>>),
    Block(Rc<Block>),
    Blocks(Vec<Fetched>),
    LastSaid(Vec<SignedSaid>),
    Nothing,
}

type Judged = (Rc<Known>, Result<Verified<Message>, MessageError>);

/// Whether messages are checked against the same.
pub fn is_same(a: &Rc<Known>, b: &Rc<Known>) -> bool {
    let parts = |known: &Known| (known.height, known.channel);
    Rc::ptr_eq(a, b) || parts(a) == parts(b) && a.validators == b.validators
}

/// A consensus message on its way to many.
#[derive(Debug)]
pub struct Letter {
    pub message: Message,
    /// Of its encoding.
    pub print: u64,
    judged: RefCell<Vec<Judged>>,
}

impl Letter {
    pub fn new(message: Message) -> Rc<Letter> {
        let print = print_of(&message);
        Rc::new(Letter { message, print, judged: RefCell::default() })
    }

    /// What `keys::verify` says.
    pub fn verify(&self, known: &Rc<Known>) -> Result<Verified<Message>, MessageError> {
        let mut judged = self.judged.borrow_mut();
        if let Some((_, verdict)) = judged.iter().find(|(other, _)| is_same(other, known)) {
            return verdict.clone();
        }
        let verdict = verify(self.message.clone(), known.as_ref());
        judged.push((known.clone(), verdict.clone()));
        verdict
    }

    /// Whether it is `statement`, signed.
    pub fn says(&self, statement: &Statement) -> bool {
        match (&self.message, statement) {
            (Message::Ballot { ballot, .. }, Statement::Ballot(said)) => ballot == said,
            (Message::Proposal { proposal, .. }, Statement::Propose(said)) => proposal == said,
            (Message::Complaint { complaint, high, .. }, Statement::Complain(said, with)) => {
                complaint == said && high == with
            }
            (Message::Justification(justification), Statement::PassOn(said)) => {
                justification == said
            }
            _ => false,
        }
    }
}

type JudgedBatch = (Hash, PublicKey, Result<(), BatchError>);

/// A batch on its way to many.
#[derive(Debug)]
pub struct Parcel {
    pub batch: Batch,
    pub reference: BatchRef,
    judged: RefCell<Vec<JudgedBatch>>,
}

impl Parcel {
    pub fn new(batch: Batch) -> Rc<Parcel> {
        let reference = batch.reference(encode(&batch).len());
        Rc::new(Parcel { batch, reference, judged: RefCell::default() })
    }

    /// What `keys::verify` says; a channel's settings never change.
    pub fn verify(&self, rules: &BatchRules) -> Result<(), BatchError> {
        let mut judged = self.judged.borrow_mut();
        let known = judged.iter().find(|(c, key, _)| *c == rules.channel && *key == rules.maker);
        if let Some((.., verdict)) = known {
            return verdict.clone();
        }
        let verdict = verify(self.batch.clone(), rules).map(|_| ());
        judged.push((rules.channel, rules.maker, verdict.clone()));
        verdict
    }
}

fn first(hash: &Hash) -> u64 {
    u64::from_le_bytes(hash.0[..8].try_into().unwrap_or_default())
}

impl Request {
    fn print(&self) -> u64 {
        match self {
            Request::Batches(wanted) => {
                wanted.iter().fold(1, |all, batch| all ^ first(&batch.hash))
            }
            Request::Block { height, hash } => height.0 ^ first(hash),
            Request::Blocks { first, count } => first.0 ^ count.rotate_left(32),
            Request::LastSaid(peer) => print_of(peer),
        }
    }
}

impl Response {
    fn print(&self) -> u64 {
        match self {
            Response::Batches(parcels) => {
                parcels.iter().fold(2, |all, parcel| all ^ first(&parcel.reference.hash))
            }
            Response::Block(block) => first(&block.hash()),
            Response::Blocks(blocks) => {
                blocks.iter().fold(3, |all, (block, _)| all ^ first(&block.block.hash()))
            }
            Response::LastSaid(said) => print_of(said),
            Response::Nothing => 0,
        }
    }
}

impl Packet {
    /// Whether it means something from another peer too: an answer belongs to its link.
    pub fn can_be_replayed(&self) -> bool {
        !matches!(self, Packet::Status(_) | Packet::Ask { .. } | Packet::Answer { .. })
    }

    /// A number that tells packets apart, for the trace.
    pub fn print(&self) -> u64 {
        match self {
            Packet::Message(letter) => letter.print,
            Packet::Status(height) => height.0,
            Packet::Batch(parcel) => first(&parcel.reference.hash),
            Packet::Entry(entry) => entry.entry.sequence.0,
            Packet::Evidence(evidence) => print_of(evidence.as_ref()),
            Packet::Ask { number, request } => *number ^ request.print(),
            Packet::Answer { number, response } => *number ^ response.print(),
        }
    }
}
