//! Counts who said what at one height, and notices contradictions. Bounded: of each validator one
//! ballot per stage and round within a window, and its highest complaint.

use std::collections::{BTreeMap, BTreeSet};

use crate::certificate::{Certificate, Stage};
use crate::count::{Height, Round};
use crate::evidence::{Contradiction, Evidence};
use crate::hash::Hash;
use crate::keys::{PeerId, Signature};
use crate::lft::message::{Ballot, Complaint, ComplaintCertificate};
use crate::validators::ValidatorSet;

/// Ballots of rounds this far from the current one are kept. A peer further behind is brought
/// along by certificates.
pub const ROUNDS_KEPT: u64 = 16;

/// Ballots and complaints of one height.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    ballots: BTreeMap<(Stage, Round), BTreeMap<PeerId, (Hash, Signature)>>,
    complaints: BTreeMap<PeerId, (Complaint, Signature)>,
    /// Signers already accused at this height: one proof is enough.
    accused: BTreeSet<PeerId>,
}

impl Tally {
    /// Counts a ballot; evidence when it contradicts what the signer said before.
    pub fn add_ballot(
        &mut self,
        ballot: &Ballot,
        signer: PeerId,
        signature: Signature,
        now: Round,
    ) -> Option<Evidence> {
        let Ballot { stage, height, round, block } = *ballot;
        if round.0.abs_diff(now.0) > ROUNDS_KEPT {
            return None;
        }
        let said = self.ballots.entry((stage, round)).or_default();
        let first = *said.entry(signer).or_insert((block, signature));
        if first.0 != block {
            let statements = [first, (block, signature)];
            let contradiction = Contradiction::Ballots { stage, height, round, statements };
            return self.accuse(signer, contradiction);
        }
        self.confirm_against_complaint(height, signer)
    }

    /// Counts a complaint; only the highest of each signer matters.
    pub fn add_complaint(
        &mut self,
        complaint: Complaint,
        signer: PeerId,
        signature: Signature,
    ) -> Option<Evidence> {
        let before = self.complaints.get(&signer).map(|(c, _)| c.round);
        if before < Some(complaint.round) {
            self.complaints.insert(signer, (complaint, signature));
        }
        self.confirm_against_complaint(complaint.height, signer)
    }

    /// A confirm and a complaint about the same round or a later one that denies the certificate.
    fn confirm_against_complaint(&mut self, height: Height, signer: PeerId) -> Option<Evidence> {
        let (complaint, signature) = *self.complaints.get(&signer)?;
        let denied =
            self.ballots.range((Stage::Confirm, Round(0))..=(Stage::Confirm, complaint.round));
        let mut denied = denied.filter(|((_, round), _)| complaint.high < Some(*round));
        let (round, confirmed) =
            denied.find_map(|((_, round), said)| Some((*round, *said.get(&signer)?)))?;
        let contradiction = Contradiction::ConfirmAndComplaint {
            height,
            round,
            confirmed,
            complained: complaint.round,
            high: complaint.high,
            complaint: signature,
        };
        self.accuse(signer, contradiction)
    }

    /// Evidence, unless this signer is accused already.
    pub fn accuse(&mut self, signer: PeerId, contradiction: Contradiction) -> Option<Evidence> {
        self.accused.insert(signer).then_some(Evidence { signer, contradiction })
    }

    /// The certificate for (stage, round, block), once a quorum signed.
    pub fn certificate(&self, ballot: &Ballot, validators: &ValidatorSet) -> Option<Certificate> {
        let Ballot { stage, height, round, block } = *ballot;
        let said = self.ballots.get(&(stage, round))?;
        let signatures: Vec<_> =
            said.iter().filter(|(_, s)| s.0 == block).map(|(p, s)| (*p, s.1)).collect();
        let signers = signatures.iter().map(|(signer, _)| *signer).collect();
        let quorum = validators.is_quorum(&signers);
        quorum.then_some(Certificate { stage, height, round, block, signatures })
    }

    /// The highest round, `from` or later, such that complaints about it or later ones surely
    /// include an honest validator's (rule 5).
    pub fn joinable(&self, from: Round, validators: &ValidatorSet) -> Option<Round> {
        let rounds: BTreeSet<Round> =
            self.complaints.values().map(|(c, _)| c.round).filter(|r| *r >= from).collect();
        rounds.into_iter().rev().find(|round| {
            let about = self.complaints.iter().filter(|(_, (c, _))| c.round >= *round);
            validators.has_honest(&about.map(|(signer, _)| *signer).collect())
        })
    }

    /// The complaint certificate of the highest round, `from` or later, that has one.
    pub fn complaint_certificate(
        &self,
        height: Height,
        from: Round,
        validators: &ValidatorSet,
    ) -> Option<ComplaintCertificate> {
        let rounds: BTreeSet<Round> =
            self.complaints.values().map(|(c, _)| c.round).filter(|r| *r >= from).collect();
        rounds.into_iter().rev().find_map(|round| {
            let about = self.complaints.iter().filter(|(_, (c, _))| c.round == round);
            let complaints: Vec<_> =
                about.map(|(signer, (c, signature))| (*signer, c.high, *signature)).collect();
            let signers = complaints.iter().map(|(signer, ..)| *signer).collect();
            let quorum = validators.is_quorum(&signers);
            quorum.then_some(ComplaintCertificate { height, round, complaints })
        })
    }

    /// Whose ballot of that stage and round is for `block`.
    pub fn signers(&self, stage: Stage, round: Round, block: Hash) -> Vec<PeerId> {
        let said = self.ballots.get(&(stage, round)).into_iter().flatten();
        said.filter(|(_, said)| said.0 == block).map(|(signer, _)| *signer).collect()
    }

    /// Whose last complaint is about `round`.
    pub fn complainers(&self, round: Round) -> Vec<PeerId> {
        let about = self.complaints.iter().filter(|(_, (c, _))| c.round == round);
        about.map(|(signer, _)| *signer).collect()
    }

    /// Forgets ballots of rounds too far below `now`.
    pub fn forget_before(&mut self, now: Round) {
        self.ballots.retain(|(_, round), _| round.0 + ROUNDS_KEPT >= now.0);
    }
}
