//! Many transactions at once.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::note;
use tests::plan::Plan;
use tests::random::seed;
use tests::rest::Submitted;

/// 16 clients: a REST and a streaming one for each of four peers on each of two channels.
#[test]
fn ten_thousand_transactions_through_all_peers_are_all_there_once_in_order_and_alike() {
    let mut network = Network::start(Plan::default());
    let plan = LoadPlan {
        label: "many".to_owned(),
        seed: seed(),
        transactions_per_client: Some(625),
        pause: Duration::ZERO,
    };
    let began = Instant::now();
    let record = Load::start(&network, &plan).join();
    note(&format!("seed {}: {} in {:?}", plan.seed, record.summary(), began.elapsed()));
    assert_eq!(record.accepted_count(), 10_000, "{}", record.summary());
    audit(&network, &record);
    network.assert_healthy();
}

/// Beyond what may wait, REST clients are told the figure, streams are slowed down, and neither
/// loses anything or its order.
#[test]
fn overload_is_refused_with_the_figure_and_keeps_the_order() {
    let mut plan = Plan::default();
    plan.peer_settings.insert("MAX_WAITING_TX_NUM".to_owned(), json!(3));
    let mut network = Network::start(plan);
    let plan = LoadPlan {
        label: "overload".to_owned(),
        seed: seed(),
        transactions_per_client: Some(200),
        pause: Duration::ZERO,
    };
    let load = Load::start(&network, &plan);
    let mut told = Vec::new();
    let began = Instant::now();
    while told.is_empty() && began.elapsed() < Duration::from_secs(30) {
        let answer = network.peers[0].rest.submit(&json!({ "data": "one more" }));
        if let Submitted::Busy(text) = answer {
            told.push(text);
        }
    }
    let record = load.join();
    note(&format!("seed {}: {}", plan.seed, record.summary()));
    let text = told.pop().expect("a full intake answers 429");
    let body: serde_json::Value = serde_json::from_str(&text).unwrap();
    let message = body["message"].as_str().unwrap();
    assert!(body["response_code"].is_i64() && message.contains("the limit is 3"), "{text}");
    audit(&network, &record);
    network.assert_healthy();
}
