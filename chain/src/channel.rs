//! What a channel is from its first block on.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::encoding::encode;
use crate::hash::{Hash, Kind, digest};
use crate::keys::{KeyError, PublicKey, SecretKey, Signature, Verify};
use crate::membership::Member;
use crate::validators::Ratio;

/// Settings that all peers of a channel share; they are part of its genesis.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Settings {
    /// `LEADER_BLOCK_CREATION_LIMIT`: blocks one leader makes in a row, at least 1.
    pub leader_block_limit: u64,
    /// `MAX_BLOCK_KBYTES` in bytes: batches of a block together.
    pub block_bytes_max: u64,
    /// `MAX_BLOCK_TX_NUM`.
    pub block_transactions_max: u64,
    /// `MAX_TX_BYTES`: a transaction's data.
    pub transaction_bytes_max: u64,
    /// `MAX_BATCH_BYTES`: a batch's encoding; at most `block_bytes_max`.
    pub batch_bytes_max: u64,
    /// `MAX_BATCH_TX_NUM`; at most `block_transactions_max`.
    pub batch_transactions_max: u64,
    /// `VOTING_RATIO`: raises a quorum above what safety needs; never lowers it.
    pub voting_ratio: Option<Ratio>,
    /// `INTERVAL_BLOCKGENERATION`: how long a leader may wait to fill a block, milliseconds.
    pub block_interval_ms: u64,
    /// `TIMEOUT_FOR_LEADER_COMPLAIN`: of round 0, doubled with every round, milliseconds.
    pub complain_timeout_ms: u64,
    /// `MAX_TIMEOUT_FOR_LEADER_COMPLAIN`, milliseconds.
    pub complain_timeout_ms_max: u64,
}

/// Why settings cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is at least 1")]
    Zero(&'static str),
    #[error("{small} is {small_value}, which is more than {large}, {large_value}")]
    Order { small: &'static str, small_value: u64, large: &'static str, large_value: u64 },
    #[error("VOTING_RATIO is above 2/3 and at most 1")]
    VotingRatio,
}

/// Bytes that a batch of one transaction takes beside the transaction's data, rounded up.
pub const BATCH_OVERHEAD_BYTES: u64 = 256;

impl Settings {
    /// Whether a chain with these settings can make progress.
    pub fn check(&self) -> Result<(), SettingsError> {
        let counted = [
            ("LEADER_BLOCK_CREATION_LIMIT", self.leader_block_limit),
            ("MAX_TX_BYTES", self.transaction_bytes_max),
            ("MAX_BATCH_TX_NUM", self.batch_transactions_max),
            ("TIMEOUT_FOR_LEADER_COMPLAIN", self.complain_timeout_ms),
        ];
        if let Some((name, _)) = counted.iter().find(|(_, value)| *value == 0) {
            return Err(SettingsError::Zero(name));
        }
        let ordered = [
            (
                "MAX_TX_BYTES + 256",
                self.transaction_bytes_max.saturating_add(BATCH_OVERHEAD_BYTES),
                "MAX_BATCH_BYTES",
                self.batch_bytes_max,
            ),
            (
                "MAX_BATCH_BYTES",
                self.batch_bytes_max,
                "MAX_BLOCK_KBYTES in bytes",
                self.block_bytes_max,
            ),
            (
                "MAX_BATCH_TX_NUM",
                self.batch_transactions_max,
                "MAX_BLOCK_TX_NUM",
                self.block_transactions_max,
            ),
            (
                "TIMEOUT_FOR_LEADER_COMPLAIN in ms",
                self.complain_timeout_ms,
                "MAX_TIMEOUT_FOR_LEADER_COMPLAIN in ms",
                self.complain_timeout_ms_max,
            ),
            ("MAX_BLOCK_KBYTES in bytes", self.block_bytes_max, "the largest block", 1 << 27),
            ("MAX_BLOCK_TX_NUM", self.block_transactions_max, "the most transactions", 1 << 20),
        ];
        for (small, small_value, large, large_value) in ordered {
            if small_value > large_value {
                return Err(SettingsError::Order { small, small_value, large, large_value });
            }
        }
        match self.voting_ratio {
            Some(ratio) if !ratio.is_valid() => Err(SettingsError::VotingRatio),
            _ => Ok(()),
        }
    }
}

/// The block at height 0: names the channel, its settings, who vouches for members, and the first.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    pub name: String,
    /// `A/B`.
    pub score_package: String,
    pub settings: Settings,
    /// Key that signs membership entries.
    pub radiostation: PublicKey,
    pub first: Member,
}

impl Genesis {
    /// The channel's identity; every signature on the channel covers it.
    pub fn hash(&self) -> Hash {
        digest(Kind::Genesis, &[&encode(self)])
    }

    /// Signs with the radiostation's key.
    pub fn sign(self, key: &SecretKey) -> SignedGenesis {
        let signature = key.sign(&self.hash());
        SignedGenesis { genesis: self, signature }
    }
}

/// A genesis and the radiostation's signature.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedGenesis {
    pub genesis: Genesis,
    pub signature: Signature,
}

/// Longest name of a channel, bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Whether `name` may name a channel. Peers name folders after it.
pub fn is_channel_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    #[error("it names another radiostation")]
    Radiostation,
    #[error(transparent)]
    Signature(#[from] KeyError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("its first member is no validator, or has no weight")]
    First,
    #[error(
        "a channel's name is 1 to {NAME_BYTES_MAX} letters, digits, '_', '-' and '.', not first"
    )]
    Name,
}

impl Verify for SignedGenesis {
    type Known = PublicKey;
    type Refused = GenesisError;

    fn check(&self, radiostation: &PublicKey) -> Result<(), GenesisError> {
        if self.genesis.radiostation != *radiostation {
            return Err(GenesisError::Radiostation);
        }
        radiostation.check(&self.genesis.hash(), &self.signature)?;
        self.genesis.settings.check()?;
        if !is_channel_name(&self.genesis.name) {
            return Err(GenesisError::Name);
        }
        if self.genesis.first.is_validator() { Ok(()) } else { Err(GenesisError::First) }
    }
}

#[cfg(test)]
mod tests;
