//! Whether a peer speaks on its channels: as it says itself, as its vote shows, and how its operator
//! gets it to do so again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::network::Network;
use crate::node::Node;
use crate::rest::Submitted;
use crate::wait::wait_for;

const LIMIT: Duration = Duration::from_secs(60);
/// Several complaint timeouts: whoever could decide would have.
const STANDSTILL: Duration = Duration::from_secs(4);
const PAUSE: Duration = Duration::from_millis(100);

/// The member `lft` of a peer's status.
///
/// # Errors
/// Why there is none.
pub fn lft(network: &Network, peer: usize, channel: &str) -> Result<Value, String> {
    let status = network.peers[peer].rest.status(channel)?;
    if status["lft"].is_object() { Ok(status["lft"].clone()) } else { Err(status.to_string()) }
}

/// Waits until the peer says on every channel that it signs, or that it does not.
///
/// # Panics
/// When it does not within a minute.
pub fn wait_for_signs(network: &Network, peer: usize, wanted: bool) {
    let word = if wanted { "to sign" } else { "not to sign" };
    for channel in &network.channels {
        let what = format!("{} {word} on {}", network.peers[peer].name, channel.name);
        wait_for(&what, LIMIT, || {
            let lft = lft(network, peer, &channel.name)?;
            if lft["signs"] == wanted { Ok(()) } else { Err(lft.to_string()) }
        });
    }
}

/// Checks that a peer says, by every door, that it lost its record and must be admitted again, and
/// that it takes no transactions.
///
/// # Panics
/// When it is not so.
pub fn assert_lost_record(peer: &Node, channel: &str) {
    wait_for(&format!("{} to wait for its admission to {channel}", peer.name), LIMIT, || {
        let lft = &peer.rest.status(channel)?["lft"];
        let words = lft["waiting_for"].as_str().unwrap_or_default();
        let waits = lft["signs"] == false && words.contains("to admit this peer again");
        if waits { Ok(()) } else { Err(lft.to_string()) }
    });
    let answer = peer.rest.submit(&json!({ "data": 1, "channel": channel }));
    let refused = matches!(&answer, Submitted::Busy(why) if why.contains("must be admitted again"));
    assert!(refused, "{} on {channel} answers {answer:?}", peer.name);
    let log = peer.log();
    let line = log.lines().find(|line| line.contains("ERROR") && line.contains("change leave"));
    assert!(line.is_some(), "{} does not log what to do:\n{log}", peer.name);
}

/// Whether three of four, `peer` among them, commit something.
pub fn decides_without(network: &mut Network, peer: usize, other: usize) -> bool {
    network.peers[other].kill();
    let third = (0..network.peers.len()).find(|third| ![peer, other].contains(third));
    let rest = network.peers[third.expect("there are four")].rest.clone();
    let channel = network.channels[0].name.clone();
    let hash = rest.accepted(&json!({ "data": "needs three", "channel": channel }));
    let executed = || rest.result(&channel, &hash)["response"]["code"] == 0;
    let began = Instant::now();
    let mut decided = executed();
    while !decided && began.elapsed() < STANDSTILL {
        std::thread::sleep(PAUSE);
        decided = executed();
    }
    network.peers[other].start();
    network.wait_ready();
    assert_eq!(rest.executed(&channel, &hash)["code"], 0);
    wait_for_signs(network, other, true);
    decided
}

/// What the operators do with a peer that lost its record: it leaves, starts anew, and is admitted.
///
/// # Panics
/// When it does not sign after that.
pub fn admit_again(network: &mut Network, peer: usize) {
    let id = network.peer_id(peer);
    for channel in &network.channels {
        let body = json!({ "channel": channel.name, "peer_id": id, "change": "leave" });
        let answer = network.radiostation.rest.post("membership", &body);
        let answer = answer.expect("the radiostation answers");
        assert!(answer.json()["response_code"] == 0, "{}", answer.text);
    }
    // It is told only when it attends anew.
    let (status, _) = network.peers[peer].stop();
    assert!(status.success(), "{status}");
    network.peers[peer].start();
    network.wait_ready();
    wait_for_signs(network, peer, true);
}
