//! Sends to some only: others for every round and every kind of message, batches and answers too.

use chain::certificate::Stage;
use chain::lft::message::Message;

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::Packet;
use crate::simulation::trace::print_of;

pub struct Withholder;

impl Faulty for Withholder {
    fn send(&mut self, hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let height = hand.height().0;
        let favoured = |(to, packet): &Sent| match packet {
            Packet::Status(_) => true,
            packet => print_of(&(height, turn(packet), *to as u64)) & 1 == 0,
        };
        sent.into_iter().filter(favoured).collect()
    }
}

// Round and kind, so that a vote and the confirm after it reach different peers.
fn turn(packet: &Packet) -> (u64, u8) {
    let Packet::Message(letter) = packet else { return (0, 0) };
    match &letter.message {
        Message::Proposal { proposal, .. } => (proposal.round.0, 1),
        Message::Ballot { ballot, .. } if ballot.stage == Stage::Vote => (ballot.round.0, 2),
        Message::Ballot { ballot, .. } => (ballot.round.0, 3),
        Message::Complaint { complaint, .. } => (complaint.round.0, 4),
        Message::Justification(justification) => (justification.complaints.round.0, 5),
    }
}
