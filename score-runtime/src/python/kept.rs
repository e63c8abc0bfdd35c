//! Dictionaries of the interpreter that a call must leave as they were: what a contract changes
//! in them would reach into the next transaction, and be gone after a restart.

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A dictionary and what must stay in it.
pub struct Kept {
    dictionary: Py<PyDict>,
    entries: Vec<(Py<PyAny>, Py<PyAny>)>,
    may_grow: bool,
}

impl Kept {
    /// Keeps what is in `dictionary` now; `may_grow` lets entries be added.
    pub fn new(dictionary: &Bound<'_, PyDict>, may_grow: bool) -> Kept {
        let entries = dictionary.iter().map(|(key, value)| (key.unbind(), value.unbind()));
        Kept { dictionary: dictionary.clone().unbind(), entries: entries.collect(), may_grow }
    }

    /// Puts back what was changed; whether anything was.
    pub fn restore(&mut self, py: Python<'_>) -> PyResult<bool> {
        let dictionary = self.dictionary.bind(py).clone();
        if self.is_unchanged(&dictionary) {
            return Ok(false);
        }
        if !self.may_grow {
            dictionary.clear();
        }
        for (key, value) in &self.entries {
            dictionary.set_item(key, value)?;
        }
        // An entry that was put back is the last one now.
        if self.may_grow {
            *self = Kept::new(&dictionary, true);
        }
        Ok(true)
    }

    fn is_unchanged(&self, dictionary: &Bound<'_, PyDict>) -> bool {
        let (now, before) = (dictionary.len(), self.entries.len());
        let fits = if self.may_grow { now >= before } else { now == before };
        fits && dictionary
            .iter()
            .zip(&self.entries)
            .all(|((key, value), (kept_key, kept))| key.is(kept_key) && value.is(kept))
    }
}
