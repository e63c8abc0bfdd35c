use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::encoding::{decode, encode};
use chain::evidence::{Contradiction, Evidence};
use chain::hash::Hash;
use chain::keys::Signature;
use chain::ledger::Head;
use chain::lft::message::{Ballot, Statement};
use chain::lft::standing::{Said, SignedSaid};
use chain::membership::{Change, Role};

use super::{Envelope, Lane, Packet, RESPONSE_BYTES_MAX, Request, Response};
use crate::tests::{batch, committed, entry, genesis, hash, key, peer, settings};

fn packets(head: &Head) -> Vec<(Packet, Lane)> {
    let ballot = Ballot { stage: Stage::Vote, height: Height(1), round: Round(2), block: hash(3) };
    let message = Statement::Ballot(ballot).sign(&head.channel, &key(1));
    let statements = [(hash(1), Signature([1; 64])), (hash(2), Signature([2; 64]))];
    let (stage, height, round) = (Stage::Confirm, Height(5), Round(0));
    let contradiction = Contradiction::Ballots { stage, height, round, statements };
    let evidence = Evidence { signer: peer(1), contradiction };
    let entry = entry(head, 1, Change::Role(peer(1), Role::Auditor));
    vec![
        (Packet::Message(Box::new(message)), Lane::Consensus),
        (Packet::Status { height: Height(u64::MAX) }, Lane::Consensus),
        (Packet::Evidence(Box::new(evidence)), Lane::Consensus),
        (Packet::Entry(Box::new(entry)), Lane::Consensus),
        (Packet::Batch(Box::new(batch(head, 1, 1, &["{}", ""]))), Lane::Bulk),
    ]
}

#[test]
fn every_packet_survives_the_wire_and_has_its_lane() {
    let head = Head::new(&genesis(settings()).genesis);
    for (packet, lane) in packets(&head) {
        assert_eq!(packet.lane(), lane, "{packet:?}");
        let envelope = Envelope { channel: head.channel, content: packet };
        assert_eq!(decode(&encode(&envelope)), Ok(envelope));
    }
}

#[test]
fn every_request_and_response_survives_the_wire() {
    let head = Head::new(&genesis(settings()).genesis);
    let batch = batch(&head, 1, 1, &["{}"]);
    let (block, _) = committed(&head, None, &[&batch], Vec::new());
    let reference = batch.reference(encode(&batch).len());
    let ballot = Ballot { stage: Stage::Vote, height: Height(1), round: Round(2), block: hash(3) };
    let said = SignedSaid { said: Said::Ballot(ballot), signature: Signature([1; 64]) };
    for request in [
        Request::Blocks { first: Height(1), count: u64::MAX },
        Request::Batches(Vec::new()),
        Request::Batches(vec![reference; 3]),
        Request::Block { height: Height(9), hash: Hash::ZERO },
        Request::LastSaid(peer(2)),
    ] {
        let envelope = Envelope { channel: head.channel, content: request };
        assert_eq!(decode(&encode(&envelope)), Ok(envelope));
    }
    for response in [
        Response::Nothing,
        Response::LastSaid(Vec::new()),
        Response::LastSaid(vec![said]),
        Response::Blocks(vec![(block.clone(), vec![batch.clone()])]),
        Response::Batches(vec![batch.clone(), batch]),
        Response::Block(None),
        Response::Block(Some(Box::new(block.block))),
    ] {
        assert_eq!(decode(&encode(&response)), Ok(response));
    }
}

#[test]
fn bytes_that_are_no_packet_are_refused() {
    let head = Head::new(&genesis(settings()).genesis);
    for (packet, _) in packets(&head) {
        let whole = encode(&Envelope { channel: head.channel, content: packet });
        let cases = [
            ("nothing", Vec::new()),
            ("all but the last byte", whole[..whole.len() - 1].to_vec()),
            ("a byte too many", [&whole[..], &[0]].concat()),
            ("a kind that is none", [&whole[..32], &[99], &whole[33..]].concat()),
        ];
        for (what, bytes) in cases {
            assert!(decode::<Envelope<Packet>>(&bytes).is_err(), "{what}");
        }
    }
}

#[test]
fn each_lane_has_a_name_and_room_for_what_travels_on_it() {
    let names: std::collections::BTreeSet<_> = Lane::ALL.iter().map(|l| l.protocol()).collect();
    assert_eq!(names.len(), Lane::ALL.len());
    // The largest block that a channel may set, as one batch, with its envelope.
    let largest = (1 << 27) + 1024;
    assert!(Lane::Bulk.frame_bytes_max() >= largest);
    assert!(RESPONSE_BYTES_MAX >= largest + super::RESPONSE_BYTES_WANTED);
    // A fetch of as many batches as are asked for at once.
    let named = batch(&Head::new(&genesis(settings()).genesis), 1, 1, &[""]).reference(1);
    let request = Request::Batches(vec![named; 10_000]);
    assert!(encode(&request).len() <= Lane::Requests.frame_bytes_max());
}
