//! What the old tutorials do with curl, on the network that `./localnet` starts.

use serde_json::{Value, json};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::rest::Rest;
use tests::wait::wait_for;

use crate::shape::{check, is_hash};

#[test]
fn the_tutorial_works_on_four_peers_and_two_channels() {
    let mut network = Network::start(Plan::default());
    peer_list(&network);
    leader(&network);
    statuses(&network);
    score_statuses(&network);
    for channel in [CERTIFICATES, DOCUMENTS] {
        genesis(&network, channel);
    }
    certificates(&network);
    documents(&network);
    configuration(&network);
    network.assert_healthy();
}

const PEER: [(&str, &str); 7] = [
    ("order", "int"),
    ("peer_id", "string"),
    ("group_id", "string"),
    ("target", "string"),
    ("cert", "string"),
    ("status", "int"),
    ("status_update_time", "string"),
];

fn peer_list(network: &Network) {
    for path in ["peer/list", "peer/list?channel=kofia_certificate", "peer/list?channel=documents"]
    {
        let answer = network.radiostation.rest.object(path);
        check(path, &answer, &[("response_code", "int"), ("data", "object")]);
        let data = &answer["data"];
        let members = [
            ("registered_peer_count", "int"),
            ("connected_peer_count", "int"),
            ("registered_peer_list", "list"),
            ("connected_peer_list", "list"),
        ];
        check(path, data, &members);
        assert_eq!(
            (&data["registered_peer_count"], &data["connected_peer_count"]),
            (&json!(4), &json!(4))
        );
        let with_type = [&PEER[..], &[("peer_type", "int")]].concat();
        let peers = data["registered_peer_list"].as_array().unwrap();
        let mut targets: Vec<&str> =
            peers.iter().map(|peer| peer["target"].as_str().unwrap()).collect();
        peers.iter().for_each(|peer| check(path, peer, &with_type));
        let orders: Vec<&Value> = peers.iter().map(|peer| &peer["order"]).collect();
        assert_eq!(json!(orders), json!([1, 2, 3, 4]));
        assert!(
            peers.iter().all(|peer| peer["group_id"] == peer["peer_id"] && peer["status"] == 1)
        );
        let mut expected: Vec<String> = network.peers.iter().map(|peer| peer.target()).collect();
        expected.sort();
        targets.sort_unstable();
        assert_eq!(targets, expected);
    }
}

fn leader(network: &Network) {
    let path = "peer/leader?channel=documents";
    // The radiostation learns it from the peers' reports.
    let answer = wait_for("a leader", std::time::Duration::from_secs(10), || {
        let answer = network.radiostation.rest.object(path);
        let leader = network.peer_id(network.leader(DOCUMENTS));
        if answer["data"]["peer_id"] == leader { Ok(answer) } else { Err(answer.to_string()) }
    });
    check(path, &answer["data"], &PEER);
}

fn check_status(what: &str, status: &Value) {
    let members = [
        ("status", "string"),
        ("peer_type", "string"),
        ("consensus", "string"),
        ("peer_id", "string"),
        ("peer_target", "string"),
        ("audience_count", "string"),
        ("block_height", "int"),
        ("made_block_count", "int"),
        ("total_tx", "int"),
        ("leader_complaint", "int"),
    ];
    // What comes after is ours.
    let first: serde_json::Map<String, Value> = status
        .as_object()
        .unwrap_or_else(|| panic!("{what} is no object: {status}"))
        .iter()
        .take(members.len())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    check(what, &Value::Object(first), &members);
    let peer_type = status["peer_type"].as_str().unwrap();
    assert_eq!(status["status"], format!("Service is online: {peer_type}"));
    assert_eq!((&status["consensus"], &status["audience_count"]), (&json!("lft"), &json!("3")));
}

