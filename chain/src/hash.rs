//! SHA-256 with a domain tag for each kind of thing hashed. The only use of `sha2`.
//!
//! A digest is SHA-256("loopchain/1/" ‖ kind ‖ 0x00 ‖ for each part: its length as u64
//! little-endian ‖ the part). Merkle nodes start with 0x00 or 0x01 (RFC 6962), so that no node is
//! ever the digest of something else.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};
use sha2::{Digest, Sha256};

/// 32 bytes of SHA-256; written as 64 hex digits.
#[derive(
    Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize,
)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Stands for "nothing before this".
    pub const ZERO: Hash = Hash([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode(&self.0[..4]))
    }
}

/// The text was not 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hash is 64 hex digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Hash, NotAHash> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAHash)?;
        Ok(Hash(bytes))
    }
}

/// What is hashed; part of every digest and so of every signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Transaction,
    Batch,
    Block,
    Genesis,
    Entry,
    Proposal,
    Vote,
    Confirm,
    Complain,
    Peer,
    Join,
    PeerRecord,
    State,
}

impl Kind {
    fn tag(self) -> &'static [u8] {
        match self {
            Kind::Transaction => b"loopchain/1/transaction\0",
            Kind::Batch => b"loopchain/1/batch\0",
            Kind::Block => b"loopchain/1/block\0",
            Kind::Genesis => b"loopchain/1/genesis\0",
            Kind::Entry => b"loopchain/1/entry\0",
            Kind::Proposal => b"loopchain/1/proposal\0",
            Kind::Vote => b"loopchain/1/vote\0",
            Kind::Confirm => b"loopchain/1/confirm\0",
            Kind::Complain => b"loopchain/1/complain\0",
            Kind::Peer => b"loopchain/1/peer\0",
            Kind::Join => b"loopchain/1/join\0",
            Kind::PeerRecord => b"loopchain/1/peer-record\0",
            Kind::State => b"loopchain/1/state\0",
        }
    }
}

/// The digest of `parts` as a thing of `kind`. Parts are length-prefixed: ("a", "bc") and ("ab",
/// "c") differ.
pub fn digest(kind: Kind, parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(kind.tag());
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

/// Plain SHA-256 over `parts` one after the other; for Merkle nodes, which carry their own prefix.
pub(crate) fn plain(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}

#[cfg(test)]
mod tests;
