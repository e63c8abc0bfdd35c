//! Rules broken on purpose, to see that the invariants notice. Each mutant is made around the rules
//! as shipped: what `step` is told, its state between two calls, its effects, and what reaches the
//! disk. Nothing in the shipped crates knows of them.

mod quorums;
mod wrapped;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use chain::block::{Block, CommittedBlock};
use chain::certificate::{CertificateError, Stage};
use chain::channel::Settings;
use chain::count::Round;
use chain::hash::Hash;
use chain::keys::{PeerId, Verified};
use chain::ledger::{Head, Invalid};
use chain::lft::Record;
use chain::lft::message::{Known, Message, MessageError};
use chain::pool::PoolLimits;

use super::charter::POOL;
use super::packet::Letter;
use super::shared::Shared;
pub use wrapped::step;

/// Ballots and complaints that a peer has heard at one height; for mutants that count themselves.
#[derive(Debug, Default)]
pub struct Heard {
    pub ballots: BTreeMap<(Stage, Round, Hash), BTreeSet<PeerId>>,
    pub complaints: BTreeMap<PeerId, Round>,
}

macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident = $words:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Mutant { $($(#[$doc])* $name,)* }

        impl Mutant {
            pub const ALL: &'static [Mutant] = &[$(Mutant::$name,)*];

            pub fn name(self) -> &'static str {
                match self { $(Mutant::$name => $words,)* }
            }
        }
    };
}

mutants! {
    ConfirmsAfterComplaining = "confirm after complaining",
    /// Leaders propose what they like, and voters follow.
    IgnoresHigh = "leader may ignore the reported high",
    HighNotPersisted = "high not persisted before CONFIRM",
    VoteNotPersisted = "vote not persisted",
    QuorumOfHalf = "quorum of half the weight",
    QuorumOf65 = "quorum of 0.65 of the weight",
    /// The dishonest all say that they belong to the group of the first honest validator.
    GroupsFromMessage = "groups taken from the message",
    NoJoin = "no rule 5",
    TimeoutConstant = "timeout never doubles",
    SignatureWithoutChannel = "signature without the channel",
    VotesAfterComplaining = "vote after complaining",
    ComplaintNotPersisted = "complaint not persisted",
    ProposalNotPersisted = "proposal not persisted",
    RoundNotPersisted = "what led to the round not persisted",
    NothingSaidAgain = "nothing said again at a timeout",
    HighNotReported = "complaints never report high",
    StaleValidators = "validators of the height before",
    BelievesBlocks = "blocks not checked before voting",
    VotesWithoutBatches = "vote without holding the batches",
    BelievesCommitted = "fetched blocks taken without certificate",
    NeverSendsAgain = "own batches never sent again",
    KeepsAllEarly = "early messages not bounded",
    AcknowledgesEarly = "batches acknowledged before they are durable",
    PoolUnbounded = "pool not bounded",
    DropsEvidence = "contradictions not accused",
    NotPassedOn = "what led to a round not passed on",
    RatioIgnored = "VOTING_RATIO ignored",
    SpeaksAtOnce = "a peer that starts speaks before others told what it said",
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub fn timeout_ms_max(mutant: Option<Mutant>, settings: &Settings) -> u64 {
    match mutant {
        Some(Mutant::TimeoutConstant) => settings.complain_timeout_ms,
        _ => settings.complain_timeout_ms_max,
    }
}

pub fn believes_blocks(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::BelievesBlocks)
}

pub fn votes_without_batches(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::VotesWithoutBatches)
}

pub fn never_sends_again(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::NeverSendsAgain)
}

pub fn acknowledges_early(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::AcknowledgesEarly)
}

pub fn speaks_at_once(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::SpeaksAtOnce)
}

pub fn pool_limits(mutant: Option<Mutant>) -> PoolLimits {
    match mutant {
        Some(Mutant::PoolUnbounded) => PoolLimits { bytes_per_maker: u64::MAX, bytes: u64::MAX },
        _ => POOL,
    }
}

pub fn keeps_all_early(mutant: Option<Mutant>) -> bool {
    mutant == Some(Mutant::KeepsAllEarly)
}

/// What reaches the disk of a record.
pub fn stored(mutant: Option<Mutant>, record: Record) -> Record {
    match mutant {
        Some(Mutant::HighNotPersisted) => Record { high: None, ..record },
        Some(Mutant::VoteNotPersisted) => {
            Record { voted: None, block: None, earlier: Vec::new(), ..record }
        }
        Some(Mutant::ComplaintNotPersisted) => Record { complained: None, ..record },
        Some(Mutant::ProposalNotPersisted) => Record { proposed: None, ..record },
        Some(Mutant::RoundNotPersisted) => Record { entered: None, ..record },
        _ => record,
    }
}

/// Whether a message is genuine, by the mutant's idea of who decides.
pub fn verify(
    shared: &Shared,
    letter: &Letter,
    known: &Rc<Known>,
) -> Result<Verified<Message>, MessageError> {
    let Some(mutant) = shared.mutant else { return letter.verify(known) };
    let with = |validators| {
        let Known { channel, height, .. } = **known;
        Rc::new(Known { channel, height, validators })
    };
    let known = with(quorums::seen(mutant, shared, &known.validators));
    let verdict = letter.verify(&known);
    let weak = Err(MessageError::Certificate(CertificateError::Quorum));
    if verdict != weak {
        return verdict;
    }
    match quorums::forged_for(mutant, &letter.message, &known.validators) {
        Some(validators) => letter.verify(&with(validators)),
        None => verdict,
    }
}

/// `Head::check_proposed`, by the mutant's idea of a quorum.
pub fn check_proposed(
    shared: &mut Shared,
    head: &Head,
    block: &Block,
    now_us: u64,
) -> Result<(), Invalid> {
    let Some(mutant) = shared.mutant else { return shared.memo.proposed(head, block, now_us) };
    quorums::lenient(mutant, shared, head, block).check_proposed(block, now_us)
}

/// `Head::check_committed`, by the mutant's idea of a quorum.
pub fn check_committed(
    shared: &mut Shared,
    head: &Head,
    committed: &CommittedBlock,
) -> Result<(), Invalid> {
    let Some(mutant) = shared.mutant else { return shared.memo.committed(head, committed) };
    let lenient = quorums::lenient(mutant, shared, head, &committed.block);
    if mutant == Mutant::BelievesCommitted {
        return lenient.check(&committed.block);
    }
    let certificate = &committed.certificate;
    let of_block = certificate.stage == Stage::Confirm
        && certificate.height == committed.block.header.height
        && certificate.block == committed.block.hash();
    if !of_block {
        return Err(Invalid::Certificate);
    }
    lenient.check(&committed.block)?;
    let validators = quorums::seen(mutant, shared, &head.validators());
    let signers = certificate.signatures.iter().map(|(signer, _)| *signer).collect();
    let validators = quorums::lowered(mutant, &validators, &signers).unwrap_or(validators);
    certificate.check(&head.channel, &validators).map_err(Invalid::CertificateRefused)
}
