use super::*;

fn settings() -> Settings {
    Settings::built_in(Program::Radiostation, Path::new("/w"))
}

#[test]
fn table_and_defaults_name_the_same_settings_in_the_same_order() {
    let members = parse_object(DEFAULT_TEXT, Path::new("d")).expect("the defaults parse");
    let in_file: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let in_table: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(in_file, in_table);
}

#[test]
fn every_default_is_accepted_and_settles_without_a_change() {
    let mut built_in = settings();
    let before = built_in.entries();
    assert_eq!(limits::settle(&mut built_in), Ok(Vec::new()));
    assert_eq!(built_in.entries(), before);
}

#[test]
fn both_typed_forms_can_be_built_from_the_defaults() {
    let peer = Settings::built_in(Program::Peer, Path::new("/w")).peer();
    assert_eq!((peer.grpc_port, peer.p2p_port, peer.rest.port), (7100, 7150, 9000));
    assert_eq!(peer.storage_path, PathBuf::from("/w/.storage"));
    assert_eq!(peer.key_files.private_path, PathBuf::from("/w/.storage/private.der"));
    assert_eq!(peer.key_files.public_path, PathBuf::from("/w/.storage/public.der"));
    assert_eq!(peer.radiostations.len(), 1);
    assert_eq!(peer.advertised_host, None);
    assert_eq!(peer.score.develop_root.as_deref(), Some("develop"));
    assert_eq!(peer.score.base, "");
    assert!(peer.rest.admin_token.is_none());
    let radiostation = settings().radiostation();
    assert_eq!((radiostation.grpc_port, radiostation.rest.port), (7102, 9002));
    assert_eq!(radiostation.token_validity.as_secs(), 600);
    assert_eq!(radiostation.storage_path, PathBuf::from("/w/.storage_radiostation"));
}

#[test]
fn entries_have_the_types_that_clients_know() {
    let settings = settings();
    assert_eq!(settings.entries().len(), SETTINGS.len());
    let cases = [
        ("LOOPCHAIN_LOG_LEVEL", "INFO", 0),
        ("GRPC_TIMEOUT", "30", 1),
        ("PORT_PEER", "7100", 1),
        ("VOTING_RATIO", "", 2),
        ("ENABLE_CHANNEL_AUTH", "false", 3),
        ("CHANNEL_OPTION", "{}", 4),
        ("LOOPCHAIN_HOST", "", 0),
        ("DEFAULT_PW", "***", 0),
        ("ADMIN_TOKEN", "", 0),
    ];
    for (name, value, type_code) in cases {
        let expected = Entry { name, value: value.to_owned(), type_code };
        assert_eq!(settings.get(name), Some(expected));
    }
    assert_eq!(settings.get("NO_SUCH_NAME"), None);
}

#[test]
fn settings_change_while_running_or_are_refused_with_the_reason() {
    let mut settings = settings();
    assert_eq!(settings.set("GRPC_TIMEOUT", "0.5"), Ok(()));
    assert_eq!(settings.radiostation().grpc_timeout.as_millis(), 500);
    let changed = settings.get("GRPC_TIMEOUT").map(|entry| (entry.value, entry.type_code));
    assert_eq!(changed, Some(("0.5".to_owned(), 2)));
    let refusals = [
        ("NO_SUCH_NAME", "1", "'NO_SUCH_NAME' is an incorrect configuration name."),
        ("PORT_RADIOSTATION", "1", "PORT_RADIOSTATION cannot be changed while running: it is read"),
        ("MAX_BLOCK_TX_NUM", "1", "a channel's genesis fixes it"),
        ("MAX_WORKERS", "1", "it has no effect"),
        ("GRPC_TIMEOUT", "soon", "GRPC_TIMEOUT: found the text \"soon\"; expected a number"),
        ("LOOPCHAIN_LOG_LEVEL", "LOUD", "expected DEBUG, INFO"),
        ("NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT", "0", "a whole number from 1 to 1000000"),
    ];
    let before = settings.entries();
    for (name, value, reason) in refusals {
        let refused = settings.set(name, value).expect_err("it is refused").to_string();
        assert!(refused.contains(reason), "{refused}");
    }
    assert_eq!(settings.entries(), before);
}

#[test]
fn scores_see_no_secret() {
    let json = settings().to_json();
    assert_eq!(json["GRPC_TIMEOUT"], 30);
    assert_eq!(json.get("DEFAULT_PW"), None);
    assert_eq!(json.get("ADMIN_TOKEN"), None);
}
