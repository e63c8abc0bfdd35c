//! Bad input by gRPC: a code or a status that says what was wrong, and the stream goes on.

use serde_json::json;
use tests::grpc::Grpc;
use tests::network::Network;
use tests::plan::{CERTIFICATES, Plan};
use tonic::Code;
use wire::legacy::{CreateTxRequest, GetBlockRequest, PeerId, QueryRequest, StatusRequest};
use wire::v1::{BlocksRequest, SubmitReply, SubmitRequest};

const MAX_TX_BYTES: usize = 1 << 20;

#[test]
fn bad_calls_are_refused_with_a_reason() {
    let mut network = Network::start(Plan { peers: 1, ..Plan::default() });
    let peer = network.peers[0].grpc();
    transactions(&peer);
    streams(&peer);
    channels_and_blocks(&peer);
    radiostation(&network.radiostation.grpc());
    network.assert_healthy();
    let rest = &network.peers[0].rest;
    let hash = rest.accepted(&json!({ "data": "after all that" }));
    assert_eq!(rest.executed(CERTIFICATES, &hash)["code"], 0);
}

fn transactions(peer: &Grpc) {
    let create = |data: String| {
        let request = CreateTxRequest { data, channel: Some(CERTIFICATES.to_owned()) };
        peer.call(peer.peer().create_tx(request))
    };
    let reply = create("x".repeat(MAX_TX_BYTES + 1)).unwrap();
    assert_eq!((reply.response_code, reply.tx_hash.as_str()), (-1, ""));
    assert!(reply.more_info.contains("MAX_TX_BYTES"), "{}", reply.more_info);
    let refused = create("x".repeat(4 * MAX_TX_BYTES)).unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused}");
    // Any text is a transaction; it need not be JSON.
    for data in ["", "not JSON", "\0", "한국"] {
        let reply = create(data.to_owned()).unwrap();
        assert_eq!((reply.response_code, reply.tx_hash.len()), (0, 64), "{data:?}");
    }
    for params in ["", "not JSON", "[]", "\0", &"[".repeat(100_000)] {
        let request = QueryRequest { params: params.to_owned(), channel: None };
        let reply = peer.call(peer.peer().query(request)).unwrap();
        assert!(reply.response.contains("code"), "{reply:?}");
    }
}

fn streams(peer: &Grpc) {
    let request =
        |channel: &str, data: Vec<u8>| SubmitRequest { channel: channel.to_owned(), data };
    let requests = vec![
        request("nowhere", b"{}".to_vec()),
        request(CERTIFICATES, b"\xff\xfe".to_vec()),
        request(CERTIFICATES, vec![b'x'; MAX_TX_BYTES + 1]),
        request("", b"good".to_vec()),
        request("\0", b"{}".to_vec()),
        request(CERTIFICATES, b"good".to_vec()),
    ];
    let count = requests.len();
    let replies: Vec<SubmitReply> = peer
        .wait(async {
            let stream = peer.gateway().submit(tokio_stream::iter(requests)).await.unwrap();
            let mut stream = stream.into_inner();
            let mut replies = Vec::new();
            while let Some(reply) = stream.message().await.unwrap() {
                replies.push(reply);
            }
            replies
        })
        .expect("the stream ends after its last answer");
    assert_eq!(replies.len(), count, "{replies:?}");
    for (reply, expected) in replies.iter().zip([-1, -1, -1, 0, -1, 0]) {
        assert_eq!(reply.response_code, expected, "{replies:?}");
        assert_eq!(reply.message.is_empty(), expected == 0, "{replies:?}");
        assert_eq!(reply.tx_hash.len(), if expected == 0 { 32 } else { 0 });
    }
}

fn channels_and_blocks(peer: &Grpc) {
    for name in ["nowhere", "\0", "../storage", &"c".repeat(100_000)] {
        let request = StatusRequest { request: String::new(), channel: Some(name.to_owned()) };
        let refused = peer.call(peer.peer().get_status(request)).unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{refused}");
        let request = BlocksRequest { channel: name.to_owned(), from_height: 1 };
        let refused = peer.call(peer.gateway().blocks(request)).unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{refused}");
    }
    for (hash, height, filter) in [
        ("", i32::MAX, ",,,"),
        ("", i32::MIN, "\0"),
        ("'; DROP TABLE blocks", 0, "height"),
        (&"f".repeat(100_000), -1, &"height,".repeat(10_000)),
    ] {
        let request = GetBlockRequest {
            block_hash: Some(hash.to_owned()),
            channel: None,
            block_height: Some(height),
            block_data_filter: filter.to_owned(),
            tx_data_filter: filter.to_owned(),
        };
        let reply = peer.call(peer.peer().get_block(request)).unwrap();
        let expected = if hash.is_empty() && height == -1 { 0 } else { -4 };
        assert_eq!(reply.response_code, expected, "{height} {}", reply.block_hash.len());
    }
}

fn radiostation(radiostation: &Grpc) {
    for name in ["nowhere", "\0", &"c".repeat(50_000)] {
        let request = StatusRequest { request: String::new(), channel: Some(name.to_owned()) };
        let call = radiostation.call(radiostation.radiostation().get_status(request));
        let refused = call.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{refused}");
    }
    for id in ["", "nobody", "\0", &"a".repeat(50_000)] {
        let request =
            PeerId { peer_id: id.to_owned(), channel: None, group_id: "whatever".to_owned() };
        let call = radiostation.call(radiostation.radiostation().get_peer_status(request));
        let refused = call.unwrap_err();
        let known = matches!(refused.code(), Code::InvalidArgument | Code::NotFound);
        assert!(known && refused.message().len() < 1000, "{refused}");
    }
}
