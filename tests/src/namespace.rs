//! Network namespaces of a test: each peer in one of its own, all of them on wires that the test
//! holds in its hand.
//!
//! No name is given to them: a namespace is there for as long as a process is in it, so nothing is
//! left behind however the test ends. Root is not needed where user namespaces are allowed.

mod tunnel;
mod wires;

use std::process::{Child, ChildStdin, Command, Output, Stdio};

use crate::network::take_turn;
use crate::note;

pub use wires::{Figures, HUB, Weather, Wires};

/// Set for a test that runs in a namespace of its own.
const INSIDE: &str = "LOOPCHAIN_TEST_INSIDE";
/// Ways to a namespace in which this process may do everything.
const ENTRANCES: [&[&str]; 2] = [&["--user", "--map-root-user", "--net"], &["--net"]];
/// What has to be possible there.
const PROBE: &str = "ip tuntap add dev probe mode tun && ip link set lo up && unshare --net true";

/// Runs `run`, which is all that the test called `test` does, in a network namespace of its own:
/// this program once more, with that test alone. Says so where the machine does not allow it.
///
/// # Panics
/// When the test fails there.
pub fn inside(test: &str, run: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        call("ip", &["link", "set", "lo", "up"]);
        return run();
    }
    let _turn = take_turn();
    let entrance = match find_entrance() {
        Ok(entrance) => entrance,
        Err(why) => {
            let required = std::env::var_os("NAMESPACES").is_some_and(|value| value == "required");
            assert!(!required, "{test} needs network namespaces: {why}");
            note(&format!(
                "left out: {test} needs network namespaces and TUN devices, which are refused \
                 here: {why}. Root may have them, and anybody where user namespaces are allowed \
                 and /dev/net/tun can be written"
            ));
            return;
        }
    };
    let program = std::env::current_exe().expect("a running program has a path");
    let output = Command::new("unshare")
        .args(entrance)
        .arg("--")
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .stderr(Stdio::inherit())
        .output();
    let output = output.expect("unshare was there a moment ago");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{test} failed in its namespace:\n{told}");
    assert!(told.contains("1 passed"), "{test} is not the name of this test:\n{told}");
}

fn find_entrance() -> Result<&'static [&'static str], String> {
    let mut reasons = Vec::new();
    for entrance in ENTRANCES {
        let tried = Command::new("unshare").args(entrance).args(["--", "sh", "-c", PROBE]).output();
        match tried {
            Ok(Output { status, .. }) if status.success() => return Ok(entrance),
            Ok(Output { stderr, .. }) => {
                let reason = String::from_utf8_lossy(&stderr).trim().replace('\n', "; ");
                reasons.push(format!("unshare {}: {reason}", entrance.join(" ")));
            }
            Err(error) => reasons.push(format!("unshare: {error}")),
        }
    }
    Err(reasons.join("; "))
}

/// A network namespace, gone when it is dropped and the programs in it have ended.
pub struct Namespace {
    /// Its address on the wires.
    pub address: String,
    /// Ends with its standard input, so at the latest with this process.
    anchor: Child,
    _until: ChildStdin,
}

impl Namespace {
    fn new(address: String) -> Namespace {
        let mut command = Command::new("unshare");
        // It says when it is there.
        command.args(["--net", "--", "sh", "-c", "echo there; exec cat"]);
        let anchor = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut anchor = anchor.expect("unshare was there a moment ago");
        let mut said = [0; 1];
        let mut output = anchor.stdout.take().expect("it is piped");
        std::io::Read::read_exact(&mut output, &mut said).expect("a namespace can be had");
        let until = anchor.stdin.take().expect("it is piped");
        Namespace { address, anchor, _until: until }
    }

    /// A process that is in it.
    pub fn process(&self) -> u32 {
        self.anchor.id()
    }

    // Runs a program in it that is to succeed.
    fn call(&self, program: &str, arguments: &[&str]) {
        let process = self.process().to_string();
        let inside = ["--target", &process, "--net", "--", program];
        call("nsenter", &[&inside, arguments].concat());
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.anchor.kill();
        let _ = self.anchor.wait();
    }
}

fn call(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {told}", arguments.join(" "));
}
