use super::{Change, Entry, GROUP_BYTES_MAX, Member, Membership, Role};
use crate::count::{Sequence, Weight};
use crate::hash::Hash;
use crate::keys::{KeyError, verify};
use crate::tests::{RADIOSTATION, entry, head, key, member, peer};

/// Applies `changes` to a channel of member 1 and compares who is on it then: order, weight, group
/// (if not its own) and first letter of the role.
fn check(changes: Vec<Change>, expected: &str) {
    let mut membership = Membership::new(member(1));
    let count = changes.len() as u64;
    for (at, change) in changes.into_iter().enumerate() {
        let sequence = Sequence(at as u64 + 1);
        membership.apply(&Entry { channel: Hash::ZERO, sequence, change });
    }
    assert_eq!(membership.entries, Sequence(count));
    let shown: Vec<String> = membership.members().iter().map(show).collect();
    assert_eq!(shown.join(" "), expected);
}

fn show(member: &Member) -> String {
    let role = format!("{:?}", member.role)[..1].to_string();
    let own = member.group == member.key.peer_id().to_string();
    let group = if own { String::new() } else { format!("@{}", member.group) };
    format!("{}{role}{}{group}", member.order, member.weight)
}

fn join(number: u8) -> Change {
    Change::Join(member(number))
}

#[test]
fn every_change_does_what_it_says() {
    check(vec![], "1V1");
    check(vec![join(3), join(2)], "1V1 2V1 3V1");
    check(vec![join(2), Change::Leave(peer(1))], "2V1");
    check(vec![Change::Weight(peer(1), Weight(7))], "1V7");
    check(vec![Change::Group(peer(1), "east".into())], "1V1@east");
    check(vec![join(2), Change::Role(peer(2), Role::Client)], "1V1 2C1");
    check(vec![join(2), Change::Role(peer(2), Role::Auditor)], "1V1 2A1");
    check(vec![join(2), Change::Weight(peer(2), Weight(0))], "1V1 2V0");
}

#[test]
fn what_makes_no_sense_changes_only_the_sequence() {
    check(vec![join(1)], "1V1");
    check(vec![Change::Join(Member { order: 1, ..member(2) })], "1V1");
    check(vec![Change::Join(Member { order: 9, ..member(1) })], "1V1");
    check(vec![Change::Leave(peer(2))], "1V1");
    check(vec![Change::Weight(peer(2), Weight(2))], "1V1");
    check(vec![Change::Group(peer(2), "x".into())], "1V1");
    check(vec![Change::Role(peer(2), Role::Auditor)], "1V1");
}

#[test]
fn the_last_validator_stays() {
    check(vec![Change::Leave(peer(1))], "1V1");
    check(vec![Change::Weight(peer(1), Weight(0))], "1V1");
    check(vec![Change::Role(peer(1), Role::Client)], "1V1");
    let auditor = Change::Join(Member { role: Role::Auditor, ..member(2) });
    check(vec![auditor, Change::Leave(peer(1))], "1V1 2A1");
}

#[test]
fn changes_follow_one_another() {
    check(vec![join(2), Change::Leave(peer(2)), join(2)], "1V1 2V1");
    let back = Change::Join(Member { order: 5, ..member(2) });
    check(vec![join(2), join(3), Change::Leave(peer(2)), back], "1V1 3V1 5V1");
    check(vec![join(2), Change::Leave(peer(1)), Change::Leave(peer(2))], "2V1");
}

#[test]
fn a_groups_name_is_cut_at_a_letter() {
    let long = "ä".repeat(40);
    let kept = "ä".repeat(GROUP_BYTES_MAX / 2);
    check(vec![Change::Group(peer(1), long.clone())], &format!("1V1@{kept}"));
    check(vec![Change::Join(Member { group: long, ..member(2) })], &format!("1V1 2V1@{kept}"));
}

#[test]
fn an_entry_is_the_radiostations() {
    let radiostation = key(RADIOSTATION).public_key();
    let signed = entry(&head(1), 1, join(2));
    assert!(verify(signed.clone(), &radiostation).is_ok());
    assert_eq!(verify(signed.clone(), &key(1).public_key()), Err(KeyError::Signature));
    let mut later = signed;
    later.entry.sequence = Sequence(2);
    assert_eq!(verify(later, &radiostation), Err(KeyError::Signature));
}

#[test]
fn roles_say_who_decides_and_who_creates() {
    let with = |role, weight| Member { role, weight: Weight(weight), ..member(1) };
    for (member, decides, creates) in [
        (with(Role::Validator, 1), true, true),
        (with(Role::Validator, 0), false, true),
        (with(Role::Client, 1), false, true),
        (with(Role::Auditor, 1), false, false),
    ] {
        assert_eq!((member.is_validator(), member.may_create()), (decides, creates), "{member:?}");
    }
}
