//! Sends to some only: others for every round, batches and answers too.

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::Packet;

pub struct Withholder;

impl Faulty for Withholder {
    fn send(&mut self, hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let height = hand.height().0;
        let favoured = |(to, packet): &Sent| match packet {
            Packet::Status(_) => true,
            _ => (height.wrapping_mul(0x9e37_79b9) >> (to % 13)) & 1 == 0,
        };
        sent.into_iter().filter(favoured).collect()
    }
}
