//! What a chain is made of: it comes from other peers, and back from the disk.

use std::collections::BTreeMap;

use chain::batch::{Batch, BatchRules};
use chain::block::{Block, BlockContent, CommittedBlock};
use chain::channel::SignedGenesis;
use chain::count::{Round, Sequence};
use chain::encoding::{decode, encode};
use chain::keys::verify;
use chain::ledger::{BATCHES_MAX, ENTRIES_MAX, Head};
use chain::lft::Record;
use chain::lft::message::Message;
use chain::membership::{Entry, GROUP_BYTES_MAX, Membership, SignedEntry};
use chain::transaction::{Transaction, TransactionSignature};

use super::SMALL;
use crate::world::{ANYTHING, RADIOSTATION, key, settings, world};
use crate::{Target, Verdict, decoded, taken};

pub const TRANSACTION: Target = Target {
    name: "transaction",
    decodes: "a transaction, and a transaction's signature with its path (chain::transaction)",
    bytes_max: 1024,
    runs: 40_000,
    memory_max: SMALL,
    run: transaction,
    seeds: || {
        let batch = &world().batches[0];
        let mut seeds: Vec<Vec<u8>> = batch.transactions.iter().map(encode).collect();
        for index in 0..batch.transactions.len() {
            seeds.push(encode(&batch.transaction_signature(index).expect("it is there")));
        }
        seeds
    },
};

fn transaction(bytes: &[u8]) -> Verdict {
    let plain = decoded::<Transaction>(bytes);
    let Some(signature) = decoded::<TransactionSignature>(bytes) else { return taken(plain) };
    let batch = &world().batches[0];
    for (index, hash) in batch.transaction_hashes().iter().enumerate() {
        if signature.check(hash, &key(1).public_key()).is_ok() {
            let genuine = batch.transaction_signature(index);
            assert_eq!(Some(signature), genuine, "another signature of transaction {index}");
            break;
        }
    }
    Verdict::Taken
}

pub const BATCH: Target = Target {
    name: "batch",
    decodes: "a batch of transactions (chain::batch)",
    bytes_max: 4096,
    runs: 40_000,
    memory_max: SMALL,
    run: batch,
    seeds: || world().batches.iter().map(encode).collect(),
};

fn rules(maker: u8) -> BatchRules {
    let (channel, maker) = (world().head.channel, key(maker).public_key());
    BatchRules { channel, settings: settings(), maker }
}

fn batch(bytes: &[u8]) -> Verdict {
    let Some(batch) = decoded::<Batch>(bytes) else { return Verdict::Refused };
    if verify(batch.clone(), &rules(1)).is_ok() {
        assert!(world().batches.contains(&batch), "nobody signed this batch");
    }
    // As its maker would have signed it, only the limits count.
    let Batch { header, transactions, .. } = batch;
    if transactions.is_empty() {
        return Verdict::Taken;
    }
    let number = Sequence(header.number.0.max(1));
    let sealed = Batch::seal(&key(ANYTHING), world().head.channel, number, transactions);
    let settings = settings();
    let fits = sealed.transactions.len() as u64 <= settings.batch_transactions_max
        && encode(&sealed).len() as u64 <= settings.batch_bytes_max
        && sealed
            .transactions
            .iter()
            .all(|t| t.data.len() as u64 <= settings.transaction_bytes_max);
    assert_eq!(verify(sealed, &rules(ANYTHING)).is_ok(), fits, "the limits of a batch");
    Verdict::Taken
}

pub const BLOCK: Target = Target {
    name: "block",
    decodes: "a block, and a committed block with its certificate (chain::block, chain::ledger)",
    bytes_max: 4096,
    runs: 30_000,
    memory_max: SMALL,
    run: block,
    seeds: || {
        let committed = world().committed.iter();
        committed.flat_map(|one| [encode(one), encode(&one.block)]).collect()
    },
};

fn block(bytes: &[u8]) -> Verdict {
    let committed = decoded::<CommittedBlock>(bytes);
    let head = &world().head;
    if let Some(committed) = &committed
        && head.check_committed(committed).is_ok()
    {
        assert_eq!(committed.block, world().committed[1].block, "nobody confirmed this block");
    }
    let Some(block) = committed.map(|c| c.block).or_else(|| decoded::<Block>(bytes)) else {
        return Verdict::Refused;
    };
    let head = Head { radiostation: key(ANYTHING).public_key(), ..head.clone() };
    apply(&head, &mended(&head, block));
    Verdict::Taken
}

/// `block` as a dishonest leader could make it: with a place and signatures that are right.
fn mended(head: &Head, block: Block) -> Block {
    let Block { header, batches, entries, previous_certificate } = block;
    let sign =
        |signed: SignedEntry| Entry { channel: head.channel, ..signed.entry }.sign(&key(ANYTHING));
    let content = BlockContent {
        timestamp_us: header.timestamp_us,
        batches,
        entries: entries.into_iter().map(sign).collect(),
        previous_certificate: world().committed[0].certificate.clone().into(),
        executed: header.executed,
    };
    let certificate = content.previous_certificate.clone();
    let content =
        BlockContent { previous_certificate: previous_certificate.and(certificate), ..content };
    Block::new(head.channel, head.height.next(), head.hash, header.maker, content)
}

