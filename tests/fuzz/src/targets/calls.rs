//! The calls of clients: protobuf of the old services and of the gateway.

use prost::Message;
use wire::{legacy, v1};

use super::SMALL;
use super::radiostation::message;
use crate::{Target, Verdict};

pub const CALLS: Target = Target {
    name: "calls",
    decodes: "protobuf of the clients' gRPC calls, old and new (wire::legacy, wire::v1)",
    bytes_max: 1024,
    runs: 120_000,
    memory_max: SMALL,
    run: calls,
    seeds,
};

/// Reads bytes as one kind of message.
type Reader = fn(&[u8]) -> bool;

fn read<T: Message + Default + PartialEq>(bytes: &[u8]) -> bool {
    message::<T>(bytes).is_some()
}

const READERS: [Reader; 20] = [
    read::<legacy::CreateTxRequest>,
    read::<legacy::CreateTxReply>,
    read::<legacy::GetTxRequest>,
    read::<legacy::GetTxReply>,
    read::<legacy::GetInvokeResultRequest>,
    read::<legacy::GetInvokeResultReply>,
    read::<legacy::QueryRequest>,
    read::<legacy::QueryReply>,
    read::<legacy::GetBlockRequest>,
    read::<legacy::GetBlockReply>,
    read::<legacy::CommonRequest>,
    read::<legacy::StatusRequest>,
    read::<legacy::StatusReply>,
    read::<legacy::StopRequest>,
    read::<legacy::Message>,
    read::<legacy::PeerId>,
    read::<legacy::GetChannelInfosRequest>,
    read::<v1::SubmitRequest>,
    read::<v1::BlocksRequest>,
    read::<v1::ExecutedBlock>,
];

/// The first byte says which.
fn calls(bytes: &[u8]) -> Verdict {
    let [which, bytes @ ..] = bytes else { return Verdict::Refused };
    let Some(reader) = READERS.get(usize::from(*which)) else { return Verdict::Refused };
    if reader(bytes) { Verdict::Taken } else { Verdict::Refused }
}

fn seeds() -> Vec<Vec<u8>> {
    let text = |text: &str| text.to_owned();
    let channel = Some(text("letters"));
    let create = legacy::CreateTxRequest { data: text("{\"ä\":1}"), channel: channel.clone() };
    let get = legacy::GetTxRequest { tx_hash: text("00ff"), channel: channel.clone() };
    let query = legacy::QueryRequest { params: text("{}"), channel: None };
    let block = legacy::GetBlockRequest {
        block_hash: None,
        channel: channel.clone(),
        block_height: Some(-1),
        block_data_filter: text("height, peer_id"),
        tx_data_filter: String::new(),
    };
    let found = legacy::GetBlockReply {
        response_code: 0,
        block_hash: text("ab"),
        block_data_json: text("{}"),
        tx_data_json: vec![text("{}"), text("")],
    };
    let any = legacy::Message {
        code: 600,
        channel,
        message: None,
        meta: Some(text("m")),
        object: Some(vec![0, 255]),
    };
    let submit = v1::SubmitRequest { channel: text("letters"), data: b"data".to_vec() };
    let executed = v1::ExecutedTransaction { tx_hash: vec![1; 32], code: -5, message: text("no") };
    let blocks = v1::ExecutedBlock {
        height: 3,
        block_hash: vec![2; 32],
        state_hash: vec![3; 32],
        timestamp_us: u64::MAX,
        transactions: vec![executed],
    };
    [
        (0, create.encode_to_vec()),
        (2, get.encode_to_vec()),
        (6, query.encode_to_vec()),
        (8, block.encode_to_vec()),
        (9, found.encode_to_vec()),
        (14, any.encode_to_vec()),
        (17, submit.encode_to_vec()),
        (19, blocks.encode_to_vec()),
    ]
    .map(|(which, bytes)| [&[which], &bytes[..]].concat())
    .to_vec()
}
