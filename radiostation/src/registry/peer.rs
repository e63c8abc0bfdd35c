//! One peer of the network.

use chain::keys::{PeerId, SecretKey};
use chain::membership::record_digest;
use wire::v1;

use super::effect::PeerRow;
use super::event::SessionId;

/// Whether a peer attends; the numbers are those of the REST interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not heard of since the radiostation started.
    Unknown = 0,
    Connected = 1,
    Disconnected = 2,
}

/// What is known of a peer.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub id: PeerId,
    pub row: PeerRow,
    /// The row, signed for other peers.
    pub record: v1::PeerRecord,
    pub status: Status,
    pub status_update_time_us: u64,
    pub heard_us: u64,
    /// The stream it attends on.
    pub session: Option<SessionId>,
}

impl Peer {
    pub fn new(row: PeerRow, key: &SecretKey, now_us: u64) -> Peer {
        Peer {
            id: row.key.peer_id(),
            record: record(&row, key),
            row,
            status: Status::Unknown,
            status_update_time_us: now_us,
            heard_us: now_us,
            session: None,
        }
    }

    /// Whether others can be told where it is.
    pub fn has_address(&self) -> bool {
        !self.row.target.is_empty()
    }

    /// Takes new addresses or a new group over; the order stays.
    pub fn set_row(&mut self, row: PeerRow, key: &SecretKey) {
        self.record = record(&row, key);
        self.row = row;
    }

    pub fn set_status(&mut self, status: Status, now_us: u64) {
        self.status = status;
        self.status_update_time_us = now_us;
    }
}

fn record(row: &PeerRow, key: &SecretKey) -> v1::PeerRecord {
    let digest = record_digest(&row.key, &row.target, &row.p2p_address, &row.group_id, row.order);
    v1::PeerRecord {
        public_key: row.key.to_bytes().to_vec(),
        target: row.target.clone(),
        p2p_address: row.p2p_address.clone(),
        group_id: row.group_id.clone(),
        order: row.order,
        signature: key.sign(&digest).0.to_vec(),
    }
}
