//! Four validators in memory: messages are lost, doubled, late and out of order, peers crash
//! between any two effects and start again from what they had persisted. Whatever happens they
//! agree, and once things are quiet they go on. A failure names its seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Ballot, Effect, Event, Message, Record, Rules, Start, State, Statement, step};
use crate::block::{Block, BlockContent, CommittedBlock};
use crate::certificate::Stage;
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::verify;
use crate::ledger::Head;
use crate::lft::message::Known;
use crate::tests::{Dice, content, head, key, peer, reference};

/// The last one is down, or runs with the key of the first at the same time.
const NODES: usize = 5;
const TWIN: usize = NODES - 1;
const VALIDATORS: usize = NODES - 1;
/// How long things go wrong, and by when all must have gone on after that, ms.
const TROUBLE_MS: u64 = 15_000;
const QUIET_MS: u64 = 120_000;
const LATER_MAX: usize = 200;

/// What goes wrong, in percent.
#[derive(Clone, Copy)]
struct Trouble {
    loss: u64,
    doubled: u64,
    delay_ms: u64,
    /// For every effect.
    crash: u64,
    /// Blocks found invalid at first: their batches do not come.
    refused: u64,
    silent: Option<usize>,
    twin: bool,
}

enum Item {
    Deliver { to: usize, message: Arc<Message> },
    Timer { node: usize, number: u64, event: Event },
    Tell { node: usize, life: u64, event: Event },
    Begin { node: usize, life: u64 },
    Want { from: usize, to: usize, block: Hash },
    Status { from: usize, to: usize },
    Blocks { to: usize, blocks: Vec<CommittedBlock> },
    Beat,
    Start { node: usize },
}

struct Node {
    /// On disk.
    head: Head,
    chain: Vec<CommittedBlock>,
    record: Option<Record>,
    /// In memory; none while the node is down.
    state: Option<State>,
    life: u64,
    timer: u64,
    /// Messages of later heights.
    later: Vec<Arc<Message>>,
}

struct World {
    dice: Dice,
    trouble: Trouble,
    now_ms: u64,
    items: BTreeMap<(u64, u64), Item>,
    count: u64,
    nodes: Vec<Node>,
    /// What every node must agree on.
    committed: BTreeMap<Height, Hash>,
    ballots: BTreeMap<(usize, Stage, Height, Round), Hash>,
    accused: u64,
}

/// Of the node's key.
fn number(node: usize) -> u8 {
    (node % VALIDATORS) as u8 + 1
}

fn run(trouble: Trouble, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let failed = std::panic::catch_unwind(|| World::new(trouble, seed).run());
        if let Err(reason) = failed {
            let text = reason.downcast_ref::<String>().cloned();
            panic!("seed {seed}: {}", text.unwrap_or("see above".into()));
        }
    }
}

impl World {
    fn new(trouble: Trouble, seed: u64) -> World {
        let node = |_| Node {
            head: head(VALIDATORS as u8),
            chain: Vec::new(),
            record: None,
            state: None,
            life: 0,
            timer: 0,
            later: Vec::new(),
        };
        let nodes = (0..NODES).map(node).collect();
        let mut world = World {
            dice: Dice(seed),
            trouble,
            now_ms: 0,
            items: BTreeMap::new(),
            count: 0,
            nodes,
            committed: BTreeMap::new(),
            ballots: BTreeMap::new(),
            accused: 0,
        };
        for node in world.awake() {
            world.after(1, Item::Start { node });
        }
        world.after(300, Item::Beat);
        world
    }

    fn awake(&self) -> Vec<usize> {
        let up = |node: &usize| {
            Some(*node) != self.trouble.silent && (*node != TWIN || self.trouble.twin)
        };
        (0..NODES).filter(up).collect()
    }

