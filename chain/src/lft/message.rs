//! What validators say to each other. Every signature covers a tag, the channel's genesis hash, the
//! kind and all fields, so that none can be replayed on another channel, height or round.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::block::Block;
use crate::certificate::{Certificate, CertificateError, Stage, ballot_digest, check_signers};
use crate::count::{Height, Round};
use crate::encoding::encode;
use crate::hash::{Hash, Kind, digest};
use crate::keys::{PeerId, SecretKey, Signature, Verify};
use crate::validators::ValidatorSet;

/// A leader's block for a round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Proposal {
    pub height: Height,
    pub round: Round,
    pub block: Block,
    /// None at round 0; else why this round has come, and what it obliges to.
    pub justification: Option<Justification>,
}

/// A vote or a confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ballot {
    pub stage: Stage,
    pub height: Height,
    pub round: Round,
    pub block: Hash,
}

/// "Round `round` did not commit in time, and the highest round whose vote certificate I hold is
/// `high`."
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Complaint {
    pub height: Height,
    pub round: Round,
    pub high: Option<Round>,
}

/// Complaints of a quorum about one round.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ComplaintCertificate {
    pub height: Height,
    pub round: Round,
    /// Ascending by signer, each once, with the `high` it reported.
    pub complaints: Vec<(PeerId, Option<Round>, Signature)>,
}

impl ComplaintCertificate {
    /// The greatest `high` among the complaints.
    pub fn high(&self) -> Option<Round> {
        self.complaints.iter().filter_map(|(_, high, _)| *high).max()
    }
}

/// A complaint certificate, with a vote certificate at least as high as the one it reports.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Justification {
    pub complaints: ComplaintCertificate,
    pub high: Option<Certificate>,
}

/// What a peer wants to say.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "boxed where it waits; a box inside would be one more copy"
)]
pub enum Statement {
    Propose(Proposal),
    Ballot(Ballot),
    /// With the vote certificate it mentions.
    Complain(Complaint, Option<Certificate>),
    /// Pass on what brought this peer to a new round; needs no signature of its own.
    PassOn(Justification),
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(
    clippy::large_enum_variant,
    reason = "boxed where it waits; a box inside would be one more copy"
)]
pub enum Message {
    Proposal {
        proposal: Proposal,
        signer: PeerId,
        signature: Signature,
    },
    Ballot {
        ballot: Ballot,
        signer: PeerId,
        signature: Signature,
    },
    Complaint {
        complaint: Complaint,
        high: Option<Certificate>,
        signer: PeerId,
        signature: Signature,
    },
    Justification(Justification),
}

/// What a message is checked against.
#[derive(Clone, Debug)]
pub struct Known {
    /// Genesis hash.
    pub channel: Hash,
    pub height: Height,
    /// Of that height.
    pub validators: ValidatorSet,
}

/// Why a message is refused; an honest peer sends none of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("it is about another height")]
    Height,
    #[error("its signer is no validator")]
    Stranger,
    #[error("its signature does not verify")]
    Signature,
    #[error("what it carries does not fit what it says")]
    Mismatch,
    #[error("a certificate in it is refused: {0}")]
    Certificate(#[from] CertificateError),
}

/// What a leader signs.
pub fn proposal_digest(
    channel: &Hash,
    height: Height,
    round: Round,
    block: &Hash,
    justification: &Hash,
) -> Hash {
    let (height, round) = (height.0.to_le_bytes(), round.0.to_le_bytes());
    digest(Kind::Proposal, &[&channel.0, &height, &round, &block.0, &justification.0])
}

/// What a complainer signs.
pub fn complaint_digest(channel: &Hash, height: Height, round: Round, high: Option<Round>) -> Hash {
    let (height, round) = (height.0.to_le_bytes(), round.0.to_le_bytes());
    digest(Kind::Complain, &[&channel.0, &height, &round, &encode(&high)])
}

impl Proposal {
    /// Digest of the justification, for the signature.
    pub fn justification_hash(&self) -> Hash {
        digest(Kind::Complain, &[&encode(&self.justification)])
    }

