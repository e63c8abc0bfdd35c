//! Orders that `step` gives, to be carried out in the order of the list.

use crate::block::{Block, CommittedBlock};
use crate::count::{Height, Round};
use crate::evidence::Evidence;
use crate::hash::Hash;
use crate::lft::message::Statement;
use crate::lft::state::Record;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// On disk before the next effect starts; neighbouring ones may share a flush.
    Persist(Box<Record>),
    /// Sign, send to every member of the channel, and receive oneself.
    Send(Box<Statement>),
    /// Replaces the timer that runs; `TimedOut` after `timeout_ms`.
    SetTimer { height: Height, round: Round, timeout_ms: u64 },
    /// Make a block of what waits; answered `BlockBuilt`.
    BuildBlock { height: Height, round: Round },
    /// Judge a proposed block, fetching batches that are missing; answered `BlockChecked`.
    CheckBlock(Box<Block>),
    /// Ask the others for the block of that hash; answered `BlockFound`.
    FetchBlock { height: Height, block: Hash },
    /// Final: write it with all it changes; answered `Committed`.
    Commit(Box<CommittedBlock>),
    /// Keep, count and pass on.
    Accuse(Box<Evidence>),
}
