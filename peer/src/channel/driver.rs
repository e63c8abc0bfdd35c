//! The channel's thread: takes what happens, one thing at a time, tells `lft::step`, and carries
//! out what that orders. Owns all of the channel's state; others see snapshots.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chain::batch::Batch;
use chain::block::{Block, CommittedBlock};
use chain::catch_up::CatchUp;
use chain::certificate::Certificate;
use chain::count::{Height, Round, Sequence};
use chain::hash::Hash;
use chain::keys::{self, PeerId, PublicKey};
use chain::ledger::Head;
use chain::lft::message::{Known, Message, Statement};
use chain::lft::standing::{LastSaid, Standing};
use chain::lft::{self, Effect, Event, Record, Rules, Start, State};
use chain::membership::SignedEntry;
use chain::pool::Pool;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::differences::{Difference, Differences};
use super::early::Early;
use super::{ChannelStatus, Control, Surroundings, Waiting, WaitingFor};
use crate::executor::ExecutorHandle;
use crate::intake::Sealed;
use crate::network::{Arrival, Asked, Packet, Response};
use crate::storage::Ledger;

/// How often what may have been missed is looked after.
const TICK: Duration = Duration::from_millis(100);
/// Ticks between heartbeats.
const HEARTBEAT_TICKS: u64 = 20;
/// Ticks after which a peer that complains asks again what it is heard to have said.
const ASK_AGAIN_TICKS: u64 = 50;
/// Own messages kept: more than one round needs.
const SAID_MAX: usize = 8;
/// Answers of other peers that wait for this thread.
const ANSWERS_MAX: usize = 64;

/// What the thread reads.
pub struct Inputs {
    pub consensus: mpsc::Receiver<Arrival>,
    pub bulk: mpsc::Receiver<Arrival>,
    pub requests: mpsc::Receiver<Asked>,
    pub control: mpsc::Receiver<Control>,
    pub sealed: mpsc::Receiver<Sealed>,
}

/// What another peer answered to a request of this channel.
#[derive(Debug)]
pub(super) enum Answer {
    /// To `Request::Batches` or `Request::Block`; nothing if it failed.
    Fetched(PeerId, Response),
    /// To `Request::Blocks` from that height on.
    Blocks(PeerId, Height, Vec<(CommittedBlock, Vec<Batch>)>),
    /// To `Request::LastSaid` about this peer.
    LastSaid(PeerId, Response),
    /// Where that peer's SCORE state parts from this one's.
    Difference(PeerId, Option<Difference>),
}

pub(super) struct Driver {
    pub name: String,
    pub ledger: Ledger,
    pub head: Head,
    /// Confirms of the head's block; none at genesis.
    pub head_certificate: Option<Certificate>,
    pub rules: Rules,
    /// Taken only while `step` has it.
    pub state: Option<State>,
    pub pool: Pool,
    /// Signed by the radiostation, not committed.
    pub entries: BTreeMap<Sequence, SignedEntry>,
    /// Everybody on the channel, as the radiostation tells.
    pub members: BTreeSet<PeerId>,
    pub around: Surroundings,
    pub executor: ExecutorHandle,
    pub committed: watch::Sender<Height>,
    pub status: watch::Sender<ChannelStatus>,
    pub waiting: Arc<Waiting>,
    pub me: PeerId,
    /// What this peer said at the height being decided, latest last, for peers that connect.
    pub said: VecDeque<Message>,
    /// Events that follow from effects, to be told before anything new.
    pub queue: VecDeque<Event>,
    pub early: Early,
    /// Proposed blocks whose batches are not all here.
    pub checks: BTreeMap<Hash, Block>,
    /// A certified block that this peer has not seen.
    pub wanted_block: Option<Hash>,
    pub catch_up: CatchUp<(CommittedBlock, Vec<Batch>)>,
    /// When the round's timer ends, and what it is for.
    pub timer: Option<(Instant, Height, Round)>,
    /// When work began to wait for the block interval.
    pub work_since: Option<Instant>,
    pub answers: mpsc::Sender<Answer>,
    answers_queue: Option<mpsc::Receiver<Answer>>,
    /// Peers told in this tick that they are behind.
    pub told: BTreeSet<PeerId>,
    /// Peers to which what was said at this height was said again.
    pub retold: BTreeSet<PeerId>,
    pub ticks: u64,
    /// Height at the last tick: catching up starts when LFT does not get there by itself.
    pub height_at_tick: Height,
    /// State hashes that committed blocks claim for heights not executed here yet.
    pub claims: BTreeMap<Height, Hash>,
    pub diverged: Option<Height>,
    /// First height whose state a leader claimed otherwise in a block that was not committed.
    pub disputed: Option<Height>,
    pub differences: Differences,
    pub may_sign_after: Option<Sequence>,
    /// What the others have told of what this peer said before it started.
    pub standing: Standing,
    /// Peers that have been asked for that, and have not answered yet.
    pub asked: BTreeSet<PeerId>,
    /// Whether this validator says nothing yet: it does not know whether its record is the last.
    pub holds_back: bool,
    pub last_said: LastSaid,
    /// When each member was last heard, by this machine's clock; for the status alone.
    pub heard_at: BTreeMap<PeerId, std::time::Instant>,
    pub waiting_for: watch::Sender<WaitingFor>,
    /// Proofs of contradictions kept.
    pub evidence: u64,
    /// Peers that have been asked for what a block lacks, and have not answered yet.
    pub fetching: BTreeSet<PeerId>,
    /// The own batch that was next to be committed at the last heartbeat.
    pub due_at_heartbeat: Sequence,
}

