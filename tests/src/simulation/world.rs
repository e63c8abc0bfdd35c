//! One run: the peers of a plan, its troubles, and then a calm in which everything must go on.

mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use chain::keys::PeerId;
use chain::membership::SignedEntry;

use super::charter;
use super::faulty::{Faulty, Hand, Kind, Sent};
use super::invariants::{Invariant, Progress, TIMEOUTS_MAX, Violation, Watch};
use super::mutant::Mutant;
use super::node::{Input, Node, Out, TICK_US};
use super::packet::Packet;
use super::plan::Plan;
use super::queue::{Item, Queue};
use super::shared::{Place, Shared};
use super::words;

/// Between two actions of a faulty validator of its own accord.
const MISCHIEF_US: u64 = 250_000;
/// About as long as this passes between a copy of a disk and its being put back.
const COPY_US: u64 = 1_000_000;
/// Between two looks at whether things have settled.
const LOOK_US: u64 = 250_000;

/// How a run is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub mutant: Option<Mutant>,
    /// The only property that is judged, if not all are.
    pub only: Option<Invariant>,
    /// Whether the last events of each peer are kept in words.
    pub words: bool,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Over all events and effects: the same for the same seed.
    pub print: u64,
    pub events: u64,
    /// The greatest height committed.
    pub heights: u64,
    pub violation: Option<Violation>,
    pub progress: Progress,
    /// Of each peer.
    pub words: Vec<Vec<String>>,
    /// The most that any peer kept of each kind of thing.
    pub most: BTreeMap<&'static str, usize>,
}

pub struct World {
    shared: Shared,
    nodes: Vec<Node>,
    faulty: BTreeMap<usize, Box<dyn Faulty>>,
    queue: Queue,
    /// Signed by the radiostation so far, for channel 0.
    entries: Vec<Rc<SignedEntry>>,
}

/// Runs a plan; a panic of the rules is a violation too.
pub fn run(plan: &Rc<Plan>, options: &Options) -> Outcome {
    let mut world = World::new(plan.clone(), options);
    let result = catch_unwind(AssertUnwindSafe(|| world.run()));
    let progress = result.unwrap_or_else(|reason| {
        let text = reason.downcast_ref::<String>().cloned();
        let text = text.or(reason.downcast_ref::<&str>().map(|text| text.to_string()));
        let what = text.unwrap_or_default();
        world.shared.watch.violation = Some(Violation { invariant: Invariant::Panics, what });
        Progress::default()
    });
    let print = world.shared.trace.print();
    if options.words {
        world.nodes.iter().for_each(|node| node.describe(&mut world.shared.trace));
    }
    let Shared { watch, trace, .. } = world.shared;
    Outcome {
        print,
        events: trace.events,
        heights: watch.heights,
        violation: watch.violation,
        progress,
        words: trace.words(),
        most: watch.bounded.most,
    }
}

fn places(plan: &Plan) -> Vec<Rc<Place>> {
    let kind = |number: usize| plan.faulty.iter().find(|(n, _)| *n == number).map(|(_, k)| *k);
    let channel_of = |channel: usize| (0..plan.peers).map(move |number| (channel, number));
    let twins = plan.faulty.iter().filter(|(_, k)| *k == Kind::Twin).map(|(n, _)| (0, *n));
    let replays = plan.faulty.iter().any(|(_, kind)| *kind == Kind::Replayer);
    let all = channel_of(0).chain(twins).chain(channel_of(1).filter(|_| replays));
    let place = |(at, (channel, number)): (usize, (usize, usize))| {
        let key = charter::key(number);
        let me = key.public_key().peer_id();
        let (honest, careful) =
            (kind(number).is_none(), matches!(kind(number), None | Some(Kind::PutBack)));
        Rc::new(Place { at, channel, number, key, me, honest, careful })
    };
    all.enumerate().map(place).collect()
}

