#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;

fn collect(top: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("__pycache__") {
            collect(top, &path, names);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            let name = path.strip_prefix(top).unwrap().with_extension("");
            let name = name.to_string_lossy().replace('/', ".");
            names.push(name.trim_end_matches(".__init__").to_owned());
        }
    }
}

#[test]
fn every_stub_is_carried() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/typings");
    let mut found = Vec::new();
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(&top).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    let mut carried: Vec<String> =
        crate::python::TYPINGS.iter().map(|(name, _)| (*name).to_owned()).collect();
    carried.sort();
    assert_eq!(found, carried);
}

#[test]
fn every_module_is_carried() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
    let mut found = vec!["leveldb".to_owned()];
    collect(&top, &top.join("loopchain"), &mut found);
    found.sort();
    let mut carried = SOURCES.map(|(name, ..)| name.to_owned()).to_vec();
    carried.sort();
    assert_eq!(found, carried);
}
