//! libFuzzer around one target, which the variable `LOOPCHAIN_FUZZ` names. `tests/fuzz/run` builds
//! and starts this; by itself it is built without the counters, and says so.
#![no_main]

use std::io::Write;
use std::process::exit;
use std::sync::OnceLock;

use fuzz::{TARGETS, Target, examine};
use libfuzzer_sys::fuzz_target;

/// Names the target.
const VARIABLE: &str = "LOOPCHAIN_FUZZ";
/// Set while compiling by `tests/fuzz/run`, which has the counters put in.
const INSTRUMENTED: bool = option_env!("LOOPCHAIN_FUZZ_INSTRUMENTED").is_some();

static TARGET: OnceLock<&'static Target> = OnceLock::new();

fuzz_target!(
    init: {
        let _ = TARGET.set(chosen());
    },
    |bytes: &[u8]| {
        examine(TARGET.get().expect("libFuzzer starts with init"), bytes);
    }
);

/// The target asked for. `list` lists them; without the counters only single inputs are examined.
fn chosen() -> &'static Target {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    if name == "list" {
        for target in TARGETS {
            let Target { name, bytes_max, runs, decodes, .. } = target;
            say(&format!("{name} {bytes_max} {runs} {decodes}"));
        }
        exit(0);
    }
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        complain(&format!("{VARIABLE} is {name:?}; expected one of {}", names.join(", ")));
    };
    let runs_files =
        std::env::args().skip(1).any(|argument| std::path::Path::new(&argument).is_file());
    if !INSTRUMENTED && !runs_files {
        complain(
            "this program was built without the counters that guide libFuzzer, so it would search \
             blindly; start tests/fuzz/run, which builds it with them",
        );
    }
    target
}

fn say(text: &str) {
    // Who reads a list may stop reading.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn complain(text: &str) -> ! {
    // Nobody is left to be told when this fails.
    let _ = writeln!(std::io::stderr(), "fuzz: {text}");
    exit(2)
}
