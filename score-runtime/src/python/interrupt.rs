//! Raises an exception in the thread that runs contract code.
//!
//! CPython offers this through its C interface only; pyo3 has no safe form of it.
#![allow(unsafe_code)]

use std::ffi::c_long;

use pyo3::ffi;
use pyo3::prelude::*;

/// The thread that runs contract code, as Python numbers it.
#[derive(Clone, Copy, Debug)]
pub struct Thread(c_long);

impl Thread {
    pub fn current(py: Python<'_>) -> PyResult<Thread> {
        let number: u64 = py.import("threading")?.call_method0("get_ident")?.extract()?;
        // CPython takes the same bits as a signed number.
        Ok(Thread(c_long::from_ne_bytes(number.to_ne_bytes())))
    }

    /// Raises `exception`, a class, at the thread's next instruction.
    pub fn raise(self, exception: &Bound<'_, PyAny>) {
        // SAFETY: we are attached (there is a `Bound`), and the class is alive; CPython takes its
        // own reference.
        unsafe { ffi::PyThreadState_SetAsyncExc(self.0, exception.as_ptr()) };
    }

    /// Takes back what [`Thread::raise`] has asked for and the thread has not met yet.
    pub fn clear(self) {
        Python::attach(|_| {
            // SAFETY: we are attached; null clears the pending exception.
            unsafe { ffi::PyThreadState_SetAsyncExc(self.0, std::ptr::null_mut()) };
        });
    }
}
