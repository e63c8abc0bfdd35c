//! The rules. Each returns one complaint for every place that breaks it.

use crate::checkout::{SourceFile, manifests};
use crate::rust_text::{code_only, path_roots};

/// A foreign crate and the places that may name it, as beginnings of paths.
const OWNERS: &[(&str, &[&str])] = &[
    ("libp2p", &["peer/src/network"]),
    ("libp2p_stream", &["peer/src/network"]),
    ("pyo3", &["score-runtime/src/python"]),
    ("rocksdb", &["peer/src/storage", "radiostation/src/store", "score-runtime/src/store"]),
    ("secp256k1", &["chain/src/keys"]),
    ("sha2", &["chain/src/hash"]),
    (
        "tonic",
        &[
            "wire/",
            "peer/src/api/grpc",
            "peer/src/radiostation_client",
            "radiostation/src/api/grpc",
            "radiostation/tests/",
            "tests/",
            "tests/fuzz/src/targets/grpc",
        ],
    ),
    ("warp", &["peer/src/api/rest", "radiostation/src/api/rest"]),
];

/// Each crate of the workspace and the crates of the workspace it may depend on.
pub const DIRECTION: &[(&str, &[&str])] = &[
    ("chain", &[]),
    ("configs", &["chain"]),
    ("wire", &["chain"]),
    ("peer", &["chain", "configs", "wire"]),
    ("radiostation", &["chain", "configs", "wire"]),
    ("loopchain-sdk", &[]),
    ("score-runtime", &["chain", "configs", "wire", "loopchain-sdk"]),
    ("documents_native", &["loopchain-sdk"]),
    ("plain_native", &["loopchain-sdk"]),
    (
        "tests",
        &["chain", "configs", "wire", "peer", "radiostation", "score-runtime", "loopchain-sdk"],
    ),
    ("fuzz", &["chain", "configs", "wire", "peer", "radiostation", "score-runtime"]),
];

/// What only the tests of a crate may depend on besides.
const DIRECTION_OF_TESTS: &[(&str, &[&str])] = &[("score-runtime", &["documents_native"])];

const FORBIDDEN_NAMES: &[&str] =
    &["util", "utils", "common", "helper", "helpers", "manager", "managers", "type", "types"];
/// Existing packages import these modules by name, and are written like the second.
const NAMED_BY_OTHERS: &[&str] = &[
    "score-runtime/python/loopchain/",
    "score-runtime/python/typings/",
    "score-runtime/tests/packages/",
];

pub const SOURCE_LINES_MAX: usize = 500;
pub const ARCHITECTURE_LINES_MAX: usize = 200;

/// These files spell out what they forbid. The first of them holds the tests.
pub const THIS_TEST: &[&str] =
    &["tests/tests/tidy/main.rs", "tests/tests/tidy/rules.rs", "tests/tests/tidy/examples.rs"];

pub fn foreign_names(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (line, root) in path_roots(&code_only(&file.text)) {
            let Some((name, places)) = OWNERS.iter().find(|(name, _)| *name == root) else {
                continue;
            };
            if !places.iter().any(|place| file.path.starts_with(place)) {
                complaints.push(format!(
                    "{}:{line}: names {name}, which only {} may; ask that module instead",
                    file.path,
                    places.join(", "),
                ));
            }
        }
    }
    complaints
}

pub fn foreign_dependencies(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in manifests(files) {
        for (line, dependency) in &manifest.dependencies {
            let name = dependency.replace('-', "_");
            let Some((_, places)) = OWNERS.iter().find(|(owned, _)| *owned == name) else {
                continue;
            };
            if !places.iter().any(|place| place.starts_with(&manifest.folder)) {
                complaints.push(format!(
                    "{}Cargo.toml:{line}: {dependency} belongs to {} alone",
                    manifest.folder,
                    places.join(", "),
                ));
            }
        }
    }
    complaints
}

pub fn wrong_edges(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for manifest in manifests(files) {
        let Some((_, allowed)) = DIRECTION.iter().find(|(name, _)| *name == manifest.name) else {
            complaints.push(format!(
                "{}Cargo.toml: the crate {} has no place in the table DIRECTION of tests/tests/tidy/rules.rs",
                manifest.folder, manifest.name,
            ));
            continue;
        };
        let in_tests = DIRECTION_OF_TESTS.iter().find(|(name, _)| *name == manifest.name);
        for (line, dependency) in &manifest.dependencies {
            let ours = DIRECTION.iter().any(|(name, _)| name == dependency);
            let for_tests = manifest.dev_lines.contains(line)
                && in_tests.is_some_and(|(_, names)| names.contains(&dependency.as_str()));
            if ours && !for_tests && !allowed.contains(&dependency.as_str()) {
                complaints.push(format!(
                    "{}Cargo.toml:{line}: {} must not depend on {dependency}, only on [{}]",
                    manifest.folder,
                    manifest.name,
                    allowed.join(", "),
                ));
            }
        }
    }
    complaints
}

pub fn crates_without_lints(files: &[SourceFile]) -> Vec<String> {
    manifests(files)
        .iter()
        .filter(|manifest| !manifest.takes_lints)
        .map(|manifest| {
            format!("{}Cargo.toml: lacks `[lints]` with `workspace = true`", manifest.folder)
        })
        .collect()
}

pub fn long_files(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        let lines_max = match file.path.as_str() {
            "ARCHITECTURE.md" => ARCHITECTURE_LINES_MAX,
            _ if file.is_source() && !file.is_test() => SOURCE_LINES_MAX,
            _ => continue,
        };
        if lines > lines_max {
            complaints.push(format!(
                "{}: {lines} lines, at most {lines_max}; find the second noun in it and move it out",
                file.path,
            ));
        }
    }
    complaints
}

pub fn empty_names(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        if NAMED_BY_OTHERS.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        let parts = file.path.split('/').map(|part| part.split('.').next().unwrap_or_default());
        for part in parts.filter(|part| FORBIDDEN_NAMES.contains(part)) {
            complaints.push(format!("{}: \"{part}\" says nothing; name what is in it", file.path));
        }
    }
    complaints
}

pub fn machine_paths(files: &[SourceFile]) -> Vec<String> {
    lines_with(files, |_, line| {
        ["/work/", "/root/", "/home/"]
            .into_iter()
            .find(|path| line.contains(path))
            .map(|path| format!("{path} is a place of one machine; paths are relative"))
    })
}

pub fn leftovers(files: &[SourceFile]) -> Vec<String> {
    lines_with(files, |file, line| {
        let words = ["TODO", "FIXME", "XXX"];
        let macros = ["todo!", "unimplemented!", "#[ignore"];
        if let Some(word) = words.into_iter().find(|word| has_word(line, word)) {
            return Some(format!("{word}: do it, or open an issue"));
        }
        macros
            .into_iter()
            .find(|found| file.is_rust() && line.contains(found))
            .map(|found| format!("{found} must not be left in the tree"))
    })
}

/// A complaint for every line of which `judge` has something to say; this test is passed over.
fn lines_with(
    files: &[SourceFile],
    judge: impl Fn(&SourceFile, &str) -> Option<String>,
) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| !THIS_TEST.contains(&file.path.as_str())) {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(complaint) = judge(file, line) {
                complaints.push(format!("{}:{}: {complaint}", file.path, index + 1));
            }
        }
    }
    complaints
}

fn has_word(line: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(word).any(|(start, _)| {
        !line[..start].ends_with(is_part) && !line[start + word.len()..].starts_with(is_part)
    })
}
