use super::Tables;
use crate::storage::StorageError;

const TABLES: [&str; 2] = ["one", "two"];

#[test]
fn changes_take_effect_together_and_in_their_table() {
    let folder = tempfile::tempdir().unwrap();
    let tables = Tables::open(folder.path(), &TABLES).unwrap();
    let mut changes = tables.changes();
    changes.put("one", b"a", &1_u64);
    changes.put("two", b"a", &2_u64);
    changes.put("one", b"b", &3_u64);
    changes.delete("one", b"b");
    assert_eq!(tables.get::<u64>("one", b"a"), None, "nothing before they are written");
    changes.write();
    let found = |table: &str, key: &[u8]| tables.get::<u64>(table, key);
    assert_eq!((found("one", b"a"), found("two", b"a")), (Some(1), Some(2)));
    assert_eq!((found("one", b"b"), found("two", b"b")), (None, None));
}

#[test]
fn scans_ascend_from_a_key_within_a_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let tables = Tables::open(folder.path(), &TABLES).unwrap();
    let mut changes = tables.changes();
    for key in ["a", "a1", "a2", "a3", "b", "a\u{7f}"] {
        changes.put_bytes("one", key.as_bytes(), b"");
    }
    changes.write();
    let cases: [(&str, &str, &[&str]); 5] = [
        ("", "", &["a", "a1", "a2", "a3", "a\u{7f}", "b"]),
        ("a2", "a", &["a2", "a3", "a\u{7f}"]),
        ("a", "a1", &[]),
        ("a1", "a1", &["a1"]),
        ("c", "c", &[]),
    ];
    for (first, prefix, expected) in cases {
        let rows = tables.scan("one", first.as_bytes(), prefix.as_bytes());
        let keys: Vec<String> =
            rows.map(|(key, _)| String::from_utf8(key.to_vec()).unwrap()).collect();
        assert_eq!(keys, expected, "from {first:?} within {prefix:?}");
    }
}

#[test]
fn a_second_open_says_who_is_in_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let first = Tables::open(folder.path(), &TABLES).unwrap();
    let Err(error) = Tables::open(folder.path(), &TABLES) else { panic!("opened twice") };
    assert!(matches!(error, StorageError::InUse { .. }), "{error}");
    let path = folder.path().display();
    let expected = format!(
        "{path} is in use by another process. Each peer needs a DEFAULT_STORAGE_PATH of its own"
    );
    assert_eq!(error.to_string(), expected);
    drop(first);
    assert!(Tables::open(folder.path(), &TABLES).is_ok(), "free again");
}

#[test]
fn what_is_broken_is_not_taken_for_what_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    // RocksDB's reasons hold the path, and this one looks like a lock.
    let path = folder.path().join("blockchain");
    drop(Tables::open(&path, &TABLES).unwrap());
    std::fs::write(path.join("CURRENT"), "MANIFEST-999999\n").unwrap();
    let Err(error) = Tables::open(&path, &TABLES) else { panic!("opened although broken") };
    assert!(matches!(error, StorageError::Open { .. }), "{error}");
    assert!(error.to_string().starts_with(&format!("cannot open {}", path.display())));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let Err(error) = Tables::open(&file.join("below"), &TABLES) else { panic!("opened") };
    assert!(error.to_string().contains("file/below"), "{error}");
}
