//! What must always hold, one property a file, in arithmetic of its own. `Watch` hears of all that
//! peers do and stops a run at the first thing that must not be.

mod agreement;
mod batches;
mod blame;
mod bounded;
mod certificates;
mod complaints;
mod durable;
mod found;
mod gapless;
mod memory;
mod once;
mod progress;

use std::rc::Rc;

use chain::block::CommittedBlock;
use chain::count::{Height, Round};
use chain::evidence::Evidence;
use chain::keys::PeerId;
use chain::lft::message::Message;

use super::council::Council;
use super::disk::Contents;
use super::shared::Place;

pub use progress::{Progress, TIMEOUTS_MAX};

/// The name of a property, as reports write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    Agreement,
    Gapless,
    Once,
    Durable,
    Complaints,
    Certificates,
    Batches,
    Bounded,
    Blame,
    Memory,
    Found,
    Progress,
    Panics,
}

impl Invariant {
    pub const ALL: [Invariant; 13] = [
        Invariant::Agreement,
        Invariant::Gapless,
        Invariant::Once,
        Invariant::Durable,
        Invariant::Complaints,
        Invariant::Certificates,
        Invariant::Batches,
        Invariant::Bounded,
        Invariant::Blame,
        Invariant::Memory,
        Invariant::Found,
        Invariant::Progress,
        Invariant::Panics,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Invariant::Agreement => "agreement",
            Invariant::Gapless => "gapless heights",
            Invariant::Once => "one vote and one confirm per round",
            Invariant::Durable => "nothing sent that was not durable",
            Invariant::Complaints => "confirms and complaints are consistent",
            Invariant::Certificates => "certificates are genuine and by the right validators",
            Invariant::Batches => "accepted batches are committed once, in order",
            Invariant::Bounded => "every buffer is bounded",
            Invariant::Blame => "nobody honest is blamed, and nobody without reason",
            Invariant::Memory => "a peer put back does not contradict what a quorum heard it say",
            Invariant::Found => "a contradiction that is heard is found",
            Invariant::Progress => "progress once troubles are over",
            Invariant::Panics => "no peer panics",
        }
    }
}

/// What was broken, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    pub what: String,
}

/// One channel's, or one peer's, view of a broken property.
pub(super) type Verdict = Result<(), String>;

pub struct Watch {
    /// The only property that matters, if not all do.
    pub only: Option<Invariant>,
    pub violation: Option<Violation>,
    agreement: agreement::Agreement,
    gapless: gapless::Gapless,
    once: once::Once,
    complaints: complaints::Complaints,
    pub certificates: certificates::Certificates,
    pub batches: batches::Batches,
    pub bounded: bounded::Bounded,
    blame: blame::Blame,
    memory: memory::Memory,
    found: found::Found,
    pub heights: u64,
}

impl Watch {
    /// Over channels that begin with these members; `bounded` is what peers may keep in memory.
    pub fn new(councils: &[Council], honest: Vec<PeerId>, only: Option<Invariant>) -> Watch {
        Watch {
            only,
            violation: None,
            agreement: agreement::Agreement::default(),
            gapless: gapless::Gapless::default(),
            once: once::Once::default(),
            complaints: complaints::Complaints::default(),
            certificates: certificates::Certificates::new(councils),
            batches: batches::Batches::default(),
            bounded: bounded::Bounded::default(),
            blame: blame::Blame::new(honest),
            memory: memory::Memory::default(),
            found: found::Found::default(),
            heights: 0,
        }
    }

    /// Notes a verdict; the first that is bad stops the run.
    pub fn note(&mut self, invariant: Invariant, verdict: Verdict) {
        let counts = self.only.is_none_or(|only| only == invariant);
        if let Err(what) = verdict
            && counts
            && self.violation.is_none()
        {
            self.violation = Some(Violation { invariant, what });
        }
    }

    /// An honest peer has signed `message`; that is on its disk.
    pub fn sent(&mut self, place: &Place, message: &Message, durable: &Contents) {
        self.note(Invariant::Durable, durable::check(message, durable.record.as_deref()));
        let verdict = self.once.sent(place, message);
        self.note(Invariant::Once, verdict);
        let verdict = self.complaints.sent(place, message);
        self.note(Invariant::Complaints, verdict);
        let high = durable.record.as_ref().and_then(|record| record.high.as_ref());
        let verdict = self.certificates.sent(place, message, high);
        self.note(Invariant::Certificates, verdict);
    }

    /// A peer whose storage is put back from earlier copies has signed `message`.
    pub fn sent_by_put_back(&mut self, place: &Place, message: &Message) {
        let certificates = &self.certificates;
        let council = certificates.council(place.channel, message.height());
        let verdict = self.memory.sent(place, message, council);
        self.note(Invariant::Memory, verdict);
    }

    /// A peer has heard and checked `message` about the height that it decides, in round `now`.
    pub fn heard(&mut self, place: &Place, message: &Message, now: Round) {
        if place.honest {
            self.memory.heard(place, message);
            self.found.heard(place, message, now);
        }
    }

    /// A peer that decides `height` now has done all that what happened asks for.
    pub fn turn_ended(&mut self, place: &Place, height: Height, disk: &Contents) {
        let verdict = self.found.turn_ended(place, height, disk);
        self.note(Invariant::Found, verdict);
    }

    /// The power of a peer has failed.
    pub fn failed(&mut self, place: &Place) {
        self.memory.failed(place);
        self.found.failed(place);
    }

    /// An honest peer has committed a block.
    pub fn committed(&mut self, place: &Place, committed: &CommittedBlock, disk: &Contents) {
        let verdict = self.agreement.committed(place, &committed.block);
        self.note(Invariant::Agreement, verdict);
        let verdict = self.gapless.committed(place, &committed.block);
        self.note(Invariant::Gapless, verdict);
        let verdict = self.certificates.committed(place, committed);
        self.note(Invariant::Certificates, verdict);
        let verdict = self.batches.committed(place, &committed.block, disk);
        self.note(Invariant::Batches, verdict);
        self.heights = self.heights.max(committed.block.header.height.0);
    }

    /// A peer runs again, with what was on its disk.
    pub fn started(&mut self, place: &Place, height: Height) {
        self.gapless.started(place, height);
    }

    pub fn accused(&mut self, place: &Place, evidence: &Rc<Evidence>) {
        if place.honest {
            let verdict = self.blame.accused(place, evidence);
            self.note(Invariant::Blame, verdict);
            let without_reason = !self.certificates.is_true(place.channel, evidence);
            let what = || format!("peer {} accuses without reason: {evidence:?}", place.at);
            self.note(Invariant::Blame, if without_reason { Err(what()) } else { Ok(()) });
        }
    }

    pub fn punished(&mut self, place: &Place, sender: &Place, why: &str) {
        self.punished_by_name(place, sender.me, why);
    }

    pub fn punished_by_name(&mut self, place: &Place, sender: PeerId, why: &str) {
        if place.honest {
            let verdict = self.blame.punished(place, &sender, why);
            self.note(Invariant::Blame, verdict);
        }
    }

    /// The members of a channel after the last block that anybody honest committed.
    pub fn council(&self, channel: usize) -> &Council {
        self.certificates.last_council(channel)
    }
}
