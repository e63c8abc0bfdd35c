//! Waiting with an end, that says what it waited for.

use std::time::{Duration, Instant};

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// What `look` finds, once it finds it; until then `look` says what is missing.
///
/// # Panics
/// When `limit` has passed: with `what` and what was missing at last.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Result<T, String>) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(missing) if began.elapsed() >= limit => {
                panic!("waited {} s for {what}; at last: {missing}", limit.as_secs())
            }
            Err(_) => std::thread::sleep(POLL_INTERVAL),
        }
    }
}
