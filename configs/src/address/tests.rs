use super::*;

#[test]
fn targets() {
    type Target = Option<(&'static str, Option<u16>)>;
    let cases: &[(&str, Target)] = &[
        ("10.0.0.1:7102", Some(("10.0.0.1", Some(7102)))),
        ("radio_station", Some(("radio_station", None))),
        ("[::1]:7102", Some(("::1", Some(7102)))),
        ("[::1]", Some(("::1", None))),
        ("::1", Some(("::1", None))),
        ("host:", None),
        ("host:0", None),
        ("host:65536", None),
        ("host:+1", None),
        (":7102", None),
        ("", None),
        ("a b:1", None),
        ("[::1]x", None),
        ("http://host:1", None),
    ];
    for (text, expected) in cases {
        let found = HostPort::parse_with_optional_port(text);
        let expected = expected.map(|(host, port)| (host.to_owned(), port));
        assert_eq!(found, expected, "{text:?}");
    }
    assert_eq!(HostPort::parse("host"), None);
}

#[test]
fn targets_are_written_as_they_are_read() {
    for text in ["10.0.0.1:7102", "[::1]:7102", "radio_station:1"] {
        assert_eq!(HostPort::parse(text).expect("it parses").to_string(), text);
    }
}

#[test]
fn relative_paths() {
    let cases = [
        ("b", "/a/b"),
        ("./b/c", "/a/b/c"),
        ("../b", "/b"),
        ("../../../b", "/b"),
        ("b/../c", "/a/b/../c"),
        ("/b", "/b"),
        ("", ""),
    ];
    for (path, expected) in cases {
        assert_eq!(resolve(Path::new("/a"), Path::new(path)), PathBuf::from(expected), "{path}");
    }
}

#[test]
fn own_address_toward_this_machine() {
    let target = HostPort { host: "127.0.0.1".to_owned(), port: 7102 };
    let own = own_address_toward(&target).expect("there is a loopback");
    assert!(own.is_loopback());
}
