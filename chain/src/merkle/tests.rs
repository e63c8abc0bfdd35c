use super::{Path, path, root};
use crate::hash::{Hash, plain};

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|at| Hash([at as u8; 32])).collect()
}

/// RFC 6962, section 2.1, word by word.
fn plainly(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => plain(&[]),
        [one] => plain(&[&[0], &one.0]),
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            let (left, right) = leaves.split_at(split);
            plain(&[&[1], &plainly(left).0, &plainly(right).0])
        }
    }
}

#[test]
fn roots_are_those_of_rfc_6962() {
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(root(&[]).to_string(), nothing);
    for count in 0..=40 {
        assert_eq!(root(&leaves(count)), plainly(&leaves(count)), "{count} leaves");
    }
}

#[test]
fn no_two_lists_share_a_root() {
    let mut roots: Vec<Hash> = (0..=40).map(|count| root(&leaves(count))).collect();
    // The lists that a tree with duplicated leaves confuses.
    for count in [1, 2, 3, 5, 6, 7, 9] {
        let mut doubled = leaves(count);
        doubled.push(doubled[count - 1]);
        roots.push(root(&doubled));
        doubled.extend_from_within(count - 1..);
        roots.push(root(&doubled));
    }
    // A node in place of a leaf.
    roots.push(root(&[root(&leaves(2))]));
    let count = roots.len();
    roots.sort_unstable();
    roots.dedup();
    assert_eq!(roots.len(), count);
}

#[test]
fn every_path_leads_to_the_root_and_to_no_other() {
    for count in 1..=40 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for (at, leaf) in leaves.iter().enumerate() {
            let path = path(&leaves, at).unwrap();
            assert_eq!(path.root(leaf), Some(root), "leaf {at} of {count}");
            assert_ne!(path.root(&Hash([99; 32])), Some(root), "another leaf at {at} of {count}");
            for wrong in tampered(&path) {
                assert_ne!(wrong.root(leaf), Some(root), "{wrong:?} for leaf {at} of {count}");
            }
        }
        assert_eq!(path(&leaves, count), None);
    }
}

/// Everything that is nearly `path`.
fn tampered(path: &Path) -> Vec<Path> {
    let mut wrong = Vec::new();
    for at in 0..path.siblings.len() {
        let mut other = path.clone();
        other.siblings[at].0[31] ^= 1;
        wrong.push(other);
        let mut shorter = path.clone();
        shorter.siblings.remove(at);
        wrong.push(shorter);
    }
    let mut longer = path.clone();
    longer.siblings.push(Hash::ZERO);
    wrong.push(longer);
    wrong.push(Path { index: path.count, ..path.clone() });
    wrong.push(Path { index: u32::MAX, ..path.clone() });
    wrong.push(Path { count: 0, ..path.clone() });
    wrong
}

#[test]
fn hostile_paths_end() {
    let endless = Path { index: 0, count: u32::MAX, siblings: vec![Hash::ZERO; 100] };
    assert_eq!(endless.root(&Hash::ZERO), None);
    let deepest = Path { index: 0, count: u32::MAX, siblings: vec![Hash::ZERO; 32] };
    assert!(deepest.root(&Hash::ZERO).is_some());
}
