//! Packages that are plain folders: their version is a digest of their files, and each version is
//! kept as it was.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use chain::hash::{Kind, digest};

use super::{PackageError, file_error};

/// Not part of what runs.
const IGNORED: [&str; 3] = [".git", "__pycache__", "target"];
const VERSION_BYTES: usize = 20;
/// More is no SCORE but a folder, or a zip, named by mistake.
pub const BYTES_MAX: u64 = 256 << 20;

/// 40 hex digits over the names and contents of all files, in the order of their names.
pub fn version(folder: &Path) -> Result<String, PackageError> {
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    let mut named: Vec<(String, PathBuf)> = Vec::new();
    for path in paths {
        let relative = path.strip_prefix(folder).unwrap_or(&path);
        named.push((relative.to_string_lossy().into_owned(), path));
    }
    named.sort();
    let mut parts: Vec<Vec<u8>> = vec![b"package".to_vec()];
    let mut bytes = 0;
    for (name, path) in named {
        let left = BYTES_MAX - bytes;
        let content = beginning(&path, left + 1).map_err(|error| file_error(&path, error))?;
        bytes += content.len() as u64;
        if bytes > BYTES_MAX {
            let error = io::Error::other(format!("more than {BYTES_MAX} bytes of files"));
            return Err(file_error(folder, error));
        }
        parts.push(name.into_bytes());
        parts.push(content);
    }
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    Ok(hex::encode(&digest(Kind::State, &parts).0[..VERSION_BYTES]))
}

/// Keeps the package's files in `to`, unless they are there.
pub fn keep(folder: &Path, to: &Path) -> Result<(), PackageError> {
    if to.is_dir() {
        return Ok(());
    }
    let unfinished = to.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|error| file_error(&unfinished, error))?;
    }
    fs::create_dir_all(&unfinished).map_err(|error| file_error(&unfinished, error))?;
    let mut paths = Vec::new();
    collect(folder, &mut paths)?;
    for path in paths {
        let copy = unfinished.join(path.strip_prefix(folder).unwrap_or(&path));
        let parent = copy.parent().unwrap_or(&unfinished);
        fs::create_dir_all(parent).map_err(|error| file_error(parent, error))?;
        fs::copy(&path, &copy).map_err(|error| file_error(&copy, error))?;
    }
    fs::rename(&unfinished, to).map_err(|error| file_error(to, error))
}

/// The versions that are kept, the one kept last first.
pub fn kept(folder: &Path) -> Result<Vec<String>, PackageError> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).map_err(|error| file_error(folder, error))? {
            let entry = entry.map_err(|error| file_error(folder, error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.len() == 2 * VERSION_BYTES {
                let time = entry.metadata().and_then(|metadata| metadata.modified());
                found.push((time.map_err(|error| file_error(&entry.path(), error))?, name));
            }
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().rev().map(|(_, name)| name).collect())
}

/// The first `bytes_max` bytes of a file, or all.
fn beginning(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), PackageError> {
    let entries = fs::read_dir(folder).map_err(|error| file_error(folder, error))?;
    for entry in entries {
        let entry = entry.map_err(|error| file_error(folder, error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| file_error(&path, error))?;
        if IGNORED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if kind.is_dir() {
            collect(&path, paths)?;
        } else if path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}
