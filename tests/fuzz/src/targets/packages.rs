//! SCORE packages, as an operator puts them into the repository's folder.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use chain::encoding::encode;
use score_runtime::package::{Package, find};
use wire::runner::Load;

use super::folder::Folder;
use crate::{Target, Verdict, decoded};

const DESCRIPTION: &str =
    r#"{"id": "develop/count", "version": "1.0", "main": "contract_score.py"}"#;

/// The package `a/b` below `repository`.
fn load(repository: &Path, storage: &Path) -> Load {
    Load {
        channel: "letters".into(),
        peer_id: String::new(),
        package: "a/b".into(),
        repository_path: repository.display().to_string(),
        storage_path: storage.display().to_string(),
        develop_root: None,
        in_force: Vec::new(),
        branch: "master".into(),
        base: String::new(),
        key_path: String::new(),
        pull: false,
        invoke_timeout_ms: 1,
        query_timeout_ms: 1,
        memory_bytes_max: 0,
        careful: false,
        settings_json: "{}".into(),
    }
}

/// What holds of every package that is found: its names are no paths, its version is a name too.
fn check(package: &Package) {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    assert!(!package.main.is_empty() && package.main.chars().all(plain), "{:?}", package.main);
    let digits = |text: &String| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    assert!(digits(&package.version) && package.versions.iter().all(digits), "{package:?}");
    assert_eq!(package.info.get("version").and_then(|v| v.as_str()), Some(&*package.version));
    assert!(package.folder.is_dir());
}

pub const PACKAGE: Target = Target {
    name: "package",
    decodes: "package.json of a SCORE package (score_runtime::package)",
    bytes_max: 1024,
    runs: 30_000,
    memory_max: 4 << 20,
    run: |bytes| {
        let folder = Folder::get("package");
        folder.write("repository/a/b/package.json", bytes);
        // Versions that were loaded are kept there.
        let storage = folder.emptied("storage");
        match find(&load(&folder.path().join("repository"), &storage), 1) {
            Ok(package) => {
                check(&package);
                Verdict::Taken
            }
            Err(_) => Verdict::Refused,
        }
    },
    seeds: || {
        let native = r#"{"runtime": "native", "main": "documents_native", "ä": [1, null, {}]}"#;
        vec![DESCRIPTION.into(), native.into(), b"{}".to_vec()]
    },
};

/// A file or folder of a package, made in the order of the list.
#[derive(BorshSerialize, BorshDeserialize)]
struct Item {
    path: String,
    what: What,
}

#[derive(BorshSerialize, BorshDeserialize)]
enum What {
    File(Vec<u8>),
    Folder,
    Link(String),
}

pub const LAYOUT: Target = Target {
    name: "layout",
    decodes: "the files, folders and links of a SCORE package (score_runtime::package)",
    bytes_max: 2048,
    runs: 20_000,
    memory_max: 8 << 20,
    run: |bytes| decoded::<Vec<Item>>(bytes).map_or(Verdict::Refused, lay_out),
    seeds: || {
        let file =
            |path: &str, text: &str| Item { path: path.into(), what: What::File(text.into()) };
        let folder = |path: &str| Item { path: path.into(), what: What::Folder };
        let link = |path: &str, to: &str| Item { path: path.into(), what: What::Link(to.into()) };
        let described = || file("package.json", DESCRIPTION);
        vec![
            encode(&vec![described(), file("contract_score.py", "class UserScore: pass\n")]),
            encode(&vec![
                described(),
                folder("a/b"),
                link("a/b/c", "."),
                link("d", "package.json"),
            ]),
            encode(&vec![
                file("x", DESCRIPTION),
                link("package.json", "x"),
                file("__pycache__/y", ""),
            ]),
        ]
    },
};

/// `text` as a path that stays below where it starts and is short.
fn inside(text: &str) -> PathBuf {
    let parts = Path::new(text).components();
    let plain = parts.filter(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    plain.take(6).collect()
}

fn lay_out(items: Vec<Item>) -> Verdict {
    let folder = Folder::get("layout");
    let repository = folder.emptied("repository");
    let package = folder.emptied("repository/a/b");
    for item in items.iter().take(16) {
        let path = package.join(inside(&item.path));
        // What cannot be made, since a file stands where a folder should, is not part of it.
        if let Some(parent) = path.parent() {
            let _ = fs::create_dir_all(parent);
        }
        let _ = match &item.what {
            What::File(bytes) => fs::write(&path, bytes),
            What::Folder => fs::create_dir(&path),
            What::Link(to) => symlink(inside(to), &path),
        };
    }
    let load = load(&repository, &folder.emptied("storage"));
    let Ok(found) = find(&load, 1) else { return Verdict::Refused };
    check(&found);
    let again = find(&load, 1).expect("nothing has changed");
    assert_eq!(again.version, found.version, "one package, two versions");
    let other = Load { in_force: vec![(1, "0".repeat(40))], ..load };
    assert!(find(&other, 1).is_err(), "another version than the channel's");
    Verdict::Taken
}

pub const ZIP: Target = Target {
    name: "zip",
    decodes: "a zip that holds a SCORE's repository (score_runtime::package, Python's zipfile)",
    bytes_max: 4096,
    runs: 500,
    memory_max: 4 << 20,
    run: |bytes| {
        let folder = Folder::get("zip");
        let storage = folder.emptied("storage");
        folder.write("repository/a_b.zip", bytes);
        let found = find(&load(&folder.path().join("repository"), &storage), 1);
        let unpacked = bytes_below(&storage);
        assert!(unpacked <= 64 << 20, "{unpacked} bytes of a zip of {}", bytes.len());
        let names: Vec<_> = fs::read_dir(folder.path()).expect("it is there").flatten().collect();
        assert_eq!(names.len(), 2, "unpacked outside of the store: {names:?}");
        match found {
            Ok(package) => {
                check(&package);
                Verdict::Taken
            }
            Err(_) => Verdict::Refused,
        }
    },
    seeds: || vec![include_bytes!("repository.zip").to_vec()],
};

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => bytes_below(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}
