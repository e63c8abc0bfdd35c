//! Random bytes for challenges, from the system.

use std::fs::File;
use std::io::{self, Read};

const DEVICE: &str = "/dev/urandom";

/// The system's source, opened once at the start so that a lack of it shows there.
pub struct Random {
    device: File,
}

impl Random {
    /// # Errors
    /// A system without such a source.
    pub fn open() -> io::Result<Random> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{DEVICE}: {error}"));
        Ok(Random { device: File::open(DEVICE).map_err(named)? })
    }

    /// Bytes that nobody can guess.
    ///
    /// # Errors
    /// As reading a file.
    pub fn bytes<const N: usize>(&self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        (&self.device).read_exact(&mut bytes)?;
        Ok(bytes)
    }
}