impl World {
    fn new(plan: Rc<Plan>, options: &Options) -> World {
        let places = places(&plan);
        let one_name = options.mutant == Some(Mutant::SignatureWithoutChannel);
        let names = ["simulated", if one_name { "simulated" } else { "another" }];
        let starts = names.map(|name| Rc::new(charter::head(name, &plan.pace, &plan.members)));
        let honest = places.iter().filter(|place| place.honest).map(|place| place.me).collect();
        let watch = Watch::new(&[plan.council(), plan.council()], honest, options.only);
        let behaviour = |place: &Rc<Place>| {
            let of = |(number, _): &&(usize, Kind)| *number == place.number;
            let kind = plan.faulty.iter().find(of).map(|(_, kind)| *kind)?;
            let other_channel = place.channel > 0;
            if other_channel { None } else { Some((place.at, kind.behaviour()?)) }
        };
        let shared = Shared::new(plan.clone(), places, watch, options);
        let node = |place: &Rc<Place>| Node::new(place.clone(), starts[place.channel].clone());
        let mut world = World {
            nodes: shared.places.iter().map(node).collect(),
            faulty: shared.places.iter().filter_map(behaviour).collect(),
            queue: Queue::default(),
            entries: Vec::new(),
            shared,
        };
        world.begin();
        world
    }

    fn begin(&mut self) {
        for peer in 0..self.nodes.len() {
            let at_us = self.shared.dice.below(100_000);
            self.queue.at(at_us, Item::Start { peer, life: 0 });
            let at_us = self.shared.dice.below(2 * self.shared.plan.load_us);
            self.queue.at(at_us, Item::Load { peer });
        }
        for place in self.shared.places.iter().filter(|place| place.careful && !place.honest) {
            self.queue.at(COPY_US, Item::Copy { peer: place.at });
        }
        for peer in self.faulty.keys() {
            self.queue.at(MISCHIEF_US, Item::Mischief { peer: *peer });
        }
        for (number, planned) in self.shared.plan.clone().troubles.iter().enumerate() {
            self.queue.at(planned.at_us, Item::Trouble(number));
        }
    }

    // The troubles; then until all has settled; then until new work is done.
    fn run(&mut self) -> Progress {
        let timeout_us = self.shared.plan.pace.timeout_ms_max * 1_000;
        let mut progress = Progress { timeout_us, ..Progress::default() };
        self.run_until(self.shared.plan.trouble_us, |_| None);
        self.become_calm();
        let bound_us = TIMEOUTS_MAX * timeout_us;
        let calm_us = self.shared.now_us;
        let waits = self.run_until(calm_us + bound_us, World::unsettled);
        progress.settled_us = self.shared.now_us - calm_us;
        if let Some(waits) = waits {
            let what = format!("{TIMEOUTS_MAX} timeouts after the troubles {waits}");
            self.shared.watch.note(Invariant::Progress, Err(what));
            return progress;
        }
        let resumed_us = self.shared.now_us;
        for peer in 0..self.nodes.len() {
            let texts = vec![format!("after the troubles, {peer}")];
            self.tell(peer, Input::Submit(texts));
        }
        let waits = self.run_until(resumed_us + bound_us, World::unsettled);
        progress.resumed_us = self.shared.now_us - resumed_us;
        if let Some(waits) = waits {
            let what = format!("{TIMEOUTS_MAX} timeouts after new work came {waits}");
            self.shared.watch.note(Invariant::Progress, Err(what));
        }
        progress
    }

