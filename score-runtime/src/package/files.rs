//! The version of a package that is a plain folder: a digest of its files.

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
