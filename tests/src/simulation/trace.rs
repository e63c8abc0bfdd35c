//! Everything that happens, as one number; and in words when a failure is being explained.

use std::collections::VecDeque;
use std::io::{self, Write};

use borsh::BorshSerialize;

/// Events of each peer kept in words; one that repeats counts once.
const WORDS_MAX: usize = 100;

#[derive(Debug, Default)]
pub struct Trace {
    print: u64,
    pub events: u64,
    words: Option<Vec<VecDeque<String>>>,
}

fn mixed(print: u64, part: u64) -> u64 {
    let mixed = (print ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

// What is written, as one number; eight bytes at a time.
struct Print(u64);

impl Write for Print {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = mixed(self.0, u64::from_le_bytes(word));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The same for values with the same encoding, without making that.
pub fn print_of<T: BorshSerialize>(value: &T) -> u64 {
    let mut print = Print(0xcbf2_9ce4_8422_2325);
    value.serialize(&mut print).expect("a print takes all that is written");
    print.0
}

impl Trace {
    /// `words`: whether the last events of each of `peers` are kept in words.
    pub fn new(peers: usize, words: bool) -> Trace {
        Trace { print: 0, events: 0, words: words.then(|| vec![VecDeque::new(); peers]) }
    }

    /// Something that `peer` was told or ordered.
    pub fn note(&mut self, now_us: u64, peer: usize, value: u64, words: impl Fn() -> String) {
        self.events += 1;
        for part in [now_us, peer as u64, value] {
            self.print = mixed(self.print, part);
        }
        if let Some(all) = &mut self.words {
            let (kept, words) = (&mut all[peer], words());
            if kept.back().is_some_and(|last| last.ends_with(&format!("  {words}"))) {
                return;
            }
            if kept.len() == WORDS_MAX {
                kept.pop_front();
            }
            kept.push_back(format!("{:>10.3} s  {}", now_us as f64 / 1e6, words));
        }
    }

    /// The same for two runs in which the same happened.
    pub fn print(&self) -> u64 {
        self.print
    }

    /// The last events of each peer, if they were kept.
    pub fn words(&self) -> Vec<Vec<String>> {
        let all = self.words.iter().flatten();
        all.map(|kept| kept.iter().cloned().collect()).collect()
    }
}
