//! Two ballots of one signer for one round that an honest peer has heard, while it was in a round
//! near by, are evidence on its disk by the end of that turn.

use std::collections::{BTreeMap, BTreeSet};

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::{Ballot, Message};

use super::Verdict;
use crate::simulation::disk::Contents;
use crate::simulation::shared::Place;

/// Ballots further from the current round need not be remembered.
const NEAR: u64 = 16;

type Kind = (Height, PeerId, Stage, Round);

#[derive(Debug, Default)]
pub struct Found {
    /// By peer: the first of each kind that it heard in this life and at this height.
    heard: BTreeMap<usize, BTreeMap<Kind, Hash>>,
    /// By peer: who must be accused when the turn ends.
    due: BTreeMap<usize, BTreeSet<(Height, PeerId)>>,
}

impl Found {
    /// A peer in round `now` has heard and checked `message` about the height being decided.
    pub fn heard(&mut self, place: &Place, message: &Message, now: Round) {
        let Message::Ballot { ballot, signer, .. } = message else { return };
        let Ballot { stage, height, round, block } = *ballot;
        let heard = self.heard.entry(place.at).or_default();
        heard.retain(|(at, .., round), _| *at == height && round.0 + NEAR >= now.0);
        if round.0.abs_diff(now.0) > NEAR {
            return;
        }
        let first = *heard.entry((height, *signer, stage, round)).or_insert(block);
        if first != block {
            self.due.entry(place.at).or_default().insert((height, *signer));
        }
    }

    pub fn failed(&mut self, place: &Place) {
        self.heard.remove(&place.at);
        self.due.remove(&place.at);
    }

    /// A turn has ended at `height`; what was heard of a height that is decided may be forgotten.
    pub fn turn_ended(&mut self, place: &Place, height: Height, disk: &Contents) -> Verdict {
        let Some(due) = self.due.remove(&place.at) else { return Ok(()) };
        let accused =
            |signer: &PeerId| disk.evidence.iter().any(|evidence| evidence.signer == *signer);
        match due.iter().find(|(at, signer)| *at == height && !accused(signer)) {
            None => Ok(()),
            Some((_, signer)) => Err(format!("peer {} does not accuse {signer:?}", place.at)),
        }
    }
}
