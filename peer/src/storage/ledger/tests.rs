use std::path::Path;

use chain::block::Executed;
use chain::certificate::Stage;
use chain::count::{Height, Round, Sequence};
use chain::encoding::encode;
use chain::evidence::{Contradiction, Evidence};
use chain::keys::Signature;
use chain::ledger::Head;
use chain::lft::Record;
use chain::membership::Change;
use wire::runner::Receipt;

use super::{BatchPlace, EVIDENCE_MAX, EVIDENCE_PER_SIGNER_MAX, Ledger, Results};
use crate::storage::StorageError;
use crate::tests::{
    batch, begun, committed, crash_image, entry, genesis, hash, key, member, peer, settings,
};
use chain::keys::PeerId;

fn receipt(code: i64) -> Receipt {
    Receipt { code, message: (code != 0).then(|| format!("failed with {code}")) }
}

fn results(number: u8) -> Results {
    Results { state: hash(number), version: "0".repeat(40) }
}

fn executed(number: u8) -> Executed {
    Executed { height: Height(u64::from(number)), state: hash(number) }
}

fn record(number: u64) -> Record {
    Record { voted: Some((Round(number), hash(1))), ..Record::at(Height(number)) }
}

#[test]
fn a_new_ledger_has_begun_only_once_it_has_a_first_block() {
    let folder = tempfile::tempdir().unwrap();
    {
        let ledger = Ledger::open(folder.path()).unwrap();
        assert!(ledger.genesis().is_none() && ledger.head().is_none());
        let head = Head::new(&genesis(settings()).genesis);
        ledger.begin(&genesis(settings()), &head, Some(Sequence(7)));
    }
    let ledger = Ledger::open(folder.path()).unwrap();
    let head = Head::new(&genesis(settings()).genesis);
    assert_eq!(ledger.genesis(), Some(genesis(settings())));
    assert_eq!(ledger.head(), Some(head.clone()));
    assert_eq!(ledger.may_sign_after(), Some(Sequence(7)));
    assert_eq!(ledger.height_of(&head.hash), Some(Height(0)));
    assert_eq!(ledger.member_key(&peer(1)), Some(key(1).public_key()));
    assert_eq!(ledger.record(), None);
    assert_eq!(ledger.executed(), Executed::default());
    ledger.set_may_sign_after(None);
    assert_eq!(ledger.may_sign_after(), None);
}

#[test]
fn a_batch_that_waits_is_found_by_name_number_and_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let batch = batch(&head, 2, 5, &["{}", "", "three"]);
    ledger.put_batch(&batch, &encode(&batch));
    let number = Sequence(5);
    assert_eq!(ledger.batch(&peer(2), number, &batch.header.hash()), Some(batch.clone()));
    assert_eq!(ledger.batch(&peer(2), number, &hash(1)), None);
    assert_eq!(ledger.batch(&peer(1), number, &batch.header.hash()), None);
    assert_eq!(ledger.place(&peer(2), number), None, "it is not committed");
    for (index, transaction) in batch.transaction_hashes().iter().enumerate() {
        let position = ledger.position(transaction).unwrap();
        let found = (position.maker, position.number, position.index);
        assert_eq!(found, (peer(2), number, index as u32));
        assert_eq!(ledger.waiting_batch(&position), Some(batch.clone()));
        assert_eq!(ledger.place_of(transaction, &position), None);
    }
    assert_eq!(ledger.position(&hash(3)), None);
}

#[test]
fn a_commit_writes_the_block_its_batches_and_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let kept = batch(&head, 1, 1, &["kept before"]);
    let brought = batch(&head, 1, 2, &["brought by the block"]);
    ledger.put_batch(&kept, &encode(&kept));
    let join = entry(&head, 1, Change::Join(member(3)));
    let (block, after) = committed(&head, None, &[&kept, &brought], vec![join]);
    ledger.commit(&block, &after, std::slice::from_ref(&brought));

    assert_eq!(ledger.head(), Some(after.clone()));
    assert_eq!(ledger.block(Height(1)), Some(block.clone()));
    assert_eq!(ledger.block(Height(2)), None);
    assert_eq!(ledger.height_of(&after.hash), Some(Height(1)));
    assert_eq!(ledger.member_key(&peer(3)), Some(key(3).public_key()), "who joined");
    for (at, batch) in [&kept, &brought].into_iter().enumerate() {
        let number = batch.header.number;
        let place = BatchPlace { height: Height(1), at: at as u32, hash: batch.header.hash() };
        assert_eq!(ledger.place(&peer(1), number), Some(place));
        assert_eq!(ledger.batch(&peer(1), number, &place.hash).as_ref(), Some(batch));
        let transaction = batch.transaction_hashes()[0];
        let position = ledger.position(&transaction).unwrap();
        assert_eq!(ledger.place_of(&transaction, &position), Some(place));
    }
    assert_eq!(ledger.waiting(&after), []);
}

