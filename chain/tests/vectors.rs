//! Frozen bytes of everything that is hashed, signed, stored or sent: `vectors/*.txt`, lines of
//! `name = hex`. A difference means that peers of two versions no longer understand each other.
//! `UPDATE_VECTORS=1` writes the files anew; that is a decision, not a repair.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;

use borsh::BorshSerialize;
use chain::batch::Batch;
use chain::block::{Block, BlockContent, CommittedBlock, Executed};
use chain::certificate::{Certificate, Stage, ballot_digest};
use chain::channel::{Genesis, Settings};
use chain::count::{Height, Round, Sequence, Weight};
use chain::encoding::encode;
use chain::evidence::{Contradiction, Evidence};
use chain::hash::{Hash, Kind, digest};
use chain::keys::{PeerId, SecretKey};
use chain::ledger::Head;
use chain::lft::Record;
use chain::lft::message::{
    Ballot, Complaint, ComplaintCertificate, Justification, Proposal, Statement, complaint_digest,
    proposal_digest,
};
use chain::membership::{Change, Entry, Member, Role, join_digest, record_digest};
use chain::merkle::{path, root};
use chain::score::Version;
use chain::transaction::{Place, Transaction};
use chain::validators::Ratio;

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn hex(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        writeln!(self.0, "{name} = {}", hex::encode(bytes)).unwrap();
    }

    fn encoding(&mut self, name: &str, value: &impl BorshSerialize) {
        self.hex(&format!("{name} encoding"), encode(value));
    }

    /// Compares with the file of that name, or writes it when that is asked for.
    fn check(self, name: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors").join(name);
        if std::env::var_os("UPDATE_VECTORS").is_some_and(|value| value == "1") {
            std::fs::write(&file, &self.0).unwrap();
        }
        let frozen = std::fs::read_to_string(&file).unwrap_or_default();
        let mut lines = frozen.lines();
        for found in self.0.lines() {
            assert_eq!(Some(found), lines.next(), "{name} has changed");
        }
        assert_eq!(lines.next(), None, "{name} has a line too many");
    }
}

fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes([number; 32]).unwrap()
}

fn peer(number: u8) -> PeerId {
    key(number).public_key().peer_id()
}

fn member(number: u8) -> Member {
    Member {
        key: key(number).public_key(),
        order: u32::from(number),
        weight: Weight(u64::from(number)),
        group: format!("group {number}"),
        role: Role::Validator,
        target: "127.0.0.1:7100".into(),
    }
}

fn genesis(voting_ratio: Option<Ratio>) -> Genesis {
    let settings = Settings {
        leader_block_limit: 1,
        block_bytes_max: 2,
        block_transactions_max: 3,
        transaction_bytes_max: 4,
        batch_bytes_max: 5,
        batch_transactions_max: 6,
        voting_ratio,
        block_interval_ms: 7,
        complain_timeout_ms: 8,
        complain_timeout_ms_max: 9,
    };
    Genesis {
        name: "loopchain_default".into(),
        score_package: "loopchain/default".into(),
        settings,
        radiostation: key(200).public_key(),
        first: member(1),
    }
}

const CHANNEL: Hash = Hash([0xcc; 32]);

fn batch() -> Batch {
    let transaction = |at: u64| Transaction {
        timestamp_us: 1_600_000_000_000_000 + at,
        data: format!("{{\"jsonrpc\":\"2.0\",\"id\":{at},\"ä\":[]}}"),
    };
    Batch::seal(&key(1), CHANNEL, Sequence(7), (0..3).map(transaction).collect())
}

fn certificate(stage: Stage) -> Certificate {
    let (height, round, block) = (Height(4), Round(2), Hash([0xbb; 32]));
    let digest = ballot_digest(&CHANNEL, stage, height, round, &block);
    let signatures = (1..=2).map(|n| (peer(n), key(n).sign(&digest))).collect();
    Certificate { stage, height, round, block, signatures }
}

fn entry(sequence: u64, change: Change) -> Entry {
    Entry { channel: CHANNEL, sequence: Sequence(sequence), change }
}

fn block() -> Block {
    let batch = batch();
    let content = BlockContent {
        timestamp_us: 1_600_000_000_000_003,
        batches: vec![batch.reference(encode(&batch).len())],
        entries: vec![entry(1, Change::Leave(peer(2))).sign(&key(200))],
        previous_certificate: Some(certificate(Stage::Confirm)),
        executed: Executed { height: Height(3), state: Hash([0xee; 32]) },
    };
    Block::new(CHANNEL, Height(5), Hash([0xbb; 32]), peer(1), content)
}

