use super::genuine;
use super::{KeyError, PeerId, PublicKey, SecretKey, Signature};
use crate::encoding::{decode, encode};
use crate::hash::{Hash, Kind, digest};
use crate::tests::{key, peer};

/// The order of secp256k1.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
    0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

fn hashed(text: &str) -> Hash {
    digest(Kind::Join, &[text.as_bytes()])
}

/// (r, n − s): the same signature to anybody who does not insist on the lower half.
fn mirrored(signature: Signature) -> Signature {
    let mut mirrored = signature;
    let mut borrow = 0;
    for at in (0..32).rev() {
        let difference = i16::from(ORDER[at]) - i16::from(signature.0[32 + at]) - borrow;
        borrow = i16::from(difference < 0);
        mirrored.0[32 + at] = difference.rem_euclid(256) as u8;
    }
    mirrored
}

#[test]
fn only_the_signature_of_the_key_over_the_digest_is_accepted() {
    let (digest, other) = (hashed("this"), hashed("that"));
    let signature = key(1).sign(&digest);
    let check = |what: &str, number: u8, digest: &Hash, signature: Signature, accepted: bool| {
        let found = key(number).public_key().check(digest, &signature);
        let expected = if accepted { Ok(()) } else { Err(KeyError::Signature) };
        assert_eq!(found, expected, "{what}");
    };
    check("genuine", 1, &digest, signature, true);
    check("of another key", 2, &digest, signature, false);
    check("over another digest", 1, &other, signature, false);
    check("with s in the upper half", 1, &digest, mirrored(signature), false);
    check("of zeros", 1, &digest, Signature([0; 64]), false);
    check("above the order", 1, &digest, Signature([0xff; 64]), false);
    for at in [0, 31, 32, 63] {
        let mut bent = signature;
        bent.0[at] ^= 1;
        check("with a bit changed", 1, &digest, bent, false);
    }
    assert_eq!(mirrored(mirrored(signature)), signature);
    assert_eq!(key(1).sign(&digest), signature, "one key and digest give one signature");
}

#[test]
fn what_was_genuine_is_not_checked_again_for_a_while_and_what_was_not_always_is() {
    let of = |text: &str| (Signature([1; 64]), hashed(text), key(1).public_key());
    let asks = |checked: &genuine::Checked, answer: Result<(), KeyError>| {
        let mut asked = false;
        let found = genuine::check(checked, || {
            asked = true;
            answer
        });
        (asked, found)
    };
    let refused = Err(KeyError::Signature);
    assert_eq!(asks(&of("forged"), refused), (true, refused));
    assert_eq!(asks(&of("forged"), refused), (true, refused), "a refusal is not remembered");
    assert_eq!(asks(&of("genuine"), Ok(())), (true, Ok(())));
    assert_eq!(asks(&of("genuine"), refused), (false, Ok(())), "what is genuine stays so");
    let (signature, digest, own) = of("genuine");
    for other in [
        (Signature([2; 64]), digest, own),
        (signature, hashed("other"), own),
        (signature, digest, key(2).public_key()),
    ] {
        assert_eq!(asks(&other, refused), (true, refused), "{other:?}");
    }
    for number in 0..2 * genuine::GENERATION {
        assert_eq!(asks(&of(&number.to_string()), Ok(())), (true, Ok(())));
    }
    assert_eq!(asks(&of("genuine"), Ok(())), (true, Ok(())), "two generations later it is gone");
    let last = of(&(2 * genuine::GENERATION - 1).to_string());
    assert_eq!(asks(&last, refused), (false, Ok(())));
}

#[test]
fn s_is_always_in_the_lower_half() {
    for number in 0..64 {
        let signature = key(3).sign(&hashed(&number.to_string()));
        assert!(signature.0[32] < 0x80, "s of {number}");
    }
}

#[test]
fn keys_of_a_wrong_form_are_refused() {
    let good = key(1).public_key().to_bytes();
    let mut far = good;
    far[1..].fill(0xff);
    let uncompressed = [&[4_u8][..], &[7; 64]].concat();
    let wrong_tag = [&[5_u8][..], &good[1..]].concat();
    for bytes in
        [&good[..32], &[], &far, &uncompressed, &wrong_tag, &[0; 33], &[&good[..], &[0]].concat()]
    {
        assert_eq!(PublicKey::from_bytes(bytes), Err(KeyError::Public), "{bytes:?}");
    }
    assert_eq!(PublicKey::from_bytes(&good), Ok(key(1).public_key()));
    assert!(decode::<PublicKey>(&far).is_err());
    assert_eq!(decode(&encode(&key(1).public_key())), Ok(key(1).public_key()));
    for bytes in [[0; 32], ORDER, [0xff; 32]] {
        assert!(matches!(SecretKey::from_bytes(bytes), Err(KeyError::Secret)), "{bytes:?}");
    }
}

#[test]
fn a_peer_id_is_read_in_one_form_only() {
    let text = peer(1).to_string();
    assert_eq!(text.parse(), Ok(peer(1)));
    let bare = text.replace('-', "");
    let moved = format!("{}-{}", &bare[..4], &bare[4..]);
    for wrong in [&bare, &moved, &text.to_uppercase(), "", &text[1..], &format!("{text}0")] {
        assert_eq!(wrong.parse::<PeerId>(), Err(KeyError::PeerId), "{wrong}");
    }
}

#[test]
fn a_secret_key_prints_as_nothing() {
    let shown = format!("{:?}", key(7));
    assert!(!shown.contains("07") && !shown.contains('7'), "{shown}");
}
