//! Where the SCORE states of two peers part: from which height on, and by which transaction.
//!
//! Peers tell each other, with every heartbeat, which state they have come to. Who finds another
//! one for a height that it has executed itself asks that peer for its states, halving the heights
//! until the first that differs is found, and there for the traces of the transactions. Nothing of
//! this decides anything: it is for those who look after the peers.

use std::collections::{BTreeMap, BTreeSet};

use chain::block::Executed;
use chain::count::Height;
use chain::hash::Hash;
use chain::keys::PeerId;

use super::driver::{Answer, Driver};
use crate::network::{Network, Packet, Request, Response};
use crate::storage::Ledger;

/// The first block that came to different states at two peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub height: Height,
    /// Its first transaction that did something else: number in the block, from 0, and hash. None
    /// when all did the same, so that the packages' versions or the blocks before differ.
    pub transaction: Option<(usize, Hash)>,
}

/// What is known of the states that others have come to.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Said by members and not compared yet, as this peer is not so far.
    said: BTreeMap<PeerId, Executed>,
    /// Peers being asked.
    asked: BTreeSet<PeerId>,
    pub found: BTreeMap<PeerId, Difference>,
}

impl Driver {
    pub(super) fn tell_executed(&self) {
        let executed = self.executor.executed();
        if executed.height > Height(0) {
            self.broadcast(Packet::Executed(executed));
        }
    }

    pub(super) fn on_executed(&mut self, peer: PeerId, executed: Executed) {
        if self.members.contains(&peer) {
            self.differences.said.insert(peer, executed);
        }
    }

    /// Compares what can be compared by now.
    pub(super) fn compare_states(&mut self) {
        let reached = self.executor.executed().height;
        let due = |said: &Executed| said.height <= reached;
        let peers: Vec<PeerId> =
            self.differences.said.iter().filter(|(_, said)| due(said)).map(|(p, _)| *p).collect();
        for peer in peers {
            let Some(said) = self.differences.said.remove(&peer) else { continue };
            let Some(own) = self.ledger.results(said.height) else { continue };
            let known = self.differences.found.contains_key(&peer);
            if own.state == said.state && known {
                self.differences.found.remove(&peer);
                tracing::info!(channel = self.name, %peer, "the SCORE states are equal again");
            } else if own.state != said.state && !known && self.differences.asked.insert(peer) {
                self.search(peer, said.height);
            }
        }
    }

    fn search(&self, peer: PeerId, differs: Height) {
        let (network, channel) = (self.around.network.clone(), self.head.channel);
        let (ledger, answers) = (self.ledger.clone(), self.answers.clone());
        tokio::spawn(async move {
            let search = Search { network, channel, ledger, peer };
            let _ = answers.send(Answer::Difference(peer, search.run(differs).await)).await;
        });
    }

    pub(super) fn on_difference(&mut self, peer: PeerId, found: Option<Difference>) {
        self.differences.asked.remove(&peer);
        let Some(difference) = found else { return };
        let Difference { height, transaction } = &difference;
        match transaction {
            Some((number, hash)) => tracing::error!(
                channel = self.name, %peer, %height, transaction = %hash, number,
                "the SCORE states here and at that peer differ from this height on, by this \
                 transaction. `score-runner diff` shows what differs between the two stores"
            ),
            None => tracing::error!(
                channel = self.name, %peer, %height,
                "the SCORE states here and at that peer differ from this height on, though all its \
                 transactions did the same. `score-runner diff` shows what differs between the \
                 two stores"
            ),
        }
        self.differences.found.insert(peer, difference);
    }
}

/// One peer asked for what it came to.
struct Search {
    network: Network,
    channel: Hash,
    ledger: Ledger,
    peer: PeerId,
}

impl Search {
    /// None if either peer lacks what is needed; it is tried again at a later heartbeat.
    async fn run(&self, mut differs: Height) -> Option<Difference> {
        let mut same = Height(0);
        while differs.0 - same.0 > 1 {
            let middle = Height(same.0 + (differs.0 - same.0) / 2);
            let Response::State(Some(theirs)) = self.ask(Request::State(middle)).await? else {
                return None;
            };
            match self.ledger.results(middle)?.state == theirs {
                true => same = middle,
                false => differs = middle,
            }
        }
        let Response::Traces(theirs) = self.ask(Request::Traces(differs)).await? else {
            return None;
        };
        let ours = self.ledger.traces(differs)?;
        if ours.len() != theirs.len() {
            return None;
        }
        let number = ours.iter().zip(&theirs).position(|(ours, theirs)| ours != theirs);
        let transaction = number.and_then(|number| Some((number, self.hash_of(differs, number)?)));
        Some(Difference { height: differs, transaction })
    }

    async fn ask(&self, request: Request) -> Option<Response> {
        self.network.request(self.peer, self.channel, request).await.ok()
    }

    fn hash_of(&self, height: Height, number: usize) -> Option<Hash> {
        let committed = self.ledger.block(height)?;
        let mut number = number;
        for named in &committed.block.batches {
            let count = named.count as usize;
            if number < count {
                let batch = self.ledger.batch(&named.maker, named.number, &named.hash)?;
                return batch.transaction_hashes().get(number).copied();
            }
            number -= count;
        }
        None
    }
}