#[test]
fn of_two_batches_of_one_number_the_committed_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let batches = [batch(&head, 1, 1, &["one"]), batch(&head, 1, 1, &["another"])];
    for batch in &batches {
        ledger.put_batch(batch, &encode(batch));
    }
    for chosen in &batches {
        let image = crash_image(folder.path());
        let ledger = Ledger::open(image.path()).unwrap();
        let (block, after) = committed(&head, None, &[chosen], Vec::new());
        ledger.commit(&block, &after, &[]);
        for batch in &batches {
            let transaction = batch.transaction_hashes()[0];
            let position = ledger.position(&transaction).unwrap();
            let place = ledger.place_of(&transaction, &position);
            assert_eq!(place.is_some(), batch == chosen, "only of the one that is committed");
            assert_eq!(ledger.waiting_batch(&position).as_ref(), Some(batch));
        }
    }
}

#[test]
fn results_are_kept_by_block_and_batch_and_never_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = begun(folder.path(), settings());
    let place = |height, at| BatchPlace { height: Height(height), at, hash: hash(0) };
    let first = [vec![receipt(0), receipt(9000)], vec![receipt(-1)]];
    ledger.put_results(&executed(1), &results(1), &first, &[[1; 4]]);
    ledger.put_results(&executed(2), &results(2), &[vec![receipt(7)]], &[]);
    assert_eq!(ledger.traces(Height(1)), Some(vec![[1; 4]]));
    assert_eq!(ledger.executed(), executed(2));
    assert_eq!(ledger.receipts(&place(1, 0)), Some(first[0].clone()));
    assert_eq!(ledger.receipts(&place(1, 1)), Some(first[1].clone()));
    assert_eq!(ledger.receipts(&place(1, 2)), None);
    assert_eq!(ledger.receipts(&place(2, 0)), Some(vec![receipt(7)]));
    assert_eq!(ledger.results(Height(1)), Some(results(1)));
    assert_eq!(ledger.results(Height(3)), None);
    // A runner that was behind does a block again.
    ledger.put_results(&executed(1), &results(1), &first, &[[1; 4]]);
    assert_eq!(ledger.executed(), executed(2));
}

#[test]
fn results_count_as_durable_only_after_a_durable_write() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let batch = batch(&head, 1, 1, &["{}"]);
    let encoded = encode(&batch);
    type Write<'a> = Box<dyn Fn() + 'a>;
    let execute = |number: u8| {
        let ledger = &ledger;
        Box::new(move || ledger.put_results(&executed(number), &results(number), &[], &[]))
            as Write<'_>
    };
    // What is written, and the height that is surely on disk afterwards.
    let steps: [(&str, Write<'_>, u64); 8] = [
        ("a record, nothing executed", Box::new(|| ledger.persist(&record(1))), 0),
        ("results 1", execute(1), 0),
        ("another peer's batch", Box::new(|| ledger.put_batch(&batch, &encoded)), 0),
        ("a record", Box::new(|| ledger.persist(&record(1))), 1),
        ("results 2", execute(2), 1),
        ("an own batch", Box::new(|| ledger.put_own_batch(&batch, &encoded)), 2),
        ("results 1 again", execute(1), 2),
        ("a record again", Box::new(|| ledger.persist(&record(1))), 2),
    ];
    for (what, write, expected) in steps {
        write();
        assert_eq!(ledger.executed_durably(), Height(expected), "after {what}");
    }
}

fn evidence(signer: u64, number: u64) -> Evidence {
    let statements = [(hash(1), Signature([1; 64])), (hash(2), Signature([2; 64]))];
    let (stage, height, round) = (Stage::Vote, Height(number), Round(0));
    let mut id = [0; 16];
    id[..8].copy_from_slice(&signer.to_be_bytes());
    Evidence {
        signer: PeerId(id),
        contradiction: Contradiction::Ballots { stage, height, round, statements },
    }
}

