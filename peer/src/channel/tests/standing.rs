//! Validator 2 starts on a channel of validators 1 and 2; the test speaks for validator 1.

use std::path::Path;

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::evidence::{Contradiction, Evidence};
use chain::keys::Signature;
use chain::ledger::Head;
use chain::lft::message::{Ballot, Statement};
use chain::lft::standing::{Said, SignedSaid};
use chain::membership::Change;
use tokio::time::timeout;

use super::members::{Other, SOON};
use crate::channel::NEVER;
use crate::intake::Refused;
use crate::network::{Asked, Packet, Request, Response};
use crate::tests::{
    Repository, Solo, Start, batch, begun, committed, entry, hash, key, member, peer, settings,
    wait_for,
};

/// Validator 2 after a start; the head of its ledger.
async fn start(folder: &Path, repository: &Repository) -> (Solo, Head) {
    let (ledger, head) = begun(&folder.join("ledger"), settings());
    let (block, head) = committed(&head, None, &[], vec![entry(&head, 1, Change::Join(member(2)))]);
    ledger.commit(&block, &head, &[]);
    drop(ledger);
    (again(folder, repository).await, head)
}

async fn again(folder: &Path, repository: &Repository) -> Solo {
    Solo::start(folder, repository, Start { me: 2, ..Start::default() }).await
}

/// A vote, signed by who has that key.
fn vote(head: &Head, height: Height, signer: u8) -> SignedSaid {
    let ballot = Ballot { stage: Stage::Vote, height, round: Round(0), block: hash(1) };
    let message = Statement::Ballot(ballot).sign(&head.channel, &key(signer));
    SignedSaid::of(&message).unwrap().1
}

async fn answer(other: &mut Other, response: Response) {
    loop {
        let asked = timeout(SOON, other.requests.recv()).await.expect("validator 2 asks").unwrap();
        let Asked { request, answer } = asked;
        if request == Request::LastSaid(peer(2)) {
            return answer.send(response).unwrap();
        }
    }
}

