//! One stream's outbound side: a bounded queue, and an end that overtakes what is queued.

use std::sync::Arc;

use futures::Stream;
use futures::stream;
use tokio::sync::{mpsc, watch};
use wire::v1::ToPeer;

use crate::registry::Ending;

/// Messages that may wait for a peer to read them.
pub const QUEUE_MAX: usize = 1024;

/// Puts messages into the queue and ends the stream. Clones are the same stream.
#[derive(Clone, Debug)]
pub struct Outbound {
    queue: mpsc::Sender<ToPeer>,
    end: Arc<watch::Sender<Option<Ending>>>,
}

/// The queue is full, or nobody reads it any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Overflow;

/// A new queue and the stream that the peer reads.
pub fn open() -> (Outbound, impl Stream<Item = Result<ToPeer, Ending>> + Send + 'static) {
    let (queue, queued) = mpsc::channel(QUEUE_MAX);
    let (end, ended) = watch::channel(None);
    let outbound = Outbound { queue, end: Arc::new(end) };
    let messages = stream::unfold(Some((queued, ended)), |reading| async {
        let (mut queued, mut ended) = reading?;
        let ending = tokio::select! {
            biased;
            ending = ending_of(&mut ended) => ending,
            message = queued.recv() => match message {
                Some(message) => return Some((Ok(message), Some((queued, ended)))),
                None => None,
            },
        };
        let ending = ending.filter(|ending| *ending != Ending::Left)?;
        Some((Err(ending), None))
    });
    (outbound, messages)
}

impl Outbound {
    /// Queues a message, never waiting.
    pub fn send(&self, message: ToPeer) -> Result<(), Overflow> {
        self.queue.try_send(message).map_err(|_| Overflow)
    }

    /// Ends the stream; only the first ending counts.
    pub fn end(&self, ending: Ending) {
        self.end.send_if_modified(|present| {
            let first = present.is_none();
            if first {
                *present = Some(ending);
            }
            first
        });
    }

    /// Returns once the stream has been ended from this side, or nobody reads it any more.
    pub async fn ended(&self) {
        let mut ended = self.end.subscribe();
        tokio::select! {
            _ = ending_of(&mut ended) => {}
            () = self.queue.closed() => {}
        }
    }
}

async fn ending_of(ended: &mut watch::Receiver<Option<Ending>>) -> Option<Ending> {
    let ending = ended.wait_for(Option::is_some).await;
    ending.ok().and_then(|ending| ending.clone())
}

#[cfg(test)]
mod tests;
