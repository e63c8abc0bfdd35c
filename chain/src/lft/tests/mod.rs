//! Table tests, one file per rule. A case is a script: on each line an event, `=>`, and the effects
//! that must follow, in order, `;` between them; a line without `=>` goes on with the one before.
//!
//! Validators are 0 to 3 in the order of leading: validator r leads round r. Blocks are a letter
//! and their maker: `A0`. A vote certificate is `round/block`, complaints are `signers:high`, where
//! high is `-`, a certificate, or a round without the certificate; several are joined by `+`.
//!
//! | event | |
//! |---|---|
//! | `block 1 A1 because 012:-` | BLOCK of round 1, after such complaints about round 0 |
//! | `vote 0 A0 by 2`, `confirm 0 A0 by 2` | a ballot |
//! | `complain 0 by 2`, `complain 0 by 2 high 0/A0` | a complaint |
//! | `pass 0 because 012:-` | a complaint certificate passed on |
//! | `checked A0`, `refused A0`, `found A0` | answers to `check` and `fetch` |
//! | `built 0 A0`, `built 0 -`, `timeout 0`, `work`, `restart` | |

mod behind;
mod commit;
mod complain;
mod confirm;
mod join;
mod message;
mod network;
mod next_round;
mod recovery;
mod standing;
mod tally;
mod timers;
mod vote;
mod waits;

use crate::block::{Block, BlockContent};
use crate::certificate::{Certificate, Stage};
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::{PeerId, verify};
use crate::ledger::Head;
use crate::lft::message::{
    Ballot, Complaint, ComplaintCertificate, Justification, Known, Message, Proposal, Statement,
    complaint_digest,
};
use crate::lft::standing::{Said, SignedSaid};
use crate::lft::{Effect, Event, Record, Rules, Start, State, step};
use crate::tests::{block, certificate, content, head, key, peer};

/// One validator of four, driven by a script.
struct Stand {
    head: Head,
    rules: Rules,
    state: State,
    /// As the `Persist`s so far left it.
    disk: Record,
    /// The disk as it was before this event.
    disk_before: Record,
    said: Vec<Said>,
}

/// Runs `script` on validator `me` and compares the effects of every line.
fn check(me: u8, script: &str) {
    let mut stand = Stand::new(me);
    for line in lines(script) {
        let (event, expected) = line.split_once("=>").expect("a line is: event => effects");
        let found = stand.tell(event.trim());
        assert_eq!(found, expected.trim(), "validator {me} at: {line}");
    }
}

/// The lines of a script; one without `=>` continues the one before.
fn lines(script: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match lines.last_mut().filter(|_| !line.contains("=>")) {
            Some(before) => *before += &format!(" {line}"),
            None => lines.push(line.to_string()),
        }
    }
    lines
}

impl Stand {
    fn new(me: u8) -> Stand {
        let head = head(4);
        let start = Start::after(&head, None, false);
        let disk = start.record.clone();
        let rules = Rules {
            me: peer(me + 1),
            channel: head.channel,
            timeout_ms: 1_000,
            timeout_ms_max: 60_000,
        };
        let disk_before = disk.clone();
        Stand { head, rules, state: State::new(start), disk, disk_before, said: Vec::new() }
    }

    /// What the event comes to, in words.
    fn tell(&mut self, event: &str) -> String {
        let words: Vec<&str> = event.split_whitespace().collect();
        let event = self.event(&words);
        self.tell_event(event)
    }

    fn tell_event(&mut self, event: Event) -> String {
        let (state, effects) = step(&self.rules, self.state.clone(), event);
        self.state = state;
        self.disk_before = self.disk.clone();
        let shown: Vec<String> = effects.iter().map(|effect| self.show(effect)).collect();
        assert_eq!(self.disk, self.state.record, "the record is what was persisted");
        shown.join("; ")
    }

    fn event(&mut self, words: &[&str]) -> Event {
        let height = self.state.height;
        match words {
            ["restart"] => {
                self.state = State::new(Start::after(&self.head, Some(self.disk.clone()), false));
                Event::Recovered
            }
            ["work"] => Event::WorkWaits,
            ["timeout", r] => Event::TimedOut { height, round: round(r) },
            ["built", r, name] => {
                let block = (*name != "-").then(|| self.block(name));
                Event::BlockBuilt { height, round: round(r), block }
            }
            ["checked" | "refused", name] => {
                let (block, valid) = (self.block(name).hash(), words[0] == "checked");
                Event::BlockChecked { height, block, valid }
            }
            ["found", name] => Event::BlockFound(self.block(name)),
            _ => self.received(self.message(words)),
        }
    }