fn statuses(network: &Network) {
    let radiostation = &network.radiostation.rest;
    for channel in [CERTIFICATES, DOCUMENTS] {
        let mut leaders = 0;
        for (number, peer) in network.peers.iter().enumerate() {
            let own = peer.rest.status(channel).unwrap();
            check_status("status/peer", &own);
            assert_eq!(own["peer_target"], peer.target().as_str());
            leaders += usize::from(own["peer_type"] == "1");
            let id = network.peer_id(number);
            let path = format!("peer/status?peer_id={id}&group_id={id}&channel={channel}");
            let asked = radiostation.object(&path);
            check_status("peer/status", &asked);
            assert_eq!(asked["peer_id"], own["peer_id"]);
        }
        assert_eq!(leaders, 1, "leaders of {channel}");
        let answer = radiostation.object(&format!("peer/status-list?channel={channel}"));
        let data = &answer["data"];
        let members = [
            ("registered_peer_count", "int"),
            ("connected_peer_count", "int"),
            ("peer_status_list", "list"),
        ];
        check("peer/status-list", data, &members);
        let listed = data["peer_status_list"].as_array().unwrap();
        assert_eq!(listed.len(), 4);
        listed.iter().for_each(|status| check_status("peer/status-list", status));
        let orders: Vec<&Value> = listed.iter().map(|status| &status["order"]).collect();
        assert_eq!(json!(orders), json!([1, 2, 3, 4]));
    }
}

fn score_statuses(network: &Network) {
    for (channel, id) in [(CERTIFICATES, "loopchain/default"), (DOCUMENTS, "sample/documents")] {
        let mut versions = std::collections::BTreeSet::new();
        for peer in &network.peers {
            let path = format!("status/score?channel={channel}");
            let what = format!("the SCORE of {channel} on {}", peer.name);
            let status = wait_for(&what, std::time::Duration::from_secs(30), || {
                let status = peer.rest.object(&path);
                if status["status"] == 0 { Ok(status) } else { Err(status.to_string()) }
            });
            let members = [
                ("id", "string"),
                ("version", "string"),
                ("all_version", "list"),
                ("status", "int"),
            ];
            check(&path, &status, &members);
            assert_eq!(status["id"], id);
            let version = status["version"].as_str().unwrap().to_owned();
            assert_eq!(version.len(), 40, "{status}");
            assert_eq!(status["all_version"][0], version.as_str());
            versions.insert(version);
        }
        assert_eq!(versions.len(), 1, "versions of {id}");
    }
}

const BLOCK: [(&str, &str); 5] = [
    ("prev_block_hash", "string"),
    ("merkle_tree_root_hash", "string"),
    ("time_stamp", "string"),
    ("height", "string"),
    ("peer_id", "string"),
];

fn block(rest: &Rest, channel: &str, hash: &str) -> Value {
    let answer = rest.object(&format!("blocks?channel={channel}&hash={hash}"));
    let members =
        [("block_hash", "string"), ("block_data_json", "object"), ("tx_data_json", "any")];
    check("blocks?hash=", &answer, &members);
    check("block_data_json", &answer["block_data_json"], &BLOCK);
    assert_eq!(answer["block_hash"], hash);
    answer
}

fn last_block(rest: &Rest, channel: &str) -> Value {
    let answer = rest.object(&format!("blocks?channel={channel}"));
    let members =
        [("response_code", "int"), ("block_hash", "string"), ("block_data_json", "object")];
    check("blocks", &answer, &members);
    check("block_data_json", &answer["block_data_json"], &BLOCK);
    assert!(is_hash(&answer["block_hash"]), "{answer}");
    answer
}

