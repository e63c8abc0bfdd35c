//! Votes for and confirms every block that it hears of, whatever it said before.

use std::collections::BTreeSet;

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::lft::message::{Ballot, Message, Statement};

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::Packet;

const KEPT_MAX: usize = 200;

#[derive(Default)]
pub struct DoubleVoter {
    seen: BTreeSet<(Height, Round, Hash)>,
}

impl Faulty for DoubleVoter {
    fn hear(&mut self, hand: &mut Hand<'_>, packet: &Packet) -> Vec<Sent> {
        let Packet::Message(letter) = packet else { return Vec::new() };
        let place = match &letter.message {
            Message::Proposal { proposal, .. } => {
                (proposal.height, proposal.round, proposal.block.hash())
            }
            Message::Ballot { ballot, .. } => (ballot.height, ballot.round, ballot.block),
            Message::Complaint { .. } | Message::Justification(_) => return Vec::new(),
        };
        if place.0 != hand.height() || !self.seen.insert(place) {
            return Vec::new();
        }
        while self.seen.len() > KEPT_MAX {
            self.seen.pop_first();
        }
        let (height, round, block) = place;
        let mut said = Vec::new();
        for stage in [Stage::Vote, Stage::Confirm] {
            let to = if hand.shared.dice.chance(50) { hand.others() } else { hand.some() };
            let ballot = Ballot { stage, height, round, block };
            said.extend(hand.say(&to, Statement::Ballot(ballot)));
        }
        said
    }
}