    /// A message that `keys::verify` accepts.
    fn received(&self, message: Message) -> Event {
        let verified = verify(message, &self.known()).expect("the script's messages are genuine");
        Event::Received(Box::new(verified))
    }

    fn known(&self) -> Known {
        let validators = self.state.validators.clone();
        Known { channel: self.head.channel, height: self.state.height, validators }
    }

    fn message(&self, words: &[&str]) -> Message {
        let height = self.state.height;
        match words {
            ["block", r, name, rest @ ..] => {
                let round = round(r);
                let justification = match rest {
                    ["because", text] => {
                        Some(self.justification(Round(round.0.saturating_sub(1)), text))
                    }
                    _ => None,
                };
                let block = self.block(name);
                let proposal = Proposal { height, round, block, justification };
                self.sign(Statement::Propose(proposal), (round.0 % 4) as u8)
            }
            ["vote" | "confirm", r, name, "by", signer] => {
                let stage = if words[0] == "vote" { Stage::Vote } else { Stage::Confirm };
                let block = self.block(name).hash();
                let ballot = Ballot { stage, height, round: round(r), block };
                self.sign(Statement::Ballot(ballot), signer.parse().unwrap())
            }
            ["complain", r, "by", signer, rest @ ..] => {
                let high = match rest {
                    ["high", text] => self.certified(text),
                    _ => None,
                };
                let reported = high.as_ref().map(|c| c.round);
                let complaint = Complaint { height, round: round(r), high: reported };
                self.sign(Statement::Complain(complaint, high), signer.parse().unwrap())
            }
            ["pass", r, "because", text] => {
                Message::Justification(self.justification(round(r), text))
            }
            _ => panic!("no such event: {words:?}"),
        }
    }

    fn sign(&self, statement: Statement, signer: u8) -> Message {
        statement.sign(&self.head.channel, &key(signer + 1))
    }

    /// The block of that name: a letter and the maker's number.
    fn block(&self, name: &str) -> Block {
        let (letter, maker) = (name.as_bytes()[0], name[1..].parse::<u8>().unwrap());
        let batches = vec![crate::tests::reference(&self.head, 1, 1)];
        let timestamp_us = u64::from(letter);
        block(&self.head, maker + 1, BlockContent { timestamp_us, batches, ..content(&self.head) })
    }

    fn name(&self, hash: &Hash) -> String {
        let names =
            ('A'..='F').flat_map(|letter| (0..4).map(move |maker| format!("{letter}{maker}")));
        names.into_iter().find(|name| self.block(name).hash() == *hash).unwrap_or("?".into())
    }

    /// The vote certificate `round/block` of validators 0 to 2; `None` for `-` and a bare round.
    fn certified(&self, text: &str) -> Option<Certificate> {
        let (r, name) = text.split_once('/')?;
        let place = (self.state.height, round(r));
        let hash = self.block(name).hash();
        Some(certificate(self.head.channel, Stage::Vote, place, hash, 1..=3))
    }

    fn justification(&self, round: Round, text: &str) -> Justification {
        let (height, mut complaints, mut high) = (self.state.height, Vec::new(), None);
        for part in text.split('+') {
            let (signers, reported) = part.split_once(':').unwrap();
            let certificate = self.certified(reported);
            let number = reported.split('/').next().unwrap();
            let reported = (number != "-").then(|| self::round(number));
            high = certificate.or(high);
            let digest = complaint_digest(&self.head.channel, height, round, reported);
            let one = |c: char| c.to_digit(10).unwrap() as u8 + 1;
            let signed = |n: u8| (peer(n), reported, key(n).sign(&digest));
            complaints.extend(signers.chars().map(one).map(signed));
        }
        complaints.sort_unstable_by_key(|(signer, ..)| *signer);
        Justification { complaints: ComplaintCertificate { height, round, complaints }, high }
    }

    fn show(&mut self, effect: &Effect) -> String {
        match effect {
            Effect::Persist(record) => {
                let before = std::mem::replace(&mut self.disk, record.as_ref().clone());
                self.changes(&before)
            }
            Effect::Send(statement) => {
                self.note_said(statement);
                format!("send {}", self.show_statement(statement))
            }
            Effect::SetTimer { round, timeout_ms, .. } => format!("timer {round} {timeout_ms}"),
            Effect::BuildBlock { round, .. } => format!("build {round}"),
            Effect::CheckBlock(block) => format!("check {}", self.name(&block.hash())),
            Effect::FetchBlock { block, .. } => format!("fetch {}", self.name(block)),
            Effect::Commit(committed) => {
                let found = self.head.check_committed(committed);
                assert_eq!(found, Ok(()), "what is committed is final");
                format!(
                    "commit {} of {}",
                    self.name(&committed.block.hash()),
                    committed.certificate.round
                )
            }
            Effect::Accuse(evidence) => {
                let accused = (0..4).find(|n| peer(n + 1) == evidence.signer).unwrap();
                let public = key(accused + 1).public_key();
                assert!(evidence.is_genuine(&self.head.channel, &public), "{evidence:?}");
                format!("accuse {accused}")
            }
        }
    }

