//! Denies the certificates it holds: complaints say that it has none, and as a leader it proposes
//! its own block where it is obliged to another.

use std::collections::BTreeMap;
use std::rc::Rc;

use chain::lft::message::{Complaint, Message, Proposal, Statement};

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::{Letter, Packet};

const KEPT_MAX: usize = 64;

#[derive(Default)]
pub struct Liar {
    lies: BTreeMap<u64, Rc<Letter>>,
}

impl Liar {
    fn lie(&mut self, hand: &mut Hand<'_>, letter: &Rc<Letter>) -> Rc<Letter> {
        if let Some(lie) = self.lies.get(&letter.print) {
            return lie.clone();
        }
        let statement = match &letter.message {
            Message::Complaint { complaint, .. } => {
                Some(Statement::Complain(Complaint { high: None, ..*complaint }, None))
            }
            Message::Proposal { proposal, .. } => {
                let obliged = proposal.justification.as_ref().is_some_and(|j| j.high.is_some());
                obliged.then(|| {
                    let block = hand.another(&proposal.block);
                    Statement::Propose(Proposal { block, ..proposal.clone() })
                })
            }
            Message::Ballot { .. } | Message::Justification(_) => None,
        };
        let lie = statement.map_or_else(|| letter.clone(), |statement| hand.sign(statement));
        while self.lies.len() >= KEPT_MAX {
            self.lies.pop_first();
        }
        self.lies.insert(letter.print, lie.clone());
        lie
    }
}

impl Faulty for Liar {
    fn send(&mut self, hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let lie = |(to, packet): Sent| match &packet {
            Packet::Message(letter) => (to, Packet::Message(self.lie(hand, letter))),
            _ => (to, packet),
        };
        sent.into_iter().map(lie).collect()
    }
}
