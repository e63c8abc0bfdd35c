use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use wire::runner::{Load, Order, Receipt, Report, ServiceCall, ServiceReply};

use crate::driver::{Runner, block, load, storage};

fn score_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../score")
}

/// The library that cargo built beside this test: the newest, where it may lie.
fn native_library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let beside = test.parent().unwrap();
    let places = [beside, beside.parent().unwrap()];
    let libraries = places.map(|folder| folder.join("libdocuments_native.so"));
    let built = |path: &&PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    libraries.iter().filter(|path| path.is_file()).max_by_key(built).unwrap().clone()
}

fn shipped(package: &str, repository: &Path, storage: &Path) -> Load {
    Load {
        package: package.to_owned(),
        repository_path: repository.to_str().unwrap().to_owned(),
        ..load("", storage)
    }
}

#[test]
fn the_default_score_accepts_everything() {
    let storage = storage();
    let (mut runner, loaded) =
        Runner::loaded(&shipped("loopchain/default", &score_folder(), storage.path()));
    assert_eq!(loaded.id, "loopchain/default");
    let executed = runner.execute(block(1, &["{\"data\": \"hello\"}", "not json", ""]));
    assert!(executed.receipts.iter().all(|receipt| receipt.code == 0));
    for (request, expected) in [
        (
            r#"{"method": "echo", "params": {"a": [1]}, "id": 4}"#,
            r#"{"jsonrpc": "2.0", "code": 0, "response": {"a": [1]}, "id": 4}"#,
        ),
        (
            "hello",
            r#"{"jsonrpc": "2.0", "code": 1000, "response": "the query must be a JSON object"}"#,
        ),
        (
            r#"{"method": "x"}"#,
            r#"{"jsonrpc": "2.0", "code": 1000, "response": "the methods are echo and last_block"}"#,
        ),
    ] {
        assert_eq!(runner.returned(request), expected);
    }
    runner.order(&Order::Query { id: 1, request: r#"{"method": "last_block"}"#.to_owned() });
    assert!(matches!(runner.report(), Report::ServiceCall(ServiceCall::GetBlock { .. })));
    runner.order(&Order::ServiceReply(ServiceReply::Block {
        response_code: 0,
        block_hash: "aa".to_owned(),
        block_data_json: r#"{"height": "1"}"#.to_owned(),
        tx_data_json: Vec::new(),
    }));
    let Report::Answered { answer, .. } = runner.report() else { panic!("no answer") };
    assert!(format!("{answer:?}").contains("aa"), "{answer:?}");
}

/// The transactions of the comparison, in blocks.
fn transactions() -> Vec<Vec<String>> {
    let propose = |document: &str, user: &str, parties: Value, quorum: Value| {
        json!({"jsonrpc": "2.0", "method": "propose", "id": 1, "params": {
            "document": document, "user": user, "parties": parties, "quorum": quorum,
            "content_hash": "00ff"}})
        .to_string()
    };
    let approve = |document: &str, user: &str| {
        json!({"method": "approve", "params": {"document": document, "user": user}}).to_string()
    };
    let three = json!(["alice", "bob", "큰 고객"]);
    let raw = |text: &str| text.to_owned();
    vec![
        vec![
            propose("lease", "alice", three.clone(), json!(2)),
            propose("lease", "bob", three.clone(), json!(2)),
            propose("loan 대출", "bob", json!(["bob"]), json!(1)),
            approve("lease", "carol"),
            approve("lease", "alice"),
            approve("lease", "alice"),
            approve("nothing", "alice"),
        ],
        vec![
            approve("lease", "큰 고객"),
            approve("lease", "bob"),
            approve("loan 대출", "bob"),
            propose("", "bob", three.clone(), json!(1)),
            propose("a\u{1}", "bob", three.clone(), json!(1)),
            propose(&"x".repeat(129), "bob", three.clone(), json!(1)),
            propose("a", "bob", json!([]), json!(1)),
            propose("a", "bob", json!("alice"), json!(1)),
            propose("a", "bob", json!(["alice", 5]), json!(1)),
            propose("a", "bob", json!(["alice", "alice"]), json!(1)),
            propose("a", "bob", three.clone(), json!(0)),
            propose("a", "bob", three.clone(), json!(4)),
            propose("a", "bob", three.clone(), json!(true)),
            propose("a", "bob", three.clone(), json!(1.0)),
            propose("a", "bob", three.clone(), Value::Null),
        ],
        vec![
            raw("hello"),
            raw(""),
            raw("[]"),
            raw("5"),
            raw("{}"),
            raw(r#"{"method": 5}"#),
            raw(r#"{"method": "remove", "params": {}}"#),
            raw(r#"{"method": "approve", "params": []}"#),
            raw(r#"{"method": "approve", "params": null}"#),
            raw(r#"{"method": "approve"}"#),
            raw(r#"{"method": "approve", "params": {"document": "\ud800", "user": "a"}}"#),
            raw(r#"{"method": "propose", "params": {"quorum": NaN}}"#),
            raw(r#"{"method": "propose", "params": {"document": "a", "user": "b",
                "parties": ["b"], "quorum": 1}}"#),
            raw(r#"{"method": "propose", "params": {"document": "a", "user": "b",
                "parties": ["b"], "quorum": 1000000000000000000000000, "content_hash": ""}}"#),
            propose("annex", "alice", json!(["alice", "bob"]), json!(2)),
            propose("board", "alice", json!(["alice"]), json!(1)),
        ],
    ]
}

fn queries() -> Vec<String> {
    [
        json!({"method": "document", "params": {"document": "lease"}}),
        json!({"method": "document", "params": {"document": "loan 대출"}}),
        json!({"method": "document", "params": {"document": "a"}}),
        json!({"method": "user", "params": {"user": "alice"}}),
        json!({"method": "user", "params": {"user": "큰 고객"}}),
        json!({"method": "user", "params": {"user": "alic"}}),
        json!({"method": "user", "params": {"user": "bob", "after": "annex", "limit": 1}}),
        json!({"method": "list"}),
        json!({"method": "list", "params": {"after": "", "limit": 2}}),
        json!({"method": "list", "params": {"after": "annex", "limit": 2}}),
        json!({"method": "list", "params": {"limit": 0}}),
        json!({"method": "list", "params": {"after": 5}}),
        json!({"method": "propose", "params": {}}),
        json!("text"),
    ]
    .map(|request| request.to_string())
    .to_vec()
}

fn run(load: &Load) -> (Vec<Vec<Receipt>>, Vec<String>) {
    let (mut runner, _) = Runner::loaded(load);
    let blocks = (1..).zip(transactions());
    let receipts = blocks.map(|(height, texts)| runner.execute(block(height, &texts)).receipts);
    let receipts = receipts.collect();
    (receipts, queries().iter().map(|request| runner.returned(request)).collect())
}

#[test]
fn documents_in_python_and_in_rust_give_equal_results() {
    let (python_storage, native_storage, repository) = (storage(), storage(), storage());
    let python = run(&shipped("sample/documents", &score_folder(), python_storage.path()));
    let folder = repository.path().join("sample/documents_native");
    fs::create_dir_all(&folder).unwrap();
    let description = score_folder().join("sample/documents_native/package.json");
    fs::copy(description, folder.join("package.json")).unwrap();
    fs::copy(native_library(), folder.join("libdocuments_native.so")).unwrap();
    let native = run(&shipped("sample/documents_native", repository.path(), native_storage.path()));
    for (height, (python, native)) in (1..).zip(python.0.iter().zip(&native.0)) {
        for (index, (python, native)) in python.iter().zip(native).enumerate() {
            assert_eq!(python, native, "transaction {index} of block {height}");
        }
    }
    for (request, (python, native)) in queries().iter().zip(python.1.iter().zip(&native.1)) {
        let (python, native): (Value, Value) =
            (serde_json::from_str(python).unwrap(), serde_json::from_str(native).unwrap());
        assert_eq!(python, native, "{request}");
    }
    let codes: Vec<Vec<i64>> =
        python.0.iter().map(|block| block.iter().map(|receipt| receipt.code).collect()).collect();
    assert_eq!(codes[0], [0, 1002, 0, 1004, 0, 1005, 1003]);
    assert_eq!(codes[1][..3], [0, 1006, 0]);
    assert!(codes[1][3..].iter().all(|code| *code == 1001), "{codes:?}");
    assert_eq!(codes[2][14..], [0, 0]);
    assert!(codes[2][..14].iter().all(|code| [1000, 1001].contains(code)), "{codes:?}");
    let lease: Value = serde_json::from_str(&python.1[0]).unwrap();
    assert_eq!(lease["response"]["status"], "approved");
    assert_eq!(lease["response"]["approvals"][1]["user"], "큰 고객");
    let list: Value = serde_json::from_str(&python.1[7]).unwrap();
    let expected = json!({"documents": ["annex", "board", "lease", "loan 대출"]});
    assert_eq!(list["response"], expected);
}