    fn run(mut self) {
        self.run_until(TROUBLE_MS, |_| false);
        self.trouble =
            Trouble { loss: 0, doubled: 0, delay_ms: 50, crash: 0, refused: 0, ..self.trouble };
        let goal = self.nodes.iter().map(|node| node.head.height.0).max().unwrap_or(0) + 3;
        let there = |world: &World| {
            let honest = |node: &usize| !world.trouble.twin || number(*node) != 1;
            let mut nodes = world.awake().into_iter().filter(honest);
            nodes.all(|node| world.nodes[node].head.height.0 >= goal)
        };
        self.run_until(TROUBLE_MS + QUIET_MS, there);
        let heights: Vec<u64> = self.nodes.iter().map(|node| node.head.height.0).collect();
        let rounds: Vec<_> =
            self.nodes.iter().map(|n| n.state.as_ref().map(|s| s.round.0)).collect();
        assert!(there(&self), "no progress: heights {heights:?}, rounds {rounds:?}, goal {goal}");
        assert_eq!(self.accused > 0, self.trouble.twin, "who says two things is found out");
    }

    fn run_until(&mut self, end_ms: u64, enough: impl Fn(&World) -> bool) {
        while !enough(self) {
            let Some(entry) = self.items.first_entry() else { return };
            if entry.key().0 > end_ms {
                return;
            }
            let ((now_ms, _), item) = entry.remove_entry();
            self.now_ms = now_ms;
            self.happen(item);
        }
    }

    fn after(&mut self, delay_ms: u64, item: Item) {
        self.count += 1;
        self.items.insert((self.now_ms + delay_ms, self.count), item);
    }

    /// Over the network: perhaps late, perhaps twice, perhaps not at all.
    fn carry(&mut self, make: impl Fn() -> Item) {
        if self.dice.chance(self.trouble.loss) {
            return;
        }
        let copies = 1 + u64::from(self.dice.chance(self.trouble.doubled));
        for _ in 0..copies {
            let delay_ms = 1 + self.dice.below(self.trouble.delay_ms);
            self.after(delay_ms, make());
        }
    }

    fn happen(&mut self, item: Item) {
        match item {
            Item::Start { node } => self.start(node),
            Item::Beat => self.beat(),
            Item::Deliver { to, message } => self.deliver(to, &message),
            Item::Timer { node, number, event } if self.nodes[node].timer == number => {
                self.tell(node, event);
            }
            Item::Tell { node, life, event } if self.nodes[node].life == life => {
                self.tell(node, event);
            }
            Item::Begin { node, life } if self.nodes[node].life == life => self.begin(node),
            Item::Timer { .. } | Item::Tell { .. } | Item::Begin { .. } => {}
            Item::Want { from, to, block } => {
                let found = self.nodes[to].state.as_ref().and_then(|s| s.block(&block)).cloned();
                if let Some(block) = found {
                    let life = self.nodes[from].life;
                    self.carry(|| {
                        let event = Event::BlockFound(block.clone());
                        Item::Tell { node: from, life, event }
                    });
                }
            }
            Item::Status { from, to } => {
                let have = self.nodes[to].chain.len();
                let blocks: Vec<_> = self.nodes[from].chain.iter().skip(have).cloned().collect();
                if !blocks.is_empty() {
                    self.carry(|| Item::Blocks { to, blocks: blocks.clone() });
                }
            }
            Item::Blocks { to, blocks } => self.catch_up(to, blocks),
        }
    }

    fn start(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        let start = Start::after(&this.head, this.record.clone(), true);
        this.state = Some(State::new(start));
        self.tell(node, Event::Recovered);
    }

    /// Every peer says how far it is.
    fn beat(&mut self) {
        for from in self.awake() {
            for to in self.awake() {
                if from != to && self.nodes[from].state.is_some() {
                    self.carry(|| Item::Status { from, to });
                }
            }
        }
        self.after(300, Item::Beat);
    }

