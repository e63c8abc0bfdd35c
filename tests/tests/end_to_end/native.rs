//! The contract in Rust gives the results of the one in Python.

use std::path::{Path, PathBuf};

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::{Network, shipped_packages};
use tests::plan::{ChannelPlan, DOCUMENTS, Plan};
use tests::process::program;
use tests::random::seed;

#[test]
fn a_native_contract_serves_a_channel() {
    let folder = tempfile::tempdir().unwrap();
    let packages = native_packages(folder.path());
    let channels = vec![ChannelPlan::new(DOCUMENTS, "sample/documents_native")];
    let settings = json!({ "LOOPCHAIN_DEFAULT_CHANNEL": DOCUMENTS });
    let mut network = Network::start(Plan {
        channels,
        packages: Some(packages),
        peer_settings: settings.as_object().unwrap().clone(),
        ..Plan::default()
    });
    let plan = LoadPlan {
        label: "native".to_owned(),
        seed: seed(),
        transactions_per_client: Some(150),
        pause: std::time::Duration::ZERO,
    };
    let record = Load::start(&network, &plan).join();
    // Every result is compared with what the Python contract is known to answer.
    audit(&network, &record);
    let status = network.peers[0].rest.object("status/score");
    assert_eq!((&status["id"], &status["status"]), (&json!("sample/documents_native"), &json!(0)));
    network.assert_healthy();
}

/// As the build places it: the library beside its description.
fn native_packages(folder: &Path) -> PathBuf {
    let name = "sample/documents_native";
    let package = folder.join(name);
    std::fs::create_dir_all(&package).unwrap();
    let description = shipped_packages().join(name).join("package.json");
    std::fs::copy(description, package.join("package.json")).unwrap();
    let ending = if cfg!(target_os = "macos") { "dylib" } else { "so" };
    let library = format!("libdocuments_native.{ending}");
    std::fs::copy(program(&library), package.join(&library)).unwrap();
    folder.to_path_buf()
}
