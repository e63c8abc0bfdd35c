//! Sends again what anybody sent, messages, batches, entries and evidence: at other heights, in
//! other rounds, on another channel.

use super::{Faulty, Hand, Sent};

const PER_TICK: usize = 12;

pub struct Replayer;

impl Faulty for Replayer {
    fn tick(&mut self, hand: &mut Hand<'_>) -> Vec<Sent> {
        let mut said = Vec::new();
        for _ in 0..PER_TICK {
            if let Some(packet) = hand.shared.tape.any(&mut hand.shared.dice) {
                let others = hand.others();
                let to = *hand.shared.dice.one_of(&others);
                said.push((to, packet));
            }
        }
        said
    }
}
