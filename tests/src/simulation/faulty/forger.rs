//! Makes up certificates: of its own signature alone, of others' under other things, and of keys
//! that nobody has; inside complaints, justifications, proposed and committed blocks.

use std::rc::Rc;

use chain::block::{Block, BlockContent, CommittedBlock, Executed};
use chain::certificate::{Certificate, Stage, ballot_digest};
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::keys::{PeerId, Signature};
use chain::lft::message::{
    Complaint, ComplaintCertificate, Justification, Message, Proposal, Statement,
};

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::{Packet, Response};

const KEPT_MAX: usize = 32;

#[derive(Default)]
pub struct Forger {
    /// Signatures of others, under whatever they signed.
    signatures: Vec<(PeerId, Signature)>,
}

impl Forger {
    fn certificate(
        &self,
        hand: &mut Hand<'_>,
        (stage, height, round): (Stage, Height, Round),
        block: Hash,
    ) -> Certificate {
        let digest = ballot_digest(&hand.channel(), stage, height, round, &block);
        let own = (hand.me(), hand.node.place.key.sign(&digest));
        let mut signatures = vec![own];
        match hand.shared.dice.below(3) {
            0 => {}
            1 => signatures.extend(self.signatures.iter().copied()),
            _ => {
                let validators = hand.shared.plan.council().validators();
                signatures.extend(validators.into_iter().map(|peer| (peer, own.1)));
            }
        }
        signatures.sort_unstable();
        signatures.dedup_by_key(|(peer, _)| *peer);
        Certificate { stage, height, round, block, signatures }
    }
}

impl Faulty for Forger {
    fn hear(&mut self, _hand: &mut Hand<'_>, packet: &Packet) -> Vec<Sent> {
        if let Packet::Message(letter) = packet
            && let Message::Ballot { signer, signature, .. } = &letter.message
        {
            self.signatures.retain(|(peer, _)| peer != signer);
            self.signatures.push((*signer, *signature));
            self.signatures.truncate(KEPT_MAX);
        }
        Vec::new()
    }

    fn send(&mut self, hand: &mut Hand<'_>, sent: Vec<Sent>) -> Vec<Sent> {
        let mut said = Vec::new();
        for (to, packet) in sent {
            let Packet::Answer { number, response: Response::Blocks(mut blocks) } = packet else {
                said.push((to, packet));
                continue;
            };
            for (committed, _) in &mut blocks {
                let block = hand.another(&committed.block);
                let place = (Stage::Confirm, block.header.height, Round(0));
                let certificate = self.certificate(hand, place, block.hash());
                *committed = Rc::new(CommittedBlock { block, certificate });
            }
            said.push((to, Packet::Answer { number, response: Response::Blocks(blocks) }));
        }
        said
    }

    fn tick(&mut self, hand: &mut Hand<'_>) -> Vec<Sent> {
        let (height, round) = (hand.height(), Round(hand.shared.dice.below(4)));
        let block = Hash([hand.shared.dice.below(256) as u8; 32]);
        let high = self.certificate(hand, (Stage::Vote, height, round), block);
        let to = hand.some();
        if hand.shared.dice.chance(50) {
            let complaint = Complaint { height, round, high: Some(round) };
            return hand.say(&to, Statement::Complain(complaint, Some(high)));
        }
        let sealed = hand.node.place.key.sign(&block);
        let signers = high.signatures.iter().map(|(peer, _)| (*peer, Some(round), sealed));
        let complaints = ComplaintCertificate { height, round, complaints: signers.collect() };
        let justification = Justification { complaints, high: Some(high) };
        if hand.shared.dice.chance(50) {
            return hand.say(&to, Statement::PassOn(justification));
        }
        // A block of the next round, which it may even lead, on top of a forged certificate.
        let Some(own) = hand.node.mind.as_ref().map(|mind| mind.head.clone()) else {
            return Vec::new();
        };
        let confirmed = (Stage::Confirm, own.height, Round(0));
        let previous = self.certificate(hand, confirmed, own.hash);
        let content = BlockContent {
            timestamp_us: own.timestamp_us + 1,
            batches: Vec::new(),
            entries: Vec::new(),
            previous_certificate: (own.height.0 > 0).then_some(previous),
            executed: Executed::default(),
        };
        let block = Block::new(hand.channel(), height, own.hash, hand.me(), content);
        let (round, justification) = match hand.shared.dice.chance(50) {
            true => (round.next(), Some(justification)),
            false => (Round(0), None),
        };
        hand.say(&to, Statement::Propose(Proposal { height, round, block, justification }))
    }
}
