use std::sync::Arc;
use std::time::Duration;

use chain::batch::BatchRules;
use chain::channel::Settings;
use chain::count::Sequence;
use chain::encoding::encode;
use chain::keys::verify;
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{Intake, QUEUE_MAX, Refused, Sealed, WaitingLimits};
use crate::channel::{ChannelStatus, Waiting};
use crate::storage::Ledger;
use crate::tests::{Start, batch, begun, crash_image, key, peer, settings, surroundings};

/// An intake whose batches nobody commits.
struct Door {
    intake: Intake,
    sealed: mpsc::Receiver<Sealed>,
    status: watch::Sender<ChannelStatus>,
    waiting: Arc<Waiting>,
    ledger: Ledger,
    folder: TempDir,
    shutdown: CancellationToken,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn open(settings: Settings, limits: WaitingLimits, batches_max: usize) -> Door {
    open_in(tempfile::tempdir().unwrap(), settings, limits, batches_max).await
}

async fn open_in(
    folder: TempDir,
    settings: Settings,
    limits: WaitingLimits,
    batches_max: usize,
) -> Door {
    let start = Start { waiting: limits, ..Start::default() };
    let around = surroundings(&start, folder.path()).await;
    let path = folder.path().join("ledger");
    let kept = Ledger::open(&path).unwrap();
    let (ledger, head) = match kept.head() {
        Some(head) => (kept, head),
        None => {
            drop(kept);
            begun(&path, settings)
        }
    };
    let waiting = Arc::new(Waiting::default());
    let (sender, sealed) = mpsc::channel(batches_max);
    let (status, status_now) = watch::channel(ChannelStatus::at(&head, &peer(1)));
    let (intake, _) =
        super::start(&ledger, &head, waiting.clone(), sender, status_now, &around).unwrap();
    Door { intake, sealed, status, waiting, ledger, folder, shutdown: around.shutdown }
}

const PLENTY: WaitingLimits = WaitingLimits { transactions: 100_000, bytes: 64 << 20 };

fn small() -> Settings {
    Settings {
        transaction_bytes_max: 700,
        batch_bytes_max: 1_000,
        batch_transactions_max: 10,
        ..settings()
    }
}

/// Texts of many sizes, up to the longest that `small` allows.
fn texts(count: usize) -> Vec<String> {
    let sizes = [0, 1, 50, 300, 700, 10, 699, 2];
    (0..count).map(|at| format!("{at:04}").repeat(200)[..sizes[at % sizes.len()]].into()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn order_is_kept_and_no_batch_is_over_the_channels_limits() {
    let mut door = open(small(), PLENTY, 4).await;
    let texts = texts(800);
    let offered: Vec<_> = texts.iter().map(|text| door.intake.offer(text).unwrap()).collect();
    let rules = BatchRules {
        channel: door.ledger.head().unwrap().channel,
        settings: small(),
        maker: key(1).public_key(),
    };
    let (mut taken, mut hashes, mut times) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = Sequence(0);
    while taken.len() < texts.len() {
        let Sealed { batch, reference } = door.sealed.recv().await.unwrap();
        let batch = verify(batch, &rules).expect("within the limits").into_inner();
        number = number.next();
        assert_eq!(
            (batch.header.number, reference),
            (number, batch.reference(encode(&batch).len()))
        );
        let durable = door.ledger.batch(&peer(1), number, &batch.header.hash());
        assert_eq!(durable.as_ref(), Some(&batch), "kept before it is passed on");
        hashes.extend(batch.transaction_hashes());
        times.extend(batch.transactions.iter().map(|t| t.timestamp_us));
        taken.extend(batch.transactions.into_iter().map(|t| t.data));
    }
    assert_eq!(taken, texts);
    assert!(times.is_sorted_by(|a, b| a < b), "no two transactions at one time");
    let mut answers = Vec::new();
    for offered in offered {
        answers.push(offered.accepted().await.unwrap());
    }
    assert_eq!(answers, hashes);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_refused_with_the_figures() {
    let large = "x".repeat(701);
    let limits = WaitingLimits { transactions: 3, bytes: 1_000 };
    let door = open(small(), limits, 8).await;
    let offer = |text: &str| door.intake.offer(text).map(|_| ()).map_err(|e| e.to_string());
    let too_large = "a transaction's data takes at most 700 bytes (MAX_TX_BYTES), this takes 701";
    assert_eq!(offer(&large), Err(too_large.into()));
    door.intake.submit("x".repeat(400)).await.unwrap();
    // Once it is in a batch its encoding counts, which is what its commit releases.
    let waiting = door.waiting.bytes.load(std::sync::atomic::Ordering::Relaxed);
    assert!((401..700).contains(&waiting), "{waiting}");
    let full = format!("{waiting} bytes wait to be committed, the limit is 1000; try again later");
    assert_eq!(offer(&"x".repeat(700)), Err(full));
    door.intake.submit(String::new()).await.unwrap();
    door.intake.submit(String::new()).await.unwrap();
    let full = "3 transactions wait to be committed, the limit is 3; try again later";
    assert_eq!(offer(""), Err(full.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_create_is_refused() {
    let door = open(settings(), PLENTY, 8).await;
    type Change = fn(&mut ChannelStatus);
    let cases: [(Change, Refused); 4] = [
        (|s| s.is_member = false, Refused::NotJoined),
        (|s| s.may_create = false, Refused::ReadOnly),
        (|s| s.lost_record = true, Refused::LostRecord),
        (|s| s.holds_back = true, Refused::HoldsBack),
    ];
    for (change, expected) in cases {
        let before = door.status.borrow().clone();
        door.status.send_modify(change);
        assert_eq!(door.intake.submit("{}".into()).await, Err(expected));
        door.status.send_replace(before);
        assert!(door.intake.submit("{}".into()).await.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_bounded_when_batches_are_not_taken() {
    let door = open(small(), PLENTY, 1).await;
    let mut refused = None;
    for _ in 0..QUEUE_MAX + 100 {
        if let Err(error) = door.intake.offer("{}") {
            refused = Some(error);
        }
    }
    let max = QUEUE_MAX as u64;
    assert_eq!(refused, Some(Refused::Overloaded { waiting: max, max }));
    let waiting = door.waiting.transactions.load(std::sync::atomic::Ordering::Relaxed);
    assert!(waiting <= max + 40, "{waiting} count, those refused do not");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_go_on_where_they_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(&folder.path().join("ledger"), settings());
    for number in 1..=3 {
        let batch = batch(&head, 1, number, &["a", "b"]);
        ledger.put_own_batch(&batch, &encode(&batch));
    }
    drop(ledger);
    let mut door = open_in(folder, settings(), PLENTY, 8).await;
    let waiting = door.waiting.transactions.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(waiting, 6, "what was accepted before waits still");
    // A number is followed by the next, unless the chain knows of later ones.
    for (committed_next, expected) in [(1, 4), (2, 5), (9, 9), (9, 10)] {
        door.status.send_modify(|status| status.next_batch = Sequence(committed_next));
        door.intake.submit("{}".into()).await.unwrap();
        assert_eq!(door.sealed.recv().await.unwrap().reference.number, Sequence(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_on_disk() {
    let door = open(small(), PLENTY, 1000).await;
    for (at, text) in texts(20).into_iter().enumerate() {
        let hash = door.intake.submit(text).await.unwrap();
        let image = crash_image(&door.folder.path().join("ledger"));
        let killed = Ledger::open(image.path()).unwrap();
        assert!(killed.position(&hash).is_some(), "transaction {at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_intake_answers_so() {
    let door = open(settings(), PLENTY, 8).await;
    door.shutdown.cancel();
    let answer = async {
        while door.intake.submit("{}".into()).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        door.intake.submit("{}".into()).await
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), answer).await.unwrap();
    assert_eq!(answer, Err(Refused::Stopping));
}
