//! Inputs kept in the repository: `corpus/TARGET` holds what leads far into a decoder, `crashes/TARGET`
//! what once broke something.

use std::path::{Path, PathBuf};

use chain::hash::{Kind, digest};

use crate::Target;

/// An input and where it lies.
pub struct Input {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
}

/// The folder of this package.
pub fn folder() -> PathBuf {
    // Asked for at run time: checkouts share what is compiled.
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    folder.unwrap_or_else(|| PathBuf::from("tests/fuzz"))
}

/// The files of `folder`, in the order of their names; none when it is not there.
///
/// # Errors
/// It cannot be read.
pub fn read(folder: &Path) -> std::io::Result<Vec<Input>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut inputs = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let bytes = std::fs::read(&path)?;
        inputs.push(Input { path, bytes });
    }
    inputs.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(inputs)
}

/// Begins the name of a file that `seeds` made; libFuzzer's own are named by a hash alone.
pub const SEED: &str = "seed-";

/// The name under which a seed is kept.
pub fn seed_name(bytes: &[u8]) -> String {
    let hash = digest(Kind::State, &[bytes]).to_string();
    format!("{SEED}{}", &hash[..16])
}

/// Writes the seeds of `target` anew; what libFuzzer found stays.
///
/// # Errors
/// A file cannot be written or removed.
pub fn write_seeds(target: &Target) -> std::io::Result<()> {
    let folder = folder().join("corpus").join(target.name);
    std::fs::create_dir_all(&folder)?;
    for input in read(&folder)? {
        if is_seed(&input.path) {
            std::fs::remove_file(input.path)?;
        }
    }
    for bytes in (target.seeds)() {
        std::fs::write(folder.join(seed_name(&bytes)), &bytes)?;
    }
    Ok(())
}

/// Whether the file is one of those that `write_seeds` writes.
pub fn is_seed(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SEED))
}
