//! What Python and native SCOREs have in common.

use std::sync::Arc;

use wire::runner::{Answer, Block, Receipt};

use crate::store::Outcome;

/// Result code of an exception in the SCORE.
pub const EXCEPTION: i64 = 9000;

/// The engine itself failed, not the contract: the process ends.
#[derive(Debug, thiserror::Error)]
#[error("the engine failed: {0}")]
pub struct EngineError(pub String);

/// A loaded SCORE.
pub trait Engine {
    fn begin_block(&mut self, block: &Arc<Block>) -> Result<(), EngineError>;

    /// Executes one transaction of the block; whatever the contract does is a receipt.
    fn invoke(&mut self, index: usize) -> Result<Receipt, EngineError>;

    /// Keeps or undoes what the transaction did outside the session's databases, and gives the
    /// statements that did it.
    fn end_transaction(&mut self, keep: bool) -> Result<Vec<String>, EngineError>;

    /// Called before the store commits `outcome`.
    fn commit_block(&mut self, outcome: &Outcome) -> Result<(), EngineError>;

    fn query(&mut self, request: &str) -> Result<Answer, EngineError>;
}

/// The receipt of a call that ran out of time; the same whichever way it was ended.
pub fn timed_out(limit_ms: u64) -> Receipt {
    let message = format!("invoke took longer than the {limit_ms} ms it may take");
    Receipt { code: EXCEPTION, message: Some(message) }
}
