//! Log lines of a process: to standard error or a file, at a level that may change while running.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use thiserror::Error;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

pub(crate) const EXPECTED_LEVEL: &str =
    "DEBUG, INFO, WARNING, ERROR or CRITICAL, also TRACE or OFF, or a list such as info,peer=debug";

/// Our own crates; foreign ones log warnings only, or what a list of levels says.
const OWN_CRATES: [&str; 6] = ["chain", "configs", "wire", "peer", "radiostation", "score_runtime"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// `LOOPCHAIN_LOG_LEVEL`, checked.
    pub level: String,
    /// Appended to; None: standard error.
    pub file: Option<PathBuf>,
    /// Coloured lines.
    pub develop: bool,
}

#[derive(Debug, Error)]
pub enum LoggingError {
    #[error("LOG_FILE_PATH {}: cannot be written: {reason}; expected a file in a folder that \
             exists and that this user may write", path.display())]
    File { path: PathBuf, reason: String },
    #[error("LOOPCHAIN_LOG_LEVEL: found {found:?}; expected {EXPECTED_LEVEL}")]
    Level { found: String },
    #[error("logging was set up before in this process")]
    Twice,
}

/// Changes the level of the running process.
#[derive(Clone, Debug)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl LogControl {
    /// # Errors
    /// A text that is no level.
    pub fn set_level(&self, level: &str) -> Result<(), LoggingError> {
        let wrong = || LoggingError::Level { found: level.to_owned() };
        self.filter.reload(filter(level)?).map_err(|_| wrong())
    }
}

/// Sends this process's log lines to where the settings say. Once per process.
///
/// # Errors
/// A log file that cannot be opened, or logging that is already set up.
pub fn start(settings: &LogSettings) -> Result<LogControl, LoggingError> {
    let (filter, handle) = reload::Layer::new(filter(&settings.level)?);
    let lines = match &settings.file {
        None => {
            let layer = fmt::layer().with_ansi(settings.develop).with_writer(std::io::stderr);
            layer.boxed()
        }
        Some(path) => {
            let file = Mutex::new(open(path)?);
            fmt::layer().with_ansi(settings.develop).with_writer(file).boxed()
        }
    };
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    subscriber.try_init().map_err(|_| LoggingError::Twice)?;
    Ok(LogControl { filter: handle })
}

fn open(path: &Path) -> Result<std::fs::File, LoggingError> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| LoggingError::File { path: path.to_owned(), reason: error.to_string() })
}

fn filter(level: &str) -> Result<EnvFilter, LoggingError> {
    let wrong = || LoggingError::Level { found: level.to_owned() };
    let directives = directives(level).ok_or_else(wrong)?;
    EnvFilter::try_new(directives).map_err(|_| wrong())
}

/// The filter that a level of the settings stands for; None for what is neither a level nor a
/// list of `level` and `module=level`.
pub(crate) fn directives(text: &str) -> Option<String> {
    if let Some(level) = level(text.trim()) {
        let own: Vec<String> = OWN_CRATES.iter().map(|name| format!("{name}={level}")).collect();
        let foreign = if matches!(level, "off" | "error") { level } else { "warn" };
        return Some(format!("{foreign},{}", own.join(",")));
    }
    let part = |part: &str| match part.trim().split_once('=') {
        None => level(part.trim()).map(str::to_owned),
        Some((module, text)) => {
            let named = !module.is_empty()
                && module.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte));
            level(text).filter(|_| named).map(|level| format!("{module}={level}"))
        }
    };
    let parts: Option<Vec<String>> = text.split(',').map(part).collect();
    parts.map(|parts| parts.join(","))
}

/// Names of Python's levels, of the old system's own, and of tracing.
fn level(name: &str) -> Option<&'static str> {
    match name.to_ascii_uppercase().as_str() {
        "TRACE" | "SPAM" | "NOTSET" => Some("trace"),
        "DEBUG" => Some("debug"),
        "INFO" => Some("info"),
        "WARNING" | "WARN" => Some("warn"),
        "ERROR" | "CRITICAL" | "FATAL" => Some("error"),
        "OFF" => Some("off"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
