//! Certificates: signatures of a quorum for one (height, round, block).

use borsh::{BorshDeserialize, BorshSerialize};

use crate::count::{Height, Round};
use crate::hash::{Hash, Kind, digest};
use crate::keys::{PeerId, Signature};
use crate::validators::ValidatorSet;

/// What the signers said about the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Stage {
    /// It is valid, and the one I chose in this round.
    Vote,
    /// I hold a quorum of votes for it.
    Confirm,
}

/// The digest that a vote or confirm signs.
pub fn ballot_digest(
    channel: &Hash,
    stage: Stage,
    height: Height,
    round: Round,
    block: &Hash,
) -> Hash {
    let kind = match stage {
        Stage::Vote => Kind::Vote,
        Stage::Confirm => Kind::Confirm,
    };
    digest(kind, &[&channel.0, &height.0.to_le_bytes(), &round.0.to_le_bytes(), &block.0])
}

/// Votes (a vote certificate) or confirms (a commit certificate) of a quorum.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    pub stage: Stage,
    pub height: Height,
    pub round: Round,
    pub block: Hash,
    /// Ascending by signer, each once.
    pub signatures: Vec<(PeerId, Signature)>,
}

/// Why a certificate proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("its signers are not in ascending order, each once")]
    Order,
    #[error("a signer is no validator at this height")]
    Stranger,
    #[error("its signers are no quorum")]
    Quorum,
    #[error("a signature in it does not verify")]
    Signature,
}

/// Whether `signers` are in ascending order, each once and a validator, and together a quorum.
pub fn check_signers(
    signers: impl Iterator<Item = PeerId> + Clone,
    validators: &ValidatorSet,
) -> Result<(), CertificateError> {
    if !signers.clone().is_sorted_by(|a, b| a < b) {
        return Err(CertificateError::Order);
    }
    if signers.clone().any(|signer| validators.get(&signer).is_none()) {
        return Err(CertificateError::Stranger);
    }
    if validators.is_quorum(&signers.collect()) { Ok(()) } else { Err(CertificateError::Quorum) }
}

impl Certificate {
    /// Whether a quorum of `validators` signed it on `channel`.
    pub fn check(&self, channel: &Hash, validators: &ValidatorSet) -> Result<(), CertificateError> {
        check_signers(self.signatures.iter().map(|(signer, _)| *signer), validators)?;
        let digest = ballot_digest(channel, self.stage, self.height, self.round, &self.block);
        let genuine = self.signatures.iter().all(|(signer, signature)| {
            validators.get(signer).is_some_and(|v| v.key.check(&digest, signature).is_ok())
        });
        if genuine { Ok(()) } else { Err(CertificateError::Signature) }
    }
}

#[cfg(test)]
mod tests;
