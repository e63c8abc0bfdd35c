//! Where a value came from: the five layers, and a change while running.

use std::fmt;
use std::path::PathBuf;

/// Weakest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `configure_default.json`, compiled in.
    BuiltIn,
    /// `configure_user.json`.
    UserFile { path: PathBuf, line: usize },
    /// The environment variable of the setting's name.
    Environment,
    /// A file of `-o`, or the channel file.
    File { path: PathBuf, line: usize },
    /// The option as it is typed, such as `-p`.
    CommandLine(&'static str),
    /// `Settings::set`.
    Running,
}

impl Source {
    /// The same file at another line; other sources have no lines.
    pub(crate) fn at_line(self, other: Option<usize>) -> Self {
        match (self, other) {
            (Source::File { path, .. }, Some(line)) => Source::File { path, line },
            (Source::UserFile { path, .. }, Some(line)) => Source::UserFile { path, line },
            (source, _) => source,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::BuiltIn => write!(formatter, "built-in"),
            Source::UserFile { path, line } | Source::File { path, line } => {
                write!(formatter, "{}, line {line}", path.display())
            }
            Source::Environment => write!(formatter, "environment variable"),
            Source::CommandLine(option) => write!(formatter, "option {option}"),
            Source::Running => write!(formatter, "set while running"),
        }
    }
}
