//! What peers of a channel send each other, and its bounds.

use borsh::{BorshDeserialize, BorshSerialize};
use chain::batch::{Batch, BatchRef};
use chain::block::{Block, CommittedBlock, Executed};
use chain::count::Height;
use chain::evidence::Evidence;
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::Message;
use chain::lft::standing::SignedSaid;
use chain::membership::SignedEntry;
use wire::runner::Trace;

/// One frame of a stream.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Envelope<T> {
    /// Genesis hash of the channel it is for.
    pub channel: Hash,
    pub content: T,
}

/// Sent to all, not answered.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Packet {
    Message(Box<Message>),
    /// Last height this peer has committed; also the heartbeat.
    Status {
        height: Height,
    },
    Evidence(Box<Evidence>),
    /// A membership entry to be committed; passed on once by each who had not seen it.
    Entry(Box<SignedEntry>),
    Batch(Box<Batch>),
    /// The last block that the sender's SCORE has executed, and the state after it.
    Executed(Executed),
}

/// Asked of one peer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Request {
    /// Committed blocks from `first` on, at most `count`.
    Blocks { first: Height, count: u64 },
    /// Batches that a proposed block names.
    Batches(Vec<BatchRef>),
    /// The block of that hash, proposed or committed at `height`.
    Block { height: Height, hash: Hash },
    /// What that validator was last heard to say.
    LastSaid(PeerId),
    /// The SCORE's state after that height.
    State(Height),
    /// The traces of that height's transactions.
    Traces(Height),
}

/// The answer; what the asked peer does not have is left out.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Response {
    Blocks(Vec<(CommittedBlock, Vec<Batch>)>),
    Batches(Vec<Batch>),
    Block(Option<Box<Block>>),
    LastSaid(Vec<SignedSaid>),
    State(Option<Hash>),
    Traces(Vec<Trace>),
    /// Not for you, or not now.
    Nothing,
}

/// Streams between two peers; one of each in each direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// LFT messages, statuses, evidence: small and urgent.
    Consensus,
    /// Batches.
    Bulk,
    /// Requests, each answered on the same stream before the next.
    Requests,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Lane; 3] = [Lane::Consensus, Lane::Bulk, Lane::Requests];

    /// libp2p's name for it.
    pub fn protocol(self) -> &'static str {
        match self {
            Lane::Consensus => "/loopchain/consensus/1",
            Lane::Bulk => "/loopchain/bulk/1",
            Lane::Requests => "/loopchain/requests/1",
        }
    }

    /// Longest frame taken from another peer, bytes.
    pub fn frame_bytes_max(self) -> usize {
        match self {
            // A proposal names up to 10,000 batches of 64 bytes, and carries entries and
            // certificates.
            Lane::Consensus => 2 << 20,
            // A channel's own limit for a batch is usually far below.
            Lane::Bulk => 130 << 20,
            Lane::Requests => 2 << 20,
        }
    }
}

/// Longest answer to a request, bytes: a block of the largest size a channel may set.
pub const RESPONSE_BYTES_MAX: usize = 192 << 20;
/// A peer that answers with blocks or batches stops adding to the answer beyond this, bytes.
pub const RESPONSE_BYTES_WANTED: usize = 8 << 20;

impl Packet {
    /// The lane it travels on.
    pub fn lane(&self) -> Lane {
        match self {
            Packet::Batch(_) => Lane::Bulk,
            Packet::Message(_)
            | Packet::Status { .. }
            | Packet::Executed(_)
            | Packet::Evidence(_)
            | Packet::Entry(_) => Lane::Consensus,
        }
    }
}

#[cfg(test)]
mod tests;
