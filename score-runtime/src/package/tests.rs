use std::fs::File;
use std::process::Command;

use super::*;

const DESCRIPTION: &str = r#"{"main": "contract_score"}"#;

/// The package `a/b` in a repository of its own.
fn load(top: &Path) -> Load {
    Load {
        channel: "letters".to_owned(),
        peer_id: String::new(),
        package: "a/b".to_owned(),
        repository_path: top.join("repository").display().to_string(),
        storage_path: top.join("storage").display().to_string(),
        develop_root: None,
        in_force: Vec::new(),
        branch: "master".to_owned(),
        base: String::new(),
        key_path: String::new(),
        pull: false,
        invoke_timeout_ms: 1,
        query_timeout_ms: 1,
        memory_bytes_max: 0,
        careful: false,
        settings_json: "{}".to_owned(),
    }
}

fn refused(top: &Path) -> String {
    find(&load(top), 1).expect_err("it must be refused").to_string()
}

/// Only the beginning of such a file is read: it would not fit into memory.
#[test]
fn a_folder_with_a_huge_file_is_refused() {
    let top = tempfile::tempdir().unwrap();
    let folder = top.path().join("repository/a/b");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(PACKAGE_FILE), DESCRIPTION).unwrap();
    assert!(find(&load(top.path()), 1).is_ok());
    File::create(folder.join("disk.img")).unwrap().set_len(8 << 40).unwrap();
    let said = refused(top.path());
    assert!(said.contains("more than 268435456 bytes of files"), "{said}");
}

#[test]
fn a_zip_that_unpacks_to_too_much_is_refused_before() {
    let top = tempfile::tempdir().unwrap();
    fs::create_dir_all(top.path().join("repository")).unwrap();
    // 300 entries that say they hold 1 MiB each, and hold nothing.
    let make = "
import struct, sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as file:
    for number in range(300):
        file.writestr('%d' % number, b'')
content = open(sys.argv[1], 'rb').read()
parts = content.split(b'PK\\x01\\x02')
claimed = [part[:20] + struct.pack('<I', 1 << 20) + part[24:] for part in parts[1:]]
open(sys.argv[1], 'wb').write(b'PK\\x01\\x02'.join(parts[:1] + claimed))
";
    let zip = top.path().join("repository/a_b.zip");
    let made = Command::new("python3").args(["-c", make]).arg(&zip).status().unwrap();
    assert!(made.success());
    let said = refused(top.path());
    assert!(said.contains("it would unpack to 314572800 bytes, over 268435456"), "{said}");
    let unpacked = top.path().join("storage/repository/a_b");
    assert_eq!(fs::read_dir(unpacked).unwrap().count(), 0, "nothing is unpacked");
}
