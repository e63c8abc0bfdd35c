//! A channel with four validators after its first block, everything that was signed there, and who
//! signed what: whatever else `verify` accepts is a forgery.

mod said;

use std::sync::OnceLock;

use chain::batch::Batch;
use chain::block::{Block, BlockContent, CommittedBlock, Executed};
use chain::certificate::{Certificate, Stage, ballot_digest};
use chain::channel::{Genesis, Settings, SignedGenesis};
use chain::count::{Height, Round, Sequence, Weight};
use chain::encoding::encode;
use chain::evidence::{Contradiction, Evidence};
use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::ledger::Head;
use chain::lft::message::{
    Ballot, Complaint, ComplaintCertificate, Justification, Known, Message, Proposal, Statement,
    complaint_digest, proposal_digest,
};
use chain::membership::{Change, Entry, Member, Role, SignedEntry};
use chain::score::Version;
use chain::transaction::Transaction;

pub use said::Book;

/// Number of the radiostation's key.
pub const RADIOSTATION: u8 = 200;
/// Number of a key that signs what inputs hold. The others never do: libFuzzer looks at what is
/// compared, and would take a signature from there and put it under what it belongs to.
pub const ANYTHING: u8 = 99;
/// The validator that may say anything.
pub const DISHONEST: u8 = 4;

pub struct World {
    pub genesis: SignedGenesis,
    /// After the first block.
    pub head: Head,
    /// What messages about the second block are checked against.
    pub known: Known,
    pub committed: Vec<CommittedBlock>,
    pub batches: Vec<Batch>,
    pub entries: Vec<SignedEntry>,
    /// Those of validators 1 to 3 do not contradict each other.
    pub messages: Vec<Message>,
    pub evidence: Vec<Evidence>,
    pub book: Book,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(World::new)
}

pub fn key(number: u8) -> SecretKey {
    SecretKey::from_bytes([number; 32]).expect("a small number is a key")
}

pub fn peer(number: u8) -> PeerId {
    key(number).public_key().peer_id()
}

pub fn member(number: u8) -> Member {
    Member {
        key: key(number).public_key(),
        order: u32::from(number),
        weight: Weight(1),
        group: peer(number).to_string(),
        role: Role::Validator,
        target: format!("127.0.0.1:{}", 7000 + u32::from(number)),
    }
}

/// Small, so that inputs reach the limits.
pub fn settings() -> Settings {
    Settings {
        leader_block_limit: 2,
        block_bytes_max: 4_000,
        block_transactions_max: 12,
        transaction_bytes_max: 300,
        batch_bytes_max: 1_500,
        batch_transactions_max: 6,
        voting_ratio: None,
        block_interval_ms: 0,
        complain_timeout_ms: 1_000,
        complain_timeout_ms_max: 60_000,
    }
}

pub fn genesis() -> Genesis {
    Genesis {
        name: "letters".into(),
        score_package: "develop/count".into(),
        settings: settings(),
        radiostation: key(RADIOSTATION).public_key(),
        first: member(1),
    }
}

fn batch(channel: Hash, maker: u8, number: u64, texts: &[&str]) -> Batch {
    let transaction = |text: &&str| Transaction { timestamp_us: 1_600, data: text.to_string() };
    let transactions = texts.iter().map(transaction).collect();
    Batch::seal(&key(maker), channel, Sequence(number), transactions)
}

pub fn certificate(channel: Hash, ballot: Ballot, signers: &[u8]) -> Certificate {
    let Ballot { stage, height, round, block } = ballot;
    let digest = ballot_digest(&channel, stage, height, round, &block);
    let sign = |number: &u8| (peer(*number), key(*number).sign(&digest));
    let mut signatures: Vec<_> = signers.iter().map(sign).collect();
    signatures.sort();
    Certificate { stage, height, round, block, signatures }
}

/// The block with `batches` and `entries` that comes after `head`, made by validator 1.
pub fn next_block(
    head: &Head,
    batches: &[&Batch],
    entries: Vec<SignedEntry>,
    previous_certificate: Option<Certificate>,
) -> Block {
    let content = BlockContent {
        timestamp_us: head.timestamp_us + 1_000,
        batches: batches.iter().map(|batch| batch.reference(encode(*batch).len())).collect(),
        entries,
        previous_certificate,
        executed: Executed::default(),
    };
    Block::new(head.channel, head.height.next(), head.hash, peer(1), content)
}