    // Until `end_us`, or until nothing is waited for any more; what is, at the end.
    fn run_until(&mut self, end_us: u64, waits: fn(&World) -> Option<String>) -> Option<String> {
        let mut look_us = self.shared.now_us + LOOK_US;
        loop {
            if self.shared.calm && self.shared.now_us >= look_us {
                look_us = self.shared.now_us + LOOK_US;
                waits(self)?;
            }
            let Some((at_us, item)) = self.queue.next(end_us) else { break };
            self.shared.now_us = at_us;
            self.happen(item);
            if self.shared.watch.bounded.verdict.is_some() {
                let verdict = self.shared.watch.bounded.verdict();
                self.shared.watch.note(Invariant::Bounded, verdict);
            }
            if self.shared.watch.violation.is_some() {
                return None;
            }
        }
        self.shared.now_us = end_us;
        waits(self)
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Deliver { from, to, packet } => self.deliver(from, to, packet),
            Item::Timer { peer, life, number, height, round } => {
                self.tell_in_life(peer, life, Input::Timer { number, height, round });
            }
            Item::Work { peer, life } => self.tell_in_life(peer, life, Input::Work),
            Item::Expire { peer, life, number } => {
                self.tell_in_life(peer, life, Input::Expired(number));
            }
            Item::Tick { peer, life } if self.nodes[peer].life == life => {
                let (_, rate) = self.shared.plan.clocks[self.nodes[peer].place.number];
                let next_us = self.shared.now_us + TICK_US * 100 / rate;
                self.queue.at(next_us, Item::Tick { peer, life });
                self.tell(peer, Input::Tick);
            }
            Item::Tick { .. } => {}
            Item::Start { peer, life } => self.start(peer, life),
            Item::Connected { peer, other } => {
                if self.shared.is_connected(peer, other) {
                    self.tell(peer, Input::Connected(other));
                }
            }
            Item::Lost { peer, other } => self.tell(peer, Input::Lost(other)),
            Item::Copy { peer } => self.copy(peer),
            Item::Load { peer } => self.load(peer),
            Item::Mischief { peer } => self.mischief(peer),
            Item::Trouble(number) => self.trouble(number),
            Item::TroubleEnds(number) => self.trouble_ends(number),
        }
    }

    fn deliver(&mut self, from: usize, to: usize, packet: Packet) {
        if self.nodes[to].mind.is_none() {
            return;
        }
        let now_us = self.shared.now_us;
        let print = packet.print();
        self.shared.trace.note(now_us, to, print, || words::packet(from, &packet));
        let heard = self.faulty.contains_key(&to).then(|| packet.clone());
        self.tell(to, Input::Packet(from, packet));
        if let Some(heard) = heard
            && let Some(faulty) = self.faulty.get_mut(&to)
            && self.nodes[to].mind.is_some()
        {
            let mut hand = Hand { node: &self.nodes[to], shared: &mut self.shared };
            let said = faulty.hear(&mut hand, &heard);
            self.carry(to, said);
        }
    }

    fn tell_in_life(&mut self, peer: usize, life: u64, input: Input) {
        if self.nodes[peer].life == life {
            self.tell(peer, input);
        }
    }

    fn tell(&mut self, peer: usize, input: Input) {
        let (out, down_us) = self.nodes[peer].handle(&mut self.shared, input);
        let life = self.nodes[peer].life;
        let now_us = self.shared.now_us;
        let mut sent: Vec<Sent> = Vec::new();
        for out in out {
            match out {
                Out::Send(to, packet) => sent.push((to, packet)),
                Out::Timer { delay_us, number, height, round } => {
                    let item = Item::Timer { peer, life, number, height, round };
                    self.queue.at(now_us + delay_us, item);
                }
                Out::Work { delay_us } => {
                    self.queue.at(now_us + delay_us, Item::Work { peer, life });
                }
                Out::Expire { delay_us, number } => {
                    self.queue.at(now_us + delay_us, Item::Expire { peer, life, number });
                }
            }
        }
        if let Some(faulty) = self.faulty.get_mut(&peer) {
            let mut hand = Hand { node: &self.nodes[peer], shared: &mut self.shared };
            sent = faulty.send(&mut hand, sent);
        }
        self.carry(peer, sent);
        if let Some(down_us) = down_us {
            self.went_down(peer, down_us);
        }
    }

    fn carry(&mut self, from: usize, sent: Vec<Sent>) {
        let now_us = self.shared.now_us;
        for (to, packet) in sent {
            if packet.can_be_replayed() && self.shared.dice.chance(25) {
                self.shared.tape.record(&packet, &mut self.shared.dice);
            }
            let Shared { network, dice, .. } = &mut self.shared;
            for delay_us in network.carry(from, to, &packet, dice) {
                let packet = packet.clone();
                self.queue.at(now_us + delay_us, Item::Deliver { from, to, packet });
            }
        }
    }

    fn start(&mut self, peer: usize, life: u64) {
        if self.nodes[peer].life != life || self.shared.up[peer] {
            return;
        }
        self.shared.up[peer] = true;
        self.tell(peer, Input::Start);
        let now_us = self.shared.now_us;
        self.queue.at(now_us + self.shared.dice.below(TICK_US), Item::Tick { peer, life });
        for other in self.shared.others(&self.nodes[peer].place).iter() {
            self.connect(peer, *other);
        }
        if self.nodes[peer].place.channel == 0 {
            for entry in self.entries.clone() {
                self.tell(peer, Input::Entry(entry));
            }
        }
    }

    fn connect(&mut self, peer: usize, other: usize) {
        let after_us = self.shared.now_us + self.shared.dice.between(1_000, 200_000);
        self.queue.at(after_us, Item::Connected { peer, other });
        self.queue.at(after_us, Item::Connected { peer: other, other: peer });
    }

    fn went_down(&mut self, peer: usize, down_us: u64) {
        self.shared.up[peer] = false;
        let (now_us, life) = (self.shared.now_us, self.nodes[peer].life);
        let down_us = if self.shared.calm { 0 } else { down_us };
        self.queue.at(now_us + down_us + 1, Item::Start { peer, life });
        for other in self.shared.others(&self.nodes[peer].place).iter() {
            self.queue.at(now_us, Item::Lost { peer: *other, other: peer });
        }
    }

    // The disk's copy of some time ago takes its place, or a copy is made.
    fn copy(&mut self, peer: usize) {
        if self.shared.calm {
            return;
        }
        let node = &mut self.nodes[peer];
        match node.copy.take() {
            None => node.copy = Some(node.disk.durable().clone()),
            Some(copy) => {
                let ran = node.mind.is_some();
                node.fail(&mut self.shared);
                self.nodes[peer].disk.put_back(copy);
                if ran {
                    let down_us = self.shared.dice.below(2 * COPY_US);
                    self.went_down(peer, down_us);
                }
            }
        }
        let after_us = self.shared.dice.between(1_000, 2 * COPY_US);
        self.queue.at(self.shared.now_us + after_us, Item::Copy { peer });
    }

    fn load(&mut self, peer: usize) {
        if self.shared.calm {
            return;
        }
        let count = self.shared.dice.between(1, 4);
        let texts = (0..count).map(|_| format!("{:x}", self.shared.dice.number())).collect();
        self.tell(peer, Input::Submit(texts));
        let after_us = self.shared.dice.between(1_000, 2 * self.shared.plan.load_us);
        self.queue.at(self.shared.now_us + after_us, Item::Load { peer });
    }

    fn mischief(&mut self, peer: usize) {
        let Some(faulty) = self.faulty.get_mut(&peer) else { return };
        if self.nodes[peer].mind.is_some() {
            let mut hand = Hand { node: &self.nodes[peer], shared: &mut self.shared };
            let said = faulty.tick(&mut hand);
            self.carry(peer, said);
        }
        // In the calm the others are to go on in spite of it; less of it costs less time.
        let pause_us = if self.shared.calm { 4 * MISCHIEF_US } else { MISCHIEF_US };
        self.queue.at(self.shared.now_us + pause_us, Item::Mischief { peer });
    }

    // What is still waited for; none when nothing is.
    fn unsettled(&self) -> Option<String> {
        let channels: BTreeSet<usize> = self.nodes.iter().map(|n| n.place.channel).collect();
        channels.into_iter().find_map(|channel| self.unsettled_on(channel))
    }

    fn unsettled_on(&self, channel: usize) -> Option<String> {
        let ours = |node: &&Node| node.place.channel == channel && node.place.honest;
        let honest: Vec<&Node> = self.nodes.iter().filter(ours).collect();
        let top = honest.iter().map(|node| node.disk.now.head.height).max()?;
        let council = self.shared.watch.council(channel);
        let mut complaining: BTreeSet<PeerId> = BTreeSet::new();
        for node in &honest {
            let (at, height) = (node.place.at, node.disk.now.head.height);
            if height < top {
                return Some(format!("peer {at} is at height {height}, others at {top}"));
            }
            let state = node.mind.as_ref().and_then(|mind| mind.state.as_ref());
            if state.is_none_or(|state| state.is_complaining()) {
                complaining.insert(node.place.me);
            }
            let entries = node.disk.now.head.membership.entries.0;
            let signed = (self.shared.plan.members.len() - 1 + self.entries.len()) as u64;
            if channel == 0 && entries < signed {
                return Some(format!("entry {} of {signed} is not committed", entries + 1));
            }
        }
        if council.has_honest(&complaining) {
            return Some(format!("{complaining:?} complain at height {}", top.next()));
        }
        let watch = &self.shared.watch;
        watch.batches.missing(|on, maker| on == channel && council.may_create(maker))
    }
}
