//! The layers as an operator meets them: files, variables and options in, settings or a message
//! out.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use configs::{ConfigError, Loaded, PeerSettings, Program, Start, Surroundings};

/// A folder with files, and what a program started in it finds around it.
struct Place {
    folder: tempfile::TempDir,
    surroundings: Surroundings,
}

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let surroundings = Surroundings {
            variables: Vec::new(),
            working_folder: folder.path().canonicalize().unwrap(),
            program_folder: Some(folder.path().join("bin")),
        };
        Self { folder, surroundings }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.surroundings.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    fn start(&self, program: Program, arguments: &str) -> Result<Start, ConfigError> {
        let words = std::iter::once(program.name()).chain(arguments.split_whitespace());
        configs::load(program, words.map(OsString::from), &self.surroundings)
    }

    fn load(&self, program: Program, arguments: &str) -> Loaded {
        match self.start(program, arguments) {
            Ok(Start::Run(loaded)) => *loaded,
            Ok(Start::Print(text)) => panic!("{arguments}: prints {text}"),
            Err(error) => panic!("{arguments}: {error}"),
        }
    }

    fn peer(&self, arguments: &str) -> PeerSettings {
        self.load(Program::Peer, arguments).settings.peer()
    }

    fn printed(&self, program: Program, arguments: &str) -> String {
        match self.start(program, arguments) {
            Ok(Start::Print(text)) => text,
            other => panic!("{arguments}: {other:?}"),
        }
    }

    fn said(&self, program: Program, arguments: &str) -> String {
        match self.start(program, arguments) {
            Err(error) => error.to_string(),
            other => panic!("{arguments}: {other:?}"),
        }
    }
}

fn port(place: &Place, arguments: &str) -> u16 {
    place.peer(arguments).grpc_port
}

