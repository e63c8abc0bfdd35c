//! How many files the process may have open: connections and databases take them, and the usual
//! soft limit of 1024 is soon reached.

/// Fewer than this will not do for a busy network.
const ENOUGH: u64 = 4096;

/// Raises the soft limit to the hard one; what to tell the operator when that is not enough.
pub fn raise_limit() -> Option<String> {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < ENOUGH => {
            Some(format!("only {limit} files may be open at once; raise the limit (ulimit -Hn)"))
        }
        Ok(_) => None,
        Err(error) => Some(format!("the limit of open files stays as it is: {error}")),
    }
}
