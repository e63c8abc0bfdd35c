//! Free ports for programs that are told their port before they start.
//!
//! They lie below the range from which the system gives ports to outgoing connections: a peer that
//! is killed must find its ports free when it comes back, whatever has connected meanwhile.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 15_000;
const EPHEMERAL_FIRST_DEFAULT: u16 = 32_768;

/// Ports that nobody else gets until they are released.
pub struct PortSet {
    /// Ascending.
    pub numbers: Vec<u16>,
    held: Vec<TcpListener>,
}

impl PortSet {
    /// # Panics
    /// When the system has not so many free ports.
    pub fn take(count: usize) -> PortSet {
        let mut held: Vec<(u16, TcpListener)> = Vec::new();
        for _ in FIRST..ephemeral_first() {
            if held.len() == count {
                break;
            }
            let port = candidate();
            if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                held.push((port, listener));
            }
        }
        assert!(held.len() == count, "the system has no {count} free ports");
        held.sort_by_key(|(port, _)| *port);
        let (numbers, held) = held.into_iter().unzip();
        PortSet { numbers, held }
    }

    /// Lets the ports go, right before the program that listens on them starts.
    pub fn release(&mut self) {
        self.held.clear();
    }

    /// Lets go all but one, which the program will find in use.
    pub fn release_all_but(&mut self, port: u16) {
        self.held.retain(|held| held.local_addr().is_ok_and(|address| address.port() == port));
    }
}

// Every process of tests begins elsewhere, and no port is tried twice soon.
fn candidate() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let width = ephemeral_first() - FIRST;
    let begin = (std::process::id() % u32::from(width)) as u16;
    let step = NEXT.fetch_add(1, Ordering::Relaxed) % width;
    FIRST + (begin + step) % width
}

fn ephemeral_first() -> u16 {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let first = range.ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
    first.filter(|first| *first > FIRST + 1000).unwrap_or(EPHEMERAL_FIRST_DEFAULT)
}
