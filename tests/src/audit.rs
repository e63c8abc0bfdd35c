//! Whether a network kept what it promised: every accepted transaction is in the chain, once, with
//! its result, in its client's order, and all peers have the same chain and state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use crate::history::{ToldBlock, executed_blocks, told_blocks};
use crate::network::Network;
use crate::note;
use crate::record::{ClientRecord, Outcome, Record, Sent};
use crate::wait::wait_for;

const SETTLE_LIMIT: Duration = Duration::from_secs(90);
/// Nothing changes for so long: nothing is under way.
const CALM: Duration = Duration::from_millis(500);

/// Result code of a transaction that is not executed.
const NOT_INVOKED: i32 = 2;

/// Checks every channel of the network against what clients were told.
///
/// # Panics
/// On the first thing that is not as it must be.
pub fn audit(network: &Network, record: &Record) {
    for channel in &network.channels {
        let name = &channel.name;
        let clients: Vec<&ClientRecord> = record.of_channel(name).collect();
        let accepted = clients.iter().map(|client| client.accepted().count()).sum();
        let height = settle(network, name, accepted);
        let chain = same_on_all_peers(network, name, height);
        let places = Places::of(&chain).unwrap_or_else(|found| panic!("{name}: {found}"));
        for client in clients {
            places.check(client).unwrap_or_else(|found| panic!("{name}: {found}"));
        }
        note(&format!(
            "audit of {name}: {} blocks, {} transactions, {accepted} accepted, all there once",
            height,
            places.by_hash.len()
        ));
    }
}

/// Waits until all peers that run have the same height, have executed it, hold at least `at_least`
/// transactions, and have stopped changing; the height.
pub fn settle(network: &Network, channel: &str, at_least: usize) -> u64 {
    let mut before = None;
    let what = format!("all peers to have the same, and {at_least} transactions, on {channel}");
    wait_for(&what, SETTLE_LIMIT, || {
        let mut positions = BTreeSet::new();
        for number in network.members(channel) {
            let peer = &network.peers[number];
            let status = peer.rest.status(channel).map_err(|e| format!("{}: {e}", peer.name))?;
            let figure = |value: &Value| value.as_u64().unwrap_or(u64::MAX);
            positions.insert((
                figure(&status["block_height"]),
                figure(&status["lft"]["executed_height"]),
                figure(&status["total_tx"]),
            ));
        }
        let seen = format!("(height, executed, transactions): {positions:?}");
        let now = positions.pop_first().filter(|_| positions.is_empty());
        let Some((height, executed, total)) = now else { return Err(seen) };
        if executed != height || total < at_least as u64 || before != now {
            before = now;
            std::thread::sleep(CALM);
            return Err(seen);
        }
        Ok(height)
    })
}

/// A block with what its execution came to.
struct AuditedBlock {
    told: ToldBlock,
    codes: Vec<i32>,
}

// Reads the chain of every peer, twice over: by hash from the end, and as executed from the start.
fn same_on_all_peers(network: &Network, channel: &str, height: u64) -> Vec<AuditedBlock> {
    let mut first = None;
    for number in network.members(channel) {
        let peer = &network.peers[number];
        let told = told_blocks(peer, channel);
        let executed = executed_blocks(peer, channel, height);
        assert!(told.len() as u64 == height + 1, "{}: {} blocks told", peer.name, told.len());
        for (block, executed) in told[1..].iter().zip(&executed) {
            let at = format!("{} on {channel}, height {}", peer.name, block.height);
            assert!(block.height == executed.height, "{at}: executed {}", executed.height);
            assert!(block.hash == hex::encode(&executed.block_hash), "{at}: other block executed");
            let hashes: Vec<String> =
                executed.transactions.iter().map(|t| hex::encode(&t.tx_hash)).collect();
            let told: Vec<&String> = block.transactions.iter().map(|(hash, _)| hash).collect();
            assert!(hashes.iter().eq(told), "{at}: other transactions executed than told");
        }
        match &first {
            None => first = Some((told, executed)),
            Some((first_told, first_executed)) => {
                let name = &peer.name;
                for (ours, theirs) in told.iter().zip(first_told) {
                    assert!(ours == theirs, "{name} differs at height {}", ours.height);
                }
                for (ours, theirs) in executed.iter().zip(first_executed) {
                    assert!(ours == theirs, "{name}: other results at height {}", ours.height);
                }
            }
        }
    }
    let (told, executed) = first.expect("a peer runs");
    let codes = executed.into_iter().map(|block| block.transactions);
    let codes = codes.map(|all| all.into_iter().map(|t| t.code).collect());
    let codes = std::iter::once(Vec::new()).chain(codes);
    told.into_iter().zip(codes).map(|(told, codes)| AuditedBlock { told, codes }).collect()
}

/// Where everything is in a channel's chain.
struct Places {
    /// Position and result code.
    by_hash: BTreeMap<String, (usize, i32)>,
    by_marker: BTreeMap<String, usize>,
}

impl Places {
    fn of(chain: &[AuditedBlock]) -> Result<Places, String> {
        let (mut by_hash, mut by_marker) = (BTreeMap::new(), BTreeMap::new());
        let mut position = 0;
        for block in chain {
            for ((hash, data), code) in block.told.transactions.iter().zip(&block.codes) {
                position += 1;
                if by_hash.insert(hash.clone(), (position, *code)).is_some() {
                    return Err(format!("transaction {hash} is in the chain twice"));
                }
                let data: Value = serde_json::from_str(data).unwrap_or_default();
                let marker = data["id"].as_str().map(str::to_owned);
                let earlier = marker.and_then(|marker| by_marker.insert(marker, position));
                if earlier.is_some() {
                    return Err(format!("{} was sent once and is in the chain twice", data["id"]));
                }
            }
        }
        Ok(Places { by_hash, by_marker })
    }

    fn check(&self, client: &ClientRecord) -> Result<(), String> {
        let mut last = 0;
        for sent in &client.sent {
            let position = self.by_marker.get(&sent.marker).copied();
            self.check_outcome(sent, position).map_err(|why| format!("{} {why}", sent.marker))?;
            if let Some(position) = position {
                if position < last {
                    return Err(format!("{} comes before what was sent earlier", sent.marker));
                }
                // What the client gave up on may still be read later, from where it lay.
                if matches!(sent.outcome, Outcome::Accepted(_)) {
                    last = position;
                }
            }
        }
        for (hash, expected) in client.certain_results() {
            let code = self.by_hash.get(hash).map(|(_, code)| i64::from(*code));
            if code != Some(expected) {
                return Err(format!("{hash} came to {code:?}, not {expected}"));
            }
        }
        Ok(())
    }

    fn check_outcome(&self, sent: &Sent, position: Option<usize>) -> Result<(), String> {
        match &sent.outcome {
            Outcome::Accepted(hash) => match self.by_hash.get(hash) {
                None => Err(format!("was accepted as {hash} and is lost")),
                Some((_, NOT_INVOKED)) => Err("was not executed".to_owned()),
                Some((place, _)) if Some(*place) != position => {
                    Err(format!("was accepted as {hash}, which is another's"))
                }
                Some(_) => Ok(()),
            },
            Outcome::Refused(why) if position.is_some() => {
                Err(format!("was refused ({why}), and is there all the same"))
            }
            Outcome::Refused(_) | Outcome::Unknown => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
