//! A TUN device: what a namespace sends into it is read here, one IP packet at a time, and what is
//! written here arrives there.

// TUNSETIFF has no safe caller in the standard library; the calls below are all there is.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_short};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Makes the device in this process's namespace. It goes when the file is closed.
///
/// # Errors
/// As the system gives them.
pub fn open(name: &str) -> io::Result<File> {
    let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
    // SAFETY: an ifreq is plain data, of which zeros are a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    assert!(name.len() < request.ifr_name.len(), "{name} is too long for a device");
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as c_short;
    // SAFETY: the file is open, and the call reads and writes one ifreq, which outlives it.
    let done = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF as _, &mut request) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(file) }
}
