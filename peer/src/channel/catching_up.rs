//! Getting committed blocks from others, several requests at a time, each block verified with its
//! certificate before it is applied.

use chain::batch::{Batch, BatchRef, BatchRules};
use chain::block::CommittedBlock;
use chain::catch_up::Request as Range;
use chain::keys;

use super::driver::{Answer, Driver};
use crate::network::{Packet, Request, Response};

/// Heights between two lines of progress in the log.
const PROGRESS_EVERY: u64 = 500;

impl Driver {
    /// Asks for blocks when others are ahead, unless deciding the next height gets there anyway:
    /// one block behind is normal while a block is being committed.
    pub(super) fn ask_for_blocks(&mut self, stalled: bool) {
        let behind = self.catch_up.target().0.saturating_sub(self.head.height.0);
        if behind == 0 || (behind == 1 && !stalled) {
            return;
        }
        for range in self.catch_up.plan(self.head.height) {
            self.ask_for_range(range);
        }
    }

    fn ask_for_range(&self, range: Range) {
        let Range { peer, first, count } = range;
        let (network, channel, answers) =
            (self.around.network.clone(), self.head.channel, self.answers.clone());
        tokio::spawn(async move {
            let blocks =
                match network.request(peer, channel, Request::Blocks { first, count }).await {
                    Ok(Response::Blocks(blocks)) => blocks,
                    Ok(_) => Vec::new(),
                    Err(error) => {
                        tracing::debug!(%peer, %first, %error, "blocks not fetched");
                        Vec::new()
                    }
                };
            let _ = answers.send(Answer::Blocks(peer, first, blocks)).await;
        });
    }

    pub(super) fn on_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Fetched(peer, response) => self.on_fetched(peer, response),
            Answer::LastSaid(peer, response) => self.on_last_said(peer, response),
            Answer::Difference(peer, found) => self.on_difference(peer, found),
            Answer::Blocks(peer, first, blocks) => {
                self.catch_up.arrived(peer, first, blocks);
                let before = self.head.height;
                self.apply_arrived();
                if self.head.height > before {
                    // Others say again what they said about the height that begins here now.
                    self.broadcast(Packet::Status { height: self.head.height });
                }
                self.ask_for_blocks(true);
            }
        }
    }

    fn apply_arrived(&mut self) {
        while let Some((peer, (committed, batches))) = self.catch_up.take(self.head.height) {
            match self.missing_batches(&committed, batches) {
                Ok(batches) => {
                    self.commit(committed, &batches);
                    self.log_progress();
                }
                Err(why) => {
                    self.catch_up.refused(&peer);
                    self.around.network.punish(&peer, &format!("a committed block: {why}"));
                    return;
                }
            }
        }
    }

    // Verifies a committed block; of its batches, those that are not kept here yet.
    fn missing_batches(
        &self,
        committed: &CommittedBlock,
        sent: Vec<Batch>,
    ) -> Result<Vec<Batch>, String> {
        self.head.check_committed(committed).map_err(|error| error.to_string())?;
        let mut sent = sent.into_iter();
        let mut missing = Vec::new();
        for reference in &committed.block.batches {
            let batch = sent.next().ok_or("a batch is missing")?;
            self.check_batch(reference, &batch)?;
            if !self.pool.holds(reference) {
                missing.push(batch);
            }
        }
        Ok(missing)
    }

    fn check_batch(&self, reference: &BatchRef, batch: &Batch) -> Result<(), String> {
        let maker = self.member_key(&reference.maker).ok_or("a batch of a stranger")?;
        let settings = self.head.settings.clone();
        let rules = BatchRules { channel: self.head.channel, settings, maker };
        let bytes = chain::encoding::encode(batch).len();
        if batch.reference(bytes) != *reference {
            return Err("a batch is not the one that the block names".into());
        }
        keys::verify(batch.clone(), &rules).map(|_| ()).map_err(|error| error.to_string())
    }

    fn log_progress(&self) {
        let (height, target) = (self.head.height, self.target());
        if height.0.is_multiple_of(PROGRESS_EVERY) && target > height {
            tracing::info!(channel = self.name, %height, %target, "catching up");
        }
    }
}
