//! Finds a SCORE's package and its versions.
//!
//! In order: the develop folder, a git repository, a plain folder, a zip that holds a repository,
//! a clone from `DEFAULT_SCORE_BASE`. Of a repository the current version is checked out beside
//! the store, so that the repository itself is never changed.

mod files;
mod git;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tracing::{info, warn};
use wire::runner::Load;

use crate::python;
use git::Repository;

const PACKAGE_FILE: &str = "package.json";
const MAIN_DEFAULT: &str = "contract_score";

/// Why there is no package to run.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error(
        "the SCORE package {0:?} is not named like A/B, with letters, digits, '.', '_' and '-'"
    )]
    Name(String),
    #[error(
        "the SCORE package {name} was not found: looked for the folder or git repository {folder}, \
         {zip}, and {base}"
    )]
    NotFound { name: String, folder: String, zip: String, base: String },
    #[error("the SCORE package's {path}: {error}")]
    File { path: String, error: io::Error },
    #[error("{PACKAGE_FILE} of the SCORE package: {0}")]
    Description(String),
    #[error(transparent)]
    Git(#[from] git::GitError),
    #[error(
        "version {version} of the SCORE package {name}, which the channel executes, is not here, and \
         could not be had; there are {found}. Put it where the package is looked for: the others \
         go on meanwhile"
    )]
    NoVersion { name: String, version: String, found: String },
    #[error("the zip {path}: {reason}")]
    Zip { path: String, reason: String },
}

/// What runs a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    Python,
    Native,
}

/// A package ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    pub folder: PathBuf,
    pub id: String,
    /// 40 hex digits.
    pub version: String,
    /// Newest first.
    pub versions: Vec<String>,
    pub runtime: Runtime,
    /// The module, or the library's name without `lib` and `.so`.
    pub main: String,
    /// package.json with `version` being the commit.
    pub info: Map<String, Value>,
}

/// Finds the package that `load` names, in the version that executes `height`.
///
/// # Errors
/// It is not there, not in that version, or not a package.
pub fn find(load: &Load, height: u64) -> Result<Package, PackageError> {
    let wanted = load.version_at(height);
    let (group, name) = split_name(&load.package)?;
    let folder = Path::new(&load.repository_path).join(group).join(name);
    let developed = load.develop_root.as_deref() == Some(group);
    if developed && folder.is_dir() {
        return from_folder(&folder, load, wanted);
    }
    if let Some(repository) = Repository::open(&folder) {
        return from_repository(&repository, load, wanted);
    }
    if folder.is_dir() {
        return from_folder(&folder, load, wanted);
    }
    let flat = format!("{group}_{name}");
    let kept = Path::new(&load.storage_path).join("repository").join(&flat);
    let zip = Path::new(&load.repository_path).join(format!("{flat}.zip"));
    if zip.is_file() {
        return from_repository(&unpack(&zip, &kept)?, load, wanted);
    }
    if load.base.is_empty() {
        return Err(PackageError::NotFound {
            name: load.package.clone(),
            folder: folder.display().to_string(),
            zip: zip.display().to_string(),
            base: "DEFAULT_SCORE_BASE, which is empty".to_owned(),
        });
    }
    let repository = match Repository::open(&kept) {
        Some(repository) => repository,
        None => Repository::clone_from(&load.base, &load.package, &load.key_path, &kept)?,
    };
    from_repository(&repository, load, wanted)
}

/// The folder of a package that is there to be looked at, as `score-runner check` does.
pub fn is_package(folder: &Path) -> bool {
    folder.join(PACKAGE_FILE).is_file()
}

/// The version of a package's folder as it lies there.
///
/// # Errors
/// It is no package, or cannot be read.
pub fn version(folder: &Path) -> Result<String, PackageError> {
    if !is_package(folder) {
        let error = io::Error::other("it holds no package.json");
        return Err(file_error(folder, error));
    }
    files::version(folder)
}

fn split_name(name: &str) -> Result<(&str, &str), PackageError> {
    let wrong = || PackageError::Name(name.to_owned());
    let (group, package) = name.split_once('/').ok_or_else(wrong)?;
    let plain = |part: &str| {
        !part.is_empty()
            && !part.contains("..")
            && part != "."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    };
    if plain(group) && plain(package) { Ok((group, package)) } else { Err(wrong()) }
}

