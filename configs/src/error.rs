//! What can be wrong with a configuration, said so that the operator can mend it.

use std::path::PathBuf;

use thiserror::Error;

use crate::source::Source;

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A wrong command line; the message ends with how it is used.
    #[error("{0}")]
    Usage(String),
    #[error("{}: cannot be read: {reason}; expected a JSON file", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{}, line {line}: {reason}; expected one JSON object of NAME: value", path.display())]
    Broken { path: PathBuf, line: usize, reason: String },
    #[error("{place}: {name}: found {found}; expected {expected}")]
    Value { place: Source, name: String, found: String, expected: String },
    #[error("{0}")]
    Conflict(Box<Conflict>),
    /// Anything else about a place in a file.
    #[error("{place}: {message}")]
    Place { place: Source, message: String },
    #[error("the working folder cannot be found: {0}; start the program in a folder that exists")]
    WorkingFolder(String),
}

/// Two settings that cannot both hold: the first must fit into the second.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{smaller} is {smaller_value} ({smaller_place}), more than {larger}, which is \
     {larger_value} ({larger_place}); expected {smaller} to be at most {larger}: change one"
)]
pub struct Conflict {
    pub smaller: String,
    pub smaller_value: String,
    pub smaller_place: Source,
    pub larger: String,
    pub larger_value: String,
    pub larger_place: Source,
}

impl ConfigError {
    /// 2 for a wrong command line, as shells expect, otherwise 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            ConfigError::Usage(_) => 2,
            ConfigError::Value { place: Source::CommandLine(_), .. } => 2,
            _ => 1,
        }
    }
}

/// Why a setting was not changed while running.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetRefused {
    #[error("'{name}' is an incorrect configuration name.")]
    Unknown { name: String },
    #[error("{name} cannot be changed while running: {reason}")]
    Fixed { name: String, reason: String },
    #[error("{name}: found {found}; expected {expected}")]
    Value { name: String, found: String, expected: String },
    #[error("{0}")]
    Conflict(ConfigError),
}
