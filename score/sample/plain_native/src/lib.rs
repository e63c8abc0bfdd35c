//! Keeps what a transaction says, unless it says nothing; the same contract as `score/sample/plain`.

use loopchain_sdk::{Block, Failure, Score, State, Transaction, View};
use serde_json::json;

const TEXTS: &str = "texts";

loopchain_sdk::score!(Plain);

/// The contract.
#[derive(Default)]
pub struct Plain;

impl Score for Plain {
    fn invoke(
        &self,
        transaction: &Transaction<'_>,
        _block: &Block<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Failure> {
        if !transaction.data.is_empty() {
            state.put(TEXTS, transaction.hash.as_bytes(), transaction.data.as_bytes());
        }
        Ok(())
    }

    fn query(&self, request: &str, state: &View<'_>) -> Result<String, String> {
        let answer = match state.get(TEXTS, request.as_bytes()) {
            Some(text) => json!({"code": 0, "text": String::from_utf8_lossy(&text)}),
            None => json!({"code": 1, "message": "there is no such transaction"}),
        };
        Ok(answer.to_string())
    }
}
