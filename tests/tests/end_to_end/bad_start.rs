//! What keeps a program from starting is said, with what to do, and its exit code tells scripts.

use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tests::network::Network;
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
fn ports_in_use_and_storage_in_use_are_refused_with_a_reason() {
    let mut network = Network::start(Plan { peers: 1, later_peers: 2, ..Plan::default() });
    let radiostation = taken_ports(&network.radiostation);
    let peer = taken_ports(&network.peers[0]);
    // A second process on the storage of a running one, and one on its ports.
    for (node, ports) in [(&network.radiostation, radiostation), (&network.peers[0], peer)] {
        let second = Node::new(&format!("second {}", node.name), node.program, network.folder());
        storage_in_use(node, second, network.folder());
        for (port_name, port) in ports {
            let second = Node::new(&format!("third {}", node.name), node.program, network.folder());
            port_in_use(node, second, port_name, port, network.folder());
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

fn taken_ports(node: &Node) -> Vec<(&'static str, u16)> {
    let mut ports = vec![("gRPC", node.grpc_port), ("REST", node.rest_port)];
    if node.program == "peer" {
        ports.push(("p2p", node.p2p_port));
    }
    ports
}

/// Takes over the settings of a running node, but for the ports.
fn imitate(node: &Node, second: &mut Node) {
    let own = ["PORT_DIFF_REST_SERVICE_CONTAINER"];
    for (name, value) in &node.settings {
        if !own.contains(&name.as_str()) {
            second.set(name, value.clone());
        }
    }
    let port_name = if node.program == "peer" { "PORT_PEER" } else { "PORT_RADIOSTATION" };
    second.set(port_name, second.grpc_port);
    if node.program == "peer" {
        second.set("PORT_P2P", second.p2p_port);
    }
}

fn storage_in_use(node: &Node, mut second: Node, folder: &Path) {
    imitate(node, &mut second);
    let storage = node.folder.join("storage").display().to_string();
    let name = if node.program == "peer" { "DEFAULT_STORAGE_PATH" } else { "RADIOSTATION_STORAGE_PATH" };
    second.set(name, storage.clone());
    let file = second.write_settings();
    second.release_ports();
    check(node.program, &["-o", &file], folder, 1, &["error: ", "another process", &storage]);
}

fn port_in_use(node: &Node, mut second: Node, port_name: &str, port: u16, folder: &Path) {
    imitate(node, &mut second);
    second.release_ports();
    match port_name {
        "gRPC" if node.program == "peer" => second.set("PORT_PEER", port),
        "gRPC" => second.set("PORT_RADIOSTATION", port),
        "p2p" => second.set("PORT_P2P", port),
        _ => {
            let difference = port.checked_sub(second.grpc_port);
            // Its own ports may lie above the one that is taken.
            let (base, difference) = difference.filter(|d| *d > 0).map_or_else(
                || (port - 1, 1),
                |difference| (second.grpc_port, difference),
            );
            let name = if node.program == "peer" { "PORT_PEER" } else { "PORT_RADIOSTATION" };
            second.set(name, base);
            second.set("PORT_DIFF_REST_SERVICE_CONTAINER", difference);
        }
    }
    let file = second.write_settings();
    check(node.program, &["-o", &file], folder, 1, &["error: ", &port.to_string()]);
}

fn wrong_password(network: &Network) {
    let mut second = Node::new("locked", "peer", network.folder());
    imitate(&network.peers[0], &mut second);
    let key = network.peers[0].folder.join("storage").join("private.der");
    second.set("PRIVATE_PATH", key.display().to_string());
    second.set("PUBLIC_PATH", second.folder.join("public.der").display().to_string());
    second.set("DEFAULT_PW", "another password");
    let file = second.write_settings();
    second.release_ports();
    check("peer", &["-o", &file], network.folder(), 1, &["error: ", "private.der", "DEFAULT_PW"]);
    let log = std::fs::read_to_string(network.folder().join("peer-output")).unwrap();
    assert!(!log.contains("another password"), "the password is shown: {log}");
}

fn no_runner(network: &Network) {
    let mut second = Node::new("lonely", "peer", network.folder());
    imitate(&network.peers[0], &mut second);
    second.set("SCORE_RUNNER_PATH", "nowhere/score-runner");
    let file = second.write_settings();
    second.release_ports();
    check("peer", &["-o", &file], network.folder(), 1, &["error: ", "SCORE_RUNNER_PATH"]);
}

/// Not a port of a running program: something else of this machine.
#[test]
fn a_port_of_something_else_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    for (program, name) in [("peer", "PORT_PEER"), ("radiostation", "PORT_RADIOSTATION")] {
        let settings = json!({ name: port, "LISTEN_ADDRESS": "127.0.0.1", "ENABLE_REST_SERVICE": false });
        std::fs::write(folder.path().join("settings.json"), settings.to_string()).unwrap();
        let arguments = ["-o", "settings.json"];
        check(program, &arguments, folder.path(), 1, &["error: ", &port.to_string()]);
    }
}
