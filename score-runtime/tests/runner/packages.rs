use std::fs;
use std::path::Path;
use std::process::Command;

use wire::runner::Load;

use crate::driver::{Runner, block, load, storage};

const CONTRACT: &str = "
from loopchain.blockchain import ScoreBase
from words import WORD

class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        return {'code': 0, 'message': WORD + transaction.meta['score_version'][:4]}

    def query(self, params):
        return '{}'
";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=master"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(folder: &Path, word: &str) -> String {
    fs::write(folder.join("package.json"), r#"{"id": "words", "main": "contract_score"}"#).unwrap();
    fs::write(folder.join("contract_score.py"), CONTRACT).unwrap();
    fs::write(folder.join("words.py"), format!("WORD = '{word}'\n")).unwrap();
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", word]);
    git(folder, &["rev-parse", "HEAD"])
}

fn new_repository(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    git(folder, &["init", "--quiet"]);
}

fn load_from(repository: &Path, storage: &Path) -> Load {
    Load {
        package: "some/words".to_owned(),
        repository_path: repository.to_str().unwrap().to_owned(),
        ..load("", storage)
    }
}

fn check_word(load: &Load, word: &str, versions: &[&str]) {
    fs::remove_dir_all(Path::new(&load.storage_path).join("state")).ok();
    let (mut runner, loaded) = Runner::loaded(load);
    assert_eq!(loaded.versions, versions);
    assert_eq!(loaded.version, versions[0]);
    let executed = runner.execute(block(1, &[""]));
    let expected = format!("{word}{}", &loaded.version[..4]);
    assert_eq!(executed.receipts[0].message.as_deref(), Some(expected.as_str()));
}

#[test]
fn a_git_repository_at_its_branchs_tip() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    new_repository(&folder);
    let first = commit(&folder, "one");
    let load = load_from(top.path(), storage.path());
    check_word(&load, "one", &[&first]);
    let second = commit(&folder, "two");
    // What is not committed, or on another branch, does not count.
    git(&folder, &["checkout", "--quiet", "-b", "other"]);
    commit(&folder, "three");
    fs::write(folder.join("words.py"), "WORD = 'four'").unwrap();
    check_word(&load, "two", &[&second, &first]);
    let wrong = Load { branch: "main".to_owned(), ..load };
    let (reason, code) = Runner::refused(&wrong);
    assert!(reason.contains("has no branch 'main'; it has: master, other"), "{reason}");
    assert_eq!(code, 3);
}

#[test]
fn a_clone_is_pulled_when_asked() {
    let (top, storage) = (storage(), storage());
    let origin = top.path().join("origin/some/words.git");
    new_repository(&origin);
    let first = commit(&origin, "one");
    let here = top.path().join("score/some");
    fs::create_dir_all(&here).unwrap();
    git(&here, &["clone", "--quiet", origin.to_str().unwrap(), "words"]);
    let second = commit(&origin, "two");
    let mut load = load_from(&top.path().join("score"), storage.path());
    check_word(&load, "one", &[&first]);
    load.pull = true;
    check_word(&load, "two", &[&second, &first]);
    // The remote is gone: what was pulled stays good.
    fs::rename(&origin, top.path().join("moved")).unwrap();
    check_word(&load, "two", &[&second, &first]);
}

#[test]
fn a_base_is_cloned_from() {
    let (top, storage) = (storage(), storage());
    let origin = top.path().join("base/some/words.git");
    new_repository(&origin);
    let first = commit(&origin, "one");
    let mut load = load_from(&top.path().join("score"), storage.path());
    load.base = top.path().join("base").to_str().unwrap().to_owned();
    check_word(&load, "one", &[&first]);
    let second = commit(&origin, "two");
    check_word(&load, "one", &[&first]);
    load.pull = true;
    check_word(&load, "two", &[&second, &first]);
    load.package = "some/other".to_owned();
    let (reason, _) = Runner::refused(&load);
    assert!(reason.contains("clone"), "{reason}");
}

#[test]
fn a_zip_holds_a_repository() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some_words");
    new_repository(&folder);
    let first = commit(&folder, "one");
    let zip = Command::new("/usr/bin/python3")
        .args(["-m", "zipfile", "-c", "some_words.zip", "some_words"])
        .current_dir(top.path())
        .status()
        .unwrap();
    assert!(zip.success());
    check_word(&load_from(top.path(), storage.path()), "one", &[&first]);
}

#[test]
fn a_plain_folders_version_is_made_of_its_files() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    new_repository(&folder);
    commit(&folder, "one");
    fs::remove_dir_all(folder.join(".git")).unwrap();
    let load = load_from(top.path(), storage.path());
    let (_, first) = Runner::loaded(&load);
    fs::create_dir_all(folder.join("__pycache__")).unwrap();
    fs::write(folder.join("__pycache__/x.pyc"), "x").unwrap();
    assert_eq!(Runner::loaded(&load).1.version, first.version);
    fs::write(folder.join("words.py"), "WORD = 'two'\n").unwrap();
    let second = Runner::loaded(&load).1;
    assert_ne!(second.version, first.version);
    assert_eq!(second.version.len(), 40);
    // The develop folder is taken as it lies there, repository or not.
    git(&folder, &["init", "--quiet"]);
    let developed = Load { develop_root: Some("some".to_owned()), ..load.clone() };
    assert_eq!(Runner::loaded(&developed).1.version, second.version);
    let (reason, _) = Runner::refused(&load);
    assert!(reason.contains("has no branch 'master'"), "{reason}");
}

