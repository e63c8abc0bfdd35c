use std::path::{Path, PathBuf};
use std::time::Duration;

use chain::count::Height;
use serde_json::json;

use super::Runner;
use crate::api;
use crate::tests::{Repository, SCORE_TIMEOUT, Solo, Start, runner_program, wait_for};

fn with_program(program: PathBuf) -> Start {
    Start { program: Some(program), ..Start::default() }
}

fn succeeded(texts: &[&str]) -> Vec<(i64, String)> {
    texts.iter().enumerate().map(|(at, text)| (0, format!("{} {text}", at + 1))).collect()
}

/// The process that has a SCORE store open.
fn process_of(store: &Path) -> Option<u32> {
    let store = store.canonicalize().ok()?;
    let holds = |process: &Path| {
        let files = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        files
            .filter_map(|file| std::fs::read_link(file.path()).ok())
            .any(|target| target.starts_with(&store))
    };
    let me = std::process::id();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbered = processes.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        (number != me).then_some((number, entry.path()))
    });
    numbered.into_iter().find(|(_, path)| holds(path)).map(|(number, _)| number)
}

fn kill(process: u32) {
    let status = std::process::Command::new("kill").args(["-9", &process.to_string()]).status();
    assert!(status.unwrap().success(), "cannot kill {process}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_runner_commits_go_on_and_it_catches_up_once_it_can_run() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let program = folder.path().join("not-there-yet");
    let solo = Solo::start(folder.path(), &repository, with_program(program.clone())).await;
    let texts = ["a", "b", "c"];
    let hashes = solo.submit(&texts).await;
    solo.commits(&hashes).await;
    let failed = || matches!(solo.channel.executor.runner(), Runner::Failed(_));
    wait_for("the runner is known to fail", SCORE_TIMEOUT, failed).await;
    for _ in 0..50 {
        // While it is tried again, too.
        assert!(hashes.iter().all(|hash| solo.result(hash).0 == 9100));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(solo.channel.executor.executed().height, Height(0));
    let status = api::score_status(&solo.channel);
    assert_eq!(status["status"], -1);
    let reason = status["message"].as_str().unwrap();
    assert!(reason.contains("cannot start") && reason.contains("not-there-yet"), "{reason}");
    let (code, answer) = api::query(&solo.channel, "count".into()).await;
    assert_eq!((code, &answer.unwrap()["code"]), (0, &json!(9100)));

    std::os::unix::fs::symlink(runner_program(), &program).unwrap();
    assert_eq!(solo.results(&hashes).await, succeeded(&texts));
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_does_not_load_says_why_and_is_tried_again() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    repository.write("class UserScore(:\n");
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let hashes = solo.submit(&["a"]).await;
    solo.commits(&hashes).await;
    let reason = || match solo.channel.executor.runner() {
        Runner::Failed(reason) => reason,
        Runner::Loading | Runner::Ready(_) => String::new(),
    };
    wait_for("the package fails", SCORE_TIMEOUT, || reason().contains("SyntaxError")).await;
    assert_eq!(solo.result(&hashes[0]).0, 9100);
    repository.write("");
    assert_eq!(solo.results(&hashes).await, succeeded(&["a"]));
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_is_killed_is_started_again_and_nothing_is_lost_or_done_twice() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let texts: Vec<String> = (0..300).map(|at| format!("text {at}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut hashes = Vec::new();
    for part in texts.chunks(100) {
        let first = solo.submit(&part[..1]).await;
        solo.results(&first).await;
        hashes.extend(first);
        let process = process_of(&folder.path().join("score")).expect("a runner has the store");
        hashes.extend(solo.submit(&part[1..50]).await);
        kill(process);
        hashes.extend(solo.submit(&part[50..]).await);
    }
    assert_eq!(solo.results(&hashes).await, succeeded(&texts));
    let ledger = &solo.channel.ledger;
    let last = ledger.head().unwrap().height;
    assert_eq!(solo.channel.executor.executed().height, last);
    assert_eq!(solo.channel.executor.executed(), ledger.executed());
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_without_results_gets_the_same_ones_again() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let hashes = solo.submit(&["a", "fail", "b"]).await;
    let results = solo.results(&hashes).await;
    let states: Vec<_> =
        (1..=3).map(|height| solo.channel.ledger.results(Height(height)).unwrap()).collect();
    solo.stop().await;
    // The SCORE's store is lost: everything is executed again.
    std::fs::remove_dir_all(folder.path().join("score")).unwrap();
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let again = solo.submit(&["c"]).await;
    assert_eq!(solo.results(&again).await, [(0, "3 c".to_string())]);
    assert_eq!(solo.results(&hashes).await, results);
    for (height, state) in (1..).zip(states) {
        assert_eq!(solo.channel.ledger.results(Height(height)), Some(state), "{height}");
    }
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_answered_in_the_words_of_the_contract() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let hashes = solo.submit(&["a", "b"]).await;
    solo.results(&hashes).await;
    let (code, answer) = api::query(&solo.channel, "count".into()).await;
    assert_eq!((code, answer), (0, Some(json!({"count": 2}))));
    let (code, answer) = api::query(&solo.channel, "no json".into()).await;
    assert_eq!((code, answer), (-1, Some(json!("no json"))));
    let (code, answer) = api::query(&solo.channel, "raise".into()).await;
    let answer = answer.unwrap();
    assert_eq!((code, &answer["code"]), (0, &json!(9000)));
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("Query Raise Exception : "), "{message}");
    assert!(message.contains("told to raise"), "{message}");
    solo.channel.executor.diverged(Height(2));
    let (code, answer) = api::query(&solo.channel, "count".into()).await;
    let answer = answer.unwrap();
    assert_eq!((code, &answer["code"]), (0, &json!(9100)), "not answered as if it were right");
    assert!(answer["message"].as_str().unwrap().contains("from height 2 on"));
    solo.stop().await;
}
