//! Every rule finds what it is there for, and nothing else.

use std::collections::BTreeMap;

use crate::checkout::SourceFile;
use crate::rules::*;

/// One bad example, and the beginning of each complaint it must raise; none for a good one.
fn expect(rule: fn(&[SourceFile]) -> Vec<String>, path: &str, text: &str, expected: &[&str]) {
    let complaints = rule(&[SourceFile::new(path, text)]);
    let fits = complaints.len() == expected.len()
        && complaints.iter().zip(expected).all(|(found, start)| found.starts_with(start));
    assert!(fits, "{path}:\n{text}\nexpected {expected:?}, found {complaints:#?}");
}

#[test]
fn a_foreign_name_is_found_in_every_spelling() {
    let found = |text: &str, complaints: &[&str]| {
        expect(foreign_names, "peer/src/intake.rs", text, complaints);
    };
    let first = "peer/src/intake.rs:1: names libp2p,";
    found("use libp2p::PeerId;", &[first]);
    found("use ::libp2p::PeerId;", &[first]);
    found("use libp2p as net;", &[first]);
    found("pub(crate) use libp2p;", &[first]);
    found("extern crate libp2p;", &[first]);
    found("use {std::fs, libp2p::PeerId};", &[first]);
    found("fn f(id: libp2p::PeerId) {}", &[first]);
    found("fn f(id: ::libp2p::PeerId) {}", &[first]);
    found("let a = \"\\\"\"; /* x /* y */ */ libp2p::swarm();", &[first]);
    found("fn f<'a>(c: &'a u8) { let q = '\"'; libp2p::swarm(); let r = '\"'; }", &[first]);
    found("use std::fs;\n\nuse rocksdb::DB;\n", &["peer/src/intake.rs:3: names rocksdb,"]);
    found("use libp2p_stream::Control;", &["peer/src/intake.rs:1: names libp2p_stream,"]);
    found("#[tonic::async_trait]", &["peer/src/intake.rs:1: names tonic,"]);

    found("// libp2p::PeerId\n/// [`libp2p::PeerId`]\nlet a = \"libp2p::x\";", &[]);
    found("let a = r#\"use libp2p::\"quoted\";\"#; let b = r\"libp2p::x\";", &[]);
    found("use crate::network::libp2p::PeerId;", &[]);
    found("use crate::{libp2p::Event, network};", &[]);
    found("let libp2p = 1; network.libp2p::<u8>();", &[]);
    expect(foreign_names, "peer/src/network/streams.rs", "use libp2p::PeerId;", &[]);
    expect(foreign_names, "peer/src/network.rs", "use libp2p::identity::secp256k1::Keypair;", &[]);
    expect(
        foreign_names,
        "peer/src/network.rs",
        "use secp256k1::Keypair;",
        &["peer/src/network.rs:1: names secp256k1,"],
    );
}

#[test]
fn a_foreign_dependency_is_found_in_a_manifest() {
    let manifest =
        "[package]\nname = \"configs\"\n[dependencies]\nlibp2p-stream.workspace = true\n";
    expect(
        foreign_dependencies,
        "configs/Cargo.toml",
        manifest,
        &["configs/Cargo.toml:4: libp2p-stream"],
    );
    expect(foreign_dependencies, "peer/Cargo.toml", manifest, &[]);
}

#[test]
fn a_wrong_edge_is_found_in_every_kind_of_dependency() {
    for dependency in [
        "[dependencies]\npeer.workspace = true",
        "[dependencies]\npeer = { path = \"../peer\" }",
        "[dev-dependencies]\nother = { package = \"peer\", path = \"../peer\" }",
        "[build-dependencies]\n\"peer\" = { path = \"../peer\" }",
        "[target.'cfg(unix)'.dependencies]\npeer = { path = \"../peer\" }",
        "\n[dependencies.peer]\npath = \"../peer\"".trim_start(),
    ] {
        let line = if dependency.starts_with("[dependencies.") { 3 } else { 4 };
        let text = format!("[package]\nname = \"radiostation\"\n{dependency}\n");
        let complaint =
            format!("radiostation/Cargo.toml:{line}: radiostation must not depend on peer");
        expect(wrong_edges, "radiostation/Cargo.toml", &text, &[&complaint]);
        let text = text.replace("name = \"radiostation\"", "name = \"tests\"");
        expect(wrong_edges, "tests/Cargo.toml", &text, &[]);
    }
    let contract =
        "[package]\nname = \"score-runtime\"\n[dev-dependencies]\ndocuments_native = \"*\"";
    let path = "score-runtime/Cargo.toml";
    expect(wrong_edges, path, contract, &[]);
    let complaint = "score-runtime/Cargo.toml:4: score-runtime must not depend on documents_native";
    expect(wrong_edges, path, &contract.replace("dev-", ""), &[complaint]);
    let unknown = "[package]\nname = \"stranger\"\n";
    expect(
        wrong_edges,
        "stranger/Cargo.toml",
        unknown,
        &["stranger/Cargo.toml: the crate stranger"],
    );
    expect(wrong_edges, "Cargo.toml", "[workspace.dependencies]\npeer = { path = \"peer\" }", &[]);
}

