//! Executes a block: each transaction in order, then one atomic write.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use chain::hash::{Kind, digest};
use wire::runner::{Block, Executed, Receipt, Trace};

use crate::engine::{Engine, EngineError, bounded};
use crate::limits::Limits;
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
type TransactionOutcome = (Receipt, Writes, Vec<u8>);

/// Executes `block`, or answers from the store when it was executed before.
///
/// # Errors
/// The height leaves a gap, or the runner itself failed. Then nothing of the block is stored.
pub fn execute(
    engine: &mut dyn Engine,
    session: &Rc<RefCell<Session>>,
    limits: &Limits,
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
    let mut receipts = Vec::with_capacity(block.transactions.len());
    let mut digests = Vec::with_capacity(block.transactions.len());
    for index in 0..block.transactions.len() {
        let outcome = execute_transaction(engine, session, limits, &block, index)?;
        digests.push(digest(Kind::State, &[&encode(&outcome)]).0);
        receipts.push(outcome.0);
    }
    if limits.is_careful_with(block.height) {
        store.forget_attempt()?;
    }
    let outcome = Outcome {
        executed: Executed {
            height: block.height,
            receipts,
            state_hash: state_hash(head.state_hash, &block, &digests),
            traces: digests.iter().map(trace).collect(),
        },
        writes: session.borrow_mut().end_block(),
    };
    engine.commit_block(&outcome)?;
    store.commit(&outcome, block.receipts_durable)?;
    Ok(outcome.executed)
}

fn execute_transaction(
    engine: &mut dyn Engine,
    session: &Rc<RefCell<Session>>,
    limits: &Limits,
    block: &Arc<Block>,
    index: usize,
) -> Result<TransactionOutcome, ExecuteError> {
    let store = Arc::clone(session.borrow().store());
    if let Some(condemned) = store.condemned(block.height, index)? {
        return Ok((limits.receipt(condemned), Writes::new(), Vec::new()));
    }
    if limits.is_careful_with(block.height) {
        store.mark_attempt(block.height, index)?;
    }
    session.borrow_mut().enter(Phase::Executing(Arc::clone(block)));
    let receipt = engine.invoke(index);
    session.borrow_mut().enter(Phase::Idle);
    if let Some(broken) = session.borrow_mut().take_broken() {
        return Err(broken.into());
    }
    let receipt = bounded(receipt?);
    let keep = receipt.code == 0;
    let elsewhere = engine.end_transaction(keep)?;
    let writes = session.borrow_mut().end_transaction(keep);
    Ok((receipt, writes, elsewhere))
}

/// Over the hash before, the block, and for each transaction the digest of its receipt, its writes
/// in the order of their keys, and its SQL in the order of execution.
fn state_hash(before: [u8; 32], block: &Block, digests: &[[u8; 32]]) -> [u8; 32] {
    let height = block.height.to_le_bytes();
    let mut parts: Vec<&[u8]> = vec![&before, &height, &block.block_hash];
    parts.extend(digests.iter().map(<[u8; 32]>::as_slice));
    digest(Kind::State, &parts).0
}

fn trace(digest: &[u8; 32]) -> Trace {
    [digest[0], digest[1], digest[2], digest[3]]
}