impl World {
    fn new() -> World {
        let genesis = genesis().sign(&key(RADIOSTATION));
        let begun = Head::new(&genesis.genesis);
        let channel = begun.channel;
        let entry = |(at, change): (usize, Change)| {
            let sequence = Sequence(at as u64 + 1);
            Entry { channel, sequence, change }.sign(&key(RADIOSTATION))
        };
        let changes = [
            Change::Join(member(2)),
            Change::Join(member(3)),
            Change::Join(Member { weight: Weight(1), ..member(DISHONEST) }),
            Change::Weight(peer(2), Weight(2)),
            Change::Weight(peer(2), Weight(1)),
            Change::Group(peer(3), "east".into()),
            Change::Role(peer(3), Role::Client),
            Change::Role(peer(3), Role::Validator),
            Change::Leave(peer(DISHONEST)),
            Change::Score { from: Version([1; 20]), to: Version([2; 20]) },
        ];
        let entries: Vec<SignedEntry> = changes.into_iter().enumerate().map(entry).collect();
        let batches = vec![
            batch(channel, 1, 1, &["{\"a\":1}", "b", ""]),
            batch(channel, 1, 2, &["c"]),
            batch(channel, 2, 1, &["{\"method\":\"ä\",\"params\":[1,2.5e3,null]}", "d"]),
        ];
        let first = next_block(&begun, &[&batches[0]], entries[..3].to_vec(), None);
        let confirmed = |block: &Block, signers: &[u8]| {
            let (height, round) = (block.header.height, Round(0));
            let ballot = Ballot { stage: Stage::Confirm, height, round, block: block.hash() };
            certificate(channel, ballot, signers)
        };
        let proof = confirmed(&first, &[1]);
        let first = CommittedBlock { block: first, certificate: proof };
        let head = begun.apply(&first.block);
        let more = entries[3..6].to_vec();
        let proof = Some(first.certificate.clone());
        let second = next_block(&head, &[&batches[1], &batches[2]], more, proof);
        let proof = confirmed(&second, &[1, 2, 3]);
        let committed = vec![first, CommittedBlock { block: second, certificate: proof }];
        let messages = messages(&head, &committed[1].block);
        let validators = head.validators();
        let known = Known { channel, height: head.height.next(), validators };
        let mut book = Book::default();
        messages.iter().for_each(|message| book.add(message));
        let evidence = evidence(channel);
        World { genesis, head, known, committed, batches, entries, messages, evidence, book }
    }
}

/// What is said at the second height: one block, complaints about round 0, the block again.
fn messages(head: &Head, block: &Block) -> Vec<Message> {
    let (channel, height, hash) = (head.channel, head.height.next(), block.hash());
    let [round, next] = [Round(0), Round(1)];
    let ballot = |stage| Ballot { stage, height, round, block: hash };
    let high = certificate(channel, ballot(Stage::Vote), &[1, 2, 3]);
    let digest = complaint_digest(&channel, height, round, Some(round));
    let complaints = |number: u8| (peer(number), Some(round), key(number).sign(&digest));
    let mut complaints: Vec<_> = [1, 2, 3].map(complaints).to_vec();
    complaints.sort();
    let complaints = ComplaintCertificate { height, round, complaints };
    let justification = Justification { complaints, high: Some(high.clone()) };
    let propose = |round, justification| {
        Statement::Propose(Proposal { height, round, block: block.clone(), justification })
    };
    let complain = |reported: Option<Round>| {
        let high = reported.map(|_| high.clone());
        Statement::Complain(Complaint { height, round, high: reported }, high)
    };
    let mut said = vec![
        (1, propose(round, None)),
        (2, propose(next, Some(justification.clone()))),
        (1, Statement::PassOn(justification)),
        (DISHONEST, complain(None)),
    ];
    for number in 1..=DISHONEST {
        said.push((number, Statement::Ballot(ballot(Stage::Vote))));
        said.push((number, Statement::Ballot(ballot(Stage::Confirm))));
    }
    for number in 1..DISHONEST {
        said.push((number, complain(Some(round))));
    }
    said.into_iter().map(|(number, said)| said.sign(&channel, &key(number))).collect()
}

/// One proof of each kind against the dishonest validator, at another height than the messages'.
fn evidence(channel: Hash) -> Vec<Evidence> {
    let (height, round, signer) = (Height(9), Round(1), key(DISHONEST));
    let (a, b) = (Hash([0xaa; 32]), Hash([0xbb; 32]));
    let stage = Stage::Confirm;
    let proposed = |block: Hash| {
        let digest = proposal_digest(&channel, height, round, &block, &a);
        (block, a, signer.sign(&digest))
    };
    let cast =
        |block: Hash| (block, signer.sign(&ballot_digest(&channel, stage, height, round, &block)));
    let one = |text: &str| {
        let batch = batch(channel, DISHONEST, 7, &[text]);
        (batch.header, batch.signature)
    };
    let complained = Round(3);
    let high = Some(Round(0));
    let complaint = signer.sign(&complaint_digest(&channel, height, complained, high));
    let confirmed = cast(a);
    [
        Contradiction::Proposals { height, round, statements: [proposed(a), proposed(b)] },
        Contradiction::Ballots { stage, height, round, statements: [cast(a), cast(b)] },
        Contradiction::ConfirmAndComplaint {
            height,
            round,
            confirmed,
            complained,
            high,
            complaint,
        },
        Contradiction::Batches([one("a"), one("b")]),
    ]
    .map(|contradiction| Evidence { signer: peer(DISHONEST), contradiction })
    .to_vec()
}