#[test]
fn the_table_of_directions_itself_is_sound() {
    let table: BTreeMap<&str, &[&str]> = DIRECTION.iter().copied().collect();
    let programs = ["peer", "radiostation", "score-runtime"];
    for (name, allowed) in DIRECTION {
        assert!(!allowed.contains(&"tests"), "{name} must not depend on tests");
        for dependency in *allowed {
            let back = table[dependency];
            assert!(!back.contains(name), "{name} and {dependency} depend on each other");
            let program = programs.contains(dependency);
            let test = ["tests", "fuzz"].contains(name);
            assert!(!program || test, "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn missing_lints_are_found() {
    let package = "[package]\nname = \"peer\"\n";
    expect(crates_without_lints, "peer/Cargo.toml", package, &["peer/Cargo.toml: lacks"]);
    let complete = format!("{package}[lints]\nworkspace = true\n");
    expect(crates_without_lints, "peer/Cargo.toml", &complete, &[]);
}

#[test]
fn long_files_are_found() {
    let fits = "line\n".repeat(SOURCE_LINES_MAX);
    let long = format!("{fits}line\n");
    expect(long_files, "peer/src/main.rs", &fits, &[]);
    for path in ["peer/src/main.rs", "scripts/prepare.sh", "score/a.py", "wire/proto/a.proto"] {
        expect(long_files, path, &long, &[&format!("{path}: 501 lines")]);
    }
    expect(long_files, "localnet", &format!("#!/bin/sh\n{fits}"), &["localnet: 501 lines"]);
    for path in
        ["peer/src/intake/tests.rs", "tests/tests/a.rs", "peer/src/a_tests.rs", "Cargo.lock"]
    {
        expect(long_files, path, &long, &[]);
    }
    let text = "line\n".repeat(ARCHITECTURE_LINES_MAX + 1);
    expect(long_files, "ARCHITECTURE.md", &text, &["ARCHITECTURE.md: 201 lines"]);
}

#[test]
fn empty_names_are_found() {
    for path in ["peer/src/utils.rs", "peer/src/common/a.rs", "score/helper.py", "a/types/mod.rs"] {
        expect(empty_names, path, "", &[&format!("{path}: ")]);
    }
    for path in ["score-runtime/python/loopchain/utils.py", "a/score_helper.py", "a/typesetting.rs"]
    {
        expect(empty_names, path, "", &[]);
    }
}

#[test]
fn machine_paths_are_found() {
    for path in ["/work/a", "/root/.cargo", "/home/me"] {
        expect(machine_paths, "README.md", &format!("\nsee {path}\n"), &["README.md:2: "]);
    }
    expect(machine_paths, "README.md", "work/a and ~/.cache", &[]);
}

#[test]
fn leftovers_are_found() {
    let expect_one = |path: &str, text: &str| {
        expect(leftovers, path, text, &[&format!("{path}:1: ")]);
    };
    expect_one("a.rs", "// TODO: more");
    expect_one("README.md", "FIXME");
    expect_one("a.py", "pass  # XXX");
    expect_one("a.rs", "    todo!()");
    expect_one("a.rs", "unimplemented!(\"later\")");
    expect_one("a.rs", "#[ignore = \"slow\"]");
    expect(leftovers, "Cargo.toml", "todo = \"deny\"", &[]);
    expect(leftovers, "a.rs", "let AUTODOC_TODOS = \"todos\";", &[]);
}
