//! Packets of all channels, heights and rounds that a replayer may send again.

use std::collections::VecDeque;

use super::dice::Dice;
use super::packet::Packet;

const KEPT_MAX: usize = 400;

#[derive(Debug, Default)]
pub struct Tape {
    /// Whether anybody will ask.
    runs: bool,
    packets: VecDeque<Packet>,
}

impl Tape {
    pub fn new(runs: bool) -> Tape {
        Tape { runs, ..Tape::default() }
    }

    pub fn record(&mut self, packet: &Packet, dice: &mut Dice) {
        if !self.runs {
            return;
        }
        if self.packets.len() == KEPT_MAX {
            // Some of it stays for long.
            let gone = dice.below(KEPT_MAX as u64) as usize;
            self.packets.swap_remove_back(gone);
        }
        self.packets.push_back(packet.clone());
    }

    /// Any of them, later ones more often.
    pub fn any(&self, dice: &mut Dice) -> Option<Packet> {
        let count = self.packets.len() as u64;
        let back = dice.below(count.max(1)).min(dice.below(count.max(1)));
        self.packets.iter().rev().nth(back as usize).cloned()
    }
}