    fn deliver(&mut self, to: usize, message: &Arc<Message>) {
        let node = &mut self.nodes[to];
        let Some(state) = &node.state else { return };
        if message.height() > state.height && node.later.len() < LATER_MAX {
            node.later.push(message.clone());
        }
        if message.height() != state.height {
            return;
        }
        let validators = state.validators.clone();
        let known = Known { channel: node.head.channel, height: state.height, validators };
        let verified = verify(message.as_ref().clone(), &known).expect("peers are honest");
        self.tell(to, Event::Received(Box::new(verified)));
    }

    fn catch_up(&mut self, to: usize, blocks: Vec<CommittedBlock>) {
        let life = self.nodes[to].life;
        for committed in blocks {
            let next = self.nodes[to].head.height.next();
            if self.nodes[to].state.is_some() && committed.block.header.height == next {
                self.commit(to, committed);
            }
        }
        self.after(0, Item::Begin { node: to, life });
    }

    fn begin(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        if this.state.as_ref().is_none_or(|state| state.height > this.head.height) {
            return;
        }
        let start = Start::after(&this.head, this.record.clone(), true);
        let height = start.height;
        let (now, later) = this.later.drain(..).partition(|m: &Arc<Message>| m.height() == height);
        this.later = later;
        this.later.retain(|message| message.height() > height);
        self.tell(node, Event::Committed(Box::new(start)));
        let now: Vec<Arc<Message>> = now;
        for message in now {
            self.after(0, Item::Deliver { to: node, message });
        }
    }

    fn tell(&mut self, node: usize, event: Event) {
        let Some(state) = self.nodes[node].state.take() else { return };
        let rules = Rules {
            me: peer(number(node)),
            channel: self.nodes[node].head.channel,
            timeout_ms: 1_000,
            timeout_ms_max: 8_000,
        };
        let (state, effects) = step(&rules, state, event);
        self.nodes[node].state = Some(state);
        for effect in effects {
            if self.dice.chance(self.trouble.crash) {
                return self.crash(node);
            }
            self.carry_out(node, effect);
        }
    }

    fn crash(&mut self, node: usize) {
        let this = &mut self.nodes[node];
        this.state = None;
        this.life += 1;
        this.timer += 1;
        this.later.clear();
        let delay_ms = 1 + self.dice.below(2_000);
        self.after(delay_ms, Item::Start { node });
    }

    fn carry_out(&mut self, node: usize, effect: Effect) {
        let life = self.nodes[node].life;
        let delay_ms = 1 + self.dice.below(20);
        match effect {
            Effect::Persist(record) => self.nodes[node].record = Some(*record),
            Effect::Send(statement) => self.send(node, *statement),
            Effect::SetTimer { height, round, timeout_ms } => {
                self.nodes[node].timer += 1;
                let number = self.nodes[node].timer;
                let skewed_ms = timeout_ms * (90 + self.dice.below(20)) / 100;
                let event = Event::TimedOut { height, round };
                self.after(skewed_ms, Item::Timer { node, number, event });
            }
            Effect::BuildBlock { height, round } => {
                let block = Some(self.build(node));
                let event = Event::BlockBuilt { height, round, block };
                self.after(delay_ms, Item::Tell { node, life, event });
            }
            Effect::CheckBlock(block) => {
                let (height, hash) = (block.header.height, block.hash());
                let refused = self.dice.chance(self.trouble.refused);
                let valid = !refused && self.nodes[node].head.check(&block).is_ok();
                let event = Event::BlockChecked { height, block: hash, valid };
                self.after(delay_ms, Item::Tell { node, life, event });
            }
            Effect::FetchBlock { block, .. } => {
                for to in (0..NODES).filter(|to| *to != node) {
                    self.carry(|| Item::Want { from: node, to, block });
                }
            }
            Effect::Commit(committed) => {
                self.commit(node, *committed);
                self.after(0, Item::Begin { node, life });
            }
            Effect::Accuse(evidence) => {
                let guilty = self.trouble.twin && evidence.signer == peer(1);
                assert!(guilty, "an honest peer is accused: {evidence:?}");
                self.accused += 1;
            }
        }
    }