/// A folder's version is what lies there now. Each version that was ever loaded is kept beside the
/// store, so that a channel goes on with its own when the folder changes, and can go back to it.
fn from_folder(folder: &Path, load: &Load, wanted: Option<&str>) -> Result<Package, PackageError> {
    let current = files::version(folder)?;
    let kept = versions_folder(load);
    let version = wanted.unwrap_or(&current).to_owned();
    if version == current {
        files::keep(folder, &kept.join(&version))?;
    }
    let mut versions = files::kept(&kept)?;
    if !versions.contains(&version) {
        return Err(no_version(load, version, versions));
    }
    versions.retain(|other| *other != current);
    versions.insert(0, current);
    describe(&kept.join(&version), &load.package, version, versions)
}

fn versions_folder(load: &Load) -> PathBuf {
    Path::new(&load.storage_path).join("versions")
}

fn no_version(load: &Load, version: String, found: Vec<String>) -> PackageError {
    let found = match found.len() {
        0 => "none".to_owned(),
        _ => found.join(", "),
    };
    PackageError::NoVersion { name: load.package.clone(), version, found }
}

fn from_repository(
    repository: &Repository,
    load: &Load,
    wanted: Option<&str>,
) -> Result<Package, PackageError> {
    if load.pull {
        fetch(repository, load);
    }
    let mut tip = repository.tip(&load.branch)?;
    let mut versions = repository.versions(&tip)?;
    let lacks = |versions: &[String]| {
        wanted.is_some_and(|wanted| !versions.iter().any(|version| version == wanted))
    };
    if lacks(&versions) && !load.pull {
        info!(version = wanted, "this version of the SCORE is not here: fetching it");
        fetch(repository, load);
        tip = repository.tip(&load.branch)?;
        versions = repository.versions(&tip)?;
    }
    let version = wanted.map_or(tip, str::to_owned);
    if !versions.contains(&version) {
        return Err(no_version(load, version, versions));
    }
    let folder = versions_folder(load).join(&version);
    repository.checkout(&version, &folder)?;
    describe(&folder, &load.package, version, versions)
}

fn fetch(repository: &Repository, load: &Load) {
    if let Err(error) = repository.fetch(&load.branch, &load.key_path) {
        warn!(%error, "the SCORE's repository could not be pulled; going on with what is there");
    }
}

fn describe(
    folder: &Path,
    name: &str,
    version: String,
    versions: Vec<String>,
) -> Result<Package, PackageError> {
    let path = folder.join(PACKAGE_FILE);
    let text = fs::read_to_string(&path).map_err(|error| file_error(&path, error))?;
    let mut info: Map<String, Value> =
        serde_json::from_str(&text).map_err(|e| PackageError::Description(e.to_string()))?;
    info.insert("version".to_owned(), Value::String(version.clone()));
    let text_at = |key: &str, default: &str| match info.get(key) {
        None => Ok(default.to_owned()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(_) => Err(PackageError::Description(format!("'{key}' must be a string"))),
    };
    let runtime = match text_at("runtime", "python")?.as_str() {
        "python" => Runtime::Python,
        "native" => Runtime::Native,
        other => {
            let reason = format!("'runtime' is {other:?}; python or native is expected");
            return Err(PackageError::Description(reason));
        }
    };
    let id = text_at("id", name)?;
    let main = text_at("main", MAIN_DEFAULT)?;
    let main = main.strip_suffix(".py").unwrap_or(&main).to_owned();
    if main.is_empty() || !main.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        let reason = format!("'main' is {main:?}; a module's name is expected");
        return Err(PackageError::Description(reason));
    }
    let folder = fs::canonicalize(folder).map_err(|error| file_error(folder, error))?;
    Ok(Package { folder, id, version, versions, runtime, main, info })
}

/// Unpacks the zip anew at every start: it may have been replaced.
fn unpack(zip: &Path, to: &Path) -> Result<Repository, PackageError> {
    if to.exists() {
        fs::remove_dir_all(to).map_err(|error| file_error(to, error))?;
    }
    fs::create_dir_all(to).map_err(|error| file_error(to, error))?;
    let wrong = |reason: String| PackageError::Zip { path: zip.display().to_string(), reason };
    python::extract_zip(zip, to, files::BYTES_MAX).map_err(wrong)?;
    let inner = fs::read_dir(to).map_err(|error| file_error(to, error))?;
    let mut folders = vec![to.to_owned()];
    folders.extend(inner.filter_map(|entry| Some(entry.ok()?.path())));
    let repository = folders.iter().find_map(|folder| Repository::open(folder));
    repository.ok_or_else(|| wrong("holds no git repository".to_owned()))
}

fn file_error(path: &Path, error: io::Error) -> PackageError {
    PackageError::File { path: path.display().to_string(), error }
}

#[cfg(test)]
mod tests;
