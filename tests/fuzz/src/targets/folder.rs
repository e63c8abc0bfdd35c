//! A folder for decoders that read files; one a target, used again for every input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

pub struct Folder(PathBuf);

/// Kept until the process ends.
static FOLDERS: Mutex<BTreeMap<&str, TempDir>> = Mutex::new(BTreeMap::new());

impl Folder {
    /// The folder of that name, empty at first.
    pub fn get(name: &'static str) -> Folder {
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = folders.entry(name).or_insert_with(|| {
            // Without a disk behind it where the system has such a place.
            let memory = Path::new("/dev/shm");
            let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
            made.expect("a folder for the inputs")
        });
        Folder(folder.path().to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Puts `bytes` into the file `name`, in place of what was there.
    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a folder for the inputs");
        }
        std::fs::write(&path, bytes).expect("a file for the input");
        path
    }

    /// Makes the folder below it empty.
    pub fn emptied(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        if path.exists() {
            std::fs::remove_dir_all(&path).expect("what was made can be removed");
        }
        std::fs::create_dir_all(&path).expect("a folder for the inputs");
        path
    }
}
