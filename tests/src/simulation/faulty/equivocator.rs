//! Leads two ways: one block to some, another to the rest, and ballots for both to match.

use std::collections::BTreeMap;
use std::rc::Rc;

use chain::hash::Hash;
use chain::lft::message::{Ballot, Message, Proposal, Statement};

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::{Letter, Packet};

const KEPT_MAX: usize = 64;

#[derive(Default)]
pub struct Equivocator {
    /// The other message, for each said, by its print.
    others: BTreeMap<u64, Rc<Letter>>,
    /// The other block, for each proposed.
    blocks: BTreeMap<Hash, Hash>,
}

impl Equivocator {
    fn other(&mut self, hand: &mut Hand<'_>, letter: &Rc<Letter>) -> Rc<Letter> {
        if let Some(other) = self.others.get(&letter.print) {
            return other.clone();
        }
        let statement = match &letter.message {
            Message::Proposal { proposal, .. } => {
                let block = hand.another(&proposal.block);
                self.blocks.insert(proposal.block.hash(), block.hash());
                Some(Statement::Propose(Proposal { block, ..proposal.clone() }))
            }
            Message::Ballot { ballot, .. } => self
                .blocks
                .get(&ballot.block)
                .map(|block| Statement::Ballot(Ballot { block: *block, ..*ballot })),
            Message::Complaint { .. } | Message::Justification(_) => None,
        };
        let other = statement.map_or_else(|| letter.clone(), |statement| hand.sign(statement));
        while self.others.len() >= KEPT_MAX {
            self.others.pop_first();
        }
        self.others.insert(letter.print, other.clone());
        other
    }
}

impl Faulty for Equivocator {
    fn send(&mut self, hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let mut said = Vec::new();
        for (to, packet) in sent {
            let Packet::Message(letter) = &packet else {
                said.push((to, packet));
                continue;
            };
            let turned = (to as u64 + letter.message.height().0).is_multiple_of(2);
            let other = self.other(hand, letter);
            let both = hand.shared.dice.chance(10);
            if turned || both {
                said.push((to, Packet::Message(other)));
            }
            if !turned || both {
                said.push((to, packet));
            }
        }
        said
    }
}