/// What a block that `check` finds valid keeps to, in arithmetic of its own; and the head after it.
fn apply(head: &Head, block: &Block) {
    if head.check(block).is_err() {
        return;
    }
    let limits = &head.settings;
    let transactions: u128 = block.batches.iter().map(|batch| u128::from(batch.count)).sum();
    let bytes: u128 = block.batches.iter().map(|batch| u128::from(batch.bytes)).sum();
    assert!(transactions <= u128::from(limits.block_transactions_max), "transactions of a block");
    assert!(bytes <= u128::from(limits.block_bytes_max), "bytes of a block");
    assert!(block.batches.len() <= BATCHES_MAX && block.entries.len() <= ENTRIES_MAX);
    let mut last = BTreeMap::new();
    for batch in &block.batches {
        let before = last.entry(batch.maker).or_insert(head.next_batch(&batch.maker).0 - 1);
        assert_eq!(batch.number.0, *before + 1, "the batches of {}", batch.maker);
        *before = batch.number.0;
    }
    let after = head.apply(block);
    assert_eq!(after.height, block.header.height);
    assert!(decoded::<Head>(&encode(&after)).is_some(), "a head is read back");
    check_members(&after.membership);
    check_validators(&after);
}

fn check_members(membership: &Membership) {
    let members = membership.members();
    assert!(members.is_sorted_by(|one, other| one.order < other.order), "one order twice");
    assert!(members.iter().any(|member| member.is_validator()), "nobody decides");
    assert!(members.iter().all(|member| member.group.len() <= GROUP_BYTES_MAX), "a long group");
}

/// Who decides next can be told, and all of them together can decide.
fn check_validators(head: &Head) {
    let validators = head.validators();
    let all = validators.all().iter().map(|validator| validator.peer).collect();
    assert!(validators.is_quorum(&all) && validators.has_honest(&all));
    assert!(!validators.is_quorum(&Default::default()));
    let base = head.base_leader(&validators);
    for round in [0, 1, u64::MAX] {
        let leader = validators.leader(base, Round(round));
        assert!(validators.get(&leader.peer).is_some());
    }
    let tolerance = validators.tolerance();
    assert!(tolerance.silent_to_stop_progress >= 1, "{tolerance:?}");
    assert!(tolerance.dishonest_to_break_safety >= 1, "{tolerance:?}");
}

pub const GENESIS: Target = Target {
    name: "genesis",
    decodes: "a channel's first block, from the radiostation (chain::channel)",
    bytes_max: 1024,
    runs: 50_000,
    memory_max: SMALL,
    run: genesis,
    seeds: || vec![encode(&world().genesis)],
};

fn genesis(bytes: &[u8]) -> Verdict {
    let Some(signed) = decoded::<SignedGenesis>(bytes) else { return Verdict::Refused };
    if verify(signed.clone(), &key(RADIOSTATION).public_key()).is_ok() {
        assert_eq!(signed, world().genesis, "nobody signed this genesis");
    }
    let radiostation = key(ANYTHING);
    let mut genesis = signed.genesis;
    genesis.radiostation = radiostation.public_key();
    if let Ok(signed) = verify(genesis.sign(&radiostation), &radiostation.public_key()) {
        let genesis = &signed.genesis;
        let name = &genesis.name;
        assert!(!name.starts_with('.') && !name.contains('/') && name.len() <= 64, "{name:?}");
        let limits = &genesis.settings;
        assert!(
            limits.batch_bytes_max <= limits.block_bytes_max && limits.block_bytes_max <= 1 << 27
        );
        let head = Head::new(genesis);
        check_members(&head.membership);
        check_validators(&head);
    }
    Verdict::Taken
}

pub const ENTRY: Target = Target {
    name: "entry",
    decodes: "a membership entry, from the radiostation and other peers (chain::membership)",
    bytes_max: 1024,
    runs: 40_000,
    memory_max: SMALL,
    run: entry,
    seeds: || world().entries.iter().map(encode).collect(),
};

fn entry(bytes: &[u8]) -> Verdict {
    let Some(signed) = decoded::<SignedEntry>(bytes) else { return Verdict::Refused };
    if verify(signed.clone(), &key(RADIOSTATION).public_key()).is_ok() {
        assert!(world().entries.contains(&signed), "nobody signed this entry");
    }
    let radiostation = key(ANYTHING);
    let entry = Entry { channel: world().head.channel, ..signed.entry };
    let sequence = entry.sequence;
    assert!(verify(entry.clone().sign(&radiostation), &radiostation.public_key()).is_ok());
    let mut head = world().head.clone();
    head.membership.apply(&entry);
    assert_eq!(head.membership.entries, sequence);
    check_members(&head.membership);
    check_validators(&head);
    Verdict::Taken
}

pub const RECORD: Target = Target {
    name: "record",
    decodes: "a peer's record of votes and a ledger's head, from the disk (chain::lft, chain::ledger)",
    bytes_max: 4096,
    runs: 100_000,
    memory_max: SMALL,
    run: record,
    seeds: || {
        let world = world();
        let height = world.known.height;
        let mut full = Record { voted: Some((Round(0), world.head.hash)), ..Record::at(height) };
        full.complained = Some(Round(0));
        for message in &world.messages {
            match message {
                Message::Proposal { proposal, .. } => {
                    full.block = Some(proposal.block.clone());
                    full.proposed = Some(proposal.clone());
                }
                Message::Justification(justification) => {
                    full.high = justification.high.clone();
                    full.entered = Some(justification.clone());
                }
                _ => {}
            }
        }
        vec![encode(&Record::at(height)), encode(&full), encode(&world.head)]
    },
};

/// A record is sent in parts and signed; a head holds a map, which is read in any order and
/// written in one.
fn record(bytes: &[u8]) -> Verdict {
    let head = decode::<Head>(bytes).ok();
    if let Some(head) = &head {
        assert_eq!(decode(&encode(head)).as_ref(), Ok(head), "a head is read back");
    }
    taken(decoded::<Record>(bytes)).or(taken(head))
}
