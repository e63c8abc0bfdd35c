//! Python SCOREs, in the CPython of this process; the only use of pyo3.
//!
//! The main thread stays attached to the interpreter for the life of the process: see
//! [`attached`]. What the contract sees is in `python/loopchain`; this side lends it the session.

mod host;
mod interrupt;
mod kept;
mod modules;
mod records;
mod typings;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wire::runner::{Answer, Block, Load, Receipt};

use crate::engine::{Engine, EngineError, timed_out};
use crate::limits::{Interrupt, Subject, Watchdog};
use crate::package::Package;
use crate::session::Session;
use crate::store::{Condemned, Outcome, Store, encode};
use host::Host;
use kept::Kept;
use records::BlockRecord;
pub use typings::TYPINGS;

/// Runs `work` with this thread attached to the interpreter; attaching within is then cheap.
pub fn attached<T>(work: impl FnOnce() -> T) -> T {
    Python::attach(|_| work())
}

/// What the sqlite files say, compared with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// They agree.
    Fine,
    /// The files have one block more, whose encoded outcome this is.
    Redo(Vec<u8>),
    /// They cannot be brought together.
    Wipe,
}

/// Compares the sqlite files in `folder` with a store at `height`.
pub fn recovery(folder: &Path, height: u64) -> Result<Recovery, EngineError> {
    Python::attach(|py| {
        let module = modules::import(py, "loopchain.runner.sqlite")?;
        let answer = module.call_method1("recover", (folder, height))?;
        let (what, outcome): (String, Option<Vec<u8>>) = answer.extract()?;
        Ok(match (what.as_str(), outcome) {
            ("fine", _) => Recovery::Fine,
            ("redo", Some(outcome)) => Recovery::Redo(outcome),
            _ => Recovery::Wipe,
        })
    })
    .map_err(engine_error)
}

/// What in the package's sources may make peers differ, one `file:line: what` each.
pub fn check(folder: &Path) -> Result<Vec<String>, EngineError> {
    Python::attach(|py| {
        let module = modules::import(py, "loopchain.runner.check")?;
        module.call_method1("check_package", (folder,))?.extract()
    })
    .map_err(engine_error)
}

/// In which rows the sqlite files of two folders differ, a line each.
pub fn differences(first: &Path, second: &Path) -> Result<Vec<String>, EngineError> {
    Python::attach(|py| {
        let module = modules::import(py, "loopchain.runner.difference")?;
        let lines = module.call_method1("differences", (first, second))?;
        lines.try_iter()?.map(|line| line?.extract()).collect::<PyResult<Vec<String>>>()
    })
    .map_err(engine_error)
}

/// Unpacks a zip that holds at most `bytes_max` bytes; entries that point outside are kept inside.
pub fn extract_zip(zip: &Path, to: &Path, bytes_max: u64) -> Result<(), String> {
    Python::attach(|py| {
        let file = py.import("zipfile")?.call_method1("ZipFile", (zip,))?;
        // No more is unpacked of an entry than it says it has.
        let mut bytes: u64 = 0;
        for entry in file.call_method0("infolist")?.try_iter()? {
            bytes = bytes.saturating_add(entry?.getattr("file_size")?.extract()?);
        }
        if bytes > bytes_max {
            return Ok(Err(format!("it would unpack to {bytes} bytes, over {bytes_max}")));
        }
        file.call_method1("extractall", (to,)).map(|_| Ok(()))
    })
    .map_err(|error: PyErr| error.to_string())?
}

/// The interpreter's version, as `score-runner version` shows it.
pub fn version() -> String {
    Python::attach(|_| Python::version_str().to_owned())
}

/// A loaded Python SCORE.
pub struct PythonEngine {
    module: Py<PyModule>,
    /// `engine.invoke`, called for every transaction.
    invoke: Py<PyAny>,
    end_transaction: Py<PyAny>,
    /// The built-in names, what `sys` holds, and the loaded modules.
    kept: [Kept; 3],
    watchdog: Rc<Watchdog>,
    thread: interrupt::Thread,
    invoke_timeout_ms: u64,
    query_timeout_ms: u64,
    store: Arc<Store>,
    height: u64,
    count: usize,
    /// The transaction invoked last.
    index: usize,
    has_sqlite: bool,
}

