//! The gRPC calls of existing clients.

use serde_json::{Value, json};
use tests::grpc::Grpc;
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::wait::wait_for;
use tonic::Code;
use wire::legacy::{
    CommonRequest, CreateTxRequest, GetBlockRequest, GetChannelInfosRequest,
    GetInvokeResultRequest, GetTxRequest, Message, PeerId, QueryRequest, StatusRequest,
    StopRequest,
};

#[test]
fn old_grpc_clients_are_answered() {
    let mut network = Network::start(Plan::default());
    let peer = network.peers[0].grpc();
    let hash = transaction(&peer);
    blocks(&peer, &hash);
    query(&peer);
    status(&network, &peer);
    echo_and_request(&network, &peer);
    unknown_channel(&peer);
    radiostation(&network);
    stop(&mut network);
    network.assert_healthy();
}

const DATA: &str = r#"{"jsonrpc":"2.0","method":"hello","params":{}}"#;

fn channel() -> Option<String> {
    Some(CERTIFICATES.to_owned())
}

fn transaction(peer: &Grpc) -> String {
    // Without a channel, the default one.
    let request = CreateTxRequest { data: DATA.to_owned(), channel: None };
    let reply = peer.call(peer.peer().create_tx(request)).unwrap();
    assert_eq!((reply.response_code, reply.more_info.as_str()), (0, ""));
    let tx_hash = reply.tx_hash;
    let result = wait_for("a result", std::time::Duration::from_secs(20), || {
        let request = GetInvokeResultRequest { tx_hash: tx_hash.clone(), channel: channel() };
        let reply = peer.call(peer.peer().get_invoke_result(request)).unwrap();
        let result: Value = serde_json::from_str(reply.result()).unwrap();
        if result["code"] == 2 { Err(result.to_string()) } else { Ok(result) }
    });
    assert_eq!(result, json!({ "code": 0, "jsonrpc": "2.0" }));
    let request = GetTxRequest { tx_hash: tx_hash.clone(), channel: channel() };
    let found = peer.call(peer.peer().get_tx(request)).unwrap();
    assert_eq!(
        (found.response_code, found.data.as_str(), found.more_info.as_str()),
        (0, DATA, "success")
    );
    let meta: Value = serde_json::from_str(&found.meta).unwrap();
    assert_eq!(meta["channel_name"], CERTIFICATES);
    assert!(!found.signature.is_empty() && !found.public_key.is_empty());
    for wrong in ["0".repeat(64), "no hash".to_owned(), String::new()] {
        let request = GetTxRequest { tx_hash: wrong.clone(), channel: channel() };
        let reply = peer.call(peer.peer().get_tx(request)).unwrap();
        assert_eq!((reply.response_code, reply.more_info.as_str()), (-1, "fail"));
        let request = GetInvokeResultRequest { tx_hash: wrong, channel: channel() };
        let reply = peer.call(peer.peer().get_invoke_result(request)).unwrap();
        assert_eq!((reply.response_code, reply.result), (-1, None));
    }
    tx_hash
}

fn blocks(peer: &Grpc, tx_hash: &str) {
    let ask = |hash: &str, height: i32, block_filter: &str, tx_filter: &str| {
        let request = GetBlockRequest {
            block_hash: Some(hash.to_owned()),
            channel: channel(),
            block_height: Some(height),
            block_data_filter: block_filter.to_owned(),
            tx_data_filter: tx_filter.to_owned(),
        };
        peer.call(peer.peer().get_block(request)).unwrap()
    };
    let filters =
        ("prev_block_hash, height, block_hash, nonsense", "tx_hash, nonsense,data_string");
    let last = ask("", -1, filters.0, filters.1);
    assert_eq!(last.response_code, 0);
    let data: Value = serde_json::from_str(&last.block_data_json).unwrap();
    let names: Vec<&String> = data.as_object().unwrap().keys().collect();
    assert_eq!(names, ["prev_block_hash", "height", "block_hash", "nonsense"]);
    assert_eq!((&data["nonsense"], &data["block_hash"]), (&json!(""), &json!(last.block_hash)));
    assert_eq!(last.tx_data_json.len(), 1);
    let transaction: Value = serde_json::from_str(&last.tx_data_json[0]).unwrap();
    assert_eq!(transaction, json!({ "tx_hash": tx_hash, "nonsense": "", "data_string": DATA }));
    let height: i32 = data["height"].as_str().unwrap().parse().unwrap();
    assert_eq!(ask("", height, filters.0, filters.1), last);
    assert_eq!(ask(&last.block_hash, -1, filters.0, filters.1), last);
    let genesis = ask("", 0, "height,prev_block_hash,time_stamp", "");
    let data: Value = serde_json::from_str(&genesis.block_data_json).unwrap();
    assert_eq!(data, json!({ "height": "0", "prev_block_hash": "", "time_stamp": "0" }));
    assert!(genesis.tx_data_json.is_empty());
    for (hash, height) in [("0".repeat(64).as_str(), -1), ("no hash", -1), ("", height + 1)] {
        let reply = ask(hash, height, filters.0, filters.1);
        assert_eq!(
            (reply.response_code, reply.block_data_json.as_str()),
            (-4, "{}"),
            "{hash} {height}"
        );
    }
    let request = CommonRequest { request: String::new(), channel: channel(), group_id: None };
    let reply = peer.call(peer.peer().get_last_block_hash(request)).unwrap();
    assert_eq!((reply.response_code, reply.block_hash), (0, last.block_hash));
}

