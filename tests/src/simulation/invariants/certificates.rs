//! Certificates that honest peers act upon are of ballots that were really cast and complaints that
//! were really made, by a quorum of the validators at that height. Who really signed is remembered at the signing; who may decide
//! follows from the committed entries, by `Council`.

use std::collections::{BTreeMap, BTreeSet};

use chain::block::CommittedBlock;
use chain::certificate::{Certificate, Stage};
use chain::count::{Height, Round};
use chain::evidence::{Contradiction, Evidence};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::{Ballot, Complaint, ComplaintCertificate, Justification, Message};

use super::Verdict;
use crate::simulation::council::Council;
use crate::simulation::shared::Place;

type Cast = (usize, Stage, Height, Round, Hash);
/// What somebody complained about: channel, height, round, and the `high` that it reported.
type Complained = (usize, Height, Round, Option<Round>);
/// Where a block was proposed, and by whom.
type Proposed = (usize, Height, Round, PeerId);

#[derive(Debug)]
pub struct Certificates {
    cast: BTreeMap<Cast, BTreeSet<PeerId>>,
    complained: BTreeMap<Complained, BTreeSet<PeerId>>,
    /// Hashes of block and justification.
    proposed: BTreeMap<Proposed, BTreeSet<(Hash, Hash)>>,
    /// For each channel, who decides at which height.
    councils: Vec<BTreeMap<Height, Council>>,
}

impl Certificates {
    pub fn new(councils: &[Council]) -> Certificates {
        let first = |council: &Council| BTreeMap::from([(Height(1), council.clone())]);
        Certificates {
            cast: BTreeMap::new(),
            complained: BTreeMap::new(),
            proposed: BTreeMap::new(),
            councils: councils.iter().map(first).collect(),
        }
    }

    /// Somebody has signed a message.
    pub fn signed(&mut self, channel: usize, message: &Message) {
        match message {
            Message::Ballot { ballot, signer, .. } => {
                let Ballot { stage, height, round, block } = *ballot;
                let key = (channel, stage, height, round, block);
                self.cast.entry(key).or_default().insert(*signer);
            }
            Message::Complaint { complaint, signer, .. } => {
                let Complaint { height, round, high } = *complaint;
                let key = (channel, height, round, high);
                self.complained.entry(key).or_default().insert(*signer);
            }
            Message::Proposal { proposal, signer, .. } => {
                let key = (channel, proposal.height, proposal.round, *signer);
                let hashes = (proposal.block.hash(), proposal.justification_hash());
                self.proposed.entry(key).or_default().insert(hashes);
            }
            Message::Justification(_) => {}
        }
    }

    /// Whether `signer` really said both of what `evidence` holds against it. Batches are judged by
    /// the rule that nobody honest is accused alone.
    pub fn is_true(&self, channel: usize, evidence: &Evidence) -> bool {
        let signer = evidence.signer;
        let cast = |stage, height, round, block| {
            let key = (channel, stage, height, round, block);
            self.cast.get(&key).is_some_and(|signers| signers.contains(&signer))
        };
        match &evidence.contradiction {
            Contradiction::Ballots { stage, height, round, statements: [(a, _), (b, _)] } => {
                a != b && cast(*stage, *height, *round, *a) && cast(*stage, *height, *round, *b)
            }
            Contradiction::Proposals { height, round, statements: [a, b] } => {
                let made = self.proposed.get(&(channel, *height, *round, signer));
                let made = |said: &(Hash, Hash)| made.is_some_and(|made| made.contains(said));
                let (a, b) = ((a.0, a.1), (b.0, b.1));
                a != b && made(&a) && made(&b)
            }
            Contradiction::ConfirmAndComplaint {
                height,
                round,
                confirmed,
                complained,
                high,
                ..
            } => {
                let key = (channel, *height, *complained, *high);
                let made = self.complained.get(&key).is_some_and(|all| all.contains(&signer));
                complained >= round
                    && *high < Some(*round)
                    && made
                    && cast(Stage::Confirm, *height, *round, confirmed.0)
            }
            Contradiction::Batches(_) => true,
        }
    }

    pub fn last_council(&self, channel: usize) -> &Council {
        let (_, last) = self.councils[channel].last_key_value().expect("height 1 has one");
        last
    }

    /// Who decides at `height`, if all blocks before it are committed somewhere.
    pub fn council(&self, channel: usize, height: Height) -> Option<&Council> {
        self.councils[channel].get(&height)
    }

