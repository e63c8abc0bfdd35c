use super::*;

#[test]
fn levels() {
    let cases: &[(&str, Option<&str>)] = &[
        ("DEBUG", Some("warn,chain=debug")),
        ("info", Some("warn,chain=info")),
        ("WARNING", Some("warn,chain=warn")),
        ("CRITICAL", Some("error,chain=error")),
        ("SPAM", Some("warn,chain=trace")),
        ("OFF", Some("off,chain=off")),
        ("info,libp2p_noise=debug", Some("info,libp2p_noise=debug")),
        ("peer=TRACE", Some("peer=trace")),
        ("LOUD", None),
        ("", None),
        ("info,peer=loud", None),
        ("=info", None),
        ("a b=info", None),
    ];
    for (text, expected) in cases {
        let found = directives(text);
        match expected {
            None => assert_eq!(found, None, "{text:?}"),
            Some(start) => {
                let found = found.unwrap_or_default();
                assert!(found.starts_with(start), "{text:?}: {found}");
                assert!(EnvFilter::try_new(&found).is_ok());
            }
        }
    }
}

#[test]
fn a_log_file_that_cannot_be_opened_is_named() {
    let settings = LogSettings {
        level: "INFO".to_owned(),
        file: Some(PathBuf::from("/no/such/folder/peer.log")),
        develop: false,
    };
    let said = start(&settings).expect_err("there is no such folder").to_string();
    assert!(said.contains("/no/such/folder/peer.log: cannot be written"), "{said}");
}

#[test]
fn a_wrong_level_is_named() {
    let settings = LogSettings { level: "LOUD".to_owned(), file: None, develop: false };
    let said = start(&settings).expect_err("it is no level").to_string();
    assert!(said.contains("found \"LOUD\"; expected DEBUG"), "{said}");
}
