//! What a SCORE implements, and what it is given.

use crate::{State, View};

/// A contract. `invoke` must depend on its arguments and the state alone.
pub trait Score {
    /// Executes one committed transaction. What it wrote counts only when this returns `Ok`.
    ///
    /// # Errors
    /// A [`Failure`] becomes the transaction's result; nothing of the transaction is kept.
    fn invoke(
        &self,
        transaction: &Transaction<'_>,
        block: &Block<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Failure>;

    /// Answers a JSON request with JSON, from committed state.
    ///
    /// # Errors
    /// The text is given to the client as the reason.
    fn query(&self, request: &str, state: &View<'_>) -> Result<String, String>;
}

/// A transaction of the block being executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction<'a> {
    /// 64 hex digits.
    pub hash: &'a str,
    /// Microseconds since 1970, as its creator said.
    pub timestamp_us: u64,
    /// What the client sent.
    pub data: &'a str,
    /// The peer that took it in.
    pub peer_id: &'a str,
    pub signature: &'a [u8],
    pub public_key: &'a [u8],
}

/// The block being executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    pub height: u64,
    /// 64 hex digits.
    pub hash: &'a str,
    /// 64 hex digits.
    pub previous_hash: &'a str,
    /// Microseconds since 1970.
    pub timestamp_us: u64,
    /// The peer that made it.
    pub peer_id: &'a str,
    pub channel: &'a str,
    /// How many transactions it has.
    pub transaction_count: u64,
}

/// Why a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The contract's own code; not 0, which is success. 9000 and above are the runner's.
    pub code: i64,
    pub message: String,
}

impl Failure {
    pub fn new(code: i64, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into() }
    }
}
