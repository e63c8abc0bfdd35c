//! Whatever others send, a peer keeps a bounded amount in memory. Small things are looked at every
//! tick; the state, which has to be written out to be measured, at every heartbeat.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Write};

use chain::keys::PeerId;

use super::Verdict;
use crate::simulation::charter::POOL;
use crate::simulation::node::{ENTRIES_WAITING_MAX, Mind, PER_SENDER_MAX, SAID_MAX};
use crate::simulation::shared::Place;

/// Characters of the state in words: for each validator two ballots in 33 rounds and a complaint,
/// 17 blocks, and three certificates.
const STATE_MAX: usize = 120_000;
const PER_VALIDATOR_MAX: usize = 33 * 2 * 200;
/// What waits of one maker over the bound: a batch that is due, and what the blocks being judged
/// name; blocks of 4 kB are the most.
const OVER_MAX: u64 = 2_000 + 3 * 4_000;
/// Heights of as many peers; blocks under way and arrived.
const CATCH_UP_HEIGHTS_MAX: usize = 64;
const CATCH_UP_BLOCKS_MAX: usize = 4 * 32 * 2;
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
    pub fn look(&mut self, place: &Place, mind: &Mind, closely: bool) {
        let peers = mind.state.as_ref().map_or(0, |state| state.validators.all().len()) + 8;
        let state = mind.state.as_ref().filter(|_| closely).map_or(0, length);
        let makers = mind.head.membership.members().iter().map(|member| member.key.peer_id());
        let waiting = |maker: PeerId| {
            mind.pool.waiting_of(&maker).iter().map(|batch| u64::from(batch.bytes)).sum::<u64>()
        };
        let of_others: Vec<u64> = makers.filter(|m| *m != place.me).map(waiting).collect();
        let most = of_others.iter().copied().max().unwrap_or(0) as usize;
        let all = of_others.iter().sum::<u64>() as usize;
        let (heights, blocks) = mind.catch_up.kept();
        let over = |bytes: u64, of: usize| (bytes + OVER_MAX * of as u64) as usize;
        let kept = [
            ("state", state, STATE_MAX + peers * PER_VALIDATOR_MAX),
            ("pool of one maker", most, over(POOL.bytes_per_maker, 1)),
            ("pool", all, over(POOL.bytes, of_others.len())),
            ("heights of others", heights, CATCH_UP_HEIGHTS_MAX),
            ("blocks fetched", blocks, CATCH_UP_BLOCKS_MAX),
            ("last said", mind.last_said.count(), 4 * peers),
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