    fn check(&self, channel: usize, certificate: &Certificate) -> Verdict {
        let Certificate { stage, height, round, block, signatures } = certificate;
        let Some(council) = self.council(channel, *height) else {
            return Err(format!("a certificate of height {height}, which has not begun"));
        };
        let signers: BTreeSet<PeerId> = signatures.iter().map(|(signer, _)| *signer).collect();
        let cast = self.cast.get(&(channel, *stage, *height, *round, *block));
        let forged = signers.iter().find(|signer| !cast.is_some_and(|cast| cast.contains(signer)));
        if let Some(signer) = forged {
            return Err(format!("{signer:?} never signed {stage:?} {height} {round} {block:?}"));
        }
        if let Some(signer) = signers.iter().find(|signer| !council.is_validator(signer)) {
            return Err(format!("{signer:?} is no validator at height {height}"));
        }
        if council.is_quorum(&signers) {
            return Ok(());
        }
        Err(format!("{signers:?} are no quorum for {stage:?} {height} {round} {block:?}"))
    }

    fn check_complaints(&self, channel: usize, certificate: &ComplaintCertificate) -> Verdict {
        let ComplaintCertificate { height, round, complaints } = certificate;
        let Some(council) = self.council(channel, *height) else {
            return Err(format!("complaints about height {height}, which has not begun"));
        };
        for (signer, high, _) in complaints {
            let made = self.complained.get(&(channel, *height, *round, *high));
            if !made.is_some_and(|made| made.contains(signer)) {
                return Err(format!("{signer:?} never complained {height} {round} {high:?}"));
            }
            if !council.is_validator(signer) {
                return Err(format!("{signer:?} is no validator at height {height}"));
            }
        }
        let signers: BTreeSet<PeerId> = complaints.iter().map(|(signer, ..)| *signer).collect();
        if council.is_quorum(&signers) {
            return Ok(());
        }
        Err(format!("{signers:?} are no quorum for complaints about {height} {round}"))
    }

    // The complaints, and a certificate as high as they report.
    fn check_justification(&self, channel: usize, justification: &Justification) -> Verdict {
        let Justification { complaints, high } = justification;
        self.check_complaints(channel, complaints)?;
        let reported = complaints.complaints.iter().filter_map(|(_, high, _)| *high).max();
        match high {
            None if reported.is_none() => Ok(()),
            Some(high) if Some(high.round) >= reported => self.check(channel, high),
            _ => Err(format!("complaints report {reported:?}, the certificate is {high:?}")),
        }
    }

    /// What an honest peer passes on in its own name, and what it relies on; `high` is on its disk.
    pub fn sent(&self, place: &Place, message: &Message, high: Option<&Certificate>) -> Verdict {
        let channel = place.channel;
        match message {
            Message::Complaint { high: Some(high), .. } => self.check(channel, high),
            Message::Proposal { proposal, .. } => match &proposal.justification {
                Some(justification) => self.check_justification(channel, justification),
                None if proposal.round == Round(0) => Ok(()),
                None => Err(format!("a block of round {} without justification", proposal.round)),
            },
            Message::Justification(justification) => {
                self.check_justification(channel, justification)
            }
            Message::Ballot { ballot, .. } if ballot.stage == Stage::Confirm => {
                high.map_or(Ok(()), |high| self.check(channel, high))
            }
            Message::Ballot { .. } | Message::Complaint { .. } => Ok(()),
        }
    }

    pub fn committed(&mut self, place: &Place, committed: &CommittedBlock) -> Verdict {
        let (block, certificate) = (&committed.block, &committed.certificate);
        let height = block.header.height;
        let of_block = certificate.stage == Stage::Confirm
            && certificate.height == height
            && certificate.block == block.hash();
        if !of_block {
            return Err(format!("the certificate of block {height} is of something else"));
        }
        self.check(place.channel, certificate)?;
        if let Some(previous) = &block.previous_certificate {
            self.check(place.channel, previous)?;
        }
        let councils = &mut self.councils[place.channel];
        if let Some(council) = councils.get(&height)
            && !councils.contains_key(&height.next())
        {
            let mut next = council.clone();
            block.entries.iter().for_each(|signed| next.apply(&signed.entry.change));
            councils.insert(height.next(), next);
        }
        Ok(())
    }
}
