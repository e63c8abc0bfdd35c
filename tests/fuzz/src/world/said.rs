//! Who said what, field by field: the judge of `keys::verify`, which knows no digests.

use std::collections::BTreeSet;

use borsh::BorshSerialize;
use chain::certificate::Certificate;
use chain::encoding::encode;
use chain::keys::{PeerId, Signature};
use chain::lft::message::{Ballot, Complaint, Justification, Message};
use chain::lft::standing::{self as last, SignedSaid};

/// A statement of `signer`, with everything that its signature must cover.
type Said = (PeerId, Vec<u8>, Signature);

/// All that was ever signed.
#[derive(Default)]
pub struct Book(BTreeSet<Said>);

impl Book {
    /// Writes down what `message` says, and all it carries.
    pub fn add(&mut self, message: &Message) {
        self.0.extend(said(message));
    }

    /// Whether every signature in `message` was made, by those it names, for exactly what it says.
    pub fn holds(&self, message: &Message) -> bool {
        said(message).iter().all(|one| self.0.contains(one))
    }

    /// The same of what `signer` is said to have said last.
    pub fn holds_last(&self, signer: &PeerId, last: &SignedSaid) -> bool {
        let SignedSaid { said, signature } = last;
        self.0.contains(&match *said {
            last::Said::Proposal { height, round, block, justification } => {
                one(signer, ("proposed", height, round, block, justification), signature)
            }
            last::Said::Ballot(Ballot { stage, height, round, block }) => {
                one(signer, ("cast", stage, height, round, block), signature)
            }
            last::Said::Complaint(Complaint { height, round, high }) => {
                one(signer, ("complain", height, round, high), signature)
            }
        })
    }

    /// The same of a certificate by itself.
    pub fn holds_certificate(&self, certificate: &Certificate) -> bool {
        in_certificate(certificate).iter().all(|one| self.0.contains(one))
    }
}

fn one(signer: &PeerId, what: impl BorshSerialize, signature: &Signature) -> Said {
    (*signer, encode(&what), *signature)
}

fn said(message: &Message) -> Vec<Said> {
    match message {
        Message::Proposal { proposal, signer, signature } => {
            let hashes = (proposal.block.hash(), proposal.justification_hash());
            let last = ("proposed", proposal.height, proposal.round, hashes.0, hashes.1);
            let mut all =
                vec![one(signer, ("propose", proposal), signature), one(signer, last, signature)];
            if let Some(justification) = &proposal.justification {
                all.extend(in_justification(justification));
            }
            all
        }
        Message::Ballot { ballot, signer, signature } => {
            vec![one(
                signer,
                ("cast", ballot.stage, ballot.height, ballot.round, ballot.block),
                signature,
            )]
        }
        Message::Complaint { complaint, high, signer, signature } => {
            let what = ("complain", complaint.height, complaint.round, complaint.high);
            let mut all = vec![one(signer, what, signature)];
            all.extend(high.iter().flat_map(in_certificate));
            all
        }
        Message::Justification(justification) => in_justification(justification),
    }
}

fn in_justification(justification: &Justification) -> Vec<Said> {
    let complaints = &justification.complaints;
    let complaint = |(signer, high, signature): &(PeerId, Option<_>, Signature)| {
        one(signer, ("complain", complaints.height, complaints.round, *high), signature)
    };
    let mut all: Vec<Said> = complaints.complaints.iter().map(complaint).collect();
    all.extend(justification.high.iter().flat_map(in_certificate));
    all
}

fn in_certificate(certificate: &Certificate) -> Vec<Said> {
    let Certificate { stage, height, round, block, signatures } = certificate;
    let cast = |(signer, signature): &(PeerId, Signature)| {
        one(signer, ("cast", *stage, *height, *round, *block), signature)
    };
    signatures.iter().map(cast).collect()
}
