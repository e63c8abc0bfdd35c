mod members;
mod standing;

use std::time::Duration;

use chain::channel::Settings;
use chain::count::{Height, Sequence};
use chain::encoding::encode;
use chain::membership::{Change, Member, Role};

use super::NEVER;
use crate::intake::{Refused, WaitingLimits};
use crate::storage::Ledger;
use crate::tests::{
    Repository, SCORE_TIMEOUT, Solo, Start, batch, begun, committed, copy, entry, member, peer,
    settings, wait_for,
};

/// Nothing is committed before this has passed.
const LONG_MS: u64 = 3_600_000;

fn with_interval(block_interval_ms: u64) -> Start {
    Start { settings: Settings { block_interval_ms, ..settings() }, ..Start::default() }
}

fn succeeded(texts: &[&str]) -> Vec<(i64, String)> {
    texts.iter().enumerate().map(|(at, text)| (0, format!("{} {text}", at + 1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_committed_and_executed_in_order() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let texts = ["a", "b", "c", "d"];
    let hashes = solo.submit(&texts).await;
    assert_eq!(solo.results(&hashes).await, succeeded(&texts));
    let failed = solo.submit(&["fail"]).await;
    let (code, message) = solo.results(&failed).await.remove(0);
    assert!(code == 9000 && message.contains("told to fail"), "{code} {message}");
    let status = solo.channel.status.clone();
    wait_for("the status shows it", SCORE_TIMEOUT, || status.borrow().transactions == 5).await;
    assert_eq!(status.borrow().next_batch, Sequence(6), "one batch each");
    assert_eq!(status.borrow().height, solo.channel.ledger.head().unwrap().height);
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_everything_and_goes_on() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let texts = ["a", "b", "c"];
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let mut hashes = solo.submit(&texts).await;
    let results = solo.results(&hashes).await;
    let head = solo.channel.ledger.head().unwrap();
    solo.stop().await;

    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    assert_eq!(solo.channel.ledger.head().unwrap(), head);
    assert_eq!(solo.channel.status.borrow().height, head.height);
    assert_eq!(solo.results(&hashes).await, results);
    let before = solo.channel.ledger.position(&hashes[2]).unwrap().number;
    hashes.extend(solo.submit(&["d"]).await);
    let after = solo.channel.ledger.position(&hashes[3]).unwrap().number;
    assert_eq!(after, before.next(), "batches are numbered on");
    assert_eq!(solo.results(&hashes).await, succeeded(&["a", "b", "c", "d"]));
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_accepted_transaction_is_lost_or_done_twice_when_killed() {
    // While blocks are being made, and before any is.
    for block_interval_ms in [0, 30, LONG_MS] {
        let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
        let solo = Solo::start(folder.path(), &repository, with_interval(block_interval_ms)).await;
        let texts: Vec<String> = (0..200).map(|at| format!("text {at}")).collect();
        let offered: Vec<_> =
            texts.iter().map(|text| solo.channel.intake.offer(text).unwrap()).collect();
        let mut hashes = Vec::new();
        for offered in offered {
            hashes.push(offered.accepted().await.unwrap());
        }
        // What a kill at this moment leaves. The SCORE's store is behind: it starts anew.
        let killed = tempfile::tempdir().unwrap();
        copy(&folder.path().join("ledger"), &killed.path().join("ledger"));
        solo.stop().await;
        // Of a channel whose blocks take forever, what waits can only be looked at.
        let solo = Solo::start(killed.path(), &repository, with_interval(block_interval_ms)).await;
        let ledger = &solo.channel.ledger;
        assert!(hashes.iter().all(|hash| ledger.position(hash).is_some()));
        if block_interval_ms < LONG_MS {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            assert_eq!(solo.results(&hashes).await, succeeded(&texts), "{block_interval_ms}");
            let head = ledger.head().unwrap();
            assert_eq!(head.transactions, 200, "none twice");
        } else {
            assert!(hashes.iter().all(|hash| solo.result(hash).0 == 2), "they wait");
        }
        solo.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_at_a_restart_is_committed_by_itself() {
    for block_interval_ms in [0, 100] {
        let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
        let start = with_interval(block_interval_ms);
        let (ledger, head) = begun(&folder.path().join("ledger"), start.settings.clone());
        let batch = batch(&head, 1, 1, &["a"]);
        ledger.put_own_batch(&batch, &encode(&batch));
        drop(ledger);
        let solo = Solo::start(folder.path(), &repository, start).await;
        solo.commits(&batch.transaction_hashes()).await;
        solo.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_wait_for_the_block_interval_and_are_filled_meanwhile() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, with_interval(500)).await;
    let hashes = solo.submit(&["a", "b", "c"]).await;
    assert!(hashes.iter().all(|hash| solo.result(hash).0 == 2), "not committed at once");
    solo.commits(&hashes).await;
    assert_eq!(solo.channel.ledger.head().unwrap().height, Height(1), "all in one block");
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_a_limit_is_refused_with_the_figures() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let waiting = WaitingLimits { transactions: 3, bytes: 1 << 20 };
    let start = Start { waiting, ..with_interval(LONG_MS) };
    let solo = Solo::start(folder.path(), &repository, start).await;
    let max = settings().transaction_bytes_max;
    let found = max + 1;
    let refused = solo.channel.intake.submit("x".repeat(found as usize)).await;
    assert_eq!(refused, Err(Refused::TooLarge { found, max }));
    solo.submit(&["a", "b", "c"]).await;
    for _ in 0..2 {
        let refused = solo.channel.intake.submit("d".into()).await;
        assert_eq!(refused, Err(Refused::Overloaded { waiting: 3, max: 3 }));
    }
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_make_room_for_what_comes_next() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let waiting = WaitingLimits { transactions: 3, bytes: 10_000 };
    let start = Start { waiting, ..Start::default() };
    let solo = Solo::start(folder.path(), &repository, start).await;
    let text = "x".repeat(2_000);
    let mut accepted = 0;
    let limit = Duration::from_secs(20);
    wait_for("forty times what may wait at once", limit, || {
        accepted += usize::from(solo.channel.intake.offer(&text).is_ok());
        accepted == 120
    })
    .await;
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_create_transactions_is_told_why() {
    let auditor = Member { role: Role::Auditor, ..member(2) };
    let client = Member { role: Role::Client, ..member(2) };
    // Who joined as what, whether the record of votes was lost, and the answer.
    let cases = [
        (None, None, Some(Refused::NotJoined)),
        (Some(auditor), None, Some(Refused::ReadOnly)),
        (Some(member(2)), Some(NEVER), Some(Refused::LostRecord)),
        (Some(client), None, None),
    ];
    for (joined, may_sign_after, expected) in cases {
        let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
        let (ledger, head) = begun(&folder.path().join("ledger"), settings());
        ledger.set_may_sign_after(may_sign_after);
        if let Some(member) = joined {
            let join = entry(&head, 1, Change::Join(member));
            let (block, after) = committed(&head, None, &[], vec![join]);
            ledger.commit(&block, &after, &[]);
        }
        drop(ledger);
        let start = Start { me: 2, ..Start::default() };
        let solo = Solo::start(folder.path(), &repository, start).await;
        // At once, and when the channel's thread has had its say.
        for pause_ms in [0, 300] {
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            let refused = solo.channel.intake.submit("{}".into()).await.err();
            assert_eq!(refused, expected);
        }
        solo.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_who_lost_the_right_to_create_do_not_stop_the_others() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (ledger, head) = begun(&folder.path().join("ledger"), settings());
    let join = entry(&head, 1, Change::Join(Member { role: Role::Client, ..member(2) }));
    let (block, head) = committed(&head, None, &[], vec![join]);
    ledger.commit(&block, &head, &[]);
    let of_client = batch(&head, 2, 1, &["too late"]);
    ledger.put_batch(&of_client, &encode(&of_client));
    let role = entry(&head, 2, Change::Role(peer(2), Role::Auditor));
    let (block, head) = committed(&head, Some(&block), &[], vec![role]);
    ledger.commit(&block, &head, &[]);
    drop(ledger);
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let hashes = solo.submit(&["a"]).await;
    solo.commits(&hashes).await;
    assert_eq!(solo.channel.ledger.place(&peer(2), Sequence(1)), None);
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_channels_ledger_is_not_opened_twice() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let solo = Solo::start(folder.path(), &repository, Start::default()).await;
    let second = Ledger::open(&folder.path().join("ledger")).map(|_| ());
    assert!(second.unwrap_err().to_string().contains("is in use by another process"));
    solo.stop().await;
}
