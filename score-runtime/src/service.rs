//! What a contract may ask about the chain (`_score_service`).
//!
//! While a block is executed, the answers are those every peer would give: nothing beyond that
//! block, and nothing of the peer itself.

use std::sync::Arc;

use serde_json::{Map, Value};
use wire::runner::{Block, ServiceCall, ServiceReply};

use crate::conversation::ConversationError;
use crate::session::{Phase, Refusal, Session};

/// `response_code` for a block that there is not, or not yet.
pub(crate) const WRONG_BLOCK_HASH: i32 = -4;

/// A block as `_score_service` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockReply {
    pub response_code: i32,
    pub block_hash: String,
    pub block_data_json: String,
    pub tx_data_json: Vec<String>,
}

impl Session {
    /// Hash of the last block; while a block is executed, of that one.
    pub fn last_block_hash(&mut self) -> Result<String, Refusal> {
        if let Some(block) = self.executing() {
            return Ok(hex::encode(block.block_hash));
        }
        match self.ask(ServiceCall::GetLastBlockHash)? {
            ServiceReply::LastBlockHash(hash) => Ok(hash),
            _ => self.or_break(Err(ConversationError::OtherAnswer)),
        }
    }

    /// A block by hash or, that being empty, by height; -1 is the last.
    pub fn block(
        &mut self,
        block_hash: &str,
        block_height: i64,
        block_filter: &str,
        tx_filter: &str,
    ) -> Result<BlockReply, Refusal> {
        let Some(block) = self.executing() else {
            return self.ask_block(block_hash, block_height, block_filter, tx_filter);
        };
        let own_height = i64::try_from(block.height).unwrap_or(i64::MAX);
        let by_height = block_hash.is_empty();
        if by_height && block_height > own_height {
            return Ok(unknown_block(block_hash));
        }
        let height = if by_height && block_height < 0 { own_height } else { block_height };
        let shows_height = block_filter.split(',').any(|field| field.trim() == "height");
        let asked =
            if shows_height { block_filter.to_owned() } else { format!("{block_filter},height") };
        let mut reply = self.ask_block(block_hash, height, &asked, tx_filter)?;
        let mut data: Map<String, Value> =
            serde_json::from_str(&reply.block_data_json).unwrap_or_default();
        let found = data.get("height").and_then(height_of);
        if reply.response_code == 0 && found.is_none_or(|found| found > block.height) {
            return Ok(unknown_block(block_hash));
        }
        if !shows_height && data.shift_remove("height").is_some() {
            reply.block_data_json = Value::Object(data).to_string();
        }
        Ok(reply)
    }

    /// `status/peer` as JSON text; not while a block is executed.
    pub fn peer_status(&mut self) -> Result<String, Refusal> {
        if self.executing().is_some() {
            return Err(Refusal::Differs("the peer's status"));
        }
        match self.ask(ServiceCall::GetPeerStatus)? {
            ServiceReply::PeerStatus(status) => Ok(status),
            _ => self.or_break(Err(ConversationError::OtherAnswer)),
        }
    }

    /// This peer's id; not while a block is executed.
    pub fn peer_id(&self) -> Result<String, Refusal> {
        match self.executing() {
            Some(_) => Err(Refusal::Differs("the peer's id")),
            None => Ok(self.peer_id.clone()),
        }
    }

    fn executing(&self) -> Option<Arc<Block>> {
        match self.phase() {
            Phase::Executing(block) => Some(Arc::clone(block)),
            _ => None,
        }
    }

    fn ask_block(
        &mut self,
        block_hash: &str,
        block_height: i64,
        block_filter: &str,
        tx_filter: &str,
    ) -> Result<BlockReply, Refusal> {
        let call = ServiceCall::GetBlock {
            block_hash: block_hash.to_owned(),
            block_height,
            block_filter: block_filter.to_owned(),
            tx_filter: tx_filter.to_owned(),
        };
        match self.ask(call)? {
            ServiceReply::Block { response_code, block_hash, block_data_json, tx_data_json } => {
                Ok(BlockReply { response_code, block_hash, block_data_json, tx_data_json })
            }
            _ => self.or_break(Err(ConversationError::OtherAnswer)),
        }
    }

    fn ask(&mut self, call: ServiceCall) -> Result<ServiceReply, Refusal> {
        let reply = self.conversation.ask(call);
        self.or_break(reply)
    }
}

fn height_of(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn unknown_block(block_hash: &str) -> BlockReply {
    BlockReply {
        response_code: WRONG_BLOCK_HASH,
        block_hash: block_hash.to_owned(),
        block_data_json: "{}".to_owned(),
        tx_data_json: Vec::new(),
    }
}
