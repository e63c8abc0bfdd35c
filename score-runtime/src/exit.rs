//! How the process ends, as its parent sees it.

/// After `Stop`, or when the peer closed the socket.
pub const CLEAN: u8 = 0;
/// The store, the socket or the engine failed; the log says how.
pub const FAILED: u8 = 1;
/// The command line is wrong (clap's own code), or `check` was given something without a package.
pub const USAGE: u8 = 2;
/// The package cannot be found or loaded; `LoadFailed` carried the reason.
pub const PACKAGE: u8 = 3;
/// A call took longer than it may and could not be stopped.
pub const STUCK: u8 = 4;
/// An order out of turn: not `Load` first, or a height that leaves a gap.
pub const ORDER: u8 = 5;
