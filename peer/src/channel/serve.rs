//! Answering other members of the channel.

use chain::batch::Batch;
use chain::block::{Block, CommittedBlock};
use chain::catch_up::BLOCKS_PER_REQUEST;
use chain::count::Height;

use super::driver::Driver;
use crate::network::{Asked, RESPONSE_BYTES_WANTED, Request, Response};
use crate::storage::Ledger;

impl Driver {
    /// Answers a request; what needs more than a look into memory is read beside this thread.
    pub(super) fn on_asked(&mut self, asked: Asked) {
        let Asked { request, answer } = asked;
        if let Request::Block { hash, .. } = &request
            && let Some(block) = self.state().block(hash)
        {
            let _ = answer.send(Response::Block(Some(Box::new(block.clone()))));
            return;
        }
        if let Request::LastSaid(peer) = &request {
            let _ = answer.send(Response::LastSaid(self.last_said.of(peer)));
            return;
        }
        let ledger = self.ledger.clone();
        tokio::task::spawn_blocking(move || {
            let response = match request {
                Request::Blocks { first, count } => Response::Blocks(blocks(&ledger, first, count)),
                Request::Batches(wanted) => {
                    let held =
                        wanted.iter().filter_map(|b| ledger.batch(&b.maker, b.number, &b.hash));
                    Response::Batches(within_bytes(held))
                }
                Request::Block { height, hash } => {
                    let committed = ledger.block(height).map(|committed| committed.block);
                    Response::Block(committed.filter(|b: &Block| b.hash() == hash).map(Box::new))
                }
                Request::State(height) => {
                    Response::State(ledger.results(height).map(|results| results.state))
                }
                Request::Traces(height) => {
                    Response::Traces(ledger.traces(height).unwrap_or_default())
                }
                Request::LastSaid(_) => Response::Nothing,
            };
            let _ = answer.send(response);
        });
    }
}

// At least one, if there is one, and then up to what an answer should weigh.
fn blocks(ledger: &Ledger, first: Height, count: u64) -> Vec<(CommittedBlock, Vec<Batch>)> {
    let mut bytes = 0;
    let mut found = Vec::new();
    let end = first.0.saturating_add(count.min(BLOCKS_PER_REQUEST));
    for height in first.0..end {
        let Some(committed) = ledger.block(Height(height)) else { break };
        let names = &committed.block.batches;
        let held = names.iter().filter_map(|b| ledger.batch(&b.maker, b.number, &b.hash));
        let batches: Vec<Batch> = held.collect();
        bytes += names.iter().map(|batch| batch.bytes as usize).sum::<usize>();
        found.push((committed, batches));
        if bytes > RESPONSE_BYTES_WANTED {
            break;
        }
    }
    found
}

fn within_bytes(batches: impl Iterator<Item = Batch>) -> Vec<Batch> {
    let mut bytes = 0;
    let mut full = false;
    let fits = |batch: &Batch| {
        let take = !full;
        bytes += batch.transactions.iter().map(|t| t.data.len() + 16).sum::<usize>();
        full = bytes > RESPONSE_BYTES_WANTED;
        take
    };
    batches.take_while(fits).collect()
}

#[cfg(test)]
mod tests;
