//! Signatures found genuine, so that none is checked twice: a certificate consists of what was heard
//! one by one before, and all who enter a round pass on the same complaints.
//!
//! What is remembered is the whole of signature, digest and key, so that the answer is the one that
//! secp256k1 gave. Nothing is remembered of what it refused.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{PublicKey, Signature};
use crate::hash::Hash;

/// Signatures in each of the two generations that a thread remembers, of about 200 bytes.
pub(super) const GENERATION: usize = 4096;

/// What was found genuine.
pub(super) type Checked = (Signature, Hash, PublicKey);

#[derive(Default)]
struct Genuine {
    young: BTreeSet<Checked>,
    old: BTreeSet<Checked>,
}

thread_local! {
    static GENUINE: RefCell<Genuine> = RefCell::default();
}

impl Genuine {
    fn knows(&self, checked: &Checked) -> bool {
        self.young.contains(checked) || self.old.contains(checked)
    }

    fn add(&mut self, checked: Checked) {
        if self.young.len() == GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(checked);
    }
}

/// What `check` says, unless it found the same genuine on this thread not long ago.
pub(super) fn check<E>(checked: &Checked, check: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
    GENUINE.with_borrow_mut(|genuine| {
        if !genuine.knows(checked) {
            check()?;
            genuine.add(*checked);
        }
        Ok(())
    })
}
