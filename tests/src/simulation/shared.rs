//! What all simulated peers share: time, dice, the network, and those who watch.

use std::collections::VecDeque;
use std::rc::Rc;

use chain::count::Height;
use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::lft::message::{Known, Statement};
use chain::validators::ValidatorSet;

use super::dice::Dice;
use super::faulty::Kind;
use super::invariants::Watch;
use super::memo::Memo;
use super::mutant::Mutant;
use super::network::Network;
use super::packet::Letter;
use super::plan::Plan;
use super::tape::Tape;
use super::trace::Trace;
use super::world::Options;

/// Heights and channels at which peers stand at one time are fewer.
const KNOWN_MAX: usize = 16;

/// Who a simulated peer is.
#[derive(Debug)]
pub struct Place {
    /// Among all simulated peers.
    pub at: usize,
    /// 0, or 1 for the other channel that the same peers are on.
    pub channel: usize,
    /// Of its key; a twin shares it.
    pub number: usize,
    pub key: SecretKey,
    pub me: PeerId,
    pub honest: bool,
    /// Whether it asks, when it starts, what it said before, and heeds the answers.
    pub careful: bool,
}

pub struct Shared {
    pub now_us: u64,
    pub dice: Dice,
    pub plan: Rc<Plan>,
    pub network: Network,
    pub places: Vec<Rc<Place>>,
    /// Of each peer, those on the same channel that are not the same peer.
    others: Vec<Rc<[usize]>>,
    /// What messages were last checked against, so that peers who know the same share it.
    known: VecDeque<Rc<Known>>,
    /// Who runs.
    pub up: Vec<bool>,
    pub watch: Watch,
    pub trace: Trace,
    pub memo: Memo,
    pub tape: Tape,
    pub mutant: Option<Mutant>,
    /// Whether clients go on and troubles are over.
    pub calm: bool,
}

/// Of each of `places`, those on the same channel that are not the same peer.
fn others_of(places: &[Rc<Place>]) -> Vec<Rc<[usize]>> {
    let others = |place: &Rc<Place>| {
        let other = |there: &&Rc<Place>| there.channel == place.channel && there.me != place.me;
        places.iter().filter(other).map(|there| there.at).collect()
    };
    places.iter().map(others).collect()
}

impl Shared {
    /// Before anything runs.
    pub fn new(plan: Rc<Plan>, places: Vec<Rc<Place>>, watch: Watch, options: &Options) -> Shared {
        let runs = plan.faulty.iter().any(|(_, kind)| *kind == Kind::Replayer);
        Shared {
            now_us: 0,
            dice: Dice::new(plan.seed, 100),
            network: Network::new(plan.links),
            up: vec![false; places.len()],
            watch,
            trace: Trace::new(places.len(), options.words),
            memo: Memo::default(),
            tape: Tape::new(runs),
            mutant: options.mutant,
            calm: false,
            others: others_of(&places),
            known: VecDeque::new(),
            places,
            plan,
        }
    }

    /// Peers on the same channel that are not the same peer.
    pub fn others(&self, place: &Place) -> Rc<[usize]> {
        self.others[place.at].clone()
    }

    /// What messages about `height` are checked against by those for whom `validators` decide.
    pub fn known(&mut self, channel: Hash, height: Height, validators: &ValidatorSet) -> Rc<Known> {
        let same = |known: &&Rc<Known>| {
            (known.height, known.channel) == (height, channel) && known.validators == *validators
        };
        if let Some(known) = self.known.iter().find(same) {
            return known.clone();
        }
        let known = Rc::new(Known { channel, height, validators: validators.clone() });
        self.known.truncate(KNOWN_MAX - 1);
        self.known.push_front(known.clone());
        known
    }

    /// Whether a connection stands.
    pub fn is_connected(&self, a: usize, b: usize) -> bool {
        self.up[a] && self.up[b] && !self.network.is_cut(a, b)
    }

    /// One of those with that name on that channel to which a connection stands.
    pub fn find(&mut self, place: &Place, peer: &PeerId) -> Option<usize> {
        let connected = |at: &usize| {
            let there = &self.places[*at];
            there.me == *peer && self.is_connected(place.at, *at)
        };
        let able: Vec<usize> = self.others(place).iter().copied().filter(connected).collect();
        if able.is_empty() { None } else { Some(*self.dice.one_of(&able)) }
    }

    /// Signs with a peer's key; the watch learns what was really signed, by whomever.
    pub fn sign(&mut self, place: &Place, channel: &Hash, statement: Statement) -> Rc<Letter> {
        let message = statement.sign(channel, &place.key);
        self.watch.certificates.signed(place.channel, &message);
        Letter::new(message)
    }
}
