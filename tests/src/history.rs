//! The chain of one channel as one peer tells it.

use serde_json::Value;
use wire::v1::ExecutedBlock;

use crate::node::Node;

/// A block as REST gives it, with the height as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldBlock {
    pub height: u64,
    pub hash: String,
    pub previous: String,
    pub maker: String,
    /// (hash, data), in order.
    pub transactions: Vec<(String, String)>,
}

/// Blocks from genesis to the last, found by following `prev_block_hash` back from the last.
///
/// # Panics
/// When a block is missing or does not fit the one after it.
pub fn told_blocks(peer: &Node, channel: &str) -> Vec<ToldBlock> {
    let last = peer.rest.object(&format!("blocks?channel={channel}"));
    let mut hash = text(&last, "block_hash");
    let mut blocks: Vec<ToldBlock> = Vec::new();
    loop {
        let answer = peer.rest.object(&format!("blocks?channel={channel}&hash={hash}"));
        let block = told_block(&answer);
        assert!(block.hash == hash, "{}: asked for {hash}, got {}", peer.name, block.hash);
        if let Some(later) = blocks.last() {
            let fits = block.height + 1 == later.height;
            assert!(fits, "{}: {} comes before {}", peer.name, block.height, later.height);
        }
        hash = block.previous.clone();
        let is_genesis = block.height == 0;
        blocks.push(block);
        if is_genesis {
            assert!(hash.is_empty(), "{}: genesis has a block before it: {hash}", peer.name);
            blocks.reverse();
            return blocks;
        }
    }
}

fn told_block(answer: &Value) -> ToldBlock {
    let data = &answer["block_data_json"];
    let transactions = match &answer["tx_data_json"] {
        Value::Array(all) => all.as_slice(),
        Value::String(none) if none.is_empty() => &[],
        other => panic!("tx_data_json is neither a list nor \"\": {other}"),
    };
    let transaction = |told: &Value| (text(told, "tx_hash"), text(told, "data_string"));
    ToldBlock {
        height: text(data, "height").parse().expect("height holds a number"),
        hash: text(answer, "block_hash"),
        previous: text(data, "prev_block_hash"),
        maker: text(data, "peer_id"),
        transactions: transactions.iter().map(transaction).collect(),
    }
}

fn text(object: &Value, name: &str) -> String {
    let found = object[name].as_str();
    found.unwrap_or_else(|| panic!("{name} is not a text in {object}")).to_owned()
}

/// Blocks 1 to `last` with results and state hashes.
///
/// # Panics
/// When they cannot be had.
pub fn executed_blocks(peer: &Node, channel: &str, last: u64) -> Vec<ExecutedBlock> {
    let blocks = peer.grpc().executed_blocks(channel, last);
    blocks.unwrap_or_else(|error| panic!("{}: blocks of {channel}: {error}", peer.name))
}
