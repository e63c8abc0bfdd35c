//! Validators that break the rules, one kind a file. Each runs an honest peer inside, changes what
//! that one sends, and adds what it likes. All of it is signed with its own key only.

mod double_voter;
mod equivocator;
mod flooder;
mod forger;
mod liar;
mod replayer;
mod silent;
mod withholder;

use std::rc::Rc;

use chain::block::{Block, BlockContent};
use chain::count::Height;
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::Statement;

use super::node::Node;
use super::packet::{Letter, Packet};
use super::shared::Shared;

/// A packet and whom it is for.
pub type Sent = (usize, Packet);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Silent,
    Equivocator,
    /// The same key running twice; each of the two believes to be honest.
    Twin,
    DoubleVoter,
    Liar,
    Withholder,
    Replayer,
    Forger,
    Flooder,
    /// Its storage is put back from an earlier copy, again and again.
    PutBack,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Silent,
        Kind::Equivocator,
        Kind::Twin,
        Kind::DoubleVoter,
        Kind::Liar,
        Kind::Withholder,
        Kind::Replayer,
        Kind::Forger,
        Kind::Flooder,
        Kind::PutBack,
    ];

    /// The behaviour, fresh; none for a twin, which is two honest peers, and for one whose storage
    /// is put back, which is an honest peer with a bad memory.
    pub fn behaviour(self) -> Option<Box<dyn Faulty>> {
        Some(match self {
            Kind::Silent => Box::new(silent::Silent),
            Kind::Equivocator => Box::<equivocator::Equivocator>::default(),
            Kind::Twin | Kind::PutBack => return None,
            Kind::DoubleVoter => Box::<double_voter::DoubleVoter>::default(),
            Kind::Liar => Box::<liar::Liar>::default(),
            Kind::Withholder => Box::new(withholder::Withholder),
            Kind::Replayer => Box::new(replayer::Replayer),
            Kind::Forger => Box::<forger::Forger>::default(),
            Kind::Flooder => Box::new(flooder::Flooder),
        })
    }
}

/// What a faulty validator does differently.
pub trait Faulty {
    /// What it sends instead of what the honest peer inside would.
    fn send(&mut self, _hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        sent
    }

    /// What it sends when it hears something, beside what the honest peer inside does.
    fn hear(&mut self, _hand: &mut Hand<'_>, _packet: &Packet) -> Vec<Sent> {
        Vec::new()
    }

    /// What it sends several times a second.
    fn tick(&mut self, _hand: &mut Hand<'_>) -> Vec<Sent> {
        Vec::new()
    }
}

/// What a faulty validator has at hand.
pub struct Hand<'a> {
    pub node: &'a Node,
    pub shared: &'a mut Shared,
}

impl Hand<'_> {
    pub fn me(&self) -> PeerId {
        self.node.place.me
    }

    pub fn channel(&self) -> Hash {
        self.node.disk.now.head.channel
    }

    /// The height being decided.
    pub fn height(&self) -> Height {
        self.node.disk.now.head.height.next()
    }

    pub fn others(&self) -> Vec<usize> {
        self.shared.others(&self.node.place).to_vec()
    }

    /// Some of the others.
    pub fn some(&mut self) -> Vec<usize> {
        let mut others = self.others();
        self.shared.dice.shuffle(&mut others);
        let count = self.shared.dice.between(1, others.len().max(1) as u64) as usize;
        others.truncate(count);
        others
    }

    pub fn sign(&mut self, statement: Statement) -> Rc<Letter> {
        let channel = self.channel();
        self.shared.sign(&self.node.place, &channel, statement)
    }

    pub fn say(&mut self, to: &[usize], statement: Statement) -> Vec<Sent> {
        let letter = self.sign(statement);
        to.iter().map(|to| (*to, Packet::Message(letter.clone()))).collect()
    }

    /// A block by this peer that says the same as `block`, and is another one.
    pub fn another(&mut self, block: &Block) -> Block {
        let later_us = self.shared.dice.between(1, 1_000);
        let content = BlockContent {
            timestamp_us: block.header.timestamp_us + later_us,
            batches: block.batches.clone(),
            entries: block.entries.clone(),
            previous_certificate: block.previous_certificate.clone(),
            executed: block.header.executed,
        };
        let header = &block.header;
        Block::new(header.channel, header.height, header.previous, self.me(), content)
    }
}
