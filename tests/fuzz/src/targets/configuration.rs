//! Files that an operator writes, and settings changed while running.

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use chain::channel::is_channel_name;
use configs::channels::{WEIGHT_MAX, parse};
use configs::json::parse_object;
use configs::{Program, Settings, Start, Surroundings};
use radiostation::registry::Definition;

use super::folder::Folder;
use crate::{Target, Verdict};

pub const CHANNELS: Target = Target {
    name: "channels",
    decodes: "channel_manage_data.json (configs::channels)",
    bytes_max: 2048,
    runs: 60_000,
    memory_max: 4 << 20,
    run: channels,
    seeds: || {
        let large = r#"{ // Everything that a channel may have.
  "one": {
    "score_package": "sample/documents",
    "peers": [
      {"peer_target": "10.0.0.1:7100", "group": "east", "weight": 3, "role": "validator"},
      {"peer_target": "[::1]:7100", "role": "client"}, {"peer_target": "a.b:1", "role": "auditor"},
    ],
    "LEADER_BLOCK_CREATION_LIMIT": 5, "MAX_BLOCK_KBYTES": 64, "MAX_BLOCK_TX_NUM": "100",
    "VOTING_RATIO": "3/4", "INTERVAL_BLOCKGENERATION": 0.5, "TIMEOUT_FOR_LEADER_COMPLAIN": 2,
    "MAX_TIMEOUT_FOR_LEADER_COMPLAIN": 1e1, "MAX_TX_BYTES": 2000, "MAX_BATCH_TX_NUM": 10,
    "MAX_BATCH_BYTES": 20000 /* bytes */
  }
}"#;
        let small =
            r#"{"a": {"score_package": "loopchain/default"}, "b_2": {"score_package": "x/y"}}"#;
        vec![
            large.into(),
            small.into(),
            include_bytes!("../../../../channel_manage_data.json").into(),
        ]
    },
};

/// With and without `ENABLE_CHANNEL_AUTH`.
fn settings() -> &'static [Settings; 2] {
    static SETTINGS: OnceLock<[Settings; 2]> = OnceLock::new();
    SETTINGS.get_or_init(|| {
        ["false", "true"].map(|auth| {
            let variables = vec![("ENABLE_CHANNEL_AUTH".to_owned(), auth.to_owned())];
            let surroundings =
                Surroundings { variables, working_folder: "/".into(), program_folder: None };
            let arguments = [OsString::from("radiostation")];
            match configs::load(Program::Radiostation, arguments, &surroundings) {
                Ok(Start::Run(loaded)) => loaded.settings,
                other => panic!("the defaults do not load: {other:?}"),
            }
        })
    })
}

fn channels(bytes: &[u8]) -> Verdict {
    let path = Path::new("channel_manage_data.json");
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Ok(members) = parse_object(text, path) else { return Verdict::Refused };
    let mut verdict = Verdict::Refused;
    for settings in settings() {
        let Ok(channels) = parse(&members, path, settings) else { continue };
        verdict = Verdict::Taken;
        assert_eq!(channels.definitions.len(), members.len());
        for definition in channels.definitions {
            assert!(is_channel_name(&definition.name), "no peer joins {:?}", definition.name);
            for peer in definition.peers.iter().flatten() {
                assert!((1..=WEIGHT_MAX).contains(&peer.weight), "a weight of {}", peer.weight);
            }
            let limits = &definition.settings;
            assert!(limits.batch_bytes_max <= limits.block_bytes_max);
            assert!(limits.complain_timeout_ms <= limits.complain_timeout_ms_max);
            // What the registry takes it holds against genesis; what not, it says at the start.
            let _ = Definition::new(definition);
        }
    }
    verdict
}

pub const SETTINGS: Target = Target {
    name: "settings",
    decodes: "a configuration file, -o (configs::load, configs::json)",
    bytes_max: 2048,
    runs: 2_500,
    memory_max: 16 << 20,
    run: configuration,
    seeds: || {
        let peer = r#"{
  // As an operator writes it.
  "LOOPCHAIN_HOST": "10.0.0.1", "PORT_PEER": 7100, "RADIO_STATION_TARGET": "10.0.0.9:7102",
  "DEFAULT_STORAGE_PATH": "../storage", "ENABLE_REST_SERVICE": "false", "VOTING_RATIO": 0.7,
  "DEFAULT_PW": "secret", "TIMEOUT_FOR_LEADER_COMPLAIN": 5, "CONSENSUS_ALGORITHM": "siever",
  "CHANNEL_OPTION": {"one": {"load_cert": false, "public_path": "a.der", "private_path": "b.der",
    "private_password": "x", "key_load_type": 0, "other": [null, {}]}},
  "ALLOW_MAKE_EMPTY_BLOCK": false, "LOOPCHAIN_LOG_LEVEL": "DEBUG",
}"#;
        let wrong = r#"{"PORT_PEER": "7200", "MAX_BLOCK_KBYTES": 2, "UNKNOWN": [1, 2e300, true]}"#;
        vec![peer.into(), wrong.into(), b"{}".to_vec()]
    },
};

fn configuration(bytes: &[u8]) -> Verdict {
    let folder = Folder::get("settings");
    let file = folder.write("configuration.json", bytes);
    let mut verdict = Verdict::Refused;
    for (program, name) in [(Program::Peer, "peer"), (Program::Radiostation, "radiostation")] {
        let load = |more: Option<&str>| {
            let mut arguments = vec![OsString::from(name), "-o".into(), file.clone().into()];
            arguments.extend(more.map(OsString::from));
            let surroundings =
                Surroundings { working_folder: folder.path().into(), ..Surroundings::default() };
            configs::load(program, arguments, &surroundings)
        };
        let loaded = match load(None) {
            Ok(Start::Run(loaded)) => loaded,
            Ok(Start::Print(text)) => panic!("nobody asked for {text}"),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                continue;
            }
        };
        verdict = Verdict::Taken;
        let settings = &loaded.settings;
        match program {
            Program::Peer => drop(settings.peer()),
            Program::Radiostation => drop(settings.radiostation()),
        }
        for entry in settings.entries() {
            assert_eq!(settings.get(entry.name), Some(entry));
        }
        settings.to_json();
        let Ok(Start::Print(text)) = load(Some("--print-config")) else {
            panic!("what loads can be printed")
        };
        assert!(!text.is_empty());
    }
    verdict
}

pub const SETTING: Target = Target {
    name: "setting",
    decodes: "a name and a value, as POST /api/v1/conf changes them (configs::settings)",
    bytes_max: 512,
    runs: 40_000,
    memory_max: 4 << 20,
    run: setting,
    seeds: || {
        [
            "LOOPCHAIN_LOG_LEVEL\ndebug",
            "GRPC_TIMEOUT\n2.5",
            "SLEEP_SECONDS_IN_RADIOSTATION_HEARTBEAT\n3",
        ]
        .map(Vec::from)
        .to_vec()
    },
};

fn setting(bytes: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(bytes) else { return Verdict::Refused };
    let Some((name, value)) = text.split_once('\n') else { return Verdict::Refused };
    let [settings, _] = settings();
    let mut changed = settings.clone();
    let outcome = changed.set(name, value);
    if outcome.is_err() {
        assert_eq!(changed.entries(), settings.entries(), "refused, and changed all the same");
        return Verdict::Refused;
    }
    changed.radiostation();
    assert!(changed.get(name).is_some());
    Verdict::Taken
}
