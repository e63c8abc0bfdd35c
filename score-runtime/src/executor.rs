//! Executes a block: each transaction in order, then one atomic write.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use chain::hash::{Kind, digest};
use wire::runner::{Block, Executed, Receipt};

use crate::engine::{Engine, EngineError, bounded, timed_out};
use crate::session::{Broken, Phase, Session};
use crate::state::Writes;
use crate::store::{Outcome, StoreError, encode};

/// Why a block was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    #[error("height {found} was ordered after {last}: the next one is {}", last + 1)]
    Gap { last: u64, found: u64 },
    #[error("height {0} was executed, and its receipts were removed because the peer has them")]
    Forgotten(u64),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl From<StoreError> for ExecuteError {
    fn from(error: StoreError) -> ExecuteError {
        ExecuteError::Broken(error.into())
    }
}

/// What one transaction came to, as the state hash covers it.
type TransactionOutcome = (Receipt, Writes, Vec<String>);

/// Executes `block`, or answers from the store when it was executed before.
///
/// # Errors
/// The height leaves a gap, or the runner itself failed. Then nothing of the block is stored.
pub fn execute(
    engine: &mut dyn Engine,
    session: &Rc<RefCell<Session>>,
    invoke_timeout_ms: u64,
    block: Block,
) -> Result<Executed, ExecuteError> {
    let store = Arc::clone(session.borrow().store());
    let head = store.head();
    if block.height <= head.height {
        return store.executed(block.height)?.ok_or(ExecuteError::Forgotten(block.height));
    }
    if block.height != head.height + 1 {
        return Err(ExecuteError::Gap { last: head.height, found: block.height });
    }
    let block = Arc::new(block);
    engine.begin_block(&block)?;
    let mut outcomes = Vec::with_capacity(block.transactions.len());
    for index in 0..block.transactions.len() {
        let receipt = if store.overran(block.height, index)? {
            None
        } else {
            session.borrow_mut().enter(Phase::Executing(Arc::clone(&block)));
            let receipt = engine.invoke(index);
            session.borrow_mut().enter(Phase::Idle);
            if let Some(broken) = session.borrow_mut().take_broken() {
                return Err(broken.into());
            }
            Some(bounded(receipt?))
        };
        let outcome = match receipt {
            None => (timed_out(invoke_timeout_ms), Writes::new(), Vec::new()),
            Some(receipt) => {
                let keep = receipt.code == 0;
                let statements = engine.end_transaction(keep)?;
                (receipt, session.borrow_mut().end_transaction(keep), statements)
            }
        };
        outcomes.push(outcome);
    }
    let outcome = Outcome {
        height: block.height,
        state_hash: state_hash(head.state_hash, &block, &outcomes),
        receipts: outcomes.into_iter().map(|(receipt, ..)| receipt).collect(),
        writes: session.borrow_mut().end_block(),
    };
    engine.commit_block(&outcome)?;
    store.commit(&outcome, block.receipts_durable)?;
    let Outcome { height, state_hash, receipts, .. } = outcome;
    Ok(Executed { height, receipts, state_hash })
}

/// Over the hash before, the block, and for each transaction its receipt, its writes in the order
/// of their keys, and its SQL in the order of execution.
fn state_hash(before: [u8; 32], block: &Block, outcomes: &[TransactionOutcome]) -> [u8; 32] {
    let height = block.height.to_le_bytes();
    let outcomes: Vec<Vec<u8>> = outcomes.iter().map(encode).collect();
    let mut parts: Vec<&[u8]> = vec![&before, &height, &block.block_hash];
    parts.extend(outcomes.iter().map(Vec::as_slice));
    digest(Kind::State, &parts).0
}
