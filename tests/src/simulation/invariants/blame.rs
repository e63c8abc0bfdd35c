//! Nobody honest is accused, nor is anybody's connection closed for what an honest peer sent. That
//! what others are accused of was really said is judged by the book of all that was signed.

use std::collections::BTreeSet;

use chain::evidence::Evidence;
use chain::keys::PeerId;

use super::Verdict;
use crate::simulation::shared::Place;

#[derive(Debug)]
pub struct Blame {
    honest: BTreeSet<PeerId>,
}

impl Blame {
    pub fn new(honest: Vec<PeerId>) -> Blame {
        Blame { honest: honest.into_iter().collect() }
    }

    pub fn accused(&self, place: &Place, evidence: &Evidence) -> Verdict {
        if self.honest.contains(&evidence.signer) {
            return Err(format!("peer {} accuses one that is honest: {evidence:?}", place.at));
        }
        Ok(())
    }

    pub fn punished(&self, place: &Place, sender: &PeerId, why: &str) -> Verdict {
        if self.honest.contains(sender) {
            return Err(format!("peer {} blames {sender:?}, which is honest, for {why}", place.at));
        }
        Ok(())
    }
}
