//! What clients may ask of a peer; `rest` and `grpc` only put it into their own words.

pub mod grpc;
pub mod rest;

use std::collections::BTreeMap;
use std::time::Instant;

use chain::count::Height;
use chain::hash::Hash;
use chain::keys::PeerId;
use serde_json::{Value, json};
use wire::runner::Answer;

use crate::channel::{Channel, ChannelStatus, Difference};
use crate::executor::{QueryError, Runner};
use crate::intake::Refused;
use crate::node::Node;
use crate::view::{self, BlockView, TransactionView, Which};

/// Response codes of the REST contract.
pub mod code {
    pub const SUCCESS: i32 = 0;
    pub const FAIL: i32 = -1;
    pub const WRONG_BLOCK_HASH: i32 = -4;
    pub const INVALID_PARAMETERS: i32 = -6;
    pub const TIMEOUT: i32 = -900;
    pub const NOT_HANDLED: i32 = -999;
    /// In a result: not committed, or not executed, yet.
    pub const NOT_INVOKED: i64 = 2;
    pub const SCORE_EXCEPTION: i64 = 9000;
    pub const SCORE_RUNNER_FAILED: i64 = 9100;
}

/// Of a name that a client sent, in what it is told.
const NAME_CHARACTERS_SHOWN: usize = 80;

/// Why a channel cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoChannel {
    #[error("this peer is not on channel '{0}'; it is on: {1}")]
    Unknown(String, String),
    #[error("this peer has not joined channel '{0}' yet; try again later")]
    NotJoined(String),
}

/// The state of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransactionResult {
    Unknown,
    /// `code` as in the REST contract.
    Known {
        code: i64,
        message: Option<String>,
    },
}

/// The channel of that name, or the default one, once this peer is a member.
pub fn channel(node: &Node, name: Option<&str>) -> Result<Channel, NoChannel> {
    let name = name.filter(|name| !name.is_empty()).unwrap_or(&node.settings.default_channel);
    // A status of gRPC is a header, which must stay small.
    let shown = || name.chars().take(NAME_CHARACTERS_SHOWN).collect();
    match node.channel(name) {
        Some(channel) if channel.status.borrow().is_member => Ok(channel),
        Some(_) => Err(NoChannel::NotJoined(shown())),
        None if !node.knows_its_channels() => Err(NoChannel::NotJoined(shown())),
        None => Err(NoChannel::Unknown(shown(), node.channel_names().join(", "))),
    }
}

/// The object of `status/peer`.
pub fn peer_status(node: &Node, channel: &Channel) -> Value {
    let status = channel.status.borrow().clone();
    let leads = status.leader == node.me;
    let leads = if leads { "1" } else { "0" };
    json!({
        "status": format!("Service is online: {leads}"),
        "peer_type": leads,
        "consensus": "lft",
        "peer_id": node.me.to_string(),
        "peer_target": node.target,
        "audience_count": status.connected.to_string(),
        "block_height": status.height.0,
        "made_block_count": status.made_blocks,
        "total_tx": status.transactions,
        "leader_complaint": if status.is_complaining { 2 } else { 1 },
        "lft": lft_status(node, channel, &status),
    })
}

fn lft_status(node: &Node, channel: &Channel, status: &ChannelStatus) -> Value {
    let targets: BTreeMap<PeerId, String> =
        node.peers(&channel.name).into_iter().map(|p| (p.key.peer_id(), p.target)).collect();
    let name = |peer: &PeerId| {
        let id = peer.to_string();
        let end = &id[id.len() - 4..];
        match targets.get(peer) {
            Some(target) => format!("peer …{end} at {target}"),
            None => format!("peer …{end}"),
        }
    };
    let waiting_for = channel.waiting_for.borrow().words(Instant::now(), name);
    json!({
        "height": status.height.next().0,
        "waiting_for": waiting_for,
        "leader": status.leader.to_string(),
        "round": status.round.0,
        "executed_height": channel.executor.executed().height.0,
        "catching_up_to": (status.target > status.height).then_some(status.target.0),
        "dishonest_peers_to_break_safety": status.tolerance.dishonest_to_break_safety,
        "silent_peers_to_stop_progress": status.tolerance.silent_to_stop_progress,
        "evidence": status.evidence,
        "state_differs_from_height": status.diverged.map(|height| height.0),
        "state_disputed_from_height": status.disputed.map(|height| height.0),
        "state_differences": status.differences.iter().map(difference).collect::<Vec<_>>(),
        "signs": !status.lost_record && !status.holds_back,
    })
}