    /// Durable before sent: the disk covers it, and what was there before it was said does not.
    fn note_said(&mut self, statement: &Statement) {
        let message = statement.clone().sign(&self.head.channel, &key(1));
        let Some((_, SignedSaid { said, .. })) = SignedSaid::of(&message) else { return };
        assert!(self.disk.covers(&said), "not on disk before it was sent: {said:?}");
        // A complaint said again reports the highest certificate known by then.
        let again = self.said.iter().any(|earlier| match (earlier, &said) {
            (Said::Complaint(earlier), Said::Complaint(now)) => earlier.round == now.round,
            _ => *earlier == said,
        });
        assert!(again || !self.disk_before.covers(&said), "an older record covers {said:?}");
        self.said.push(said);
    }

    /// What `disk` has that `before` had not.
    fn changes(&self, before: &Record) -> String {
        let Record { height, voted, complained, high, block, proposed, entered, earlier: _ } =
            &self.disk;
        assert_eq!(*height, self.state.height);
        let certified = |c: &Certificate| format!("{}/{}", c.round, self.name(&c.block));
        let mut shown = String::from("persist");
        if *voted != before.voted {
            let (round, hash) = voted.expect("nothing durable is forgotten");
            assert_eq!(block.as_ref().map(Block::hash), Some(hash), "the block voted for is kept");
            shown += &format!(" voted {round}/{}", self.name(&hash));
        }
        if *complained != before.complained {
            shown += &format!(" complained {}", complained.unwrap());
        }
        if *high != before.high {
            shown += &format!(" high {}", certified(high.as_ref().unwrap()));
        }
        if *proposed != before.proposed {
            let proposal = proposed.as_ref().unwrap();
            shown += &format!(" proposed {}/{}", proposal.round, self.name(&proposal.block.hash()));
        }
        if *entered != before.entered {
            let after = entered.as_ref().map(|j| j.complaints.round.to_string());
            shown += &format!(" entered after {}", after.unwrap_or("-".into()));
        }
        assert_ne!(shown, "persist", "nothing is written twice");
        shown
    }

    fn show_statement(&self, statement: &Statement) -> String {
        let certified = |c: &Option<Certificate>| match c {
            Some(c) => format!("{}/{}", c.round, self.name(&c.block)),
            None => "-".into(),
        };
        match statement {
            Statement::Propose(Proposal { round, block, justification, .. }) => {
                let block = self.name(&block.hash());
                let because = justification.as_ref().map_or(String::new(), |j| {
                    format!(" because {} high {}", self.signers(&j.complaints), certified(&j.high))
                });
                format!("block {round} {block}{because}")
            }
            Statement::Ballot(Ballot { stage, round, block, .. }) => {
                format!("{} {round} {}", format!("{stage:?}").to_lowercase(), self.name(block))
            }
            Statement::Complain(Complaint { round, high: reported, .. }, high) => {
                assert_eq!(*reported, high.as_ref().map(|c| c.round));
                format!("complain {round} high {}", certified(high))
            }
            Statement::PassOn(Justification { complaints, high }) => {
                let signers = self.signers(complaints);
                format!("pass {} because {signers} high {}", complaints.round, certified(high))
            }
        }
    }

    fn signers(&self, complaints: &ComplaintCertificate) -> String {
        let number = |id: &PeerId| (0..4).find(|n| peer(n + 1) == *id).unwrap();
        let mut signers: Vec<u8> =
            complaints.complaints.iter().map(|(id, ..)| number(id)).collect();
        signers.sort_unstable();
        signers.iter().map(u8::to_string).collect()
    }
}

fn round(text: &str) -> Round {
    Round(text.parse().expect("a round is a number"))
}

#[test]
fn every_script_block_is_valid_and_named_apart() {
    let stand = Stand::new(0);
    assert_eq!(stand.state.height, Height(1));
    for name in ["A0", "B0", "A1", "F3"] {
        assert_eq!(stand.head.check(&stand.block(name)), Ok(()));
        assert_eq!(stand.name(&stand.block(name).hash()), name);
    }
}
