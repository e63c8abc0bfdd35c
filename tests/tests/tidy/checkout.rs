//! The files of the checkout, and what their manifests say.

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct SourceFile {
    /// Relative to the checkout, with `/`.
    pub path: String,
    pub text: String,
}

impl SourceFile {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub fn is_source(&self) -> bool {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        !last.contains('.') && self.text.starts_with("#!")
            || [".rs", ".py", ".sh", ".proto"].iter().any(|ending| last.ends_with(ending))
    }

    pub fn is_test(&self) -> bool {
        let stem = self.path.rsplit_once('.').map_or(self.path.as_str(), |(stem, _)| stem);
        self.path.split('/').any(|part| part == "tests")
            || stem.ends_with("/tests")
            || stem.ends_with("_tests")
    }
}

/// Every text file that is in git or would be added to it.
pub fn read() -> Vec<SourceFile> {
    // Asked for at run time: checkouts share compiled tests, so the compiler's answer may be
    // another checkout's.
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = root.parent().expect("this crate is a folder of the workspace");
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("git is needed");
    let names = if listed.status.success() {
        let names = String::from_utf8(listed.stdout).expect("file names are UTF-8");
        names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    } else {
        let mut names = Vec::new();
        walk(root, "", &mut names);
        names
    };
    let read = |name: &String| {
        // A file that is deleted but still in the index, or is not text, has nothing to check.
        let text = std::fs::read_to_string(root.join(name)).ok()?;
        Some(SourceFile { path: name.clone(), text })
    };
    names.iter().filter_map(read).collect()
}

/// For a source archive, which is no git checkout.
fn walk(root: &Path, folder: &str, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(root.join(folder)).expect("the checkout can be read") {
        let entry = entry.expect("the checkout can be read");
        let name = entry.file_name().into_string().expect("file names are UTF-8");
        let path = format!("{folder}{name}");
        if [".git", ".localnet", ".storage", "bin", "target", "__pycache__"].contains(&&*name) {
            continue;
        }
        if entry.path().is_dir() {
            walk(root, &format!("{path}/"), names);
        } else {
            names.push(path);
        }
    }
}

pub struct Manifest {
    pub name: String,
    /// Of the crate, with a `/` at its end.
    pub folder: String,
    /// Line and name.
    pub dependencies: Vec<(usize, String)>,
    /// Those of `dependencies` that only the crate's tests have.
    pub dev_lines: Vec<usize>,
    pub takes_lints: bool,
}

impl Manifest {
    fn add_dependency(&mut self, section: &str, line: usize, name: &str) {
        self.dependencies.push((line, name.to_owned()));
        if section.ends_with("dev-dependencies") {
            self.dev_lines.push(line);
        }
    }
}

/// The crates' Cargo.toml files; the workspace's own has no package.
pub fn manifests(files: &[SourceFile]) -> Vec<Manifest> {
    files
        .iter()
        .filter_map(|file| {
            let folder = file.path.strip_suffix("Cargo.toml")?;
            let manifest = read_manifest(folder, &file.text);
            (!manifest.name.is_empty()).then_some(manifest)
        })
        .collect()
}

fn read_manifest(folder: &str, text: &str) -> Manifest {
    let mut section = String::new();
    let mut manifest = Manifest {
        name: String::new(),
        folder: folder.to_owned(),
        dependencies: Vec::new(),
        dev_lines: Vec::new(),
        takes_lints: false,
    };
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_matches(['[', ']']).to_owned();
            // `[dependencies.name]`
            if let Some((kind, name)) = section.rsplit_once('.')
                && kind.ends_with("dependencies")
                && kind != "workspace.dependencies"
            {
                manifest.add_dependency(kind, index + 1, name);
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim().split('.').next().unwrap_or_default().trim_matches('"');
        let value = value.trim();
        if section == "package" && key == "name" {
            value.trim_matches('"').clone_into(&mut manifest.name);
        } else if section == "lints" && key == "workspace" {
            manifest.takes_lints = value == "true";
        } else if section.ends_with("dependencies") && section != "workspace.dependencies" {
            // `alias = { package = "name" }` depends on `name`.
            let name = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            manifest.add_dependency(&section, index + 1, name.unwrap_or(key));
        }
    }
    manifest
}