fn difference((peer, found): &(PeerId, Difference)) -> Value {
    let (number, hash) = found.transaction.map_or((None, None), |(n, h)| (Some(n), Some(h)));
    json!({
        "peer_id": peer.to_string(),
        "height": found.height.0,
        "tx_number": number,
        "tx_hash": hash.map(|hash| hash.to_string()),
    })
}

/// The object of `status/score`.
pub fn score_status(channel: &Channel) -> Value {
    match channel.executor.runner() {
        Runner::Loading => json!({"status": -1}),
        Runner::Failed(reason) => json!({"status": -1, "message": reason}),
        Runner::Ready(loaded) => json!({
            "id": loaded.id,
            "version": loaded.version,
            "all_version": loaded.versions,
            "status": 0,
        }),
    }
}

/// Accepts a transaction; its hash once it is durable.
pub async fn create_transaction(channel: &Channel, data: String) -> Result<Hash, Refused> {
    channel.intake.submit(data).await
}

/// A transaction kept here, and the `meta` that clients see with it.
pub fn transaction(channel: &Channel, hash: &Hash) -> Option<(TransactionView, Value)> {
    let found = view::transaction(&channel.ledger, hash)?;
    let ledger = &channel.ledger;
    let place = ledger.position(hash).and_then(|position| ledger.place_of(hash, &position));
    let executed = place.and_then(|place| channel.ledger.results(place.height));
    let version = executed.map(|results| results.version).or(match channel.executor.runner() {
        Runner::Ready(loaded) => Some(loaded.version),
        Runner::Loading | Runner::Failed(_) => None,
    });
    let meta = json!({
        "peer_id": found.maker.to_string(),
        "score_id": channel.genesis.score_package,
        "score_version": version.unwrap_or_default(),
        "channel_name": channel.name,
    });
    Some((found, meta))
}

/// What became of a transaction.
pub fn result(channel: &Channel, hash: &Hash) -> TransactionResult {
    let Some(position) = channel.ledger.position(hash) else { return TransactionResult::Unknown };
    let waits = TransactionResult::Known { code: code::NOT_INVOKED, message: None };
    let Some(place) = channel.ledger.place_of(hash, &position) else { return waits };
    if let Some(receipts) = channel.ledger.receipts(&place) {
        let receipt = receipts.into_iter().nth(position.index as usize);
        return receipt.map_or(TransactionResult::Unknown, |receipt| TransactionResult::Known {
            code: receipt.code,
            message: receipt.message,
        });
    }
    match channel.executor.runner() {
        Runner::Failed(_) => TransactionResult::Known {
            code: code::SCORE_RUNNER_FAILED,
            message: Some("committed; it will be executed once the SCORE runner runs again".into()),
        },
        Runner::Loading | Runner::Ready(_) => waits,
    }
}

/// The `response` object for a result.
pub fn response(code: i64, message: Option<&str>) -> Value {
    match message {
        Some(message) => json!({"code": code, "message": message, "jsonrpc": "2.0"}),
        None => json!({"code": code, "jsonrpc": "2.0"}),
    }
}

/// What a query came to, as (`response_code`, `response`).
pub async fn query(channel: &Channel, request: String) -> (i32, Option<Value>) {
    match channel.executor.query(request).await {
        Ok(Answer::Returned(text)) => match serde_json::from_str(&text) {
            Ok(value) => (code::SUCCESS, Some(value)),
            Err(_) => (code::FAIL, Some(Value::String(text))),
        },
        Ok(Answer::Raised(why)) => {
            let message = format!("Query Raise Exception : {why}");
            (code::SUCCESS, Some(json!({"code": code::SCORE_EXCEPTION, "message": message})))
        }
        Ok(Answer::TimedOut) | Err(QueryError::TimedOut) => (code::TIMEOUT, None),
        Err(error @ (QueryError::NoRunner(_) | QueryError::Busy | QueryError::Diverged(_))) => {
            let message = error.to_string();
            (code::SUCCESS, Some(json!({"code": code::SCORE_RUNNER_FAILED, "message": message})))
        }
    }
}

/// A committed block; none if there is no such block.
pub fn block(channel: &Channel, which: Which) -> Option<BlockView> {
    let last: Height = channel.status.borrow().height;
    view::block(&channel.ledger, which, last)
}

#[cfg(test)]
mod tests;
