//! Proofs that one signer said two things that contradict each other. Both signatures are the
//! proof; nobody is punished automatically.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::batch::BatchHeader;
use crate::certificate::{Stage, ballot_digest};
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::{PeerId, PublicKey, Signature};
use crate::lft::message::{complaint_digest, proposal_digest};

/// Two signed statements of `signer`.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Evidence {
    pub signer: PeerId,
    pub contradiction: Contradiction,
}

/// What was said twice.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Contradiction {
    /// Two blocks proposed for one round; of each the block's hash, the justification's and the
    /// signature.
    Proposals { height: Height, round: Round, statements: [(Hash, Hash, Signature); 2] },
    /// Two votes or two confirms for one round.
    Ballots { stage: Stage, height: Height, round: Round, statements: [(Hash, Signature); 2] },
    /// A confirm in `round`, and a complaint about a later round, or the same, that knows of no
    /// vote certificate as high as that.
    ConfirmAndComplaint {
        height: Height,
        round: Round,
        confirmed: (Hash, Signature),
        complained: Round,
        high: Option<Round>,
        complaint: Signature,
    },
    /// Two batches of one number.
    Batches([(BatchHeader, Signature); 2]),
}

impl Evidence {
    /// Whether `key` is the signer's and really signed both on `channel`.
    pub fn is_genuine(&self, channel: &Hash, key: &PublicKey) -> bool {
        let signed = |digest: Hash, signature: &Signature| key.check(&digest, signature).is_ok();
        if key.peer_id() != self.signer {
            return false;
        }
        match &self.contradiction {
            Contradiction::Proposals { height, round, statements: [a, b] } => {
                let digest = |s: &(Hash, Hash, Signature)| {
                    proposal_digest(channel, *height, *round, &s.0, &s.1)
                };
                a.0 != b.0 && signed(digest(a), &a.2) && signed(digest(b), &b.2)
            }
            Contradiction::Ballots { stage, height, round, statements: [a, b] } => {
                let digest = |block: &Hash| ballot_digest(channel, *stage, *height, *round, block);
                a.0 != b.0 && signed(digest(&a.0), &a.1) && signed(digest(&b.0), &b.1)
            }
            Contradiction::ConfirmAndComplaint {
                height,
                round,
                confirmed,
                complained,
                high,
                complaint,
            } => {
                let confirm = ballot_digest(channel, Stage::Confirm, *height, *round, &confirmed.0);
                let complain = complaint_digest(channel, *height, *complained, *high);
                complained >= round
                    && *high < Some(*round)
                    && signed(confirm, &confirmed.1)
                    && signed(complain, complaint)
            }
            Contradiction::Batches([a, b]) => {
                let one_number = a.0.number == b.0.number
                    && a.0.maker == self.signer
                    && b.0.maker == self.signer
                    && a.0.channel == *channel
                    && b.0.channel == *channel;
                one_number && a.0 != b.0 && signed(a.0.hash(), &a.1) && signed(b.0.hash(), &b.1)
            }
        }
    }
}

#[cfg(test)]
mod tests;
