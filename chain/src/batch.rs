//! A batch: transactions that one peer took in, numbered and signed once. Each maker numbers its
//! batches on a channel from 1 without gaps, which is what refuses replays and keeps a client's
//! transactions in order.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::channel::Settings;
use crate::count::Sequence;
use crate::encoding::encode;
use crate::hash::{Hash, Kind, digest};
use crate::keys::{PeerId, PublicKey, SecretKey, Signature, Verify};
use crate::merkle;
use crate::transaction::{Place, Transaction, TransactionSignature};

/// What the maker signs.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BatchHeader {
    /// Genesis hash of the channel.
    pub channel: Hash,
    pub maker: PeerId,
    pub number: Sequence,
    /// Transactions in the batch, at least 1.
    pub count: u32,
    /// Merkle root over the transactions' hashes.
    pub root: Hash,
}

impl BatchHeader {
    /// The batch's name, and what is signed.
    pub fn hash(&self) -> Hash {
        digest(Kind::Batch, &[&encode(self)])
    }
}

/// A batch as it travels and is stored.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Batch {
    pub header: BatchHeader,
    pub signature: Signature,
    pub transactions: Vec<Transaction>,
}

/// How a block names a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BatchRef {
    pub maker: PeerId,
    pub number: Sequence,
    pub hash: Hash,
    /// Transactions in it.
    pub count: u32,
    /// Size of its canonical encoding.
    pub bytes: u32,
}

/// Why a batch is not well formed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("it is of another channel")]
    Channel,
    #[error("a batch holds between 1 and {max} transactions, this one {found}")]
    Count { found: usize, max: u64 },
    #[error("a batch takes at most {max} bytes, this one {found}")]
    Bytes { found: usize, max: u64 },
    #[error("a transaction's data takes at most {max} bytes, that at {index} takes {found}")]
    TransactionBytes { index: usize, found: usize, max: u64 },
    #[error("its header does not fit its transactions")]
    Header,
    #[error("batches are numbered from 1")]
    Number,
    #[error("its maker's signature does not verify")]
    Signature,
}

impl Batch {
    /// Numbers and signs `transactions`, of which there is at least one.
    pub fn seal(
        key: &SecretKey,
        channel: Hash,
        number: Sequence,
        transactions: Vec<Transaction>,
    ) -> Batch {
        let maker = key.public_key().peer_id();
        let hashes = transaction_hashes(channel, maker, number, &transactions);
        let count = u32::try_from(transactions.len()).expect("a batch is bounded far below 2^32");
        let header = BatchHeader { channel, maker, number, count, root: merkle::root(&hashes) };
        let signature = key.sign(&header.hash());
        Batch { header, signature, transactions }
    }

    /// The hash of each transaction, in order.
    pub fn transaction_hashes(&self) -> Vec<Hash> {
        let BatchHeader { channel, maker, number, .. } = self.header;
        transaction_hashes(channel, maker, number, &self.transactions)
    }

    /// How a block names this batch; `bytes` is the length of its canonical encoding.
    pub fn reference(&self, bytes: usize) -> BatchRef {
        BatchRef {
            maker: self.header.maker,
            number: self.header.number,
            hash: self.header.hash(),
            count: self.header.count,
            bytes: u32::try_from(bytes).expect("a batch is bounded far below 2^32 bytes"),
        }
    }

    /// The signature of the transaction at `index`; `None` when there is none there.
    pub fn transaction_signature(&self, index: usize) -> Option<TransactionSignature> {
        let path = merkle::path(&self.transaction_hashes(), index)?;
        Some(TransactionSignature { header: self.header.clone(), path, signature: self.signature })
    }

    fn check_size(&self, settings: &Settings) -> Result<(), BatchError> {
        let (found, max) = (self.transactions.len(), settings.batch_transactions_max);
        if found == 0 || found as u64 > max {
            return Err(BatchError::Count { found, max });
        }
        let max = settings.transaction_bytes_max;
        let long = self.transactions.iter().enumerate().find(|(_, t)| t.data.len() as u64 > max);
        if let Some((index, transaction)) = long {
            let found = transaction.data.len();
            return Err(BatchError::TransactionBytes { index, found, max });
        }
        let (found, max) = (encode(self).len(), settings.batch_bytes_max);
        if found as u64 > max {
            return Err(BatchError::Bytes { found, max });
        }
        Ok(())
    }
}

/// What a batch is checked against.
pub struct BatchRules {
    /// Genesis hash of the channel.
    pub channel: Hash,
    pub settings: Settings,
    /// Key of the peer that the header names as the maker.
    pub maker: PublicKey,
}

impl Verify for Batch {
    type Known = BatchRules;
    type Refused = BatchError;

    /// Whether the batch is well formed and signed by its maker; its place in the maker's
    /// numbering is the pool's and the ledger's to judge.
    fn check(&self, rules: &BatchRules) -> Result<(), BatchError> {
        let header = &self.header;
        if header.channel != rules.channel {
            return Err(BatchError::Channel);
        }
        if header.number < Sequence(1) {
            return Err(BatchError::Number);
        }
        self.check_size(&rules.settings)?;
        let counted = header.count as usize == self.transactions.len();
        if !counted || merkle::root(&self.transaction_hashes()) != header.root {
            return Err(BatchError::Header);
        }
        let genuine = header.maker == rules.maker.peer_id()
            && rules.maker.check(&header.hash(), &self.signature).is_ok();
        if genuine { Ok(()) } else { Err(BatchError::Signature) }
    }
}

fn transaction_hashes(
    channel: Hash,
    maker: PeerId,
    number: Sequence,
    transactions: &[Transaction],
) -> Vec<Hash> {
    let place = |index: usize| Place { channel, maker, number, index: index as u32 };
    transactions.iter().enumerate().map(|(i, t)| t.hash(&place(i))).collect()
}

#[cfg(test)]
mod tests;
