//! What keeps a program from starting is said, with what to do, and its exit code tells scripts.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, json};
use tests::network::{Network, settle_peer, settle_radiostation, shipped_packages};
use tests::node::Node;
use tests::plan::{CERTIFICATES, Plan};
use tests::process::run_to_end;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs the program; checks its exit code and that what it says has all of `words`.
fn check(program: &str, arguments: &[&str], folder: &Path, code: i32, words: &[&str]) {
    let (found, text) = run_to_end(program, arguments, folder, LIMIT);
    let what = format!("{program} {}", arguments.join(" "));
    assert_eq!(found, Some(code), "{what} said: {text}");
    for word in words {
        assert!(text.contains(word), "{what} does not say {word:?}: {text}");
    }
    assert!(!text.contains("panicked"), "{what} panicked: {text}");
}

#[test]
fn command_lines_and_files_that_are_wrong_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let files = [
        ("broken.json", "{\n \"LOOPCHAIN_LOG_LEVEL\": \"INFO\",\n oops }"),
        ("list.json", "[1, 2]"),
        ("empty.json", ""),
        ("kind.json", "{ \"GRPC_TIMEOUT\": \"soon\" }"),
        ("range.json", "{ \"PORT_DIFF_REST_SERVICE_CONTAINER\": 70000 }"),
        ("ratio.json", "{ \"VOTING_RATIO\": 0.5 }"),
        ("tls.json", "{ \"ENABLE_REST_SSL\": 1 }"),
    ];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    std::fs::write(folder.join("bytes.json"), b"\xff\xfe\x00{}").unwrap();
    for program in ["peer", "radiostation"] {
        let usage: [(&[&str], &[&str]); 4] = [
            (&["--nonsense"], &["--nonsense"]),
            (&["surplus"], &["surplus"]),
            (&["-p", "many"], &["many", "65535"]),
            (&["-o"], &["FILE"]),
        ];
        for (arguments, words) in usage {
            check(program, arguments, folder, 2, &[&["error: "], words].concat());
        }
        let refused: [(&str, &[&str]); 9] = [
            ("broken.json", &["broken.json", "3"]),
            ("list.json", &["list.json", "object"]),
            ("empty.json", &["empty.json"]),
            ("kind.json", &["kind.json", "GRPC_TIMEOUT", "soon"]),
            ("range.json", &["range.json", "70000", "65535"]),
            ("ratio.json", &["ratio.json", "VOTING_RATIO", "2/3"]),
            ("tls.json", &["tls.json", "ENABLE_REST_SSL"]),
            ("bytes.json", &["bytes.json"]),
            ("nothing.json", &["nothing.json"]),
        ];
        for (file, words) in refused {
            check(program, &["-o", file], folder, 1, &[&["error: "], words].concat());
        }
        for (arguments, word) in [(["-h"], "Usage"), (["--version"], program)] {
            check(program, &arguments, folder, 0, &[word]);
        }
        check(program, &["--print-config"], folder, 0, &["GRPC_TIMEOUT", "MAX_TX_BYTES"]);
    }
    let channels = [
        ("no_package.json", "{ \"a\": {} }", "score_package"),
        ("no_channel.json", "{}", "channel"),
        ("member.json", "{ \"a\": { \"score_package\": \"a/b\", \"weigth\": 1 } }", "weigth"),
        ("text.json", "nonsense", "text.json"),
    ];
    for (name, text, word) in channels {
        std::fs::write(folder.join(name), text).unwrap();
        let settings = json!({ "CHANNEL_MANAGE_DATA_PATH": name });
        std::fs::write(folder.join("settings.json"), settings.to_string()).unwrap();
        check("radiostation", &["-o", "settings.json"], folder, 1, &["error: ", name, word]);
    }
}

#[test]
fn what_another_process_uses_is_refused_with_a_reason() {
    let mut network = Network::start(Plan { peers: 1, ..Plan::default() });
    for node in [&network.radiostation, &network.peers[0]] {
        let mut second = imitation(node, "second", &network);
        let name = storage_setting(node.program);
        let storage = node.folder.join("storage").display().to_string();
        second.set(name, storage.clone());
        second.ports().release();
        refused(&second, &network, &["another process", &storage]);
        let mut ports = vec![node.grpc_port, node.rest_port, node.p2p_port];
        ports.truncate(if node.program == "peer" { 3 } else { 2 });
        for taken in 0..ports.len() {
            let mut second = imitation(node, &format!("port{taken}"), &network);
            let port = [second.grpc_port, second.rest_port, second.p2p_port][taken];
            second.ports().release_all_but(port);
            refused(&second, &network, &[&port.to_string()]);
        }
    }
    wrong_password(&network);
    no_runner(&network);
    network.assert_healthy();
    let rest = &network.peers[0].rest;
    let hash = rest.accepted(&json!({ "data": "undisturbed" }));
    assert_eq!(rest.executed(CERTIFICATES, &hash)["code"], 0);
    network.assert_healthy();
}

fn storage_setting(program: &str) -> &'static str {
    if program == "peer" { "DEFAULT_STORAGE_PATH" } else { "RADIOSTATION_STORAGE_PATH" }
}

/// Another process with the settings of a running one, but for ports and storage.
fn imitation(node: &Node, name: &str, network: &Network) -> Node {
    let mut second = Node::new(&format!("{name}-{}", node.name), node.program, network.folder());
    if node.program == "peer" {
        let packages = shipped_packages();
        settle_peer(&mut second, network.radiostation.grpc_port, &packages, &Map::new());
    } else {
        settle_radiostation(&mut second, &network.channel_file(), false);
    }
    second
}

fn refused(second: &Node, network: &Network, words: &[&str]) {
    let file = second.write_settings();
    let words = [&["error: "], words].concat();
    check(second.program, &["-o", &file], network.folder(), 1, &words);
}

fn wrong_password(network: &Network) {
    let mut second = imitation(&network.peers[0], "locked", network);
    let key = network.peers[0].folder.join("storage").join("private.der");
    second.set("PRIVATE_PATH", key.display().to_string());
    second.set("PUBLIC_PATH", second.folder.join("public.der").display().to_string());
    second.set("DEFAULT_PW", "another password");
    second.ports().release();
    refused(&second, network, &["private.der", "DEFAULT_PW"]);
    let text = std::fs::read_to_string(network.folder().join("peer-output")).unwrap();
    assert!(!text.contains("another password"), "the password is shown: {text}");
}

fn no_runner(network: &Network) {
    let mut second = imitation(&network.peers[0], "lonely", network);
    second.set("SCORE_RUNNER_PATH", "nowhere/score-runner");
    second.ports().release();
    refused(&second, network, &["SCORE_RUNNER_PATH"]);
}

/// Not a port of a running program: something else of this machine.
#[test]
fn a_port_of_something_else_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (program, name) in [("peer", "PORT_PEER"), ("radiostation", "PORT_RADIOSTATION")] {
        let settings =
            json!({ name: port, "LISTEN_ADDRESS": "127.0.0.1", "ENABLE_REST_SERVICE": false });
        std::fs::write(folder.path().join("settings.json"), settings.to_string()).unwrap();
        let arguments = ["-o", "settings.json"];
        check(program, &arguments, folder.path(), 1, &["error: ", &port.to_string()]);
    }
}
