use super::{Hash, Kind, NotAHash, digest, plain};

const KINDS: [Kind; 13] = [
    Kind::Transaction,
    Kind::Batch,
    Kind::Block,
    Kind::Genesis,
    Kind::Entry,
    Kind::Proposal,
    Kind::Vote,
    Kind::Confirm,
    Kind::Complain,
    Kind::Peer,
    Kind::Join,
    Kind::PeerRecord,
    Kind::State,
];

#[test]
fn kinds_and_the_borders_of_parts_tell_digests_apart() {
    let parts: [&[&[u8]]; 6] =
        [&[], &[b""], &[b"", b""], &[b"abc"], &[b"a", b"bc"], &[b"ab", b"c"]];
    let mut found: Vec<Hash> =
        KINDS.iter().flat_map(|kind| parts.map(|parts| digest(*kind, parts))).collect();
    let count = found.len();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found.len(), count);
}

#[test]
fn the_form_is_the_documented_one() {
    let preimage = b"loopchain/1/vote\0\x02\0\0\0\0\0\0\0hi\x00\0\0\0\0\0\0\0";
    assert_eq!(digest(Kind::Vote, &[b"hi", b""]), plain(&[preimage]));
}

#[test]
fn text_is_64_hex_digits() {
    let hash = digest(Kind::Vote, &[]);
    assert_eq!(hash.to_string().parse(), Ok(hash));
    for wrong in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
        assert_eq!(wrong.parse::<Hash>(), Err(NotAHash), "{wrong}");
    }
}