fn justification() -> Justification {
    let (height, round) = (Height(4), Round(2));
    let signed = |(n, high): (u8, Option<Round>)| {
        (peer(n), high, key(n).sign(&complaint_digest(&CHANNEL, height, round, high)))
    };
    let complaints = [(1, None), (2, Some(Round(2)))].map(signed).to_vec();
    let complaints = ComplaintCertificate { height, round, complaints };
    Justification { complaints, high: Some(certificate(Stage::Vote)) }
}

#[test]
fn keys() {
    let mut lines = Lines::default();
    for number in [1, 2, 3, 200] {
        let public = key(number).public_key();
        lines.hex(&format!("public key {number}"), public.to_bytes());
        lines.hex(&format!("peer id {number}"), public.peer_id().0);
        assert_eq!(public.peer_id().to_string().replace('-', ""), hex::encode(public.peer_id().0));
        for kind in [Kind::Join, Kind::Vote] {
            let digest = digest(kind, &[b"something", b"to sign"]);
            lines.hex(&format!("digest {kind:?}"), digest.0);
            lines.hex(&format!("signature {number} {kind:?}"), key(number).sign(&digest).0);
        }
    }
    lines.check("keys.txt");
}

/// A known answer: key 1, SHA-256 of "Satoshi Nakamoto".
#[test]
fn signatures_are_those_of_rfc_6979() {
    let mut one = [0; 32];
    one[31] = 1;
    let text = "a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e";
    let signature = SecretKey::from_bytes(one).unwrap().sign(&text.parse().unwrap());
    let known = "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8\
                 2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5";
    assert_eq!(hex::encode(signature.0), known);
}

#[test]
fn merkle() {
    let mut lines = Lines::default();
    for count in 0..=9 {
        let leaves: Vec<Hash> = (0..count).map(|at| Hash([at; 32])).collect();
        lines.hex(&format!("root of {count}"), root(&leaves).0);
        for at in 0..leaves.len() {
            lines.encoding(&format!("path of {at} in {count}"), &path(&leaves, at).unwrap());
        }
    }
    lines.check("merkle.txt");
}

#[test]
fn batches() {
    let mut lines = Lines::default();
    let place = Place { channel: CHANNEL, maker: peer(1), number: Sequence(7), index: 2 };
    let transaction = Transaction { timestamp_us: 1, data: "ä".into() };
    lines.encoding("transaction", &transaction);
    lines.hex("transaction hash", transaction.hash(&place).0);
    let empty = Transaction { timestamp_us: 0, data: String::new() };
    lines.hex("empty transaction hash", empty.hash(&place).0);
    let batch = batch();
    lines.encoding("header", &batch.header);
    lines.hex("header hash", batch.header.hash().0);
    lines.encoding("batch", &batch);
    lines.encoding("reference", &batch.reference(encode(&batch).len()));
    for (at, hash) in batch.transaction_hashes().iter().enumerate() {
        lines.hex(&format!("hash of {at}"), hash.0);
        let signature = batch.transaction_signature(at).unwrap();
        lines.encoding(&format!("signature of {at}"), &signature);
    }
    lines.check("batches.txt");
}

#[test]
fn blocks() {
    let mut lines = Lines::default();
    let block = block();
    lines.encoding("header", &block.header);
    lines.hex("hash", block.hash().0);
    lines.encoding("block", &block);
    let committed = CommittedBlock { block, certificate: certificate(Stage::Confirm) };
    lines.encoding("committed block", &committed);
    let empty = BlockContent {
        timestamp_us: 0,
        batches: vec![],
        entries: vec![],
        previous_certificate: None,
        executed: Executed::default(),
    };
    let first = Block::new(CHANNEL, Height(1), CHANNEL, peer(1), empty);
    lines.encoding("first", &first);
    lines.hex("first hash", first.hash().0);
    lines.check("blocks.txt");
}

#[test]
fn channels() {
    let mut lines = Lines::default();
    let ratio = Ratio { numerator: 67, denominator: 100 };
    for (name, genesis) in [("genesis", genesis(None)), ("with ratio", genesis(Some(ratio)))] {
        lines.encoding(name, &genesis);
        lines.hex(&format!("{name} hash"), genesis.hash().0);
        lines.encoding(&format!("{name} head"), &Head::new(&genesis));
        lines.encoding(&format!("{name} signed"), &genesis.sign(&key(200)));
    }
    lines.check("channels.txt");
}

