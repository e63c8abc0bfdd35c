//! What a SCORE may ask about its chain. While a block is executed nothing above it is visible, so
//! that all peers answer alike.

use chain::channel::Genesis;
use chain::count::Height;
use chain::keys::PeerId;
use chain::ledger::Head;
use serde_json::Value;
use wire::runner::{ServiceCall, ServiceReply};

use crate::channel::ChannelStatus;
use crate::storage::Ledger;
use crate::view::{self, Which};

const SUCCESS: i32 = 0;
const WRONG_BLOCK_HASH: i32 = -4;

/// The answer to `call`; no block above `last` is shown.
pub fn answer(
    ledger: &Ledger,
    genesis: &Genesis,
    status: &ChannelStatus,
    me: PeerId,
    last: Height,
    call: ServiceCall,
) -> ServiceReply {
    match call {
        ServiceCall::GetLastBlockHash => {
            let block = view::block(ledger, Which::Last, last);
            let hash = block.map_or_else(|| Head::new(genesis).hash, |block| block.hash);
            ServiceReply::LastBlockHash(hash.to_string())
        }
        ServiceCall::GetBlock { block_hash, block_height, block_filter, tx_filter } => {
            let which = match (block_hash.as_str(), u64::try_from(block_height)) {
                ("", Ok(height)) => Some(Which::Height(Height(height))),
                ("", Err(_)) => Some(Which::Last),
                (hash, _) => hash.parse().ok().map(Which::Hash),
            };
            let found = which.and_then(|which| view::block(ledger, which, last));
            let Some(block) = found else {
                return ServiceReply::Block {
                    response_code: WRONG_BLOCK_HASH,
                    block_hash,
                    block_data_json: "{}".into(),
                    tx_data_json: Vec::new(),
                };
            };
            let transactions = block.transactions(ledger, &view::names(&tx_filter));
            let fields = block.fields(&view::names(&block_filter));
            ServiceReply::Block {
                response_code: SUCCESS,
                block_hash: block.hash.to_string(),
                block_data_json: Value::Object(fields).to_string(),
                tx_data_json: transactions
                    .into_iter()
                    .map(|t| Value::Object(t).to_string())
                    .collect(),
            }
        }
        ServiceCall::GetPeerStatus => {
            let status = serde_json::json!({
                "peer_id": me.to_string(),
                "block_height": status.height.0,
                "total_tx": status.transactions,
            });
            ServiceReply::PeerStatus(status.to_string())
        }
    }
}
