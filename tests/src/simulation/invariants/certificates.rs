//! Certificates that honest peers act upon are of ballots that were really cast, by a quorum of the
//! validators at that height. Who really signed is remembered at the signing; who may decide
//! follows from the committed entries, by `Council`.

use std::collections::{BTreeMap, BTreeSet};

use chain::block::CommittedBlock;
use chain::certificate::{Certificate, Stage};
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::{Ballot, Message};

use super::Verdict;
use crate::simulation::council::Council;
use crate::simulation::shared::Place;

type Cast = (usize, Stage, Height, Round, Hash);

#[derive(Debug)]
pub struct Certificates {
    cast: BTreeMap<Cast, BTreeSet<PeerId>>,
    /// For each channel, who decides at which height.
    councils: Vec<BTreeMap<Height, Council>>,
}

impl Certificates {
    pub fn new(councils: &[Council]) -> Certificates {
        let first = |council: &Council| BTreeMap::from([(Height(1), council.clone())]);
        Certificates { cast: BTreeMap::new(), councils: councils.iter().map(first).collect() }
    }

    /// Somebody has signed a ballot.
    pub fn signed(&mut self, channel: usize, signer: PeerId, ballot: &Ballot) {
        let Ballot { stage, height, round, block } = *ballot;
        self.cast.entry((channel, stage, height, round, block)).or_default().insert(signer);
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

    /// What an honest peer passes on in its own name.
    pub fn sent(&self, place: &Place, message: &Message) -> Verdict {
        let certificate = match message {
            Message::Complaint { high, .. } => high.as_ref(),
            Message::Proposal { proposal, .. } => {
                proposal.justification.as_ref().and_then(|j| j.high.as_ref())
            }
            Message::Justification(justification) => justification.high.as_ref(),
            Message::Ballot { .. } => None,
        };
        certificate.map_or(Ok(()), |certificate| self.check(place.channel, certificate))
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
