//! Whatever others send, a peer keeps a bounded amount in memory.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Write};

use super::Verdict;
use crate::simulation::charter::POOL;
use crate::simulation::node::{ENTRIES_WAITING_MAX, Mind, PER_SENDER_MAX, SAID_MAX};
use crate::simulation::shared::Place;

/// Characters of the state in words: for each validator two ballots in 33 rounds and a complaint,
/// 17 blocks, and three certificates.
const STATE_MAX: usize = 120_000;
const PER_VALIDATOR_MAX: usize = 33 * 2 * 200;
/// Blocks of 4 kB are the most; a batch that is due is taken over the bound.
const OVER_MAX: u64 = 16_000;
const CHECKS_MAX: usize = 40;
const REQUESTS_MAX: usize = 64;

// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 += text.len();
        Ok(())
    }
}

fn length(value: &impl Debug) -> usize {
    let mut length = Length(0);
    write!(length, "{value:?}").expect("counting cannot fail");
    length.0
}

#[derive(Debug, Default)]
pub struct Bounded {
    /// The most that any peer kept, by name of the thing.
    pub most: BTreeMap<&'static str, usize>,
    pub verdict: Option<String>,
}

impl Bounded {
    /// Measures a peer's memory.
    pub fn look(&mut self, place: &Place, mind: &Mind) {
        let validators = mind.state.as_ref().map_or(0, |state| state.validators.all().len());
        let peers = validators + 8;
        let state = mind.state.as_ref().map_or(0, length);
        let kept = [
            ("state", state, STATE_MAX + peers * PER_VALIDATOR_MAX),
            ("pool", mind.pool.bytes() as usize, (POOL.bytes + OVER_MAX * peers as u64) as usize),
            ("entries", mind.entries.len(), ENTRIES_WAITING_MAX),
            ("said", mind.said.len(), SAID_MAX),
            ("early", mind.early.most(), PER_SENDER_MAX),
            ("checks", mind.checks.len(), CHECKS_MAX),
            ("requests", mind.asked.len(), REQUESTS_MAX),
            ("events", mind.queue.len(), 64),
        ];
        for (name, found, max) in kept {
            let most = self.most.entry(name).or_default();
            *most = found.max(*most);
            if found > max && self.verdict.is_none() {
                self.verdict =
                    Some(format!("peer {} keeps {found} of {name}, over {max}", place.at));
            }
        }
    }

    pub fn verdict(&mut self) -> Verdict {
        self.verdict.take().map_or(Ok(()), Err)
    }
}
