use serde_json::json;
use wire::runner::{Answer, Order, Report, ServiceCall, ServiceReply};

use crate::driver::{Runner, block, load, storage};

fn reply(height: u64) -> ServiceReply {
    ServiceReply::Block {
        response_code: 0,
        block_hash: "ab".repeat(32),
        block_data_json: json!({"block_hash": "ab", "height": height.to_string()}).to_string(),
        tx_data_json: vec!["{}".to_owned()],
    }
}

fn expect_block(height: i64, hash: &str, filter: &str) -> Report {
    Report::ServiceCall(ServiceCall::GetBlock {
        block_hash: hash.to_owned(),
        block_height: height,
        block_filter: filter.to_owned(),
        tx_filter: "tx_hash".to_owned(),
    })
}

#[test]
fn a_transaction_sees_no_further_than_its_block() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("service", storage.path()));
    runner.execute(block(1, &["{}"]));
    let texts = [
        json!({"call": "get_last_block_hash"}),
        json!({"call": "get_block"}),
        json!({"call": "get_block_by_height", "with": [3]}),
        json!({"call": "get_block_by_hash", "with": ["cd", "block_hash"]}),
        json!({"call": "get_block_by_hash", "with": ["ef", "block_hash"]}),
        json!({"call": "get_peer_status"}),
        json!({"call": "get_peer_id"}),
    ];
    runner.order(&Order::Execute(block(2, &texts.map(|text| text.to_string()))));
    // Orders that come before an answer wait.
    runner.order(&Order::Query { id: 1, request: r#"{"call": "get_peer_id"}"#.to_owned() });
    let standard = "prev_block_hash, height, block_hash";
    assert_eq!(runner.report(), expect_block(2, "", standard));
    runner.order(&Order::ServiceReply(reply(2)));
    assert_eq!(runner.report(), expect_block(-1, "cd", "block_hash,height"));
    runner.order(&Order::ServiceReply(reply(1)));
    assert_eq!(runner.report(), expect_block(-1, "ef", "block_hash,height"));
    runner.order(&Order::ServiceReply(reply(3)));
    let Report::Executed(executed) = runner.report() else { panic!("not executed") };
    let messages: Vec<&str> =
        executed.receipts.iter().map(|receipt| receipt.message.as_deref().unwrap()).collect();
    let hash = "ab".repeat(32);
    let own = format!(r#"[0, "{hash}", "{{\"block_hash\":\"ab\",\"height\":\"2\"}}", ["{{}}"]]"#);
    assert_eq!(
        messages[..5],
        [
            format!("\"{}\"", "02".repeat(32)),
            own,
            r#"[-4, "", "{}", []]"#.to_owned(),
            format!(r#"[0, "{hash}", "{{\"block_hash\":\"ab\"}}", ["{{}}"]]"#),
            r#"[-4, "ef", "{}", []]"#.to_owned(),
        ]
    );
    for (message, what) in [(messages[5], "the peer's status"), (messages[6], "the peer's id")] {
        assert!(message.contains(&format!("{what} differs between peers")), "{message}");
    }
    let answer = Answer::Returned("\"this-peer\"".to_owned());
    assert_eq!(runner.report(), Report::Answered { id: 1, answer });
}

#[test]
fn a_query_asks_about_the_whole_chain() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("service", storage.path()));
    for (request, call, reply, answer) in [
        (
            json!({"call": "get_last_block_hash"}),
            Report::ServiceCall(ServiceCall::GetLastBlockHash),
            ServiceReply::LastBlockHash("ff".to_owned()),
            "\"ff\"",
        ),
        (
            json!({"call": "get_peer_status"}),
            Report::ServiceCall(ServiceCall::GetPeerStatus),
            ServiceReply::PeerStatus(r#"{"peer_type": "1"}"#.to_owned()),
            r#"{"peer_type": "1"}"#,
        ),
    ] {
        runner.order(&Order::Query { id: 3, request: request.to_string() });
        assert_eq!(runner.report(), call);
        runner.order(&Order::ServiceReply(reply));
        let answer = Answer::Returned(answer.to_owned());
        assert_eq!(runner.report(), Report::Answered { id: 3, answer });
    }
}
