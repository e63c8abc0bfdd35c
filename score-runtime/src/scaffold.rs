//! `score-runner new`: a package with a contract, its tests, and stubs for the author's editor.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::python;

/// Why no package was made.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    #[error(
        "{0:?} cannot name a package: a name is expected, or GROUP/NAME, of letters, digits, '_' \
         and '-', each beginning with a letter"
    )]
    Name(String),
    #[error("{0} is there already; name another one, or remove it")]
    Exists(String),
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
}

/// What a new package is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Python,
    /// Rust.
    Native,
}

type File = (&'static str, &'static str);

macro_rules! files {
    ($($name:literal = $path:literal,)*) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path))),)*]
    };
}

const PYTHON: &[File] = files! {
    "package.json" = "templates/python/package.json",
    "contract_score.py" = "templates/python/contract_score.py",
    "tests/counting.json" = "templates/python/tests/counting.json",
};
const NATIVE: &[File] = files! {
    "package.json" = "templates/native/package.json",
    "Cargo.toml" = "templates/native/crate.toml",
    "build" = "templates/native/build",
    "src/lib.rs" = "templates/native/src/lib.rs",
    "tests/counting.json" = "templates/native/tests/counting.json",
    "sdk/Cargo.toml" = "templates/native/sdk.toml",
    "sdk/src/lib.rs" = "sdk/src/lib.rs",
    "sdk/src/abi.rs" = "sdk/src/abi.rs",
    "sdk/src/abi/tests.rs" = "sdk/src/abi/tests.rs",
    "sdk/src/contract.rs" = "sdk/src/contract.rs",
    "sdk/src/state.rs" = "sdk/src/state.rs",
};
/// Not part of a template: git would heed it where the template lies.
const IGNORED: &str = "/target\n__pycache__\n";

/// Makes the package `name` in a folder of that name under `place`, and gives the folder.
///
/// # Errors
/// The name is none, there is such a folder, or it cannot be written; then nothing is left of it.
pub fn make(place: &Path, name: &str, language: Language) -> Result<PathBuf, ScaffoldError> {
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 || !parts.iter().all(|part| plain(part)) {
        return Err(ScaffoldError::Name(name.to_owned()));
    }
    let folder = place.join(name);
    if folder.exists() {
        return Err(ScaffoldError::Exists(folder.display().to_string()));
    }
    let crate_name = parts[parts.len() - 1].replace('-', "_").to_lowercase();
    let written = write_all(&folder, language, name, &crate_name);
    if written.is_err() {
        // What is half made would be in the way of the next try.
        let _ = fs::remove_dir_all(&folder);
    }
    written.map(|()| folder)
}

fn write_all(
    folder: &Path,
    language: Language,
    id: &str,
    crate_name: &str,
) -> Result<(), ScaffoldError> {
    let files = match language {
        Language::Python => PYTHON,
        Language::Native => NATIVE,
    };
    for (name, text) in files {
        let text = text
            .replace("@ID@", id)
            .replace("@CRATE@", crate_name)
            .replace("@VERSION@", env!("CARGO_PKG_VERSION"));
        write(&folder.join(name), &text)?;
    }
    write(&folder.join(".gitignore"), IGNORED)?;
    match language {
        Language::Python => {
            for (name, text) in python::TYPINGS {
                write(&folder.join("typings").join(name), text)?;
            }
            Ok(())
        }
        Language::Native => make_executable(&folder.join("build")),
    }
}

fn write(path: &Path, text: &str) -> Result<(), ScaffoldError> {
    let written = match path.parent() {
        Some(parent) => fs::create_dir_all(parent).and_then(|()| fs::write(path, text)),
        None => fs::write(path, text),
    };
    written.map_err(|error| file_error(path, error))
}

fn make_executable(path: &Path) -> Result<(), ScaffoldError> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, permissions).map_err(|error| file_error(path, error))
}

fn file_error(path: &Path, error: io::Error) -> ScaffoldError {
    ScaffoldError::File { path: path.display().to_string(), error }
}
