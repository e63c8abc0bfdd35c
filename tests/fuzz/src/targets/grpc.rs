//! Bytes as the message of a client's gRPC call, to the servers as shipped.

use std::sync::OnceLock;

use prost::Message;
use prost::bytes::{Buf, BufMut};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use wire::legacy;

use super::rest::servers;
use crate::world::world;
use crate::{Target, Verdict};

pub const PEER_CALLS: Target = Target {
    name: "peer_calls",
    decodes: "the clients' gRPC calls, answered by a peer (peer::api::grpc)",
    bytes_max: 512,
    runs: 2_000,
    memory_max: 4 << 20,
    run,
    seeds,
};

/// All but `Stop`, and `Submit`, which is a stream.
const CALLS: [&str; 10] = [
    "/PeerService/CreateTx",
    "/PeerService/GetTx",
    "/PeerService/GetInvokeResult",
    "/PeerService/Query",
    "/PeerService/GetBlock",
    "/PeerService/GetLastBlockHash",
    "/PeerService/GetStatus",
    "/PeerService/GetScoreStatus",
    "/PeerService/Echo",
    "/PeerService/Request",
];

/// Sends bytes as they are, and gives those that come back.
#[derive(Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, bytes: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(&bytes);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let mut bytes = vec![0; from.remaining()];
        from.copy_to_slice(&mut bytes);
        Ok(Some(bytes))
    }
}

fn call(path: &'static str, message: &[u8]) -> Result<Vec<u8>, Status> {
    static CONNECTION: OnceLock<Channel> = OnceLock::new();
    let address = servers::peer_calls();
    let runtime = servers::runtime();
    let connection = CONNECTION.get_or_init(|| {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let _inside = runtime.enter();
        endpoint.connect_lazy()
    });
    let message = message.to_vec();
    let mut client = Grpc::new(connection.clone());
    runtime.block_on(async move {
        client.ready().await.expect("the server listens");
        let path = PathAndQuery::from_static(path);
        let answered = client.unary(Request::new(message), path, Raw).await;
        answered.map(tonic::Response::into_inner)
    })
}

/// The first byte says which call.
fn run(bytes: &[u8]) -> Verdict {
    let [which, message @ ..] = bytes else { return Verdict::Refused };
    let Some(path) = CALLS.get(usize::from(*which)) else { return Verdict::Refused };
    match call(path, message) {
        Ok(_) => Verdict::Taken,
        Err(status) => {
            let known = match status.code() {
                // What tonic says of bytes that are no message of that kind.
                Code::Internal => status.message().contains("decode"),
                code => [Code::NotFound, Code::Unavailable, Code::OutOfRange].contains(&code),
            };
            assert!(known, "{path}: {status:?}");
            Verdict::Refused
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let channel = Some("letters".to_owned());
    let transaction = world().batches[0].transaction_hashes()[1].to_string();
    let get = legacy::GetTxRequest { tx_hash: transaction.clone(), channel: channel.clone() };
    let result = legacy::GetInvokeResultRequest { tx_hash: transaction, channel: None };
    let create = legacy::CreateTxRequest { data: "{}".into(), channel: channel.clone() };
    let query = legacy::QueryRequest { params: "{}".into(), channel: channel.clone() };
    let block = |height| legacy::GetBlockRequest {
        block_hash: None,
        channel: None,
        block_height: Some(height),
        block_data_filter: "height, peer_id,prev_block_hash,,x".into(),
        tx_data_filter: "tx_hash,data_string,timestamp".into(),
    };
    let plain =
        legacy::CommonRequest { request: "hello".into(), channel: channel.clone(), group_id: None };
    let status = legacy::StatusRequest { request: String::new(), channel: channel.clone() };
    let any = |code| legacy::Message { code, channel: channel.clone(), ..Default::default() };
    [
        (0, create.encode_to_vec()),
        (1, get.encode_to_vec()),
        (2, result.encode_to_vec()),
        (3, query.encode_to_vec()),
        (4, block(-1).encode_to_vec()),
        (4, block(1).encode_to_vec()),
        (4, block(i32::MIN).encode_to_vec()),
        (5, plain.encode_to_vec()),
        (6, status.encode_to_vec()),
        (7, status.encode_to_vec()),
        (8, plain.encode_to_vec()),
        (9, any(1).encode_to_vec()),
        (9, any(600).encode_to_vec()),
    ]
    .map(|(which, bytes)| [&[which], &bytes[..]].concat())
    .to_vec()
}
