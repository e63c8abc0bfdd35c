//! What happens to the registry.

use super::proof::{Proven, Report};

/// One stream of Registry.Attend; never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// Facts from the world.
#[derive(Clone, Debug)]
pub enum Event {
    /// A peer proved its key on this stream.
    Joined { session: SessionId, join: Proven },
    /// A peer said where it stands; also its heartbeat.
    Reported { session: SessionId, reports: Vec<Report> },
    /// A peer said goodbye.
    Left { session: SessionId },
    /// The stream ended without a goodbye.
    Broken { session: SessionId },
    /// Some time has passed.
    Ticked,
    /// The operator changed a setting.
    RulesChanged(Rules),
}

/// Settings that the registry works by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `ENABLE_CHANNEL_AUTH`: only peers that the channel file names come on a channel.
    pub channel_auth: bool,
    /// `ALLOW_PEER_RECONNECT`.
    pub reconnect_allowed: bool,
    /// Silence beyond which a peer counts as disconnected; None: heartbeats do not count.
    pub silence_max_us: Option<u64>,
    /// `TIMEOUT_PEER_REMOVE_IN_LIST`: how long a disconnected peer still stands in lists.
    pub removal_us: u64,
}
