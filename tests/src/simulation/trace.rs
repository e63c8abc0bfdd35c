//! Everything that happens, as one number; and in words when a failure is being explained.

use std::collections::VecDeque;

/// Events of each peer kept in words; one that repeats counts once.
const WORDS_MAX: usize = 100;

#[derive(Debug, Default)]
pub struct Trace {
    print: u64,
    pub events: u64,
    words: Option<Vec<VecDeque<String>>>,
}

/// FNV-1a of `bytes`.
pub fn print_of(bytes: &[u8]) -> u64 {
    let mixed = |print: u64, byte: &u8| (print ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mixed)
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
            let mixed = (self.print ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.print = mixed ^ (mixed >> 29);
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