#[test]
fn each_layer_is_stronger_than_the_ones_before() {
    let place = Place::with(&[
        ("bin/configure_user.json", r#"{"PORT_PEER": 7201}"#),
        ("a.json", r#"{"PORT_PEER": 7203}"#),
        ("b.json", r#"{"PORT_PEER": "7204"}"#),
    ]);
    assert_eq!(port(&place, ""), 7201);
    let place = place.variable("PORT_PEER", "7202");
    assert_eq!(port(&place, ""), 7202);
    assert_eq!(port(&place, "-o a.json"), 7203);
    assert_eq!(port(&place, "-o a.json -o b.json"), 7204);
    assert_eq!(port(&place, "-o b.json --configure_file_path a.json"), 7203);
    assert_eq!(port(&place, "-o a.json -p 7205"), 7205);
    assert_eq!(port(&Place::with(&[]), ""), 7100);
}

#[test]
fn the_user_file_is_found_or_named_or_left_out() {
    let files = [
        ("configs/configure_user.json", r#"{"PORT_PEER": 7201}"#),
        ("other.json", r#"{"PORT_PEER": 7301}"#),
    ];
    assert_eq!(port(&Place::with(&files), ""), 7201);
    let named = Place::with(&files).variable("LOOPCHAIN_USER_CONFIG", "other.json");
    assert_eq!(port(&named, ""), 7301);
    let none = Place::with(&files).variable("LOOPCHAIN_USER_CONFIG", "");
    assert_eq!(port(&none, ""), 7100);
    let missing = Place::with(&files).variable("LOOPCHAIN_USER_CONFIG", "missing.json");
    assert!(missing.said(Program::Peer, "").contains("missing.json: cannot be read"));
}

#[test]
fn paths_are_relative_to_what_names_them() {
    let place = Place::with(&[("conf/net/a.json", r#"{"DEFAULT_STORAGE_PATH": "../../data/p"}"#)]);
    let peer = place.peer("-o conf/net/a.json --private keys/private.der");
    assert_eq!(peer.storage_path, place.path("data/p"));
    assert_eq!(peer.score.storage_path, place.path("data/p/score"));
    assert_eq!(peer.key_files.private_path, place.path("keys/private.der"));
    assert_eq!(peer.key_files.public_path, place.path("keys/public.der"));
    let place = place.variable("DEFAULT_SCORE_REPOSITORY_PATH", "packages");
    assert_eq!(place.peer("").score.repository_path, place.path("packages"));
}

#[test]
fn options_of_the_peer() {
    let place = Place::with(&[]);
    let loaded = place.load(
        Program::Peer,
        "-d -p 7300 -c a/b -a xyz --public p.der --private s.der -r 10.0.0.1:7000,[::1]:7001",
    );
    assert!(loaded.settings.develop);
    let peer = loaded.settings.peer();
    assert_eq!((peer.grpc_port, peer.p2p_port, peer.rest.port), (7300, 7350, 9200));
    assert_eq!(peer.score.default_package, "a/b");
    assert_eq!(peer.key_files.password.reveal(), "xyz");
    assert_eq!(peer.key_files.public_path, place.path("p.der"));
    assert_eq!((peer.log.level.as_str(), peer.log.develop), ("DEBUG", true));
    let targets: Vec<String> = peer.radiostations.iter().map(ToString::to_string).collect();
    assert_eq!(targets, ["10.0.0.1:7000", "[::1]:7001"]);
    let long = "--develop --port 7300 --score a/b --password xyz --radio_station_target h:1";
    let peer = place.peer(long);
    assert_eq!((peer.grpc_port, peer.radiostations.len()), (7300, 1));
    assert_eq!(place.peer("--radio h:1").radiostations[0].to_string(), "h:1");
}

#[test]
fn a_radiostation_without_a_port_keeps_the_port_of_the_layers_below() {
    let place = Place::with(&[("a.json", r#"{"PORT_RADIOSTATION": 7999}"#)]);
    let peer = place.peer("-o a.json -r radio_station");
    assert_eq!(peer.radiostations[0].to_string(), "radio_station:7999");
}

#[test]
fn options_of_the_radiostation() {
    let place = Place::with(&[]);
    let loaded = place.load(Program::Radiostation, "-p 7500 --cert ca -s 7 -d");
    let radiostation = loaded.settings.radiostation();
    assert_eq!((radiostation.grpc_port, radiostation.rest.port), (7500, 9400));
    assert_eq!(radiostation.certificate_folder, Some(place.path("ca")));
    assert!(loaded.notices.iter().any(|notice| notice.contains("option -s")));
    assert!(radiostation.log.develop);
}

#[test]
fn help_and_version_are_printed() {
    let place = Place::with(&[]);
    for option in ["-o", "-r", "-p", "-c", "-a", "--public", "--private", "-d", "--print-config"] {
        assert!(place.printed(Program::Peer, "-h").contains(option), "{option}");
    }
    for option in ["-o", "-p", "-d", "--cert", "-s", "--print-config"] {
        assert!(place.printed(Program::Radiostation, "--help").contains(option), "{option}");
    }
    assert!(place.printed(Program::Peer, "-V").starts_with("peer "));
}

#[test]
fn wrong_command_lines() {
    let place = Place::with(&[]);
    let cases = [
        (Program::Peer, "--prot 7100", "unexpected argument '--prot'"),
        (Program::Peer, "--prot 7100", "--port"),
        (Program::Peer, "stray", "unexpected argument 'stray'"),
        (Program::Peer, "-p", "a value is required"),
        (Program::Peer, "-p 1 -p 2", "cannot be used multiple times"),
        (Program::Peer, "-p x", "option -p: PORT_PEER: found the text \"x\"; expected a whole"),
        (Program::Peer, "-p 70000", "from 1 to 65535"),
        (Program::Peer, "-r a:b", "option -r: radio_station_target: found \"a:b\"; expected HOST"),
        (Program::Peer, "-r a,b,c", "expected HOST[:PORT]"),
        (Program::Peer, "-r h:1,", "expected HOST[:PORT]"),
        (Program::Peer, "-c default", "option -c: DEFAULT_SCORE_PACKAGE"),
        (Program::Radiostation, "-r h:1", "unexpected argument '-r'"),
    ];
    for (program, arguments, said) in cases {
        let error = place.start(program, arguments).expect_err(arguments);
        assert_eq!(error.exit_code(), 2, "{arguments}");
        let error = error.to_string();
        assert!(error.contains(said), "{arguments}: {error}");
        assert!(!error.starts_with("error"), "{error}");
    }
}

/// What a file holds, and what the message says; every message names file and line.
const WRONG_FILES: &[(&str, &str)] = &[
    ("{\n\"PORT_PEER\": true}", "line 2: PORT_PEER: found true; expected a whole number from 1"),
    ("{\n\n\"PORT_PEER\": 0}", "line 3: PORT_PEER: found the number 0"),
    ("{\"PORT_PEER\": \"x\"}", "line 1: PORT_PEER: found the text \"x\""),
    ("{\"ENABLE_CHANNEL_AUTH\": \"maybe\"}", "found the text \"maybe\"; expected true or false"),
    ("{\"VOTING_RATIO\": 0.65}", "VOTING_RATIO: found the number 0.65; expected a fraction"),
    ("{\"VOTING_RATIO\": \"2/3\"}", "two quorums may share no honest peer"),
    ("{\"CONSENSUS_ALGORITHM\": \"raft\"}", "found the text \"raft\"; expected \"lft\""),
    ("{\"LOOPCHAIN_LOG_LEVEL\": \"LOUD\"}", "expected DEBUG, INFO, WARNING"),
    ("{\"DEFAULT_PW\": 123456}", "DEFAULT_PW: found a number; expected a text"),
    ("{\"GRPC_TIMEOUT\": 0}", "expected a number from 0.01 to 86400, in s"),
    ("{\"ENABLE_REST_SSL\": 1}", "ENABLE_REST_SSL: found 1; expected 0: REST is served without"),
    ("{\"ENABLE_REST_SSL\": 3}", "from 0 to 2"),
    ("{\"LISTEN_ADDRESS\": \"here\"}", "expected an IP address"),
    (
        "{\"PORT_PEER\": 64000}",
        "line 1: PORT_PEER: found 64000, so that PORT_PEER + PORT_DIFF_REST_SERVICE_CONTAINER is \
         65900; expected a sum of at most 65535",
    ),
    (
        "{\"PORT_PEER\": 60000, \"PORT_DIFF_P2P_SERVICE\": 6000}",
        "so that PORT_PEER + PORT_DIFF_P2P_SERVICE is 66000",
    ),
    (
        "{\"MAX_TX_BYTES\": 3000000}",
        "MAX_TX_BYTES is 3000000 (wrong.json, line 1), more than MAX_BATCH_BYTES, which is \
         2097152 (built-in)",
    ),
    ("{\"MAX_BATCH_BYTES\": 4000000}", "more than MAX_BLOCK_KBYTES, which is 3000 KiB (built-in)"),
    (
        "{\"MAX_BATCH_TX_NUM\": 20,\n\"MAX_BLOCK_TX_NUM\": 10}",
        "MAX_BATCH_TX_NUM is 20 (wrong.json, line 1), more than MAX_BLOCK_TX_NUM, which is 10 \
         (wrong.json, line 2)",
    ),
    (
        "{\"TIMEOUT_FOR_LEADER_COMPLAIN\": 2,\n\"MAX_TIMEOUT_FOR_LEADER_COMPLAIN\": 1}",
        "TIMEOUT_FOR_LEADER_COMPLAIN is 2 (wrong.json, line 1), more than",
    ),
    ("", "wrong.json, line 1: the file is empty; expected one JSON object of NAME: value"),
    ("[]", "wrong.json, line 1: found a list; expected one JSON object"),
    ("{\n\"PORT_PEER\": 7100,\n", "wrong.json, line 1: Unterminated object"),
    (
        "{\"CHANNEL_OPTION\": {\"c\": {\n\"load_cert\": 7}}}",
        "wrong.json, line 2: CHANNEL_OPTION.c.load_cert: found the number 7",
    ),
];

#[test]
fn wrong_files() {
    for (text, said) in WRONG_FILES {
        let place = Place::with(&[("wrong.json", text)]);
        let error = place.start(Program::Peer, "-o wrong.json").expect_err(text);
        assert_eq!(error.exit_code(), 1);
        let error = error.to_string();
        assert!(error.contains(said), "{error}\ndoes not say\n{said}");
        assert!(error.contains("wrong.json") || error.contains("built-in"), "{error}");
        assert!(!error.contains("123456"), "a password is shown: {error}");
    }
}

#[test]
fn files_that_cannot_be_read() {
    let place = Place::with(&[("folder/x", "")]);
    fs::write(place.path("binary"), [0xff, 0xfe, 0x00]).unwrap();
    fs::write(place.path("large"), vec![b' '; 5 << 20]).unwrap();
    let cases = [
        ("-o none.json", "none.json: cannot be read: No such file"),
        ("-o folder", "folder: cannot be read: it is a folder; expected a JSON file"),
        ("-o binary", "binary: cannot be read: it is not UTF-8 text (byte 0)"),
        ("-o large", "large: cannot be read: it holds more than 4194304 bytes"),
    ];
    for (arguments, said) in cases {
        let error = place.said(Program::Peer, arguments);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn wrong_variables() {
    let cases = [
        ("PORT_PEER", "", "environment variable: PORT_PEER: found the text \"\"; expected a whole"),
        ("CHANNEL_OPTION", "{private_password", "CHANNEL_OPTION: found a text; expected an object"),
    ];
    for (name, value, said) in cases {
        let error = Place::with(&[]).variable(name, value).said(Program::Peer, "");
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn unknown_names_are_warnings_with_the_closest_name() {
    let text =
        "{\n\"PORT_PEERS\": 1,\n\"AMQP_KEY\": \"7100\",\n\"WAIT_GRPC\": 1,\n\"port_peer\": 2}";
    let place = Place::with(&[("a.json", text)]);
    let loaded = place.load(Program::Peer, "-o a.json -a xyz");
    let expected = [
        "a.json, line 2: PORT_PEERS is not a setting and is ignored; the closest is PORT_PEER",
        "a.json, line 3: AMQP_KEY is not a setting and is ignored; no setting is like it",
        "a.json, line 5: port_peer is not a setting and is ignored; the closest is PORT_PEER",
    ];
    assert_eq!(loaded.warnings, expected);
    assert_eq!(loaded.notices, ["a.json, line 4: WAIT_GRPC is read, but has no effect here"]);
}

#[test]
fn what_was_given_twice_and_what_has_no_effect_is_said() {
    let text =
        "{\"PORT_PEER\": 7200,\n\"PORT_PEER\": 7300, \"MAX_WORKERS\": 7, \"MONITOR_LOG\": true}";
    let loaded = Place::with(&[("a.json", text)]).load(Program::Peer, "-o a.json -a xyz");
    assert_eq!(loaded.settings.peer().grpc_port, 7300);
    assert_eq!(loaded.warnings, ["a.json, line 2: PORT_PEER is given twice; this one counts"]);
    assert_eq!(loaded.notices.len(), 2, "{:?}", loaded.notices);
    assert!(loaded.notices[0].contains("MONITOR_LOG is read, but has no effect here: Logs were"));
    let unchanged = Place::with(&[("a.json", "{\"MAX_WORKERS\": 100}")]);
    assert!(unchanged.load(Program::Peer, "-o a.json").notices.is_empty());
}

#[test]
fn defaults_follow_what_was_given_and_it_is_said() {
    let text = r#"{"MAX_BLOCK_TX_NUM": 500, "MAX_BLOCK_KBYTES": 100,
        "TIMEOUT_FOR_LEADER_COMPLAIN": 120}"#;
    let loaded = Place::with(&[("a.json", text)]).load(Program::Peer, "-o a.json");
    let channel = loaded.settings.peer().channel_settings;
    assert_eq!(channel.batch_transactions_max, 500);
    assert_eq!((channel.batch_bytes_max, channel.transaction_bytes_max), (102_400, 102_400));
    assert_eq!(channel.complain_timeout_ms_max, 120_000);
    assert_eq!(loaded.notices.len(), 4, "{:?}", loaded.notices);
    assert!(loaded.notices[0].contains("MAX_BATCH_BYTES is lowered from 2097152 to 102400"));
    let text = r#"{"MAX_TIMEOUT_FOR_LEADER_COMPLAIN": 0.5}"#;
    let peer = Place::with(&[("a.json", text)]).peer("-o a.json");
    assert_eq!(peer.channel_settings.complain_timeout_ms, 500);
}

#[test]
fn the_known_password_is_a_warning() {
    let warned = |arguments: &str| {
        let loaded = Place::with(&[]).load(Program::Peer, arguments);
        loaded.warnings.iter().any(|warning| warning.contains("default password"))
    };
    assert!(warned(""));
    assert!(warned("-a test"));
    assert!(!warned("-a xyz"));
}

#[test]
fn print_config_shows_values_and_sources_and_no_secret() {
    let text = "{\n\"GRPC_TIMEOUT\": 7, \"ADMIN_TOKEN\": \"hidden1\", \"NO_NAME\": 1,\n\
        \"CHANNEL_OPTION\": {\"c\": {\"private_password\": \"hidden2\"}}}";
    let place = Place::with(&[("a.json", text)]).variable("DEFAULT_SCORE_BRANCH", "main");
    let printed = place.printed(Program::Peer, "-o a.json -a hidden3 -p 7300 --print-config");
    let line = |name: &str| {
        let found = printed.lines().find(|line| line.split(' ').next() == Some(name));
        found.unwrap_or_default().split_whitespace().collect::<Vec<&str>>().join(" ")
    };
    assert_eq!(line("PORT_PEER"), "PORT_PEER 7300 # option -p");
    assert_eq!(line("GRPC_TIMEOUT"), "GRPC_TIMEOUT 7 # a.json, line 2");
    assert_eq!(
        line("DEFAULT_SCORE_BRANCH"),
        "DEFAULT_SCORE_BRANCH \"main\" # environment variable"
    );
    assert_eq!(line("PORT_RADIOSTATION"), "PORT_RADIOSTATION 7102 # built-in");
    assert_eq!(line("ADMIN_TOKEN"), "ADMIN_TOKEN \"***\" # a.json, line 2");
    assert!(printed.contains("# warning: a.json, line 2: NO_NAME is not a setting"), "{printed}");
    assert!(!printed.contains("hidden"), "{printed}");
    let names = configs::table::SETTINGS.iter().all(|one| !line(one.name).is_empty());
    assert!(names, "{printed}");
}
