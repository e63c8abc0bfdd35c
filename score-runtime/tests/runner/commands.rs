use std::process::{Command, Output};

use crate::driver::tests_folder;

fn runner(arguments: &[&str]) -> (String, String, i32) {
    let Output { stdout, stderr, status } =
        Command::new(env!("CARGO_BIN_EXE_score-runner")).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(stdout), text(stderr), status.code().unwrap())
}

#[test]
fn check_reports_file_and_line() {
    let traps = tests_folder().join("packages/traps");
    let (found, _, code) = runner(&["check", traps.to_str().unwrap()]);
    assert_eq!(code, 1);
    for expected in [
        "contract_score.py:17: module-level mutable state 'LOADED'; keep state in a database",
        "contract_score.py:17: datetime.datetime.now: the clock answers the block's time while \
         a transaction runs",
        "contract_score.py:17: uuid.uuid4: the identifier comes from the transaction's hash",
        "contract_score.py:26: random.randint: random numbers come from the transaction's hash",
        "contract_score.py:38: datetime.date.today: the clock answers the block's time while \
         a transaction runs",
        "contract_score.py:44: socket.create_connection: the network is refused",
        "contract_score.py:47: subprocess.run: programs are refused",
    ] {
        assert!(found.lines().any(|line| line == expected), "{expected}\nnot in\n{found}");
    }
    let broken = tests_folder().join("packages/broken_syntax");
    let (found, _, code) = runner(&["check", broken.to_str().unwrap()]);
    assert!(found.starts_with("contract_score.py:1: cannot be parsed"), "{found}");
    assert_eq!(code, 1);
}

#[test]
fn shipped_packages_pass_the_check() {
    for package in ["loopchain/default", "sample/documents"] {
        let folder = tests_folder().join("../../score").join(package);
        let (found, _, code) = runner(&["check", folder.to_str().unwrap()]);
        assert_eq!((found.as_str(), code), ("nothing found\n", 0), "{package}");
    }
}

#[test]
fn bad_command_lines_say_what_is_expected() {
    let (_, said, code) = runner(&["check", "/nowhere"]);
    assert!(said.contains("it has no package.json"), "{said}");
    assert_eq!(code, 2);
    assert_eq!(runner(&[]).2, 2);
    let (_, said, code) = runner(&["serve"]);
    assert!(said.contains("score-runner is started by a peer"), "{said}");
    assert_eq!(code, 1);
    let (said, _, code) = runner(&["version"]);
    assert!(said.starts_with("score-runner 0.") && said.contains("\nPython 3."), "{said}");
    assert_eq!(code, 0);
}
