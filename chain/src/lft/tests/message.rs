use super::{Message, Stand};
use crate::certificate::CertificateError;
use crate::count::{Height, Round};
use crate::encoding::{decode, encode};
use crate::hash::Hash;
use crate::keys::{Signature, verify};
use crate::lft::message::{Known, MessageError};
use crate::tests::{key, peer};

/// Changes a genuine message and compares what `keys::verify` says.
fn check(line: &str, change: impl FnOnce(&mut Message), expected: Result<(), MessageError>) {
    let stand = Stand::new(0);
    let mut message = stand.message(&line.split(' ').collect::<Vec<_>>());
    assert_eq!(decode(&encode(&message)), Ok(message.clone()));
    change(&mut message);
    assert_eq!(verify(message, &stand.known()).map(|_| ()), expected, "{line}");
}

const LINES: [&str; 6] = [
    "block 0 A0",
    "block 2 A0 because 01:-+3:0/A0",
    "vote 0 A0 by 2",
    "confirm 0 A0 by 2",
    "complain 1 by 2 high 0/A0",
    "pass 1 because 01:-+3:0/A0",
];

fn set_signature(message: &mut Message, signature: Signature) {
    match message {
        Message::Proposal { signature: s, .. }
        | Message::Ballot { signature: s, .. }
        | Message::Complaint { signature: s, .. } => *s = signature,
        Message::Justification(justification) => {
            justification.complaints.complaints[1].2 = signature;
        }
    }
}

fn set_signer(message: &mut Message, number: u8) {
    match message {
        Message::Proposal { signer, .. }
        | Message::Ballot { signer, .. }
        | Message::Complaint { signer, .. } => *signer = peer(number),
        Message::Justification(justification) => {
            justification.complaints.complaints[1].0 = peer(number);
            justification.complaints.complaints.sort_unstable_by_key(|(signer, ..)| *signer);
        }
    }
}

fn set_height(message: &mut Message, height: u64) {
    let height = Height(height);
    match message {
        Message::Proposal { proposal, .. } => proposal.height = height,
        Message::Ballot { ballot, .. } => ballot.height = height,
        Message::Complaint { complaint, .. } => complaint.height = height,
        Message::Justification(justification) => justification.complaints.height = height,
    }
}

fn set_round(message: &mut Message, round: u64) {
    let round = Round(round);
    match message {
        Message::Proposal { proposal, .. } => proposal.round = round,
        Message::Ballot { ballot, .. } => ballot.round = round,
        Message::Complaint { complaint, .. } => complaint.round = round,
        Message::Justification(justification) => justification.complaints.round = round,
    }
}

#[test]
fn genuine_messages_are_accepted() {
    for line in LINES {
        check(line, |_| (), Ok(()));
    }
}

#[test]
fn every_field_is_signed() {
    for line in LINES {
        let forged = key(9).sign(&Hash::ZERO);
        check(line, |m| set_signature(m, forged), Err(MessageError::Signature));
        check(line, |m| set_signature(m, Signature([0; 64])), Err(MessageError::Signature));
        check(line, |m| set_round(m, 7), Err(MessageError::Signature));
        check(line, |m| set_height(m, 2), Err(MessageError::Height));
        check(line, |m| set_height(m, u64::MAX), Err(MessageError::Height));
    }
    for line in &LINES[..5] {
        check(line, |m| set_signer(m, 4), Err(MessageError::Signature));
        check(line, |m| set_signer(m, 9), Err(MessageError::Stranger));
    }
    let stranger = MessageError::Certificate(CertificateError::Stranger);
    check(LINES[5], |m| set_signer(m, 9), Err(stranger));
}

#[test]
fn a_vote_is_no_confirm() {
    let turned = |message: &mut Message| {
        let Message::Ballot { ballot, .. } = message else { panic!("a ballot") };
        ballot.stage = match ballot.stage {
            super::Stage::Vote => super::Stage::Confirm,
            super::Stage::Confirm => super::Stage::Vote,
        };
    };
    check("vote 0 A0 by 2", turned, Err(MessageError::Signature));
    check("confirm 0 A0 by 2", turned, Err(MessageError::Signature));
}