fn genesis(network: &Network, channel: &str) {
    let mut hashes = std::collections::BTreeSet::new();
    for peer in &network.peers {
        let mut hash = last_block(&peer.rest, channel)["block_hash"].as_str().unwrap().to_owned();
        loop {
            let found = block(&peer.rest, channel, &hash);
            let previous = found["block_data_json"]["prev_block_hash"].as_str().unwrap().to_owned();
            if previous.is_empty() {
                let data = &found["block_data_json"];
                assert_eq!((&data["height"], &data["time_stamp"]), (&json!("0"), &json!("0")));
                assert_eq!(found["tx_data_json"], "");
                hashes.insert(hash);
                break;
            }
            hash = previous;
        }
    }
    assert_eq!(hashes.len(), 1, "first blocks of {channel}");
}

/// The default channel, which requests need not name.
fn certificates(network: &Network) {
    let first = &network.peers[0].rest;
    let body = json!({ "jsonrpc": "2.0", "method": "hello", "params": { "x": 1 }, "id": 7 });
    let answer = first.post("transactions", &body).unwrap().json();
    let members = [("response_code", "string"), ("tx_hash", "string"), ("more_info", "string")];
    check("POST transactions", &answer, &members);
    assert!(answer["response_code"] == "0" && is_hash(&answer["tx_hash"]), "{answer}");
    let hash = answer["tx_hash"].as_str().unwrap();
    for peer in &network.peers {
        // Peers that have not heard of the transaction yet answer that it is unknown.
        assert_eq!(peer.rest.executed(CERTIFICATES, hash), json!({ "code": 0, "jsonrpc": "2.0" }));
        let result = peer.rest.object(&format!("transactions/result?hash={hash}"));
        check("result", &result, &[("response_code", "string"), ("response", "object")]);
        let found = peer.rest.object(&format!("transactions?hash={hash}"));
        let members = [
            ("response_code", "int"),
            ("data", "object"),
            ("meta", "object"),
            ("more_info", "string"),
            ("signature", "string"),
            ("public_key", "string"),
        ];
        check("transaction", &found, &members);
        assert_eq!((&found["data"], &found["more_info"]), (&body, &json!("success")));
        let members =
            ["peer_id", "score_id", "score_version", "channel_name"].map(|n| (n, "string"));
        check("meta", &found["meta"], &members);
        assert_eq!(found["meta"]["peer_id"], network.peer_id(0).as_str());
        assert_eq!(found["meta"]["channel_name"], CERTIFICATES);
        for name in ["signature", "public_key"] {
            assert!(!found[name].as_str().unwrap().is_empty(), "{name} in {found}");
        }
    }
    let unknown = first.object(&format!("transactions?hash={}", "0".repeat(64)));
    let nothing = json!({
        "response_code": -1, "data": "", "meta": "", "more_info": "fail", "signature": "",
        "public_key": "",
    });
    assert_eq!(unknown, nothing);
    let unknown = first.object(&format!("transactions/result?hash={}", "0".repeat(64)));
    assert_eq!(unknown, json!({ "response_code": "-1" }));
    let unknown = first.object(&format!("blocks?hash={}", "0".repeat(64)));
    assert_eq!(
        (&unknown["response_code"], &unknown["block_hash"]),
        (&json!(-4), &json!("0".repeat(64)))
    );
    assert_eq!((&unknown["block_data_json"], &unknown["tx_data_json"]), (&json!({}), &json!("")));
    block_of(network, hash, &body);
    plain_data(network);
}

// The last block holds the only transaction under way.
fn block_of(network: &Network, hash: &str, body: &Value) {
    let rest = &network.peers[1].rest;
    let last = last_block(rest, CERTIFICATES);
    let found = block(rest, CERTIFICATES, last["block_hash"].as_str().unwrap());
    let transactions = found["tx_data_json"].as_array().unwrap();
    assert_eq!(transactions.len(), 1, "{found}");
    let members = ["tx_hash", "timestamp", "data_string", "peer_id"].map(|name| (name, "string"));
    check("tx_data_json", &transactions[0], &members);
    assert_eq!(transactions[0]["tx_hash"], hash);
    let data: Value =
        serde_json::from_str(transactions[0]["data_string"].as_str().unwrap()).unwrap();
    assert_eq!(&data, body);
    assert_eq!(transactions[0]["peer_id"], network.peer_id(0).as_str());
}

