//! Whether a peer may rely on its record. A storage that was put back from an earlier copy, or a
//! key that runs twice, lacks things that the peer has said, and it could say the opposite.
//!
//! So a peer that starts asks the others for the last things that they heard it say, and says
//! nothing until those that have answered are a quorum together with it. And whenever something
//! that it signed turns up that its record does not cover, it says nothing any more.

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::certificate::{Certificate, Stage, ballot_digest};
use crate::count::{Height, Round};
use crate::evidence::{Contradiction, Evidence};
use crate::hash::Hash;
use crate::keys::{KeyError, PeerId, PublicKey, Signature, Verify};
use crate::lft::message::{Ballot, Complaint, Message, complaint_digest, proposal_digest};
use crate::lft::state::Record;
use crate::validators::ValidatorSet;

/// What a validator's signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Said {
    /// Hashes of the block and of its justification.
    Proposal {
        height: Height,
        round: Round,
        block: Hash,
        justification: Hash,
    },
    Ballot(Ballot),
    Complaint(Complaint),
}

/// The same with the signature: proof that it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SignedSaid {
    pub said: Said,
    pub signature: Signature,
}

impl Said {
    /// The height it is about.
    pub fn height(&self) -> Height {
        match self {
            Said::Proposal { height, .. } => *height,
            Said::Ballot(ballot) => ballot.height,
            Said::Complaint(complaint) => complaint.height,
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Said::Proposal { .. } => 0,
            Said::Ballot(Ballot { stage: Stage::Vote, .. }) => 1,
            Said::Ballot(Ballot { stage: Stage::Confirm, .. }) => 2,
            Said::Complaint(_) => 3,
        }
    }

    // Grows with what an honest peer says, among things of one kind at one height.
    fn rank(&self) -> (Round, Option<Round>) {
        match self {
            Said::Proposal { round, .. } => (*round, None),
            Said::Ballot(ballot) => (ballot.round, None),
            Said::Complaint(complaint) => (complaint.round, complaint.high),
        }
    }

    fn digest(&self, channel: &Hash) -> Hash {
        match self {
            Said::Proposal { height, round, block, justification } => {
                proposal_digest(channel, *height, *round, block, justification)
            }
            Said::Ballot(Ballot { stage, height, round, block }) => {
                ballot_digest(channel, *stage, *height, *round, block)
            }
            Said::Complaint(Complaint { height, round, high }) => {
                complaint_digest(channel, *height, *round, *high)
            }
        }
    }

    /// What `evidence` shows that its signer said; nothing for batches, which no record covers.
    pub fn in_evidence(evidence: &Evidence) -> Vec<Said> {
        let ballot =
            |stage, height, round, block| Said::Ballot(Ballot { stage, height, round, block });
        match evidence.contradiction {
            Contradiction::Proposals { height, round, statements } => {
                let said = |(block, justification, _)| Said::Proposal {
                    height,
                    round,
                    block,
                    justification,
                };
                statements.map(said).to_vec()
            }
            Contradiction::Ballots { stage, height, round, statements } => {
                statements.map(|(block, _)| ballot(stage, height, round, block)).to_vec()
            }
            Contradiction::ConfirmAndComplaint {
                height,
                round,
                confirmed,
                complained,
                high,
                ..
            } => vec![
                ballot(Stage::Confirm, height, round, confirmed.0),
                Said::Complaint(Complaint { height, round: complained, high }),
            ],
            Contradiction::Batches(_) => Vec::new(),
        }
    }

    /// What `certificate` shows that `signer` said, if it is among its signers.
    pub fn in_certificate(certificate: &Certificate, signer: &PeerId) -> Option<Said> {
        let Certificate { stage, height, round, block, ref signatures } = *certificate;
        let signed = signatures.iter().any(|(peer, _)| peer == signer);
        signed.then_some(Said::Ballot(Ballot { stage, height, round, block }))
    }
}

impl SignedSaid {
    /// The signer and what it signed; none of what is only passed on.
    pub fn of(message: &Message) -> Option<(PeerId, SignedSaid)> {
        let (signer, said, signature) = match message {
            Message::Proposal { proposal, signer, signature } => {
                let said = Said::Proposal {
                    height: proposal.height,
                    round: proposal.round,
                    block: proposal.block.hash(),
                    justification: proposal.justification_hash(),
                };
                (signer, said, signature)
            }
            Message::Ballot { ballot, signer, signature } => {
                (signer, Said::Ballot(*ballot), signature)
            }
            Message::Complaint { complaint, signer, signature, .. } => {
                (signer, Said::Complaint(*complaint), signature)
            }
            Message::Justification(_) => return None,
        };
        Some((*signer, SignedSaid { said, signature: *signature }))
    }
}

