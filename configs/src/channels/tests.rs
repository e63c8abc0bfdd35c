use std::path::PathBuf;

use crate::command_line::Program;
use crate::value::Value;

use super::*;

fn settings(channel_auth: bool) -> Settings {
    let mut settings = Settings::built_in(Program::Radiostation, Path::new("/w"));
    settings.put("ENABLE_CHANNEL_AUTH", Value::Flag(channel_auth), Source::Running);
    settings
}

fn read(text: &str, channel_auth: bool) -> Result<Channels, String> {
    let path = Path::new("c.json");
    json::parse_object(text, path)
        .and_then(|members| parse(&members, path, &settings(channel_auth)))
        .map_err(|error| error.to_string())
}

#[test]
fn everything_a_channel_may_say() {
    let text = r#"{ // two channels
      "kofia_certificate": {"score_package": "loopchain/default"},
      "a": {"score_package": "score/code1", "MAX_BLOCK_TX_NUM": 500, "VOTING_RATIO": "3/4",
            "TIMEOUT_FOR_LEADER_COMPLAIN": 0.25, "INTERVAL_BLOCKGENERATION": 1.5,
            "peers": [{"peer_target": "10.0.0.1:7100"},
                      {"peer_target": "[::1]:7100", "group": "bank-a", "weight": 2,
                       "role": "client"}]}}"#;
    let channels = read(text, false).expect("it is right");
    assert_eq!(channels.warnings, Vec::<String>::new());
    let [plain, own] = channels.definitions.as_slice() else {
        panic!("two channels: {channels:?}");
    };
    assert_eq!((plain.name.as_str(), plain.peers.as_deref()), ("kofia_certificate", None));
    let expected = ChannelSettings {
        leader_block_creation_limit: 10_000,
        block_bytes_max: 3000 * 1024,
        block_transactions_max: 10_000,
        transaction_bytes_max: 1 << 20,
        batch_bytes_max: 2 << 20,
        batch_transactions_max: 1000,
        voting_ratio: None,
        block_interval_ms: 0,
        complain_timeout_ms: 1000,
        complain_timeout_ms_max: 60_000,
    };
    assert_eq!(plain.settings, expected);
    let expected = ChannelSettings {
        block_transactions_max: 500,
        batch_transactions_max: 500,
        voting_ratio: Some((3, 4)),
        block_interval_ms: 1500,
        complain_timeout_ms: 250,
        ..expected
    };
    assert_eq!(own.settings, expected);
    let peers = own.peers.as_deref().unwrap_or_default();
    assert_eq!(peers[0].group, None);
    assert_eq!((peers[0].weight, peers[0].role), (1, Role::Validator));
    assert_eq!(peers[1].target.to_string(), "[::1]:7100");
    assert_eq!(peers[1].group.as_deref(), Some("bank-a"));
    assert_eq!((peers[1].weight, peers[1].role), (2, Role::Client));
    assert_eq!(channels.notices.len(), 1, "the batch was lowered: {:?}", channels.notices);
}

/// One channel `c` with these members after its score_package, on the second line.
fn channel(members: &str) -> String {
    format!("{{\"c\": {{\"score_package\": \"a/b\",\n{members}}}}}")
}