#[test]
fn membership() {
    let mut lines = Lines::default();
    let changes = [
        ("join", Change::Join(member(2))),
        ("leave", Change::Leave(peer(2))),
        ("weight", Change::Weight(peer(2), Weight(5))),
        ("group", Change::Group(peer(2), "east".into())),
        ("validator", Change::Role(peer(2), Role::Validator)),
        ("client", Change::Role(peer(2), Role::Client)),
        ("auditor", Change::Role(peer(2), Role::Auditor)),
        ("score", Change::Score { from: Version([1; 20]), to: Version([2; 20]) }),
    ];
    for (at, (name, change)) in changes.into_iter().enumerate() {
        // The signature is over the entry's digest.
        lines.encoding(name, &entry(at as u64 + 1, change).sign(&key(200)));
    }
    let (target, address) = ("127.0.0.1:7100", "127.0.0.1:7101");
    lines.hex("join digest", join_digest(b"nonce", target, address, "east").0);
    let public = key(1).public_key();
    lines.hex("record digest", record_digest(&public, target, address, "east", 3).0);
    lines.check("membership.txt");
}

#[test]
fn messages() {
    let mut lines = Lines::default();
    let (height, round, hash) = (Height(4), Round(2), Hash([0xbb; 32]));
    for stage in [Stage::Vote, Stage::Confirm] {
        let name = format!("{stage:?}").to_lowercase();
        let digest = ballot_digest(&CHANNEL, stage, height, round, &hash);
        lines.hex(&format!("{name} digest"), digest.0);
        let ballot = Ballot { stage, height, round, block: hash };
        lines.encoding(&name, &Statement::Ballot(ballot).sign(&CHANNEL, &key(1)));
        lines.encoding(&format!("{name} certificate"), &certificate(stage));
    }
    for high in [None, Some(round)] {
        lines.hex("complaint digest", complaint_digest(&CHANNEL, height, round, high).0);
        let certificate = high.map(|_| certificate(Stage::Vote));
        let complaint = Statement::Complain(Complaint { height, round, high }, certificate);
        lines.encoding("complaint", &complaint.sign(&CHANNEL, &key(1)));
    }
    lines.hex("proposal digest", proposal_digest(&CHANNEL, height, round, &hash, &hash).0);
    for justification in [None, Some(justification())] {
        let proposal = Proposal { height, round, block: block(), justification };
        lines.hex("justification hash", proposal.justification_hash().0);
        lines.encoding("proposal", &Statement::Propose(proposal).sign(&CHANNEL, &key(1)));
    }
    lines.encoding("passed on", &Statement::PassOn(justification()).sign(&CHANNEL, &key(1)));
    lines.encoding("empty record", &Record::at(height));
    let record = Record {
        height,
        voted: Some((round, hash)),
        complained: Some(round),
        high: Some(certificate(Stage::Vote)),
        block: Some(block()),
        earlier: vec![block()],
        proposed: Some(Proposal { height, round, block: block(), justification: None }),
        entered: Some(justification()),
    };
    lines.encoding("record", &record);
    lines.check("messages.txt");
}

#[test]
fn evidence() {
    let mut lines = Lines::default();
    let (height, round) = (Height(4), Round(2));
    let (a, b) = (Hash([0xaa; 32]), Hash([0xbb; 32]));
    let proposed = |block: Hash| {
        (block, CHANNEL, key(1).sign(&proposal_digest(&CHANNEL, height, round, &block, &CHANNEL)))
    };
    let stage = Stage::Confirm;
    let confirmed =
        |block: Hash| (block, key(1).sign(&ballot_digest(&CHANNEL, stage, height, round, &block)));
    let one = |text: &str| {
        let transaction = Transaction { timestamp_us: 1, data: text.into() };
        let batch = Batch::seal(&key(1), CHANNEL, Sequence(7), vec![transaction]);
        (batch.header, batch.signature)
    };
    let denied = Contradiction::ConfirmAndComplaint {
        height,
        round,
        confirmed: confirmed(a),
        complained: Round(3),
        high: Some(Round(1)),
        complaint: key(1).sign(&complaint_digest(&CHANNEL, height, Round(3), Some(Round(1)))),
    };
    let statements = [proposed(a), proposed(b)];
    let ballots = [confirmed(a), confirmed(b)];
    for (name, contradiction) in [
        ("proposals", Contradiction::Proposals { height, round, statements }),
        ("ballots", Contradiction::Ballots { stage, height, round, statements: ballots }),
        ("confirm and complaint", denied),
        ("batches", Contradiction::Batches([one("a"), one("b")])),
    ] {
        let evidence = Evidence { signer: peer(1), contradiction };
        assert!(evidence.is_genuine(&CHANNEL, &key(1).public_key()), "{name}");
        lines.encoding(name, &evidence);
    }
    lines.check("evidence.txt");
}