fn plain_data(network: &Network) {
    for body in
        [json!({ "data": "hello" }), json!({}), json!({ "a": [1, { "b": "ü 한" }], "c": 1e300 })]
    {
        let rest = &network.peers[2].rest;
        let hash = rest.accepted(&body);
        rest.executed(CERTIFICATES, &hash);
        assert_eq!(rest.object(&format!("transactions?hash={hash}"))["data"], body);
    }
}

fn documents(network: &Network) {
    let (first, second) = (&network.peers[0].rest, &network.peers[1].rest);
    let call = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "channel": DOCUMENTS, "method": method, "params": params, "id": 1 });
    let proposal = json!({
        "document": "contract", "user": "ann", "parties": ["ann", "bob", "cho"], "quorum": 2,
        "content_hash": "00ff",
    });
    let hash = first.accepted(&call("propose", proposal));
    assert_eq!(second.executed(DOCUMENTS, &hash), json!({ "code": 0, "jsonrpc": "2.0" }));
    let approval = |user: &str| call("approve", json!({ "document": "contract", "user": user }));
    for (user, code) in [("ann", 0), ("ann", 1005), ("dee", 1004), ("bob", 0), ("cho", 1006)] {
        let hash = second.accepted(&approval(user));
        let response = first.executed(DOCUMENTS, &hash);
        assert_eq!(response["code"], code, "approval by {user}: {response}");
        assert_eq!(response["jsonrpc"], "2.0");
        let has_message = response["message"].as_str().is_some_and(|text| !text.is_empty());
        assert_eq!(has_message, code != 0, "{response}");
    }
    for peer in &network.peers {
        let document = json!({ "document": "contract" });
        let answer =
            wait_for("the document to be approved", std::time::Duration::from_secs(10), || {
                let answer = peer.rest.query(DOCUMENTS, "document", document.clone());
                let status = &answer["response"]["response"]["status"];
                if status == "approved" { Ok(answer) } else { Err(answer.to_string()) }
            });
        check("POST query", &answer, &[("response_code", "string"), ("response", "object")]);
        assert_eq!(
            (&answer["response_code"], &answer["response"]["code"]),
            (&json!("0"), &json!(0))
        );
        let list = peer.rest.query(DOCUMENTS, "list", json!({}));
        assert_eq!(list["response"]["response"], json!({ "documents": ["contract"] }));
        let unknown = peer.rest.query(DOCUMENTS, "document", json!({ "document": "none" }));
        assert_eq!(unknown["response"]["code"], 1003, "{unknown}");
    }
    // The other channel has heard nothing of it.
    let there = first.object(&format!("transactions?channel={CERTIFICATES}&hash={hash}"));
    assert_eq!(there["response_code"], -1);
}

fn configuration(network: &Network) {
    let rest = &network.radiostation.rest;
    let all = rest.object("conf");
    check("conf", &all, &[("response_code", "int"), ("data", "list")]);
    let members = [("name", "string"), ("value", "string"), ("type", "int")];
    all["data"].as_array().unwrap().iter().for_each(|entry| check("conf", entry, &members));
    let one = rest.object("conf?name=GRPC_TIMEOUT");
    assert_eq!(one["data"], json!({ "name": "GRPC_TIMEOUT", "value": "30", "type": 1 }));
    let answer = rest.post("conf", &json!({ "name": "GRPC_TIMEOUT", "value": "20" })).unwrap();
    assert_eq!(answer.json(), json!({ "response_code": 0, "message": "success" }));
    assert_eq!(rest.object("conf?name=GRPC_TIMEOUT")["data"]["value"], "20");
    for node in [rest, &network.peers[0].rest] {
        let document = node.object("openapi.json");
        assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.")));
    }
}
