//! An honest validator votes for one block a round, confirms one, and proposes one, whatever
//! crashes.

use std::collections::BTreeMap;

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::lft::message::Message;

use super::Verdict;
use crate::simulation::shared::Place;

#[derive(Debug, Default)]
pub struct Once(BTreeMap<(usize, Height, Round, u8), Hash>);

impl Once {
    pub fn sent(&mut self, place: &Place, message: &Message) -> Verdict {
        let (height, round, kind, hash) = match message {
            Message::Ballot { ballot, .. } => {
                let kind = if ballot.stage == Stage::Vote { 1 } else { 2 };
                (ballot.height, ballot.round, kind, ballot.block)
            }
            Message::Proposal { proposal, .. } => {
                (proposal.height, proposal.round, 3, proposal.block.hash())
            }
            Message::Complaint { .. } | Message::Justification(_) => return Ok(()),
        };
        let first = *self.0.entry((place.at, height, round, kind)).or_insert(hash);
        if first == hash {
            return Ok(());
        }
        let what = ["", "voted for", "confirmed", "proposed"][usize::from(kind)];
        let at = place.at;
        Err(format!("peer {at} {what} {first:?} and {hash:?} at {height} round {round}"))
    }
}