#[test]
fn wrong_files_are_refused_with_line_and_reason() {
    let cases = [
        ("{}".to_owned(), "c.json, line 1: there is no channel"),
        ("[]".to_owned(), "c.json, line 1: found a list; expected one JSON object"),
        ("{\"c\": 1}".to_owned(), "c: found the number 1; expected an object with score_package"),
        ("{\n\"a b\": {}}".to_owned(), "line 2: a b: found \"a b\"; expected a channel's name"),
        ("{\n\"c\": {}}".to_owned(), "c.json, line 2: c: score_package is missing"),
        (
            "{\"c\": {\"score_package\": \"x\"}}".to_owned(),
            "c.score_package: found the text \"x\"; expected a SCORE package A/B",
        ),
        (
            "{\"c\": {\"score_package\": \"a/b\"},\n\"c\": {}}".to_owned(),
            "c.json, line 2: channel \"c\" is there twice, first on line 1",
        ),
        (channel("\"score_package\": \"a/b\""), "line 2: member \"score_package\" is there twice"),
        (
            channel("\"MAX_BLOCK_TXS\": 1"),
            "c.json, line 2: channel c: \"MAX_BLOCK_TXS\" is not a member it can have; \
             expected MAX_BLOCK_TX_NUM, perhaps",
        ),
        (channel("\"PORT_PEER\": 1"), "\"PORT_PEER\" is not a member it can have"),
        (channel("\"xyzzy\": 1"), "expected one of score_package, peers, LEADER_BLOCK"),
        (channel("\"MAX_BLOCK_TX_NUM\": 0"), "line 2: MAX_BLOCK_TX_NUM: found the number 0"),
        (channel("\"VOTING_RATIO\": 0.65"), "line 2: VOTING_RATIO: found the number 0.65"),
        (
            channel("\"MAX_TX_BYTES\": 2000000, \"MAX_BATCH_BYTES\": 1000000"),
            "MAX_TX_BYTES is 2000000 (c.json, line 2), more than MAX_BATCH_BYTES, which is 1000000",
        ),
        (channel("\"peers\": {}"), "line 2: c.peers: found an object; expected a list"),
        (channel("\"peers\": [1]"), "c.peers[0]: found the number 1; expected an object"),
        (channel("\"peers\": [{}]"), "line 2: c.peers[0]: peer_target is missing"),
        (
            channel("\"peers\": [{\"peer_target\": \"10.0.0.1\"}]"),
            "c.peers[0].peer_target: found the text \"10.0.0.1\"; expected HOST:PORT",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\"},\n{\"peer_target\": \"h:1\"}]"),
            "c.json, line 3: c.peers[1]: h:1 is there twice",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\", \"wieght\": 1}]"),
            "c.peers[0]: \"wieght\" is not a member it can have; expected weight, perhaps",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\", \"weight\": 0}]"),
            "c.peers[0].weight: found the number 0; expected a whole number from 1 to 1000000",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\", \"role\": \"leader\"}]"),
            "c.peers[0].role: found the text \"leader\"; expected \"validator\", \"client\"",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\", \"group\": 7}]"),
            "c.peers[0].group: found the number 7; expected a text",
        ),
        (
            channel("\"peers\": [{\"peer_target\": \"h:1\", \"peer_target\": \"h:1\"}]"),
            "member \"peer_target\" is there twice",
        ),
    ];
    for (text, said) in cases {
        let error = read(&text, false).expect_err(&text);
        assert!(error.contains(said), "{error}\ndoes not say\n{said}");
        assert!(error.contains("c.json"), "{error}");
    }
}

#[test]
fn authentication_needs_peers() {
    let client = channel("\"peers\": [{\"peer_target\": \"h:1\", \"role\": \"client\"}]");
    let cases = [
        (channel(""), "peers is missing"),
        (channel("\"peers\": []"), "no peer is a validator"),
        (client, "no peer is a validator"),
    ];
    for (text, said) in cases {
        let text = text.replace("\"a/b\",\n}", "\"a/b\"}");
        assert!(read(&text, false).is_ok(), "{text}");
        let error = read(&text, true).expect_err(&text);
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn a_default_channel_that_does_not_exist_is_a_warning() {
    let channels = read("{\"c\": {\"score_package\": \"a/b\"}}", false).expect("it is right");
    assert!(channels.warnings[0].contains("kofia_certificate"), "{:?}", channels.warnings);
}

#[test]
fn without_a_file_there_is_the_default_channel() {
    let channels = settings(false).channels().expect("no file is needed");
    assert_eq!(channels.definitions[0].name, "kofia_certificate");
    assert_eq!(channels.definitions[0].score_package, "loopchain/default");
    assert_eq!(channels.notices.len(), 1);
}

#[test]
fn a_file_that_was_named_or_is_needed_must_exist() {
    let mut named = settings(false);
    let path = PathBuf::from("/w/none.json");
    named.put("CHANNEL_MANAGE_DATA_PATH", Value::Path(path), Source::Environment);
    for settings in [named, settings(true)] {
        let said = settings.channels().expect_err("it is missing").to_string();
        assert!(said.contains("cannot be read"), "{said}");
    }
}
