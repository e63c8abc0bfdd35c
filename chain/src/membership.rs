//! Who belongs to a channel: committed entries, signed by the radiostation, numbered from 1 without
//! gaps, in force from the height after the block that carries them.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::count::{Sequence, Weight};
use crate::encoding::encode;
use crate::hash::{Hash, Kind, digest};
use crate::keys::{KeyError, PeerId, PublicKey, SecretKey, Signature, Verify};
use crate::score::Version;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Role {
    /// Makes transactions and decides.
    Validator,
    /// Makes transactions.
    Client,
    /// Reads.
    Auditor,
}

/// One member of a channel.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Member {
    pub key: PublicKey,
    /// Place in the order of joining the network, from 1; leaders follow it.
    pub order: u32,
    /// Votes inside its group; at least 1 for a validator.
    pub weight: Weight,
    /// Group of validators that trust each other; the default is the peer's own id.
    pub group: String,
    pub role: Role,
    /// host:port of its gRPC service, for people.
    pub target: String,
}

/// Longest name of a group, bytes.
pub const GROUP_BYTES_MAX: usize = 64;

impl Member {
    /// Whether it takes part in decisions.
    pub fn is_validator(&self) -> bool {
        self.role == Role::Validator && self.weight > Weight(0)
    }

    /// Whether blocks may contain its batches.
    pub fn may_create(&self) -> bool {
        self.role != Role::Auditor
    }
}

/// A change of a channel's membership, or of its SCORE.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Change {
    Join(Member),
    Leave(PeerId),
    Weight(PeerId, Weight),
    Group(PeerId, String),
    Role(PeerId, Role),
    /// Not of the members: the SCORE's version, in force from the height after, too. Without effect
    /// unless `from` is in force (`score::Versions`).
    Score {
        from: Version,
        to: Version,
    },
}

/// A numbered change.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Entry {
    /// Genesis hash of the channel.
    pub channel: Hash,
    pub sequence: Sequence,
    pub change: Change,
}

impl Entry {
    fn digest(&self) -> Hash {
        digest(Kind::Entry, &[&encode(self)])
    }

    /// Signs with the radiostation's key.
    pub fn sign(self, key: &SecretKey) -> SignedEntry {
        let signature = key.sign(&self.digest());
        SignedEntry { entry: self, signature }
    }
}

/// An entry and the radiostation's signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedEntry {
    pub entry: Entry,
    pub signature: Signature,
}

impl Verify for SignedEntry {
    type Known = PublicKey;
    type Refused = KeyError;

    fn check(&self, radiostation: &PublicKey) -> Result<(), KeyError> {
        radiostation.check(&self.entry.digest(), &self.signature)
    }
}

/// The members of a channel after some block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Membership {
    /// Ascending by order of joining.
    members: Vec<Member>,
    /// Sequence of the last entry applied; 0 for none.
    pub entries: Sequence,
}

impl Membership {
    /// A channel's members at genesis.
    pub fn new(first: Member) -> Membership {
        Membership { members: vec![first], entries: Sequence(0) }
    }

    /// Everybody, ascending by order of joining.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that name.
    pub fn get(&self, peer: &PeerId) -> Option<&Member> {
        self.members.iter().find(|member| member.key.peer_id() == *peer)
    }

    /// Applies the next entry. A change that makes no sense (an unknown peer, a second join, one
    /// that would leave no validator) changes nothing but the sequence: it is signed and numbered,
    /// so refusing it would block all entries after it.
    pub fn apply(&mut self, entry: &Entry) {
        let mut members = self.members.clone();
        match &entry.change {
            Change::Join(member) => join(&mut members, member),
            Change::Leave(peer) => members.retain(|m| m.key.peer_id() != *peer),
            Change::Weight(peer, weight) => edit(&mut members, peer, |m| m.weight = *weight),
            Change::Group(peer, group) => {
                edit(&mut members, peer, |m| m.group = clipped(group));
            }
            Change::Role(peer, role) => edit(&mut members, peer, |m| m.role = *role),
            Change::Score { .. } => {}
        }
        if members.iter().any(Member::is_validator) {
            self.members = members;
        }
        self.entries = entry.sequence;
    }
}

fn join(members: &mut Vec<Member>, member: &Member) {
    let taken = |m: &Member| m.key == member.key || m.order == member.order;
    if members.iter().any(|m| taken(m) || m.key.peer_id() == member.key.peer_id()) {
        return;
    }
    let place = members.partition_point(|m| m.order < member.order);
    members.insert(place, Member { group: clipped(&member.group), ..member.clone() });
}

fn edit(members: &mut [Member], peer: &PeerId, change: impl FnOnce(&mut Member)) {
    if let Some(member) = members.iter_mut().find(|m| m.key.peer_id() == *peer) {
        change(member);
    }
}

fn clipped(group: &str) -> String {
    let end = group
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .take_while(|end| *end <= GROUP_BYTES_MAX);
    group[..end.last().unwrap_or(0)].to_string()
}

/// What a peer signs to prove its key to the radiostation.
pub fn join_digest(nonce: &[u8], target: &str, p2p_address: &str, group_id: &str) -> Hash {
    digest(Kind::Join, &[nonce, target.as_bytes(), p2p_address.as_bytes(), group_id.as_bytes()])
}

/// What the radiostation signs when it tells peers of a peer.
pub fn record_digest(
    key: &PublicKey,
    target: &str,
    p2p_address: &str,
    group_id: &str,
    order: u32,
) -> Hash {
    digest(
        Kind::PeerRecord,
        &[
            &key.to_bytes(),
            target.as_bytes(),
            p2p_address.as_bytes(),
            group_id.as_bytes(),
            &order.to_le_bytes(),
        ],
    )
}

#[cfg(test)]
mod tests;
