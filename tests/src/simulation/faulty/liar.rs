//! Denies the certificates it holds: complaints say that it has none, or report an older one, and
//! as a leader it proposes its own block where it is obliged to another, for complaints among which
//! its own is the lie.

use std::collections::BTreeMap;
use std::rc::Rc;

use chain::certificate::Certificate;
use chain::lft::message::{
    Complaint, ComplaintCertificate, Justification, Message, Proposal, Statement,
};

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::{Letter, Packet};

const KEPT_MAX: usize = 64;

#[derive(Default)]
pub struct Liar {
    lies: BTreeMap<u64, Rc<Letter>>,
    /// The first certificate that it held at a height.
    older: Option<Certificate>,
}

impl Liar {
    fn lie(&mut self, hand: &mut Hand<'_>, letter: &Rc<Letter>) -> Rc<Letter> {
        if let Some(lie) = self.lies.get(&letter.print) {
            return lie.clone();
        }
        let statement = match &letter.message {
            Message::Complaint { complaint, high, .. } => {
                let height = complaint.height;
                if self.older.as_ref().is_none_or(|older| older.height != height) {
                    self.older.clone_from(high);
                }
                let older = self.older.clone().filter(|older| {
                    hand.shared.dice.chance(50)
                        && older.height == height
                        && Some(older.round) < complaint.high
                });
                let high = older.as_ref().map(|older| older.round);
                Some(Statement::Complain(Complaint { high, ..*complaint }, older))
            }
            Message::Proposal { proposal, .. } => {
                let obliged = proposal.justification.as_ref().is_some_and(|j| j.high.is_some());
                obliged.then(|| {
                    let block = hand.another(&proposal.block);
                    let justification = proposal.justification.as_ref().map(|j| lower(hand, j));
                    Statement::Propose(Proposal { block, justification, ..proposal.clone() })
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

// The justification as it would be if this peer had nothing to report; without the certificate
// where nobody else reports one.
fn lower(hand: &mut Hand<'_>, truth: &Justification) -> Justification {
    let mut justification = truth.clone();
    let ComplaintCertificate { height, round, complaints } = &mut justification.complaints;
    if let Some(own) = complaints.iter_mut().find(|(signer, ..)| *signer == hand.me()) {
        let complaint = Complaint { height: *height, round: *round, high: None };
        let letter = hand.sign(Statement::Complain(complaint, None));
        if let Message::Complaint { signature, .. } = letter.message {
            *own = (own.0, None, signature);
        }
    }
    if justification.complaints.high().is_none() {
        justification.high = None;
    }
    justification
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
