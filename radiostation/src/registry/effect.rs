//! What the registry orders, to be done in list order.

use borsh::{BorshDeserialize, BorshSerialize};
use chain::channel::SignedGenesis;
use chain::keys::{PeerId, PublicKey};
use chain::membership::SignedEntry;
use wire::v1;

use super::event::SessionId;
use super::proof::Refusal;

/// One order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write all of it in one go; it is on disk before the next effect starts.
    Persist(Vec<Write>),
    /// Put a message into the stream's queue.
    Send { session: SessionId, message: v1::ToPeer },
    /// End the stream, at once.
    End { session: SessionId, ending: Ending },
    /// For the log.
    Tell(String),
    /// For the log, as a warning.
    Warn(String),
}

/// Why a stream ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no Join came within {0} s of the challenge")]
    NoJoin(u64),
    #[error("a newer stream of the same key has replaced this one")]
    Replaced,
    #[error("no message for more than {} s; a peer reports more often than that", .silence_max_us / 1_000_000)]
    Silent { silence_max_us: u64 },
    #[error("the peer has left")]
    Left,
    #[error("the peer reads too slowly: its queue of announcements is full; attend again")]
    Slow,
    #[error("the radiostation is stopping; attend again later")]
    Stopping,
}

/// One row of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    OrderNext(u32),
    Peer(PeerRow),
    ForgetPeer(PeerId),
    Genesis(SignedGenesis),
    Entry { channel: String, entry: SignedEntry },
    Place { channel: String, peer: PeerId, place: PlaceRow },
    ForgetPlace { channel: String, peer: PeerId },
}

/// A peer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PeerRow {
    pub key: PublicKey,
    /// Empty when another peer has taken the target over.
    pub target: String,
    pub p2p_address: String,
    pub group_id: String,
    pub order: u32,
}

/// What is remembered of a member of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PlaceRow {
    /// It has reported a ledger since it was last admitted.
    pub had_ledger: bool,
    /// Greatest sequence of a membership entry that it reported committed.
    pub entries: u64,
}

/// Everything that was kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    pub order_next: u32,
    pub peers: Vec<PeerRow>,
    pub channels: Vec<SavedChannel>,
}

/// A channel that has its genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedChannel {
    pub genesis: SignedGenesis,
    /// Ascending by sequence, from 1 without gaps.
    pub entries: Vec<SignedEntry>,
    pub places: Vec<(PeerId, PlaceRow)>,
}
