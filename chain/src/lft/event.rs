//! Facts that `step` is told.

use crate::block::Block;
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::Verified;
use crate::lft::message::Message;
use crate::lft::state::Start;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The peer has started again with the record it had persisted.
    Recovered,
    /// A message about the current height, this peer's own included.
    Received(Box<Verified<Message>>),
    /// Something waits to be put into a block, long enough.
    WorkWaits,
    /// The answer to `BuildBlock`; none when nothing could be put into it.
    BlockBuilt { height: Height, round: Round, block: Option<Block> },
    /// The answer to `CheckBlock`: whether the block may come next. Its batches are held.
    BlockChecked { height: Height, block: Hash, valid: bool },
    /// The answer to `FetchBlock`.
    BlockFound(Block),
    /// The timer set for (height, round) ended.
    TimedOut { height: Height, round: Round },
    /// A block is committed and the next height begins.
    Committed(Box<Start>),
}
