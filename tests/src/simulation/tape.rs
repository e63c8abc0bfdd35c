//! Messages of all channels, heights and rounds that a replayer may say again.

use std::collections::VecDeque;
use std::rc::Rc;

use super::dice::Dice;
use super::packet::Letter;

const KEPT_MAX: usize = 400;

#[derive(Debug, Default)]
pub struct Tape {
    /// Whether anybody will ask.
    runs: bool,
    letters: VecDeque<Rc<Letter>>,
}

impl Tape {
    pub fn new(runs: bool) -> Tape {
        Tape { runs, ..Tape::default() }
    }

    pub fn record(&mut self, letter: &Rc<Letter>, dice: &mut Dice) {
        if !self.runs {
            return;
        }
        if self.letters.len() == KEPT_MAX {
            // Some of it stays for long.
            let gone = dice.below(KEPT_MAX as u64) as usize;
            self.letters.swap_remove_back(gone);
        }
        self.letters.push_back(letter.clone());
    }

    /// Any of them, later ones more often.
    pub fn any(&self, dice: &mut Dice) -> Option<Rc<Letter>> {
        let count = self.letters.len() as u64;
        let back = dice.below(count.max(1)).min(dice.below(count.max(1)));
        self.letters.iter().rev().nth(back as usize).cloned()
    }
}
