//! Messages about the next height that come while this one is still being decided; bounded for
//! each sender.

use std::collections::BTreeMap;

use chain::keys::PeerId;
use chain::lft::message::Message;

/// A sender's messages kept: a proposal, a vote, a confirm and complaints of a few rounds.
const MESSAGES_PER_SENDER: usize = 16;

/// The messages, in the order they came.
#[derive(Debug, Default)]
pub struct Early {
    messages: Vec<(PeerId, Message)>,
    counts: BTreeMap<PeerId, usize>,
}

impl Early {
    /// Keeps a message, unless its sender has too many here.
    pub fn keep(&mut self, sender: PeerId, message: Message) {
        let count = self.counts.entry(sender).or_default();
        if *count < MESSAGES_PER_SENDER {
            *count += 1;
            self.messages.push((sender, message));
        }
    }

    /// Everything kept; the height has come.
    pub fn take(&mut self) -> Vec<(PeerId, Message)> {
        self.counts.clear();
        std::mem::take(&mut self.messages)
    }
}

#[cfg(test)]
mod tests;
