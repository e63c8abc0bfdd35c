//! What the peer and its SCORE runner, where contract code runs, say to each other.

use borsh::{BorshDeserialize, BorshSerialize};
use std::fmt::Debug;
use std::io;

use wire::runner::{
    Answer, Block, Executed, Load, Loaded, Order, Receipt, Report, ServiceCall, ServiceReply,
    Transaction, decode_frame, encode_frame, read_frame,
};

use super::SMALL;
use crate::{PIECE_BYTES, Target, Verdict, decoded, memory};

pub const ORDER: Target = Target {
    name: "order",
    decodes: "frames from the peer to its SCORE runner (wire::runner)",
    bytes_max: 2048,
    runs: 100_000,
    memory_max: SMALL,
    run: frames::<Order>,
    seeds: || streams(&orders()),
};

pub const REPORT: Target = Target {
    name: "report",
    decodes: "frames from the SCORE runner to its peer (wire::runner)",
    bytes_max: 2048,
    runs: 100_000,
    memory_max: SMALL,
    run: frames::<Report>,
    seeds: || streams(&reports()),
};

/// A stream of frames up to where it ends or breaks, and the bytes as the body of one frame.
fn frames<T: BorshDeserialize + BorshSerialize + PartialEq + Debug>(bytes: &[u8]) -> Verdict {
    if let Some(body) = decoded::<T>(bytes) {
        assert_eq!(decode_frame::<T>(bytes).ok(), Some(body), "the body of a frame");
    }
    let mut rest = bytes;
    loop {
        let before = rest;
        let (read, held) = memory::measured(|| read_frame::<T>(&mut rest));
        let justified = PIECE_BYTES + 32 * bytes.len();
        assert!(held <= justified, "a frame took {held} bytes, of a stream of {}", bytes.len());
        match read {
            Ok(Some(message)) => {
                let frame = encode_frame(&message).expect("what was read fits into a frame");
                assert_eq!(frame, before[..before.len() - rest.len()], "two frames of one message");
            }
            Ok(None) => return if bytes.len() < 4 { Verdict::Refused } else { Verdict::Taken },
            Err(error) => {
                let kinds = [io::ErrorKind::InvalidData, io::ErrorKind::UnexpectedEof];
                assert!(kinds.contains(&error.kind()), "{error:?}");
                return Verdict::Refused;
            }
        }
    }
}

/// Each message by itself, and all in one stream.
fn streams<T: BorshSerialize>(messages: &[T]) -> Vec<Vec<u8>> {
    let frame = |message: &T| encode_frame(message).expect("it is short");
    let mut streams: Vec<Vec<u8>> = messages.iter().map(frame).collect();
    streams.push(streams.concat());
    streams
}

fn orders() -> Vec<Order> {
    let text = |text: &str| text.to_owned();
    let load = Load {
        channel: text("letters"),
        peer_id: text("5c6f0000-0000-0000-0000-000000000000"),
        package: text("develop/count"),
        repository_path: text("/score"),
        storage_path: text("/storage/score/letters"),
        develop_root: Some(text("develop")),
        in_force: Vec::new(),
        branch: text("master"),
        base: String::new(),
        key_path: String::new(),
        pull: false,
        invoke_timeout_ms: 1,
        query_timeout_ms: 2,
        memory_bytes_max: 1 << 30,
        careful: true,
        settings_json: text("{}"),
    };
    let transaction = Transaction {
        hash: [1; 32],
        timestamp_us: 3,
        data: text("{\"ä\":1}"),
        peer_id: load.peer_id.clone(),
        signature: vec![2; 64],
        public_key: vec![3; 33],
    };
    let block = Block {
        height: 4,
        block_hash: [4; 32],
        previous_block_hash: [5; 32],
        merkle_root: [6; 32],
        timestamp_us: 7,
        peer_id: load.peer_id.clone(),
        transactions: vec![transaction],
        receipts_durable: 3,
    };
    let reply = ServiceReply::Block {
        response_code: 0,
        block_hash: text("ab"),
        block_data_json: text("{\"height\":\"4\"}"),
        tx_data_json: vec![text("{}"), String::new()],
    };
    vec![
        Order::Load(load),
        Order::Execute(block),
        Order::Query { id: 8, request: text("{\"method\":\"get\"}") },
        Order::ServiceReply(reply),
        Order::ServiceReply(ServiceReply::LastBlockHash(text("cd"))),
        Order::ServiceReply(ServiceReply::PeerStatus(text("{}"))),
        Order::Stop,
    ]
}

fn reports() -> Vec<Report> {
    let text = |text: &str| text.to_owned();
    let loaded = Loaded {
        height: 4,
        state_hash: [9; 32],
        id: text("develop/count"),
        version: text("0123456789012345678901234567890123456789"),
        versions: vec![text("0123456789012345678901234567890123456789")],
    };
    let receipts = vec![
        Receipt { code: 0, message: None },
        Receipt { code: 9000, message: Some(text("failed")) },
    ];
    let block = ServiceCall::GetBlock {
        block_hash: String::new(),
        block_height: -1,
        block_filter: text("height, peer_id"),
        tx_filter: text("tx_hash"),
    };
    vec![
        Report::Loaded(loaded),
        Report::LoadFailed { reason: text("Traceback") },
        Report::Executed(Executed {
            height: 4,
            receipts,
            state_hash: [10; 32],
            traces: vec![[11; 4]],
        }),
        Report::Answered { id: 8, answer: Answer::Returned(text("{}")) },
        Report::Answered { id: 9, answer: Answer::Raised(text("no")) },
        Report::Answered { id: 10, answer: Answer::TimedOut },
        Report::ServiceCall(ServiceCall::GetLastBlockHash),
        Report::ServiceCall(block),
        Report::ServiceCall(ServiceCall::GetPeerStatus),
    ]
}
