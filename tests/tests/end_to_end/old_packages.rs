//! Packages of the old system, in both forms of its interface and with either database, each on a
//! channel of four peers: all come to the same results and the same state.

use std::time::Duration;

use serde_json::{Value, json};
use tests::network::{Network, shipped_packages};
use tests::plan::{ChannelPlan, Plan};
use tests::process::command;
use tests::wait::wait_for;

/// Package, and what it is written for.
const PACKAGES: [(&str, &str); 4] = [
    (
        "icx_token",
        "ScoreHelper().Get and Put, genesis_invoke, several modules, partial(helper.log)",
    ),
    ("coupon_genesis", "both forms in one package"),
    ("cert_registry", "load_database, sqlite3"),
    ("loyalty_point", "load_database, leveldb: RangeIter, WriteBatch"),
];
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn every_peer_comes_to_the_same() {
    let packages = shipped_packages().join("../score-runtime/tests/packages");
    let packages = std::fs::canonicalize(packages).unwrap();
    let channel = |(name, _): &(&str, &str)| ChannelPlan::new(name, &format!("authors/{name}"));
    let channels = PACKAGES.iter().map(channel).collect();
    let plan = Plan { channels, packages: Some(packages.clone()), ..Plan::default() };
    let network = Network::start(plan);
    for (name, what) in PACKAGES {
        let script =
            std::fs::read_to_string(packages.join("authors").join(name).join("tests/all.json"));
        let script: Value = serde_json::from_str(&script.unwrap()).unwrap();
        let steps = script["steps"].as_array().unwrap();
        let calls = steps.iter().filter_map(|step| step["block"].as_array()).flatten();
        let mut codes = Vec::new();
        for call in calls {
            // By REST a transaction is an object.
            let Ok(Value::Object(mut body)) =
                serde_json::from_str(call["invoke"].as_str().unwrap())
            else {
                continue;
            };
            body.insert("channel".to_owned(), json!(name));
            let hash = network.peers[codes.len() % 4].rest.accepted(&Value::Object(body));
            let of = |peer: usize| network.peers[peer].rest.executed(name, &hash);
            let first = of(0);
            for peer in 1..4 {
                assert_eq!(of(peer), first, "{name} ({what}), peer {peer}");
            }
            codes.push(first["code"].as_i64().unwrap());
        }
        assert!(codes.contains(&0) && codes.iter().any(|code| *code != 0), "{name}: {codes:?}");
    }
    for (name, _) in PACKAGES {
        let store = |peer: usize| {
            let storage = network.peers[peer].folder.join("storage/score").join(name);
            storage.display().to_string()
        };
        for peer in 1..4 {
            wait_for("the stores to be equal", LIMIT, || {
                let arguments = ["diff", &store(0), &store(peer)];
                let output = command("score-runner", &arguments, &packages, None).output().unwrap();
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                if told == "no differences\n" { Ok(()) } else { Err(told) }
            });
            let status = network.peers[peer].rest.status(name).unwrap();
            assert_eq!(status["lft"]["state_differences"], json!([]), "{name}");
        }
    }
}