/// A package that cannot be loaded, or an interpreter that failed.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The traceback.
    #[error("{0}")]
    Package(String),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl PythonEngine {
    /// Imports the package and makes its SCORE. `keep` says whether what it writes meanwhile is
    /// kept: only before the first block.
    pub fn load(
        package: &Package,
        load: &Load,
        session: &Rc<RefCell<Session>>,
        sqlite_folder: &Path,
        keep: bool,
    ) -> Result<PythonEngine, LoadError> {
        let prepared = Python::attach(|py| prepare(py, session)).map_err(engine_error)?;
        let (module, host, watchdog, thread) = prepared;
        watchdog.begin(Subject::Load, load.invoke_timeout_ms);
        let failure = Python::attach(|py| -> PyResult<Option<String>> {
            let info = serde_json::Value::Object(package.info.clone()).to_string();
            let arguments =
                (host, &package.folder, &package.main, info, &load.settings_json, sqlite_folder);
            module.bind(py).call_method1("load", arguments)?.extract()
        });
        if watchdog.end() {
            thread.clear();
            let limit = load.invoke_timeout_ms;
            return Err(LoadError::Package(format!(
                "loading the package took longer than the {limit} ms it may take"
            )));
        }
        if let Some(traceback) = failure.map_err(engine_error)? {
            return Err(LoadError::Package(traceback));
        }
        let engine = Python::attach(|py| -> PyResult<PythonEngine> {
            let bound = module.bind(py);
            bound.call_method1("end_load", (keep,))?;
            Ok(PythonEngine {
                invoke: bound.getattr("invoke")?.unbind(),
                end_transaction: bound.getattr("end_transaction")?.unbind(),
                has_sqlite: bound.call_method0("has_sqlite")?.extract()?,
                module: module.clone_ref(py),
                kept: [
                    Kept::new(&py.import("builtins")?.dict(), false),
                    Kept::new(&py.import("sys")?.dict(), true),
                    Kept::new(&py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?, true),
                ],
                watchdog,
                thread,
                invoke_timeout_ms: load.invoke_timeout_ms,
                query_timeout_ms: load.query_timeout_ms,
                store: Arc::clone(session.borrow().store()),
                height: 0,
                count: 0,
                index: 0,
            })
        });
        Ok(engine.map_err(engine_error)?)
    }

    /// After a transaction whose end took the whole block with it: it is not tried again.
    fn undone(&self, error: PyErr) -> EngineError {
        let why = Python::attach(|py| {
            let undone = error.get_type(py).name().is_ok_and(|name| name == "Undone");
            if undone { error.value(py).str().map(|why| why.to_string()).ok() } else { None }
        });
        let condemned = match why.as_deref() {
            Some("late") => Some(Condemned::Overran),
            Some("overgrown") => Some(Condemned::Overgrown),
            _ => None,
        };
        if let Some(condemned) = condemned
            && let Err(error) = self.store.condemn(self.height, self.index, condemned)
        {
            return EngineError(error.to_string());
        }
        engine_error(error)
    }

    /// After a call that was over its limit: nothing of it may reach into the next.
    fn tidy_after_timeout(&self) -> Result<(), EngineError> {
        self.thread.clear();
        Python::attach(|py| self.module.bind(py).call_method0("after_timeout").map(drop))
            .map_err(engine_error)
    }
}

type Prepared = (Py<PyModule>, Py<Host>, Rc<Watchdog>, interrupt::Thread);

fn prepare(py: Python<'_>, session: &Rc<RefCell<Session>>) -> PyResult<Prepared> {
    let module = modules::import(py, "loopchain.runner.engine")?;
    let thread = interrupt::Thread::current(py)?;
    let exception = Arc::new(module.getattr("CallTimedOut")?.unbind());
    let raise: Interrupt = Arc::new(move |still_runs| {
        Python::attach(|py| {
            // The interpreter is ours now: the call cannot end between the check and this.
            if still_runs() {
                thread.raise(exception.bind(py));
            }
        });
    });
    let store = Arc::clone(session.borrow().store());
    let watchdog = Rc::new(Watchdog::start(store, Some(raise))?);
    let host = Py::new(py, Host::new(Rc::clone(session), Rc::clone(&watchdog)))?;
    Ok((module.unbind(), host, watchdog, thread))
}

impl Engine for PythonEngine {
    fn begin_block(&mut self, block: &Arc<Block>) -> Result<(), EngineError> {
        (self.height, self.count) = (block.height, block.transactions.len());
        let record = BlockRecord::new(Arc::clone(block));
        Python::attach(|py| self.module.bind(py).call_method1("begin_block", (record,)).map(drop))
            .map_err(engine_error)
    }

    fn invoke(&mut self, index: usize) -> Result<Receipt, EngineError> {
        assert!(index < self.count, "transaction {index} of {}", self.count);
        self.index = index;
        let subject = Subject::Transaction { height: self.height, index };
        self.watchdog.begin(subject, self.invoke_timeout_ms);
        let result = Python::attach(|py| -> PyResult<(i64, Option<String>)> {
            self.invoke.bind(py).call1((index,))?.extract()
        });
        if self.watchdog.end() {
            self.tidy_after_timeout()?;
            return Ok(timed_out(self.invoke_timeout_ms));
        }
        let (code, message) = result.map_err(engine_error)?;
        Ok(Receipt { code, message })
    }

    fn end_transaction(&mut self, keep: bool) -> Result<Vec<u8>, EngineError> {
        Python::attach(|py| {
            self.kept.iter_mut().try_for_each(|kept| kept.restore(py).map(drop))?;
            self.end_transaction.bind(py).call1((keep,))?.extract()
        })
        .map_err(|error| self.undone(error))
    }

    fn commit_block(&mut self, outcome: &Outcome) -> Result<(), EngineError> {
        Python::attach(|py| -> PyResult<()> {
            let module = self.module.bind(py);
            // A database may have been made by this block.
            self.has_sqlite = self.has_sqlite || module.call_method0("has_sqlite")?.extract()?;
            if self.has_sqlite {
                let outcome_bytes = PyBytes::new(py, &encode(outcome));
                module.call_method1("commit_block", (outcome.executed.height, outcome_bytes))?;
            }
            Ok(())
        })
        .map_err(engine_error)
    }

    fn query(&mut self, request: &str) -> Result<Answer, EngineError> {
        self.watchdog.begin(Subject::Query, self.query_timeout_ms);
        let result = Python::attach(|py| -> PyResult<(bool, String)> {
            let answer = self.module.bind(py).call_method1("query", (request,))?.extract()?;
            self.kept.iter_mut().try_for_each(|kept| kept.restore(py).map(drop))?;
            Ok(answer)
        });
        if self.watchdog.end() {
            self.tidy_after_timeout()?;
            return Ok(Answer::TimedOut);
        }
        let (answered, text) = result.map_err(engine_error)?;
        Ok(if answered { Answer::Returned(text) } else { Answer::Raised(text) })
    }
}

fn engine_error(error: PyErr) -> EngineError {
    Python::attach(|py| {
        let traceback = error.traceback(py).and_then(|traceback| traceback.format().ok());
        EngineError(format!("{}{error}", traceback.unwrap_or_default()))
    })
}
