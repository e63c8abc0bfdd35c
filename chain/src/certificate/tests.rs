use super::{Certificate, CertificateError, Stage};
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::tests::{certificate, head, peer};

fn check(change: impl FnOnce(&mut Certificate), expected: Result<(), CertificateError>) {
    let head = head(4);
    let place = (Height(5), Round(2));
    let mut changed = certificate(head.channel, Stage::Vote, place, Hash([7; 32]), 1..=3);
    change(&mut changed);
    assert_eq!(changed.check(&head.channel, &head.validators()), expected);
}

#[test]
fn only_signatures_of_a_quorum_prove_something() {
    check(|_| (), Ok(()));
    check(|c| c.stage = Stage::Confirm, Err(CertificateError::Signature));
    check(|c| c.height = Height(6), Err(CertificateError::Signature));
    check(|c| c.round = Round(3), Err(CertificateError::Signature));
    check(|c| c.block = Hash::ZERO, Err(CertificateError::Signature));
    check(|c| c.signatures[0].1 = c.signatures[1].1, Err(CertificateError::Signature));
    check(|c| c.signatures.truncate(2), Err(CertificateError::Quorum));
    check(|c| c.signatures.clear(), Err(CertificateError::Quorum));
    check(|c| c.signatures.swap(0, 1), Err(CertificateError::Order));
    check(|c| c.signatures[1] = c.signatures[0], Err(CertificateError::Order));
    let with_stranger = |c: &mut Certificate| {
        c.signatures[2].0 = peer(9);
        c.signatures.sort_unstable();
    };
    check(with_stranger, Err(CertificateError::Stranger));
}

#[test]
fn a_certificate_of_another_channel_proves_nothing() {
    let head = head(4);
    let place = (Height(5), Round(2));
    let made = certificate(Hash::ZERO, Stage::Vote, place, Hash([7; 32]), 1..=4);
    assert_eq!(made.check(&head.channel, &head.validators()), Err(CertificateError::Signature));
    let four = certificate(head.channel, Stage::Vote, place, Hash([7; 32]), 1..=4);
    assert_eq!(four.check(&head.channel, &head.validators()), Ok(()));
}