impl Driver {
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        name: String,
        ledger: Ledger,
        head: Head,
        members: BTreeSet<PeerId>,
        standing: Standing,
        around: Surroundings,
        executor: ExecutorHandle,
        committed: watch::Sender<Height>,
        status: watch::Sender<ChannelStatus>,
        waiting_for: watch::Sender<WaitingFor>,
        waiting: Arc<Waiting>,
    ) -> Driver {
        let me = around.key.public_key().peer_id();
        let (answers, answers_queue) = mpsc::channel(ANSWERS_MAX);
        let settings = &head.settings;
        let rules = Rules {
            me,
            channel: head.channel,
            timeout_ms: settings.complain_timeout_ms,
            timeout_ms_max: settings.complain_timeout_ms_max,
        };
        let pool = stored_pool(&ledger, &head, &around);
        let head_certificate = ledger.block(head.height).map(|committed| committed.certificate);
        let may_sign_after = ledger.may_sign_after();
        let last_said = ledger.last_said();
        let height_at_tick = head.height;
        let due_at_heartbeat = head.next_batch(&me);
        let evidence = ledger.evidence_count();
        let mut driver = Driver {
            name,
            ledger,
            head,
            head_certificate,
            rules,
            state: None,
            pool,
            entries: BTreeMap::new(),
            members,
            around,
            executor,
            committed,
            status,
            waiting,
            me,
            said: VecDeque::new(),
            queue: VecDeque::new(),
            early: Early::default(),
            checks: BTreeMap::new(),
            wanted_block: None,
            catch_up: CatchUp::default(),
            timer: None,
            work_since: None,
            answers,
            answers_queue: Some(answers_queue),
            told: BTreeSet::new(),
            retold: BTreeSet::new(),
            ticks: 0,
            height_at_tick,
            claims: BTreeMap::new(),
            diverged: None,
            disputed: None,
            differences: Differences::default(),
            may_sign_after,
            standing,
            asked: BTreeSet::new(),
            holds_back: false,
            last_said,
            heard_at: BTreeMap::new(),
            waiting_for,
            evidence,
            fetching: BTreeSet::new(),
            due_at_heartbeat,
        };
        driver.begin();
        driver.publish();
        driver
    }

    /// Until the peer stops.
    pub async fn run(mut self, mut inputs: Inputs) {
        let mut answers = self.answers_queue.take().expect("the thread is started once");
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.around.shutdown.clone();
        let mut executed = self.executor.watch();
        self.log_validators();
        loop {
            self.settle();
            let timer = self.timer.map(|(at, ..)| at);
            let work = self.work_since.map(|at| at + self.block_interval());
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(control) = inputs.control.recv() => self.on_control(control),
                Some(arrival) = inputs.consensus.recv() => self.on_arrival(arrival),
                () = until(timer) => self.on_timer(),
                _ = ticks.tick() => self.on_tick(),
                () = until(work) => {
                    self.work_since = None;
                    self.queue.push_back(Event::WorkWaits);
                }
                Ok(()) = executed.changed() => self.finish_checks(),
                Some(answer) = answers.recv() => self.on_answer(answer),
                Some(sealed) = inputs.sealed.recv() => self.on_sealed(sealed),
                Some(asked) = inputs.requests.recv() => self.on_asked(asked),
                Some(arrival) = inputs.bulk.recv() => self.on_arrival(arrival),
            }
        }
        tracing::info!(channel = self.name, height = %self.head.height, "channel stopped");
    }

    // Tells `step` what has happened until it has nothing more to order.
    fn settle(&mut self) {
        let before = self.state().round;
        let height = self.head.height;
        while let Some(event) = self.queue.pop_front() {
            // What comes before this peer may speak is heard again when it may.
            if self.holds_back && !matches!(event, Event::Committed(_)) {
                continue;
            }
            let state = self.state.take().expect("step gives the state back");
            let (state, effects) = lft::step(&self.rules, state, event);
            self.state = Some(state);
            let mut effects = effects.into_iter().peekable();
            while let Some(effect) = effects.next() {
                // Of neighbouring records the last one says it all.
                let superseded = matches!(effects.peek(), Some(Effect::Persist(_)));
                match effect {
                    Effect::Persist(_) if superseded => {}
                    effect => self.carry_out(effect),
                }
            }
        }
        if self.state().round != before && self.head.height == height {
            let (round, leader) = (self.state().round, self.state().leader(self.state().round));
            tracing::info!(channel = self.name, height = %height.next(), %round, %leader, "new round");
        }
        self.publish();
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Persist(record) => self.ledger.persist(&record),
            Effect::Send(statement) => self.send(*statement),
            Effect::SetTimer { height, round, timeout_ms } => {
                let at = Instant::now() + Duration::from_millis(timeout_ms);
                self.timer = Some((at, height, round));
            }
            Effect::BuildBlock { height, round } => {
                let block = self.build_block(round);
                self.queue.push_back(Event::BlockBuilt { height, round, block });
            }
            Effect::CheckBlock(block) => self.check_block(*block),
            Effect::FetchBlock { block, .. } => {
                self.wanted_block = Some(block);
                self.fetch_missing();
            }
            Effect::Commit(committed) => self.commit(*committed, &[]),
            Effect::Accuse(evidence) => self.accuse(*evidence),
        }
    }

    fn send(&mut self, statement: Statement) {
        let passed_on = matches!(statement, Statement::PassOn(_));
        let message = statement.sign(&self.head.channel, &self.around.key);
        self.broadcast(Packet::Message(Box::new(message.clone())));
        if self.said.len() == SAID_MAX {
            self.said.pop_front();
        }
        self.said.push_back(message.clone());
        if !passed_on {
            let known = self.known();
            let own = keys::verify(message, &known).expect("own messages verify");
            self.queue.push_back(Event::Received(Box::new(own)));
        }
    }

    fn on_arrival(&mut self, arrival: Arrival) {
        if let Arrival::Packet(sender, _) = &arrival {
            self.heard_at.insert(*sender, std::time::Instant::now());
        }
        match arrival {
            Arrival::Packet(sender, Packet::Message(message)) => self.on_message(sender, *message),
            Arrival::Packet(sender, Packet::Status { height }) => self.on_status(sender, height),
            Arrival::Packet(sender, Packet::Executed(executed)) => {
                self.on_executed(sender, executed);
            }
            Arrival::Packet(sender, Packet::Batch(batch)) => self.on_batch(sender, *batch),
            Arrival::Packet(sender, Packet::Entry(entry)) => self.on_entry(Some(sender), *entry),
            Arrival::Packet(sender, Packet::Evidence(evidence)) => {
                self.on_evidence(sender, *evidence);
            }
            Arrival::Connected(peer) => self.on_connected(peer),
            Arrival::Lost(peer) => self.catch_up.lost(&peer),
        }
    }

    fn on_message(&mut self, sender: PeerId, message: Message) {
        let (height, now) = (message.height(), self.state().height);
        if height > now {
            self.catch_up.heard(sender, Height(height.0 - 1));
            if height == now.next() {
                self.early.keep(sender, message);
            }
        } else if height < now {
            self.tell_height(sender);
        } else if self.holds_back {
            self.early.keep(sender, message);
        } else {
            self.hear(sender, message, &self.known());
        }
    }

    /// A message about the height being decided, or the one that begins now.
    pub(super) fn hear(&mut self, sender: PeerId, message: Message, known: &Known) {
        match keys::verify(message, known) {
            Ok(message) => {
                self.last_said.hear(&message);
                self.queue.push_back(Event::Received(Box::new(message)));
            }
            Err(error) => {
                self.around.network.punish(&sender, &format!("a consensus message: {error}"));
            }
        }
    }

    fn on_control(&mut self, control: Control) {
        match control {
            Control::Entry(entry) => self.on_entry(None, *entry),
            Control::Admitted(entry) => {
                self.ledger.set_may_sign_after(entry);
                self.may_sign_after = entry;
                self.begin();
            }
            Control::Members(members) => {
                for gone in self.members.difference(&members) {
                    self.catch_up.lost(gone);
                }
                let new = members.difference(&self.members).copied();
                let new: Vec<PeerId> =
                    new.filter(|p| self.around.network.is_connected(p)).collect();
                self.around.network.routes().set_members(&self.head.channel, members.clone());
                self.heard_at.retain(|peer, _| members.contains(peer));
                self.members = members;
                // A link that stood before its peer came to this channel is news to it.
                new.into_iter().for_each(|peer| self.on_connected(peer));
            }
        }
    }

    fn on_entry(&mut self, sender: Option<PeerId>, signed: SignedEntry) {
        const ENTRIES_WAITING_MAX: usize = 8192;
        let sequence = signed.entry.sequence;
        let new = sequence > self.head.membership.entries
            && !self.entries.contains_key(&sequence)
            && self.entries.len() < ENTRIES_WAITING_MAX;
        if !new || signed.entry.channel != self.head.channel {
            return;
        }
        match keys::verify(signed, &self.head.radiostation) {
            Ok(signed) => {
                let signed = signed.into_inner();
                self.broadcast(Packet::Entry(Box::new(signed.clone())));
                self.entries.insert(sequence, signed);
                self.note_work();
            }
            Err(error) => {
                tracing::warn!(channel = self.name, %error, "membership entry refused");
                if let Some(sender) = sender {
                    self.around.network.punish(&sender, &format!("a membership entry: {error}"));
                }
            }
        }
    }

    fn on_timer(&mut self) {
        if let Some((_, height, round)) = self.timer.take() {
            self.queue.push_back(Event::TimedOut { height, round });
        }
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        self.told.clear();
        self.note_state();
        self.compare_states();
        self.note_work();
        self.fetch_missing();
        self.ask_what_was_said(self.ticks.is_multiple_of(ASK_AGAIN_TICKS));
        self.publish_waiting_for();
        let stalled = self.height_at_tick == self.head.height;
        self.height_at_tick = self.head.height;
        self.ask_for_blocks(stalled);
        if self.ticks.is_multiple_of(HEARTBEAT_TICKS) {
            self.broadcast(Packet::Status { height: self.head.height });
            self.tell_executed();
            self.send_again();
        }
    }

    pub(super) fn state(&self) -> &State {
        self.state.as_ref().expect("step gives the state back")
    }

    /// What messages about the height being decided are checked against.
    pub(super) fn known(&self) -> Known {
        let state = self.state();
        Known {
            channel: self.head.channel,
            height: state.height,
            validators: state.validators.clone(),
        }
    }

    /// Sends to all other members that are connected.
    pub(super) fn broadcast(&self, packet: Packet) {
        let others = self.members.iter().filter(|peer| **peer != self.me).copied();
        self.around.network.send(others, self.head.channel, packet);
    }

    /// How the height after the head begins here.
    pub(super) fn start_of_height(&mut self, record: Option<Record>) -> Start {
        let work_waits = self.has_work() && self.block_interval().is_zero();
        let start = Start::after(&self.head, record, work_waits);
        let validates = self.may_sign() && start.validators.get(&self.me).is_some();
        self.holds_back = validates && !self.standing.settle(self.me, &start.validators);
        let speaks = self.may_sign() && !self.holds_back;
        self.rules.me = if speaks { self.me } else { PeerId::NOBODY };
        start
    }

    /// Key of a member.
    pub(super) fn member_key(&self, peer: &PeerId) -> Option<PublicKey> {
        self.head.membership.get(peer).map(|member| member.key)
    }
}

// The batches that waited when the peer stopped.
fn stored_pool(ledger: &Ledger, head: &Head, around: &Surroundings) -> Pool {
    let me = around.key.public_key().peer_id();
    let mut pool = Pool::new(around.pool);
    for batch in ledger.waiting(head) {
        let next = head.next_batch(&batch.maker);
        if batch.maker == me {
            pool.insert_named(batch, next);
        } else if let Err(error) = pool.insert(batch, next) {
            tracing::debug!(%error, "a stored batch is left out");
        }
    }
    pool
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
