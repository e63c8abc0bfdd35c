//! A block and its transactions as Python reads them: values are made when they are asked for.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use wire::runner::{Block, Transaction};

#[pyclass(frozen)]
pub struct BlockRecord {
    block: Arc<Block>,
}

impl BlockRecord {
    pub fn new(block: Arc<Block>) -> BlockRecord {
        BlockRecord { block }
    }
}

#[pymethods]
impl BlockRecord {
    #[getter]
    fn height(&self) -> u64 {
        self.block.height
    }

    #[getter]
    fn hash(&self) -> String {
        hex::encode(self.block.block_hash)
    }

    #[getter]
    fn previous_hash(&self) -> String {
        hex::encode(self.block.previous_block_hash)
    }

    #[getter]
    fn merkle_root(&self) -> String {
        hex::encode(self.block.merkle_root)
    }

    #[getter]
    fn timestamp_us(&self) -> u64 {
        self.block.timestamp_us
    }

    #[getter]
    fn peer_id(&self) -> &str {
        &self.block.peer_id
    }

    #[getter]
    fn count(&self) -> usize {
        self.block.transactions.len()
    }

    fn transaction(&self, index: usize) -> PyResult<TransactionRecord> {
        if index >= self.block.transactions.len() {
            return Err(PyIndexError::new_err("the block has no such transaction"));
        }
        Ok(TransactionRecord { block: Arc::clone(&self.block), index })
    }
}

#[pyclass(frozen)]
pub struct TransactionRecord {
    block: Arc<Block>,
    index: usize,
}

impl TransactionRecord {
    fn transaction(&self) -> &Transaction {
        &self.block.transactions[self.index]
    }
}

#[pymethods]
impl TransactionRecord {
    #[getter]
    fn hash(&self) -> String {
        hex::encode(self.transaction().hash)
    }

    #[getter]
    fn timestamp_us(&self) -> u64 {
        self.transaction().timestamp_us
    }

    #[getter]
    fn data(&self) -> &str {
        &self.transaction().data
    }

    #[getter]
    fn peer_id(&self) -> &str {
        &self.transaction().peer_id
    }

    #[getter]
    fn signature<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.transaction().signature)
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.transaction().public_key)
    }
}
