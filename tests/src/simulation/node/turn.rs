//! One turn of a peer: what happened is told to `step`, and what that orders is carried out, one
//! effect after the other. The power may fail between any two.

use std::rc::Rc;

use chain::catch_up::CatchUp;
use chain::count::Height;
use chain::keys::{PeerId, Verified};
use chain::ledger::Head;
use chain::lft::message::{Known, Message, MessageError, Statement};
use chain::lft::standing::Standing;
use chain::lft::{Effect, Event, Record, Rules, Start, State};
use chain::pool::Pool;

use super::early::Early;
use super::{ASK_AGAIN_TICKS, ENTRIES_WAITING_MAX, HEARTBEAT_TICKS, Input, Mind, Out, SAID_MAX};
use crate::simulation::disk::Disk;
use crate::simulation::mutant::{self, Heard};
use crate::simulation::packet::{Letter, Packet};
use crate::simulation::shared::{Place, Shared};
use crate::simulation::words;

pub struct Turn<'a> {
    pub place: &'a Rc<Place>,
    pub disk: &'a mut Disk,
    pub mind: Box<Mind>,
    pub shared: &'a mut Shared,
    pub out: Vec<Out>,
    pub crash_in: &'a mut Option<(u64, u64)>,
    /// Set when the power has failed.
    pub down_us: Option<u64>,
}

