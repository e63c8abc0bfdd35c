//! A simulated peer: a second driver around the same rules, pool, ledger and catch-up as the
//! channel's thread of the real one (`peer/src/channel`), which it follows file by file.

mod apply;
mod batches;
mod blocks;
mod catching_up;
mod early;
mod standing;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use chain::block::Block;
use chain::catch_up::CatchUp;
use chain::certificate::Certificate;
use chain::count::{Height, Round, Sequence};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::Head;
use chain::lft::message::Known;
use chain::lft::standing::{LastSaid, Standing};
use chain::lft::{Event, Rules, State};
use chain::membership::SignedEntry;
use chain::pool::Pool;

use super::disk::{Contents, Disk};
use super::mutant::Heard;
use super::packet::{Fetched, Letter, Packet, Request};
use super::shared::{Place, Shared};
use super::trace::Trace;
use early::Early;
pub use early::PER_SENDER_MAX;
pub use turn::Turn;

/// Between two looks after what may have been missed.
pub const TICK_US: u64 = 100_000;
/// Ticks between heartbeats.
const HEARTBEAT_TICKS: u64 = 20;
/// Ticks between two times that a peer asks again what it said, while its complaints lead nowhere.
const ASK_AGAIN_TICKS: u64 = 50;
/// Own messages kept for peers that connect.
pub const SAID_MAX: usize = 8;
/// Membership entries that wait.
pub const ENTRIES_WAITING_MAX: usize = 8192;
/// After which a request counts as failed.
const REQUEST_US: u64 = 3_000_000;

/// What happens to a peer.
#[derive(Clone, Debug)]
pub enum Input {
    Start,
    Packet(usize, Packet),
    Timer {
        number: u64,
        height: Height,
        round: Round,
    },
    Work,
    Tick,
    Connected(usize),
    Lost(usize),
    /// From the radiostation.
    Entry(Rc<SignedEntry>),
    /// A client's transactions.
    Submit(Vec<String>),
    /// No answer came to that request.
    Expired(u64),
}

/// What a peer does.
#[derive(Clone, Debug)]
pub enum Out {
    Send(usize, Packet),
    Timer { delay_us: u64, number: u64, height: Height, round: Round },
    Work { delay_us: u64 },
    Expire { delay_us: u64, number: u64 },
}

/// What is lost when the power fails.
pub struct Mind {
    pub head: Rc<Head>,
    pub head_certificate: Option<Certificate>,
    pub rules: Rules,
    /// Taken only while `step` has it.
    pub state: Option<State>,
    pub pool: Pool,
    pub entries: BTreeMap<Sequence, Rc<SignedEntry>>,
    pub said: VecDeque<Rc<Letter>>,
    pub queue: VecDeque<Event>,
    pub early: Early,
    pub checks: BTreeMap<Hash, Block>,
    pub wanted_block: Option<Hash>,
    pub catch_up: CatchUp<Fetched>,
    pub timer: Option<u64>,
    pub timers: u64,
    pub work_since: bool,
    pub told: BTreeSet<usize>,
    pub retold: BTreeSet<usize>,
    pub ticks: u64,
    pub height_at_tick: Height,
    pub standing: Standing,
    pub holds_back: bool,
    pub last_said: LastSaid,
    pub asked: BTreeMap<u64, (PeerId, Request)>,
    pub requests: u64,
    pub due_at_heartbeat: Sequence,
    pub next_own: Sequence,
    /// What messages about the height being decided were last checked against.
    pub known: Option<Rc<Known>>,
    /// Only mutants use it.
    pub heard: Heard,
}

pub struct Node {
    pub place: Rc<Place>,
    pub disk: Disk,
    /// Of the disk, as it was earlier; only of a peer whose storage will be put back.
    pub copy: Option<Contents>,
    /// None while the peer is down.
    pub mind: Option<Box<Mind>>,
    /// Counts restarts, so that what was meant for an earlier life is not heard.
    pub life: u64,
    /// Effects until the power fails, and for how long.
    pub crash_in: Option<(u64, u64)>,
}

impl Node {
    pub fn new(place: Rc<Place>, start: Rc<Head>) -> Node {
        Node { place, disk: Disk::new(start), copy: None, mind: None, life: 0, crash_in: None }
    }

    /// Tells the peer something; what it does then, and for how long it is down if it crashed.
    pub fn handle(&mut self, shared: &mut Shared, input: Input) -> (Vec<Out>, Option<u64>) {
        let mind = match (&input, self.mind.take()) {
            (Input::Start, None) => Turn::wake(&self.place, &self.disk, self.life, shared),
            (Input::Start, Some(mind)) => mind,
            (_, Some(mind)) => mind,
            (_, None) => return (Vec::new(), None),
        };
        let mut turn = Turn {
            place: &self.place,
            disk: &mut self.disk,
            mind,
            shared,
            out: Vec::new(),
            crash_in: &mut self.crash_in,
            down_us: None,
        };
        turn.take(input);
        let (out, down_us, mind) = (turn.out, turn.down_us, turn.mind);
        match down_us {
            Some(_) => self.fail(shared),
            None => self.mind = Some(mind),
        }
        (out, down_us)
    }

    /// Notes where the peer stands.
    pub fn describe(&self, trace: &mut Trace) {
        let Some(Mind { head, pool, checks, wanted_block, catch_up, asked, state, .. }) =
            self.mind.as_deref()
        else {
            return trace.note(0, self.place.at, 0, || "is down".to_string());
        };
        let round = state.as_ref().map(|state| state.round);
        trace.note(0, self.place.at, 0, || {
            format!(
                "in the end: height {} committed, round {round:?}, {} bytes wait, checks {:?}, wants \
                 {wanted_block:?}, asked {asked:?}, {catch_up:?}",
                head.height,
                pool.bytes(),
                checks.keys(),
            )
        });
    }

    /// The power fails.
    pub fn fail(&mut self, shared: &mut Shared) {
        let (now_us, at) = (shared.now_us, self.place.at);
        shared.trace.note(now_us, at, 0xdeaf, || "what was not on the disk is lost".to_string());
        shared.watch.failed(&self.place);
        self.disk.crash(&mut shared.dice);
        self.mind = None;
        self.life += 1;
        self.crash_in = None;
    }
}