#[test]
fn a_message_of_another_channel_is_refused() {
    for line in LINES {
        let stand = Stand::new(0);
        let message = stand.message(&line.split(' ').collect::<Vec<_>>());
        let elsewhere = Known { channel: Hash::ZERO, ..stand.known() };
        let found = verify(message, &elsewhere).map(|_| ());
        assert_eq!(found, Err(MessageError::Signature), "{line}");
    }
}

#[test]
fn a_proposal_is_signed_with_all_it_carries() {
    let proposal = |change: fn(&mut super::Proposal), expected| {
        let apply = |message: &mut Message| {
            let Message::Proposal { proposal, .. } = message else { panic!("a proposal") };
            change(proposal);
        };
        check("block 2 A0 because 01:-+3:0/A0", apply, Err(expected));
    };
    proposal(|p| p.block.header.timestamp_us += 1, MessageError::Signature);
    proposal(|p| p.justification = None, MessageError::Signature);
    proposal(|p| p.justification.as_mut().unwrap().high = None, MessageError::Signature);
    // The header is signed, the body hangs on it.
    proposal(|p| p.block.batches.clear(), MessageError::Mismatch);
    proposal(|p| p.block.batches[0].bytes += 1, MessageError::Mismatch);
    proposal(|p| p.block.header.body = Hash::ZERO, MessageError::Signature);
}

#[test]
fn a_complaint_carries_the_certificate_it_reports() {
    let complaint = |change: fn(&Stand, &mut Option<super::Certificate>), expected| {
        let apply = |message: &mut Message| {
            let Message::Complaint { high, .. } = message else { panic!("a complaint") };
            change(&Stand::new(0), high);
        };
        check("complain 1 by 2 high 0/A0", apply, Err(expected));
    };
    complaint(|_, high| *high = None, MessageError::Mismatch);
    complaint(|stand, high| *high = stand.certified("1/A0"), MessageError::Mismatch);
    complaint(
        |_, high| high.as_mut().unwrap().signatures.truncate(2),
        MessageError::Certificate(CertificateError::Quorum),
    );
    complaint(|_, high| high.as_mut().unwrap().height = Height(2), MessageError::Mismatch);
    complaint(
        |_, high| high.as_mut().unwrap().stage = super::Stage::Confirm,
        MessageError::Mismatch,
    );
    complaint(
        |stand, high| high.as_mut().unwrap().block = stand.block("B0").hash(),
        MessageError::Certificate(CertificateError::Signature),
    );
    // One is carried, none reported.
    let stand = Stand::new(0);
    let mut message = stand.message(&["complain", "1", "by", "2"]);
    let Message::Complaint { high, .. } = &mut message else { panic!("a complaint") };
    *high = stand.certified("0/A0");
    assert_eq!(verify(message, &stand.known()).map(|_| ()), Err(MessageError::Mismatch));
}

/// One of a certificate's complaints.
type Signed = (super::PeerId, Option<Round>, Signature);

#[test]
fn complaints_are_of_a_quorum_each_once() {
    let passed = |change: fn(&mut Vec<Signed>), expected| {
        let apply = |message: &mut Message| {
            let Message::Justification(justification) = message else { panic!("passed on") };
            change(&mut justification.complaints.complaints);
        };
        check("pass 1 because 012:-", apply, Err(expected));
    };
    let refused = MessageError::Certificate;
    passed(|all| all.truncate(2), refused(CertificateError::Quorum));
    passed(|all| all.clear(), refused(CertificateError::Quorum));
    passed(|all| all.swap(0, 2), refused(CertificateError::Order));
    passed(|all| all[1] = all[0], refused(CertificateError::Order));
    passed(|all| all[1].1 = Some(Round(0)), MessageError::Signature);
}
