//! A peer that has not been told its channels yet says so, and joins once it can.

use serde_json::json;
use tests::network::Network;
use tests::plan::{CERTIFICATES, Plan};
use tests::wait::wait_for;
use tonic::Code;
use wire::legacy::StatusRequest;

#[test]
fn a_peer_without_a_radiostation_answers_503_and_joins_later() {
    let mut network = Network::prepare(Plan::default());
    network.peers[0].start();
    let rest = network.peers[0].rest.clone();
    let limit = std::time::Duration::from_secs(20);
    wait_for("the peer to serve", limit, || rest.try_object("openapi.json").map(drop));
    let hash = "0".repeat(64);
    let routes = [
        "status/peer".to_owned(),
        "status/score".to_owned(),
        "blocks".to_owned(),
        format!("transactions?hash={hash}"),
        format!("transactions/result?hash={hash}"),
    ];
    for route in &routes {
        let answer = rest.get(route).unwrap();
        assert_eq!(answer.status, 503, "{route}: {}", answer.text);
        assert!(answer.json()["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    for route in ["transactions", "query"] {
        let answer = rest.post(route, &json!({ "data": "too early" })).unwrap();
        assert_eq!(answer.status, 503, "{route}: {}", answer.text);
    }
    let grpc = network.peers[0].grpc();
    let request = StatusRequest { request: String::new(), channel: None };
    let refused = grpc.call(grpc.peer().get_status(request)).unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);

    network.radiostation.start();
    network.wait_ready();
    network.peers[1..].iter_mut().for_each(|peer| peer.start());
    network.wait_ready();
    let hash = rest.accepted(&json!({ "data": "now" }));
    assert_eq!(rest.executed(CERTIFICATES, &hash)["code"], 0);
    network.assert_healthy();
}
