//! Sends far too much: ballots for any round and block, complaints about rounds that will never be,
//! batches with numbers to come and two under one number, evidence of nothing, false heights.

use std::rc::Rc;

use chain::batch::Batch;
use chain::certificate::Stage;
use chain::count::{Height, Round, Sequence};
use chain::evidence::{Contradiction, Evidence};
use chain::hash::Hash;
use chain::keys::Signature;
use chain::lft::message::{Ballot, Complaint, Statement};
use chain::transaction::Transaction;

use super::{Faulty, Hand, Sent};
use crate::simulation::packet::{Packet, Parcel, Request};

const PER_TICK: usize = 8;

pub struct Flooder;

impl Flooder {
    fn packet(hand: &mut Hand<'_>) -> Packet {
        let any = hand.shared.dice.number();
        let height = Height(hand.height().0 + any % 3 / 2);
        let round = Round(if any & 32 == 0 { any >> 8 & 63 } else { any >> 8 & 0xffff });
        match any % 8 {
            0..4 => {
                let stage = if any & 16 == 0 { Stage::Vote } else { Stage::Confirm };
                let block = Hash([(any >> 20) as u8; 32]);
                let ballot = Ballot { stage, height, round, block };
                Packet::Message(hand.sign(Statement::Ballot(ballot)))
            }
            4 => {
                let round = Round(if any & 16 == 0 { round.0 } else { any >> 1 });
                let complaint = Complaint { height, round, high: None };
                Packet::Message(hand.sign(Statement::Complain(complaint, None)))
            }
            5 => {
                let next = hand.node.disk.now.head.next_batch(&hand.me());
                let number = Sequence(next.0 + (any >> 8 & 63));
                let transaction = |_| Transaction { timestamp_us: any, data: "x".repeat(300) };
                let key = &hand.node.place.key;
                let transactions = (0..5).map(transaction).collect();
                let batch = Batch::seal(key, hand.channel(), number, transactions);
                Packet::Batch(Parcel::new(batch))
            }
            6 => {
                let others = hand.others();
                let accused = *hand.shared.dice.one_of(&others);
                let signer = hand.shared.places[accused].me;
                let nothing =
                    [(Hash::ZERO, Signature([7; 64])), (Hash([1; 32]), Signature([8; 64]))];
                let contradiction = Contradiction::Ballots {
                    stage: Stage::Vote,
                    height,
                    round,
                    statements: nothing,
                };
                Packet::Evidence(Rc::new(Evidence { signer, contradiction }))
            }
            _ if any & 16 == 0 => Packet::Status(Height(height.0 + (any >> 8 & 1023))),
            _ => {
                let request = Request::Blocks { first: Height(1), count: u64::MAX };
                Packet::Ask { number: u64::MAX, request }
            }
        }
    }
}

impl Faulty for Flooder {
    fn tick(&mut self, hand: &mut Hand<'_>) -> Vec<Sent> {
        let mut said = Vec::new();
        for _ in 0..PER_TICK {
            let packet = Flooder::packet(hand);
            said.extend(hand.some().into_iter().map(|to| (to, packet.clone())));
        }
        said
    }
}