async fn is_lost(solo: &Solo) {
    let status = solo.channel.status.clone();
    wait_for("it says that its record is lost", SOON, || status.borrow().lost_record).await;
    let refused = solo.channel.intake.submit("{}".into()).await;
    assert_eq!(refused, Err(Refused::LostRecord));
    assert_eq!(solo.channel.ledger.may_sign_after(), Some(NEVER), "and remembers it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_starts_says_nothing_before_a_quorum_has_answered() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = start(folder.path(), &repository).await;
    let refused = || async { solo.channel.intake.submit("{}".into()).await.err() };
    assert_eq!(refused().await, Some(Refused::HoldsBack));
    let mut other = Other::meets(1, &solo, 2).await;
    // Who is not on the channel yet, and who shows what somebody else said, has not answered.
    answer(&mut other, Response::Nothing).await;
    answer(&mut other, Response::LastSaid(vec![vote(&head, Height(1), 1)])).await;
    other.is_connected(2, false).await;
    other.is_connected(2, true).await;
    assert_eq!(refused().await, Some(Refused::HoldsBack));
    answer(&mut other, Response::LastSaid(vec![vote(&head, Height(1), 2)])).await;
    let status = solo.channel.status.clone();
    wait_for("it speaks", SOON, || !status.borrow().holds_back).await;
    assert_eq!(refused().await, None);
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_while_it_asks_is_heard_when_it_may_speak() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = start(folder.path(), &repository).await;
    let mut other = Other::meets(1, &solo, 2).await;
    let evidence = |status: &crate::channel::ChannelStatus| status.evidence;
    for block in [1, 2] {
        let (stage, height) = (Stage::Vote, head.height.next());
        let ballot = Ballot { stage, height, round: Round(0), block: hash(block) };
        let message = Statement::Ballot(ballot).sign(&head.channel, &key(1));
        other.say(Packet::Message(Box::new(message)));
    }
    // The answer comes after both votes; that they contradict each other shows they were heard.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(evidence(&solo.channel.status.borrow()), 0);
    answer(&mut other, Response::LastSaid(Vec::new())).await;
    let status = solo.channel.status.clone();
    wait_for("both votes are heard", SOON, || evidence(&status.borrow()) == 1).await;
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_older_than_what_was_said_is_noticed_and_remembered() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = start(folder.path(), &repository).await;
    let mut other = Other::meets(1, &solo, 2).await;
    let said = vote(&head, head.height.next(), 2);
    answer(&mut other, Response::LastSaid(vec![said])).await;
    is_lost(&solo).await;
    solo.stop().await;
    let solo = again(folder.path(), &repository).await;
    is_lost(&solo).await;
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_committed_block_that_it_confirmed_unknowingly_is_noticed() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = start(folder.path(), &repository).await;
    let first = solo.channel.ledger.block(head.height).unwrap();
    let accepted = batch(&head, 1, 1, &["a"]);
    let (block, _) = committed(&head, Some(&first), &[&accepted], Vec::new());
    let mut other = Other::meets(1, &solo, 2).await;
    other.say(Packet::Status { height: block.block.header.height });
    loop {
        let asked = timeout(SOON, other.requests.recv()).await.expect("it asks").unwrap();
        let response = match asked.request {
            Request::Blocks { .. } => {
                Response::Blocks(vec![(block.clone(), vec![accepted.clone()])])
            }
            _ => Response::Nothing,
        };
        let fetched = response != Response::Nothing;
        asked.answer.send(response).unwrap();
        if fetched {
            break;
        }
    }
    is_lost(&solo).await;
    assert_eq!(solo.channel.ledger.head().unwrap().height, block.block.header.height);
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_whose_complaints_lead_nowhere_asks_whether_its_key_runs_elsewhere() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = start(folder.path(), &repository).await;
    let mut other = Other::meets(1, &solo, 2).await;
    answer(&mut other, Response::LastSaid(Vec::new())).await;
    let status = solo.channel.status.clone();
    wait_for("it speaks", SOON, || !status.borrow().holds_back).await;
    // Validator 1 leads and says nothing.
    solo.submit(&["a"]).await;
    wait_for("it complains", SOON, || status.borrow().is_complaining).await;
    let said = vote(&head, head.height.next(), 2);
    answer(&mut other, Response::LastSaid(vec![said])).await;
    is_lost(&solo).await;
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_were_heard_to_say_is_told_after_a_restart_too() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let alone = Solo::start(folder.path(), &repository, Start::default()).await;
    let hashes = alone.submit(&["a"]).await;
    alone.commits(&hashes).await;
    alone.stop().await;
    let alone = Solo::start(folder.path(), &repository, Start::default()).await;
    let other = Other::meets(2, &alone, 1).await;
    let request = Request::LastSaid(peer(1));
    let answer = other.network.request(peer(1), alone.channel.id, request).await;
    let Ok(Response::LastSaid(all)) = answer else { panic!("{answer:?}") };
    let [told] = all[..] else { panic!("{all:?}") };
    let ledger = &alone.channel.ledger;
    let block = ledger.block(ledger.head().unwrap().height).unwrap();
    assert_eq!(Some(told.said), Said::in_certificate(&block.certificate, &peer(1)));
    alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_against_itself_is_noticed() {
    let contradictions = |head: &Head| {
        let (stage, height, round) = (Stage::Vote, head.height.next(), Round(0));
        let signed = |block: u8| -> (chain::hash::Hash, Signature) {
            let ballot = Ballot { stage, height, round, block: hash(block) };
            let message = Statement::Ballot(ballot).sign(&head.channel, &key(2));
            (hash(block), SignedSaid::of(&message).unwrap().1.signature)
        };
        let batches = ["a", "b"].map(|text| {
            let batch = batch(head, 2, 1, &[text]);
            (batch.header, batch.signature)
        });
        [
            Contradiction::Ballots { stage, height, round, statements: [signed(1), signed(2)] },
            Contradiction::Batches(batches),
        ]
    };
    for at in 0..2 {
        let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
        let (solo, head) = start(folder.path(), &repository).await;
        let mut other = Other::meets(1, &solo, 2).await;
        answer(&mut other, Response::LastSaid(Vec::new())).await;
        let contradiction = contradictions(&head)[at].clone();
        let evidence = Evidence { signer: peer(2), contradiction };
        other.say(Packet::Evidence(Box::new(evidence)));
        is_lost(&solo).await;
        assert_eq!(solo.channel.status.borrow().evidence, 1);
        solo.stop().await;
    }
}
