//! The one task that owns the registry: takes events in, runs effects in their order, and gives
//! clients snapshots. A registry that cannot be written ends it, and with it the process.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use chain::count::Sequence;
use chain::keys::PeerId;
use chain::score::Version;
use tokio::sync::{mpsc, oneshot};

use crate::clock::now_us;
use crate::registry::{
    ChangeRefused, Effect, Ending, Event, Proven, Registry, Report, Rules, SessionId, Wanted,
};
use crate::session::Outbound;
use crate::store::{Store, StoreError};

/// Posts that may wait; who posts beyond that waits.
const POSTS_MAX: usize = 1024;
/// How often silence is looked for.
const TICK: Duration = Duration::from_millis(250);

type Reading = Box<dyn FnOnce(&Registry) + Send>;

enum Post {
    Event(Event),
    /// Joined, with the way back to the peer.
    Joined {
        session: SessionId,
        outbound: Outbound,
        join: Proven,
    },
    Change {
        channel: String,
        peer: PeerId,
        wanted: Wanted,
        reply: oneshot::Sender<Result<Sequence, ChangeRefused>>,
    },
    ChangeScore {
        channel: String,
        from: Option<Version>,
        to: Version,
        reply: oneshot::Sender<Result<Sequence, ChangeRefused>>,
    },
    Read(Reading),
    Stop,
}

/// The registrar has ended, since the process is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the radiostation is stopping")]
pub struct Stopped;

/// How everybody else speaks to the registrar.
#[derive(Clone)]
pub struct Desk {
    posts: mpsc::Sender<Post>,
}

impl Desk {
    /// A peer has proven its key on `outbound`'s stream.
    pub async fn joined(
        &self,
        session: SessionId,
        outbound: Outbound,
        join: Proven,
    ) -> Result<(), Stopped> {
        self.post(Post::Joined { session, outbound, join }).await
    }

    pub async fn reported(&self, session: SessionId, reports: Vec<Report>) -> Result<(), Stopped> {
        self.post(Post::Event(Event::Reported { session, reports })).await
    }

    pub async fn left(&self, session: SessionId) -> Result<(), Stopped> {
        self.post(Post::Event(Event::Left { session })).await
    }

    pub async fn broken(&self, session: SessionId) -> Result<(), Stopped> {
        self.post(Post::Event(Event::Broken { session })).await
    }

    pub async fn set_rules(&self, rules: Rules) -> Result<(), Stopped> {
        self.post(Post::Event(Event::RulesChanged(rules))).await
    }

    /// Asks for a change of membership; it is on disk when this returns its sequence.
    pub async fn change(
        &self,
        channel: String,
        peer: PeerId,
        wanted: Wanted,
    ) -> Result<Result<Sequence, ChangeRefused>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.post(Post::Change { channel, peer, wanted, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Asks for another version of a channel's SCORE; it is on disk when this returns its sequence.
    pub async fn change_score(
        &self,
        channel: String,
        from: Option<Version>,
        to: Version,
    ) -> Result<Result<Sequence, ChangeRefused>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.post(Post::ChangeScore { channel, from, to, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Looks something up.
    pub async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Registry) -> T + Send + 'static,
    ) -> Result<T, Stopped> {
        let (reply, answer) = oneshot::channel();
        let reading: Reading = Box::new(move |registry| {
            // Who asked may have gone away; then nobody misses the answer.
            let _ = reply.send(look(registry));
        });
        self.post(Post::Read(reading)).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// Ends every stream and the registrar.
    pub async fn stop(&self) {
        // When the registrar has ended already there is nothing left to stop.
        let _ = self.post(Post::Stop).await;
    }

    async fn post(&self, post: Post) -> Result<(), Stopped> {
        self.posts.send(post).await.map_err(|_| Stopped)
    }
}

/// The registrar's own state.
pub struct Registrar {
    registry: Registry,
    store: Store,
    posts: mpsc::Receiver<Post>,
    outbounds: BTreeMap<SessionId, Outbound>,
}

impl Registrar {
    pub fn new(registry: Registry, store: Store) -> (Registrar, Desk) {
        let (sender, posts) = mpsc::channel(POSTS_MAX);
        let registrar = Registrar { registry, store, posts, outbounds: BTreeMap::new() };
        (registrar, Desk { posts: sender })
    }

    /// Works until it is stopped.
    ///
    /// # Errors
    /// A registry that cannot be written; what it stands for was not sent then.
    pub async fn run(mut self) -> Result<(), StoreError> {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let outcome = loop {
            let taken = tokio::select! {
                post = self.posts.recv() => match post {
                    None | Some(Post::Stop) => break Ok(()),
                    Some(post) => self.take(post),
                },
                _ = ticks.tick() => self.happened(Event::Ticked),
            };
            if let Err(error) = taken {
                break Err(error);
            }
        };
        for outbound in self.outbounds.values() {
            outbound.end(Ending::Stopping);
        }
        outcome
    }

    fn take(&mut self, post: Post) -> Result<(), StoreError> {
        match post {
            Post::Event(event) => self.happened(event),
            Post::Joined { session, outbound, join } => {
                self.outbounds.insert(session, outbound);
                self.happened(Event::Joined { session, join })
            }
            Post::Change { channel, peer, wanted, reply } => {
                let outcome = self.registry.change(&channel, peer, wanted);
                self.changed(outcome, reply)
            }
            Post::ChangeScore { channel, from, to, reply } => {
                let outcome = self.registry.change_score(&channel, from, to);
                self.changed(outcome, reply)
            }
            Post::Read(reading) => {
                reading(&self.registry);
                Ok(())
            }
            Post::Stop => Ok(()),
        }
    }

    fn changed(
        &mut self,
        outcome: Result<(Sequence, Vec<Effect>), ChangeRefused>,
        reply: oneshot::Sender<Result<Sequence, ChangeRefused>>,
    ) -> Result<(), StoreError> {
        let outcome = match outcome {
            Ok((sequence, effects)) => {
                self.apply(effects)?;
                Ok(sequence)
            }
            Err(refused) => Err(refused),
        };
        // The operator may have hung up; the change stands all the same.
        let _ = reply.send(outcome);
        Ok(())
    }

    fn happened(&mut self, event: Event) -> Result<(), StoreError> {
        if let Event::Broken { session } = &event {
            self.outbounds.remove(session);
        }
        let effects = self.registry.step(now_us(), event);
        self.apply(effects)
    }

    /// Runs effects in order; a peer that cannot take its message is cut off, which is an event.
    fn apply(&mut self, effects: Vec<Effect>) -> Result<(), StoreError> {
        let mut waiting = VecDeque::from(effects);
        while let Some(effect) = waiting.pop_front() {
            match effect {
                Effect::Persist(writes) => {
                    tokio::task::block_in_place(|| self.store.write(&writes))?
                }
                Effect::Send { session, message } => {
                    let Some(outbound) = self.outbounds.get(&session) else { continue };
                    if outbound.send(message).is_err() {
                        outbound.end(Ending::Slow);
                        self.outbounds.remove(&session);
                        waiting.extend(self.registry.step(now_us(), Event::Broken { session }));
                    }
                }
                Effect::End { session, ending } => {
                    if let Ending::Refused(refusal) = &ending {
                        tracing::warn!("a peer is turned away: {refusal}");
                    }
                    if let Some(outbound) = self.outbounds.remove(&session) {
                        outbound.end(ending);
                    }
                }
                Effect::Tell(text) => tracing::info!("{text}"),
                Effect::Warn(text) => tracing::warn!("{text}"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