impl Turn<'_> {
    /// A peer that has just started, from what is on its disk.
    pub fn wake(place: &Place, disk: &Disk, life: u64, shared: &Shared) -> Box<Mind> {
        let contents = &disk.now;
        let head = contents.head.clone();
        let mut pool = Pool::new(mutant::pool_limits(shared.mutant));
        for member in head.membership.members() {
            let maker = member.key.peer_id();
            let next = head.next_batch(&maker);
            for parcel in contents.batches_of(maker, next) {
                match maker == place.me {
                    true => pool.insert_named(parcel.reference, next),
                    false => drop(pool.insert(parcel.reference, next)),
                }
            }
        }
        let first = head.next_batch(&place.me);
        let kept = contents.batches_of(place.me, first);
        let settings = &head.settings;
        let rules = Rules {
            me: place.me,
            channel: head.channel,
            timeout_ms: settings.complain_timeout_ms,
            timeout_ms_max: mutant::timeout_ms_max(shared.mutant, settings),
        };
        let work_waits = pool.is_ready() && settings.block_interval_ms == 0;
        let start = Start::after(&head, contents.record.as_deref().cloned(), work_waits);
        Box::new(Mind {
            head_certificate: contents.block(head.height).map(|block| block.certificate.clone()),
            rules,
            state: Some(State::new(start)),
            pool,
            entries: Default::default(),
            said: Default::default(),
            queue: Default::default(),
            early: Early::default(),
            checks: Default::default(),
            wanted_block: None,
            catch_up: CatchUp::default(),
            timer: None,
            timers: 0,
            work_since: false,
            told: Default::default(),
            retold: Default::default(),
            ticks: 0,
            height_at_tick: head.height,
            standing: match life == 0 || !place.careful || mutant::speaks_at_once(shared.mutant) {
                true => Standing::new_member(),
                false => Standing::default(),
            },
            holds_back: false,
            last_said: contents.last_said.as_ref().clone(),
            asked: Default::default(),
            // An answer to a question of an earlier life is none to a question of this one.
            requests: life << 32,
            due_at_heartbeat: first,
            next_own: kept.last().map_or(first, |parcel| parcel.reference.number.next()),
            known: None,
            heard: Heard::default(),
            head,
        })
    }

    pub fn take(&mut self, input: Input) {
        match input {
            Input::Start => {
                let height = self.mind.head.height;
                self.shared.watch.started(self.place, height);
                self.begin();
            }
            Input::Packet(from, packet) => self.on_packet(from, packet),
            Input::Timer { number, height, round } => {
                if self.mind.timer == Some(number) {
                    self.mind.timer = None;
                    self.tell(Event::TimedOut { height, round });
                }
            }
            Input::Work => {
                if std::mem::take(&mut self.mind.work_since) {
                    self.tell(Event::WorkWaits);
                }
            }
            Input::Tick => self.on_tick(),
            Input::Connected(peer) => self.on_connected(peer),
            Input::Lost(peer) => {
                let name = self.shared.places[peer].me;
                self.mind.catch_up.lost(&name);
            }
            Input::Entry(entry) => self.on_entry(None, entry),
            Input::Submit(texts) => self.on_submit(texts),
            Input::Expired(number) => self.on_expired(number),
        }
        if self.down_us.is_none() {
            self.settle();
        }
        if self.down_us.is_none() {
            let height = self.state().height;
            self.shared.watch.turn_ended(self.place, height, &self.disk.now);
        }
    }

    pub fn tell(&mut self, event: Event) {
        self.mind.queue.push_back(event);
    }

    // Tells `step` what has happened until it has nothing more to order.
    fn settle(&mut self) {
        while let Some(event) = self.mind.queue.pop_front() {
            // What comes before this peer may speak is heard again when it may.
            if self.mind.holds_back && !matches!(event, Event::Committed(_)) {
                continue;
            }
            let state = self.mind.state.take().expect("step gives the state back");
            self.trace(words::event_print(&event), || words::event(&event));
            let (state, effects) = mutant::step(self, state, event);
            self.mind.state = Some(state);
            let mut effects = effects.into_iter().peekable();
            while let Some(effect) = effects.next() {
                // Of neighbouring records the last one says it all.
                let superseded = matches!(effects.peek(), Some(Effect::Persist(_)))
                    && matches!(effect, Effect::Persist(_));
                if self.power_fails(&effect) {
                    return;
                }
                if !superseded {
                    self.carry_out(effect);
                }
                if self.down_us.is_some() {
                    return;
                }
            }
        }
    }

    // Counts down to a planned crash; a record that is being written may be written or not.
    fn power_fails(&mut self, effect: &Effect) -> bool {
        if !self.power_fails_here() {
            return false;
        }
        if let Effect::Persist(record) = effect {
            let record = mutant::stored(self.shared.mutant, record.as_ref().clone());
            self.disk.persist(record, true);
        }
        true
    }

    /// Whether the power fails now: nothing that comes after in this turn happens. Asked between
    /// any two effects, and around every write that no effect stands for.
    pub fn power_fails_here(&mut self) -> bool {
        let Some((effects, down_us)) = *self.crash_in else { return false };
        *self.crash_in = Some((effects.saturating_sub(1), down_us));
        if effects > 0 {
            return false;
        }
        self.trace(0xdead, || "the power fails".to_string());
        self.down_us = Some(down_us);
        true
    }

    pub fn trace(&mut self, value: u64, words: impl Fn() -> String) {
        self.shared.trace.note(self.shared.now_us, self.place.at, value, words);
    }

    fn carry_out(&mut self, effect: Effect) {
        self.trace(words::effect_print(&effect), || format!("  → {}", words::effect(&effect)));
        match effect {
            Effect::Persist(record) => {
                let record = mutant::stored(self.shared.mutant, *record);
                self.disk.persist(record, false);
            }
            Effect::Send(statement) => self.send(*statement),
            Effect::SetTimer { height, round, timeout_ms } => {
                self.mind.timers += 1;
                let number = self.mind.timers;
                self.mind.timer = Some(number);
                let (_, rate) = self.shared.plan.clocks[self.place.number];
                let delay_us = timeout_ms * 1_000 * 100 / rate;
                self.out.push(Out::Timer { delay_us, number, height, round });
            }
            Effect::BuildBlock { height, round } => {
                let block = self.build_block();
                self.tell(Event::BlockBuilt { height, round, block });
            }
            Effect::CheckBlock(block) => self.check_block(*block),
            Effect::FetchBlock { block, .. } => {
                self.mind.wanted_block = Some(block);
                self.fetch_missing();
            }
            Effect::Commit(committed) => self.commit(Rc::new(*committed), &[]),
            Effect::Accuse(evidence) => self.accuse(Rc::new(*evidence)),
        }
    }

    fn send(&mut self, statement: Statement) {
        let passed_on = matches!(statement, Statement::PassOn(_));
        let channel = self.mind.head.channel;
        // What is said again has the signature that it had: nonces follow from key and digest.
        let before = self.mind.said.iter().find(|letter| letter.says(&statement)).cloned();
        let letter = before.unwrap_or_else(|| self.shared.sign(self.place, &channel, statement));
        if self.place.honest {
            let durable = self.disk.durable();
            self.shared.watch.sent(self.place, &letter.message, durable);
        } else if self.place.careful {
            self.shared.watch.sent_by_put_back(self.place, &letter.message);
        }
        self.broadcast(&Packet::Message(letter.clone()));
        if self.mind.said.len() == SAID_MAX {
            self.mind.said.pop_front();
        }
        self.mind.said.push_back(letter.clone());
        if !passed_on {
            match self.verify(&letter) {
                Ok(own) => self.tell(Event::Received(Box::new(own))),
                // Some mutants make certificates that only others take.
                Err(error) => {
                    assert!(self.shared.mutant.is_some(), "own messages verify: {error}");
                }
            }
        }
    }

    fn on_packet(&mut self, from: usize, packet: Packet) {
        match packet {
            Packet::Message(letter) => self.on_message(from, letter),
            Packet::Status(height) => self.on_status(from, height),
            Packet::Batch(parcel) => self.on_batch(from, parcel),
            Packet::Entry(entry) => self.on_entry(Some(from), entry),
            Packet::Evidence(evidence) => self.on_evidence(from, evidence),
            Packet::Ask { number, request } => self.on_asked(from, number, &request),
            Packet::Answer { number, response } => self.on_answer(from, number, response),
        }
    }

    fn on_message(&mut self, from: usize, letter: Rc<Letter>) {
        let (height, now) = (letter.message.height(), self.state().height);
        let sender = self.shared.places[from].me;
        if height > now {
            self.mind.catch_up.heard(sender, Height(height.0 - 1));
            if height == now.next() {
                let all = mutant::keeps_all_early(self.shared.mutant);
                self.mind.early.keep(sender, letter, all);
            }
        } else if height < now {
            self.tell_height(from);
        } else if self.mind.holds_back {
            self.mind.early.keep(sender, letter, false);
        } else {
            self.hear(from, &letter);
        }
    }

    // A message about the height being decided.
    fn hear(&mut self, from: usize, letter: &Letter) {
        match self.verify(letter) {
            Ok(message) => {
                self.mind.last_said.hear(&message);
                let round = self.state().round;
                self.shared.watch.heard(self.place, &message, round);
                self.tell(Event::Received(Box::new(message)));
            }
            Err(error) => self.punish(from, &format!("a consensus message: {error}")),
        }
    }

    fn verify(&mut self, letter: &Letter) -> Result<Verified<Message>, MessageError> {
        let known = self.known();
        mutant::verify(self.shared, letter, &known)
    }

    // Who decides a height does not change while it is decided, but for some mutants.
    fn known(&mut self) -> Rc<Known> {
        let state = self.mind.state.as_ref().expect("step gives the state back");
        let kept = self.mind.known.as_ref().filter(|known| known.height == state.height);
        if let Some(known) = kept
            && self.shared.mutant.is_none()
        {
            return known.clone();
        }
        let channel = self.mind.head.channel;
        let known = self.shared.known(channel, state.height, &state.validators);
        self.mind.known = Some(known.clone());
        known
    }

    // The real peer closes the connection.
    pub fn punish(&mut self, from: usize, why: &str) {
        let sender = self.shared.places[from].clone();
        self.shared.watch.punished(self.place, &sender, why);
    }

    pub fn on_entry(&mut self, from: Option<usize>, signed: Rc<chain::membership::SignedEntry>) {
        let sequence = signed.entry.sequence;
        let head = &self.mind.head;
        let new = sequence > head.membership.entries
            && !self.mind.entries.contains_key(&sequence)
            && self.mind.entries.len() < ENTRIES_WAITING_MAX;
        if !new || signed.entry.channel != head.channel {
            return;
        }
        match chain::keys::verify(signed.as_ref().clone(), &head.radiostation) {
            Ok(_) => {
                self.broadcast(&Packet::Entry(signed.clone()));
                self.mind.entries.insert(sequence, signed);
                self.note_work();
            }
            Err(error) => {
                if let Some(from) = from {
                    self.punish(from, &format!("a membership entry: {error}"));
                }
            }
        }
    }

    fn on_tick(&mut self) {
        self.mind.ticks += 1;
        self.mind.told.clear();
        self.note_work();
        self.fetch_missing();
        self.ask_what_was_said(self.mind.ticks.is_multiple_of(ASK_AGAIN_TICKS));
        let stalled = self.mind.height_at_tick == self.mind.head.height;
        self.mind.height_at_tick = self.mind.head.height;
        self.ask_for_blocks(stalled);
        let heartbeat = self.mind.ticks.is_multiple_of(HEARTBEAT_TICKS);
        if heartbeat {
            self.broadcast(&Packet::Status(self.mind.head.height));
            self.send_again();
        }
        if self.place.honest {
            self.shared.watch.bounded.look(self.place, &self.mind, heartbeat);
        }
    }

    pub fn state(&self) -> &State {
        self.mind.state.as_ref().expect("step gives the state back")
    }

    /// Sends to all other peers of the channel to which a connection stands.
    pub fn broadcast(&mut self, packet: &Packet) {
        for other in self.shared.others(self.place).iter() {
            self.out.push(Out::Send(*other, packet.clone()));
        }
    }

    /// How the height after the head begins here.
    pub fn start_of_height(&mut self, record: Option<Record>) -> Start {
        let work_waits = self.has_work() && self.mind.head.settings.block_interval_ms == 0;
        let start = Start::after(&self.mind.head, record, work_waits);
        let (me, may_sign) = (self.place.me, !self.disk.now.lost);
        let validates = may_sign && start.validators.get(&me).is_some();
        self.mind.holds_back = validates && !self.mind.standing.settle(me, &start.validators);
        let speaks = may_sign && !self.mind.holds_back;
        self.mind.rules.me = if speaks { me } else { PeerId::NOBODY };
        start
    }

    /// This peer's clock, microseconds since 1970.
    pub fn now_us(&self) -> u64 {
        let (ahead_us, rate) = self.shared.plan.clocks[self.place.number];
        let passed = self.shared.now_us / 100 * rate;
        (1_600_000_000_000_000 + passed).saturating_add_signed(ahead_us)
    }

    pub fn head(&self) -> &Head {
        &self.mind.head
    }
}
