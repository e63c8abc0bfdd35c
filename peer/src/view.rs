//! Blocks and transactions as existing clients see them: every value a string.

use chain::block::CommittedBlock;
use chain::count::Height;
use chain::encoding::encode;
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::transaction::{Transaction, TransactionSignature};
use serde_json::{Map, Value};

use crate::storage::Ledger;

/// A block, ready to be shown.
pub struct BlockView {
    pub hash: Hash,
    committed: Option<CommittedBlock>,
    maker: PeerId,
}

/// Which block is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Last,
    Hash(Hash),
    Height(Height),
}

/// The block asked for; none if it is not committed, or above `last`.
pub fn block(ledger: &Ledger, which: Which, last: Height) -> Option<BlockView> {
    let height = match which {
        Which::Last => last,
        Which::Height(height) => height,
        Which::Hash(hash) => ledger.height_of(&hash)?,
    };
    if height > last {
        return None;
    }
    if height == Height(0) {
        let genesis = ledger.genesis()?.genesis;
        let maker = genesis.first.key.peer_id();
        return Some(BlockView { hash: genesis.hash(), committed: None, maker });
    }
    let committed = ledger.block(height)?;
    let maker = committed.block.header.maker;
    Some(BlockView { hash: committed.block.hash(), committed: Some(committed), maker })
}

impl BlockView {
    /// One field of the block; `""` for a name that it does not have.
    pub fn field(&self, name: &str) -> String {
        let header = self.committed.as_ref().map(|committed| &committed.block.header);
        match (name, header) {
            ("block_hash", _) => self.hash.to_string(),
            ("peer_id", _) => self.maker.to_string(),
            ("prev_block_hash", Some(header)) => header.previous.to_string(),
            ("merkle_tree_root_hash", Some(header)) => header.batches_root.to_string(),
            ("time_stamp", Some(header)) => header.timestamp_us.to_string(),
            ("height", Some(header)) => header.height.to_string(),
            ("time_stamp" | "height", None) => "0".to_string(),
            _ => String::new(),
        }
    }

    /// Fields by name, as a JSON object.
    pub fn fields(&self, names: &[&str]) -> Map<String, Value> {
        names.iter().map(|name| (name.to_string(), Value::String(self.field(name)))).collect()
    }

    /// For each transaction the fields by name.
    pub fn transactions(&self, ledger: &Ledger, names: &[&str]) -> Vec<Map<String, Value>> {
        let batches = self.committed.iter().flat_map(|committed| &committed.block.batches);
        let batches = batches.filter_map(|b| ledger.batch(&b.maker, b.number, &b.hash));
        let mut all = Vec::new();
        for batch in batches {
            let maker = batch.header.maker;
            for (transaction, hash) in batch.transactions.iter().zip(batch.transaction_hashes()) {
                let field = |name: &&str| {
                    let value = transaction_field(name, transaction, &hash, &maker);
                    (name.to_string(), Value::String(value))
                };
                all.push(names.iter().map(field).collect());
            }
        }
        all
    }
}

fn transaction_field(name: &str, transaction: &Transaction, hash: &Hash, maker: &PeerId) -> String {
    match name {
        "tx_hash" => hash.to_string(),
        "timestamp" => transaction.timestamp_us.to_string(),
        "data_string" => transaction.data.clone(),
        "peer_id" => maker.to_string(),
        _ => String::new(),
    }
}

/// Names of a filter that count: there are fewer fields, and each costs something for every
/// transaction of a block.
const NAMES_MAX: usize = 16;
/// Longest of them, bytes.
const NAME_BYTES_MAX: usize = 64;

/// Names in a comma-separated filter, each once; the first 16, and none longer than 64 bytes.
pub fn names(filter: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for name in filter.split(',').map(str::trim) {
        let fits = (1..=NAME_BYTES_MAX).contains(&name.len()) && names.len() < NAMES_MAX;
        if fits && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A transaction kept here, committed or waiting.
pub struct TransactionView {
    pub transaction: Transaction,
    pub maker: PeerId,
    /// Canonical encoding of a `TransactionSignature`.
    pub signature: Vec<u8>,
    /// 33 bytes; of the maker.
    pub public_key: Vec<u8>,
}

/// The transaction of that hash.
pub fn transaction(ledger: &Ledger, hash: &Hash) -> Option<TransactionView> {
    let position = ledger.position(hash)?;
    let (maker, at) = (position.maker, position.index as usize);
    let batch = match ledger.place_of(hash, &position) {
        Some(place) => ledger.batch(&maker, position.number, &place.hash)?,
        None => ledger.waiting_batch(&position)?,
    };
    if batch.transaction_hashes().get(at) != Some(hash) {
        // Of a batch whose maker signed another one of that number, and that one was committed.
        return None;
    }
    let signature: TransactionSignature = batch.transaction_signature(at)?;
    let transaction = batch.transactions.get(at)?.clone();
    let key = ledger.member_key(&maker);
    let public_key = key.map(|key| key.to_bytes().to_vec()).unwrap_or_default();
    Some(TransactionView { transaction, maker, signature: encode(&signature), public_key })
}

#[cfg(test)]
mod tests;
