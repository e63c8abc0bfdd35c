use serde_json::json;

use super::{NoChannel, TransactionResult, channel, peer_status, response, result};
use crate::node::tests::Home;
use crate::tests::{hash, peer};

#[test]
fn results_have_the_shape_of_the_contract() {
    let cases = [
        (0, None, r#"{"code":0,"jsonrpc":"2.0"}"#),
        (2, None, r#"{"code":2,"jsonrpc":"2.0"}"#),
        (9000, Some("why"), r#"{"code":9000,"message":"why","jsonrpc":"2.0"}"#),
    ];
    for (code, message, expected) in cases {
        assert_eq!(response(code, message).to_string(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_is_not_known_yet_may_still_come() {
    let home = Home::new();
    let node = home.node().await;
    let name = |asked: Option<&str>| channel(&node, asked).map(|found| found.name);
    let expected = Err(NoChannel::NotJoined("letters".into()));
    assert_eq!(name(Some("letters")), expected);
    node.set_welcomed();
    assert!(matches!(name(Some("letters")), Err(NoChannel::Unknown(..))));
    home.join(&node);
    assert_eq!(name(Some("letters")), Ok("letters".into()));
    // The default channel is meant when none is named.
    let default = node.settings.default_channel.clone();
    for asked in [None, Some("")] {
        let expected = NoChannel::Unknown(default.clone(), "letters".into());
        assert_eq!(name(asked), Err(expected), "{asked:?}");
    }
    node.stop.cancel();
    node.join_threads();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_a_new_channel_has_the_shape_of_the_contract() {
    let home = Home::new();
    let node = home.node().await;
    let channel = home.join(&node);
    let status = peer_status(&node, &channel);
    let expected = json!({
        "status": "Service is online: 1", "peer_type": "1", "consensus": "lft",
        "peer_id": peer(1).to_string(), "peer_target": "127.0.0.1:7100", "audience_count": "0",
        "block_height": 0, "made_block_count": 0, "total_tx": 0, "leader_complaint": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(status.get(name), Some(value), "{name}");
    }
    assert_eq!(result(&channel, &hash(1)), TransactionResult::Unknown);
    node.stop.cancel();
    node.join_threads();
}
