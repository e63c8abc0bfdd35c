use crate::command_line::Program;
use crate::json;
use crate::source::Source;
use crate::table;

use super::*;

fn assign(text: &str) -> Result<(Settings, Vec<String>), String> {
    let mut settings = Settings::built_in(Program::Peer, Path::new("/w"));
    let setting = table::find("CHANNEL_OPTION").expect("it is in the table");
    let node = json::parse(text).expect("it is JSON");
    let source = Source::File { path: PathBuf::from("f.json"), line: node.line };
    let assigned = settings.assign(setting, &node.json, Path::new("/conf"), source);
    assigned.map(|notices| (settings, notices)).map_err(|error| error.to_string())
}

#[test]
fn key_files_of_the_default_channel_are_used() {
    let text = r#"{"kofia_certificate": {"load_cert": false, "key_load_type": 0,
        "public_path": "keys/public.der", "private_path": "../private.der",
        "private_password": "xyz"}, "other": {"private_path": "/o"}}"#;
    let (settings, notices) = assign(text).expect("it is accepted");
    assert_eq!(notices, Vec::<String>::new());
    let files = settings.key_files(Path::new("/storage"));
    assert_eq!(files.private_path, PathBuf::from("/private.der"));
    assert_eq!(files.public_path, PathBuf::from("/conf/keys/public.der"));
    assert_eq!(files.password.reveal(), "xyz");
    assert!(!format!("{settings:?}").contains("xyz"));
    assert_eq!(all(&settings).len(), 2);
}

#[test]
fn private_path_is_stronger() {
    let (mut settings, _) =
        assign(r#"{"kofia_certificate": {"private_path": "/a"}}"#).expect("it is accepted");
    settings.put("PRIVATE_PATH", Value::Path(PathBuf::from("/k/key.der")), Source::Running);
    let files = settings.key_files(Path::new("/storage"));
    assert_eq!(files.private_path, PathBuf::from("/k/key.der"));
    assert_eq!(files.public_path, PathBuf::from("/k/key_public.der"));
    assert_eq!(files.password.reveal(), "test");
}

#[test]
fn what_has_no_effect_is_said() {
    let text = r#"{"c": {"load_cert": true, "tx_hash_version": 1}}"#;
    let (_, notices) = assign(text).expect("it is accepted");
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices[0].contains("CHANNEL_OPTION.c.load_cert true has no effect"), "{notices:?}");
    assert!(notices[1].contains("CHANNEL_OPTION.c.tx_hash_version has no effect"), "{notices:?}");
}

#[test]
fn wrong_options_are_named_with_their_line() {
    let cases = [
        ("{\n\"c\": 1}", "f.json, line 2: CHANNEL_OPTION.c: found a number; expected an object"),
        (
            "{\n\"a/b\": {}}",
            "f.json, line 2: CHANNEL_OPTION: found the text \"a/b\"; expected a ch",
        ),
        (
            "{\"c\": {\n\"load_cert\": 7}}",
            "f.json, line 2: CHANNEL_OPTION.c.load_cert: found the number 7; expected true",
        ),
        (
            "{\"c\": {\n\n\"key_load_type\": 1}}",
            "f.json, line 3: CHANNEL_OPTION.c.key_load_type: found the number 1; expected 0: keys",
        ),
        (
            "{\"c\": {\"private_path\": 1}}",
            "CHANNEL_OPTION.c.private_path: found the number 1; expected a path",
        ),
        (
            "{\"c\": {\"private_password\": 123}}",
            "CHANNEL_OPTION.c.private_password: found a number; expected a text",
        ),
    ];
    for (text, said) in cases {
        let error = assign(text).expect_err("it is wrong");
        assert!(error.contains(said), "{error}");
    }
}