/// Who is said to have said it, and on which channel (genesis hash).
#[derive(Clone, Copy, Debug)]
pub struct Author {
    pub channel: Hash,
    pub key: PublicKey,
}

impl Verify for SignedSaid {
    type Known = Author;
    type Refused = KeyError;

    fn check(&self, author: &Author) -> Result<(), KeyError> {
        author.key.check(&self.said.digest(&author.channel), &self.signature)
    }
}

impl Record {
    /// Whether a peer with this record may have said that. Of heights before the record's it may
    /// have said anything: they are committed.
    pub fn covers(&self, said: &Said) -> bool {
        if said.height() != self.height {
            return said.height() < self.height;
        }
        match said {
            Said::Proposal { round, block, .. } => self.proposed.as_ref().is_some_and(|own| {
                own.round > *round || own.round == *round && own.block.hash() == *block
            }),
            Said::Ballot(Ballot { stage: Stage::Vote, round, block, .. }) => self
                .voted
                .is_some_and(|(last, voted)| last > *round || (last, voted) == (*round, *block)),
            Said::Ballot(Ballot { stage: Stage::Confirm, round, block, .. }) => {
                self.high.as_ref().is_some_and(|high| {
                    high.round > *round || (high.round, high.block) == (*round, *block)
                })
            }
            Said::Complaint(Complaint { round, high, .. }) => {
                self.complained >= Some(*round) && self.high_round() >= *high
            }
        }
    }
}

/// Whether a peer that has started knows that its record is the last one.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    answered: BTreeSet<PeerId>,
    sure: bool,
}

impl Standing {
    /// Of a peer whose ledger begins now: it has said nothing.
    pub fn new_member() -> Standing {
        Standing { answered: BTreeSet::new(), sure: true }
    }

    /// `peer` has told what it last heard this peer say, and the record covers it.
    pub fn answered(&mut self, peer: PeerId) {
        self.answered.insert(peer);
    }

    /// Whether `peer` need not be asked.
    pub fn has_answer_of(&self, peer: &PeerId) -> bool {
        self.answered.contains(peer)
    }

    /// Those that have answered, and `me`.
    pub fn answers(&self, me: PeerId) -> BTreeSet<PeerId> {
        self.answered.iter().copied().chain([me]).collect()
    }

    /// Whether `me` may speak: for good, once those that have answered are a quorum with it.
    pub fn settle(&mut self, me: PeerId, validators: &ValidatorSet) -> bool {
        self.sure = self.sure || validators.is_quorum(&self.answers(me));
        self.sure
    }

    /// Whether `settle` has found that it may.
    pub fn is_sure(&self) -> bool {
        self.sure
    }
}

/// The last things that each validator was heard to say; bounded. Of each kind the one of the
/// highest round at the highest height: whoever delivers an old one again hides nothing by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LastSaid(BTreeMap<PeerId, Vec<SignedSaid>>);

impl LastSaid {
    /// Peers remembered.
    pub const PEERS_MAX: usize = 1024;
    /// Of each peer: one proposal, one vote, one confirm, one complaint.
    pub const OF_ONE_MAX: usize = 4;

    /// Takes note of a message whose signatures were checked.
    pub fn hear(&mut self, message: &Message) {
        if let Some((signer, signed)) = SignedSaid::of(message) {
            self.note(signer, signed);
        }
    }

    /// Takes note of the signers of a certificate that was checked.
    pub fn hear_certificate(&mut self, certificate: &Certificate) {
        let Certificate { stage, height, round, block, ref signatures } = *certificate;
        let said = Said::Ballot(Ballot { stage, height, round, block });
        for (signer, signature) in signatures {
            self.note(*signer, SignedSaid { said, signature: *signature });
        }
    }

    pub(super) fn note(&mut self, signer: PeerId, signed: SignedSaid) {
        if self.0.len() >= Self::PEERS_MAX && !self.0.contains_key(&signer) {
            return;
        }
        let last = self.0.entry(signer).or_default();
        let height = signed.said.height();
        if last.iter().any(|known| known.said.height() > height) {
            return;
        }
        last.retain(|known| known.said.height() == height);
        match last.iter_mut().find(|known| known.said.kind() == signed.said.kind()) {
            Some(known) if known.said.rank() < signed.said.rank() => *known = signed,
            Some(_) => {}
            None => last.push(signed),
        }
    }

    /// How much is remembered.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// What `peer` said last, at one height; at most [`LastSaid::OF_ONE_MAX`], empty if it was
    /// not heard.
    pub fn of(&self, peer: &PeerId) -> Vec<SignedSaid> {
        self.0.get(peer).cloned().unwrap_or_default()
    }
}
