//! The wires between namespaces: IP packets that one of them sends are handed to the one they are
//! for, late, never, or at once, as the test says. The test itself is on undisturbed wires.
//!
//! The kernel's own netem does the same; it is missing in many kernels, and cannot be asked what
//! it has done.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Namespace, call, tunnel};
use crate::random::Random;

/// The test's own address on the wires.
pub const HUB: &str = "10.117.0.1";
const NET: &str = "10.117.0.";
/// Last byte of the first namespace's address.
const FIRST: u8 = 2;
const PACKET_BYTES_MAX: usize = 2048;
/// Packets under way; more are lost, as on a real line.
const UNDER_WAY_MAX: usize = 100_000;

/// What becomes of packets between two namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// One way.
    pub delay: Duration,
    pub lost_per_thousand: u64,
}

/// What became of packets between two namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub delivered: u64,
    pub delivered_bytes: u64,
    pub lost: u64,
    /// Sent from one part to another.
    pub cut: u64,
    /// Found no room.
    pub crowded_out: u64,
}

/// The namespaces and what lies between them.
pub struct Wires {
    namespaces: Vec<Namespace>,
    exchange: Arc<Exchange>,
}

struct Exchange {
    /// The test's end, and that of each namespace.
    ends: Vec<File>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    weather: Weather,
    /// By end; packets do not pass between different ones. The test is in all of them.
    parts: Vec<usize>,
    random: Random,
    under_way: BinaryHeap<Reverse<UnderWay>>,
    sequence: u64,
    figures: Figures,
    ended: bool,
}

/// Ordered by when it is due, and what is due at once by when it was sent.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct UnderWay {
    due: Instant,
    sequence: u64,
    from: usize,
    to: usize,
    packet: Vec<u8>,
}

impl Wires {
    /// Makes so many namespaces, on perfect wires; `seed` decides which packets are lost later.
    pub fn lay(namespaces: usize, seed: u64) -> Wires {
        let host = |number: usize| FIRST + u8::try_from(number).expect("a handful of namespaces");
        let address = |number| format!("{NET}{}", host(number));
        let namespaces: Vec<Namespace> =
            (0..namespaces).map(|number| Namespace::new(address(number))).collect();
        let end = |name: &str| tunnel::open(name).expect("a TUN device was made a moment ago");
        let mut ends = vec![end("hub")];
        call("ip", &["address", "add", &format!("{HUB}/24"), "dev", "hub"]);
        call("ip", &["link", "set", "hub", "up"]);
        for (number, namespace) in namespaces.iter().enumerate() {
            let name = format!("wire{number}");
            ends.push(end(&name));
            call("ip", &["link", "set", &name, "netns", &namespace.process().to_string()]);
            namespace.call("ip", &["link", "set", "lo", "up"]);
            let address = format!("{}/24", namespace.address);
            namespace.call("ip", &["address", "add", &address, "dev", &name]);
            namespace.call("ip", &["link", "set", &name, "up"]);
        }
        let state = State {
            weather: Weather::default(),
            parts: vec![0; ends.len()],
            random: Random::new(seed),
            under_way: BinaryHeap::new(),
            sequence: 0,
            figures: Figures::default(),
            ended: false,
        };
        let exchange =
            Arc::new(Exchange { ends, state: Mutex::new(state), changed: Condvar::new() });
        for from in 0..exchange.ends.len() {
            let exchange = exchange.clone();
            std::thread::spawn(move || exchange.read(from));
        }
        let deliver = exchange.clone();
        std::thread::spawn(move || deliver.deliver_late());
        Wires { namespaces, exchange }
    }

    pub fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    /// From now on.
    pub fn set_weather(&self, weather: Weather) {
        self.exchange.state().weather = weather;
    }

    /// From now on nothing passes between `some` namespaces and the others; what is under way is
    /// lost. Nobody: all are together again.
    pub fn part(&self, some: &[usize]) {
        let mut state = self.exchange.state();
        for (end, part) in state.parts.iter_mut().enumerate() {
            *part = usize::from(end > 0 && some.contains(&(end - 1)));
        }
    }

    /// What has become of packets so far.
    pub fn figures(&self) -> Figures {
        self.exchange.state().figures
    }
}

impl Drop for Wires {
    fn drop(&mut self) {
        // Readers end when their device goes; the others go with their namespaces.
        let _ = Command::new("ip").args(["link", "delete", "hub"]).output();
        self.exchange.state().ended = true;
        self.exchange.changed.notify_all();
    }
}

impl Exchange {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, from: usize) {
        let mut buffer = [0; PACKET_BYTES_MAX];
        while let Ok(length) = (&self.ends[from]).read(&mut buffer) {
            let packet = &buffer[..length];
            let Some(to) = self.destination(packet).filter(|to| *to != from) else { continue };
            if from == 0 || to == 0 {
                self.write(to, packet);
            } else if self.state().send(from, to, packet) {
                self.changed.notify_all();
            }
        }
    }

    // The end that an IPv4 packet is for.
    fn destination(&self, packet: &[u8]) -> Option<usize> {
        let [10, 117, 0, host] = packet.get(16..20)? else { return None };
        let to = match *host {
            1 => 0,
            host => usize::from(host.checked_sub(FIRST)?) + 1,
        };
        (packet[0] >> 4 == 4 && to < self.ends.len()).then_some(to)
    }

    // A device whose namespace has gone takes nothing more, and that is as well.
    fn write(&self, to: usize, packet: &[u8]) {
        let _ = (&self.ends[to]).write(packet);
    }

    fn deliver_late(&self) {
        let mut state = self.state();
        while !state.ended {
            let now = Instant::now();
            match state.under_way.peek().map(|Reverse(next)| next.due) {
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(due) if due > now => {
                    let waited = self.changed.wait_timeout(state, due - now);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some(_) => {
                    let Some(Reverse(next)) = state.under_way.pop() else { continue };
                    if !state.passes(next.from, next.to) {
                        state.figures.cut += 1;
                        continue;
                    }
                    state.figures.delivered += 1;
                    state.figures.delivered_bytes += next.packet.len() as u64;
                    drop(state);
                    self.write(next.to, &next.packet);
                    state = self.state();
                }
            }
        }
    }
}

impl State {
    fn passes(&self, from: usize, to: usize) -> bool {
        self.parts[from] == self.parts[to]
    }

    // Whether it is under way now.
    fn send(&mut self, from: usize, to: usize, packet: &[u8]) -> bool {
        if !self.passes(from, to) {
            self.figures.cut += 1;
            return false;
        }
        if self.random.below(1000) < self.weather.lost_per_thousand {
            self.figures.lost += 1;
            return false;
        }
        if self.under_way.len() >= UNDER_WAY_MAX {
            self.figures.crowded_out += 1;
            return false;
        }
        self.sequence += 1;
        let due = Instant::now() + self.weather.delay;
        let (sequence, packet) = (self.sequence, packet.to_vec());
        self.under_way.push(Reverse(UnderWay { due, sequence, from, to, packet }));
        true
    }
}