#[test]
fn evidence_is_kept_up_to_a_bound_for_each_signer_and_in_all() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = begun(folder.path(), settings());
    let per_signer = EVIDENCE_PER_SIGNER_MAX as u64;
    for number in 0..EVIDENCE_MAX {
        let evidence = evidence(number / per_signer, number % per_signer);
        assert_eq!(ledger.add_evidence(&evidence), Some(number + 1));
        assert_eq!(ledger.add_evidence(&evidence), None, "kept already");
    }
    assert_eq!(ledger.add_evidence(&evidence(EVIDENCE_MAX, 0)), None, "full");
    assert_eq!(ledger.evidence_count(), EVIDENCE_MAX);

    let folder = tempfile::tempdir().unwrap();
    let (ledger, _) = begun(folder.path(), settings());
    for number in 0..per_signer {
        assert_eq!(ledger.add_evidence(&evidence(1, number)), Some(number + 1));
    }
    assert_eq!(ledger.add_evidence(&evidence(1, per_signer)), None, "enough of this signer");
    assert_eq!(ledger.add_evidence(&evidence(2, 0)), Some(per_signer + 1));
}

#[test]
fn after_a_reopen_what_waits_is_what_is_not_committed() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let own: Vec<_> = (1..=300).map(|number| batch(&head, 1, number, &["{}"])).collect();
    for batch in own.iter().chain([&batch(&head, 2, 1, &["of no member"])]) {
        ledger.put_batch(batch, &encode(batch));
    }
    let (block, after) = committed(&head, None, &[&own[0], &own[1]], Vec::new());
    ledger.commit(&block, &after, &[]);
    drop(ledger);
    let ledger = Ledger::open(folder.path()).unwrap();
    let after = ledger.head().unwrap();
    let waiting = ledger.waiting(&after);
    let expected: Vec<_> = own[2..].iter().map(|b| b.reference(encode(b).len())).collect();
    assert_eq!(waiting, expected, "ascending, beyond one byte of the number too");
    assert_eq!(ledger.batches_of(&peer(1), Sequence(300)), expected[297..]);
    assert_eq!(ledger.batches_of(&peer(1), Sequence(301)), []);
}

#[test]
fn a_kill_after_any_write_loses_none_that_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let own = batch(&head, 1, 1, &["{}"]);
    let other = batch(&head, 1, 2, &["{}"]);
    let (block, after) = committed(&head, None, &[&own, &other], Vec::new());
    type Write<'a> = Box<dyn Fn(&Ledger) + 'a>;
    type Kept<'a> = Box<dyn Fn(&Ledger) -> bool + 'a>;
    let (name, place) = (own.header.hash(), Sequence(1));
    let steps: [(&str, Write<'_>, Kept<'_>); 6] = [
        (
            "own batch",
            Box::new(|l| l.put_own_batch(&own, &encode(&own))),
            Box::new(|l| l.batch(&peer(1), place, &name).as_ref() == Some(&own)),
        ),
        (
            "batch",
            Box::new(|l| l.put_batch(&other, &encode(&other))),
            Box::new(|l| l.batches_of(&peer(1), Sequence(2)).len() == 1),
        ),
        (
            "record",
            Box::new(|l| l.persist(&record(1))),
            Box::new(|l| l.record() == Some(record(1))),
        ),
        (
            "commit",
            Box::new(|l| l.commit(&block, &after, &[])),
            Box::new(|l| {
                let place = l.place(&peer(1), place).map(|place| place.height);
                let block = l.block(Height(1)).as_ref() == Some(&block);
                block && l.head().as_ref() == Some(&after) && place == Some(Height(1))
            }),
        ),
        (
            "results",
            Box::new(|l| l.put_results(&executed(1), &results(1), &[vec![receipt(0)]], &[])),
            Box::new(|l| l.executed() == executed(1) && l.results(Height(1)).is_some()),
        ),
        (
            "evidence",
            Box::new(|l| assert_eq!(l.add_evidence(&evidence(1, 1)), Some(1))),
            Box::new(|l| l.evidence_count() == 1 && l.add_evidence(&evidence(1, 1)).is_none()),
        ),
    ];
    for (done, (what, write, _)) in steps.iter().enumerate() {
        write(&ledger);
        let image = crash_image(folder.path());
        let reopened = Ledger::open(image.path()).unwrap();
        for (at, (name, _, kept)) in steps.iter().enumerate() {
            assert_eq!(kept(&reopened), at <= done, "{name}, killed after {what}");
        }
    }
}

#[test]
fn a_second_open_of_one_ledger_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &Path| Ledger::open(path).map(|_| ());
    let _first = Ledger::open(folder.path()).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, StorageError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("is in use by another process"), "{error}");
}
