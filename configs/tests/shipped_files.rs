//! The configuration files that come with the project start the programs.
#![allow(clippy::unwrap_used)]

use std::ffi::OsString;
use std::path::Path;

use configs::{Loaded, Program, Start, Surroundings};

fn shipped(name: &str) -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let surroundings = Surroundings {
        variables: Vec::new(),
        working_folder: folder.to_owned(),
        program_folder: None,
    };
    let program = if name.contains("radiostation") { Program::Radiostation } else { Program::Peer };
    let arguments = [program.name(), "-o", name].map(OsString::from);
    match configs::load(program, arguments, &surroundings) {
        Ok(Start::Run(loaded)) => *loaded,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn localnet_files_fit_together() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().canonicalize().unwrap();
    let loaded = shipped("localnet/radiostation.json");
    assert_eq!((loaded.warnings.len(), loaded.notices.len()), (0, 0), "{loaded:?}");
    let radiostation = loaded.settings.radiostation();
    assert_eq!((radiostation.grpc_port, radiostation.rest.port), (7102, 9002));
    assert_eq!(radiostation.storage_path, root.join(".localnet/radiostation"));
    let channels = loaded.settings.channels().unwrap();
    let names: Vec<(&str, &str)> = channels
        .definitions
        .iter()
        .map(|channel| (channel.name.as_str(), channel.score_package.as_str()))
        .collect();
    let expected = [("kofia_certificate", "loopchain/default"), ("documents", "sample/documents")];
    assert_eq!(names, expected);
    assert_eq!((channels.warnings.len(), channels.notices.len()), (0, 0));
    for (number, port) in [(1, 7100), (2, 7200), (3, 7300), (4, 7400)] {
        let loaded = shipped(&format!("localnet/peer{number}.json"));
        assert_eq!((loaded.warnings.len(), loaded.notices.len()), (0, 0), "{loaded:?}");
        let peer = loaded.settings.peer();
        assert_eq!((peer.grpc_port, peer.rest.port), (port, port + 1900));
        assert_eq!(peer.storage_path, root.join(format!(".localnet/peer{number}")));
        assert_eq!(peer.score.repository_path, root.join("score"));
        assert_eq!(peer.radiostations[0].to_string(), "127.0.0.1:7102");
        assert!(peer.listen_address.is_loopback());
    }
}

#[test]
fn a_file_of_the_old_system_starts() {
    let loaded = shipped("examples/peer_conf.json");
    assert_eq!(loaded.warnings, Vec::<String>::new());
    let peer = loaded.settings.peer();
    assert_eq!(peer.grpc_port, 7200);
    assert!(peer.key_files.private_path.ends_with("examples/keys/peer_0_private.der"));
    let said = loaded.notices.join("\n");
    for part in [
        "CONSENSUS_ALGORITHM \"siever\" is read as \"lft\"",
        "BLOCK_VOTE_TIMEOUT is read",
        "USE_GUNICORN_HA_SERVER is read",
        "MAX_BATCH_TX_NUM is lowered from 1000 to 500",
    ] {
        assert!(said.contains(part), "{said}");
    }
}
