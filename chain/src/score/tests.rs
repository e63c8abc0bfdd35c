#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn changes_follow_from_each_other() {
    let version = |byte| Version([byte; 20]);
    let mut versions = Versions::default();
    assert_eq!(versions.at(Height(1)), None);
    for (height, from, to) in [
        (4, 1, 1),
        (5, 1, 2),
        // From what is not in force, and to what is.
        (6, 1, 3),
        (6, 2, 2),
        (8, 2, 3),
        // Two in one block: the last one counts.
        (8, 3, 4),
        // Back to the beginning.
        (20, 4, 1),
    ] {
        versions.change(Height(height), version(from), version(to));
    }
    let at = |height| versions.at(Height(height)).unwrap().0[0];
    assert_eq!([1, 5, 6, 8, 9, 20, 21, 1000].map(at), [1, 1, 2, 2, 4, 4, 1, 1]);
    assert_eq!(versions.all().len(), 5);
}

#[test]
fn a_version_is_forty_hex_digits() {
    let text = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(text.parse::<Version>().unwrap().to_string(), text);
    for wrong in
        ["", "01", &text[1..], &format!("{text}0"), "g123456789abcdef0123456789abcdef01234567"]
    {
        assert_eq!(wrong.parse::<Version>(), Err(NotAVersion), "{wrong}");
    }
}
