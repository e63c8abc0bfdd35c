use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::driver::tests_folder;

fn runner(arguments: &[&str]) -> (String, String, i32) {
    runner_in(Path::new("."), arguments)
}

fn runner_in(folder: &Path, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_score-runner"));
    let Output { stdout, stderr, status } =
        command.args(arguments).current_dir(folder).output().unwrap();
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

#[test]
fn a_new_package_passes_its_tests() {
    let place = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| runner_in(place.path(), arguments);
    let (said, _, code) = run(&["new", "shop/counter"]);
    assert!(said.contains("score-runner test shop/counter"), "{said}");
    assert_eq!(code, 0);
    let (said, _, code) = run(&["test", "shop/counter"]);
    assert_eq!(
        (said.as_str(), code),
        ("ok      tests/counting.json: 6 steps\n1 passed, 0 failed\n", 0)
    );
    assert_eq!(run(&["check", "shop/counter"]).0, "nothing found\n");
    let (_, said, code) = run(&["new", "shop/counter"]);
    assert!(said.contains("is there already"), "{said}");
    assert_eq!(code, 2);
    for name in ["", "/a", "a/b/c", "..", "a b", "1a", "ä"] {
        let (_, said, code) = run(&["new", name]);
        assert!(code == 2 && said.contains("cannot name a package"), "{name}: {said}");
    }
}

#[test]
fn a_new_native_package_builds_and_passes_its_tests() {
    let place = tempfile::tempdir().unwrap();
    assert_eq!(runner_in(place.path(), &["new", "my-tally", "--runtime", "native"]).2, 0);
    let folder = place.path().join("my-tally");
    let (_, said, code) = runner_in(place.path(), &["test", "my-tally"]);
    assert!(code == 3 && said.contains("build the package's crate"), "{said}");
    let built = Command::new(folder.join("build"))
        // The libraries are those of this workspace: they are here already.
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let (said, _, code) = runner_in(place.path(), &["test", "my-tally"]);
    assert_eq!(
        (said.as_str(), code),
        ("ok      tests/counting.json: 6 steps\n1 passed, 0 failed\n", 0)
    );
}

#[test]
fn a_test_that_fails_says_which_step_and_why() {
    let place = tempfile::tempdir().unwrap();
    runner_in(place.path(), &["new", "counter"]);
    let test = place.path().join("counter/tests/counting.json");
    let add = r#"{"invoke": {"method": "add", "params": {"name": "a", "count": 1}}}"#;
    let ask = r#""query": {"method": "count", "params": {"name": "a"}}"#;
    for (steps, code, expected) in [
        (format!(r#"[{add}, {{{ask}, "answer": {{"count": 2}}}}]"#), 1, "step 2: the answer is {"),
        (r#"[{"invoke": "no JSON"}]"#.to_owned(), 1, "step 1: code 9000 ("),
        (format!(r#"[{{{ask}, "invoke": 1}}]"#), 2, "step 1: it must have just one of 'invoke'"),
        (r#"[{"invok": 1}]"#.to_owned(), 2, "unknown field `invok`"),
    ] {
        fs::write(&test, format!("{{\"steps\": {steps}}}")).unwrap();
        let (told, said, found) = runner_in(place.path(), &["test", "counter"]);
        assert!(found == code && (told + &said).contains(expected), "{steps}: {said}");
    }
    fs::remove_file(test).unwrap();
    let (_, said, code) = runner_in(place.path(), &["test", "counter"]);
    assert!(code == 2 && said.contains("holds no tests"), "{said}");
    let (_, said, code) = runner_in(place.path(), &["test", "nowhere"]);
    assert!(code == 2 && said.contains("holds no tests"), "{said}");
}

#[test]
fn transactions_are_executed_and_shown_the_same_each_time() {
    let place = tempfile::tempdir().unwrap();
    runner_in(place.path(), &["new", "counter"]);
    let lines =
        "{\"method\": \"add\", \"params\": {\"name\": \"a\", \"count\": 1}}\n\nno JSON\nnothing\n";
    fs::write(place.path().join("lines"), lines).unwrap();
    let ask = r#"{"method": "count", "params": {"name": "a"}}"#;
    let run = || runner_in(place.path(), &["run", "counter", "--tx", "lines", "--query", ask]);
    let (told, said, code) = run();
    assert_eq!(code, 0, "{said}");
    let begins: Vec<String> =
        told.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    let expected = ["1/0 0", "1 state", "2/0 9000", "2/1 9000", "2 state", "query {\"method\":"];
    assert_eq!(begins[1..], expected);
    assert!(told.ends_with("{\"code\": 0, \"count\": 1}\n"), "{told}");
    assert_eq!(run().0, told);
    let (_, said, code) = runner_in(place.path(), &["run", "counter", "--tx", "nowhere"]);
    assert!(code == 2 && said.contains("nowhere"), "{said}");
}

#[test]
fn what_is_no_store_cannot_be_compared() {
    let place = tempfile::tempdir().unwrap();
    let (_, said, code) = runner_in(place.path(), &["diff", "a", "b"]);
    assert!(code == 2 && said.contains("a is no SCORE store"), "{said}");
}
