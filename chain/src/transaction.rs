//! A transaction: what a client asked for, at a place that nothing else can have.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::batch::BatchHeader;
use crate::count::Sequence;
use crate::hash::{Hash, Kind, digest};
use crate::keys::{KeyError, PeerId, PublicKey, Signature};
use crate::merkle::Path;

/// What a client asked for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    /// When its maker took it in, microseconds since 1970, by the maker's clock.
    pub timestamp_us: u64,
    /// Usually JSON-RPC; any UTF-8 is valid.
    pub data: String,
}

/// Where a transaction stands: the channel, who took it in, in which of its batches, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub channel: Hash,
    pub maker: PeerId,
    pub number: Sequence,
    /// From 0.
    pub index: u32,
}

impl Transaction {
    /// The name of the transaction. It covers the place, so that equal requests have different
    /// hashes and no transaction can be replayed elsewhere.
    pub fn hash(&self, place: &Place) -> Hash {
        digest(
            Kind::Transaction,
            &[
                &place.channel.0,
                &place.maker.0,
                &place.number.0.to_le_bytes(),
                &place.index.to_le_bytes(),
                &self.timestamp_us.to_le_bytes(),
                self.data.as_bytes(),
            ],
        )
    }
}

/// A transaction's signature: its batch's header and signature, plus the path from the transaction
/// to the header's root. Anyone who holds the maker's public key can check it alone.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct TransactionSignature {
    pub header: BatchHeader,
    pub path: Path,
    pub signature: Signature,
}

impl TransactionSignature {
    /// Whether `key` signed a batch that holds the transaction `hash`.
    pub fn check(&self, hash: &Hash, key: &PublicKey) -> Result<(), KeyError> {
        let held = self.path.count == self.header.count
            && self.header.maker == key.peer_id()
            && self.path.root(hash) == Some(self.header.root);
        if !held {
            return Err(KeyError::Signature);
        }
        key.check(&self.header.hash(), &self.signature)
    }
}
