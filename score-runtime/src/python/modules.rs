//! The Python modules that packages import, carried in this program.

use pyo3::prelude::*;
use pyo3::types::PyDict;

const IMPORTER: &std::ffi::CStr = match std::ffi::CStr::from_bytes_with_nul(
    concat!(include_str!("../../python/importer.py"), "\0").as_bytes(),
) {
    Ok(source) => source,
    Err(_) => panic!("the importer's source holds a NUL"),
};

/// Name, source, and whether other modules lie under it.
type Source = (&'static str, &'static str, bool);

macro_rules! module {
    ($name:literal, $path:literal) => {
        ($name, include_str!(concat!("../../python/", $path)), false)
    };
    ($name:literal, $path:literal, package) => {
        ($name, include_str!(concat!("../../python/", $path)), true)
    };
}

pub const SOURCES: [Source; 24] = [
    module!("leveldb", "leveldb.py"),
    module!("loopchain", "loopchain/__init__.py", package),
    module!("loopchain.blockchain", "loopchain/blockchain/__init__.py", package),
    module!("loopchain.blockchain.block", "loopchain/blockchain/block.py"),
    module!("loopchain.blockchain.score_base", "loopchain/blockchain/score_base.py"),
    module!("loopchain.blockchain.transaction", "loopchain/blockchain/transaction.py"),
    module!("loopchain.configure", "loopchain/configure.py"),
    module!("loopchain.protos", "loopchain/protos/__init__.py", package),
    module!("loopchain.protos.message_code", "loopchain/protos/message_code.py"),
    module!("loopchain.runner", "loopchain/runner/__init__.py", package),
    module!("loopchain.runner.check", "loopchain/runner/check.py"),
    module!("loopchain.runner.compatibility", "loopchain/runner/compatibility.py"),
    module!("loopchain.runner.current", "loopchain/runner/current.py"),
    module!("loopchain.runner.determinism", "loopchain/runner/determinism.py"),
    module!("loopchain.runner.difference", "loopchain/runner/difference.py"),
    module!("loopchain.runner.engine", "loopchain/runner/engine.py"),
    module!("loopchain.runner.guard", "loopchain/runner/guard.py"),
    module!("loopchain.runner.plain_connections", "loopchain/runner/plain_connections.py"),
    module!("loopchain.runner.sql_functions", "loopchain/runner/sql_functions.py"),
    module!("loopchain.runner.sqlite", "loopchain/runner/sqlite.py"),
    module!("loopchain.scoreservice", "loopchain/scoreservice.py"),
    module!("loopchain.tools", "loopchain/tools/__init__.py", package),
    module!("loopchain.tools.score_helper", "loopchain/tools/score_helper.py"),
    module!("loopchain.utils", "loopchain/utils.py"),
];

/// Imports one of the modules above.
pub fn import<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyModule>> {
    let system = py.import("sys")?;
    let loaded = system.getattr("modules")?.cast_into::<PyDict>()?;
    if !loaded.contains("score_runner_importer")? {
        let sources = PyDict::new(py);
        for (name, source, package) in SOURCES {
            sources.set_item(name, (source, package))?;
        }
        let file = c"score-runner/importer";
        let importer = PyModule::from_code(py, IMPORTER, file, c"score_runner_importer")?;
        importer.call_method1("install", (sources,))?;
    }
    py.import(name)
}

#[cfg(test)]
mod tests;
