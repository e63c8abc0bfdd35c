//! What Python and native SCOREs have in common.

use std::sync::Arc;

use wire::runner::{Answer, Block, Receipt};

use crate::store::Outcome;

/// Result code of an exception in the SCORE.
pub const EXCEPTION: i64 = 9000;

/// Longest message of a receipt, characters: a block's receipts must fit into one frame.
pub const MESSAGE_CHARACTERS_MAX: usize = 1000;
/// Longest answer to a query, bytes.
pub const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The engine itself failed, not the contract: the process ends.
#[derive(Debug, thiserror::Error)]
#[error("the engine failed: {0}")]
pub struct EngineError(pub String);

/// A loaded SCORE.
pub trait Engine {
    fn begin_block(&mut self, block: &Arc<Block>) -> Result<(), EngineError>;

    /// Executes one transaction of the block; whatever the contract does is a receipt.
    fn invoke(&mut self, index: usize) -> Result<Receipt, EngineError>;

    /// Keeps or undoes what the transaction did outside the session's databases, and gives a
    /// digest of what it did there; empty for nothing.
    fn end_transaction(&mut self, keep: bool) -> Result<Vec<u8>, EngineError>;

    /// Called before the store commits `outcome`.
    fn commit_block(&mut self, outcome: &Outcome) -> Result<(), EngineError>;

    fn query(&mut self, request: &str) -> Result<Answer, EngineError>;
}

/// The receipt with its message cut to [`MESSAGE_CHARACTERS_MAX`].
pub fn bounded(mut receipt: Receipt) -> Receipt {
    if let Some(message) = &mut receipt.message
        && let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARACTERS_MAX)
    {
        message.truncate(end);
    }
    receipt
}

/// The answer, unless it is longer than [`ANSWER_BYTES_MAX`].
pub fn bounded_answer(answer: Answer) -> Answer {
    match answer {
        Answer::Returned(text) | Answer::Raised(text) if text.len() > ANSWER_BYTES_MAX => {
            let length = text.len();
            Answer::Raised(format!(
                "the answer has {length} bytes; at most {ANSWER_BYTES_MAX} are expected"
            ))
        }
        answer => answer,
    }
}

/// The receipt of a call that ran out of time; the same whichever way it was ended.
pub fn timed_out(limit_ms: u64) -> Receipt {
    let message = format!("invoke took longer than the {limit_ms} ms it may take");
    Receipt { code: EXCEPTION, message: Some(message) }
}