    fn build(&mut self, node: usize) -> Block {
        let this = &self.nodes[node];
        let maker = number(node);
        let number = this.head.next_batch(&peer(maker)).0;
        let content = BlockContent {
            timestamp_us: this.head.timestamp_us + 1 + self.now_ms,
            batches: vec![reference(&this.head, maker, number)],
            previous_certificate: this.chain.last().map(|last| last.certificate.clone()),
            ..content(&head(1))
        };
        crate::tests::block(&this.head, maker, content)
    }

    fn commit(&mut self, node: usize, committed: CommittedBlock) {
        let this = &mut self.nodes[node];
        assert_eq!(this.head.check_committed(&committed), Ok(()), "node {node}");
        let (height, hash) = (committed.block.header.height, committed.block.hash());
        let first = *self.committed.entry(height).or_insert(hash);
        assert_eq!(first, hash, "node {node} committed another block at {height}");
        this.head = this.head.apply(&committed.block);
        this.chain.push(committed);
        assert_eq!(this.chain.len() as u64, height.0, "no gap");
    }

    fn send(&mut self, node: usize, statement: Statement) {
        self.check_durable(node, &statement);
        let channel = self.nodes[node].head.channel;
        let message = Arc::new(statement.sign(&channel, &key(number(node))));
        self.after(0, Item::Deliver { to: node, message: message.clone() });
        for to in self.awake().into_iter().filter(|to| *to != node) {
            self.carry(|| Item::Deliver { to, message: message.clone() });
        }
    }

    /// Nothing is said that the disk does not know, and nothing is taken back.
    fn check_durable(&mut self, node: usize, statement: &Statement) {
        let none = Record::default();
        let record = self.nodes[node].record.as_ref().unwrap_or(&none);
        let durable = match statement {
            Statement::Propose(proposal) => record.proposed.as_ref() == Some(proposal),
            Statement::Ballot(Ballot { stage: Stage::Vote, round, block, .. }) => {
                record.voted == Some((*round, *block))
            }
            Statement::Ballot(Ballot { round, .. }) => record.high_round() >= Some(*round),
            Statement::Complain(complaint, high) => {
                record.complained >= Some(complaint.round) && record.high == *high
            }
            Statement::PassOn(_) => true,
        };
        assert!(durable, "node {node} said {statement:?} with {record:?} on disk");
        if let Statement::Ballot(Ballot { stage, height, round, block }) = statement {
            let place = (node, *stage, *height, *round);
            let first = *self.ballots.entry(place).or_insert(*block);
            assert_eq!(first, *block, "node {node} said two things in round {round} of {height}");
        }
    }
}

const QUIET: Trouble =
    Trouble { loss: 0, doubled: 0, delay_ms: 50, crash: 0, refused: 0, silent: None, twin: false };

#[test]
fn quiet_links() {
    run(QUIET, 0..2);
}

#[test]
fn lossy_links() {
    run(Trouble { loss: 25, doubled: 10, delay_ms: 600, ..QUIET }, 0..40);
}

#[test]
fn slow_links() {
    run(Trouble { loss: 5, delay_ms: 5_000, refused: 20, ..QUIET }, 0..60);
}

#[test]
fn crashes() {
    run(Trouble { loss: 10, delay_ms: 300, crash: 2, ..QUIET }, 0..40);
}

#[test]
fn crashes_slow_links_and_a_silent_peer() {
    for silent in 0..VALIDATORS {
        let first = silent as u64 * 15;
        let silent = Some(silent);
        let trouble = Trouble {
            loss: 15,
            doubled: 5,
            delay_ms: 1_500,
            crash: 1,
            refused: 10,
            silent,
            ..QUIET
        };
        run(trouble, first..first + 15);
    }
}

/// The same key at work twice: two blocks for a round, two votes, confirms that complaints deny.
#[test]
fn a_twin() {
    run(Trouble { loss: 10, delay_ms: 800, twin: true, ..QUIET }, 0..30);
    run(Trouble { loss: 5, delay_ms: 300, crash: 1, refused: 5, twin: true, ..QUIET }, 30..50);
}
