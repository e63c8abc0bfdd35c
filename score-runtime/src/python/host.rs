//! The session as Python's modules call it.

use std::cell::RefCell;
use std::rc::Rc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tracing::Level;

use crate::limits::Watchdog;
use crate::session::{Phase, Refusal, Session};
use crate::state::Scan;

/// `loopchain.runner.current.host`. For the thread that runs contract code only.
#[pyclass(unsendable, frozen)]
pub struct Host {
    session: Rc<RefCell<Session>>,
    watchdog: Rc<Watchdog>,
}

impl Host {
    pub fn new(session: Rc<RefCell<Session>>, watchdog: Rc<Watchdog>) -> Host {
        Host { session, watchdog }
    }
}

impl From<Refusal> for PyErr {
    fn from(refusal: Refusal) -> PyErr {
        PyRuntimeError::new_err(refusal.to_string())
    }
}

type Value<'py> = Option<Bound<'py, PyBytes>>;
type Entry<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl Host {
    fn get<'py>(&self, py: Python<'py>, database: &str, key: &[u8]) -> PyResult<Value<'py>> {
        let value = self.session.borrow_mut().get(database, key)?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    fn get_committed<'py>(
        &self,
        py: Python<'py>,
        database: &str,
        key: &[u8],
    ) -> PyResult<Value<'py>> {
        let value = self.session.borrow_mut().get_committed(database, key)?;
        Ok(value.map(|value| PyBytes::new(py, &value)))
    }

    fn put(&self, database: &str, key: &[u8], value: &[u8]) -> PyResult<()> {
        Ok(self.session.borrow_mut().write(database, key, Some(value.to_vec()))?)
    }

    fn delete(&self, database: &str, key: &[u8]) -> PyResult<()> {
        Ok(self.session.borrow_mut().write(database, key, None)?)
    }

    /// Both ends are included.
    #[pyo3(signature = (database, first, last, reverse))]
    fn scan(
        &self,
        database: String,
        first: Option<&[u8]>,
        last: Option<&[u8]>,
        reverse: bool,
    ) -> PyResult<Entries> {
        let after_last = last.map(|last| [last, b"\0"].concat());
        let first = first.unwrap_or_default();
        let mut session = self.session.borrow_mut();
        let scan = session.scan(&database, first, after_last.as_deref(), reverse)?;
        let session = Rc::clone(&self.session);
        Ok(Entries { session, database, scan: RefCell::new(scan) })
    }

    fn channel(&self) -> String {
        self.session.borrow().channel.clone()
    }

    fn peer_id(&self) -> PyResult<String> {
        Ok(self.session.borrow().peer_id()?)
    }

    fn last_block_hash(&self) -> PyResult<String> {
        Ok(self.session.borrow_mut().last_block_hash()?)
    }

    fn get_block(
        &self,
        block_hash: &str,
        block_height: i64,
        block_filter: &str,
        tx_filter: &str,
    ) -> PyResult<(i32, String, String, Vec<String>)> {
        let mut session = self.session.borrow_mut();
        let reply = session.block(block_hash, block_height, block_filter, tx_filter)?;
        Ok((reply.response_code, reply.block_hash, reply.block_data_json, reply.tx_data_json))
    }

    fn peer_status(&self) -> PyResult<String> {
        Ok(self.session.borrow_mut().peer_status()?)
    }

    /// Whether contract code runs.
    fn in_call(&self) -> bool {
        !matches!(self.session.borrow().phase(), Phase::Idle)
    }

    /// Whether the running call is over its limit.
    fn overdue(&self) -> bool {
        self.watchdog.is_late()
    }

    fn is_debugging(&self) -> bool {
        tracing::enabled!(target: "score", Level::DEBUG)
    }

    /// `level` as in Python's `logging`.
    fn log(&self, level: u32, logger: &str, message: &str) {
        match level {
            0..20 => tracing::debug!(target: "score", logger, "{message}"),
            20..30 => tracing::info!(target: "score", logger, "{message}"),
            30..40 => tracing::warn!(target: "score", logger, "{message}"),
            _ => tracing::error!(target: "score", logger, "{message}"),
        }
    }
}

/// A range being read.
#[pyclass(unsendable, frozen)]
pub struct Entries {
    session: Rc<RefCell<Session>>,
    database: String,
    scan: RefCell<Scan>,
}

#[pymethods]
impl Entries {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Entry<'py>>> {
        let mut session = self.session.borrow_mut();
        let entry = session.next_of(&mut self.scan.borrow_mut(), &self.database)?;
        Ok(entry.map(|(key, value)| (PyBytes::new(py, &key), PyBytes::new(py, &value))))
    }
}