fn query(peer: &Grpc) {
    let ask = |params: &str, channel: &str| {
        let request = QueryRequest { params: params.to_owned(), channel: Some(channel.to_owned()) };
        peer.call(peer.peer().query(request)).unwrap()
    };
    let reply = ask(r#"{"jsonrpc":"2.0","method":"list","params":{},"id":1}"#, DOCUMENTS);
    assert_eq!(reply.response_code, 0);
    let response: Value = serde_json::from_str(&reply.response).unwrap();
    assert_eq!(response["response"], json!({ "documents": [] }));
    let reply = ask("this is no JSON", DOCUMENTS);
    let response: Value = serde_json::from_str(&reply.response).unwrap();
    assert_eq!((reply.response_code, &response["code"]), (0, &json!(1000)));
}

fn status(network: &Network, peer: &Grpc) {
    let request = StatusRequest { request: String::new(), channel: channel() };
    let reply = peer.call(peer.peer().get_status(request.clone())).unwrap();
    let status: Value = serde_json::from_str(&reply.status).unwrap();
    assert_eq!(status["peer_id"], network.peer_id(0).as_str());
    assert_eq!(status["block_height"], reply.block_height);
    assert_eq!(status["total_tx"], reply.total_tx);
    assert_eq!(reply.is_leader_complaining, Some(1));
    assert!(reply.block_height > 0 && reply.total_tx > 0, "{reply:?}");
    let reply = peer.call(peer.peer().get_score_status(request)).unwrap();
    let status: Value = serde_json::from_str(&reply.status).unwrap();
    assert_eq!((&status["id"], &status["status"]), (&json!("loopchain/default"), &json!(0)));
}

fn echo_and_request(network: &Network, peer: &Grpc) {
    for text in ["hello", "", "grüße 한국"] {
        let request = CommonRequest { request: text.to_owned(), channel: None, group_id: None };
        let reply = peer.call(peer.peer().echo(request)).unwrap();
        assert_eq!((reply.response_code, reply.message.as_str()), (0, text));
    }
    let ask = |code: i32| {
        let request = Message { code, channel: channel(), message: None, meta: None, object: None };
        peer.call(peer.peer().request(request)).unwrap()
    };
    let status: Value = serde_json::from_str(ask(1).message()).unwrap();
    assert_eq!(status["peer_id"], network.peer_id(0).as_str());
    let peers: Value = serde_json::from_str(ask(600).message()).unwrap();
    assert_eq!(peers.as_array().unwrap().len(), 4, "{peers}");
    for code in [0, 2, 601, -1, i32::MAX] {
        assert_eq!(ask(code).code, -999, "code {code}");
    }
}

fn unknown_channel(peer: &Grpc) {
    let request = StatusRequest { request: String::new(), channel: Some("nowhere".to_owned()) };
    let refused = peer.call(peer.peer().get_status(request)).unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert!(refused.message().contains("nowhere"), "{refused}");
}

fn radiostation(network: &Network) {
    let radiostation = network.radiostation.grpc();
    let request = GetChannelInfosRequest {
        peer_id: network.peer_id(0),
        peer_target: network.peers[0].target(),
        group_id: network.peer_id(0),
        cert: None,
    };
    let reply = radiostation.call(radiostation.radiostation().get_channel_infos(request)).unwrap();
    let infos: Value = serde_json::from_str(&reply.channel_infos).unwrap();
    assert_eq!(infos[CERTIFICATES]["score_package"], "loopchain/default");
    assert_eq!(infos[DOCUMENTS]["score_package"], "sample/documents");
    let request = StatusRequest { request: String::new(), channel: channel() };
    let reply = radiostation.call(radiostation.radiostation().get_status(request)).unwrap();
    let status: Value = serde_json::from_str(&reply.status).unwrap();
    assert_eq!(status["connected_peer_count"], 4, "{status}");
    let id = network.peer_id(1);
    let request = PeerId { peer_id: id.clone(), channel: channel(), group_id: id.clone() };
    let reply = radiostation.call(radiostation.radiostation().get_peer_status(request)).unwrap();
    let status: Value = serde_json::from_str(&reply.status).unwrap();
    assert_eq!(status["peer_id"], id.as_str());
    let request = PeerId { peer_id: "nobody".to_owned(), channel: channel(), group_id: id };
    let refused =
        radiostation.call(radiostation.radiostation().get_peer_status(request)).unwrap_err();
    assert!(matches!(refused.code(), Code::InvalidArgument | Code::NotFound), "{refused}");
}

/// From this machine anybody may.
fn stop(network: &mut Network) {
    let peer = network.peers[3].grpc();
    let request = StopRequest { reason: "the test is over".to_owned() };
    let reply = peer.call(peer.peer().stop(request)).unwrap();
    assert!(!reply.status.is_empty());
    assert!(network.peers[3].wait_for_end(std::time::Duration::from_secs(10)).success());
}
