//! What all simulated peers share: time, dice, the network, and those who watch.

use std::rc::Rc;

use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::lft::message::{Message, Statement};

use super::dice::Dice;
use super::invariants::Watch;
use super::memo::Memo;
use super::mutant::Mutant;
use super::network::Network;
use super::packet::Letter;
use super::plan::Plan;
use super::tape::Tape;
use super::trace::Trace;

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
}

pub struct Shared {
    pub now_us: u64,
    pub dice: Dice,
    pub plan: Rc<Plan>,
    pub network: Network,
    pub places: Vec<Rc<Place>>,
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

impl Shared {
    /// Peers on the same channel that are not the same peer.
    pub fn others(&self, place: &Place) -> Vec<usize> {
        let other = |there: &&Rc<Place>| there.channel == place.channel && there.me != place.me;
        self.places.iter().filter(other).map(|there| there.at).collect()
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
        let able: Vec<usize> = self.others(place).into_iter().filter(connected).collect();
        if able.is_empty() { None } else { Some(*self.dice.one_of(&able)) }
    }

    /// Signs with a peer's key; the watch learns what was really signed, by whomever.
    pub fn sign(&mut self, place: &Place, channel: &Hash, statement: Statement) -> Rc<Letter> {
        let message = statement.sign(channel, &place.key);
        if let Message::Ballot { ballot, signer, .. } = &message {
            self.watch.certificates.signed(place.channel, *signer, ballot);
        }
        Letter::new(message)
    }
}