#[test]
fn a_description_that_is_wrong_is_named() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    fs::create_dir_all(&folder).unwrap();
    let load = load_from(top.path(), storage.path());
    for (text, expected) in [
        (None, "package.json: No such file"),
        (Some("{"), "package.json of the SCORE package: EOF"),
        (Some(r#"{"main": 5}"#), "'main' must be a string"),
        (Some(r#"{"main": "../x"}"#), "a module's name is expected"),
        (Some(r#"{"runtime": "java"}"#), "python or native is expected"),
        (Some(r#"{"runtime": "native", "main": "x"}"#), "libx.so cannot be loaded"),
    ] {
        if let Some(text) = text {
            fs::write(folder.join("package.json"), text).unwrap();
        }
        let (reason, code) = Runner::refused(&load);
        assert!(reason.contains(expected), "{text:?}: {reason}");
        assert_eq!(code, 3);
    }
}

#[test]
fn a_channel_goes_on_with_the_version_it_began_with() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    new_repository(&folder);
    let first = commit(&folder, "one");
    let load = load_from(top.path(), storage.path());
    let second = commit(&folder, "two");
    let load = Load { in_force: vec![(1, first.clone())], ..load };
    let (mut runner, loaded) = Runner::loaded(&load);
    assert_eq!((loaded.version, loaded.versions), (first.clone(), vec![second, first.clone()]));
    let receipt = &runner.execute(block(1, &[""])).receipts[0];
    assert_eq!(receipt.message, Some(format!("one{}", &first[..4])));
}

#[test]
fn the_version_in_force_at_the_next_height_is_loaded() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    new_repository(&folder);
    let first = commit(&folder, "one");
    let second = commit(&folder, "two");
    let load = load_from(top.path(), storage.path());
    let in_force = vec![(1, first.clone()), (2, second.clone()), (4, first.clone())];
    let load = Load { in_force, ..load };
    for (height, version, word) in
        [(1, &first, "one"), (2, &second, "two"), (3, &second, "two"), (4, &first, "one")]
    {
        let (mut runner, loaded) = Runner::loaded(&load);
        assert_eq!((loaded.height, &loaded.version), (height - 1, version));
        let receipt = &runner.execute(block(height, &[""])).receipts[0];
        assert_eq!(receipt.message, Some(format!("{word}{}", &version[..4])));
    }
}

#[test]
fn a_version_that_is_not_here_is_fetched() {
    let (top, remotes, storage) = (storage(), storage(), storage());
    let remote = remotes.path().join("some/words.git");
    new_repository(&remote);
    let first = commit(&remote, "one");
    let base = remotes.path().to_str().unwrap().to_owned();
    let load = Load { base, ..load_from(top.path(), storage.path()) };
    assert_eq!(Runner::loaded(&load).1.version, first);
    let second = commit(&remote, "two");
    assert_eq!(Runner::loaded(&load).1.version, first, "nothing asks for another one");
    let load = Load { in_force: vec![(1, second.clone())], ..load };
    let (_, loaded) = Runner::loaded(&load);
    assert_eq!((loaded.version, loaded.versions), (second.clone(), vec![second, first]));
    let missing = "0".repeat(40);
    let load = Load { in_force: vec![(1, missing.clone())], ..load };
    let (reason, code) = Runner::refused(&load);
    assert!(reason.contains(&format!("version {missing} of the SCORE package")), "{reason}");
    assert_eq!(code, 3);
}

#[test]
fn a_folders_versions_are_kept() {
    let (top, storage) = (storage(), storage());
    let folder = top.path().join("some/words");
    new_repository(&folder);
    commit(&folder, "one");
    fs::remove_dir_all(folder.join(".git")).unwrap();
    let load = load_from(top.path(), storage.path());
    let (mut runner, loaded) = Runner::loaded(&load);
    let first = loaded.version;
    let word = |runner: &mut Runner, height| {
        let receipt = &runner.execute(block(height, &[""])).receipts[0];
        receipt.message.clone().unwrap()[..3].to_owned()
    };
    assert_eq!(word(&mut runner, 1), "one");
    drop(runner);
    fs::write(folder.join("words.py"), "WORD = 'two'\n").unwrap();
    let going_on = Load { in_force: vec![(1, first.clone())], ..load.clone() };
    let (mut runner, loaded) = Runner::loaded(&going_on);
    let [second, _] = &loaded.versions[..] else { panic!("{:?}", loaded.versions) };
    assert_eq!(loaded.versions, [second.clone(), first.clone()], "newest first");
    assert_eq!((&loaded.version, word(&mut runner, 2).as_str()), (&first, "one"));
    drop(runner);
    let in_force = vec![(1, first.clone()), (3, second.clone()), (4, first.clone())];
    let changed = Load { in_force, ..load };
    for (height, version, expected) in [(3, second, "two"), (4, &first, "one")] {
        let (mut runner, loaded) = Runner::loaded(&changed);
        assert_eq!(&loaded.version, version);
        assert_eq!(word(&mut runner, height), expected);
    }
}
