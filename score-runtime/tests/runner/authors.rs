//! Packages by authors who knew the specification alone, and what they expect of them.

use std::process::Command;

use wire::runner::Load;

use crate::driver::{Runner, load, storage, tests_folder};

#[test]
fn packages_of_the_old_system_run_unmodified() {
    let folder = tests_folder().join("packages/authors");
    let mut failed = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let package = entry.unwrap().path();
        if !package.join("tests").is_dir() {
            continue;
        }
        count += 1;
        let output = Command::new(env!("CARGO_BIN_EXE_score-runner"))
            .arg("test")
            .arg(&package)
            .env("RUST_LOG", "off")
            .output()
            .unwrap();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            failed.push(format!("{}:\n{said}", package.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(count, 16);
}

#[test]
fn one_that_cannot_be_imported_says_where_and_why() {
    let storage = storage();
    let folder = tests_folder().join("packages");
    let load = Load {
        repository_path: folder.to_str().unwrap().to_owned(),
        package: "authors/broken_import".to_owned(),
        ..load("traps", storage.path())
    };
    let (reason, code) = Runner::refused(&load);
    assert!(reason.contains("Traceback") && reason.contains("Error: No module named"), "{reason}");
    assert_eq!(code, 3);
}
