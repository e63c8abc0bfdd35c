//! Takes no part in deciding, ever. Batches of its clients reach every other peer, so that some
//! know that there is work and some do not.

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::Packet;

pub struct Silent;

impl Faulty for Silent {
    fn send(&mut self, _hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let reaches = |(to, packet): &Sent| matches!(packet, Packet::Batch(_)) && to % 2 == 0;
        sent.into_iter().filter(reaches).collect()
    }
}
