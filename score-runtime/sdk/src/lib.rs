//! Write a SCORE in Rust: implement [`Score`], name the type in [`score!`], build a `cdylib`.
//!
//! - `contract`: what a SCORE implements and is given
//! - `state`: its databases
//! - `abi`: how score-runner calls the library; not for contracts
//!
//! ```
//! use loopchain_sdk::{Block, Failure, Score, State, Transaction, View};
//!
//! #[derive(Default)]
//! struct Notes;
//!
//! impl Score for Notes {
//!     fn invoke(&self, tx: &Transaction, _: &Block, state: &mut State) -> Result<(), Failure> {
//!         if tx.data.is_empty() {
//!             return Err(Failure::new(1, "a note has a text"));
//!         }
//!         state.put("notes", tx.hash.as_bytes(), tx.data.as_bytes());
//!         Ok(())
//!     }
//!
//!     fn query(&self, request: &str, state: &View) -> Result<String, String> {
//!         Ok(state.get("notes", request.as_bytes()).is_some().to_string())
//!     }
//! }
//!
//! loopchain_sdk::score!(Notes);
//! ```
//!
//! A SCORE is made anew for every call, so it cannot keep anything but in its databases. It must
//! give the same results everywhere: no clock, no randomness, no `HashMap` order, no floats.

pub mod abi;
mod contract;
mod state;

pub use contract::{Block, Failure, Score, Transaction};
#[cfg(feature = "json")]
pub use serde_json;
pub use state::{State, View};

/// Makes a type that is [`Score`] and `Default` the SCORE of this library. Once in a crate whose
/// `crate-type` contains `cdylib`.
#[macro_export]
macro_rules! score {
    ($score:ty) => {
        /// Where score-runner finds the SCORE.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        pub extern "C" fn loopchain_score_table() -> *const $crate::abi::ScoreTable {
            static TABLE: $crate::abi::ScoreTable = $crate::abi::table::<$score>();
            &raw const TABLE
        }
    };
}