    fn digest(&self, channel: &Hash) -> Hash {
        let (block, justification) = (self.block.hash(), self.justification_hash());
        proposal_digest(channel, self.height, self.round, &block, &justification)
    }
}

impl Statement {
    /// Signs what needs a signature.
    pub fn sign(self, channel: &Hash, key: &SecretKey) -> Message {
        let signer = key.public_key().peer_id();
        match self {
            Statement::Propose(proposal) => {
                let signature = key.sign(&proposal.digest(channel));
                Message::Proposal { proposal, signer, signature }
            }
            Statement::Ballot(ballot) => {
                let Ballot { stage, height, round, block } = ballot;
                let signature = key.sign(&ballot_digest(channel, stage, height, round, &block));
                Message::Ballot { ballot, signer, signature }
            }
            Statement::Complain(complaint, high) => {
                let Complaint { height, round, high: reported } = complaint;
                let signature = key.sign(&complaint_digest(channel, height, round, reported));
                Message::Complaint { complaint, high, signer, signature }
            }
            Statement::PassOn(justification) => Message::Justification(justification),
        }
    }
}

impl Message {
    /// The height it is about.
    pub fn height(&self) -> Height {
        match self {
            Message::Proposal { proposal, .. } => proposal.height,
            Message::Ballot { ballot, .. } => ballot.height,
            Message::Complaint { complaint, .. } => complaint.height,
            Message::Justification(justification) => justification.complaints.height,
        }
    }
}

impl Verify for Message {
    type Known = Known;
    type Refused = MessageError;

    fn check(&self, known: &Known) -> Result<(), MessageError> {
        if self.height() != known.height {
            return Err(MessageError::Height);
        }
        match self {
            Message::Proposal { proposal, signer, signature } => {
                signed(known, signer, &proposal.digest(&known.channel), signature)?;
                // The signature covers the header alone: with another body, whoever passes a
                // proposal on could make its leader look at fault.
                if !proposal.block.is_consistent() {
                    return Err(MessageError::Mismatch);
                }
                match &proposal.justification {
                    Some(justification) => check_justification(justification, known),
                    None => Ok(()),
                }
            }
            Message::Ballot { ballot, signer, signature } => {
                let Ballot { stage, height, round, block } = ballot;
                let digest = ballot_digest(&known.channel, *stage, *height, *round, block);
                signed(known, signer, &digest, signature)
            }
            Message::Complaint { complaint, high, signer, signature } => {
                let Complaint { height, round, high: reported } = complaint;
                let digest = complaint_digest(&known.channel, *height, *round, *reported);
                signed(known, signer, &digest, signature)?;
                if high.as_ref().map(|c| c.round) != *reported {
                    return Err(MessageError::Mismatch);
                }
                check_high(high.as_ref(), known)
            }
            Message::Justification(justification) => check_justification(justification, known),
        }
    }
}

fn signed(
    known: &Known,
    signer: &PeerId,
    digest: &Hash,
    signature: &Signature,
) -> Result<(), MessageError> {
    let validator = known.validators.get(signer).ok_or(MessageError::Stranger)?;
    validator.key.check(digest, signature).map_err(|_| MessageError::Signature)
}

fn check_high(high: Option<&Certificate>, known: &Known) -> Result<(), MessageError> {
    let Some(certificate) = high else { return Ok(()) };
    if certificate.stage != Stage::Vote || certificate.height != known.height {
        return Err(MessageError::Mismatch);
    }
    Ok(certificate.check(&known.channel, &known.validators)?)
}

fn check_justification(justification: &Justification, known: &Known) -> Result<(), MessageError> {
    let Justification { complaints, high } = justification;
    if complaints.height != known.height {
        return Err(MessageError::Height);
    }
    check_signers(complaints.complaints.iter().map(|(signer, ..)| *signer), &known.validators)?;
    for (signer, reported, signature) in &complaints.complaints {
        let digest =
            complaint_digest(&known.channel, complaints.height, complaints.round, *reported);
        signed(known, signer, &digest, signature)?;
    }
    check_high(high.as_ref(), known)
}
